// One slot of the degradation watch: what the device shows meanwhile, brought to the scale of each measure. Doubted values
// count for nothing, and neither does a time without voltage: an outage is no degradation.

import type { Feeder } from '../../topology/feeder.ts'
import type { SectionEntry } from '../../topology/feeder-file.ts'
import type { Measurement, PerPhase } from '../hal/port.ts'
import type { DegradationMeasure, Levels } from '../protection/degradation-measures.ts'

/** Below so much of nominal a phase has no voltage; the others have some above `LIVE_PU`. */
const DEAD_PU = 0.1
const LIVE_PU = 0.5
const PHASES = ['a', 'b', 'c'] as const

export interface Slot {
  measured(measurement: Measurement): void
  /** Of ten minutes, from waveforms: they know better than the device's own values. */
  interval(values: { readonly [quantity: string]: number }): void
  disturbance(): void
  pickup(): void
  /** What this slot gives; the next one begins. */
  close(): Levels
}

export function degradationSlot(nominalVolts: number, ampacityAmps: number | undefined, hasRelay: boolean): Slot {
  let sums = new Map<DegradationMeasure, { sum: number; count: number }>()
  let fromWaves: { distortion?: number; unbalance?: number } = {}
  let counts = { disturbances: 0, pickups: 0 }
  let isHeard = false

  function add(measure: DegradationMeasure, value: number | undefined): void {
    if (value === undefined || !Number.isFinite(value)) return
    const entry = sums.get(measure) ?? { sum: 0, count: 0 }
    sums.set(measure, { sum: entry.sum + value, count: entry.count + 1 })
  }

  return {
    measured({ volts, amps, thdVoltsPercent, unbalanceVoltsPercent, doubts = {} }) {
      const sure = (feed: string, values: PerPhase | undefined): number[] =>
        PHASES.flatMap(phase => {
          const value = values?.[phase]
          return value === undefined || `${feed}.${phase}` in doubts ? [] : [value]
        })
      const perUnit = sure('volts', volts).map(value => value / nominalVolts)
      const live = perUnit.filter(value => value >= DEAD_PU)
      if (live.length === 0 || Math.max(...live) < LIVE_PU) return
      isHeard = true
      add('undervoltage', Math.max(0, 1 - Math.min(...live)))
      add('overvoltage', Math.max(0, Math.max(...live) - 1))
      add('lost-phases', perUnit.length - live.length)
      const distortions = sure('thdVoltsPercent', thdVoltsPercent)
      if (distortions.length > 0) add('distortion', Math.max(...distortions) / 100)
      if (!('unbalanceVoltsPercent' in doubts))
        add('unbalance', unbalanceVoltsPercent === undefined ? unbalanceOf(perUnit) : unbalanceVoltsPercent / 100)
      const currents = sure('amps', amps)
      if (ampacityAmps !== undefined && currents.length > 0) add('loading', Math.max(...currents) / ampacityAmps)
    },
    interval(values) {
      const distortions = PHASES.flatMap(phase => values[`thd.${phase}`] ?? [])
      fromWaves = {
        ...(distortions.length > 0 ? { distortion: Math.max(...distortions) } : {}),
        ...(values.u2 === undefined ? {} : { unbalance: values.u2 }),
      }
    },
    disturbance() {
      counts = { ...counts, disturbances: counts.disturbances + 1 }
    },
    pickup() {
      counts = { ...counts, pickups: counts.pickups + 1 }
    },
    close() {
      const means = Object.fromEntries([...sums].map(([measure, { sum, count }]) => [measure, sum / count]))
      // Nothing was counted where nobody could have: then it is not known that there was nothing.
      const counted = isHeard || counts.disturbances > 0 ? { disturbances: counts.disturbances } : {}
      const pickups = hasRelay && (isHeard || counts.pickups > 0) ? { pickups: counts.pickups } : {}
      const levels = { ...means, ...fromWaves, ...counted, ...pickups }
      sums = new Map()
      fromWaves = {}
      counts = { disturbances: 0, pickups: 0 }
      isHeard = false
      return levels
    },
  }
}

/** By magnitudes alone: the largest deviation from the mean of three phases over that mean (NEMA MG 1). */
function unbalanceOf(perUnit: readonly number[]): number | undefined {
  if (perUnit.length !== 3 || Math.min(...perUnit) < DEAD_PU) return undefined
  const mean = perUnit.reduce((sum, each) => sum + each, 0) / 3
  return Math.max(...perUnit.map(each => Math.abs(each - mean))) / mean
}

/** What the conductor past the IED may carry: of the device's section, or the least of those that it observes. */
export function ampacityAt(feeder: Feeder, name: string): number | undefined {
  const { operates, observes } = feeder.ied(name)
  const own = feeder.file.devices.find(device => device.name === operates)?.section
  const sections = own === undefined ? observes : [own]
  const known = sections.flatMap(section => ampacityOf(feeder.section(section), feeder) ?? [])
  return known.length === 0 ? undefined : Math.min(...known)
}

const ampacityOf = ({ ampacityAmps, lineCode }: SectionEntry, { file }: Feeder): number | undefined =>
  ampacityAmps ?? file.lineCodes.find(code => code.name === lineCode)?.ampacityAmps

// What the lines and transformers of a zone lose between its meters: I squared R of each section and winding, and the
// iron of the transformers.
//
// The currents are estimated: the energy of the meters below, shared among the phases as their last snapshot shows, at
// nominal voltage and with the power factor of the feeder file's loads. So the loss is known to a share of itself only
// (`lossUncertaintyShare` of the balance), which counts against every suspicion.

import type { Feeder } from '../../../topology/feeder.ts'
import type { LineCodeEntry, SectionEntry, TransformerEntry } from '../../../topology/feeder-file.ts'
import { nominalVolts } from '../../../topology/nominal-volts.ts'
import type { PhaseSnapshot } from '../reading.ts'
import type { MeteredZone } from './metered-zone.ts'

const PHASES = ['a', 'b', 'c'] as const

/** What one meter at a lower end of the zone passed on average over an interval. */
export interface Flow {
  readonly ied: string
  readonly kw: number
  /** How it is shared among the phases; evenly where nothing is known. */
  readonly shares?: PhaseSnapshot
}

export interface ZoneLoss {
  /** Average kW over an interval with these flows. */
  lossKw(flows: readonly Flow[]): number
}

/** @param meters leaves and borders of the zone are taken from it */
export function technicalLoss(feeder: Feeder, zone: MeteredZone): ZoneLoss {
  const { file } = feeder
  const volts = nominalVolts(file)
  const codes = new Map(file.lineCodes.map(code => [code.name, code]))
  const sections = file.sections.filter(({ name }) => zone.sections.includes(name))
  const parts = sections.map(section => ({
    below: below(section.name),
    phases: section.phases,
    resistance: resistanceOf(section, codes),
    lineToNeutral: volts.get(section.from) ?? (file.nominalKv * 1000) / Math.sqrt(3),
    transformers: file.transformers.filter(each => each.section === section.name),
  }))
  const powerFactors = new Map([...zone.leaves, ...zone.borders].map(ied => [ied, powerFactorBelow(feeder, ied)]))
  const ironKw = parts
    .flatMap(({ transformers }) => transformers)
    .reduce((sum, { kva, noLoadLossPercent }) => sum + (kva * noLoadLossPercent) / 100, 0)

  /** The meters whose energy passes the section. */
  function below(section: string): ReadonlySet<string> {
    const fed = feeder.downstream(section).ieds
    return new Set([...zone.leaves, ...zone.borders].filter(ied => fed.has(ied)))
  }

  return {
    lossKw(flows) {
      let sum = ironKw
      for (const { below, phases, resistance, lineToNeutral, transformers } of parts) {
        const passing = flows.filter(({ ied }) => below.has(ied))
        const kva = [0, 0, 0]
        for (const { ied, kw, shares } of passing) {
          const factor = powerFactors.get(ied) ?? DEFAULT_POWER_FACTOR
          sharesAmong(shares, phases).forEach((share, i) => {
            kva[i] = (kva[i] ?? 0) + (kw * share) / factor
          })
        }
        const amps = kva.map(each => (each * 1000) / lineToNeutral)
        sum += lineLossWatts(amps, phases, resistance) / 1000
        const total = kva.reduce((all, each) => all + Math.abs(each), 0)
        sum += copperKw(total, transformers)
      }
      return sum
    },
  }
}

/** Where the file says nothing of reactive power. */
const DEFAULT_POWER_FACTOR = 0.9

function powerFactorBelow(feeder: Feeder, ied: string): number {
  const entry = feeder.ied(ied)
  const devices = new Set(feeder.file.devices.map(({ name }) => name))
  const isBorder = entry.operates !== undefined && devices.has(entry.operates) && entry.meters.length === 0
  const names = isBorder ? feeder.downstreamOfDevice(entry.operates ?? '').loads : new Set(entry.meters)
  const loads = feeder.file.loads.filter(({ name }) => names.has(name))
  const total = (values: readonly object[]): number =>
    values.flatMap(each => Object.values(each) as number[]).reduce((sum, value) => sum + value, 0)
  const kw = total(loads.map(each => each.kw))
  const kvar = total(loads.map(each => each.kvar))
  const kva = Math.hypot(kw, kvar)
  return kva > 0 && kw > 0 ? Math.max(0.5, kw / kva) : DEFAULT_POWER_FACTOR
}

function sharesAmong(snapshot: PhaseSnapshot | undefined, phases: readonly string[]): number[] {
  const values = PHASES.map(phase => (phases.includes(phase) ? Math.abs(snapshot?.[phase] ?? 0) : 0))
  const total = values.reduce((sum, value) => sum + value, 0)
  if (total > 0) return values.map(value => value / total)
  return PHASES.map(phase => (phases.includes(phase) ? 1 / phases.length : 0))
}

/** Real part of I* R I, with the phases a third of a turn apart. */
function lineLossWatts(amps: readonly number[], phases: readonly string[], resistance: readonly number[][]): number {
  let watts = 0
  phases.forEach((one, i) => {
    phases.forEach((other, j) => {
      const angle = one === other ? 1 : -0.5
      const product = (amps[PHASES.indexOf(one as 'a')] ?? 0) * (amps[PHASES.indexOf(other as 'a')] ?? 0)
      watts += product * angle * (resistance[i]?.[j] ?? 0)
    })
  })
  return Math.max(0, watts)
}

/** Of a bank the units share what passes by their ratings. */
function copperKw(kva: number, transformers: readonly TransformerEntry[]): number {
  const rated = transformers.reduce((sum, each) => sum + each.kva, 0)
  if (rated === 0) return 0
  const loading = kva / rated
  return transformers.reduce((sum, each) => sum + (each.kva * each.resistancePercent * loading ** 2) / 100, 0)
}

function resistanceOf(section: SectionEntry, codes: ReadonlyMap<string, LineCodeEntry>): readonly number[][] {
  if (section.impedance !== undefined) return section.impedance.rOhm
  const code = section.lineCode === undefined ? undefined : codes.get(section.lineCode)
  if (code === undefined) return []
  const at = section.phases.map(phase => code.phases.indexOf(phase))
  return at.map(i => at.map(j => ((code.rOhmPerKm[i]?.[j] ?? 0) * section.lengthM) / 1000))
}

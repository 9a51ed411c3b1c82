// What a time-current drawing shows: the curves of some devices, all at one voltage, and the faults in the stretch of each.

import { MAX_MULTIPLE } from '../../src/protection/elements/curve.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { type CurveElement, type DeviceCurve, deviceCurve } from './device-curve.ts'
import { type Amps, type FaultStudy, ownFaults } from './fault-study.ts'
import type { Stretch } from './stretches.ts'

/** Amperes at the drawing's voltage, and seconds. */
export type CurvePoint = readonly [number, number]

export interface DrawnDevice {
  readonly name: string
  readonly isFuse: boolean
  /** The soonest of what always counts; of a fuse until it has cleared. */
  readonly curve: readonly CurvePoint[]
  /** A recloser's fast shots, or a fuse's melting. */
  readonly second: readonly CurvePoint[]
  readonly highSetAmps?: number
  /** Within its own stretch, at the drawing's voltage. */
  readonly largestAmps?: number
  readonly leastAmps?: number
  /** Settings in words, at the device's own voltage, one line each. */
  readonly settings: readonly string[]
}

export interface Drawn {
  readonly feeder: string
  readonly state: string
  readonly quantity: keyof Amps
  /** What amperes are of. */
  readonly kilovolts: number
  /** Nearest to the source first. */
  readonly devices: readonly DrawnDevice[]
}

const POINTS_A_DECADE = 60
const MOST_AMPS = 1e6

/** From a source to the device that has the most others above it; the first of the file among equals. */
export function longestWay({ stretches }: FaultStudy): string[] {
  const byName = new Map(stretches.map(stretch => [stretch.device.name, stretch]))
  const wayOf = (stretch: Stretch): string[] => {
    const above = byName.get(stretch.above?.name ?? '')
    return above === undefined ? [stretch.device.name] : [...wayOf(above), stretch.device.name]
  }
  return stretches.map(wayOf).reduce((longest, way) => (way.length > longest.length ? way : longest), [])
}

export function drawnCurves(study: FaultStudy, names: readonly string[], quantity: keyof Amps, state: string): Drawn {
  const chosen = study.stretches.filter(({ device }) => names.includes(device.name))
  const depthOf = (stretch: Stretch): number => {
    let depth = 0
    for (let above = stretch.above; above !== undefined; depth++) {
      above = study.stretches.find(({ device }) => device.name === above?.name)?.above
    }
    return depth
  }
  const ordered = [...chosen].sort((one, other) => depthOf(one) - depthOf(other))
  const [top] = ordered
  const base = study.nominalVolts(top?.nearNode ?? '')
  return {
    feeder: study.feeder.file.name,
    state,
    quantity,
    kilovolts: (base * Math.sqrt(3)) / 1000,
    devices: ordered.map(stretch => drawnDevice(study, stretch, quantity, base)),
  }
}

function drawnDevice(study: FaultStudy, stretch: Stretch, quantity: keyof Amps, base: number): DrawnDevice {
  const { device, nearNode } = stretch
  const scale = study.nominalVolts(nearNode) / base
  const curve = deviceCurve(device)
  // A fuse carries a fault to ground in one phase: its curve belongs on either drawing.
  const mine = curve.elements.filter(each => curve.isFuse || each.quantity === quantity)
  const kinds = quantity === 'residual' ? ['line-ground'] : ['line-line', 'three-phase']
  const faults = ownFaults(study, stretch)
    .filter(({ fault, amps }) => kinds.includes(fault.kind) && Number.isFinite(curve.seconds(amps)))
    .map(({ amps }) => (curve.isFuse ? amps.phase : amps[quantity]) * scale)
  const highSet = quantity === 'residual' ? device.relay?.highSet?.groundPickupAmps : device.relay?.highSet?.pickupAmps
  const sampled = (elements: readonly CurveElement[]): CurvePoint[] =>
    pointsOf(elements).map(([amps, seconds]) => [amps * scale, seconds])
  return {
    name: device.name,
    isFuse: curve.isFuse,
    curve: sampled(mine.filter(({ isFast }) => !isFast)),
    second: sampled(mine.filter(({ isFast }) => isFast)),
    ...(highSet === undefined ? {} : { highSetAmps: highSet * scale }),
    ...(faults.length === 0 ? {} : { largestAmps: Math.max(...faults), leastAmps: Math.min(...faults) }),
    settings: [
      ...settingsOf(device, curve, quantity),
      ...(Math.abs(scale - 1) < 1e-6
        ? []
        : [`these at ${kilovoltsText(scale * base)}, drawn at ${kilovoltsText(base)}`]),
    ],
  }
}

const kilovoltsText = (lineToNeutral: number): string =>
  `${Number(((lineToNeutral * Math.sqrt(3)) / 1000).toPrecision(3))} kV`

/** The soonest of them, from the least pickup on; where a stage sets in, a step straight down. */
function pointsOf(elements: readonly CurveElement[]): CurvePoint[] {
  if (elements.length === 0) return []
  const pickups = elements.map(({ pickupAmps }) => pickupAmps).filter(Number.isFinite)
  const least = Math.min(...pickups)
  if (!Number.isFinite(least)) return []
  const steps = Math.ceil(Math.log10(MOST_AMPS / least) * POINTS_A_DECADE)
  const even = Array.from({ length: steps + 1 }, (_, n) => least * 10 ** (n / POINTS_A_DECADE))
  const corners = pickups.flatMap(amps => [amps, amps * (1 + 1e-6), amps * 1.005, amps * 1.02, amps * MAX_MULTIPLE])
  const at = (amps: number): number => Math.min(...elements.map(({ seconds }) => seconds(amps)))
  return [...new Set([...even, ...corners])]
    .sort((one, other) => one - other)
    .map((amps): CurvePoint => [amps, at(amps)])
    .filter(([, seconds]) => Number.isFinite(seconds))
}

function settingsOf(device: DeviceEntry, curve: DeviceCurve, quantity: keyof Amps): string[] {
  const { relay, reclose, ratedAmps, highSet } = { ...device, highSet: device.relay?.highSet }
  if (curve.isFuse) return [`fuse${ratedAmps === undefined ? '' : ` ${ratedAmps} A`}, total clearing and melting`]
  if (relay === undefined) return []
  const isGround = quantity === 'residual'
  const stage = isGround ? relay.ground : relay
  const fast = isGround ? relay.fast?.ground : relay.fast
  const instantaneous = isGround ? relay.ground?.instantaneous : relay.instantaneous
  const mark = isGround ? 'N' : 'P'
  const high = isGround ? highSet?.groundPickupAmps : highSet?.pickupAmps
  const shots = reclose?.fastShots ?? 0
  return [
    ...(stage === undefined ? [`no ${isGround ? 'ground' : 'phase'} element`] : [`51${mark} ${stageText(stage)}`]),
    ...(instantaneous === undefined ? [] : [`50${mark} ${stageText(instantaneous)}`]),
    ...(fast === undefined || shots === 0 ? [] : [`fast (${shots}×) ${stageText(fast)}`]),
    ...(high === undefined ? [] : [`high-set ${high} A`]),
  ]
}

function stageText({
  pickupAmps,
  delayMs,
  ...stage
}: {
  readonly pickupAmps: number
  readonly delayMs?: number | undefined
  readonly curve?: unknown
  readonly timeMultiplier?: number | undefined
}): string {
  if (stage.curve === undefined) {
    return `${pickupAmps} A, ${delayMs === 0 ? 'at once' : `${((delayMs ?? 0) / 1000).toFixed(2)} s`}`
  }
  const name = typeof stage.curve === 'string' ? stage.curve : 'own curve'
  return `${pickupAmps} A, ${name} × ${stage.timeMultiplier ?? 1}`
}

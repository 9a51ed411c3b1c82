// Whether a source can carry what it is to feed: every rating, voltage and pickup of its tree, with the state planned.
//
// What was beyond a limit before, and is so no more than before, is nobody's doing here and refuses nothing.

import { leastReach } from './fault-level.ts'
import type { FeederModel } from './feeder-model.ts'
import { type Flow, sizeAt } from './load-flow.ts'
import type { PlanSettings } from './plan-settings.ts'
import { type DevicePickups, pickupsOf } from './relay-pickups.ts'

export interface Verdict {
  /** Why not, in words; undefined when all is within its limits. */
  readonly why?: string
  readonly loading: { readonly of: number; readonly at: string }
  readonly voltsPu: { readonly of: number; readonly at: string }
  readonly reach?: { readonly of: number; readonly at: string; readonly by: string }
  /** 1 less the greatest of what is used up: loading over its margin, and voltage drop over what is allowed. */
  readonly margin: number
}

/** What does not change between the checks of one plan. */
export interface Limits {
  readonly settings: PlanSettings
  readonly leastPu: number
  /** By place in the file's list of devices. */
  readonly ratedAmps: Float64Array
  readonly pickups: readonly (DevicePickups | undefined)[]
}

export function limitsOf({ file }: FeederModel, settings: PlanSettings, leastPu: number): Limits {
  return {
    settings,
    leastPu,
    ratedAmps: Float64Array.from(file.devices, ({ ratedAmps }) => ratedAmps ?? Number.POSITIVE_INFINITY),
    pickups: file.devices.map(device => pickupsOf(device, settings.curveOverPickup)),
  }
}

/** What the source's tree had before anything was closed. */
export interface Baseline {
  /** By branch, amperes of the greatest phase; NaN where it was not in the tree. */
  readonly amps: Float64Array
  readonly residual: Float64Array
  /** By vertex, the lowest and the highest voltage of its phases, per unit. */
  readonly lowest: Float64Array
  readonly highest: Float64Array
}

export function baselineOf(model: FeederModel, flow: Flow): Baseline {
  const amps = new Float64Array(model.branches.length).fill(Number.NaN)
  const residual = amps.slice()
  const lowest = new Float64Array(model.vertices.length).fill(Number.NaN)
  const highest = lowest.slice()
  for (let place = 0; place < flow.count; place++) {
    const { low, high } = voltageAt(model, flow, place)
    const vertex = flow.vertex[place] as number
    lowest[vertex] = low
    highest[vertex] = high
    if (place === 0) continue
    const branch = flow.branch[place] as number
    amps[branch] = greatest(feeding(model, flow, place))
    residual[branch] = sumOf(feeding(model, flow, place))
  }
  return { amps, residual, lowest, highest }
}

/** Half a percent more than before is more. */
const WORSE = 1.005

/** @param isNew by vertex: whether it becomes live */
export function judge(
  model: FeederModel,
  source: number,
  flow: Flow,
  before: Baseline,
  isNew: (vertex: number) => boolean,
  { settings, leastPu, ratedAmps, pickups }: Limits,
): Verdict {
  const nothing = { loading: { of: 0, at: '' }, voltsPu: { of: 0, at: '' }, margin: Number.NEGATIVE_INFINITY }
  const name = model.sources[source]?.name ?? ''
  if (flow.isMeshed) return { ...nothing, why: `there would be a closed loop or a second source in what ${name} feeds` }
  if (flow.isBackward) return { ...nothing, why: 'it would feed a transformer from behind' }
  if (!flow.converged) return { ...nothing, why: `${name} cannot hold the voltage up for this load` }
  let why: string | undefined
  const complain = (text: string): void => {
    why ??= text
  }
  let loading = { of: 0, at: '' }
  let voltsPu = { of: Number.POSITIVE_INFINITY, at: '' }

  const load = (amps: number, most: number, was: number, at: string): void => {
    if (most === Number.POSITIVE_INFINITY) return
    const of = amps / most
    if (of > loading.of && !(amps <= was * WORSE)) loading = { of, at }
    if (of > settings.ratingMargin && !(amps <= was * WORSE)) {
      complain(`${at} would carry ${amps.toFixed(0)} A, want at most ${settings.ratingMargin} of ${most.toFixed(0)} A`)
    }
  }
  const fromSource = greatest(flow.amps, 0)
  load(fromSource, settings.sourceAmps.get(name) ?? Number.POSITIVE_INFINITY, 0, `source ${name}`)

  for (let place = 0; place < flow.count; place++) {
    const vertex = flow.vertex[place] as number
    const { low, high } = voltageAt(model, flow, place)
    const at = model.vertices[vertex] as string
    const [lowBefore, highBefore] = [before.lowest[vertex] as number, before.highest[vertex] as number]
    const isFarther = isNew(vertex) || !(low >= lowBefore / WORSE)
    if (isFarther && low < voltsPu.of) voltsPu = { of: low, at }
    if (low < leastPu && isFarther) complain(`${at} would have ${low.toFixed(3)} pu, want at least ${leastPu}`)
    if (high > settings.mostPu && !(high <= highBefore * WORSE)) {
      complain(`${at} would have ${high.toFixed(3)} pu, want at most ${settings.mostPu}`)
    }
    if (place === 0) continue
    const number = flow.branch[place] as number
    const { section, devices, mostAmps, windings } = model.branches[number] as FeederModel['branches'][number]
    const into = feeding(model, flow, place)
    const amps = greatest(into)
    const was = before.amps[number] as number
    load(amps, mostAmps, was, `section ${section}`)
    if (windings?.mostAmps.some(Number.isFinite)) {
      const behind = flow.isReversed[place] === 1 ? into : flow.amps.subarray(6 * place, 6 * place + 6)
      windings.mostAmps.forEach((most, phase) => {
        const at = Math.hypot(behind[2 * phase] as number, behind[2 * phase + 1] as number)
        load(at, most, Number.isNaN(was) || amps > was * WORSE ? 0 : at, `transformer on ${section}`)
      })
    }
    for (const device of devices) {
      const deviceName = model.file.devices[device]?.name ?? ''
      load(amps, ratedAmps[device] as number, was, deviceName)
      const own = pickups[device]?.load
      if (own === undefined) continue
      if (amps * settings.pickupOverLoad > own.phase && !(amps <= was * WORSE)) {
        complain(`${deviceName} would carry ${amps.toFixed(0)} A of load, and picks up at ${own.phase} A`)
      }
      const residual = sumOf(into)
      if (own.ground === undefined || residual * settings.pickupOverLoad <= own.ground) continue
      if (!(residual <= (before.residual[number] as number) * WORSE)) {
        complain(`${deviceName} would carry ${residual.toFixed(0)} A to ground, and picks up at ${own.ground} A`)
      }
    }
  }
  const found = leastReach(model, flow, source, device => pickups[device]?.fault, isNew)
  const reach = found && {
    of: found.of,
    at: model.vertices[found.vertex] as string,
    by: model.file.devices[found.by]?.name ?? '',
  }
  if (reach !== undefined && reach.of < settings.faultOverPickup) {
    complain(`${reach.by} would not see the least fault at ${reach.at}: it is ${reach.of.toFixed(2)} of its pickup`)
  }
  const used = Math.max(loading.of / settings.ratingMargin, (1 - voltsPu.of) / (1 - settings.emergencyPu))
  return { loading, voltsPu, margin: 1 - used, ...(reach && { reach }), ...(why !== undefined && { why }) }
}

/** The current at the end of a place's branch that is nearer to the source. */
function feeding(model: FeederModel, flow: Flow, place: number): Float64Array {
  const own = flow.amps.subarray(6 * place, 6 * place + 6)
  const { windings } = model.branches[flow.branch[place] as number] as FeederModel['branches'][number]
  if (windings === undefined) return own
  const ratio = flow.isReversed[place] === 1 ? (windings.inverse as Float64Array) : windings.ratio
  const result = new Float64Array(6)
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      for (const part of [0, 1]) {
        const at = 2 * i + part
        result[at] = (result[at] as number) + (ratio[3 * j + i] as number) * (own[2 * j + part] as number)
      }
    }
  }
  return result
}

function greatest(amps: Float64Array, place = 0): number {
  return Math.max(sizeAt(amps, place, 0), sizeAt(amps, place, 1), sizeAt(amps, place, 2))
}

const sumOf = (amps: Float64Array): number =>
  Math.hypot(
    (amps[0] as number) + (amps[2] as number) + (amps[4] as number),
    (amps[1] as number) + (amps[3] as number) + (amps[5] as number),
  )

function voltageAt(model: FeederModel, flow: Flow, place: number): { low: number; high: number } {
  const vertex = flow.vertex[place] as number
  const mask = model.phases[vertex] as number
  const nominal = model.nominal[vertex] as number
  let low = Number.POSITIVE_INFINITY
  let high = 0
  for (let phase = 0; phase < 3; phase++) {
    if ((mask & (1 << phase)) === 0) continue
    const pu = sizeAt(flow.volts, place, phase) / nominal
    if (pu < low) low = pu
    if (pu > high) high = pu
  }
  return { low, high }
}

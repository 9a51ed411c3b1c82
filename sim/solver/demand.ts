// What loads draw at a voltage: constant power, current and impedance by their shares.
//
// A part draws g(|V|) × S* × V, where S is its power at rated voltage V0 and
//   g = power / |V|² + current / (V0 |V|) + impedance / V0².
// Below 0.8 of its rated voltage all of it behaves as an impedance, so that it stops pulling harder as the voltage falls
// and a fault has a solution.
//
// The equations hold every load as the impedance that it is at rated voltage; what is iterated is the difference.

import { type Element, GROUND, shunt, slotOf } from './element.ts'
import type { Grid, LoadPart } from './grid.ts'
import type { Network } from './network.ts'
import type { OperatingState } from './solver-port.ts'

export const IMPEDANCE_BELOW_PU = 0.8

export function loadElement({ phases, watts, vars, ratedVolts }: LoadPart, vertex: number): Element {
  const [one = 'a', other] = phases
  const square = ratedVolts * ratedVolts
  return shunt(
    slotOf(vertex, one),
    other === undefined ? GROUND : slotOf(vertex, other),
    watts / square,
    -vars / square,
  )
}

/** What of the loads depends on the network alone. Parts side by side in arrays; those that are dark are left out. */
export interface DemandFrame {
  readonly count: number
  /** Place in the grid's list of parts. */
  readonly part: Int32Array
  /** Unknowns; the second is -1 for ground. */
  readonly one: Int32Array
  readonly other: Int32Array
  readonly ratedVolts: Float64Array
  /** As shares, three for each: of constant power, current and impedance. */
  readonly model: Float64Array
  /** What the equations hold already, in watts and vars at rated voltage. */
  readonly heldWatts: Float64Array
  readonly heldVars: Float64Array
}

/** With what the loads draw at rated voltage in one state. */
export interface Demand extends DemandFrame {
  readonly watts: Float64Array
  readonly vars: Float64Array
}

export function demandFrame(grid: Grid, network: Network): DemandFrame {
  const total = grid.loadParts.length
  const ints = (): Int32Array => new Int32Array(total)
  const floats = (): Float64Array => new Float64Array(total)
  const frame = {
    part: ints(),
    one: ints(),
    other: ints(),
    ratedVolts: floats(),
    model: new Float64Array(3 * total),
    heldWatts: floats(),
    heldVars: floats(),
  }
  let count = 0
  grid.loadParts.forEach((part, n) => {
    const { one, other } = unknownsOf(part, network)
    if (one < 0 || other < -1) return
    const model = grid.file.loads[part.load]?.model
    frame.part[count] = n
    frame.one[count] = one
    frame.other[count] = other
    frame.ratedVolts[count] = part.ratedVolts
    frame.model[3 * count] = model?.power ?? 1
    frame.model[3 * count + 1] = model?.current ?? 0
    frame.model[3 * count + 2] = model?.impedance ?? 0
    frame.heldWatts[count] = part.watts
    frame.heldVars[count] = part.vars
    count++
  })
  return { count, ...frame }
}

export function demandOf(grid: Grid, frame: DemandFrame, state: OperatingState): Demand {
  const shares = grid.file.loads.map(({ name }) => (state.isConnected(name) ? state.loadShare(name) : 0))
  const watts = new Float64Array(frame.count)
  const vars = new Float64Array(frame.count)
  for (let n = 0; n < frame.count; n++) {
    const share = shares[grid.loadParts[frame.part[n] as number]?.load ?? -1] ?? 0
    watts[n] = share * (frame.heldWatts[n] as number)
    vars[n] = share * (frame.heldVars[n] as number)
  }
  return { ...frame, watts, vars }
}

const DARK = -2

/** `other` is -1 for ground; either is -2 or `one` -1 where dark. */
function unknownsOf({ phases, at }: LoadPart, { unknownOf, loadPoints }: Network): { one: number; other: number } {
  const vertex = 'vertex' in at ? at.vertex : (loadPoints.get(at.section) ?? -1)
  const [first = 'a', second] = phases
  const one = vertex < 0 ? DARK : (unknownOf[slotOf(vertex, first)] as number)
  if (second === undefined) return { one, other: GROUND }
  const other = vertex < 0 ? DARK : (unknownOf[slotOf(vertex, second)] as number)
  return { one, other: other < 0 ? DARK : other }
}

/** g(|V|) of one part, by which S* × V becomes its current. @param square of the voltage across it */
export function drawFactor(demand: Demand, n: number, square: number): number {
  const rated = demand.ratedVolts[n] as number
  const power = demand.model[3 * n] as number
  const current = demand.model[3 * n + 1] as number
  const impedance = demand.model[3 * n + 2] as number
  const least = IMPEDANCE_BELOW_PU * rated
  const volts = square < least * least ? least : Math.sqrt(square)
  return power / (volts * volts) + current / (rated * volts) + impedance / (rated * rated)
}

/** Adds to the right side what the equations hold of the loads more than they draw at these voltages. */
export function addDemand(demand: Demand, volts: Float64Array, right: Float64Array): void {
  const { count, one, other, watts, vars, ratedVolts, heldWatts, heldVars } = demand
  for (let n = 0; n < count; n++) {
    const from = 2 * (one[n] as number)
    const to = 2 * (other[n] as number)
    const re = (volts[from] as number) - (to < 0 ? 0 : (volts[to] as number))
    const im = (volts[from + 1] as number) - (to < 0 ? 0 : (volts[to + 1] as number))
    const factor = drawFactor(demand, n, re * re + im * im)
    const rated = ratedVolts[n] as number
    const held = 1 / (rated * rated)
    const conductance = held * (heldWatts[n] as number) - factor * (watts[n] as number)
    const susceptance = factor * (vars[n] as number) - held * (heldVars[n] as number)
    const injectedRe = conductance * re - susceptance * im
    const injectedIm = conductance * im + susceptance * re
    right[from] = (right[from] as number) + injectedRe
    right[from + 1] = (right[from + 1] as number) + injectedIm
    if (to < 0) continue
    right[to] = (right[to] as number) - injectedRe
    right[to + 1] = (right[to + 1] as number) - injectedIm
  }
}

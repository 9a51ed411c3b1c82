// Voltages and currents of what one source feeds, radially: backward-forward sweeps, phase by phase.
//
// Currents add up from the ends to the source with the voltages of the last sweep, then voltages fall from the source to the
// ends with those currents (D. Shirmohammadi et al., IEEE Transactions on Power Systems 3, 1988), until they stand still.
// Generators are left out: any may leave at any moment, and the feeder must carry its load without it.

import type { FeederModel } from './feeder-model.ts'

export interface FlowState {
  /** By place in the file's list of devices: 1 where it does not pass current. */
  readonly isOpen: Uint8Array
  /** By zone: load over that of the feeder file. */
  readonly zoneScale: Float64Array
  /** By load, a share of it that is left; 1 where it is not shed. */
  readonly loadScale: Float64Array
}

/** By place: vertices outward from the source, which is at place 0. */
export interface Flow {
  readonly count: number
  readonly vertex: Int32Array
  readonly parent: Int32Array
  /** The branch from the parent, and whether it is fed from its `to`. */
  readonly branch: Int32Array
  readonly isReversed: Uint8Array
  /** Six numbers a place: real and imaginary parts of the phases to neutral. */
  readonly volts: Float64Array
  /** Into the place from its branch, the same; of place 0, from the source. */
  readonly amps: Float64Array
  /** Otherwise the figures are those of the last sweep, and may be anything. */
  readonly converged: boolean
  /** A closed loop, or another source: nothing here holds then. */
  readonly isMeshed: boolean
  /** Fed from behind through windings that cannot be. */
  readonly isBackward: boolean
  readonly sweeps: number
}

const MOST_SWEEPS = 40
/** Of nominal, between two sweeps. */
const STANDSTILL_PU = 2e-5
/** Below it a load behaves as an impedance, so that it stops pulling harder as the voltage falls. */
const IMPEDANCE_BELOW_PU = 0.8

/** @param source place in the model's list */
export function loadFlow(model: FeederModel, source: number, state: FlowState): Flow {
  const tree = treeFrom(model, source, state.isOpen)
  const volts = new Float64Array(6 * tree.count)
  const amps = new Float64Array(6 * tree.count)
  const isValid = !tree.isMeshed && !tree.isBackward
  if (!isValid) return { ...tree, volts, amps, converged: false, sweeps: 0 }
  startFlat(model, source, tree, volts)
  const feed = model.sources[source] as FeederModel['sources'][number]
  let sweeps = 0
  let change = Number.POSITIVE_INFINITY
  while (change > STANDSTILL_PU && sweeps < MOST_SWEEPS) {
    drawn(model, tree, state, volts, amps)
    gather(model, tree, amps)
    change = spread(model, tree, feed, volts, amps)
    sweeps++
  }
  return { ...tree, volts, amps, converged: change <= STANDSTILL_PU, sweeps }
}

type Tree = Pick<Flow, 'count' | 'vertex' | 'parent' | 'branch' | 'isReversed' | 'isMeshed' | 'isBackward'>

function treeFrom(model: FeederModel, source: number, isOpen: Uint8Array): Tree {
  const vertex: number[] = [model.sources[source]?.vertex ?? 0]
  const parent: number[] = [-1]
  const branch: number[] = [-1]
  const isReversed: number[] = [0]
  const placeOf = new Map<number, number>([[vertex[0] as number, 0]])
  let isMeshed = model.sources.some(({ vertex: other }, n) => n !== source && other === vertex[0])
  let isBackward = false
  for (let place = 0; place < vertex.length; place++) {
    const here = vertex[place] as number
    for (const n of model.branchesAt[here] ?? []) {
      if (n === branch[place]) continue
      const { from, to, devices, windings } = model.branches[n] as FeederModel['branches'][number]
      let passes = true
      for (const device of devices) if (isOpen[device] === 1) passes = false
      if (!passes) continue
      const next = from === here ? to : from
      const known = placeOf.get(next)
      if (known !== undefined) {
        // Side by side on phases of their own, sections are one connection, and this tree has only the first: not computed.
        isMeshed = true
        continue
      }
      if (model.sources.some(({ vertex: other }) => other === next)) isMeshed = true
      if (next === from && windings !== undefined && windings.inverse === undefined) isBackward = true
      placeOf.set(next, vertex.length)
      vertex.push(next)
      parent.push(place)
      branch.push(n)
      isReversed.push(next === from ? 1 : 0)
    }
  }
  return {
    count: vertex.length,
    vertex: Int32Array.from(vertex),
    parent: Int32Array.from(parent),
    branch: Int32Array.from(branch),
    isReversed: Uint8Array.from(isReversed),
    isMeshed,
    isBackward,
  }
}

function startFlat(model: FeederModel, source: number, tree: Tree, volts: Float64Array): void {
  volts.set(model.sources[source]?.emf ?? [])
  const none = new Float64Array(6)
  for (let place = 1; place < tree.count; place++) onward(model, tree, place, volts, none, 0)
}

/** What hangs on each place draws, at the present voltages. */
function drawn(model: FeederModel, tree: Tree, state: FlowState, volts: Float64Array, amps: Float64Array): void {
  const { first, one, other, watts, vars, ratedVolts, powerShare, currentShare, load } = model.parts
  amps.fill(0)
  for (let place = 0; place < tree.count; place++) {
    const vertex = tree.vertex[place] as number
    const zoneScale = state.zoneScale[model.zoneAt[vertex] as number] as number
    const base = 6 * place
    const end = first[vertex + 1] as number
    for (let n = first[vertex] as number; n < end; n++) {
      const from = base + 2 * (one[n] as number)
      const to = other[n] === 3 ? -1 : base + 2 * (other[n] as number)
      const re = (volts[from] as number) - (to < 0 ? 0 : (volts[to] as number))
      const im = (volts[from + 1] as number) - (to < 0 ? 0 : (volts[to + 1] as number))
      const rated = ratedVolts[n] as number
      const least = IMPEDANCE_BELOW_PU * rated
      const across = Math.max(Math.sqrt(re * re + im * im), least)
      const power = powerShare[n] as number
      const current = currentShare[n] as number
      const of = load[n] as number
      const scale = of < 0 ? 1 : zoneScale * (state.loadScale[of] as number)
      const factor =
        scale * (power / (across * across) + current / (rated * across) + (1 - power - current) / (rated * rated))
      const p = factor * (watts[n] as number)
      const q = factor * (vars[n] as number)
      const ampsRe = p * re + q * im
      const ampsIm = p * im - q * re
      amps[from] = (amps[from] as number) + ampsRe
      amps[from + 1] = (amps[from + 1] as number) + ampsIm
      if (to < 0) continue
      amps[to] = (amps[to] as number) - ampsRe
      amps[to + 1] = (amps[to + 1] as number) - ampsIm
    }
  }
}

/** Currents add up toward the source. */
function gather(model: FeederModel, tree: Tree, amps: Float64Array): void {
  for (let place = tree.count - 1; place > 0; place--) {
    const into = 6 * (tree.parent[place] as number)
    const from = 6 * place
    const { windings } = model.branches[tree.branch[place] as number] as FeederModel['branches'][number]
    if (windings === undefined) {
      for (let n = 0; n < 6; n++) amps[into + n] = (amps[into + n] as number) + (amps[from + n] as number)
      continue
    }
    // I(from) = ratioᵀ I(to), and so with its inverse where it is fed from behind.
    const ratio = tree.isReversed[place] === 1 ? (windings.inverse as Float64Array) : windings.ratio
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const turns = ratio[3 * j + i] as number
        amps[into + 2 * i] = (amps[into + 2 * i] as number) + turns * (amps[from + 2 * j] as number)
        amps[into + 2 * i + 1] = (amps[into + 2 * i + 1] as number) + turns * (amps[from + 2 * j + 1] as number)
      }
    }
  }
}

/** Voltages fall from the source. @returns the greatest change, per unit */
function spread(
  model: FeederModel,
  tree: Tree,
  feed: FeederModel['sources'][number],
  volts: Float64Array,
  amps: Float64Array,
): number {
  let most = 0
  if (feed.ohm !== undefined) {
    const before = volts.slice(0, 6)
    volts.set(feed.emf)
    subtractDrop(feed.ohm, volts, 0, amps, 0)
    for (let n = 0; n < 6; n++) most = Math.max(most, Math.abs((volts[n] as number) - (before[n] as number)))
    most /= model.nominal[feed.vertex] as number
  }
  for (let place = 1; place < tree.count; place++) {
    const change = onward(model, tree, place, volts, amps, 6 * place)
    if (change > most) most = change
  }
  return most
}

const scratch = new Float64Array(6)

/** The voltage of one place from that of its parent. @returns its change, per unit */
function onward(
  model: FeederModel,
  tree: Tree,
  place: number,
  volts: Float64Array,
  amps: Float64Array,
  ampsAt: number,
): number {
  const branch = model.branches[tree.branch[place] as number] as FeederModel['branches'][number]
  const { windings } = branch
  const above = 6 * (tree.parent[place] as number)
  const isReversed = tree.isReversed[place] === 1
  if (windings === undefined) {
    for (let n = 0; n < 6; n++) scratch[n] = volts[above + n] as number
    subtractDrop(branch.ohm, scratch, 0, amps, ampsAt)
  } else if (!isReversed) {
    turned(windings.ratio, volts, above)
    subtractDrop(branch.ohm, scratch, 0, amps, ampsAt)
  } else {
    // The ohmic part lies at the feeding side, and carries what the windings make of the current.
    const inverse = windings.inverse as Float64Array
    const fed = new Float64Array(6)
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const turns = inverse[3 * j + i] as number
        fed[2 * i] = (fed[2 * i] as number) + turns * (amps[ampsAt + 2 * j] as number)
        fed[2 * i + 1] = (fed[2 * i + 1] as number) + turns * (amps[ampsAt + 2 * j + 1] as number)
      }
    }
    const behind = volts.slice(above, above + 6)
    subtractDrop(branch.ohm, behind, 0, fed, 0)
    turned(inverse, behind, 0)
  }
  const mask = branch.phases
  const vertex = tree.vertex[place] as number
  const present = windings?.isTransformer ? (model.phases[vertex] as number) : mask
  let most = 0
  for (let phase = 0; phase < 3; phase++) {
    const at = 6 * place + 2 * phase
    const has = (present & (1 << phase)) !== 0
    const re = has ? (scratch[2 * phase] as number) : 0
    const im = has ? (scratch[2 * phase + 1] as number) : 0
    most = Math.max(most, Math.abs(re - (volts[at] as number)), Math.abs(im - (volts[at + 1] as number)))
    volts[at] = re
    volts[at + 1] = im
  }
  return most / (model.nominal[vertex] as number)
}

/** Into the scratch: a real matrix times three complex numbers. */
function turned(ratio: Float64Array, of: Float64Array, at: number): void {
  for (let i = 0; i < 3; i++) {
    let re = 0
    let im = 0
    for (let j = 0; j < 3; j++) {
      const turns = ratio[3 * i + j] as number
      re += turns * (of[at + 2 * j] as number)
      im += turns * (of[at + 2 * j + 1] as number)
    }
    scratch[2 * i] = re
    scratch[2 * i + 1] = im
  }
}

function subtractDrop(ohm: Float64Array, from: Float64Array, at: number, amps: Float64Array, ampsAt: number): void {
  for (let i = 0; i < 3; i++) {
    let re = 0
    let im = 0
    for (let j = 0; j < 3; j++) {
      const r = ohm[2 * (3 * i + j)] as number
      const x = ohm[2 * (3 * i + j) + 1] as number
      const ampsRe = amps[ampsAt + 2 * j] as number
      const ampsIm = amps[ampsAt + 2 * j + 1] as number
      re += r * ampsRe - x * ampsIm
      im += r * ampsIm + x * ampsRe
    }
    from[at + 2 * i] = (from[at + 2 * i] as number) - re
    from[at + 2 * i + 1] = (from[at + 2 * i + 1] as number) - im
  }
}

/** RMS volts or amperes of one phase at one place. */
export const sizeAt = (values: Float64Array, place: number, phase: number): number => {
  const at = 6 * place + 2 * phase
  return Math.hypot(values[at] as number, values[at + 1] as number)
}

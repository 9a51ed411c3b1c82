// What one IED's instruments measure in a solved state, as complex figures.

import {
  add,
  conjugate,
  multiply,
  NONE,
  type PhaseComplex,
  scaleBy,
  subtract,
  triple,
  ZERO,
} from '../solver/complex.ts'
import type { End, Solution, Terminal } from '../solver/solver-port.ts'
import type { LiveTree } from './live-tree.ts'
import type { Metered, Post } from './posts.ts'

export interface Flow {
  readonly amps: PhaseComplex
  /** Volt-amperes, in the direction of `amps`. */
  readonly power: PhaseComplex
}

/** `amps` and `power` flow away from the source, to the customer. */
export interface Reading extends Flow {
  /** Line to neutral. Where there is no neutral, to the middle of the three phases, as a three-wire meter makes it. */
  readonly volts: PhaseComplex
  /** Beyond the switching device that it operates, to ground. */
  readonly farVolts?: PhaseComplex
}

export interface SolvedState {
  readonly solution: Solution
  readonly tree: LiveTree
}

const STILL: Flow = { amps: NONE, power: NONE }

/** Current through the device that the IED operates, else of what it meters, else into its node; power of what it meters. */
export function readingOf(post: Post, state: SolvedState): Reading {
  const { ied, device, metered, far } = post
  const through = device === undefined ? undefined : throughDevice(device, state)
  const drawn = metered === undefined ? undefined : drawnBy(metered, state.solution)
  const flow = through ?? drawn ?? intoNode(ied.node, state)
  const volts = instrumentVolts(post, state.solution)
  const { amps } = flow
  const { power } = drawn ?? flow
  const beyond = far === undefined ? {} : { farVolts: state.solution.volts(far.node) }
  if (!post.isThreeWire) return { volts, amps, power, ...beyond }
  const middle = subtract(state.solution.volts(ied.node)[0], volts[0])
  // Each phase against the middle; the sum stays the same, for the currents add up to zero.
  return { volts, amps, ...beyond, power: triple(i => subtract(power[i], multiply(middle, conjugate(amps[i])))) }
}

/** Line to neutral. Without a neutral, to the middle of the three phases. */
export function instrumentVolts({ ied, isThreeWire }: Post, solution: Solution): PhaseComplex {
  const toGround = solution.volts(ied.node)
  if (!isThreeWire) return toGround
  const middle = scaleBy(add(add(toGround[0], toGround[1]), toGround[2]), 1 / 3)
  return triple(i => subtract(toGround[i], middle))
}

/** At the device's end of its section. */
export function throughDevice(
  { section, at }: { readonly section: string; readonly at: End },
  { solution, tree }: SolvedState,
): Flow {
  const feedEnd = tree.feedEnd(section)
  if (feedEnd === undefined) return STILL
  const into = { amps: solution.current(section, at), power: solution.powerInto(section, at) }
  return feedEnd === at ? into : reversed(into)
}

/** What the section that feeds a node brings, or the source that stands there; nothing at a dark node. */
function intoNode(node: string, { solution, tree }: SolvedState): Flow {
  const section = tree.feeding(node)
  if (section === undefined) return sumOf(tree.sourcesAt(node).map(solution.source))
  const far: End = tree.feedEnd(section) === 'from' ? 'to' : 'from'
  return reversed({ amps: solution.current(section, far), power: solution.powerInto(section, far) })
}

const drawnBy = ({ loads, generators, capacitors }: Metered, solution: Solution): Flow =>
  sumOf([
    ...loads.map(solution.load),
    ...generators.map(name => reversed(solution.generator(name))),
    ...capacitors.map(solution.capacitor),
  ])

const reversed = ({ amps, power }: Terminal): Flow => ({
  amps: triple(i => subtract(ZERO, amps[i])),
  power: triple(i => subtract(ZERO, power[i])),
})

const sumOf = ([first = STILL, ...others]: readonly Flow[]): Flow =>
  others.reduce<Flow>(
    (sum, { amps, power }) => ({
      amps: triple(i => add(sum.amps[i], amps[i])),
      power: triple(i => add(sum.power[i], power[i])),
    }),
    first,
  )

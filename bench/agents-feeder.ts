// A generated feeder with an IED at each node: groups of twenty along a random tree, each behind its own recloser, with
// meters at all its other nodes. Radial, three phases, seeded; the plant solves it like any other.

import { type FeederFile, feederFileSchema } from '../topology/feeder-file.ts'

export const GROUP_SIZE = 20
/** IEDs can report as many sections each. */
const MOST_OBSERVED = 16
/** Enough for a trunk that carries the whole feeder to stay near its nominal voltage. */
const LENGTH_M = { least: 20, most: 120 }

/** @param ieds how many; the feeder has one node more, its source */
export function agentsFeeder(ieds: number, chance: () => number): FeederFile {
  const node = (index: number): string => `n${index}`
  const groupOf = (index: number): number => Math.floor((index - 1) / GROUP_SIZE)
  const headOf = (group: number): number => group * GROUP_SIZE + 1
  const below = (limit: number): number => Math.floor(chance() * limit)
  const lengthM = (): number => LENGTH_M.least + below(LENGTH_M.most - LENGTH_M.least)

  const sections = Array.from({ length: ieds }, (_, before) => {
    const index = before + 1
    const head = headOf(groupOf(index))
    // A group hangs on the head of an earlier one, so that the tree is wide rather than deep; a node on one of its group.
    const parent = index === head ? parentOfGroup(groupOf(index)) : head + below(index - head)
    return {
      name: `s${index}`,
      from: node(parent),
      to: node(index),
      phases: PHASES,
      lengthM: lengthM(),
      lineCode: 'trunk',
    }
  })
  function parentOfGroup(group: number): number {
    return group === 0 ? 0 : headOf(Math.floor((group - 1) / 2))
  }

  const indices = sections.map((_, before) => before + 1)
  const heads = indices.filter(index => index === headOf(groupOf(index)))
  const others = indices.filter(index => index !== headOf(groupOf(index)))
  return feederFileSchema.parse({
    feedermesh: 1,
    name: `generated-${ieds}`,
    nominalKv: 12.47,
    frequencyHz: 60,
    sources: [{ name: 'substation', node: node(0) }],
    nodes: [0, ...indices].map(index => ({ name: node(index), phases: PHASES })),
    lineCodes: [TRUNK],
    sections,
    devices: heads.map(index => ({
      name: `R${index}`,
      kind: 'recloser',
      section: `s${index}`,
      relay: { pickupAmps: 600, delayMs: 300 },
    })),
    loads: others.map(index => {
      const kw = 0.2 + 0.6 * chance()
      return {
        name: `load-${index}`,
        node: node(index),
        kw: { a: kw, b: kw, c: kw },
        kvar: { a: kw / 4, b: kw / 4, c: kw / 4 },
        customers: 1 + below(4),
        sheddableShare: chance() < 0.2 ? 0.5 : 0,
      }
    }),
    ieds: indices.map(index => {
      const group = groupOf(index)
      const common = { node: node(index), organisation: 'utility', group: `g${group}` }
      if (index !== headOf(group))
        return { ...common, name: `meter-${index}`, kind: 'meter', meters: [`load-${index}`] }
      const observes = sections.slice(index - 1, index - 1 + GROUP_SIZE).map(({ name }) => name)
      return {
        ...common,
        name: `recloser-${index}`,
        kind: 'recloser',
        operates: `R${index}`,
        observes: observes.slice(0, MOST_OBSERVED),
      }
    }),
  })
}

const PHASES = ['a', 'b', 'c'] as const

/** A large overhead conductor with its mutual impedances, as in the IEEE 13-node feeder's configuration 601. */
const TRUNK = {
  name: 'trunk',
  phases: PHASES,
  rOhmPerKm: [
    [0.215, 0.097, 0.098],
    [0.097, 0.21, 0.095],
    [0.098, 0.095, 0.212],
  ],
  xOhmPerKm: [
    [0.632, 0.312, 0.263],
    [0.312, 0.651, 0.239],
    [0.263, 0.239, 0.643],
  ],
}

// A feeder whose IED tree has a given shape: the head at the source, and the receivers all downstream of the one section
// that it observes.

import { createFeeder, type Feeder } from '../topology/feeder.ts'
import { feederFileSchema } from '../topology/feeder-file.ts'
import { parentOf, type TreeShape } from './tree-shape.ts'

export const HEAD = 'head'
export const SECTION = 's0'

export const receiverName = (index: number): string => (index === 0 ? HEAD : `ied-${index}`)

export const receiverNames = (receivers: number): string[] =>
  Array.from({ length: receivers }, (_, before) => receiverName(before + 1))

export function treeFeeder(shape: TreeShape): Feeder {
  const indices = Array.from({ length: shape.receivers }, (_, before) => before + 1)
  // The head's own children hang on a junction behind its section, so that this one section is upstream of everybody.
  const nodeOf = (index: number): string => (index === 0 ? 'junction' : `n${index}`)
  const section = (name: string, from: string, to: string) => ({
    name,
    from,
    to,
    phases: PHASES,
    lengthM: 50,
    lineCode: 'trunk',
  })
  return createFeeder(
    feederFileSchema.parse({
      feedermesh: 1,
      name: `tree-${shape.receivers}-${shape.degree}`,
      nominalKv: 12.47,
      frequencyHz: 60,
      sources: [{ name: 'substation', node: 'source' }],
      nodes: ['source', 'junction', ...indices.map(nodeOf)].map(name => ({ name, phases: PHASES })),
      lineCodes: [TRUNK],
      sections: [
        section(SECTION, 'source', 'junction'),
        ...indices.map(index => section(`s${index}`, nodeOf(parentOf(index, shape)), nodeOf(index))),
      ],
      devices: [{ name: 'R0', kind: 'recloser', section: SECTION, relay: { pickupAmps: 600, delayMs: 300 } }],
      loads: [],
      ieds: [
        { name: HEAD, kind: 'recloser', node: 'source', organisation: 'utility', operates: 'R0', observes: [SECTION] },
        ...indices.map(index => ({
          name: receiverName(index),
          kind: 'rtu',
          node: nodeOf(index),
          organisation: 'utility',
        })),
      ],
    }),
  )
}

const PHASES = ['a', 'b', 'c'] as const
const TRUNK = {
  name: 'trunk',
  phases: PHASES,
  rOhmPerKm: [
    [0.2, 0.1, 0.1],
    [0.1, 0.2, 0.1],
    [0.1, 0.1, 0.2],
  ],
  xOhmPerKm: [
    [0.6, 0.3, 0.3],
    [0.3, 0.6, 0.3],
    [0.3, 0.3, 0.6],
  ],
}

// Small feeders for tests, each written as one line.

import { type FeederFile, feederFileSchema } from '../../topology/feeder-file.ts'

/**
 * A feeder from its sections: `A-B` is a plain one, `A*B` has a device at the `from` end, `A/B` one that is normally open,
 * `A*!B` one at each end. Sections are named `A-B`, devices `A.B` (at the end of A) and `B.A`. Each node but the source
 * has one IED, `ied-B`; the first node is the source.
 */
export function feederOf(text: string, change: (file: FeederFile) => void = () => {}): FeederFile {
  const sections = text.split(' ').map(word => {
    const [, from = '', mark = '', to = ''] = /^([^-*/!]+)([-*/!]+)([^-*/!]+)$/.exec(word) ?? []
    return { from, mark, to, name: `${from}-${to}` }
  })
  const nodes = [...new Set(sections.flatMap(({ from, to }) => [from, to]))]
  const [source] = nodes
  const devices = sections.flatMap(({ from, to, mark, name }) => [
    ...(/[*/]/.test(mark)
      ? [
          {
            name: `${from}.${to}`,
            kind: mark === '/' ? 'tie' : 'recloser',
            section: name,
            normal: mark === '/' ? 'open' : 'closed',
          },
        ]
      : []),
    ...(mark.includes('!') ? [{ name: `${to}.${from}`, kind: 'recloser', section: name, at: 'to' }] : []),
  ])
  const file = feederFileSchema.parse({
    feedermesh: 1,
    name: 'test',
    nominalKv: 12.47,
    frequencyHz: 50,
    sources: [{ name: 'source', node: source }],
    nodes: nodes.map(name => ({ name, phases: ['a', 'b', 'c'] })),
    sections: sections.map(({ name, from, to }) => ({ name, from, to, phases: ['a', 'b', 'c'] })),
    devices,
    ieds: nodes.slice(1).map(name => ({ name: `ied-${name}`, kind: 'rtu', node: name, organisation: 'utility' })),
  })
  change(file)
  return file
}

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createFeeder, type DevicePosition, type Feeder, type Membership } from '../../topology/feeder.ts'
import type { FeederFile, SourceEntry } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { feederOf } from './build-feeder.ts'

const ieee13File = parseFeeder(
  readFileSync(new URL('../../topology/feeders/ieee13.yaml', import.meta.url), 'utf8'),
  'ieee13.yaml',
)
const ieee13 = (...positions: readonly (readonly [string, DevicePosition])[]): Feeder => {
  const feeder = createFeeder(ieee13File)
  for (const [device, position] of positions) feeder.setPosition(device, position)
  return feeder
}
/** `certain names | undecided names`, sorted. */
const written = ({ certain, undecided }: Membership): string =>
  [[...certain].sort(), [...undecided].sort()]
    .map(names => names.join(' '))
    .join(' | ')
    .trim()
/** The same for a test feeder, without `ied-`. */
const letters = (membership: Membership): string => written(membership).replaceAll('ied-', '')
const wordSet = (text: string): Set<string> => new Set(text === '' ? [] : text.split(' '))

// Written by hand from the published one-line diagram and the places of the IEDs.
const below675 = 'cap-675 gen-675 meter-675'
const below692 = 'cap-675 gen-675 meter-675 meter-692 recloser-675'
const below671 =
  'cap-675 gen-675 meter-611 meter-652 meter-671 meter-675 meter-692 recloser-671 recloser-675 switch-692'
const below650 =
  'cap-675 gen-675 meter-611 meter-634 meter-645 meter-646 meter-652 meter-671 meter-675 meter-692 recloser-632 recloser-645 recloser-671 recloser-675 switch-692'
const downstream: Readonly<Record<string, string>> = {
  's650-632': below650,
  's632-633': 'meter-634',
  's633-634': 'meter-634',
  's632-645': 'meter-645 meter-646',
  's645-646': 'meter-646',
  's632-671': below671,
  's671-680': '',
  's671-684': 'meter-611 meter-652',
  's684-611': 'meter-611',
  's684-652': 'meter-652',
  's671-692': below692,
  's692-675': below675,
}

describe('the IEDs downstream of each section of the IEEE 13-node feeder', () => {
  for (const [section, ieds] of Object.entries(downstream)) {
    it(`${section}: ${ieds === '' ? 'none' : ieds}`, () => {
      const feeder = ieee13()
      expect(feeder.downstreamIeds(section)).toEqual({ certain: wordSet(ieds), undecided: new Set() })
      for (const { name } of ieee13File.ieds) {
        expect(feeder.isDownstream(name, section)).toBe(wordSet(ieds).has(name) ? 'yes' : 'no')
      }
    })
  }
  it('has a row for every section', () => {
    expect(Object.keys(downstream)).toEqual(ieee13File.sections.map(({ name }) => name))
  })
})

// Facts computed by others from the same feeder in another format, as (nodes, kW); the distributed load there is a node.
describe('what each section of the IEEE 13-node feeder feeds', () => {
  for (const [section, nodes, kw] of [
    ['s632-633', 2, 400],
    ['s632-671', 7, 2666],
    ['s650-632', 12, 3466],
    ['s671-692', 2, 1013],
    ['s692-675', 1, 843],
  ] as const) {
    it(`${section}: ${nodes} nodes, ${kw} kW`, () => {
      const below = ieee13().downstream(section)
      expect(below.nodes.size).toBe(nodes)
      expect(below.loadKw).toBe(kw)
    })
  }
  it('s671-692 in full', () => {
    expect(ieee13().downstream('s671-692')).toEqual({
      nodes: new Set(['692', '675']),
      sections: new Set(['s692-675']),
      loads: new Set(['load-692', 'load-675']),
      generators: new Set(['G675']),
      ieds: wordSet(below692),
      customers: 2,
      loadKw: 1013,
    })
  })
})

describe('with devices open or unknown, the IEEE 13-node feeder', () => {
  it('has nobody downstream beyond an open device', () => {
    const feeder = ieee13(['R632', 'open'])
    expect(written(feeder.downstreamIeds('s632-671'))).toBe('|')
    expect(written(feeder.downstreamIeds('s671-692'))).toBe('|')
    expect(written(feeder.downstreamIeds('s650-632'))).toBe('meter-634 meter-645 meter-646 recloser-632 recloser-645 |')
    expect(feeder.energised('632')).toBe('yes')
    expect(feeder.energised('675')).toBe('no')
    expect(feeder.downstream('s650-632').loads).toEqual(wordSet('load-634 load-645 load-646'))
  })

  it('leaves who is beyond an unknown device undecided', () => {
    const feeder = ieee13(['SW692', 'unknown'])
    expect(written(feeder.downstreamIeds('s671-692'))).toBe(`| ${below692}`)
    expect(written(feeder.downstreamIeds('s692-675'))).toBe(`| ${below675}`)
    expect(written(feeder.downstreamIeds('s632-671'))).toBe(
      `meter-611 meter-652 meter-671 recloser-671 switch-692 | ${below692}`,
    )
    expect(feeder.isDownstream('gen-675', 's632-671')).toBe('unknown')
    expect(feeder.energised('692')).toBe('unknown')
    expect(feeder.downstream('s632-671').nodes).toEqual(wordSet('671 680 684 611 652'))
  })

  it('knows who a device fed after it has tripped, and after one above has', () => {
    expect(written(ieee13(['R632', 'open']).fedThrough('R632'))).toBe(`${below671} |`)
    expect(written(ieee13(['R632', 'unknown']).fedThrough('R632'))).toBe(`${below671} |`)
    expect(written(ieee13(['R632', 'open'], ['CB650', 'open']).fedThrough('R632'))).toBe('|')
    expect(written(ieee13(['R632', 'open'], ['SW692', 'unknown']).fedThrough('R632'))).toBe(
      `meter-611 meter-652 meter-671 recloser-671 switch-692 | ${below692}`,
    )
  })

  it('keeps relaying parents in the part that has gone dark', () => {
    const before = ieee13()
    const feeder = ieee13(['R632', 'open'])
    for (const { name } of ieee13File.ieds) expect(feeder.parent(name)).toBe(before.parent(name))
    expect(feeder.upstreamZones('675')).toEqual(['675', '692', '671', '632', '650'])
  })

  it('forgets an old answer when a device operates', () => {
    const feeder = ieee13()
    const before = feeder.downstreamIeds('s632-671')
    feeder.setPosition('SW692', 'open')
    expect(feeder.downstreamIeds('s632-671').certain.has('gen-675')).toBe(false)
    expect(before.certain.has('gen-675')).toBe(true)
    feeder.setPosition('SW692', 'closed')
    expect(feeder.downstreamIeds('s632-671')).toEqual(before)
  })
})

const parents: Readonly<Record<string, string | undefined>> = {
  'relay-650': undefined,
  'recloser-632': 'relay-650',
  'recloser-645': 'relay-650',
  'meter-634': 'recloser-632', // observes the way there
  'meter-645': 'recloser-645', // operates a device on the way there
  'meter-646': 'meter-645',
  'recloser-671': 'recloser-632',
  'switch-692': 'recloser-632',
  'meter-671': 'recloser-632',
  'meter-611': 'recloser-671',
  'meter-652': 'recloser-671',
  'meter-692': 'switch-692',
  'recloser-675': 'switch-692',
  'meter-675': 'recloser-675',
  'cap-675': 'recloser-675',
  'gen-675': 'recloser-675',
}

describe('the relaying tree of the IEEE 13-node feeder', () => {
  for (const [ied, parent] of Object.entries(parents)) {
    it(`${ied} hears from ${parent ?? 'nobody'}`, () => {
      const feeder = ieee13()
      expect(feeder.parent(ied)).toBe(parent)
      if (parent) expect(feeder.children(parent)).toContain(ied)
    })
  }

  it('lists children by name', () => {
    expect(ieee13().children('recloser-632')).toEqual(['meter-634', 'meter-671', 'recloser-671', 'switch-692'])
    expect(ieee13().children('gen-675')).toEqual([])
  })

  it('lists who is upstream of an IED, nearest first and best placed first', () => {
    expect(ieee13().upstreamIeds({ ied: 'recloser-675' })).toEqual([
      'switch-692',
      'recloser-671',
      'meter-671',
      'recloser-632',
      'recloser-645',
      'relay-650',
    ])
  })

  it('lists who is upstream of a device, its own operator left out, also once it is open', () => {
    for (const position of ['closed', 'open', 'unknown'] as const) {
      expect(ieee13(['R632', position]).upstreamIeds({ device: 'R632' })).toEqual(['recloser-645', 'relay-650'])
    }
    expect(ieee13(['CB650', 'open']).upstreamIeds({ device: 'R632' })).toEqual([])
  })

  it('names the observer of each section', () => {
    expect(ieee13().observerOf('s671-680')).toBe('recloser-671')
    expect(createFeeder(feederOf('A-B')).observerOf('A-B')).toBeUndefined()
  })
})

describe('zones', () => {
  it('of the IEEE 13-node feeder lie between its devices and are named after their first node', () => {
    const { zones } = ieee13()
    expect(zones.map(({ name, nodes, boundary }) => `${name}: ${nodes.join(' ')} | ${boundary.join(' ')}`)).toEqual([
      '650: 650 | CB650',
      '632: 632 633 634 | CB650 R632 R645',
      '645: 645 646 | R645',
      '671: 671 680 | R632 R684 SW692',
      '684: 611 652 684 | R684',
      '692: 692 | R675 SW692',
      '675: 675 | R675',
    ])
    expect(zones.find(({ name }) => name === '675')?.ieds).toEqual(['cap-675', 'gen-675', 'meter-675'])
  })

  it('keep their names while devices operate', () => {
    expect(ieee13(['R632', 'open'], ['SW692', 'unknown']).zones).toEqual(ieee13().zones)
  })

  it('of a section: beyond the device that stands at its end', () => {
    const feeder = createFeeder(feederOf('A*B B-!C'))
    expect(feeder.zoneOfSection('A-B')).toBe('B')
    expect(feeder.zoneOfSection('B-C')).toBe('B')
    expect(feeder.zoneOf('C')).toBe('C')
  })

  it('may be a section alone, between devices at both its ends', () => {
    const feeder = createFeeder(feederOf('A*!B'))
    expect(feeder.zoneOfSection('A-B')).toBe('A-B')
    expect(feeder.zones).toContainEqual({ name: 'A-B', nodes: [], ieds: [], boundary: ['A.B', 'B.A'] })
    expect(feeder.upstreamZones('B')).toEqual(['B', 'A-B', 'A'])
  })

  it('follow a closed tie upstream', () => {
    const feeder = createFeeder(feederOf('A*B B*C A*D D/C'))
    expect(feeder.upstreamZones('C')).toEqual(['C', 'B', 'A'])
    feeder.setPosition('B.C', 'open')
    feeder.setPosition('D.C', 'closed')
    expect(feeder.upstreamZones('C')).toEqual(['C', 'D', 'A'])
  })
})

describe('a feeder with a tie, A to B to C and A to D with D to C open', () => {
  const tied = (...positions: readonly (readonly [string, DevicePosition])[]): Feeder => {
    const feeder = createFeeder(feederOf('A*B B*C A*D D/C C-E'))
    for (const [device, position] of positions) feeder.setPosition(device, position)
    return feeder
  }
  const closedTie = [
    ['B.C', 'open'],
    ['D.C', 'closed'],
  ] as const

  it('feeds C from B at first', () => {
    expect(letters(tied().downstreamIeds('B-C'))).toBe('C E |')
    expect(letters(tied().downstreamIeds('D-C'))).toBe('|')
  })

  it('turns round once the tie has closed instead', () => {
    const feeder = tied(...closedTie)
    expect(letters(feeder.downstreamIeds('A-D'))).toBe('C D E |')
    expect(letters(feeder.downstreamIeds('D-C'))).toBe('C E |')
    expect(letters(feeder.downstreamIeds('B-C'))).toBe('|')
    expect(feeder.parent('ied-C')).toBe('ied-D')
    expect(feeder.children('ied-B')).toEqual([])
  })

  it('feeds nobody through a looped section alone, and E still through its own', () => {
    const feeder = tied(['D.C', 'closed'])
    for (const section of ['A-B', 'B-C', 'A-D', 'D-C']) expect(letters(feeder.downstreamIeds(section))).toBe('|')
    expect(letters(feeder.downstreamIeds('C-E'))).toBe('E |')
    expect(feeder.energised('C')).toBe('yes')
    expect(feeder.parent('ied-C')).toBe('ied-B') // two ways of equal length: by name
  })

  it('does not know whom a section of the perhaps closed loop feeds', () => {
    const feeder = tied(['D.C', 'unknown'])
    expect(letters(feeder.downstreamIeds('B-C'))).toBe('| C E')
    // With the tie closed and B-C in, no section feeds D or C alone; nobody is fed backwards for lack of an open device.
    expect(letters(feeder.downstreamIeds('A-D'))).toBe('| D')
    expect(letters(feeder.downstreamIeds('D-C'))).toBe('|')
    expect(letters(feeder.downstreamIeds('C-E'))).toBe('E |')
  })

  it('allows for both directions where two positions are unknown', () => {
    const feeder = tied(['D.C', 'unknown'], ['A.B', 'unknown'])
    expect(letters(feeder.downstreamIeds('B-C'))).toBe('| B C E')
    expect(letters(feeder.downstreamIeds('A-D'))).toBe('| B C D E')
    expect(feeder.energised('E')).toBe('unknown')
  })

  it('asks upstream of an open tie from its live side, not through it', () => {
    expect(tied().upstreamIeds({ ied: 'ied-C' })).toEqual(['ied-B'])
    const feeder = createFeeder(
      feederOf('A*B B*C C*D A/D', file => {
        for (const ied of file.ieds) if (ied.name === 'ied-D') ied.operates = 'A.D'
      }),
    )
    expect(feeder.upstreamIeds({ ied: 'ied-D' })).toEqual(['ied-C', 'ied-B'])
    feeder.setPosition('B.C', 'open')
    expect(feeder.upstreamIeds({ ied: 'ied-D' })).toEqual([]) // through the tie, straight from the source
    expect(feeder.energised('D')).toBe('no')
  })
})

describe('two substations, A and G, on one line A to B to C to G with the tie from C to G open', () => {
  const pair = (...positions: readonly (readonly [string, DevicePosition])[]): Feeder => {
    const feeder = createFeeder(
      feederOf('A*B B*C G/C C-E', file => {
        file.sources.push({ name: 'second', node: 'G', voltagePu: 1, angleDegrees: 0, holds: 'node' })
        file.generators.push({
          ...{ name: 'gen', node: 'E', kind: 'synchronous', kw: 10, kvar: 0 },
          ...{ subtransientPercent: 20, faultCurrentPu: 1.2 },
        } as FeederFile['generators'][number])
      }),
    )
    for (const [device, position] of positions) feeder.setPosition(device, position)
    return feeder
  }

  it('has C fed from A, and G could feed it', () => {
    const feeder = pair()
    expect(feeder.sourcesOf('C')).toEqual({ certain: new Set(['source']), undecided: new Set() })
    expect(feeder.upstream('E')).toEqual({
      nodes: ['E', 'C', 'B', 'A'],
      sections: ['C-E', 'B-C', 'A-B'],
      devices: ['B.C', 'A.B'],
      sources: ['source'],
      connected: 'yes',
      onAnyWay: { certain: new Set(['C-E', 'B-C', 'A-B']), undecided: new Set() },
    })
    expect(feeder.ties({ zone: 'C' })).toEqual([{ section: 'G-C', devices: ['G.C'], node: 'G', certain: true }])
    expect(feeder.ties({ zone: 'B' })).toEqual(feeder.ties({ zone: 'C' })) // through C, which B feeds
    expect(feeder.zoneNeighbours('C')).toEqual([
      { zone: 'B', device: 'B.C' },
      { zone: 'G', device: 'G.C' },
    ])
  })

  it('finds what is dark, its generator, and the tie that would feed it', () => {
    const feeder = pair(['A.B', 'open'])
    expect(feeder.islands()).toEqual([
      {
        nodes: ['B', 'C', 'E'],
        sections: ['A-B', 'B-C', 'C-E', 'G-C'],
        generators: ['gen'],
        customers: 0,
        certain: true,
      },
    ])
    expect(feeder.sectionEnergised('C-E')).toBe('no')
    expect(feeder.ties({ node: 'E' }).map(({ devices }) => devices)).toEqual([['A.B'], ['G.C']])
    feeder.setPosition('G.C', 'closed')
    expect(feeder.islands()).toEqual([])
    expect(letters(feeder.downstreamIeds('B-C'))).toBe('B |')
    expect(feeder.upstream('B').sources).toEqual(['second'])
  })

  it('has nobody fed through one section alone while both run in parallel, and says so', () => {
    const feeder = pair(['G.C', 'closed'])
    expect(feeder.sourcesInParallel()).toEqual({ certain: [['second', 'source']], undecided: [] })
    expect(feeder.loops()).toEqual({ certain: [], undecided: [] })
    for (const section of ['A-B', 'B-C', 'G-C']) expect(letters(feeder.downstreamIeds(section))).toBe('|')
    expect(letters(feeder.downstreamIeds('C-E'))).toBe('E |')
    expect(feeder.upstream('E').onAnyWay.certain).toEqual(wordSet('A-B B-C C-E G-C'))
    feeder.setPosition('B.C', 'unknown')
    expect(feeder.sourcesInParallel()).toEqual({ certain: [], undecided: [['second', 'source']] })
    expect(letters(feeder.downstreamIeds('G-C'))).toBe('| C E')
  })

  it('takes sections side by side on phases of their own for no loop', () => {
    const loops = (phases: readonly (readonly ('a' | 'b' | 'c')[])[]) =>
      createFeeder(
        feederOf('A-B B-C', file => {
          const [first, second] = file.sections
          Object.assign(first ?? {}, { phases: phases[0] })
          if (second)
            file.sections.push({ ...second, name: 'beside', from: 'A', to: 'B', phases: [...(phases[1] ?? [])] })
        }),
      ).loops().certain
    expect(loops([['a'], ['b', 'c']])).toEqual([])
    expect(
      loops([
        ['a', 'b'],
        ['b', 'c'],
      ]),
    ).toEqual([['A-B', 'beside']])
  })
})

describe('among the IEDs at one node the parent is', () => {
  type Ied = FeederFile['ieds'][number]
  const ied = (name: string, kind: Ied['kind'], more: Partial<Ied> = {}): Ied => ({
    name,
    kind,
    node: 'B',
    organisation: 'utility',
    meters: [],
    observes: [],
    ...more,
  })
  const operator = ied('z-operator', 'recloser', { operates: 'B.C' })
  const observer = ied('y-observer', 'rtu', { observes: ['B-C'] })
  const rtu = ied('b-rtu', 'rtu')
  for (const [what, ieds, parent] of [
    ['the operator of a device on the way', [operator, observer, rtu], 'z-operator'],
    ['else the observer of a section on the way', [observer, rtu], 'y-observer'],
    ['else one that is no meter', [ied('a-meter', 'meter'), rtu, ied('c-rtu', 'rtu')], 'b-rtu'],
    ['else the first by name', [ied('n', 'meter'), ied('m', 'meter')], 'm'],
  ] as const) {
    it(what, () => {
      const feeder = createFeeder(
        feederOf('A-B B*C C-D', file => {
          file.ieds = [...file.ieds.filter(({ node }) => node === 'D'), ...ieds]
        }),
      )
      expect(feeder.parent('ied-D')).toBe(parent)
    })
  }
})

describe('the hash', () => {
  const changed = (change: (file: FeederFile) => void): string => {
    const file = structuredClone(ieee13File) as FeederFile
    change(file)
    return createFeeder(file).hash
  }
  const { hash } = ieee13()

  it('is a SHA-256 in hex', () => expect(hash).toMatch(/^[0-9a-f]{64}$/))

  const same: Readonly<Record<string, (file: FeederFile) => void>> = {
    'the order of entries': file => {
      for (const list of [file.nodes, file.sections, file.devices, file.ieds, file.loads]) list.reverse()
    },
    'which end of a section is called from': file => {
      for (const section of file.sections) [section.from, section.to] = [section.to, section.from]
      for (const device of file.devices) device.at = 'to'
    },
    'a description': file => {
      file.description = 'another'
    },
    'places, customers and load figures': file => {
      for (const node of file.nodes) delete node.place
      for (const load of file.loads) Object.assign(load, { customers: 9, kw: { a: 1 }, priority: 2, sheddableShare: 0 })
    },
  }
  for (const [what, change] of Object.entries(same))
    it(`does not depend on ${what}`, () => expect(changed(change)).toBe(hash))

  const different: Readonly<Record<string, (file: FeederFile) => void>> = {
    'a relay setting': file => Object.assign(file.devices[0] ?? {}, { relay: { pickupAmps: 961, delayMs: 900 } }),
    'a ground stage': file =>
      Object.assign(file.devices[0]?.relay ?? {}, { ground: { pickupAmps: 100, delayMs: 900 } }),
    reclosing: file => Object.assign(file.devices[1] ?? {}, { reclose: { deadTimesMs: [500], resetMs: 9000 } }),
    'a melting curve': file =>
      Object.assign(file.devices[4] ?? {}, {
        meltingCurve: [
          [10, 9],
          [90, 1],
        ],
      }),
    'how many sources there are': file => file.sources.push({ ...file.sources[0], name: 'second' } as SourceEntry),
    'where a generator stands': file => Object.assign(file.generators[0] ?? {}, { node: '692' }),
    'the normal position of a device': file => Object.assign(file.devices[4] ?? {}, { normal: 'open' }),
    'where a section leads': file => Object.assign(file.sections[4] ?? {}, { to: '634' }),
    'where an IED stands': file => Object.assign(file.ieds[0] ?? {}, { node: '632' }),
    'whose an IED is': file => Object.assign(file.ieds[0] ?? {}, { organisation: 'customer' }),
    'what an IED operates': file => Object.assign(file.ieds[14] ?? {}, { operates: 'C611' }),
    'what an IED observes': file => file.ieds[1]?.observes.reverse(),
  }
  for (const [what, change] of Object.entries(different))
    it(`depends on ${what}`, () => expect(changed(change)).not.toBe(hash))

  it('does not change as devices operate', () => expect(ieee13(['R632', 'open']).hash).toBe(hash))
})

describe('an unknown name is an error that names the nearest known one', () => {
  const feeder = ieee13()
  for (const [ask, message] of [
    [() => feeder.position('R633'), '"R633" — no such device, nearest is "R632"'],
    [() => feeder.setPosition('constructor', 'open'), '"constructor" — no such device'],
    [() => feeder.downstreamIeds('s650-633'), '"s650-633" — no such section, nearest is "s650-632"'],
    [() => feeder.isDownstream('gen-676', 's650-632'), '"gen-676" — no such ied, nearest is "gen-675"'],
    [() => feeder.fedThrough('x'), '"x" — no such device'],
    [() => feeder.upstreamIeds({ ied: 'x' }), '"x" — no such ied'],
    [() => feeder.upstreamIeds({ device: 'x' }), '"x" — no such device'],
    [() => feeder.energised('631'), '"631" — no such node, nearest is "611"'],
    [() => feeder.zoneOf('x'), '"x" — no such node'],
    [() => feeder.zoneOfSection('x'), '"x" — no such section'],
    [() => feeder.parent('x'), '"x" — no such ied'],
    [() => feeder.children('x'), '"x" — no such ied'],
    [() => feeder.observerOf('x'), '"x" — no such section'],
    [() => feeder.section('x'), '"x" — no such section'],
    [() => feeder.zoneNeighbours('693'), '"693" — no such zone, nearest is "692"'],
    [() => feeder.ties({ zone: 'x' }), '"x" — no such zone'],
    [() => feeder.ties({ node: 'x' }), '"x" — no such node'],
    [() => feeder.downstreamOfDevice('x'), '"x" — no such device'],
    [() => feeder.upstream('x'), '"x" — no such node'],
    [() => feeder.sourcesOf('x'), '"x" — no such node'],
  ] as const) {
    it(message, () =>
      expect(ask).toThrow(expect.objectContaining({ name: 'TopologyError', code: 'UNKNOWN_NAME', message })),
    )
  }
})

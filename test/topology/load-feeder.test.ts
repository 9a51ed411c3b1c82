import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { PerConnection } from '../../topology/feeder-file.ts'
import { LARGEST_FILE } from '../../topology/feeder-yaml.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { totalOf } from '../../topology/load-power.ts'
import { TopologyError } from '../../topology/topology-error.ts'

const GOOD = `feedermesh: 1
name: small
nominalKv: 12.47
frequencyHz: 60
sources: [{ name: source, node: sub }]
nodes:
  - { name: sub, phases: [a, b, c] }
  - { name: mid, phases: [a, b, c] }
  - { name: far, phases: [a] }
  - { name: end, phases: [a, b, c] }
lineCodes:
  - { name: lc1, phases: [a], rOhmPerKm: [[0.3]], xOhmPerKm: [[0.6]] }
sections:
  - { name: s1, from: sub, to: mid, phases: [a, b, c] }
  - { name: s2, from: mid, to: far, phases: [a], lengthM: 100, lineCode: lc1 }
  - { name: s3, from: mid, to: end, phases: [a, b, c] }
  - { name: tie, from: sub, to: end, phases: [a, b, c] }
devices:
  - { name: CB1, kind: breaker, section: s1 }
  - { name: T1, kind: tie, section: tie, normal: open }
capacitors:
  - { name: C1, node: end, kvar: { a: 100 } }
loads:
  - { name: L1, node: far, kw: { a: 10 }, kvar: { a: 2 } }
  - { name: L2, along: s3, kw: { c: 10 }, kvar: { c: 2 } }
generators:
  - { name: G1, node: end, kind: inverter, kw: 30 }
ieds:
  - { name: relay, kind: relay, node: sub, organisation: utility, operates: CB1, observes: [s1, tie] }
  - { name: rtu, kind: rtu, node: mid, organisation: utility, observes: [s2] }
  - { name: meter, kind: meter, node: far, organisation: utility, meters: [L1] }
`

const errorOf = (text: string): TopologyError => {
  try {
    parseFeeder(text, 'f.yaml')
  } catch (error) {
    expect(error).toBeInstanceOf(TopologyError)
    return error as TopologyError
  }
  throw new Error('was accepted')
}

/** Each row changes one thing in the good file. */
// biome-ignore format: a table, one row a line
const cases = [
  { it: 'a YAML mistake', put: ['[[0.3]]', '[[0.3]'], code: 'FEEDER_SYNTAX', says: /^f\.yaml:12: .+/ },
  { it: 'a key given twice', put: ['name: small', 'name: small\nname: small'], code: 'FEEDER_SYNTAX', says: 'f.yaml:3: Map keys must be unique' },
  { it: 'a tag that YAML does not know', put: ['name: small', 'name: !js small'], code: 'FEEDER_SYNTAX', says: 'f.yaml:2: Unresolved tag: !js' },
  { it: 'another version of the format', put: ['feedermesh: 1', 'feedermesh: 2'], code: 'FEEDER_SCHEMA', says: 'f.yaml:1: feedermesh: 2 — want 1' },
  { it: 'a wrong frequency', put: ['frequencyHz: 60', 'frequencyHz: 16.7'], code: 'FEEDER_SCHEMA', says: 'f.yaml:4: frequencyHz: 16.7 — want one of 50, 60' },
  { it: 'text for a number', put: ['nominalKv: 12.47', 'nominalKv: high'], code: 'FEEDER_SCHEMA', says: 'f.yaml:3: nominalKv: "high" — is text, want a number' },
  { it: 'a number out of range', put: ['lengthM: 100', 'lengthM: -1'], code: 'FEEDER_SCHEMA', says: 'f.yaml:15: sections[1].lengthM: -1 — want at least 0' },
  { it: 'a number above its range', put: ['kvar: { a: 2 } }', 'kvar: { a: 2 }, priority: 12 }'], code: 'FEEDER_SCHEMA', says: 'f.yaml:24: loads[0].priority: 12 — want at most 9' },
  { it: 'a key left empty', put: ['nominalKv: 12.47', 'nominalKv:'], code: 'FEEDER_SCHEMA', says: 'f.yaml:3: nominalKv: is empty, want a number' },
  { it: 'a list that is too short', put: ['phases: [a, b, c] }\n  - { name: mid', 'phases: [] }\n  - { name: mid'], code: 'FEEDER_SCHEMA', says: 'f.yaml:7: nodes[0].phases: want at least 1 entries' },
  { it: 'a number that is none', put: ['kw: 30', 'kw: .nan'], code: 'FEEDER_SCHEMA', says: /^f\.yaml:27: generators\[0\]\.kw: NaN — .*want a number$/ },
  { it: 'a name without quotes that YAML reads as a number', put: ['from: sub, to: mid', 'from: 650, to: mid'], code: 'FEEDER_SCHEMA', says: 'f.yaml:14: sections[0].from: 650 — is a number, want text: put it in quotes' },
  { it: 'a name with letters that no name has', put: ['name: C1', 'name: "C 1"'], code: 'FEEDER_SCHEMA', says: 'f.yaml:22: capacitors[0].name: "C 1" — want a name of letters, digits, "_", "." or "-", 64 at most' },
  { it: 'a missing key', put: ['to: mid, phases', 'phases'], code: 'FEEDER_SCHEMA', says: 'f.yaml:14: sections[0].to: is missing, want text' },
  { it: 'a key that is none', put: ['lengthM: 100', 'length: 100'], code: 'FEEDER_SCHEMA', says: 'f.yaml:15: sections[1].length: no such key here, want it left out or spelt right' },
  { it: 'a key that means something to the engine', put: ['name: small', 'name: small\n__proto__: { x: 1 }'], code: 'FEEDER_SCHEMA', says: 'f.yaml:3: __proto__: no such key here, want it left out or spelt right' },
  { it: 'a phase that is none', put: ['name: far, phases: [a]', 'name: far, phases: [x]'], code: 'FEEDER_SCHEMA', says: 'f.yaml:9: nodes[2].phases[0]: "x" — want one of a, b, c' },
  { it: 'a node name used twice', put: ['name: far, phases', 'name: mid, phases'], code: 'FEEDER_REFERENCE', says: /^f\.yaml:9: nodes\[2\]\.name: "mid" — is the name of nodes\[1\] too, want each name once$/m },
  { it: 'a name shared by two things that an IED may operate', put: ['name: C1', 'name: G1'], code: 'FEEDER_REFERENCE', says: /generators\[0\]\.name: "G1" — is the name of capacitors\[0\] too|capacitors\[0\]\.name: "G1" — is the name of generators\[0\] too/ },
  { it: 'an unknown node, with the nearest known one', put: ['from: mid, to: end', 'from: mjd, to: end'], code: 'FEEDER_REFERENCE', says: 'f.yaml:16: sections[2].from: "mjd" — no such node, want "mid"?' },
  { it: 'an unknown source', put: ['node: sub }', 'node: grid }'], code: 'FEEDER_REFERENCE', says: 'f.yaml:5: sources[0].node: "grid" — no such node' },
  { it: 'an unknown line code', put: ['lineCode: lc1', 'lineCode: lc2'], code: 'FEEDER_REFERENCE', says: 'f.yaml:15: sections[1].lineCode: "lc2" — no such line code, want "lc1"?' },
  { it: 'a device on no section', put: ['section: s1', 'section: s9'], code: 'FEEDER_REFERENCE', says: 'f.yaml:19: devices[0].section: "s9" — no such section, want "s1"?' },
  { it: 'an unknown load to meter', put: ['[L1]', '[L7]'], code: 'FEEDER_REFERENCE', says: 'f.yaml:31: ieds[2].meters[0]: "L7" — no such load, want "L1"?' },
  { it: 'an unknown device to operate', put: ['operates: CB1', 'operates: CB2'], code: 'FEEDER_REFERENCE', says: 'f.yaml:29: ieds[0].operates: "CB2" — no such device, load, generator or capacitor, want "CB1"?' },
  { it: 'two operators of one device', put: ['organisation: utility, observes: [s2]', 'organisation: utility, operates: CB1'], code: 'FEEDER_REFERENCE', says: 'f.yaml:30: ieds[1].operates: "CB1" — is operated by "relay" already, want one IED' },
  { it: 'two observers of one section', put: ['observes: [s2]', 'observes: [s1]'], code: 'FEEDER_REFERENCE', says: 'f.yaml:30: ieds[1].observes[0]: "s1" — is observed by "relay" already, want one IED' },
  { it: 'an observer below its section', put: ['meters: [L1]', 'observes: [s3]'], code: 'FEEDER_REFERENCE', says: 'f.yaml:31: ieds[2].observes[0]: "s3" — "meter" at node "far" cannot see what enters it, want an IED at "mid" or "sub"' },
  { it: 'a load that hangs nowhere', put: ['node: far, kw', 'kw'], code: 'FEEDER_REFERENCE', says: 'f.yaml:24: loads[0]: "L1" — has neither node nor along, want one of the two' },
  { it: 'a load that hangs twice', put: ['node: far, kw', 'node: far, along: s2, kw'], code: 'FEEDER_REFERENCE', says: 'f.yaml:24: loads[0]: "L1" — has both node and along, want one of the two' },
  { it: 'a section from a node to itself', put: ['from: mid, to: end', 'from: end, to: end'], code: 'FEEDER_REFERENCE', says: 'f.yaml:16: sections[2].to: "end" — joins a node to itself, want another node' },
  { it: 'a phase that the node lacks', put: ['to: far, phases: [a]', 'to: far, phases: [a, b]'], code: 'FEEDER_PHASES', says: /^f\.yaml:15: sections\[1\]\.phases: "a, b" — node "far" has no phase b, want a$/m },
  { it: 'a phase that the line code lacks', put: ['name: lc1, phases: [a]', 'name: lc1, phases: [b]'], code: 'FEEDER_PHASES', says: 'f.yaml:15: sections[1].phases: "a" — line code "lc1" has no phase a, want b' },
  { it: 'a load on a phase that is not there', put: ['kvar: { a: 2 }', 'kvar: { b: 2 }'], code: 'FEEDER_PHASES', says: 'f.yaml:24: loads[0].kvar: "b" — node "far" has no phase b, want a' },
  { it: 'a matrix of the wrong size', put: ['[[0.3]]', '[[0.3, 0.1]]'], code: 'FEEDER_PHASES', says: 'f.yaml:12: lineCodes[0].rOhmPerKm: "lc1" — has 1 rows of 2, want 1 × 1, by phase' },
  { it: 'a phase named twice', put: ['name: far, phases: [a]', 'name: far, phases: [a, a]'], code: 'FEEDER_PHASES', says: 'f.yaml:9: nodes[2].phases: "a, a" — want each phase once' },
  { it: 'a loop in the normal state', put: ['normal: open', 'normal: closed'], code: 'FEEDER_LOOP', says: 'f.yaml:17: sections[3]: "tie" — closes a loop between "sub" and "end" in the normal state, want a normally open device in it' },
] as const

describe('parseFeeder refuses', () => {
  for (const { it: name, put, code, says } of cases) {
    it(name, () => {
      expect(GOOD).toContain(put[0])
      const error = errorOf(GOOD.replace(put[0], put[1]))
      expect(error.code).toBe(code)
      if (says instanceof RegExp) expect(error.message).toMatch(says)
      else expect(error.message.split('\n')).toEqual([says])
    })
  }

  it('a node that no section leads to', () => {
    const error = errorOf(GOOD.replace('lineCodes:', '  - { name: lost, phases: [a] }\nlineCodes:'))
    expect(error.message).toBe(
      'f.yaml:11: nodes[4]: "lost" — no sections lead to it from a source ("sub"), want it connected',
    )
  })

  it('a phase at a node that its feeding section does not bring', () => {
    const error = errorOf(
      GOOD.replace('name: s3, from: mid, to: end, phases: [a, b, c]', 'name: s3, from: mid, to: end, phases: [a, c]'),
    )
    expect(error.message).toBe(
      'f.yaml:10: nodes[3].phases: "end" — section "s3", which feeds it, has no phase b, want a, c',
    )
  })

  it('an unsymmetric matrix', () => {
    const code = '{ name: lc2, phases: [a, b], rOhmPerKm: [[1, 0.1], [0.2, 1]], xOhmPerKm: [[1, 0], [0, 1]] }'
    const error = errorOf(GOOD.replace('sections:', `  - ${code}\nsections:`))
    expect(error.message).toBe(
      'f.yaml:13: lineCodes[1].rOhmPerKm: "lc2" — is not symmetric, want the same above and below',
    )
  })

  it('everything that is wrong at once, in the order of the lines', () => {
    const error = errorOf(
      GOOD.replace('section: s1', 'section: s9').replace('[L1]', '[L9]').replace('from: mid', 'from: mad'),
    )
    expect(error.code).toBe('FEEDER_REFERENCE')
    expect(error.message.split('\n').map(line => line.split(' — ')[0])).toEqual([
      'f.yaml:15: sections[1].from: "mad"',
      'f.yaml:19: devices[0].section: "s9"',
      'f.yaml:31: ieds[2].meters[0]: "L9"',
    ])
  })

  for (const [what, text] of [
    ['nothing', ''],
    ['a list', '- a\n- b'],
    ['text', 'feeder'],
  ] as const) {
    it(`a file that holds ${what}`, () => {
      const error = errorOf(text)
      expect(error.code).toBe('FEEDER_SCHEMA')
      expect(error.message).toMatch(/^f\.yaml:1: file: .*want keys and values$/)
    })
  }

  it('two documents in one file', () => expect(errorOf(`${GOOD}---\n${GOOD}`).code).toBe('FEEDER_SYNTAX'))

  it('a bomb of aliases, at once', () => {
    const levels = Array.from({ length: 30 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n}, `.repeat(9)}*l${n}]`)
    const error = errorOf(`l0: &l0 [x, x]\n${levels.join('\n')}\n`)
    expect(error.code).toBe('FEEDER_SYNTAX')
    expect(error.message).toMatch(/^f\.yaml:1: cannot be read as YAML: .*alias/i)
  })

  it('an alias inside what it stands for', () => expect(errorOf('a: &a [*a]').code).toMatch(/^FEEDER_/))

  it('nesting deeper than any feeder', () => expect(errorOf('['.repeat(200_000)).code).toBe('FEEDER_SYNTAX'))

  it('a file beyond the size limit', () => {
    const error = errorOf(' '.repeat(LARGEST_FILE + 1))
    expect(error.code).toBe('FEEDER_SYNTAX')
    expect(error.message).toContain(`want ${LARGEST_FILE} at most`)
  })
})

it('refuses a big file that only the full reader knows, at once and by its line', () => {
  const error = errorOf(`${GOOD.replace('name: small', 'name: "sm\\u0061ll"')}${'#'.repeat(3_000_000)}`)
  expect(error.code).toBe('FEEDER_SYNTAX')
  expect(error.message).toMatch(/^f\.yaml:2: too big for such YAML, want .* or 2097152 characters at most$/)
})

it('refuses a file of more values than any feeder has', () => {
  const error = errorOf(`nodes: [${'1,'.repeat(1_000_001)}]`)
  expect(error.message).toBe('f.yaml:1: has more than 1000000 values, want fewer')
})

it('lists the first hundred of many faults and counts the others', () => {
  const lines = errorOf(`nodes: [${'1,'.repeat(1000)}]`).message.split('\n')
  expect(lines).toHaveLength(101)
  expect(lines.at(-1)).toMatch(/^f\.yaml: and 9\d\d more$/)
})

it('names the lines of a plainly written file with Windows line ends', () => {
  const text = `\uFEFF${GOOD.replace('section: s1', 'section: s9').replaceAll('\n', '\r\n')}`
  expect(errorOf(text).message).toBe('f.yaml:19: devices[0].section: "s9" — no such section, want "s1"?')
})

describe('parseFeeder', () => {
  it('fills in defaults and freezes all of it', () => {
    const file = parseFeeder(GOOD, 'f.yaml')
    expect(file.devices[0]).toEqual({
      name: 'CB1',
      kind: 'breaker',
      section: 's1',
      at: 'from',
      normal: 'closed',
      breakerTimeMs: 50,
      breakerFailureMs: 250,
    })
    expect(() => (file.nodes as unknown[]).push({})).toThrow(TypeError)
    expect(Object.isFrozen(file.loads[0]?.kw)).toBe(true)
  })

  it('reads files with Windows line ends and a byte order mark', () => {
    expect(parseFeeder(`\uFEFF${GOOD.replaceAll('\n', '\r\n')}`, 'f.yaml')).toEqual(parseFeeder(GOOD, 'f.yaml'))
  })

  it('lets anchors and aliases stand for repeated parts', () => {
    const text = GOOD.replace('name: sub, phases: [a, b, c]', 'name: sub, phases: &abc [a, b, c]').replace(
      'name: mid, phases: [a, b, c]',
      'name: mid, phases: *abc',
    )
    expect(parseFeeder(text, 'f.yaml')).toEqual(parseFeeder(GOOD, 'f.yaml'))
  })

  it('lets a normally open tie be observed from either of its ends', () => {
    const text = GOOD.replace('observes: [s1, tie]', 'observes: [s1]').replace(
      'node: far, organisation: utility, meters: [L1]',
      'node: end, organisation: utility, observes: [tie]',
    )
    expect(parseFeeder(text, 'f.yaml').ieds[2]?.observes).toEqual(['tie'])
  })
})

// IEEE PES Distribution Test Feeders, IEEE 13 Node Test Feeder, 2004: spot and distributed loads, capacitors, line data.
describe('the shipped IEEE 13-node feeder', () => {
  const file = parseFeeder(
    readFileSync(new URL('../../topology/feeders/ieee13.yaml', import.meta.url), 'utf8'),
    'ieee13.yaml',
  )
  const sum = (entries: readonly PerConnection[]) => entries.reduce((total, figures) => total + totalOf(figures), 0)

  it('has the published load', () => {
    expect(sum(file.loads.map(load => load.kw))).toBe(3466)
    expect(sum(file.loads.map(load => load.kvar))).toBe(2102)
    expect(sum(file.capacitors.map(capacitor => capacitor.kvar))).toBe(700)
  })

  it('has the published nodes and length of line', () => {
    expect(file.nodes).toHaveLength(13)
    expect(file.sections).toHaveLength(12)
    const feet = file.sections.reduce((total, { lengthM }) => total + lengthM / 0.3048, 0)
    expect(feet).toBeCloseTo(2000 + 500 + 500 + 300 + 2000 + 1000 + 300 + 300 + 800 + 500, 6)
  })

  it('has the published impedances, here of configuration 601', () => {
    const code = file.lineCodes.find(({ name }) => name === '601')
    expect(code?.rOhmPerKm[0]?.map(r => r * 1.609344)).toEqual([0.3465, 0.156, 0.158].map(r => expect.closeTo(r, 5)))
    expect(code?.xOhmPerKm[1]?.map(x => x * 1.609344)).toEqual([0.5017, 1.0478, 0.3849].map(x => expect.closeTo(x, 5)))
  })
})

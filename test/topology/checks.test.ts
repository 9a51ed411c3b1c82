// The checks of a feeder file beyond names: phases, impedances, equipment, loops, connection.

import { describe, expect, it } from 'vitest'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { TopologyError } from '../../topology/topology-error.ts'

const GOOD = `feedermesh: 1
name: checks
nominalKv: 12.47
frequencyHz: 60
sources:
  - { name: north, node: sub }
  - { name: south, node: grid }
nodes:
  - { name: sub, phases: [a, b, c] }
  - { name: mid, phases: [a, b, c] }
  - { name: end, phases: [a, b, c] }
  - { name: home, phases: [a, b] }
  - { name: grid, phases: [a, b, c] }
lineCodes:
  - { name: two, phases: [a, b], rOhmPerKm: [[0.4, 0.1], [0.1, 0.4]], xOhmPerKm: [[0.9, 0.4], [0.4, 0.9]], bMicroSiemensPerKm: [[5, -1], [-1, 5]] }
sections:
  - { name: line, from: sub, to: mid, phases: [a, b, c], lengthM: 90, impedance: { rOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], xOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] } }
  - { name: bank, from: mid, to: end, phases: [a, b, c] }
  - { name: drop, from: end, to: home, phases: [c] }
  - { name: tie, from: end, to: grid, phases: [a, b, c] }
  - { name: span, from: sub, to: mid, phases: [a, b], lengthM: 10, lineCode: two }
devices:
  - { name: CB, kind: breaker, section: line, relay: { pickupAmps: 400, delayMs: 300 }, reclose: { deadTimesMs: [500] } }
  - { name: F1, kind: fuse, section: drop, meltingCurve: [[10, 100], [20, 1], [90, 0.01]] }
  - { name: T1, kind: tie, section: tie, normal: open }
  - { name: T2, kind: switch, section: span, normal: open }
transformers:
  - { name: XA, section: bank, phases: [a], kva: 50, primaryKv: 7.2, secondaryKv: 7.2, resistancePercent: 1, reactancePercent: 2 }
  - { name: XB, section: bank, phases: [b, c], primary: delta, kva: 50, primaryKv: 12, secondaryKv: 7.2, resistancePercent: 1, reactancePercent: 2 }
  - { name: XH, section: drop, secondary: center-tapped, kva: 50, primaryKv: 7.2, secondaryKv: 0.24, resistancePercent: 1, reactancePercent: 2 }
regulators:
  - { name: VR, section: line, taps: { ab: 3, bc: -2 } }
capacitors:
  - { name: C1, node: end, kvar: { bc: 100 } }
loads:
  - { name: L1, node: home, kw: { a: 1, ab: 3 }, kvar: {} }
generators:
  - { name: G1, node: end, kind: inverter, kw: 30, phases: [a] }
`

/** Puts one text for another, which is there once. */
const put = (...changes: readonly (readonly [string, string])[]): string =>
  changes.reduce((text, [from, to]) => {
    expect(text.split(from)).toHaveLength(2)
    return text.replace(from, to)
  }, GOOD)
const errorOf = (text: string): TopologyError => {
  try {
    parseFeeder(text, 'f')
  } catch (error) {
    expect(error).toBeInstanceOf(TopologyError)
    return error as TopologyError
  }
  throw new Error('was accepted')
}

describe('a feeder of everything', () => {
  it('is accepted', () => expect(parseFeeder(GOOD, 'f').transformers).toHaveLength(3))
})

/** Each row changes one thing in the good file. */
// biome-ignore format: a table, one row a line
const cases = [
  { it: 'two sources of one name', put: ['name: south', 'name: north'], code: 'FEEDER_REFERENCE', says: 'f:7: sources[1].name: "north" — is the name of sources[0] too, want each name once' },
  { it: 'a load between phases of which one is not there', put: ['ab: 3 }', 'bc: 3 }'], code: 'FEEDER_PHASES', says: 'f:36: loads[0].kw: "a, bc" — node "home" has no phase c, want a, b' },
  { it: 'a capacitor below nothing', put: ['kvar: { bc: 100 }', 'kvar: { bc: -1 }'], code: 'FEEDER_EQUIPMENT', says: 'f:34: capacitors[0].kvar.bc: -1 — want 0 or more' },
  { it: 'a generator on a phase that is not there', put: ['node: end, kind: inverter, kw: 30, phases: [a]', 'node: home, kind: inverter, kw: 30, phases: [c]'], code: 'FEEDER_PHASES', says: 'f:38: generators[0].phases: "c" — node "home" has no phase c, want a, b' },
  { it: 'a transformer on a phase that its section lacks', put: ['secondary: center-tapped', 'secondary: center-tapped, phases: [a]'], code: 'FEEDER_PHASES', says: 'f:30: transformers[2].phases: "a" — section "drop" has no phase a, want c' },
  { it: 'two transformers on one phase', put: ['phases: [b, c], primary: delta', 'phases: [a, b]'], code: 'FEEDER_PHASES', says: 'f:29: transformers[1]: "XB" — uses phase a of section "bank", which "XA" has, want each phase in one unit' },
  { it: 'a regulator on a phase that a transformer uses', put: ['section: line, taps: { ab: 3, bc: -2 }', 'section: bank, taps: { ab: 3 }'], code: 'FEEDER_PHASES', says: 'f:32: regulators[0].taps.ab: "VR" — uses phase ab of section "bank", which "XA" has, want each phase in one unit' },
  { it: 'a regulator to ground and between phases at once', put: ['ab: 3, bc: -2', 'a: 1, bc: 3, b: 0'], code: 'FEEDER_PHASES', says: 'f:32: regulators[0].taps.bc: "VR" — uses phase bc of section "line", which "VR" has, want each phase in one unit' },
  { it: 'a regulator on a phase that is not there', put: ['section: line, taps: { ab: 3', 'section: span, taps: { ca: 3'], code: 'FEEDER_PHASES', says: 'f:32: regulators[0].taps: "bc, ca" — section "span" has no phase c, want a, b' },
  { it: 'a tap that no regulator has', put: ['ab: 3,', 'ab: 40,'], code: 'FEEDER_EQUIPMENT', says: 'f:32: regulators[0].taps.ab: 40 — want -32 to 32' },
  { it: 'a regulator without a tap', put: ['ab: 3, bc: -2', ''], code: 'FEEDER_EQUIPMENT', says: 'f:32: regulators[0].taps: "VR" — has no tap, want one for each unit' },
  { it: 'a centre-tapped transformer on two phases', put: ['to: home, phases: [c]', 'to: home, phases: [b, c]'], code: 'FEEDER_PHASES', says: 'f:30: transformers[2].secondary: "XH" — a centre-tapped secondary has 2 phases in front of it, want one' },
  { it: 'a centre-tapped transformer beside another', put: ['XA, section: bank', 'XA, section: drop'], code: 'FEEDER_PHASES', says: /^f:30: transformers\[2\]\.section: "drop" — shares section "drop" with "XA", want a centre-tapped transformer alone$/m },
  { it: 'a node that is not the legs of its centre-tapped transformer', put: ['name: home, phases: [a, b]', 'name: home, phases: [a, b, c]'], code: 'FEEDER_PHASES', says: 'f:19: sections[2].to: "home" — node "home" has the phases a, b, c, want the legs of the centre-tapped transformer, a, b' },
  { it: 'an impedance and a line code', put: ['lengthM: 10, lineCode: two', 'lengthM: 10, lineCode: two, impedance: { rOhm: [[1, 0], [0, 1]], xOhm: [[1, 0], [0, 1]] }'], code: 'FEEDER_IMPEDANCE', says: 'f:21: sections[4].impedance: "span" — has an impedance and the line code "two", want one of the two' },
  { it: 'an impedance of the wrong size', put: ['rOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]', 'rOhm: [[1]]'], code: 'FEEDER_PHASES', says: 'f:17: sections[0].impedance.rOhm: "line" — has 1 rows of 1, want 3 × 3, by phase' },
  { it: 'a charging that is not symmetric', put: ['[[5, -1], [-1, 5]]', '[[5, -1], [-2, 5]]'], code: 'FEEDER_PHASES', says: 'f:15: lineCodes[0].bMicroSiemensPerKm: "two" — is not symmetric, want the same above and below' },
  { it: 'a charging below nothing', put: ['[[5, -1], [-1, 5]]', '[[5, -1], [-1, -5]]'], code: 'FEEDER_IMPEDANCE', says: 'f:15: lineCodes[0].bMicroSiemensPerKm: "two" — has less than 0 in phase b, want 0 or more' },
  { it: 'a negative resistance', put: ['[[0.4, 0.1], [0.1, 0.4]]', '[[0.4, 0.1], [0.1, -0.4]]'], code: 'FEEDER_IMPEDANCE', says: 'f:15: lineCodes[0].rOhmPerKm: "two" — has a resistance below 0 in phase b, want more than 0' },
  { it: 'mutual resistances that give energy', put: ['[[0.4, 0.1], [0.1, 0.4]]', '[[0.4, 0.5], [0.5, 0.4]]'], code: 'FEEDER_IMPEDANCE', says: 'f:15: lineCodes[0].rOhmPerKm: "two" — is not positive definite, so some currents would give energy or lose none, want the mutual terms less' },
  { it: 'a line without resistance', put: ['rOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]', 'rOhm: [[1, 0, 0], [0, 0, 0], [0, 0, 1]]'], code: 'FEEDER_IMPEDANCE', says: /^f:17: sections\[0\]\.impedance\.rOhm: "line" — is not positive definite/ },
  { it: 'a line without reactance', put: ['xOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]', 'xOhm: [[1, 0, 0], [0, 0, 0], [0, 0, -1]]'], code: 'FEEDER_IMPEDANCE', says: 'f:17: sections[0].impedance.xOhm: "line" — has a self reactance of 0 or less in phase b, c, want more than 0 where there is a length' },
  { it: 'mutual reactances that make a capacitor', put: ['[[0.9, 0.4], [0.4, 0.9]]', '[[0.9, 1.4], [1.4, 0.9]]'], code: 'FEEDER_IMPEDANCE', says: 'f:15: lineCodes[0].xOhmPerKm: "two" — is not positive semidefinite: some currents would see a capacitor, want the mutual terms less' },
  { it: 'a length in a wrong unit', put: ['lengthM: 10,', 'lengthM: 1.0e+12,'], code: 'FEEDER_IMPEDANCE', says: 'f:21: sections[4]: "span" — has an impedance of 9.00e+8 ohm, want 1000000 at most; lengths are in metres, line codes per kilometre' },
  { it: 'an impedance that no line has', put: ['rOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]', 'rOhm: [[1.0e+300, 0, 0], [0, 1, 0], [0, 0, 1]]'], code: 'FEEDER_IMPEDANCE', says: /^f:17: sections\[0\]: "line" — has an impedance of 1\.00e\+300 ohm/m },
  { it: 'volts for kilovolts', put: ['nominalKv: 12.47', 'nominalKv: 12470'], code: 'FEEDER_SCHEMA', says: 'f:3: nominalKv: 12470 — want at most 1200' },
  { it: 'a load beyond all bounds', put: ['ab: 3 }', 'ab: 1.0e+308 }'], code: 'FEEDER_SCHEMA', says: 'f:36: loads[0].kw.ab: 1e+308 — want at most 1000000' },
  { it: 'a load that is not a number', put: ['ab: 3 }', 'ab: .nan }'], code: 'FEEDER_SCHEMA', says: 'f:36: loads[0].kw.ab: NaN — is no finite number, want a number' },
  { it: 'a relay on a switch', put: ['kind: breaker', 'kind: switch'], code: 'FEEDER_EQUIPMENT', says: 'f:23: devices[0].relay: "CB" — is a switch, want a relay on breakers and reclosers only' },
  { it: 'reclosing without a relay', put: ['relay: { pickupAmps: 400, delayMs: 300 }, ', ''], code: 'FEEDER_EQUIPMENT', says: 'f:23: devices[0].reclose: "CB" — recloses without a relay that trips it, want a relay too, or no reclose' },
  { it: 'fast shots without a curve for them', put: ['deadTimesMs: [500]', 'deadTimesMs: [500], fastShots: 1'], code: 'FEEDER_EQUIPMENT', says: 'f:23: devices[0].reclose.fastShots: "CB" — has 1 fast shots and no curve for them, want relay.fast too' },
  { it: 'more fast shots than trips', put: ['delayMs: 300 }, reclose: { deadTimesMs: [500]', 'delayMs: 300, fast: { pickupAmps: 400, delayMs: 50 } }, reclose: { deadTimesMs: [500], fastShots: 3'], code: 'FEEDER_EQUIPMENT', says: 'f:23: devices[0].reclose.fastShots: "CB" — has 3 fast shots of 2 trips, want no more than trips' },
  { it: 'a counter on a switch', put: ['kind: switch, section: span', 'kind: switch, sectionalizer: { actuatingAmps: 160, counts: 2 }, section: span'], code: 'FEEDER_EQUIPMENT', says: 'f:26: devices[3].sectionalizer: "T2" — is a switch, want a counter on sectionalizers only' },
  { it: 'groups of settings without a relay', put: ['kind: switch, section: span', 'kind: switch, settingsGroups: { winter: { relay: { pickupAmps: 9, delayMs: 9 } } }, section: span'], code: 'FEEDER_EQUIPMENT', says: 'f:26: devices[3].settingsGroups: "T2" — has groups of settings for a relay that it lacks, want a relay too, or no groups' },
  { it: 'a melting curve on a switch', put: ['kind: fuse', 'kind: switch'], code: 'FEEDER_EQUIPMENT', says: 'f:24: devices[1].meltingCurve: "F1" — is a switch, want a melting curve on fuses only' },
  { it: 'a melting curve that rises', put: ['[90, 0.01]', '[90, 2]'], code: 'FEEDER_EQUIPMENT', says: 'f:24: devices[1].meltingCurve[2]: "F1" — goes on to 90 A, 2 s, want more amperes at each point and never more seconds' },
  { it: 'a melting curve that goes back', put: ['[90, 0.01]', '[20, 0.01]'], code: 'FEEDER_EQUIPMENT', says: /^f:24: devices\[1\]\.meltingCurve\[2\]: "F1" — goes on to 20 A/ },
  { it: 'two sources in parallel', put: [', normal: open }\n  - { name: T2', ' }\n  - { name: T2'], code: 'FEEDER_LOOP', says: 'f:7: sources[1]: "south" — runs in parallel with "north" in the normal state, want a normally open device between them' },
  { it: 'sections side by side that share a phase', put: ['section: span, normal: open', 'section: span'], code: 'FEEDER_LOOP', says: 'f:21: sections[4]: "span" — closes a loop between "sub" and "mid" in the normal state, want a normally open device in it' },
] as const

describe('parseFeeder refuses', () => {
  for (const { it: name, put: change, code, says } of cases) {
    it(name, () => {
      const error = errorOf(put(change))
      expect(error.code).toBe(code)
      if (says instanceof RegExp) expect(error.message).toMatch(says)
      else expect(error.message.split('\n')).toEqual([says])
    })
  }
})

describe('parseFeeder allows', () => {
  const meshed = ['frequencyHz: 60', 'frequencyHz: 60\nallowLoops: true'] as const
  const bothTies = [', normal: open }\n  - { name: T2', ' }\n  - { name: T2'] as const

  it('loops and sources in parallel where the file says that they are meant', () => {
    expect(parseFeeder(put(meshed, bothTies, ['section: span, normal: open', 'section: span']), 'f').allowLoops).toBe(
      true,
    )
  })

  it('sections side by side on phases of their own', () => {
    const text = put(
      [
        '[a, b, c], lengthM: 90, impedance: { rOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], xOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] }',
        '[c]',
      ],
      ['section: span, normal: open', 'section: span'],
      ['section: line, taps: { ab: 3, bc: -2 }', 'section: line, taps: { c: 3 }'],
    )
    expect(parseFeeder(text, 'f').sections).toHaveLength(5)
  })

  it('a section of no length that has no impedance, or that of a series capacitor', () => {
    const text = put(
      ['lengthM: 90', 'lengthM: 0'],
      ['xOhm: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]', 'xOhm: [[-1, 0, 0], [0, -1, 0], [0, 0, -1]]'],
    )
    expect(parseFeeder(text, 'f').sections[0]?.lengthM).toBe(0)
  })

  it('two units of an open delta that share a phase', () => {
    const text = put(['XA, section: bank, phases: [a]', 'XA, section: bank, primary: delta, phases: [a, b]'])
    expect(parseFeeder(text, 'f').transformers[0]?.phases).toEqual(['a', 'b'])
  })
})

it('sources meant to run in parallel must agree in angle', () => {
  const text = put(
    ['frequencyHz: 60', 'frequencyHz: 60\nallowLoops: true'],
    [', normal: open }\n  - { name: T2', ' }\n  - { name: T2'],
    ['node: grid }', 'node: grid, angleDegrees: 30 }'],
  )
  expect(errorOf(text).message).toBe(
    'f:8: sources[1].angleDegrees: 30 — runs in parallel with "north", which has 0, want the same',
  )
  expect(() => parseFeeder(text.replace('angleDegrees: 30', 'angleDegrees: 360'), 'f')).not.toThrow()
})

describe('a phase that nobody brings', () => {
  it('is complained of where it is lost, not at all nodes below', () => {
    const text = put([
      'name: bank, from: mid, to: end, phases: [a, b, c]',
      'name: bank, from: mid, to: end, phases: [a, b]',
    ])
      .replace(/ {2}- \{ name: XB.*\n/, '')
      .replace(
        'phases: [a, b, c] }\n  - { name: home',
        'phases: [a, b, c] }\n  - { name: tail, phases: [a, b, c] }\n  - { name: home',
      )
      .replace('  - { name: tie,', '  - { name: more, from: end, to: tail, phases: [a, b, c] }\n  - { name: tie,')
    expect(errorOf(text).message).toBe(
      'f:11: nodes[2].phases: "end" — section "bank", which feeds it, has no phase c, want a, b',
    )
  })

  it('is no fault where a second section brings it', () => {
    const text = put(
      ['name: bank, from: mid, to: end, phases: [a, b, c]', 'name: bank, from: mid, to: end, phases: [a]'],
      ['  - { name: tie,', '  - { name: more, from: mid, to: end, phases: [b, c] }\n  - { name: tie,'],
    ).replace(/ {2}- \{ name: XB.*\n/, '')
    expect(() => parseFeeder(text, 'f')).not.toThrow()
  })

  it('reaches a dark node through its open tie', () => {
    const text = put(
      ['name: grid, phases: [a, b, c] }', 'name: grid, phases: [a, b, c] }\n  - { name: spare, phases: [a, b] }'],
      ['  - { name: span, from: sub, to: mid', '  - { name: span, from: sub, to: spare'],
    )
    expect(() => parseFeeder(text, 'f')).not.toThrow()
    expect(errorOf(text.replace('spare, phases: [a, b]', 'spare, phases: [a, b, c]')).message).toMatch(
      /"spare" — section "span", which feeds it, has no phase c, want a, b$/,
    )
  })
})

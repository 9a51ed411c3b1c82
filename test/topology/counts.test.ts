// What is counted as what. Counts of real feeders are in opendss/published-feeders.test.ts.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { feederCounts } from '../../topology/counts.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'

const FEEDER = `feedermesh: 1
name: counted
nominalKv: 12.47
frequencyHz: 60
sources: [{ name: s, node: n0 }]
nodes:
  - { name: n0, phases: [a, b, c] }
  - { name: n1, phases: [a, b, c] }
  - { name: n2, phases: [a, b, c] }
  - { name: n3, phases: [a, b, c] }
  - { name: n4, phases: [a, b, c] }
lineCodes: [{ name: z, phases: [a], rOhmPerKm: [[1]], xOhmPerKm: [[1]] }]
sections:
  - { name: trafo, from: n0, to: n1, phases: [a, b, c] }
  - { name: switch, from: n1, to: n2, phases: [a, b, c] }
  - { name: headed, from: n2, to: n3, phases: [a, b, c], lengthM: 10 }
  - { name: joint, from: n2, to: n4, phases: [a, b, c] }
  - { name: tie, from: n3, to: n4, phases: [a, b, c] }
devices:
  - { name: Q1, kind: breaker, section: switch }
  - { name: F1, kind: fuse, section: switch, at: to }
  - { name: Q2, kind: recloser, section: headed }
  - { name: T, kind: tie, section: tie, normal: open }
transformers:
  - { name: t, section: trafo, kva: 1, primaryKv: 12.47, secondaryKv: 12.47, resistancePercent: 1, reactancePercent: 1 }
loads:
  - { name: l1, node: n3, kw: { a: 3.3333333333, b: 3.3333333333, c: 3.3333333333 }, kvar: {} }
  - { name: l2, along: headed, kw: { ab: 1.5 }, kvar: {} }
`

describe('feederCounts', () => {
  it('takes a section with a device for a switch only when it has no length', () => {
    expect(feederCounts(parseFeeder(FEEDER, 'counted.yaml'))).toEqual({
      ...{ buses: 5, lines: 2, switchesClosed: 1, switchesOpen: 1, transformers: 1, capacitors: 0 },
      ...{ loads: 2, loadKw: 11.5, radial: true, depth: 3, deepestBus: 'n4' },
    })
  })

  it('sees a loop, and two sources that feed the same', () => {
    const closed = FEEDER.replace('normal: open', 'normal: closed').replace(
      'name: counted',
      'name: c\nallowLoops: true',
    )
    expect(feederCounts(parseFeeder(closed, 'loop.yaml')).radial).toBe(false)
    const twice = FEEDER.replace('node: n0 }', 'node: n0 }, { name: s2, node: n4 }').replace(
      'name: counted',
      'name: c\nallowLoops: true',
    )
    expect(feederCounts(parseFeeder(twice, 'twice.yaml'))).toMatchObject({ radial: false, depth: 2 })
  })

  it('counts the shipped IEEE 13 feeder', () => {
    const name = 'topology/feeders/ieee13.yaml'
    const { loadKw, radial, buses } = feederCounts(parseFeeder(readFileSync(name, 'utf8'), name))
    expect({ loadKw, radial, buses }).toEqual({ loadKw: 3466, radial: true, buses: 13 })
  })
})

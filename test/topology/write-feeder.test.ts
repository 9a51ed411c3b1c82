// What is written reads back the same, and reads well.

import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { readPlainYaml } from '../../topology/plain-yaml.ts'
import { writeFeeder } from '../../topology/write-feeder.ts'

const SHIPPED = readdirSync('topology/feeders').filter(name => name.endsWith('.yaml'))
const shipped = (name: string): FeederFile => parseFeeder(readFileSync(`topology/feeders/${name}`, 'utf8'), name)

const SMALL: FeederFile = parseFeeder(
  `feedermesh: 1
name: small
description: "two \\"nodes\\": # one line"
nominalKv: 12.47
frequencyHz: 60
sources: [{ name: s, node: "1" }]
nodes: [{ name: "1", phases: [a, b, c] }, { name: "on", phases: [a, b, c], drawnAt: [-1.5, 2] }]
lineCodes:
  - name: "1e3"
    phases: [a, b, c]
    rOhmPerKm: [[0.1, 0.02, 0.03], [0.02, 0.1, 0.04], [0.03, 0.04, 0.1]]
    xOhmPerKm: [[0.4, 0.1234567891, 0.1], [0.1234567891, 0.4, 0.1], [0.1, 0.1, 0.4]]
sections: [{ name: s1, from: "1", to: "on", phases: [a, b, c], lengthM: 250.5, lineCode: "1e3" }]
devices: [{ name: R, kind: recloser, section: s1, relay: { pickupAmps: 100, delayMs: 50 }, reclose: { deadTimesMs: [500] } }]
loads: [{ name: l, node: "on", kw: { a: 1, bc: 2.5 }, kvar: {}, customers: 3 }]
`,
  'small.yaml',
)

describe('writeFeeder', () => {
  it('puts each small entry on a line, leaves out defaults and quotes what YAML would take for something else', () => {
    expect(writeFeeder(SMALL)).toBe(`feedermesh: 1
name: small
description: "two \\"nodes\\": # one line"
nominalKv: 12.47
frequencyHz: 60

sources:
  - { name: s, node: "1" }

nodes:
  - { name: "1", phases: [a, b, c] }
  - { name: "on", phases: [a, b, c], drawnAt: [-1.5, 2] }

lineCodes:
  - name: "1e3"
    phases: [a, b, c]
    rOhmPerKm: [[0.1, 0.02, 0.03], [0.02, 0.1, 0.04], [0.03, 0.04, 0.1]]
    xOhmPerKm: [[0.4, 0.1234567891, 0.1], [0.1234567891, 0.4, 0.1], [0.1, 0.1, 0.4]]

sections:
  - { name: s1, from: "1", to: "on", phases: [a, b, c], lengthM: 250.5, lineCode: "1e3" }

devices:
  - { name: R, kind: recloser, section: s1, relay: { pickupAmps: 100, delayMs: 50 }, reclose: { deadTimesMs: [500] } }

loads:
  - { name: l, node: "on", kw: { a: 1, bc: 2.5 }, kvar: {}, customers: 3 }
`)
  })

  it.each(SHIPPED)('reads back the same: %s', name => {
    const file = shipped(name)
    const text = writeFeeder(file)
    expect(parseFeeder(text, name)).toEqual(file)
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(120)
    expect(readPlainYaml(text, { offsets: false })).toHaveProperty('value')
  })

  it('reads back the same whatever numbers and names are in it', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,12}$/)
    const number = fc.double({ noNaN: true, noDefaultInfinity: true })
    const length = fc.double({ min: 1e-300, max: 1e9, noNaN: true })
    const changes = fc.record({
      name,
      description: fc.string({ unit: 'binary' }),
      at: number,
      kw: fc.double({ min: 0, max: 1e6, noNaN: true }),
      lengthM: length,
      load: name,
    })
    fc.assert(
      fc.property(changes, change => {
        const file: FeederFile = {
          ...SMALL,
          name: change.name,
          description: change.description,
          nodes: SMALL.nodes.map(node => ({ ...node, drawnAt: [change.at, 0] as [number, number] })),
          sections: SMALL.sections.map(section => ({ ...section, lengthM: change.lengthM })),
          loads: SMALL.loads.map(load => ({ ...load, name: `l${change.load}`, kw: { a: change.kw } })),
        }
        expect(parseFeeder(writeFeeder(file), 'random.yaml')).toEqual(file)
      }),
    )
  })
})

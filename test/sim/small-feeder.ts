// A feeder small enough to work by hand: 4 kV line to line, so 2309.4 V to neutral.
//
//   S ══CB══ s1 ══ N1 ══R2══ s2 ══ N2          (s2: 0.5 + j0.5 ohm)
//                   ║                ║
//                   ╠═══ s3 ═══ N3 ═T4 (open tie, s4)
//
// Lines have 1 ohm/km in self and no mutual impedance; s1, s3 and s4 are resistive.

import { type FeederFile, feederFileSchema } from '../../topology/feeder-file.ts'

const diagonal = (value: number): number[][] => [
  [value, 0, 0],
  [0, value, 0],
  [0, 0, value],
]
const phases = ['a', 'b', 'c']
const each = (value: number) => ({ a: value, b: value, c: value })

export function smallFeeder(changes: Record<string, unknown> = {}): FeederFile {
  return feederFileSchema.parse({
    feedermesh: 1,
    name: 'small',
    nominalKv: 4,
    frequencyHz: 50,
    sources: [{ name: 'source', node: 'S' }],
    nodes: ['S', 'N1', 'N2', 'N3'].map(name => ({ name, phases })),
    lineCodes: [
      { name: 'R', phases, rOhmPerKm: diagonal(1), xOhmPerKm: diagonal(1e-9) },
      { name: 'RX', phases, rOhmPerKm: diagonal(0.5), xOhmPerKm: diagonal(0.5) },
    ],
    sections: [
      { name: 's1', from: 'S', to: 'N1', phases, lengthM: 1000, lineCode: 'R' },
      { name: 's2', from: 'N1', to: 'N2', phases, lengthM: 1000, lineCode: 'RX' },
      { name: 's3', from: 'N1', to: 'N3', phases, lengthM: 1000, lineCode: 'R' },
      { name: 's4', from: 'N3', to: 'N2', phases, lengthM: 1000, lineCode: 'R' },
    ],
    devices: [
      { name: 'CB', kind: 'breaker', section: 's1', relay: { pickupAmps: 400, delayMs: 800 } },
      { name: 'R2', kind: 'recloser', section: 's2', relay: { pickupAmps: 200, delayMs: 400 }, breakerTimeMs: 40 },
      { name: 'T4', kind: 'tie', section: 's4', at: 'to', normal: 'open' },
    ],
    capacitors: [{ name: 'C3', node: 'N3', kvar: each(30) }],
    loads: [
      { name: 'L2', node: 'N2', kw: each(100), kvar: each(0), sheddableShare: 0.4 },
      { name: 'L3', node: 'N3', kw: { a: 30 }, kvar: {} },
    ],
    generators: [{ name: 'G2', node: 'N2', kind: 'inverter', kw: 150 }],
    ieds: [
      { name: 'relay', kind: 'relay', node: 'S', organisation: 'u', operates: 'CB', observes: ['s1', 's3'] },
      { name: 'recloser', kind: 'recloser', node: 'N1', organisation: 'u', operates: 'R2', observes: ['s2'] },
      { name: 'tie', kind: 'switch', node: 'N3', organisation: 'u', operates: 'T4', observes: ['s4'] },
      { name: 'meter', kind: 'meter', node: 'N2', organisation: 'u', meters: ['L2'] },
      { name: 'motor', kind: 'motor', node: 'N3', organisation: 'u', operates: 'L3' },
      { name: 'generator', kind: 'generator', node: 'N2', organisation: 'c', operates: 'G2' },
      { name: 'bank', kind: 'capacitor', node: 'N3', organisation: 'u', operates: 'C3' },
      { name: 'rtu', kind: 'rtu', node: 'N1', organisation: 'u' },
    ],
    ...changes,
  })
}

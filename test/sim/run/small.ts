// A feeder of three sections: S ─B1─ N1 ──(a load along)──B3─ N2 ─B2─ N3.

import type { FeederFile } from '../../../topology/feeder-file.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

export const smallFeeder = (): FeederFile =>
  parseFeeder(
    `feedermesh: 1
name: small
nominalKv: 12.47
frequencyHz: 50
sources: [{ name: source, node: S }]
nodes:
  - { name: S, phases: [a, b, c] }
  - { name: N1, phases: [a, b, c] }
  - { name: N2, phases: [a, b, c] }
  - { name: N3, phases: [a, b, c] }
lineCodes:
  - name: line
    phases: [a, b, c]
    rOhmPerKm: [[0.2, 0.1, 0.1], [0.1, 0.2, 0.1], [0.1, 0.1, 0.2]]
    xOhmPerKm: [[0.6, 0.3, 0.3], [0.3, 0.6, 0.3], [0.3, 0.3, 0.6]]
sections:
  - { name: S-N1, from: S, to: N1, phases: [a, b, c], lengthM: 500, lineCode: line }
  - { name: N1-N2, from: N1, to: N2, phases: [a, b, c], lengthM: 500, lineCode: line }
  - { name: N2-N3, from: N2, to: N3, phases: [a, b, c], lengthM: 500, lineCode: line }
devices:
  - { name: B1, kind: breaker, section: S-N1 }
  - { name: B3, kind: switch, section: N1-N2, at: to }
  - { name: B2, kind: recloser, section: N2-N3 }
loads:
  - { name: along, along: N1-N2, kw: { a: 10 }, kvar: { a: 1 }, customers: 3 }
  - { name: at-n2, node: N2, kw: { b: 10 }, kvar: { b: 1 }, customers: 5 }
  - { name: at-n3, node: N3, kw: { c: 10 }, kvar: { c: 1 }, customers: 7 }
ieds:
  - { name: relay, kind: relay, node: S, organisation: utility, operates: B1 }
  - { name: meter, kind: meter, node: N3, organisation: utility, meters: [at-n3], operates: at-n3 }
`,
    'small.yaml',
  )

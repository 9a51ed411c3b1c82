// The feeder as the sweeps compute it: vertices joined by branches, and what hangs on each vertex.
//
// Drawn once for each feeder file and kept, in flat arrays: the decision only walks over it. A vertex is a node, or the
// inside of a section with devices at both of its ends, which may be live while neither end is.

import type { Feeder } from '../../../topology/feeder.ts'
import type {
  Connection,
  FeederFile,
  LineCodeEntry,
  PerConnection,
  Phase,
  SectionEntry,
} from '../../../topology/feeder-file.ts'
import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { cosine, sine } from '../../../topology/trigonometry.ts'
import { type Complex9, inverseOf, noOhm, type Real9, unitMatrix } from './small-matrix.ts'
import { behindRegulators, phaseNumber, regulatorRatio, windingsOf } from './windings.ts'
import { zoneGraphOf } from './zone-graph.ts'

export interface FeederModel {
  readonly file: FeederFile
  readonly vertices: readonly string[]
  readonly zoneAt: Int32Array
  /** Volts, line to neutral. */
  readonly nominal: Float64Array
  /** Bit n: phase n is there. */
  readonly phases: Uint8Array
  readonly branches: readonly Branch[]
  readonly branchesAt: readonly (readonly number[])[]
  readonly parts: Parts
  readonly sources: readonly Source[]
  /** By name, place in the file's lists. */
  readonly device: ReadonlyMap<string, number>
  readonly load: ReadonlyMap<string, number>
}

export interface Branch {
  readonly section: string
  readonly from: number
  readonly to: number
  /** Places in the file's list of devices: all must be closed. */
  readonly devices: readonly number[]
  /** Behind the windings. */
  readonly ohm: Complex9
  /** Bit n: phase n goes through. */
  readonly phases: number
  readonly mostAmps: number
  readonly windings?: {
    readonly ratio: Real9
    /** Absent where it cannot be fed from behind. */
    readonly inverse?: Real9
    readonly mostAmps: readonly number[]
    /** Another voltage begins behind it; a regulator's stays. */
    readonly isTransformer: boolean
  }
}

/** What draws at each vertex, one connection each: `first[v]` up to before `first[v + 1]`. */
export interface Parts {
  readonly first: Int32Array
  readonly one: Uint8Array
  /** 3 for neutral. */
  readonly other: Uint8Array
  readonly watts: Float64Array
  readonly vars: Float64Array
  readonly ratedVolts: Float64Array
  readonly powerShare: Float64Array
  readonly currentShare: Float64Array
  /** Place in the file's list of loads; -1 for capacitors, line charging and no-load loss, which no load share changes. */
  readonly load: Int32Array
}

export interface Source {
  readonly name: string
  readonly vertex: number
  /** Volts of the three phases, real and imaginary parts. */
  readonly emf: Float64Array
  /** What the voltage is held behind; undefined where it is held at the node. */
  readonly ohm?: Complex9
  /** For faults. */
  readonly faultOhm: Complex9
}

interface Part {
  readonly vertex: number
  readonly one: number
  readonly other: number
  readonly watts: number
  readonly vars: number
  readonly ratedVolts: number
  readonly power: number
  readonly current: number
  readonly load: number
}

const NEUTRAL = 3
const models = new WeakMap<FeederFile, FeederModel>()

export function feederModelOf(feeder: Feeder): FeederModel {
  const known = models.get(feeder.file)
  if (known !== undefined) return known
  const model = draw(feeder)
  models.set(feeder.file, model)
  return model
}

function draw(feeder: Feeder): FeederModel {
  const { file } = feeder
  const graph = zoneGraphOf(feeder)
  const vertices = file.nodes.map(({ name }) => name)
  const vertexOf = numbered(file.nodes)
  const volts = nominalVolts(file)
  const nominal = vertices.map(name => volts.get(name) ?? 0)
  const zones = vertices.map(name => graph.zone(feeder.zoneOf(name)))
  const phases = file.nodes.map(({ phases }) => maskOf(phases))
  const parts: Part[] = []
  const branches: Branch[] = []
  const device = numbered(file.devices)
  const devicesOn = groupedBy(file.devices, ({ section }) => section)
  const unitsOn = groupedBy(file.transformers, ({ section }) => section)
  const regulatorsOn = groupedBy(file.regulators, ({ section }) => section)
  const codes = new Map(file.lineCodes.map(code => [code.name, code]))
  /** By section: the vertices that have what hangs along it. */
  const along = new Map<string, readonly number[]>()

  for (const section of file.sections) {
    const from = vertexOf.get(section.from) ?? 0
    const to = vertexOf.get(section.to) ?? 0
    const own = devicesOn.get(section.name) ?? []
    const standing = (end: 'from' | 'to'): number[] =>
      own.filter(({ at }) => at === end).map(({ name }) => device.get(name) ?? 0)
    const [atFrom, atTo] = [standing('from'), standing('to')]
    const units = unitsOn.get(section.name) ?? []
    const regulators = regulatorsOn.get(section.name) ?? []
    const code = codes.get(section.lineCode ?? '')
    const mask = maskOf(section.phases)
    const { ohm, charging } = lineOf(section, code)
    const wound = units.length > 0 || regulators.length > 0
    const windings = wound ? woundOf(section, units, regulators, nominal[to] ?? 1, ohm) : undefined
    const branch = {
      section: section.name,
      ohm,
      phases: mask,
      mostAmps: section.ampacityAmps ?? code?.ampacityAmps ?? Number.POSITIVE_INFINITY,
      ...(windings && { windings }),
    }
    if (atFrom.length > 0 && atTo.length > 0) {
      const inside = vertices.length
      vertices.push(section.name)
      nominal.push(nominal[to] ?? 0)
      zones.push(graph.zone(feeder.zoneOfSection(section.name)))
      phases.push(phases[to] ?? mask)
      branches.push({ ...branch, from, to: inside, devices: atFrom })
      branches.push({
        section: section.name,
        from: inside,
        to,
        devices: atTo,
        ohm: noOhm(),
        phases: phases[to] ?? mask,
        mostAmps: branch.mostAmps,
      })
      along.set(section.name, [inside])
    } else {
      branches.push({ ...branch, from, to, devices: [...atFrom, ...atTo] })
      along.set(section.name, atFrom.length > 0 ? [to] : atTo.length > 0 ? [from] : [from, to])
    }
    const hanging = along.get(section.name) ?? []
    for (const vertex of hanging)
      parts.push(...chargingParts(vertex, charging, mask, nominal[vertex] ?? 0, hanging.length))
    for (const unit of units) {
      if (unit.noLoadLossPercent === 0) continue
      const on = unit.secondary === 'center-tapped' ? 3 : mask
      const each = (unit.noLoadLossPercent * 10 * unit.kva) / bitCount(on)
      const vertex = hanging.at(-1) ?? to
      for (const one of [0, 1, 2])
        if (on & (1 << one)) parts.push(fixedPart(vertex, one, NEUTRAL, each, 0, nominal[vertex] ?? 1))
    }
  }

  file.loads.forEach(({ node, along: section, kw, kvar, model, ratedKv }, load) => {
    const spots = node === undefined ? (along.get(section ?? '') ?? []) : [vertexOf.get(node) ?? 0]
    for (const vertex of spots) {
      for (const { one, other, key } of connectionsOf(kw, kvar)) {
        const across = (other === NEUTRAL ? 1 : Math.sqrt(3)) * (nominal[vertex] ?? 1)
        parts.push({
          vertex,
          one,
          other,
          watts: ((kw[key] ?? 0) * 1000) / spots.length,
          vars: ((kvar[key] ?? 0) * 1000) / spots.length,
          ratedVolts: ratedKv === undefined ? across : ratedKv * 1000,
          power: model.power,
          current: model.current,
          load,
        })
      }
    }
  })
  for (const { node, kvar, ratedKv } of file.capacitors) {
    const vertex = vertexOf.get(node) ?? 0
    for (const { one, other, key } of connectionsOf(kvar, {})) {
      const across = (other === NEUTRAL ? 1 : Math.sqrt(3)) * (nominal[vertex] ?? 1)
      const rated = ratedKv === undefined ? across : ratedKv * 1000
      parts.push(fixedPart(vertex, one, other, 0, -(kvar[key] ?? 0) * 1000, rated))
    }
  }

  const branchesAt: number[][] = vertices.map(() => [])
  branches.forEach(({ from, to }, n) => {
    branchesAt[from]?.push(n)
    branchesAt[to]?.push(n)
  })
  return {
    file,
    vertices,
    zoneAt: Int32Array.from(zones),
    nominal: Float64Array.from(nominal),
    phases: Uint8Array.from(phases),
    branches,
    branchesAt,
    parts: packed(parts, vertices.length),
    sources: file.sources.map(entry =>
      sourceOf(entry, vertexOf.get(entry.node) ?? 0, nominal[vertexOf.get(entry.node) ?? 0] ?? 0),
    ),
    device,
    load: numbered(file.loads),
  }
}

function sourceOf(entry: FeederFile['sources'][number], vertex: number, nominal: number): Source {
  const emf = new Float64Array(6)
  for (let n = 0; n < 3; n++) {
    const angle = ((entry.angleDegrees - 120 * n) / 180) * Math.PI
    emf[2 * n] = entry.voltagePu * nominal * cosine(angle)
    emf[2 * n + 1] = entry.voltagePu * nominal * sine(angle)
  }
  // A usual distribution bus where the file says nothing: 10 kA, X/R = 10.
  const r = nominal / 10_000 / Math.sqrt(101)
  const { r1Ohm, x1Ohm, r0Ohm, x0Ohm } = entry.impedance ?? { r1Ohm: r, x1Ohm: 10 * r, r0Ohm: r, x0Ohm: 10 * r }
  const faultOhm = noOhm()
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      faultOhm[2 * (3 * i + j)] = i === j ? (2 * r1Ohm + r0Ohm) / 3 : (r0Ohm - r1Ohm) / 3
      faultOhm[2 * (3 * i + j) + 1] = i === j ? (2 * x1Ohm + x0Ohm) / 3 : (x0Ohm - x1Ohm) / 3
    }
  }
  return { name: entry.name, vertex, emf, faultOhm, ...(entry.holds !== 'node' && { ohm: faultOhm }) }
}

function lineOf(section: SectionEntry, code: LineCodeEntry | undefined): { ohm: Complex9; charging: Float64Array } {
  const ohm = noOhm()
  const charging = new Float64Array(9)
  const own = section.impedance
  const km = section.lengthM / 1000
  const order = own === undefined ? (code?.phases ?? []) : section.phases
  const [r, x, b] =
    own === undefined
      ? [code?.rOhmPerKm, code?.xOhmPerKm, code?.bMicroSiemensPerKm]
      : [own.rOhm, own.xOhm, own.bMicroSiemens]
  const factor = own === undefined ? km : 1
  for (const one of section.phases) {
    for (const other of section.phases) {
      const [row, column] = [order.indexOf(one), order.indexOf(other)]
      const place = 3 * phaseNumber(one) + phaseNumber(other)
      ohm[2 * place] = (r?.[row]?.[column] ?? 0) * factor
      ohm[2 * place + 1] = (x?.[row]?.[column] ?? 0) * factor
      charging[place] = (b?.[row]?.[column] ?? 0) * factor * 1e-6
    }
  }
  return { ohm, charging }
}

/** Adds what the windings have of impedance to the line's. */
function woundOf(
  section: SectionEntry,
  units: readonly FeederFile['transformers'][number][],
  regulators: readonly FeederFile['regulators'][number][],
  farVolts: number,
  ohm: Complex9,
): NonNullable<Branch['windings']> {
  const unlimited = [0, 1, 2].map(() => Number.POSITIVE_INFINITY)
  const banks =
    units.length > 0 ? windingsOf(units, section, farVolts) : { ratio: unitMatrix(), ohm: noOhm(), mostAmps: unlimited }
  for (let n = 0; n < 18; n++) ohm[n] = (ohm[n] as number) + (banks.ohm[n] as number)
  for (const { kva, taps, resistancePercent, reactancePercent } of regulators) {
    if (kva === undefined) continue
    for (const key of Object.keys(taps) as Connection[]) {
      const place = 8 * phaseNumber(key[0] as Phase)
      const base = (farVolts * farVolts * (key.length === 2 ? 3 : 1)) / (kva * 1000) / 100
      ohm[place] = (ohm[place] as number) + resistancePercent * base
      ohm[place + 1] = (ohm[place + 1] as number) + reactancePercent * base
    }
  }
  const ratio = behindRegulators(banks.ratio, regulatorRatio(regulators))
  // A phase that is not there must not make it singular.
  const full = ratio.slice()
  const most = Math.max(...ratio.map(Math.abs))
  for (let n = 0; n < 3; n++) if ((maskOf(section.phases) & (1 << n)) === 0) full[4 * n] = most
  const inverse = inverseOf(full, 1e-3 * most ** 3)
  return { ratio, mostAmps: banks.mostAmps, isTransformer: units.length > 0, ...(inverse && { inverse }) }
}

/** A symmetric matrix of susceptances as parts between phases and to neutral, of constant impedance. */
function chargingParts(vertex: number, charging: Float64Array, mask: number, volts: number, spots: number): Part[] {
  const parts: Part[] = []
  const square = volts * volts
  for (let i = 0; i < 3; i++) {
    if ((mask & (1 << i)) === 0) continue
    let toGround = 0
    for (let j = 0; j < 3; j++) {
      const b = (charging[3 * i + j] as number) / spots
      toGround += b
      if (j > i && b !== 0) parts.push(fixedPart(vertex, i, j, 0, 3 * b * square, Math.sqrt(3) * volts))
    }
    if (toGround !== 0) parts.push(fixedPart(vertex, i, NEUTRAL, 0, -toGround * square, volts))
  }
  return parts
}

const fixedPart = (
  vertex: number,
  one: number,
  other: number,
  watts: number,
  vars: number,
  ratedVolts: number,
): Part => ({
  vertex,
  one,
  other,
  watts,
  vars,
  ratedVolts,
  power: 0,
  current: 0,
  load: -1,
})

function connectionsOf(kw: PerConnection, kvar: PerConnection): { key: Connection; one: number; other: number }[] {
  return (['a', 'b', 'c', 'ab', 'bc', 'ca'] as const)
    .filter(key => (kw[key] ?? 0) !== 0 || (kvar[key] ?? 0) !== 0)
    .map(key => {
      const [one, other] = [...key] as [Phase, Phase?]
      return { key, one: phaseNumber(one), other: other === undefined ? NEUTRAL : phaseNumber(other) }
    })
}

function packed(parts: readonly Part[], vertexCount: number): Parts {
  const first = new Int32Array(vertexCount + 1)
  for (const { vertex } of parts) first[vertex + 1] = (first[vertex + 1] as number) + 1
  for (let vertex = 0; vertex < vertexCount; vertex++) {
    first[vertex + 1] = (first[vertex + 1] as number) + (first[vertex] as number)
  }
  const sorted = [...parts].sort((one, other) => one.vertex - other.vertex)
  const floats = (of: (part: Part) => number): Float64Array => Float64Array.from(sorted, of)
  return {
    first,
    one: Uint8Array.from(sorted, ({ one }) => one),
    other: Uint8Array.from(sorted, ({ other }) => other),
    watts: floats(({ watts }) => watts),
    vars: floats(({ vars }) => vars),
    ratedVolts: floats(({ ratedVolts }) => ratedVolts),
    powerShare: floats(({ power }) => power),
    currentShare: floats(({ current }) => current),
    load: Int32Array.from(sorted, ({ load }) => load),
  }
}

const maskOf = (phases: readonly Phase[]): number => phases.reduce((mask, phase) => mask | (1 << phaseNumber(phase)), 0)
const bitCount = (mask: number): number => [0, 1, 2].filter(n => mask & (1 << n)).length

const numbered = (list: readonly { readonly name: string }[]): ReadonlyMap<string, number> =>
  new Map(list.map(({ name }, n) => [name, n]))

function groupedBy<T>(list: readonly T[], key: (entry: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const entry of list) {
    const group = groups.get(key(entry))
    if (group === undefined) groups.set(key(entry), [entry])
    else group.push(entry)
  }
  return groups
}

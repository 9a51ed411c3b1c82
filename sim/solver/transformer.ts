// Transformers as pairs of coupled windings, each between two phases (delta) or from a phase to ground (wye).
//
// A pair has its leakage impedance between an ideal ratio: i₂ = y (v₂ - n v₁), with the same power on both sides. A
// center-tapped unit has three windings; its impedance is shared among them as between interlaced halves (0.5 R and 0.8 X
// before the core, R and 0.4 X in each leg; W. H. Kersting, "Center-tapped transformer and 120/240-V secondary models",
// IEEE Transactions on Industry Applications 45, 2009). Wye points are grounded.

import type { Phase, SectionEntry, TransformerEntry } from '../../topology/feeder-file.ts'
import { isSingle } from '../../topology/nominal-volts.ts'
import { addTo, type ComplexMatrix, zeros } from './complex-matrix.ts'
import { type Element, slotOf, vertexOf } from './element.ts'
import { LEAST_OHM } from './line.ts'

/** From one phase to another, or to ground. */
type Winding = readonly [Phase] | readonly [Phase, Phase]
interface Pair {
  readonly primary: Winding
  readonly secondary: Winding
}

/** One unit between the vertices of its section's ends. */
export function transformerElement(unit: TransformerEntry, section: SectionEntry, from: number, to: number): Element {
  const phases = unit.phases ?? section.phases
  return unit.secondary === 'center-tapped'
    ? centerTapped(unit, phases, from, to)
    : bank(unit, phases, section.phases.length, from, to)
}

/** A winding's slots with the sign that each enters its voltage with. */
function terminals(winding: Winding, vertex: number): { slot: number; sign: number }[] {
  return winding.map((phase, n) => ({ slot: slotOf(vertex, phase), sign: n === 0 ? 1 : -1 }))
}

function bank(unit: TransformerEntry, phases: readonly Phase[], onSection: number, from: number, to: number): Element {
  const pairs = pairsOf(unit, phases, isSingle(unit, onSection))
  const across = (kv: number, winding: Winding): number =>
    (kv * 1000) / (winding.length === 2 || pairs.length === 1 ? 1 : Math.sqrt(3))
  const ports = portsOf(pairs, from, to)
  for (const { primary, secondary } of pairs) {
    const primaryVolts = across(unit.primaryKv, primary)
    const secondaryVolts = across(unit.secondaryKv, secondary)
    const va = (unit.kva * 1000) / pairs.length
    const base = (secondaryVolts * secondaryVolts) / va / 100
    const [re, im] = reciprocal(unit.resistancePercent * base, unit.reactancePercent * base)
    const ratio = (secondaryVolts / primaryVolts) * unit.tapPu
    const behind = terminals(secondary, to)
    const before = terminals(primary, from).map(({ slot, sign }) => ({ slot, sign: -ratio * sign }))
    ports.stamp([...before, ...behind], re, im)
    const loss = ((unit.noLoadLossPercent / 100) * va) / (primaryVolts * primaryVolts)
    if (loss > 0) ports.stamp(terminals(primary, from), loss, 0)
  }
  return ports.element()
}

/** The lower voltage lags by 30 degrees from wye to delta and from delta to wye (ANSI C57.12.00). */
function pairsOf(unit: TransformerEntry, phases: readonly Phase[], single: boolean): Pair[] {
  const [one = 'a', other] = phases
  if (single) {
    const between: Winding = other === undefined ? [one] : [one, other]
    const winding = (connection: string): Winding => (connection === 'delta' ? between : [one])
    return [{ primary: winding(unit.primary), secondary: winding(unit.secondary) }]
  }
  const isDown = unit.primaryKv >= unit.secondaryKv
  const around = (n: number, step: number): Winding => {
    const next = phases[(n + step + phases.length) % phases.length] as Phase
    return [phases[n] as Phase, next]
  }
  return phases.map((phase, n) => {
    if (unit.primary === 'wye' && unit.secondary === 'wye') return { primary: [phase], secondary: [phase] }
    if (unit.primary === 'wye') return { primary: [phase], secondary: around(n, isDown ? 1 : -1) }
    if (unit.secondary === 'wye') return { primary: around(n, isDown ? -1 : 1), secondary: [phase] }
    return { primary: around(n, 1), secondary: around(n, 1) }
  })
}

function centerTapped(unit: TransformerEntry, phases: readonly Phase[], from: number, to: number): Element {
  const [one = 'a', other] = phases
  const primary: Winding = unit.primary === 'delta' && other !== undefined ? [one, other] : [one]
  const legVolts = unit.secondaryKv * 1000
  const ratio = (legVolts / (unit.primaryKv * 1000)) * unit.tapPu
  const base = (legVolts * legVolts) / (unit.kva * 1000) / 100
  const { resistancePercent: r, reactancePercent: x } = unit
  const windings = [
    // Seen from one leg.
    { ports: scaled(terminals(primary, from), ratio), admittance: reciprocal(0.5 * r * base, 0.8 * x * base) },
    { ports: terminals(['a'], to), admittance: reciprocal(r * base, 0.4 * x * base) },
    { ports: scaled(terminals(['b'], to), -1), admittance: reciprocal(r * base, 0.4 * x * base) },
  ]
  const ports = portsOf([{ primary, secondary: ['a', 'b'] }], from, to)
  ports.stampStar(windings)
  const primaryVolts = unit.primaryKv * 1000
  const loss = ((unit.noLoadLossPercent / 100) * unit.kva * 1000) / (primaryVolts * primaryVolts)
  if (loss > 0) ports.stamp(terminals(primary, from), loss, 0)
  // The middle of the secondary is grounded, unlike that of a winding between two phases.
  const element = ports.element()
  const legs = element.slots.flatMap((slot, n) => (vertexOf(slot) === to ? [n] : []))
  return { ...element, grounded: [...element.grounded, ...legs] }
}

type Port = { readonly slot: number; readonly sign: number }
const scaled = (ports: readonly Port[], factor: number): Port[] =>
  ports.map(({ slot, sign }) => ({ slot, sign: sign * factor }))

function reciprocal(re: number, im: number): readonly [number, number] {
  const ohm = Math.max(re, LEAST_OHM)
  const square = ohm * ohm + im * im
  return [ohm / square, -im / square]
}

function portsOf(pairs: readonly Pair[], from: number, to: number) {
  const sides = [
    { windings: pairs.map(({ primary }) => primary), vertex: from },
    { windings: pairs.map(({ secondary }) => secondary), vertex: to },
  ]
  const slots = [
    ...new Set(sides.flatMap(({ windings, vertex }) => windings.flat().map(phase => slotOf(vertex, phase)))),
  ]
  const admittance: ComplexMatrix = zeros(slots.length)
  const place = new Map(slots.map((slot, n) => [slot, n]))
  const at = (slot: number): number => place.get(slot) ?? 0
  const stampBetween = (rows: readonly Port[], columns: readonly Port[], re: number, im: number): void => {
    for (const row of rows) {
      for (const column of columns) {
        const factor = row.sign * column.sign
        addTo(admittance, at(row.slot), at(column.slot), re * factor, im * factor)
      }
    }
  }
  return {
    stamp: (ports: readonly Port[], re: number, im: number) => stampBetween(ports, ports, re, im),
    /** Branches that meet in one inner point, which is eliminated. */
    stampStar(branches: readonly { ports: readonly Port[]; admittance: readonly [number, number] }[]) {
      const sum = branches.reduce<[number, number]>((s, { admittance: [re, im] }) => [s[0] + re, s[1] + im], [0, 0])
      const [sumRe, sumIm] = reciprocal2(sum)
      for (const one of branches) {
        stampBetween(one.ports, one.ports, ...one.admittance)
        for (const other of branches) {
          const product = times(times(one.admittance, other.admittance), [sumRe, sumIm])
          stampBetween(one.ports, other.ports, -product[0], -product[1])
        }
      }
    },
    element: (): Element => ({
      slots,
      admittance,
      conducts: [slots.map((_, n) => n)],
      joined: sides.flatMap(({ windings, vertex }) =>
        windings
          .filter(winding => winding.length === 2)
          .map(winding => winding.map(phase => at(slotOf(vertex, phase)))),
      ),
      grounded: sides.flatMap(({ windings, vertex }) =>
        windings.filter(winding => winding.length === 1).flatMap(([phase]) => at(slotOf(vertex, phase))),
      ),
    }),
  }
}

function reciprocal2([re, im]: readonly [number, number]): readonly [number, number] {
  const square = re * re + im * im
  return [re / square, -im / square]
}

const times = (p: readonly [number, number], q: readonly [number, number]): readonly [number, number] => [
  p[0] * q[0] - p[1] * q[1],
  p[0] * q[1] + p[1] * q[0],
]

// Vsource: the network behind the substation, as a voltage behind an impedance.

import { tidy } from './branch.ts'
import { busOf } from './buses.ts'
import { asValue, type Circuit, type Element, elementsOf, isEnabled, lastSet, setting } from './elements.ts'
import { fault } from './fault.ts'
import type { NoteList } from './note.ts'
import { countOf, numberOf, numbersOf, positiveOf } from './values.ts'

export interface SourceRead {
  readonly element: Element
  readonly bus: string
  readonly kv: number
  readonly entry: {
    readonly voltagePu: number
    readonly angleDegrees: number
    readonly impedance: Impedance
    readonly holds: 'behind-impedance'
  }
}

interface Impedance {
  readonly r1Ohm: number
  readonly x1Ohm: number
  readonly r0Ohm: number
  readonly x0Ohm: number
}

/** @throws TopologyError */
export function sourcesOf(circuit: Circuit, { note }: NoteList): SourceRead[] {
  return elementsOf(circuit, 'vsource').flatMap(element => {
    if (!isEnabled(element)) {
      note(element.at, `${element.label} is disabled, left out`)
      return []
    }
    if ((setting(element, 'phases', countOf) ?? 3) !== 3) {
      note(element.at, `${element.label} has not three phases, left out`)
      return []
    }
    const kv = setting(element, 'basekv', positiveOf) ?? 115
    const entry = {
      voltagePu: setting(element, 'pu', positiveOf) ?? 1,
      angleDegrees: setting(element, 'angle', numberOf) ?? 0,
      impedance: impedanceOf(element, kv),
      holds: 'behind-impedance' as const,
    }
    return [{ element, bus: setting(element, 'bus1', busOf) ?? 'sourcebus', kv, entry }]
  })
}

const FAULT_LEVELS = ['mvasc3', 'mvasc1', 'isc3', 'isc1']
const OHMS = ['r1', 'x1', 'r0', 'x0', 'z1', 'z0']

/** The last said counts: fault levels or ohms. Defaults are those of OpenDSS: 2000 and 2100 MVA, X/R of 4 and 3. */
function impedanceOf(source: Element, kv: number): Impedance {
  const last = lastSet(source, ...FAULT_LEVELS, ...OHMS)
  return last && OHMS.includes(last.property) ? fromOhms(source) : fromFaultLevels(source, kv)
}

function fromOhms(source: Element): Impedance {
  let impedance = { r1Ohm: 1.65, x1Ohm: 6.6, r0Ohm: 1.9, x0Ohm: 5.7 }
  let hasZero = false
  for (const entry of source.settings) {
    if (!OHMS.includes(entry.property)) continue
    const value = asValue(source, entry)
    const [which, sequence] = entry.property as unknown as readonly [string, '0' | '1']
    const [first = 0, second = 0] = which === 'z' ? numbersOf(value) : [numberOf(value)]
    const written = which === 'z' ? { r: first, x: second } : { [which]: first }
    for (const [part, ohm] of Object.entries(written)) impedance = { ...impedance, [`${part}${sequence}Ohm`]: ohm }
    if (sequence === '0') hasZero = true
  }
  // OpenDSS gives a source without zero-sequence figures those of its positive sequence.
  return hasZero || !lastSet(source, 'z1')
    ? impedance
    : { ...impedance, r0Ohm: impedance.r1Ohm, x0Ohm: impedance.x1Ohm }
}

/**
 * From three-phase and single-phase fault levels: |Z1| = kV² / MVA3, |2 Z1 + Z0| = 3 kV² / MVA1, each Z with its X/R.
 *
 * @throws TopologyError when no zero-sequence impedance leads to the single-phase level
 */
function fromFaultLevels(source: Element, kv: number): Impedance {
  const xr1 = setting(source, 'x1r1', positiveOf) ?? 4
  const xr0 = setting(source, 'x0r0', positiveOf) ?? 3
  const mva3 = levelOf(source, kv, '3') ?? 2000
  const mva1 = levelOf(source, kv, '1') ?? 2100
  const x1 = kv ** 2 / mva3 / Math.sqrt(1 + 1 / xr1 ** 2)
  const r1 = x1 / xr1
  // (2 r1 + r0)² + (2 x1 + xr0 r0)² = whole², solved for r0.
  const whole = (3 * kv ** 2) / mva1
  const a = 1 + xr0 ** 2
  const b = 4 * (r1 + x1 * xr0)
  const c = 4 * (r1 ** 2 + x1 ** 2) - whole ** 2
  const r0 = (-b + Math.sqrt(b ** 2 - 4 * a * c)) / (2 * a)
  if (!(r0 >= 0)) {
    throw fault(source.at, `${source.label}: ${mva1} MVA for one phase with ${mva3} for three, want at most 1.5 times`)
  }
  return { r1Ohm: tidy(r1), x1Ohm: tidy(x1), r0Ohm: tidy(r0), x0Ohm: tidy(r0 * xr0) }
}

function levelOf(source: Element, kv: number, phases: '1' | '3'): number | undefined {
  const last = lastSet(source, `mvasc${phases}`, `isc${phases}`)
  if (!last) return undefined
  const level = positiveOf(asValue(source, last))
  return last.property.startsWith('mva') ? level : (Math.sqrt(3) * kv * level) / 1000
}

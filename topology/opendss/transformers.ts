// Transformer elements as branches: all units between the same two buses stand on one section.
//
// A transformer that a RegControl moves, with the same voltage on both sides, is a step-voltage regulator; any other keeps
// its tap as a ratio. Kinds that a feeder file cannot hold are left out, and a note says so.

import type { Phase } from '../feeder-file.ts'
import { groupBy } from '../group-by.ts'
import type { Branch, RegulatorInput, TransformerInput } from './branch.ts'
import { tidy } from './branch.ts'
import { connectionKey, inOrder, phaseOf, phasesOf, type Terminal } from './buses.ts'
import { type Circuit, type Element, elementsOf, isEnabled, setting, textSet } from './elements.ts'
import { fault } from './fault.ts'
import type { NoteList } from './note.ts'
import { numberOf, positiveOf } from './values.ts'
import { type Winding, type WoundTransformer, windingTerminal, woundTransformer } from './windings.ts'

/** Of a 32-step regulator with a range of ±10 %. */
const STEP_PU = 0.00625

type RegulatorUnit = Branch['regulators'][number]
type TransformerUnit = Branch['transformers'][number]

interface Unit {
  readonly element: Element
  readonly from: string
  readonly to: string
  readonly bank: string
  readonly phases: readonly Phase[]
  readonly transformer?: TransformerUnit['unit']
  readonly regulator?: RegulatorUnit['unit']
}

/** What the units on the two sides have to do with each other. */
interface Wiring {
  readonly phases: readonly Phase[]
  readonly primary: 'wye' | 'delta'
  readonly secondary: 'wye' | 'delta' | 'center-tapped'
}

/** @throws TopologyError */
export function transformerBranches(circuit: Circuit, { note }: NoteList): Branch[] {
  const controls = controlsByTransformer(circuit)
  const units = elementsOf(circuit, 'transformer').flatMap(element => unitOf(element) ?? [])
  return [...groupBy(units, ({ from, to }) => `${from} ${to}`).values()].map(branchOf)

  function unitOf(element: Element): Unit | undefined {
    const wound = woundTransformer(element, circuit)
    if (!isEnabled(element)) return leftOut(element, 'is disabled')
    const [one, other] = wound.windings
    const from = one && windingTerminal(one, wound.phaseCount)
    const to = other && windingTerminal(other, wound.phaseCount)
    if (!one || !other) return leftOut(element, 'has one winding')
    if (!from || !to) throw fault(element.at, `${element.label}: winding ${from ? 2 : 1} has no bus, want one`)
    if (from.bus === to.bus) return leftOut(element, `has both windings at bus ${from.bus}`)
    const wiring = wiringOf(element, wound, from, to)
    if (!wiring) return leftOut(element, 'is connected in a way that a feeder file does not have')
    tellOfRest(element, wound, from, to)
    const control = controls.get(element.name)
    const common = { element, from: from.bus, to: to.bus, bank: wound.bank, phases: wiring.phases }
    const regulator = control && regulatorOf(element, control, wound, wiring)
    if (regulator) {
      note(
        control.at,
        'RegControl: the tap stays where the script leaves it; what the control would do is not computed',
      )
      return { ...common, regulator }
    }
    if (control) note(control.at, `${control.label} is left out: ${element.label} keeps its present tap`)
    return { ...common, transformer: transformerOf(element, wound, wiring) }
  }

  function leftOut(element: Element, why: string): undefined {
    note(element.at, `${element.label} ${why}, left out`)
  }

  function wiringOf(element: Element, wound: WoundTransformer, from: Terminal, to: Terminal): Wiring | undefined {
    const { phaseCount, windings } = wound
    const third = windings[2]
    if (phaseCount === 1 && third && windings.length === 3) {
      const legs = windingTerminal(third, 1)
      if (legs?.bus === to.bus) return centerTapped(from, [...to.nodes, ...legs.nodes])
    }
    if (windings.length > 2) note(element.at, `${element.label}: windings after the second are left out`)
    return phaseCount === 1 ? singlePhase(from, to) : polyphase(wound, from, to)
  }

  function tellOfRest(element: Element, wound: WoundTransformer, from: Terminal, to: Terminal): void {
    const { windings, phaseCount, percentMagnetising, leads } = wound
    if (percentMagnetising !== 0) note(element.at, 'Transformer: magnetising current (%imag) is left out')
    if (leads && new Set(windings.slice(0, 2).map(({ isDelta }) => isDelta)).size === 2) {
      note(element.at, `${element.label}: the low voltage leads by 30 degrees; taken as lagging, as by ANSI`)
    }
    const floats = [from, to].some((terminal, n) => {
      const winding = windings[n]
      if (!winding || winding.isDelta || phaseCount === 1) return false
      return (terminal.nodes[phaseCount] ?? 0) !== 0 || (winding.neutralOhm ?? 0) !== 0
    })
    if (floats)
      note(element.at, `${element.label}: the neutral of a wye is not solidly grounded there; taken as grounded`)
  }

  function branchOf(bank: readonly Unit[]): Branch {
    const [first] = bank as [Unit]
    const isBank = first.bank !== '' && bank.every(unit => unit.bank === first.bank)
    const phases = inOrder(bank.flatMap(unit => unit.phases))
    return {
      elements: bank.map(({ element }) => `transformer.${element.name}`),
      wantedName: isBank ? first.bank : first.element.name,
      kind: 'transformer',
      from: first.from,
      to: first.to,
      phases,
      at: first.element.at,
      section: {},
      transformers: bank.flatMap(({ element: { at }, transformer, phases: own }) => {
        const all = own.length === phases.length
        return transformer ? [{ unit: { ...transformer, ...(all ? {} : { phases: [...own] }) }, at }] : []
      }),
      regulators: bank.flatMap(({ element: { at }, regulator }) => (regulator ? [{ unit: regulator, at }] : [])),
    }
  }
}

/** One leg from node 1 to ground and one from ground to node 2 make 120/240 V out of one phase. */
function centerTapped(from: Terminal, [a, b, c, d]: readonly number[]): Wiring | undefined {
  const phases = phasesOf(from.nodes)
  if (phases.length !== 1 || a !== 1 || b !== 0 || c !== 0 || d !== 2) return undefined
  return { phases, primary: 'wye', secondary: 'center-tapped' }
}

/** The same phase, or pair of phases in the same order, on both sides. */
function singlePhase(from: Terminal, to: Terminal): Wiring | undefined {
  const [p, q] = from.nodes.map(phaseOf)
  const [r, s] = to.nodes.map(phaseOf)
  if (!p || p !== r || q !== s || p === q) return undefined
  const connection = q ? 'delta' : 'wye'
  return { phases: inOrder(q ? [p, q] : [p]), primary: connection, secondary: connection }
}

function polyphase({ phaseCount, windings }: WoundTransformer, from: Terminal, to: Terminal): Wiring | undefined {
  const nodes = from.nodes.slice(0, phaseCount)
  const phases = phasesOf(nodes)
  const same = nodes.every((node, n) => node === to.nodes[n])
  const [one, other] = windings
  // Two phases in delta would be an open delta, three windings on two.
  const isOpen = phaseCount === 2 && (one?.isDelta || other?.isDelta)
  if (!same || phases.length !== phaseCount || isOpen || !inRotation(nodes)) return undefined
  return { phases, primary: one?.isDelta ? 'delta' : 'wye', secondary: other?.isDelta ? 'delta' : 'wye' }
}

/** 1.2.3 or the same begun elsewhere; the other way round, delta and wye would shift the other way. */
function inRotation(nodes: readonly number[]): boolean {
  return nodes.length < 3 || nodes.every((node, n) => nodes[(n + 1) % 3] === (node % 3) + 1)
}

function transformerOf(element: Element, wound: WoundTransformer, wiring: Wiring): TransformerUnit['unit'] {
  const [one, other, third] = wound.windings as [Winding, Winding, Winding?]
  const isTapped = wiring.secondary === 'center-tapped' && third !== undefined
  const { hl, ht, lt } = wound.percentX
  const tapPu = tidy(other.tap / one.tap)
  return {
    name: element.name,
    kva: one.kva,
    primaryKv: one.kv,
    // Of a center-tapped one that of a leg.
    secondaryKv: other.kv,
    primary: wiring.primary,
    secondary: wiring.secondary,
    // Of a center-tapped one as seen over both legs in series: each leg counts with a quarter.
    resistancePercent: tidy(one.percentR + (isTapped ? (other.percentR + third.percentR) / 4 : other.percentR)),
    reactancePercent: tidy(isTapped ? (hl + ht - lt) / 2 + (hl + lt - ht + (ht + lt - hl)) / 8 : hl),
    noLoadLossPercent: wound.percentNoLoad,
    ...(tapPu === 1 ? {} : { tapPu }),
  } satisfies Omit<TransformerInput, 'section'>
}

function regulatorOf(
  element: Element,
  control: Element,
  wound: WoundTransformer,
  { phases, primary, secondary }: Wiring,
): RegulatorUnit['unit'] | undefined {
  const [one, other] = wound.windings as [Winding, Winding]
  const isSame = Math.abs(one.kv / other.kv - 1) < 0.005
  const isWye = primary === 'wye' && secondary === 'wye'
  if (!isSame || !(isWye || (wound.phaseCount === 1 && secondary === 'delta'))) return undefined
  const tapNumber = setting(control, 'tapnum', numberOf)
  const tap = tapNumber ?? tidy(Number(((other.tap / one.tap - 1) / STEP_PU).toFixed(6)))
  const keys = isWye ? phases : [connectionKey(nodeOf(phases[0]), nodeOf(phases[1]))].flatMap(key => key ?? [])
  const voltages = controlOf(control)
  return {
    name: element.name,
    taps: Object.fromEntries(keys.map(key => [key, tap])),
    resistancePercent: tidy(one.percentR + other.percentR),
    reactancePercent: wound.percentX.hl,
    kva: isWye ? tidy(one.kva / wound.phaseCount) : one.kva,
    ...(voltages ? { control: voltages } : {}),
  } satisfies Omit<RegulatorInput, 'section'>
}

const nodeOf = (phase: Phase | undefined): number => (phase ? 'abc'.indexOf(phase) + 1 : 0)

/** Defaults of OpenDSS's RegControl where it says nothing. */
function controlOf(control: Element) {
  return {
    setVolts: setting(control, 'vreg', positiveOf) ?? 120,
    bandwidthVolts: setting(control, 'band', positiveOf) ?? 3,
    ptRatio: setting(control, 'ptratio', positiveOf) ?? 60,
    ctAmps: setting(control, 'ctprim', positiveOf) ?? 300,
    rVolts: setting(control, 'r', numberOf) ?? 0,
    xVolts: setting(control, 'x', numberOf) ?? 0,
  }
}

function controlsByTransformer(circuit: Circuit): Map<string, Element> {
  const controls = new Map<string, Element>()
  for (const control of elementsOf(circuit, 'regcontrol')) {
    const name = textSet(control, 'transformer')
    if (name === undefined || !circuit.elements.get('transformer')?.has(name)) {
      throw fault(control.at, `${control.label}: transformer "${name ?? ''}", no such one, want one that New made`)
    }
    if (isEnabled(control)) controls.set(name, control)
  }
  return controls
}

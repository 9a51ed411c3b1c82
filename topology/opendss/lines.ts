// Line elements as branches.
//
// A line says its impedance in one of five ways, and the last one written counts: a line code, symmetrical components,
// matrices, a geometry, a spacing with wires. Lines with a code or geometry share it in our file too.

import { type Branch, figuresOf, type SharedCode, tidy } from './branch.ts'
import { inOrder, phaseOf, terminalOf } from './buses.ts'
import { picked } from './complex-matrix.ts'
import { asValue, type Circuit, type Element, elementsOf, isEnabled, lastSet, setting } from './elements.ts'
import { fault, shown } from './fault.ts'
import { metresOf } from './length-units.ts'
import { type LineCode, lineCodeOf, withoutNeutral } from './line-code.ts'
import { constantsOf, type LineGeometry, lineGeometryOf, spacedGeometry } from './line-geometry.ts'
import { forOrder, type Given, withCapacitance, withMatrix, withSequence } from './line-given.ts'
import { DEFAULT_SEQUENCE, type LineMatrices, matricesOf, SWITCH_SEQUENCE } from './line-matrices.ts'
import type { NoteList } from './note.ts'
import { countOf, isYes, matrixOf, numberOf, positiveOf, type Value } from './values.ts'

/** A line without units on it or on its code: the product with its code is right whatever is taken. */
const UNIT_M = 1000
/** Ohms below which a switch is one without impedance, as which it was meant. */
const NEGLIGIBLE_OHM = 1e-6

interface LineRead {
  readonly order: number
  readonly length: number
  readonly unitM: number | undefined
  readonly given: Given
  readonly isSwitch: boolean
}

/** @throws TopologyError */
export function lineBranches(circuit: Circuit, { note }: NoteList): Branch[] {
  const codes = new Map<string, LineCode>()
  const geometries = new Map<string, LineGeometry>()
  const shared = new Map<string, SharedCode>()
  return elementsOf(circuit, 'line').flatMap(line => branchOf(line) ?? [])

  function branchOf(line: Element): Branch | undefined {
    const read = readLine(line)
    if (!isEnabled(line) && !read.isSwitch) return leftOut(line, 'is disabled')
    const [bus1, bus2] = (['bus1', 'bus2'] as const).map(key => {
      return setting(line, key, value => terminalOf(value, read.order, read.order))
    })
    if (!bus1 || !bus2) throw fault(line.at, `${line.label}: has no ${bus1 ? 'bus2' : 'bus1'}, want one`)
    if (bus1.bus === bus2.bus) return leftOut(line, `joins bus ${shown(bus1.bus)} to itself`)
    const kept = keptConductors(line, bus1.nodes, bus2.nodes)
    if (!kept) return undefined
    const phases = inOrder(kept.flatMap(n => phaseOf(bus1.nodes[n]) ?? []))
    const ampacityAmps = setting(line, 'normamps', positiveOf)
    return {
      elements: [`line.${line.name}`],
      wantedName: line.name,
      kind: 'line',
      from: bus1.bus,
      to: bus2.bus,
      phases,
      at: line.at,
      transformers: [],
      regulators: [],
      ...electrical(line, read, kept, phases, ampacityAmps),
      ...(read.isSwitch ? { switch: isEnabled(line) ? 'closed' : 'open' } : {}),
    }
  }

  /** Conductors that are phases, in the order of the phases; undefined for a line that cannot be had here. */
  function keptConductors(line: Element, one: readonly number[], other: readonly number[]): number[] | undefined {
    const all = one.map((_, n) => n)
    const kept = all.filter(n => phaseOf(one[n]) && phaseOf(other[n]))
    if (all.some(n => (phaseOf(one[n]) ?? phaseOf(other[n])) !== undefined && phaseOf(one[n]) !== phaseOf(other[n]))) {
      return leftOut(line, `has nodes ${one.join('.')} at one end and ${other.join('.')} at the other, want the same`)
    }
    if (kept.length === 0) return leftOut(line, 'has no phase, only neutrals')
    if (new Set(kept.map(n => one[n])).size < kept.length) {
      return leftOut(line, `has a phase twice (nodes ${one.join('.')})`)
    }
    if (kept.length < all.length) note(line.at, 'Line: neutral conductors are taken as grounded at both ends')
    return kept.sort((a, b) => (one[a] ?? 0) - (one[b] ?? 0))
  }

  function leftOut(line: Element, why: string): undefined {
    note(line.at, `${line.label} ${why}, left out`)
  }

  function electrical(
    line: Element,
    read: LineRead,
    kept: readonly number[],
    phases: Branch['phases'],
    ampacityAmps: number | undefined,
  ): Pick<Branch, 'section' | 'code'> {
    const { given, isSwitch, length } = read
    const coded = isSwitch || length === 0 ? undefined : sharedCode(line, read, kept, phases)
    const rated =
      ampacityAmps === undefined || ampacityAmps === coded?.code.figures.ampacityAmps ? {} : { ampacityAmps }
    if (coded) return { section: { lengthM: tidy(length * coded.lineUnitM), ...rated }, code: coded.code }
    const { matrices, unitM } = matricesGiven(line, read)
    const lineM = read.unitM ?? (given.by === 'spacing' || given.by === 'geometry' ? 1 : undefined)
    // Figures of a code have its unit; what the line itself says is for the unit in which its length is given.
    const units = unitM === undefined || lineM === undefined ? length : (length * lineM) / unitM
    const { r, x, b } = figuresOf(pickedMatrices(line, matrices, kept), units, circuit.frequencyHz)
    const isIdeal = [...r.flat(), ...x.flat()].every(value => Math.abs(value) < NEGLIGIBLE_OHM)
    if (isIdeal && !isSwitch) note(line.at, `${line.label} has no impedance: taken as an ideal joint`)
    const lengthM = isSwitch || read.unitM === undefined ? {} : { lengthM: tidy(length * read.unitM) }
    if (isIdeal) return { section: rated }
    const charging = isSwitch || !b ? {} : { bMicroSiemens: b }
    return { section: { ...lengthM, impedance: { rOhm: r, xOhm: x, ...charging }, ...rated } }
  }

  function sharedCode(line: Element, read: LineRead, kept: readonly number[], phases: Branch['phases']) {
    const { given } = read
    if (given.by !== 'code' && given.by !== 'geometry') return undefined
    const codeUnitM = given.by === 'code' ? given.code.unitM : 1
    if (codeUnitM === undefined && read.unitM === undefined) {
      note(line.at, 'Line: lengths without a unit, of codes without one, are taken as kilometres')
    }
    const unitM = codeUnitM ?? read.unitM ?? UNIT_M
    const name = given.by === 'code' ? given.code.name : given.element.name
    // Thousands of lines share a code, which is worked out once for each way of using it.
    const use = [given.by, name, kept, phases, unitM, read.order, setting(line, 'rho', positiveOf)].join(' ')
    const known = shared.get(use)
    const code = known ?? {
      name,
      phases,
      unitM: codeUnitM === undefined ? unitM : 0,
      ...worked(line, read, kept, unitM),
    }
    if (!known) shared.set(use, code)
    return { code, lineUnitM: read.unitM ?? unitM }
  }

  function worked(
    line: Element,
    read: LineRead,
    kept: readonly number[],
    unitM: number,
  ): Pick<SharedCode, 'figures' | 'at'> {
    const { given } = read
    const matrices = pickedMatrices(line, matricesGiven(line, read).matrices, kept)
    const { r, x, b } = figuresOf(matrices, 1000 / unitM, circuit.frequencyHz)
    const geometry = given.by === 'geometry' ? given : undefined
    const normAmps = given.by === 'code' ? given.code.normAmps : geometry?.geometry.normAmps
    const figures = {
      rOhmPerKm: r,
      xOhmPerKm: x,
      ...(b ? { bMicroSiemensPerKm: b } : {}),
      ...(normAmps === undefined ? {} : { ampacityAmps: normAmps }),
    }
    return { figures, at: (geometry?.element ?? line).at }
  }

  function pickedMatrices(line: Element, matrices: LineMatrices, kept: readonly number[]): LineMatrices {
    const order = matrices.r.length
    if (kept.length === order) {
      return { r: picked(matrices.r, kept), x: picked(matrices.x, kept), c: picked(matrices.c, kept) }
    }
    const left = withoutNeutral(matrices, kept)
    if (!left) throw fault(line.at, `${line.label}: its neutral has no impedance, want one to reduce it`)
    return left
  }

  /** Per unit of length; without `unitM` for the unit of the line itself. */
  function matricesGiven(line: Element, read: LineRead): { matrices: LineMatrices; unitM: number | undefined } {
    const { given, order, unitM } = read
    switch (given.by) {
      case 'sequence':
        return { matrices: matricesOf(forOrder(withCapacitance(given, unitM), order), order), unitM: undefined }
      case 'code': {
        const { code } = given
        if (code.sequence) return { matrices: matricesOf(forOrder(code.sequence, order), order), unitM: code.unitM }
        if (code.order === order) return { matrices: code.matrices, unitM: code.unitM }
        throw fault(given.at.at, `${given.at.label}: has ${code.order} phases, want ${order} as the line`)
      }
      case 'matrices': {
        const { matrices } = matricesGiven(line, { ...read, given: given.before })
        const written = Object.entries(given.written).map(([key, value]) => [key[0], matrixOf(value, order)])
        return { matrices: { ...matrices, ...Object.fromEntries(written) }, unitM: undefined }
      }
      default: {
        const earthOhmM = setting(line, 'rho', positiveOf) ?? 100
        const element = given.by === 'geometry' ? given.element : line
        return { matrices: constantsOf(element, given.geometry, circuit.frequencyHz, earthOhmM), unitM: 1 }
      }
    }
  }

  function readLine(line: Element): LineRead {
    let order = 3
    let length = 1
    let unitM: number | undefined
    let isSwitch = false
    let given: Given = { by: 'sequence', sequence: DEFAULT_SEQUENCE, hasCapacitance: false }
    for (const entry of line.settings) {
      const value = asValue(line, entry)
      switch (entry.property) {
        case 'phases':
          // A geometry says how many phases it has, whatever the line says after it.
          if (given.by !== 'geometry' && given.by !== 'spacing') order = countOf(value)
          break
        case 'length':
          length = numberOf(value)
          if (length < 0) throw fault(value.at, `${value.label}: ${length}, want 0 or more`)
          break
        case 'units':
          unitM = metresOf(value)
          break
        case 'linecode':
          given = { by: 'code', code: codeNamed(value), at: value }
          order = given.code.order
          break
        case 'geometry': {
          const element = find('linegeometry', value)
          given = { by: 'geometry', geometry: geometryNamed(element), element }
          order = given.geometry.phaseCount
          break
        }
        case 'switch':
          isSwitch = isYes(value)
          if (!isSwitch) break
          given = { by: 'sequence', sequence: SWITCH_SEQUENCE, hasCapacitance: true }
          length = 0.001
          unitM = undefined
          break
        case 'rmatrix':
        case 'xmatrix':
        case 'cmatrix':
          given = withMatrix(given, entry.property, value)
          break
        case 'r1':
        case 'x1':
        case 'r0':
        case 'x0':
        case 'c1':
        case 'c0':
        case 'b1':
        case 'b0':
          given = withSequence(given, entry.property, numberOf(value), circuit.frequencyHz)
          break
        case 'spacing':
        case 'wires':
        case 'cncables':
        case 'tscables':
          if (!lastSet(line, 'spacing') || !lastSet(line, 'wires', 'cncables', 'tscables')) break
          given = { by: 'spacing', geometry: spacedGeometry(line, circuit) }
          order = given.geometry.phaseCount
          break
      }
    }
    return { order, length, unitM, given, isSwitch }
  }

  function codeNamed(value: Value): LineCode {
    const element = find('linecode', value)
    const known = codes.get(element.name)
    const code = known ?? lineCodeOf(element, circuit.frequencyHz)
    if (!known) codes.set(element.name, code)
    return code
  }

  function geometryNamed(element: Element): LineGeometry {
    const known = geometries.get(element.name)
    const geometry = known ?? lineGeometryOf(element, circuit)
    if (!known) geometries.set(element.name, geometry)
    return geometry
  }

  function find(className: string, { text, label, at }: Value): Element {
    const element = circuit.elements.get(className)?.get(text.toLowerCase())
    if (!element) throw fault(at, `${label}: ${shown(text)}, no such ${className}, want one that New made`)
    return element
  }
}

// Runs an OpenDSS script as far as it says what the circuit is: makes elements and sets their properties.
//
// Nothing is computed here. What a property means is for the parts that read the elements afterwards.

import { dirname } from 'node:path'
import { classOf, type DssClass, isWithoutMeaning, propertyIndex } from './classes.ts'
import { commandOf, optionOf } from './commands.ts'
import { coordinatesOf } from './coordinates.ts'
import { type Circuit, type Element, elementLabel, type SwitchCommand } from './elements.ts'
import { fault, shown } from './fault.ts'
import { type IncludedFile, openMaster } from './includes.ts'
import { DEEPEST_INCLUDE, MOST_ELEMENTS, MOST_SETTINGS, MOST_SETTINGS_EACH } from './limits.ts'
import { linesOf } from './lines-of.ts'
import type { NoteList, Place } from './note.ts'
import { type Parameter, parametersOf } from './parameters.ts'
import type { TextFiles } from './text-files.ts'
import { numberOf } from './values.ts'

/** @throws TopologyError */
export function runScript(master: string, files: TextFiles, { note }: NoteList): Circuit {
  const { file, include } = openMaster(master, files)
  let circuit: { readonly name: string; readonly at: Place } | undefined
  let frequencyHz = 60
  let folder = dirname(master)
  let elementCount = 0
  let settingCount = 0
  const elements = new Map<string, Map<string, Element>>()
  const commands: SwitchCommand[] = []
  const drawnAt = new Map<string, readonly [number, number]>()
  const places = new Map<string, readonly [number, number]>()
  /** What the next `~` adds to; undefined after what was left out. */
  let active: Element | undefined

  run(file, [])
  if (!circuit) throw fault({ file: master, line: 1 }, 'makes no circuit, want "New Circuit.name"')
  return { ...(circuit as { name: string; at: Place }), frequencyHz, elements, commands, drawnAt, places }

  function run(script: IncludedFile, around: readonly IncludedFile[]): void {
    const chain = [...around, script]
    for (const { text, line } of linesOf(script.text)) {
      const at = { file: script.path, line }
      const trimmed = text.trimStart()
      if (trimmed.startsWith('~')) setAll(active, parametersOf(trimmed.slice(1), at), at)
      else runLine(parametersOf(trimmed, at), at, chain)
    }
  }

  function runLine([first, ...rest]: readonly Parameter[], at: Place, chain: readonly IncludedFile[]): void {
    if (!first) return
    if (first.name !== undefined) {
      setByName(first.name, [first, ...rest], at)
      return
    }
    const command = commandOf(first.value)
    switch (command?.meaning) {
      case 'new':
        return makeElement(rest, at)
      case 'edit':
        active = named(rest[0], at)
        return setAll(active, rest.slice(1), at)
      case 'select':
        active = named(rest[0], at)
        return
      case 'more':
        return setAll(active, rest, at)
      case 'enable':
      case 'disable':
        active = named(rest[0], at)
        return setAll(active, [{ name: 'enabled', value: command.meaning === 'enable' ? 'yes' : 'no' }], at)
      case 'open':
      case 'close':
        return operate(command.meaning === 'open' ? 'open' : 'closed', rest, at)
      case 'include':
      case 'compile':
        return runOther(rest[0], command.meaning === 'compile', at, chain)
      case 'coordinates':
        return readCoordinates(rest[0], drawnAt, at)
      case 'places':
        return readCoordinates(rest[0], places, at)
      case 'set':
        return setOptions(rest, at)
      case 'clear':
        return clear()
      case 'without-meaning':
        return note(at, `${command.name}: a command without meaning for the feeder, left out`)
      case 'not-understood':
        return note(at, `${command.name}: a command that is not understood, left out`)
      default:
        note(at, `${shown(first.value)}: no command that is known here, left out`)
    }
  }

  function clear(): void {
    circuit = undefined
    active = undefined
    elements.clear()
    commands.length = 0
    elementCount = 0
  }

  function makeElement([object, ...rest]: readonly Parameter[], at: Place): void {
    const [className, name] = splitName(object, at)
    active = undefined
    if (className === 'circuit') {
      if (circuit) throw fault(at, `${shown(name)} is a second circuit, want Clear before it`)
      circuit = { name, at }
      active = add('vsource', 'source', at)
    } else if (classOf(className)) active = add(className, name, at)
    else if (isWithoutMeaning(className)) note(at, `${className}: elements without meaning for the feeder, left out`)
    else note(at, `${shown(className)}: elements that are not understood, left out`)
    setAll(active, rest, at)
  }

  function add(className: string, name: string, at: Place): Element {
    const label = elementLabel(className, name)
    const others = elements.get(className) ?? new Map<string, Element>()
    elements.set(className, others)
    const there = others.get(name)
    if (there)
      throw fault(at, `${label} is there already from ${there.at.file}:${there.at.line}, want another name or Edit`)
    if (++elementCount > MOST_ELEMENTS) throw fault(at, `makes more than ${MOST_ELEMENTS} elements, want fewer`)
    const element = { className, name, label, at, settings: [] }
    others.set(name, element)
    return element
  }

  /** Undefined for an element of a kind that is left out. */
  function named(object: Parameter | undefined, at: Place): Element | undefined {
    const [className, name] = splitName(object, at)
    const inCircuit = className === 'circuit' ? ['vsource', 'source'] : [className, name]
    const element = elements.get(inCircuit[0] as string)?.get(inCircuit[1] as string)
    if (!element && classOf(className)) {
      throw fault(at, `${elementLabel(className, name)}: no such element, want one that New made before`)
    }
    if (!element) note(at, `${shown(className)}: elements that are left out`)
    return element
  }

  /** `Load.s860.vminpu=.85`, or a property of the active element. */
  function setByName(written: string, parameters: readonly Parameter[], at: Place): void {
    const parts = written.split('.')
    if (parts.length === 2) return note(at, `${shown(written)}: not understood, left out; want class.name.property`)
    const property = parts.pop() as string
    if (parts.length > 0) active = named({ name: undefined, value: parts.join('.') }, at)
    setAll(active, [{ name: property, value: parameters[0]?.value ?? '' }, ...parameters.slice(1)], at)
  }

  function setAll(element: Element | undefined, parameters: readonly Parameter[], at: Place): void {
    const known = element && classOf(element.className)
    if (!element || !known) return
    let position = -1
    for (const { name, value } of parameters) {
      const index = name === undefined ? position + 1 : propertyIndex(known, name)
      const property = known.properties[index]
      if (property === undefined) {
        const what =
          name === undefined
            ? `${shown(value)}: one value more than it has properties`
            : `${shown(name)}: no property that is known here`
        note(at, `${known.title}: ${what}, left out`)
        continue
      }
      position = index
      if (property === 'like') copy(element, value, at)
      else set(element, known, property, value, at)
    }
  }

  function set(element: Element, known: DssClass, property: string, text: string, at: Place): void {
    if (!known.used.has(property)) note(at, `${known.title}: property ${property} is left out`)
    else {
      element.settings.push({ property, text, at })
      count(element, 1, at)
    }
  }

  function copy(element: Element, value: string, at: Place): void {
    const other = elements.get(element.className)?.get(value.toLowerCase())
    if (!other || other === element)
      throw fault(at, `${element.label}: like ${shown(value)}, want another that was made before`)
    element.settings.push(...other.settings)
    count(element, other.settings.length, at)
  }

  function count(element: Element, more: number, at: Place): void {
    settingCount += more
    if (element.settings.length > MOST_SETTINGS_EACH || settingCount > MOST_SETTINGS) {
      throw fault(at, `${element.label}: sets too many properties, want ${MOST_SETTINGS_EACH} at most`)
    }
  }

  function operate(position: 'open' | 'closed', parameters: readonly Parameter[], at: Place): void {
    const [object, terminal, conductor] = parameters
    const element = named(object, at)
    if (!element) return
    const number = terminal ? numberOf({ text: terminal.value, label: 'terminal', at }) : 1
    if (conductor && conductor.value !== '0') {
      return note(at, `${element.label}: one pole alone ${position}, left out: a device here moves all of its poles`)
    }
    commands.push({ target: `${element.className}.${element.name}`, terminal: number, position, at })
  }

  function runOther(
    object: Parameter | undefined,
    isCompile: boolean,
    at: Place,
    chain: readonly IncludedFile[],
  ): void {
    if (!object || object.value === '') throw fault(at, 'includes nothing, want the name of a file')
    const other = include(object.value, folder, at)
    if (chain.some(({ realPath }) => realPath === other.realPath)) {
      throw fault(at, `${shown(object.value)} includes itself, want no circle`)
    }
    if (chain.length >= DEEPEST_INCLUDE) throw fault(at, `includes ${DEEPEST_INCLUDE} files deep, want fewer`)
    const before = folder
    folder = dirname(other.path)
    run(other, chain)
    // As in OpenDSS, Compile leaves the script in the other file's folder and Redirect comes back.
    if (!isCompile) folder = before
  }

  function readCoordinates(
    object: Parameter | undefined,
    into: Map<string, readonly [number, number]>,
    at: Place,
  ): void {
    try {
      const { text, path } = include(object?.value ?? '', folder, at)
      coordinatesOf(text, path, into, note)
    } catch (error) {
      // A feeder is whole without its drawing.
      note(at, `coordinates are left out: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  function setOptions(parameters: readonly Parameter[], at: Place): void {
    for (const { name, value } of parameters) {
      const option = optionOf(name ?? value)
      const title = shown((name ?? value).toLowerCase())
      if (option === 'frequency') setFrequency(value, at)
      else if (option === 'not-understood') note(at, `Set ${title}: an option that is not understood, left out`)
      else if (option === 'without-meaning') note(at, `Set ${title}: without meaning for the feeder, left out`)
      else if (numberOf({ text: value, label: 'loadmult', at }) !== 1) {
        note(at, `Set loadmult=${value} is left out: loads are taken as their entries say`)
      }
    }
  }

  function setFrequency(text: string, at: Place): void {
    frequencyHz = numberOf({ text, label: 'frequency', at })
    if (frequencyHz !== 50 && frequencyHz !== 60) throw fault(at, `frequency of ${frequencyHz} Hz, want 50 or 60`)
  }
}

/** `Line.L1` as class and name, lower case. */
function splitName(object: Parameter | undefined, at: Place): readonly [string, string] {
  const isName = object && (object.name === undefined || 'object'.startsWith(object.name.toLowerCase()))
  const [, className, name] = (isName && /^([^.]+)\.(.+)$/.exec(object.value.toLowerCase())) || []
  if (className !== undefined && name !== undefined) return [className.trim(), name.trim()]
  throw fault(at, `${shown(object?.value ?? '')} names no element, want class.name`)
}

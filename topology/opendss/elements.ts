// The circuit as the script leaves it: its elements with what was set for each, in the order in which it was set.
//
// The order counts (`wdg=1 kV=115 wdg=2 kV=4.16`), so nothing is merged here; each kind of element reads its own list.

import { classOf } from './classes.ts'
import type { Place } from './note.ts'
import type { Value } from './values.ts'

export interface Setting {
  /** In full and lower case. */
  readonly property: string
  readonly text: string
  readonly at: Place
}

export interface Element {
  /** Lower case, as the name. */
  readonly className: string
  readonly name: string
  /** For messages: `Line.l1`. */
  readonly label: string
  readonly at: Place
  readonly settings: Setting[]
}

/** An `Open` or `Close` command. */
export interface SwitchCommand {
  readonly target: string
  readonly terminal: number
  readonly position: 'open' | 'closed'
  readonly at: Place
}

export interface Circuit {
  readonly name: string
  readonly at: Place
  readonly frequencyHz: number
  /** By class and name. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, Element>>
  readonly commands: readonly SwitchCommand[]
  /** By bus: on the drawing, and on earth (latitude, longitude). */
  readonly drawnAt: ReadonlyMap<string, readonly [number, number]>
  readonly places: ReadonlyMap<string, readonly [number, number]>
}

export function elementLabel(className: string, name: string): string {
  return `${classOf(className)?.title ?? className}.${name}`
}

export function asValue(element: Element, { property, text, at }: Setting): Value {
  return { text, at, label: `${element.label}: ${property}` }
}

/** What was last set, of one property or of one of several that exclude each other. */
export function lastSet(element: Element, ...properties: readonly string[]): Setting | undefined {
  return element.settings.findLast(({ property }) => properties.includes(property))
}

/** What `read` makes of the value set last. */
export function setting<T>(element: Element, property: string, read: (value: Value) => T): T | undefined {
  const last = lastSet(element, property)
  return last && read(asValue(element, last))
}

export function textSet(element: Element, property: string): string | undefined {
  return lastSet(element, property)?.text.toLowerCase()
}

export function isEnabled(element: Element): boolean {
  return setting(element, 'enabled', ({ text }) => /^[yt1]/i.test(text)) ?? true
}

/** All of a class, in the order of the script. */
export function elementsOf(circuit: Circuit, className: string): Element[] {
  return [...(circuit.elements.get(className)?.values() ?? [])]
}

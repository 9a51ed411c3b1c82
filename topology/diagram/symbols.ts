// The symbols of a one-line diagram, each drawn around 0, 0 on a line that runs level.
//
// Closed devices are filled, open ones hollow, as is the custom on paper.

import type { Mark, SymbolKind } from './content.ts'
import { element, group } from './svg.ts'

export const INK = '#1c2430'
export const FAINT = '#5b6675'
export const ALARM = '#c8102e'

/** Half the length along the line that a symbol hides, and half its height across. */
export const REACH = 11

const NAMES: Record<SymbolKind, string> = {
  breaker: 'breaker',
  recloser: 'recloser',
  sectionalizer: 'sectionalizer',
  switch: 'switch',
  tie: 'tie',
  fuse: 'fuse',
  transformer: 'transformer',
  regulator: 'voltage regulator',
  load: 'load',
  capacitor: 'capacitor',
  synchronous: 'generator',
  inverter: 'inverter',
  source: 'source',
}
export const nameOfSymbol = (kind: SymbolKind): string => NAMES[kind]

/** @param angle of the line in degrees; letters stay upright whatever it is */
export function symbol({ kind, position }: Pick<Mark, 'kind' | 'position'>, angle: number): string {
  const isOpen = position === 'open'
  const fill = isOpen ? '#fff' : position === 'unknown' ? '#c9cfd8' : INK
  const body = { stroke: INK, 'stroke-width': 1.6, fill }
  const letter = (text: string): string =>
    element('g', { transform: `rotate(${-angle})` }, lettering(text, isOpen || position === 'unknown' ? INK : '#fff'))
  switch (kind) {
    case 'breaker':
      return element('rect', { x: -8, y: -8, width: 16, height: 16, ...body })
    case 'recloser':
      return element('circle', { r: 9.5, ...body }) + letter('R')
    case 'sectionalizer':
      return element('rect', { x: -9, y: -9, width: 18, height: 18, rx: 5, ...body }) + letter('S')
    case 'switch':
    case 'tie':
      return blade(isOpen, position === 'unknown')
    case 'fuse':
      return (
        element('rect', { x: -10, y: -4.5, width: 20, height: 9, stroke: INK, 'stroke-width': 1.5, fill: '#fff' }) +
        (isOpen ? element('path', { d: 'M-6 8L6-8', stroke: INK, 'stroke-width': 1.5 }) : line(-10, 0, 10, 0, 1.5))
      )
    case 'transformer':
      return group({ fill: 'none', stroke: INK, 'stroke-width': 1.6 }, [
        element('rect', { x: -13, y: -4, width: 26, height: 8, fill: '#fff', stroke: 'none' }),
        element('circle', { cx: -4.6, r: 7.6 }),
        element('circle', { cx: 4.6, r: 7.6 }),
      ])
    case 'regulator':
      return (
        element('circle', { r: 9.5, fill: '#fff', stroke: INK, 'stroke-width': 1.6 }) +
        element('path', {
          d: 'M-9 9L10-10M10-10l-6.5 1.2M10-10l-1.2 6.5',
          fill: 'none',
          stroke: INK,
          'stroke-width': 1.5,
        })
      )
    case 'load':
      return element('path', { d: 'M0-5L12 0L0 5Z', fill: INK })
    case 'capacitor':
      return (
        line(-1, 0, 4, 0, 1.5) +
        element('path', { d: 'M4-9V9M9-9V9', fill: 'none', stroke: INK, 'stroke-width': 2 }) +
        line(9, 0, 14, 0, 1.5) +
        element('path', { d: 'M14-6V6M17-3.5V3.5M20-1.2V1.2', fill: 'none', stroke: INK, 'stroke-width': 1.5 })
      )
    case 'synchronous':
    case 'source':
      return (
        element('circle', { cx: 11, r: 11, fill: '#fff', stroke: INK, 'stroke-width': 1.6 }) +
        group({ transform: `translate(11 0) rotate(${-angle})` }, [kind === 'source' ? sine() : lettering('G', INK)])
      )
    case 'inverter':
      return (
        element('rect', { x: 0, y: -10, width: 20, height: 20, fill: '#fff', stroke: INK, 'stroke-width': 1.6 }) +
        group({ transform: `translate(10 0) rotate(${-angle})` }, [sine()])
      )
  }
}

function blade(isOpen: boolean, isUnknown: boolean): string {
  const contacts = [-9, 9].map(cx => element('circle', { cx, r: 2.6, fill: '#fff', stroke: INK, 'stroke-width': 1.5 }))
  const gap = element('rect', { x: -9, y: -3, width: 18, height: 6, fill: '#fff' })
  const arm = isOpen
    ? line(-8, -2, 7, -11, 1.9)
    : element('path', {
        d: 'M-7 0H7',
        stroke: INK,
        'stroke-width': 2.2,
        'stroke-dasharray': isUnknown ? '2 2' : undefined,
      })
  return gap + arm + contacts.join('')
}

const line = (x1: number, y1: number, x2: number, y2: number, width: number): string =>
  element('path', { d: `M${x1} ${y1}L${x2} ${y2}`, stroke: INK, 'stroke-width': width, fill: 'none' })

const sine = (): string => element('path', { d: 'M-6 0Q-3-7 0 0T6 0', fill: 'none', stroke: INK, 'stroke-width': 1.5 })

const lettering = (text: string, fill: string): string =>
  element('text', { y: 4, 'text-anchor': 'middle', 'font-size': 11, 'font-weight': 700, fill }, text)

export const hangs = (kind: SymbolKind): boolean =>
  ['load', 'capacitor', 'synchronous', 'inverter', 'source'].includes(kind)

/** How far a hanging symbol reaches from the end of its stub, and half its width. */
export function extentOf(kind: SymbolKind): { readonly length: number; readonly halfWidth: number } {
  switch (kind) {
    case 'load':
      return { length: 12, halfWidth: 6 }
    case 'capacitor':
      return { length: 21, halfWidth: 9 }
    case 'synchronous':
    case 'source':
      return { length: 22, halfWidth: 11 }
    case 'inverter':
      return { length: 20, halfWidth: 10 }
    default:
      return { length: REACH, halfWidth: REACH }
  }
}

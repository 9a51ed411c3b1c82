// The strip below a drawing: zones with their colours, symbols with their names, and the title block.

import type { Feeder } from '../feeder.ts'
import { groupBy } from '../group-by.ts'
import { kwOf } from '../load-power.ts'
import { type SymbolKind, tidy, tidyKv } from './content.ts'
import type { Drawing } from './drawing.ts'
import type { DiagramOptions } from './options.ts'
import { WIDTHS } from './section-lines.ts'
import { element, escapeXml } from './svg.ts'
import { extentOf, FAINT, hangs, INK, nameOfSymbol, symbol } from './symbols.ts'
import { DARK_COLOUR } from './zone-colours.ts'

const text = (x: number, y: number, content: string, more: Record<string, string | number> = {}): string =>
  element('text', { x, y, 'font-size': 11, fill: INK, ...more }, escapeXml(content))
const HEADING = { 'font-weight': 700, 'font-size': 10, fill: FAINT, 'letter-spacing': 0.6 }

const ZONE_ROWS = 6
const ZONE_WIDTH = 156

/** Each zone with what it has to feed; when there are more zones than room, the last line says how many. */
export function zonesLegend(feeder: Feeder, { colours, hasDark }: Drawing, width: number): string {
  const most = ZONE_ROWS * Math.max(1, Math.floor(width / ZONE_WIDTH))
  const loads = loadsByZone(feeder)
  const zones = [...colours]
  const shown = zones.slice(0, zones.length > most ? most - 1 : most)
  const entries = shown.map(([zone, colour], index) => {
    const { x, y } = placeOf(index)
    return (
      element('path', { d: `M${x} ${y - 4}h22`, stroke: colour, 'stroke-width': 3.4 }) +
      element(
        'text',
        { x: x + 28, y, 'font-size': 10.5, fill: INK },
        `${escapeXml(shortened(zone, 11))} ${element('tspan', { fill: FAINT, 'font-size': 9.5 }, loads.get(zone) ?? '')}`,
      )
    )
  })
  const { x, y } = placeOf(shown.length)
  const rest = zones.length > shown.length ? text(x, y, `and ${zones.length - shown.length} zones more`) : ''
  const dark = hasDark
    ? element('path', { d: 'M0 135h22', stroke: DARK_COLOUR, 'stroke-width': 2.7, 'stroke-dasharray': '5 4' }) +
      text(28, 139, 'without voltage', { 'font-size': 10.5 })
    : ''
  return text(0, 20, 'ZONES', HEADING) + entries.join('') + rest + dark
}

const placeOf = (index: number): { readonly x: number; readonly y: number } => ({
  x: Math.floor(index / ZONE_ROWS) * ZONE_WIDTH,
  y: 38 + (index % ZONE_ROWS) * 16,
})

function loadsByZone(feeder: Feeder): Map<string, string> {
  const zoneOf = (load: Feeder['file']['loads'][number]): string =>
    load.node === undefined ? feeder.zoneOfSection(load.along ?? '') : feeder.zoneOf(load.node)
  return new Map(
    [...groupBy(feeder.file.loads, zoneOf)].map(([zone, loads]) => {
      const customers = loads.reduce((sum, load) => sum + load.customers, 0)
      const kw = kwOf(loads)
      return [zone, `${tidy(kw)} kW${customers > 0 ? `, ${customers} cust.` : ''}`]
    }),
  )
}

const ORDER: readonly SymbolKind[] = [
  'source',
  'breaker',
  'recloser',
  'sectionalizer',
  'switch',
  'tie',
  'fuse',
  'transformer',
  'regulator',
  'capacitor',
  'synchronous',
  'inverter',
  'load',
]
const SYMBOL_ROWS = 5

export function symbolsLegend({ symbols, phaseCounts, hasIeds }: Drawing): string {
  const kinds = ORDER.filter(kind => symbols.has(kind)).map(kind => ({
    picture: element(
      'g',
      { transform: `translate(${hangs(kind) ? 14 - extentOf(kind).length / 2 : 14} 0) scale(0.85)` },
      (kind === 'load' ? element('path', { d: 'M-12 0H0', stroke: INK, 'stroke-width': 1.6 }) : '') +
        symbol({ kind, ...(kind === 'tie' ? { position: 'open' } : {}) }, 0),
    ),
    words: kind === 'tie' ? 'tie (open)' : nameOfSymbol(kind),
  }))
  const phases = [...phaseCounts]
    .sort((one, other) => other - one)
    .map(count => ({
      picture: element('path', { d: 'M0 0h28', stroke: INK, 'stroke-width': WIDTHS[count] ?? 2 }),
      words: count === 1 ? 'one phase' : count === 2 ? 'two phases' : 'three phases',
    }))
  const box = { x: 1, y: -6, width: 26, height: 12, rx: 3, fill: '#eaf2fb', stroke: '#3b6ea5', 'stroke-width': 0.8 }
  const ieds = hasIeds ? [{ picture: element('rect', box), words: 'IED' }] : []
  const drawn = [...kinds, ...phases, ...ieds].map(({ picture, words }, index) => {
    const [x, y] = [Math.floor(index / SYMBOL_ROWS) * 126, 37 + (index % SYMBOL_ROWS) * 20]
    return (
      element('g', { transform: `translate(${x} ${y})` }, picture) + text(x + 36, y + 4, words, { 'font-size': 10.5 })
    )
  })
  const hasDevices = ORDER.slice(1, 6).some(kind => symbols.has(kind))
  const note = hasDevices
    ? text(0, 139, 'Breakers and reclosers: filled is closed, hollow is open.', { 'font-size': 9.5, fill: FAINT })
    : ''
  return text(0, 20, 'SYMBOLS', HEADING) + drawn.join('') + note
}

const MOST_LINES = 6

export function titleBlock({ file }: Feeder, options: DiagramOptions): string {
  const kw = kwOf(file.loads)
  const customers = file.loads.reduce((sum, load) => sum + load.customers, 0)
  const description = options.title === undefined ? (file.description?.trim().split('\n')[0] ?? '') : ''
  const sources = file.sources.map(({ name, node }) => `${name} (node ${node})`)
  const lines = [
    description,
    `${tidyKv(file.nominalKv)} kV, ${file.frequencyHz} Hz, fed by ${sources.slice(0, 2).join(', ')}${sources.length > 2 ? ', …' : ''}`,
    `${count(file.nodes.length, 'node')}, ${count(file.sections.length, 'section')}, ${count(file.devices.length, 'switching device')}`,
    `${count(file.loads.length, 'load')}, ${tidy(kw)} kW${customers > 0 ? `, ${count(customers, 'customer')}` : ''}, ${count(file.ieds.length, 'IED')}`,
    ...(options.notes ?? []),
  ].filter(line => line !== '')
  return (
    element('path', { d: 'M-18 0V164', stroke: INK, 'stroke-width': 1.2 }) +
    text(0, 20, 'ONE-LINE DIAGRAM', HEADING) +
    text(0, 47, shortened(options.title ?? file.name, 28), { 'font-size': 22, 'font-weight': 700 }) +
    lines
      .slice(0, MOST_LINES)
      .map((line, index) => text(0, 67 + index * 15, shortened(line, 62)))
      .join('')
  )
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`
const shortened = (words: string, most: number): string =>
  words.length > most ? `${words.slice(0, most - 1)}…` : words

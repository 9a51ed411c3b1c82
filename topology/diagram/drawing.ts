// The drawing itself, without its sheet: sections in the colours of their zones, nodes, symbols, words, and what happened.

import type { Feeder } from '../feeder.ts'
import type { FeederFile, SectionEntry } from '../feeder-file.ts'
import { type Arrangement, arrange } from './arrange.ts'
import { type Content, contentOf, type Mark, type SectionContent, type SymbolKind, type Words } from './content.ts'
import {
  along,
  at,
  type Box,
  boxAround,
  boxOfLine,
  createPaper,
  legsOf,
  type Point,
  part,
  totalLength,
  union,
} from './geometry.ts'
import { hangingOnNode, hangingOnSection, type Post } from './hanging.ts'
import { besideLine, besideNode, besideSymbol } from './labels.ts'
import type { Room } from './layout.ts'
import type { DiagramOptions, Overlay } from './options.ts'
import { type Placeable, settle } from './settle.ts'
import { element, group, pathData } from './svg.ts'
import { ALARM, INK, REACH, symbol } from './symbols.ts'
import { sizeOf } from './words.ts'
import { DARK_COLOUR, zoneColours } from './zone-colours.ts'

export interface Drawing {
  readonly svg: string
  readonly box: Box
  /** Zone and colour, in the order of the feeder's zones. */
  readonly colours: ReadonlyMap<string, string>
  readonly symbols: ReadonlySet<SymbolKind>
  readonly phaseCounts: ReadonlySet<number>
  readonly hasDark: boolean
  readonly hasIeds: boolean
}

/** How much is said: everything, the names of devices, or lines alone. */
export type Detail = 'all' | 'devices' | 'lines'
const MOST_NODES = { all: 160, devices: 1200 }
export function detailFor(nodes: number): Detail {
  return nodes <= MOST_NODES.all ? 'all' : nodes <= MOST_NODES.devices ? 'devices' : 'lines'
}

/** @param feeder in the state to show */
export function draw(feeder: Feeder, options: DiagramOptions): Drawing {
  const { file } = feeder
  const detail = detailFor(file.nodes.length)
  const content = contentOf(file, name => feeder.position(name))
  const arrangement = arrange(file, roomFor(file, detail, content), {
    prefer: options.arrange ?? 'coordinates',
    isLevel: detail === 'all',
    symbols: (name, route) => marksOnRoute(content.section(name), route).map(({ point }) => point),
  })
  const colours = zoneColours(feeder)
  const overlay = options.overlay ?? {}
  const isDark = (section: string): boolean =>
    overlay.darkSections?.has(section) ?? feeder.sectionEnergised(section) === 'no'
  const colourOfNode = (node: string): string =>
    feeder.energised(node) === 'no' ? DARK_COLOUR : (colours.get(feeder.zoneOf(node)) ?? INK)
  const sourceBars = barsOfSources(feeder, arrangement)
  const pen = { sourceBars, feeder, content, arrangement, colours, colourOfNode, isDark, overlay, detail }

  const sections = file.sections.map(section => sectionLines(pen, section))
  const marks = file.sections.flatMap(section =>
    marksOnRoute(content.section(section.name), arrangement.routes.get(section.name) ?? []),
  )
  const placed = detail === 'lines' ? { svg: [], boxes: [] } : placeAll(pen, marks)
  const bends = [...arrangement.routes.values()].flat()
  const spots = [...arrangement.nodes.values(), ...bends].map(point => boxAround(point, 16))
  return {
    svg: [
      group({ fill: 'none', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }, sections),
      group(
        {},
        file.nodes.map(node => nodeSpot(pen, node.name)),
      ),
      group({}, detail === 'lines' ? [] : marks.map(({ svg }) => svg)),
      group({}, placed.svg),
      overlaid(pen, marks),
    ].join('\n'),
    box: union([...spots, ...placed.boxes]),
    colours,
    symbols: detail === 'lines' ? new Set() : symbolsIn(feeder, content),
    phaseCounts: new Set(file.sections.map(({ phases }) => phases.length)),
    hasDark: file.sections.some(({ name }) => isDark(name)),
    hasIeds: detail === 'all' && file.ieds.length > 0,
  }
}

interface Pen {
  readonly sourceBars: ReadonlyMap<string, { readonly isUpright: boolean }>
  readonly feeder: Feeder
  readonly content: Content
  readonly arrangement: Arrangement
  readonly colours: ReadonlyMap<string, string>
  readonly colourOfNode: (node: string) => string
  readonly isDark: (section: string) => boolean
  readonly overlay: Overlay
  readonly detail: Detail
}

/** From the node to the first symbol, and from one symbol to the next. */
const FIRST = 27
const NEXT = 34

function roomFor(file: FeederFile, detail: Detail, content: Content): Room {
  if (detail === 'lines') return { row: 12, column: 14, section: () => 14 }
  if (detail === 'devices') {
    return { row: 34, column: 34, section: ({ name }) => 34 + marksOf(content.section(name)).length * NEXT }
  }
  return {
    ...spread(file, content),
    section: ({ name }) => {
      const marks = marksOf(content.section(name))
      const widths = marks.map(({ words }) => Math.max(NEXT, sizeOf(words).width * 0.85))
      return Math.max(78, widths.reduce((sum, width) => sum + width, 0) + (marks.length > 0 ? 46 : 0))
    },
  }
}

/** Rows and columns as far apart as what hangs between them needs. */
function spread(file: FeederFile, content: Content): { row: number; column: number } {
  const hanging = file.nodes.flatMap(({ name }) => content.node(name).hanging)
  const sizes = hanging.map(({ words }) => sizeOf(words))
  return {
    row: 70 + Math.min(50, Math.max(0, ...sizes.map(({ height }) => height))),
    column: Math.min(110, 30 + Math.max(46, ...sizes.map(({ width }) => width))),
  }
}

const marksOf = ({ from, middle, to }: SectionContent): Mark[] => [...from, ...middle, ...to]

interface PlacedMark {
  readonly mark: Mark
  readonly point: Point
  readonly isUpright: boolean
  readonly svg: string
}

function marksOnRoute(section: SectionContent, route: readonly Point[]): PlacedMark[] {
  const { from, middle, to } = section
  const length = totalLength(route)
  const [first, last] = [offsets(from.length), offsets(to.length)]
  const between = [
    (first.at(-1) ?? 0) + (from.length > 0 ? 14 : 0),
    length - (last.at(-1) ?? 0) - (to.length > 0 ? 14 : 0),
  ] as const
  return [
    ...from.map((mark, index) =>
      placedMark(mark, route, squeezed(first[index] as number, length, marksOf(section).length)),
    ),
    ...middle.map((mark, index) =>
      placedMark(mark, route, between[0] + ((between[1] - between[0]) * (index + 1)) / (middle.length + 1)),
    ),
    ...to.map((mark, index) =>
      placedMark(mark, route, length - squeezed(last[index] as number, length, marksOf(section).length)),
    ),
  ]
}

const offsets = (count: number): number[] => Array.from({ length: count }, (_, index) => FIRST + index * NEXT)

/** On a line that turned out too short, symbols stand closer. */
function squeezed(offset: number, length: number, count: number): number {
  const wanted = 2 * FIRST + (count - 1) * NEXT
  return length >= wanted ? offset : (offset * length) / wanted
}

function placedMark(mark: Mark, route: readonly Point[], distance: number): PlacedMark {
  const { point, angle } = offBend(route, distance)
  const isUpright = Math.abs(Math.sin((angle * Math.PI) / 180)) > 0.7
  const turned = isUpright ? 90 : Math.abs(angle) > 170 ? 0 : angle
  const svg = element(
    'g',
    {
      transform: `translate(${Math.round(point.x * 100) / 100} ${Math.round(point.y * 100) / 100}) rotate(${Math.round(turned)})`,
    },
    symbol(mark, turned),
  )
  return { mark, point, isUpright, svg }
}

/** A symbol does not stand on a bend: it moves to the nearest place that is clear of it. */
function offBend(route: readonly Point[], distance: number): ReturnType<typeof along> {
  const clear = REACH + 4
  let passed = 0
  for (const { from, to } of legsOf(route).slice(0, -1)) {
    passed += Math.hypot(to.x - from.x, to.y - from.y)
    if (Math.abs(passed - distance) < clear) {
      const before = passed - clear
      return along(route, before > 14 && distance <= passed ? before : passed + clear)
    }
  }
  return along(route, distance)
}

const WIDTHS: Record<number, number> = { 1: 1.3, 2: 1.9, 3: 2.7 }

/** A section in up to three parts: its ends beyond the devices belong to the zones of its nodes. */
function sectionLines(
  { feeder, content, arrangement, colours, colourOfNode, isDark, detail }: Pen,
  section: SectionEntry,
): string {
  const route = arrangement.routes.get(section.name) ?? []
  const width = (WIDTHS[section.phases.length] ?? 2) * (detail === 'lines' ? 0.6 : 1)
  const own = isDark(section.name) ? DARK_COLOUR : (colours.get(feeder.zoneOfSection(section.name)) ?? INK)
  const { from, to } = content.section(section.name)
  const length = totalLength(route)
  const count = marksOf(content.section(section.name)).length
  const [head, tail] =
    detail === 'lines'
      ? [0, 0]
      : [from.length > 0 ? squeezed(FIRST, length, count) : 0, to.length > 0 ? squeezed(FIRST, length, count) : 0]
  const pieces: [number, number, string][] = [
    [0, head, colourOfNode(section.from)],
    [head, length - tail, own],
    [length - tail, length, colourOfNode(section.to)],
  ]
  return pieces
    .filter(([start, end]) => end - start > 0.1)
    .map(([start, end, stroke]) => {
      const isWhole = start === 0 && end === length
      return element('path', {
        d: pathData(isWhole ? route : part(route, start, end)),
        stroke,
        'stroke-width': width,
        'stroke-dasharray': stroke === DARK_COLOUR ? '5 4' : undefined,
      })
    })
    .join('')
}

function postOf({ arrangement, sourceBars }: Pen, node: string): Post {
  const { x, y } = arrangement.nodes.get(node) ?? at(0, 0)
  const bar = arrangement.bars.get(node)
  const half = sourceBars.get(node)?.isUpright === true ? SOURCE_BAR : 0
  return { x, y, top: (bar?.top ?? y) - half, bottom: (bar?.bottom ?? y) + half }
}

/** Half the length that a source's bar has beyond what its sections need. */
const SOURCE_BAR = 12

/** The bar of a source stands across the sections that leave it. */
function barsOfSources({ file }: Feeder, { routes }: Arrangement): Map<string, { readonly isUpright: boolean }> {
  return new Map(
    file.sources.map(({ node }) => {
      const leaving = file.sections.flatMap(({ name, from, to }) => {
        const route = routes.get(name) ?? []
        const [near, next] = from === node ? route : to === node ? [...route].reverse() : []
        return near && next ? [Math.abs(next.x - near.x) >= Math.abs(next.y - near.y)] : []
      })
      return [node, { isUpright: leaving.filter(isLevel => isLevel).length * 2 >= leaving.length }]
    }),
  )
}

function nodeSpot(pen: Pen, node: string): string {
  const { x, y, top, bottom } = postOf(pen, node)
  const colour = pen.colourOfNode(node)
  const source = pen.sourceBars.get(node)
  const isLine = pen.detail === 'lines'
  const bar = (one: Point, other: Point, stroke: string, width: number): string =>
    element('path', { d: pathData([one, other]), stroke, 'stroke-width': width, 'stroke-linecap': 'round' })
  const upright =
    bottom > top ? bar(at(x, top), at(x, bottom), source ? INK : colour, source ? 5 : isLine ? 1.6 : 3.4) : ''
  if (source?.isUpright === false) return bar(at(x - SOURCE_BAR, y), at(x + SOURCE_BAR, y), INK, 5) + upright
  return isLine || source ? upright : upright + element('circle', { cx: x, cy: y, r: 3.6, fill: colour })
}

/** Nothing may lie along a line, though it is thin. */
const LINE_WEIGHT = 6

function placeAll(pen: Pen, marks: readonly PlacedMark[]): { svg: string[]; boxes: Box[] } {
  const paper = createPaper()
  for (const route of pen.arrangement.routes.values()) {
    for (const { from, to } of legsOf(route)) paper.add('lines', boxOfLine(from, to, 1.5), LINE_WEIGHT)
  }
  for (const { name } of pen.feeder.file.nodes) {
    const { x, top, bottom } = postOf(pen, name)
    paper.add('nodes', boxOfLine(at(x, top), at(x, bottom), 4))
    if (pen.sourceBars.get(name)?.isUpright === false) paper.add('nodes', boxAround(at(x, top), SOURCE_BAR + 2, 4))
  }
  for (const { point } of marks) paper.add('symbols', boxAround(point, REACH + 1))
  for (const { point } of faultSpots(pen)) paper.add('faults', boxAround(point, 8, 15), LINE_WEIGHT)
  const settled = settle(placeables(pen, marks), paper)
  return {
    svg: [...settled.values()].map(({ svg }) => svg),
    boxes: [...settled.values()].flatMap(({ boxes }) => boxes),
  }
}

/** The bulkiest first, as they have the fewest places to go. */
function placeables(pen: Pen, marks: readonly PlacedMark[]): Placeable[] {
  const { feeder, content, arrangement, overlay, detail } = pen
  const { nodes, sections } = feeder.file
  const operated = new Map((overlay.operated ?? []).map(({ device, label }) => [device, label]))
  const deviceLabels = marks.map(({ mark, point, isUpright }, index): Placeable => {
    const label = operated.get(mark.name)
    const words: Words[] = label === undefined ? [...mark.words] : [...mark.words, { text: label, style: 'alarm' }]
    return {
      owner: `mark ${index}`,
      candidates: besideSymbol(detail === 'all' ? words : words.slice(0, 1), point, isUpright),
    }
  })
  if (detail !== 'all') return deviceLabels.map(label => ({ ...label, optional: true }))
  const hanging = nodes.flatMap(({ name }) =>
    content.node(name).hanging.map(
      (mark, index): Placeable => ({
        owner: `hanging ${name} ${index}`,
        candidates: hangingOnNode(mark, postOf(pen, name), pen.colourOfNode(name)),
      }),
    ),
  )
  const spread = sections.flatMap(({ name }) =>
    content.section(name).loads.map((mark): Placeable => {
      const route = arrangement.routes.get(name) ?? []
      const { point, angle } = offBend(route, totalLength(route) * 0.62)
      const colour = pen.isDark(name) ? DARK_COLOUR : (pen.colours.get(feeder.zoneOfSection(name)) ?? INK)
      return {
        owner: `along ${name}`,
        candidates: hangingOnSection(mark, point, Math.abs(Math.sin((angle * Math.PI) / 180)) > 0.7, colour),
      }
    }),
  )
  const nodeLabels = nodes.map(({ name }): Placeable => {
    const values = (overlay.values?.get(name) ?? []).map((text): Words => ({ text, style: 'plain' }))
    const words: Words[] = [{ text: name, style: 'strong' }, ...values, ...content.node(name).ieds]
    return { owner: `node ${name}`, candidates: besideNode(words, postOf(pen, name)) }
  })
  const isAlarming = ({ mark }: PlacedMark): boolean => operated.has(mark.name)
  const alarming = deviceLabels.filter((_, index) => isAlarming(marks[index] as PlacedMark))
  return [
    ...new Set([
      ...alarming,
      ...hanging,
      ...spread,
      ...deviceLabels,
      ...nodeLabels,
      ...faultLabels(pen),
      ...sectionLabels(pen),
    ]),
  ]
}

/** Names and lengths of sections, where there is room. */
function sectionLabels({ feeder, arrangement }: Pen): Placeable[] {
  return feeder.file.sections.map(({ name, lengthM, phases }): Placeable => {
    const route = arrangement.routes.get(name) ?? []
    const length = totalLength(route)
    const places = [0.5, 0.65, 0.35].map(share => along(route, length * share))
    const isUpright = Math.abs(Math.sin(((places[0]?.angle ?? 0) * Math.PI) / 180)) > 0.7
    const words: Words[] = [
      { text: name, style: 'faint' },
      ...(lengthM > 0
        ? [
            {
              text: `${Math.round(lengthM)} m${phases.length < 3 ? `, ${phases.join('')}` : ''}`,
              style: 'faint',
            } as const,
          ]
        : []),
    ]
    const points = places.map(({ point }) => point)
    return {
      owner: `section ${name}`,
      optional: true,
      candidates: [
        ...besideLine(words, points, isUpright),
        ...besideLine(words.slice(0, 1), points, isUpright).map(each => ({ ...each, cost: each.cost + 10 })),
      ],
    }
  })
}

function faultSpots({ arrangement, overlay }: Pen): { readonly point: Point; readonly label: string | undefined }[] {
  return (overlay.faults ?? []).flatMap(fault => {
    if ('node' in fault) {
      const point = arrangement.nodes.get(fault.node)
      return point ? [{ point, label: fault.label }] : []
    }
    const route = arrangement.routes.get(fault.section)
    return route ? [{ point: along(route, totalLength(route) * fault.at).point, label: fault.label }] : []
  })
}

function faultLabels(pen: Pen): Placeable[] {
  return faultSpots(pen).flatMap(({ point, label }, index) =>
    label === undefined
      ? []
      : [{ owner: `fault ${index}`, candidates: besideSymbol([{ text: label, style: 'alarm' }], point, false) }],
  )
}

function overlaid(pen: Pen, marks: readonly PlacedMark[]): string {
  const operated = new Set((pen.overlay.operated ?? []).map(({ device }) => device))
  const rings = marks
    .filter(({ mark }) => operated.has(mark.name))
    .map(({ point }) =>
      element('circle', { cx: point.x, cy: point.y, r: 14.5, fill: 'none', stroke: ALARM, 'stroke-width': 2.4 }),
    )
  const bolts = faultSpots(pen).map(({ point }) =>
    element('path', {
      d: 'M3-15L-7 2H-1L-4 15L8-4H1L6-15Z',
      transform: `translate(${Math.round(point.x * 100) / 100} ${Math.round(point.y * 100) / 100})`,
      fill: ALARM,
      stroke: '#fff',
      'stroke-width': 1.2,
      'stroke-linejoin': 'round',
    }),
  )
  return [...rings, ...bolts].join('')
}

function symbolsIn({ file }: Feeder, content: Content): Set<SymbolKind> {
  const marks = [
    ...file.sections.flatMap(({ name }) => [...marksOf(content.section(name)), ...content.section(name).loads]),
    ...file.nodes.flatMap(({ name }) => content.node(name).hanging),
  ]
  return new Set(marks.map(({ kind }) => kind))
}

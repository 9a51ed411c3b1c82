// The drawing itself, without its sheet: sections in the colours of their zones, nodes, symbols, words, and what happened.

import type { Feeder } from '../feeder.ts'
import { arrange } from './arrange.ts'
import { type Content, contentOf, type SymbolKind } from './content.ts'
import { type Box, boxAround, union } from './geometry.ts'
import { barsOfSources, nodeSpot } from './node-spots.ts'
import type { DiagramOptions } from './options.ts'
import { overlaid } from './overlay.ts'
import type { Detail, Pen } from './pen.ts'
import { placeAll } from './placeables.ts'
import { roomFor } from './room.ts'
import { sectionLines } from './section-lines.ts'
import { marksOf, marksOnRoute } from './section-marks.ts'
import { group } from './svg.ts'
import { INK } from './symbols.ts'
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

/** Above these, less is said. */
const MOST_NODES = { all: 160, devices: 1200 }
function detailFor(nodes: number): Detail {
  return nodes <= MOST_NODES.all ? 'all' : nodes <= MOST_NODES.devices ? 'devices' : 'lines'
}

/** On a drawing wider than this, lines are thicker in proportion. */
const WIDE = 4000

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
  const bends = [...arrangement.routes.values()].flat()
  const extent = union([...arrangement.nodes.values(), ...bends].map(point => boxAround(point, 16)))
  const pen: Pen = {
    feeder,
    content,
    arrangement,
    sourceBars: barsOfSources(feeder, arrangement),
    colourOfNode,
    colourOfSection: name => (isDark(name) ? DARK_COLOUR : (colours.get(feeder.zoneOfSection(name)) ?? INK)),
    overlay,
    detail,
    thickness: detail === 'lines' ? Math.max(0.6, (extent.right - extent.left) / WIDE) : 1,
  }

  const sections = file.sections.map(section => sectionLines(pen, section))
  const marks = file.sections.flatMap(section =>
    marksOnRoute(content.section(section.name), arrangement.routes.get(section.name) ?? []),
  )
  const placed = detail === 'lines' ? { svg: [], boxes: [] } : placeAll(pen, marks)
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
    box: union([extent, ...placed.boxes]),
    colours,
    symbols: detail === 'lines' ? new Set() : symbolsIn(feeder, content),
    phaseCounts: new Set(file.sections.map(({ phases }) => phases.length)),
    hasDark: file.sections.some(({ name }) => isDark(name)),
    hasIeds: detail === 'all' && file.ieds.length > 0,
  }
}

function symbolsIn({ file }: Feeder, content: Content): Set<SymbolKind> {
  const marks = [
    ...file.sections.flatMap(({ name }) => [...marksOf(content.section(name)), ...content.section(name).loads]),
    ...file.nodes.flatMap(({ name }) => content.node(name).hanging),
  ]
  return new Set(marks.map(({ kind }) => kind))
}

// Everything of a drawing that may stand in several places: loads and what else hangs on nodes, and all words.

import type { Words } from './content.ts'
import { along, at, type Box, boxAround, boxOfLine, createPaper, legsOf, totalLength } from './geometry.ts'
import { hangingOnNode, hangingOnSection } from './hanging.ts'
import { besideLine, besideNode, besideSymbol } from './labels.ts'
import { postOf, SOURCE_BAR } from './node-spots.ts'
import { faultLabels, faultSpots } from './overlay.ts'
import type { Pen } from './pen.ts'
import { offBend, type PlacedMark, runsUpright } from './section-marks.ts'
import { type Placeable, settle } from './settle.ts'
import { REACH } from './symbols.ts'

/** Nothing may lie along a line, though it is thin. */
const LINE_WEIGHT = 6

export function placeAll(pen: Pen, marks: readonly PlacedMark[]): { svg: string[]; boxes: Box[] } {
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

/** What happened first, then the bulkiest, as they have the fewest places to go. */
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
      return {
        owner: `along ${name}`,
        candidates: hangingOnSection(mark, point, runsUpright(angle), pen.colourOfSection(name)),
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
      ...faultLabels(pen),
      ...hanging,
      ...spread,
      ...deviceLabels,
      ...nodeLabels,
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
    const isUpright = runsUpright(places[0]?.angle ?? 0)
    const few = phases.length < 3 ? `, ${phases.join('')}` : ''
    const words: Words[] = [
      { text: name, style: 'faint' },
      ...(lengthM > 0 ? [{ text: `${Math.round(lengthM)} m${few}`, style: 'faint' } as const] : []),
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

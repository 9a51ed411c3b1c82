// What happened, drawn over the feeder: faults and the devices that operated.

import { along, type Point, totalLength } from './geometry.ts'
import { besideSymbol } from './labels.ts'
import type { Pen } from './pen.ts'
import type { PlacedMark } from './section-marks.ts'
import type { Placeable } from './settle.ts'
import { element, number } from './svg.ts'
import { ALARM } from './symbols.ts'

export function faultSpots({
  arrangement,
  overlay,
}: Pen): { readonly point: Point; readonly label: string | undefined }[] {
  return (overlay.faults ?? []).flatMap(fault => {
    if ('node' in fault) {
      const point = arrangement.nodes.get(fault.node)
      return point ? [{ point, label: fault.label }] : []
    }
    const route = arrangement.routes.get(fault.section)
    return route ? [{ point: along(route, totalLength(route) * fault.at).point, label: fault.label }] : []
  })
}

export function faultLabels(pen: Pen): Placeable[] {
  return faultSpots(pen).flatMap(({ point, label }, index) =>
    label === undefined
      ? []
      : [{ owner: `fault ${index}`, candidates: besideSymbol([{ text: label, style: 'alarm' }], point, false) }],
  )
}

export function overlaid(pen: Pen, marks: readonly PlacedMark[]): string {
  const operated = new Set((pen.overlay.operated ?? []).map(({ device }) => device))
  const rings = marks
    .filter(({ mark }) => operated.has(mark.name))
    .map(({ point }) =>
      element('circle', { cx: point.x, cy: point.y, r: 14.5, fill: 'none', stroke: ALARM, 'stroke-width': 2.4 }),
    )
  const bolts = faultSpots(pen).map(({ point }) =>
    element('path', {
      d: 'M3-15L-7 2H-1L-4 15L8-4H1L6-15Z',
      transform: `translate(${number(point.x)} ${number(point.y)})`,
      fill: ALARM,
      stroke: '#fff',
      'stroke-width': 1.2,
      'stroke-linejoin': 'round',
    }),
  )
  return [...rings, ...bolts].join('')
}

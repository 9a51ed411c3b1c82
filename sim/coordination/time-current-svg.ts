// A time-current drawing on log-log paper, as protection engineers draw it: decades of equal length both ways, each device
// in one colour, its faults marked on its curve, and a legend with the settings.
//
// Relays are drawn without their breaker's time; a fuse as the band from melting to cleared. A curve ends at the largest
// fault of the device's own stretch, beyond which it is only the backup of what is said to happen there.

import { element, group, pathData } from '../../topology/diagram/svg.ts'
import type { CurvePoint, Drawn, DrawnDevice } from './drawn-curves.ts'

const DECADE = 170
const LEFT = 78
const TOP = 104
const LEGEND = 356
const BOTTOM = 74
const FONT = 'Helvetica, Arial, sans-serif'
/** Told apart by people who do not see all colours, and in print (after Okabe and Ito, darkened). */
const COLOURS = ['#0060a8', '#c44e00', '#00795a', '#a3347f', '#7a6200', '#3b3b9e', '#8c2d19', '#007c91']
const DASHES = [undefined, '9 4', '3 3', '12 4 3 4']

interface Paper {
  readonly fromAmps: number
  readonly toAmps: number
  readonly fromSeconds: number
  readonly toSeconds: number
}

export function timeCurrentSvg(drawn: Drawn): string {
  const paper = paperFor(drawn)
  const width = LEFT + DECADE * decades(paper.fromAmps, paper.toAmps) + 24 + LEGEND
  const height = TOP + DECADE * decades(paper.fromSeconds, paper.toSeconds) + BOTTOM
  const clip = element('clipPath', { id: 'paper' }, rectangle(paper, {}))
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, 'font-family': FONT },
    [
      element('defs', {}, clip),
      element('rect', { width, height, fill: '#fff' }),
      title(drawn),
      grid(paper),
      axes(drawn, paper),
      ...drawn.devices.map((device, n) => deviceLines(device, n, paper)),
      labels(drawn, paper),
      legend(drawn, paper),
    ].join('\n'),
  )
}

const decades = (from: number, to: number): number => Math.log10(to / from)
const floorDecade = (value: number): number => 10 ** Math.floor(Math.log10(value) + 1e-9)
const ceilDecade = (value: number): number => 10 ** Math.ceil(Math.log10(value) - 1e-9)

/** Whole decades, wide enough for all pickups and faults; three of amperes at the least. */
function paperFor({ devices }: Drawn): Paper {
  const amps = devices.flatMap(({ curve, largestAmps, highSetAmps }) => [
    ...(curve[0] === undefined ? [] : [curve[0][0]]),
    ...(largestAmps === undefined ? [] : [largestAmps]),
    ...(highSetAmps === undefined ? [] : [highSetAmps]),
  ])
  const fromAmps = floorDecade(Math.min(...amps, 1000))
  const toAmps = Math.max(ceilDecade(Math.max(...amps, 100)), fromAmps * 1000)
  const slowest = Math.max(1, ...devices.flatMap(({ curve }) => curve.map(([, seconds]) => seconds)))
  return { fromAmps, toAmps, fromSeconds: 0.01, toSeconds: Math.min(1000, Math.max(100, ceilDecade(slowest))) }
}

const xOf = ({ fromAmps }: Paper, amps: number): number => LEFT + DECADE * Math.log10(amps / fromAmps)
const yOf = ({ toSeconds }: Paper, seconds: number): number => TOP + DECADE * Math.log10(toSeconds / seconds)

function rectangle(paper: Paper, attributes: Readonly<Record<string, string | number>>): string {
  return element('rect', {
    x: LEFT,
    y: TOP,
    width: DECADE * decades(paper.fromAmps, paper.toAmps),
    height: DECADE * decades(paper.fromSeconds, paper.toSeconds),
    ...attributes,
  })
}

const text = (
  x: number,
  y: number,
  content: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string => element('text', { x, y, 'font-size': 13, fill: '#222', ...attributes }, escaped(content))
const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function title({ feeder, state, quantity, kilovolts }: Drawn): string {
  const what = quantity === 'phase' ? 'phase elements' : 'ground elements, 3I0'
  const where = `${state === 'normal' ? 'normal state' : state} · currents at ${trimmed(kilovolts)} kV`
  return group({}, [
    text(LEFT, 36, `${feeder}: time-current curves`, { 'font-size': 21, 'font-weight': 600 }),
    text(LEFT, 60, `${what} · ${where}`, { fill: '#555' }),
  ])
}

const trimmed = (value: number): string => String(Number(value.toPrecision(4)))

function grid(paper: Paper): string {
  const { fromAmps, toAmps, fromSeconds, toSeconds } = paper
  const [left, right] = [xOf(paper, fromAmps), xOf(paper, toAmps)]
  const [top, bottom] = [yOf(paper, toSeconds), yOf(paper, fromSeconds)]
  const line = (x1: number, y1: number, x2: number, y2: number, times: number): string =>
    element('line', {
      x1,
      y1,
      x2,
      y2,
      stroke: times === 1 ? '#8a8f98' : times === 5 ? '#c9cdd3' : '#e4e6ea',
      'stroke-width': times === 1 ? 1 : 0.7,
    })
  return group({ 'shape-rendering': 'crispEdges' }, [
    ...linesOf(fromAmps, toAmps).map(({ value, times }) =>
      line(xOf(paper, value), top, xOf(paper, value), bottom, times),
    ),
    ...linesOf(fromSeconds, toSeconds).map(({ value, times }) =>
      line(left, yOf(paper, value), right, yOf(paper, value), times),
    ),
    rectangle(paper, { fill: 'none', stroke: '#333', 'stroke-width': 1.2 }),
  ])
}

/** 1 to 9 times each decade, and the last one. */
function linesOf(from: number, to: number): { readonly value: number; readonly times: number }[] {
  const whole = Math.round(decades(from, to))
  const each = Array.from({ length: whole }, (_, n) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map(times => ({ value: from * 10 ** n * times, times })),
  )
  return [...each.flat(), { value: to, times: 1 }]
}

function axes({ kilovolts, quantity }: Drawn, paper: Paper): string {
  const { fromAmps, toAmps, fromSeconds, toSeconds } = paper
  const bottom = yOf(paper, fromSeconds)
  const small = { 'font-size': 10, fill: '#777' }
  const across = linesOf(fromAmps, toAmps).flatMap(({ value, times }) => {
    if (times !== 1 && times !== 2 && times !== 5) return []
    return [
      text(xOf(paper, value), bottom + 18, tick(value), { 'text-anchor': 'middle', ...(times === 1 ? {} : small) }),
    ]
  })
  const up = linesOf(fromSeconds, toSeconds).flatMap(({ value, times }) => {
    if (times !== 1 && times !== 2 && times !== 5) return []
    return [text(LEFT - 8, yOf(paper, value) + 4, tick(value), { 'text-anchor': 'end', ...(times === 1 ? {} : small) })]
  })
  const middle = (xOf(paper, fromAmps) + xOf(paper, toAmps)) / 2
  const height = (yOf(paper, toSeconds) + bottom) / 2
  const what = quantity === 'phase' ? 'current' : '3I0'
  return group({}, [
    ...across,
    ...up,
    text(middle, bottom + 44, `${what} in primary amperes at ${trimmed(kilovolts)} kV`, { 'text-anchor': 'middle' }),
    text(0, 0, 'time in seconds', { 'text-anchor': 'middle', transform: `translate(22 ${height}) rotate(-90)` }),
  ])
}

/** 0.02, 500, 2k: as on printed log paper. */
const tick = (value: number): string => {
  const digits = Number(value.toPrecision(3))
  return digits >= 1000 ? `${digits / 1000}k` : String(digits)
}

const colourOf = (n: number): string => COLOURS[n % COLOURS.length] ?? '#000'
/** When colours come round again, lines differ. */
const dashOf = (n: number): string | undefined => DASHES[Math.floor(n / COLOURS.length) % DASHES.length]

function deviceLines(device: DrawnDevice, n: number, paper: Paper): string {
  const stroke = colourOf(n)
  const until = device.largestAmps ?? paper.toAmps
  const shown = upTo(device.curve, until)
  const dash = dashOf(n)
  const parts: string[] = []
  if (device.isFuse) parts.push(band(device, until, stroke, paper))
  else if (shown[0] !== undefined) {
    parts.push(
      path([[shown[0][0], paper.toSeconds], ...shown], paper, { stroke, 'stroke-width': 2.6, ...dashed(dash) }),
    )
  }
  const second = upTo(device.second, until)
  if (!device.isFuse && second[0] !== undefined) {
    parts.push(
      path([[second[0][0], paper.toSeconds], ...second], paper, {
        stroke,
        'stroke-width': 1.6,
        'stroke-dasharray': '6 4',
      }),
    )
  }
  parts.push(...marks(device, stroke, paper))
  return group({ 'clip-path': 'url(#paper)' }, parts)
}

const dashed = (dash: string | undefined): Readonly<Record<string, string>> =>
  dash === undefined ? {} : { 'stroke-dasharray': dash }

/** Ends exactly at the last current. */
function upTo(curve: readonly CurvePoint[], until: number): CurvePoint[] {
  const before = curve.filter(([amps]) => amps < until)
  const next = curve[before.length]
  const last = before.at(-1)
  if (next === undefined || last === undefined) return before
  const share = Math.log(until / last[0]) / Math.log(next[0] / last[0])
  return [...before, [until, last[1] * (next[1] / last[1]) ** share]]
}

function path(
  points: readonly CurvePoint[],
  paper: Paper,
  attributes: Readonly<Record<string, string | number>>,
): string {
  const placed = points.map(([amps, seconds]) => ({
    x: xOf(paper, amps),
    y: yOf(paper, Math.max(seconds, paper.fromSeconds)),
  }))
  return element('path', { d: pathData(placed), fill: 'none', 'stroke-linejoin': 'round', ...attributes })
}

/** From beginning to melt to cleared. */
function band({ curve, second }: DrawnDevice, until: number, stroke: string, paper: Paper): string {
  const cleared = upTo(curve, until)
  const melting = upTo(second, until)
  const outline = [...cleared, ...[...melting].reverse()]
  return group({}, [
    path(outline, paper, { stroke: 'none', fill: stroke, 'fill-opacity': 0.16 }),
    path(cleared, paper, { stroke, 'stroke-width': 2.2 }),
    path(melting, paper, { stroke, 'stroke-width': 1.2 }),
  ])
}

/** Largest fault: a full dot with a line down to the axis. Least: a ring. High-set: a dotted line up from the axis. */
function marks({ curve, largestAmps, leastAmps, highSetAmps }: DrawnDevice, stroke: string, paper: Paper): string[] {
  const bottom = yOf(paper, paper.fromSeconds)
  const down = (amps: number, from: number, dash: string): string =>
    element('line', {
      x1: xOf(paper, amps),
      x2: xOf(paper, amps),
      y1: from,
      y2: bottom,
      stroke,
      'stroke-width': 1.4,
      'stroke-dasharray': dash,
      opacity: 0.75,
    })
  const on = (amps: number): number | undefined => {
    const seconds = upTo(curve, amps).at(-1)?.[1]
    return seconds === undefined ? undefined : yOf(paper, Math.max(seconds, paper.fromSeconds))
  }
  const dot = (amps: number, fill: string): string[] => {
    const y = on(amps)
    return y === undefined
      ? []
      : [element('circle', { cx: xOf(paper, amps), cy: y, r: 4.5, fill, stroke, 'stroke-width': 1.8 })]
  }
  return [
    ...(highSetAmps === undefined ? [] : [down(highSetAmps, bottom - 0.55 * DECADE, '1.5 3.5')]),
    ...(largestAmps === undefined
      ? []
      : [down(largestAmps, on(largestAmps) ?? bottom, '7 4'), ...dot(largestAmps, stroke)]),
    ...(leastAmps === undefined || leastAmps === largestAmps ? [] : dot(leastAmps, '#fff')),
  ]
}

/** Names above the paper, where each curve comes down from; moved apart where they would cover each other. */
function labels({ devices }: Drawn, paper: Paper): string {
  const placed = devices
    .flatMap((device, n) => {
      const first = device.curve.find(([, seconds]) => seconds <= paper.toSeconds)
      return first === undefined ? [] : [{ name: device.name, n, wanted: xOf(paper, first[0]) }]
    })
    .sort((one, other) => one.wanted - other.wanted)
  let free = LEFT
  return group(
    {},
    placed.map(({ name, n, wanted }) => {
      const half = 4 * name.length + 3
      const x = Math.max(wanted, free + half)
      free = x + half + 4
      const y = TOP - 9
      return group({}, [
        text(x, y - 3, name, { fill: colourOf(n), 'font-weight': 600, 'text-anchor': 'middle' }),
        element('path', {
          d: pathData([
            { x, y },
            { x: wanted, y: TOP },
          ]),
          stroke: colourOf(n),
          fill: 'none',
          'stroke-width': 1,
        }),
      ])
    }),
  )
}

const LINE = 17

function legend({ devices, quantity }: Drawn, paper: Paper): string {
  const x = xOf(paper, paper.toAmps) + 24
  const parts: string[] = [text(x, TOP + 12, 'From the source outward', { 'font-weight': 600 })]
  let y = TOP + 40
  devices.forEach((device, n) => {
    const stroke = colourOf(n)
    parts.push(
      device.isFuse
        ? element('rect', {
            x,
            y: y - 10,
            width: 26,
            height: 9,
            fill: stroke,
            'fill-opacity': 0.16,
            stroke,
            'stroke-width': 1.4,
          })
        : element('line', {
            x1: x,
            x2: x + 26,
            y1: y - 5,
            y2: y - 5,
            stroke,
            'stroke-width': 2.6,
            ...dashed(dashOf(n)),
          }),
      text(x + 34, y, device.name, { 'font-weight': 600, fill: stroke }),
    )
    for (const line of [...device.settings, faultsOf(device)]) {
      y += LINE
      parts.push(text(x + 34, y, line, { fill: '#444', 'font-size': 12 }))
    }
    y += LINE + 12
  })
  const kinds = quantity === 'phase' ? 'three-phase and line-line' : 'line to ground'
  y += 6
  const notes: [string, string][] = [
    [
      element('circle', { cx: x + 13, cy: 0, r: 4.5, fill: '#555', stroke: '#555' }),
      `largest fault in its own stretch (${kinds})`,
    ],
    [
      element('circle', { cx: x + 13, cy: 0, r: 4.5, fill: '#fff', stroke: '#555', 'stroke-width': 1.8 }),
      'least fault there',
    ],
    [
      element('line', { x1: x + 13, x2: x + 13, y1: -9, y2: 7, stroke: '#555', 'stroke-dasharray': '1.5 3.5' }),
      'high-set pickup (fast trip by answer)',
    ],
  ]
  for (const [mark, words] of notes) {
    parts.push(
      group({ transform: `translate(0 ${y - 4})` }, [mark]),
      text(x + 34, y, words, { fill: '#555', 'font-size': 12 }),
    )
    y += LINE + 3
  }
  for (const words of ['Relays: to the trip, without breaker time.', 'Fuses: from melting to cleared.']) {
    parts.push(text(x, y + 4, words, { fill: '#777', 'font-size': 12 }))
    y += LINE
  }
  return group({}, parts)
}

function faultsOf({ largestAmps, leastAmps }: DrawnDevice): string {
  if (largestAmps === undefined || leastAmps === undefined) return 'no such fault in its own stretch'
  if (largestAmps - leastAmps < 0.5) return `fault ${largestAmps.toFixed(0)} A`
  return `faults ${leastAmps.toFixed(0)} to ${largestAmps.toFixed(0)} A`
}

// Which registers to ask for together. Pure. What the answers mean is in `decode.ts`.
//
// A device answers a block of up to 125 registers as fast as a single one, so points that lie close are read together,
// gap included. A value that spans registers is never split over two answers: the halves would be of two moments.

import type { DeviceMap, Point, Table } from './device-map.ts'
import type { PollClass } from './feeds.ts'

/** One request. */
export interface Block {
  /** Absent: the unit that the configuration names. */
  readonly unitId?: number
  readonly table: Table
  readonly address: number
  readonly count: number
  readonly points: readonly Point[]
}

/** Few blocks that cover all points of a class, in table and address order. */
export function planReads(map: Pick<DeviceMap, 'points' | 'reads'>, pollClass: PollClass): Block[] {
  return coverPoints(map, point => point.class === pollClass)
}

/** As `planReads`, for the points that `wanted` picks. */
export function coverPoints(
  { points, reads }: Pick<DeviceMap, 'points' | 'reads'>,
  wanted: (point: Point) => boolean,
): Block[] {
  const blocks: Block[] = []
  const inOrder = points.filter(wanted).map(withExtent).sort(byPlace)
  for (const { point, start, end } of inOrder) {
    const last = blocks.at(-1)
    if (
      last !== undefined &&
      last.unitId === point.unitId &&
      last.table === point.table &&
      start <= last.address + last.count + reads.maxGap &&
      Math.max(end, last.address + last.count) - last.address <= reads.maxRegisters
    ) {
      const count = Math.max(last.count, end - last.address)
      blocks[blocks.length - 1] = { ...last, count, points: [...last.points, point] }
    } else {
      const unit = point.unitId === undefined ? {} : { unitId: point.unitId }
      blocks.push({ ...unit, table: point.table, address: start, count: end - start, points: [point] })
    }
  }
  return blocks
}

interface Extent {
  readonly point: Point
  readonly start: number
  readonly end: number
}

/** A value and its power of ten are of one moment only when they are read at once. */
function withExtent(point: Point): Extent {
  const { address, words, scaleRegister = address } = point
  return { point, start: Math.min(address, scaleRegister), end: Math.max(address + words, scaleRegister + 1) }
}

function byPlace(p: Extent, q: Extent): number {
  const units = (p.point.unitId ?? -1) - (q.point.unitId ?? -1)
  if (units !== 0) return units
  if (p.point.table !== q.point.table) return p.point.table < q.point.table ? -1 : 1
  return p.start - q.start
}

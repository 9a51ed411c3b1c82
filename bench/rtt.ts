// Round trip of a protection message of 100 bytes, question and answer, application to application, between two processes:
// over the protection link, and over what else could carry it. Every kind has two processes of its own and they take turns
// in short batches, so that what else the machine does meets all alike.

import { missing } from './broker.ts'
import { shuffled } from './chance.ts'
import type { Child } from './child.ts'
import { FAR, LINE_KINDS, type LineKind, NEAR } from './line.ts'
import { isBroker, openLine, trips } from './line-pair.ts'
import { issueMembers, readFeeder } from './members.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { over, type Row, row, type Target, target } from './table.ts'

export const BYTES = 100
/** As interlocking asks while a fault lasts; the processors have gone to sleep in between. */
const PACE_MS = 4

interface Pace {
  readonly everyMs: number
  readonly trips: number
  readonly batch: number
}

const NAMES: Readonly<Record<LineKind, string>> = {
  udp: 'raw UDP echo',
  tcp: 'raw TCP echo',
  mosquitto: 'mosquitto, QoS 0',
  nats: 'NATS request',
  ask: 'protection link, question and answer',
  signed: 'protection link, both signed',
  beat: 'held stream, bare beat',
  'ask-by-stream': 'held stream alone, question and answer',
}

export const roundTrips: Section = {
  title: `Round trip of ${BYTES} bytes, back to back`,
  withinMs: 120_000,
  measure: options => measure(options, { everyMs: 0, trips: options.quick ? 200 : 4000, batch: 100 }),
}
export const pacedRoundTrips: Section = {
  title: `Round trip of ${BYTES} bytes, ${PACE_MS} ms after the last`,
  withinMs: 120_000,
  measure: options => measure(options, { everyMs: PACE_MS, trips: options.quick ? 50 : 800, batch: 25 }),
}

async function measure({ dir, quick, chance }: SectionOptions, pace: Pace): Promise<SectionResult> {
  await issueMembers(dir, readFeeder(), [NEAR, FAR])
  const notes: string[] = []
  const lines = new Map<LineKind, Child>()
  for (const kind of LINE_KINDS) {
    const near = await openLine({ kind, dir, bytes: BYTES })
    if (near !== undefined) lines.set(kind, near)
    else if (isBroker(kind)) notes.push(missing(kind))
  }
  for (const near of lines.values()) await trips(near, quick ? 100 : 1500, 0)

  const times = new Map<LineKind, number[]>([...lines.keys()].map(kind => [kind, []]))
  const ways = new Map<LineKind, string>()
  for (let done = 0; done < pace.trips; done += pace.batch) {
    for (const [kind, near] of shuffled([...lines], chance)) {
      const { ms, note } = await trips(near, pace.batch, pace.everyMs)
      times.get(kind)?.push(...ms)
      if (note !== undefined) ways.set(kind, note)
    }
  }
  for (const [kind, way] of ways) notes.push(`${NAMES[kind]}: ${way}`)
  const udp = row(NAMES.udp, 'ms', times.get('udp') ?? [])
  const rows = new Map<LineKind, Row>(
    [...times].map(([kind, ms]) => [kind, kind === 'udp' ? udp : row(NAMES[kind], 'ms', ms, udp)]),
  )
  return { rows: [...rows.values()], targets: targetsOf(rows), notes }
}

function targetsOf(rows: ReadonlyMap<LineKind, Row>): Target[] {
  const [ask, udp] = [rows.get('ask') as Row, rows.get('udp') as Row]
  return [
    target('question and answer over raw UDP, p50', over(ask, udp), 1.5),
    target('question and answer over raw UDP, p99', over(ask, udp, 'p99'), 2),
    ...(['mosquitto', 'nats'] as const).flatMap(kind => {
      const broker = rows.get(kind)
      return broker === undefined ? [] : [target(`question and answer over ${NAMES[kind]}, p50`, over(ask, broker), 1)]
    }),
  ]
}

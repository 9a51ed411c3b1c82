// Round trip of a protection message of 100 bytes, question and answer, application to application, between two processes:
// over the protection link, and over what else could carry it. Every kind has two processes of its own and they take turns
// in short batches, so that what else the machine does meets all alike.

import { type BrokerKind, missing, startBroker } from './broker.ts'
import { shuffled } from './chance.ts'
import { type Child, startChild } from './child.ts'
import { FAR, type FromFar, type FromNear, LINE_KINDS, type LineKind, NEAR, type ToNear } from './line.ts'
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
    const near = await openLine(kind, dir)
    if (near === undefined) notes.push(missing(kind as BrokerKind))
    else lines.set(kind, near)
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

async function openLine(kind: LineKind, dir: string): Promise<Child | undefined> {
  const isBroker = kind === 'mosquitto' || kind === 'nats'
  const broker = isBroker ? await startBroker(kind, dir) : undefined
  if (isBroker && broker === undefined) return undefined
  const far = startChild('line-far', [kind, dir, String(broker?.port ?? 0)])
  const near = startChild('line-near', [kind, dir])
  const { message } = await far.next<FromFar>(() => true)
  if (message.kind === 'failed') throw new Error(message.message)
  await ask(near, { kind: 'open', far: message.far, bytes: BYTES }, 'opened')
  return near
}

const trips = (near: Child, count: number, everyMs: number) => ask(near, { kind: 'trips', count, everyMs }, 'times')

async function ask<K extends FromNear['kind']>(near: Child, message: ToNear, reply: K) {
  near.send(message)
  const { message: told } = await near.next<FromNear>(({ kind }) => kind === reply || kind === 'failed', 30_000)
  if (told.kind === 'failed') throw new Error(told.message)
  return told as Extract<FromNear, { kind: K }>
}

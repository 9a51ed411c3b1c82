// A peer whose clock is wrong is told so. Whoever refuses a message for its age by UTC tells its origin what time it has
// itself, if they are connected. One peer that says so may be wrong itself, or lie; when several say the same, there is an
// alarm with how far this peer's clock seems to be off. The clock is never set by it.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Links } from './links.ts'
import { CLOCK_TOLERANCE_MS } from './message-age.ts'

export const CLOCK_PROTOCOL = '/feedermesh/clock/1.0.0'
const TELL_EVERY_MS = 60_000
const PEERS_KEPT = 256
/** Opinions count for so long. */
const VALID_MS = 600_000
/** So many must agree, to the tolerance, before there is an alarm. */
const SEVERAL = 3
const ALARM_EVERY_MS = 3_600_000

/** The teller's UTC, ms, which it believes to be good. */
const advice = z.object({ utc: z.number().int().nonnegative() }).strict()

export const encodeAdvice = (utc: number): Uint8Array => toCbor({ utc })
/** @throws when the bytes are none */
export const decodeAdvice = (bytes: Uint8Array): number => advice.parse(fromCbor(bytes)).utc

export interface ClockAdviceOptions {
  readonly links: Links
  now(): number
  utc(): number
  utcGood(): boolean
  /** `offsetMs`: how far the others are ahead of this peer, the median; negative when they are behind. */
  alarm(offsetMs: number, peers: number): void
  log(event: string, fields: Record<string, unknown>): void
}

/** @returns what to call when a message of this origin was refused for its age by UTC */
export function clockAdvice({ links, now, utc, utcGood, alarm, log }: ClockAdviceOptions): (origin: string) => void {
  const told = new Map<string, number>()
  const opinions = new Map<string, { readonly offsetMs: number; readonly at: number }>()
  let alarmedAt = Number.NEGATIVE_INFINITY

  links.serve(CLOCK_PROTOCOL, async ({ peerId }, bytes) => {
    const offsetMs = decodeAdvice(bytes) - utc()
    opinions.delete(peerId)
    const [oldest] = opinions.keys()
    if (opinions.size >= PEERS_KEPT && oldest !== undefined) opinions.delete(oldest)
    opinions.set(peerId, { offsetMs, at: now() })
    judge()
    return new Uint8Array()
  })

  function judge(): void {
    const offsets = [...opinions.values()]
      .filter(({ at }) => now() - at <= VALID_MS)
      .map(({ offsetMs }) => offsetMs)
      .sort((one, other) => one - other)
    const median = offsets[Math.floor(offsets.length / 2)] ?? 0
    const agreeing = offsets.filter(offset => Math.abs(offset - median) <= CLOCK_TOLERANCE_MS).length
    if (agreeing < SEVERAL || Math.abs(median) <= CLOCK_TOLERANCE_MS || now() - alarmedAt < ALARM_EVERY_MS) return
    alarmedAt = now()
    alarm(median, agreeing)
  }

  return origin => {
    const last = told.get(origin)
    if (!utcGood() || (last !== undefined && now() - last < TELL_EVERY_MS)) return
    if (!links.peers().some(({ peerId }) => peerId === origin)) return
    if (told.size >= PEERS_KEPT) told.clear()
    told.set(origin, now())
    links
      .request(origin, CLOCK_PROTOCOL, encodeAdvice(utc()), { timeoutMs: 2000 })
      .catch(error => log('clock-not-told', { origin, reason: (error as Error).message }))
  }
}

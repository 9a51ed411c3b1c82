// Alerts as read-outs show them, and the listing that follows them.

import { z } from 'zod'
import { instant } from '../../topology/units.ts'
import type { Credential } from '../mesh/credential.ts'
import { type Alert, isOver, type Recipient, type Route, recipientsOf, recipientWords } from '../protection/alert.ts'
import type { Notice } from '../protection/alert-desk.ts'
import type { Clock } from './clock.ts'
import type { AlertNotice } from './component.ts'
import { NodeError } from './node-error.ts'
import { type Listed, PAUSE, type Row } from './readout-rows.ts'

/** `present`: as it is when the listing begins. */
export type RowNotice = Notice | 'present'

export function alertRow(notice: RowNotice, alert: Alert, to: readonly Recipient[]): Row {
  const { acknowledged, clearedUtcMs } = alert
  return {
    notice,
    id: alert.id,
    ied: alert.ied,
    severity: alert.severity,
    kind: alert.kind,
    text: alert.text,
    phase: alert.phase,
    raisedUtc: utc(alert.raisedUtcMs),
    lastUtc: utc(alert.lastUtcMs),
    clearedUtc: clearedUtcMs === undefined ? null : utc(clearedUtcMs),
    count: alert.count,
    acknowledgedBy: acknowledged?.by ?? null,
    acknowledgedUtc: acknowledged === undefined ? null : utc(acknowledged.utcMs),
    to: to.map(recipientWords),
    fields: alert.fields,
  }
}

const utc = (ms: number): string => new Date(ms).toISOString()

const query = z
  .object({
    limit: z.int().min(1).max(1_000_000).default(100),
    ied: z.string().max(64).exactOptional(),
    /** Goes on with each notice, until nobody reads any more. */
    follow: z.boolean().default(false),
    /** Only what the routes give to who asks. */
    mine: z.boolean().default(false),
    /** Those that are over too. */
    all: z.boolean().default(false),
  })
  .strict()

/** A reader that is slower than the alerts come loses the oldest notices beyond this, never the alerts themselves. */
const MAX_WAITING = 1000
/** A sign of life for the reader, who otherwise takes the peer for gone. */
const BEAT_MS = 10_000

export interface AlertSource {
  alerts(): readonly Alert[]
  readonly routes: readonly Route[]
  /** Of the peer that serves, for roles without one. */
  readonly organisation: string
  onNotice(hear: (notice: AlertNotice) => void): () => void
  readonly clock: Pick<Clock, 'now' | 'wakeAt'>
}

/** @param from who asks @throws NodeError BAD_INPUT */
export async function* alertListing(
  { alerts, routes, organisation, onNotice, clock }: AlertSource,
  parameters: Record<string, unknown>,
  signal: AbortSignal,
  from: Pick<Credential, 'name' | 'roles' | 'organisation'> | undefined,
): AsyncGenerator<Listed | typeof PAUSE> {
  const read = query.safeParse(parameters)
  if (!read.success) {
    const said = read.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
    throw new NodeError('BAD_INPUT', `alerts: ${said.join('; ')}`)
  }
  const { limit, ied, follow, mine, all } = read.data
  const isWanted = (alert: Alert, to: readonly Recipient[]): boolean =>
    (ied === undefined || alert.ied === ied) && (!mine || to.some(each => isTheirs(each, from, organisation)))
  let number = 0
  const listed = (notice: RowNotice, alert: Alert, to: readonly Recipient[]): Listed => ({
    row: alertRow(notice, alert, to),
    cursor: String(++number),
  })

  const waiting: AlertNotice[] = []
  let wake = (): void => {}
  const cancel = follow
    ? onNotice(notice => {
        if (!isWanted(notice.alert, notice.to)) return
        waiting.push(notice)
        if (waiting.length > MAX_WAITING) waiting.shift()
        wake()
      })
    : () => {}
  try {
    const present = alerts().filter(alert => (all || !isOver(alert)) && isWanted(alert, recipientsOf(routes, alert)))
    for (const alert of present.slice(-limit)) yield listed('present', alert, recipientsOf(routes, alert))
    if (!follow) return
    while (!signal.aborted) {
      const next = waiting.shift()
      if (next !== undefined) {
        yield listed(next.notice, next.alert, next.to)
        continue
      }
      yield PAUSE
      if (waiting.length === 0 && !signal.aborted) await somethingOr(BEAT_MS)
    }
  } finally {
    cancel()
  }

  function somethingOr(ms: number): Promise<void> {
    return new Promise(resolve => {
      const cancelWake = clock.wakeAt(instant(clock.now() + ms), end)
      signal.addEventListener('abort', end, { once: true })
      wake = end
      function end(): void {
        cancelWake()
        signal.removeEventListener('abort', end)
        wake = () => {}
        resolve()
      }
    })
  }
}

function isTheirs(
  recipient: Recipient,
  from: Pick<Credential, 'name' | 'roles' | 'organisation'> | undefined,
  organisation: string,
): boolean {
  if (from === undefined) return false
  if ('name' in recipient) return from.name === recipient.name && from.organisation === organisation
  return (
    from.organisation === (recipient.organisation ?? organisation) && from.roles.some(role => role === recipient.role)
  )
}

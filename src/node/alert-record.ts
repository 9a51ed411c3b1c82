// Alerts in the ledger. The record of a report that raised one has the alert beside the report's own fields; what becomes
// of it later (cleared, acknowledged, escalated, worse) has records of its own. So whoever collects the records of an IED
// knows its alerts, and nothing is recorded twice.

import { z } from 'zod'
import { fromCbor } from '../../topology/cbor.ts'
import type { LedgerRecord, RecordClass } from '../aggregation/record.ts'
import { type Alert, severities } from '../protection/alert.ts'
import type { Notice } from '../protection/alert-desk.ts'
import { fieldsOf } from './alert-rules.ts'

const notices = [
  'raised',
  'again',
  'worse',
  'cleared',
  'acknowledged',
  'repeated',
  'escalated',
] as const satisfies Notice[]

const alertIn = z.object({
  id: z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}\/\d{1,16}\/\d{1,16}$/),
  notice: z.enum(notices),
  kind: z.string().min(1).max(64),
  key: z.string().max(200),
  severity: z.enum(severities),
  text: z.string().max(400),
  phase: z.enum(['standing', 'cleared', 'momentary']),
  utcMs: z.number().int().nonnegative(),
  by: z.string().max(200).optional(),
})
export type RecordedAlert = z.infer<typeof alertIn> & { readonly fields: Alert['fields'] }

/** As it stands under `alert` in a record. */
export const recordedAlert = (notice: Notice, alert: Alert): z.infer<typeof alertIn> => ({
  id: alert.id,
  notice,
  kind: alert.kind,
  key: alert.key,
  severity: alert.severity,
  text: alert.text,
  phase: alert.phase,
  utcMs: Math.floor(
    notice === 'acknowledged' ? (alert.acknowledged?.utcMs ?? 0) : (alert.clearedUtcMs ?? alert.lastUtcMs),
  ),
  ...(alert.acknowledged === undefined ? {} : { by: alert.acknowledged.by }),
})

const CLASSES: ReadonlySet<RecordClass> = new Set(['event', 'powerQuality', 'operation', 'tamper'])

/** @returns what a record of another peer says of an alert of its own; undefined when it is none, or not well formed */
export function alertOfRecord({ header, body }: LedgerRecord): RecordedAlert | undefined {
  if (body === undefined || !CLASSES.has(header.class)) return undefined
  try {
    const { alert, ...fields } = z.record(z.string(), z.unknown()).parse(fromCbor(body.content))
    const read = alertIn.safeParse(alert)
    if (!read.success || !read.data.id.startsWith(`${header.ied}/`)) return undefined
    return { ...read.data, fields: fieldsOf(fields) }
  } catch {
    return undefined
  }
}

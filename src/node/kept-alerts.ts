// The alerts of a peer over restarts: one entry each, written in the order in which they changed.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Store } from '../aggregation/store.ts'
import { type Alert, needsAcknowledgement, severities } from '../protection/alert.ts'

const PREFIX = 'alerts/kept/'
const END = 'alerts/kept0' // the key after all that begin with the prefix

const recipient = z.union([
  z.strictObject({ name: z.string() }),
  z.strictObject({ role: z.string(), organisation: z.string().exactOptional() }),
])
const kept = z.strictObject({
  id: z.string(),
  ied: z.string(),
  kind: z.string(),
  key: z.string(),
  severity: z.enum(severities),
  text: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  phase: z.enum(['standing', 'cleared', 'momentary']),
  raisedUtcMs: z.number(),
  lastUtcMs: z.number(),
  count: z.number(),
  clearedUtcMs: z.number().exactOptional(),
  acknowledged: z.strictObject({ by: z.string(), utcMs: z.number() }).exactOptional(),
  escalatedTo: z.array(recipient),
})

export function keptAlerts(store: Store) {
  const inTurn = serialQueue()
  return {
    /** Oldest first. What this version cannot read is left out. */
    async all(): Promise<Alert[]> {
      const found: Alert[] = []
      for await (const { value } of store.range(PREFIX, END)) {
        const read = kept.safeParse(fromCbor(value))
        if (read.success) found.push(read.data)
      }
      return found.sort((one, other) => one.raisedUtcMs - other.raisedUtcMs)
    },
    /** Durable when it resolves, where it waits for somebody; a status may be lost with the power. */
    put: (alert: Alert): Promise<void> =>
      inTurn(() =>
        store.batch([{ put: PREFIX + alert.id, value: toCbor(alert) }], { durable: needsAcknowledgement(alert) }),
      ),
    forget: (id: string): Promise<void> => inTurn(() => store.batch([{ del: PREFIX + id }], { durable: false })),
    /** Resolves when all that was given so far is written, or has failed. */
    settled: (): Promise<void> => inTurn(async () => {}),
  }
}

// The audit log: appends to the ledger who was admitted or refused, who used which right, what was revoked and what changed
// in the configuration; answers `feedermesh audit` to those whose role is to read it.
//
// Nothing takes a record out of the ledger again. A flood is counted instead of written one by one (`audit-budget.ts`).

import { z } from 'zod'
import { fromCbor, toCbor } from '../../../topology/cbor.ts'
import { instant } from '../../../topology/units.ts'
import type { LedgerRecord } from '../../aggregation/record.ts'
import type { Role } from '../../mesh/credential.ts'
import { printable } from '../../mesh/refusal.ts'
import { type AuditAction, type AuditEvent, type AuditRecord, auditBudget, auditStart } from '../audit-budget.ts'
import { whoIs } from '../command-authority.ts'
import type { Component } from '../component.ts'
import { changeWords, keepHashes, keptHashes, partHashes } from '../config-change.ts'
import { mapsOf } from '../device-config.ts'

/** Those who use rights do not read who used them, unless security is their task. */
const READERS: readonly Role[] = ['SECAUD', 'SECADM']
const MAX_ROWS = 1000
const PAGE = 500
/** How many records one question looks through; the next one goes on where it ended. */
const LOOKED_THROUGH = 20_000

const content = z.object({
  kind: z.string(),
  subject: z.string(),
  allowed: z.boolean(),
  words: z.string(),
  count: z.number().optional(),
})

export const auditComponent: Component = {
  name: 'audit',
  async start({ bus, ledger, store, config, feeder, clock, log, readout }) {
    let state = auditStart
    let isFailing = false
    const wakes = new Set<() => void>()
    const writing = new Set<Promise<void>>()

    function feed(event: AuditEvent): void {
      const next = auditBudget(state, event, clock.now())
      state = next.state
      for (const action of next.actions) perform(action)
    }

    function perform(action: AuditAction): void {
      if (action.kind === 'append') return append(action.record)
      const cancel = clock.wakeAt(instant(action.at), () => {
        wakes.delete(cancel)
        feed({ kind: 'tick' })
      })
      wakes.add(cancel)
    }

    function append(record: AuditRecord): void {
      const bytes = toCbor({ ...record, subject: printable(record.subject), words: printable(record.words) })
      const write: Promise<void> = ledger
        .append('audit', bytes)
        .then(
          ({ number }) => {
            bus.emit('appended', { number })
            if (isFailing) feed({ kind: 'written' })
            isFailing = false
          },
          error => {
            isFailing = true
            feed({ kind: 'not-written', count: Math.max(1, record.count ?? 1) })
            log.error('audit-not-written', { about: record.words, reason: (error as Error).message })
          },
        )
        .finally(() => writing.delete(write))
      writing.add(write)
    }

    async function sayChange(): Promise<void> {
      const hashes = partHashes(config, { 'feeder file': feeder.file, 'device map': mapsOf(config.device) })
      const words = changeWords(await keptHashes(store), hashes)
      if (words === undefined) return
      feed({ kind: 'entry', entry: { kind: 'configuration', subject: config.name, allowed: true, words } })
      await Promise.all(writing)
      if (!isFailing) await keepHashes(store, hashes)
    }

    const cancel = bus.on('audit', entry => feed({ kind: 'entry', entry }))
    await sayChange().catch(error => log.error('configuration-change-unsaid', { reason: (error as Error).message }))

    readout('audit', async ({ limit = 100, after }, from) => {
      if (!from.roles.some(role => READERS.includes(role))) {
        throw new Error(`${whoIs(from)} may not read the audit log, want ${READERS.join(' or ')}`)
      }
      const rows = Math.min(Math.max(1, Number(limit) || 1), MAX_ROWS)
      return after === undefined ? newest(rows) : following(Number(after) || 0, rows)
    })

    /** The last ones, in their order. */
    async function newest(limit: number) {
      const head = ledger.head().number
      let rows: AuditRow[] = []
      let to = head
      while (to > 0 && rows.length < limit && head - to < LOOKED_THROUGH) {
        const from = Math.max(0, to - PAGE)
        rows = [...(await readWhole(from, to)), ...rows]
        to = from
      }
      return { audit: rows.slice(-limit), next: head }
    }

    /** The ledger stops a page at its bytes as well; what is left of it comes with further ones. */
    async function readWhole(from: number, to: number): Promise<AuditRow[]> {
      const rows: AuditRow[] = []
      for (let at = from; at < to; ) {
        const records = await ledger.read({ after: at, limit: to - at, maxBytes: 1 << 20 })
        const last = records.at(-1)
        if (last === undefined) break
        rows.push(...records.flatMap(rowOf))
        at = last.header.number
      }
      return rows
    }

    async function following(after: number, limit: number) {
      const head = ledger.head().number
      const rows: AuditRow[] = []
      let at = Math.max(0, after)
      while (at < head && rows.length < limit && at - after < LOOKED_THROUGH) {
        const to = Math.min(head, at + PAGE)
        rows.push(...(await readWhole(at, to)))
        at = to
      }
      const last = rows[limit - 1]
      return { audit: rows.slice(0, limit), next: rows.length > limit && last !== undefined ? last.number : at }
    }

    return {
      async stop() {
        cancel()
        for (const end of wakes) end()
        feed({ kind: 'stop' })
        await Promise.all(writing)
      },
    }
  },
}

interface AuditRow extends z.infer<typeof content> {
  readonly number: number
  readonly utc: string
  readonly utcQuality: string
}

function rowOf({ header, body }: LedgerRecord): AuditRow[] {
  if (header.class !== 'audit' || body === undefined) return []
  const { success, data } = content.safeParse(fromCbor(body.content))
  if (!success) return []
  const { number, utcMs, utcQuality } = header
  return [{ number, utc: new Date(utcMs).toISOString(), utcQuality, ...data }]
}

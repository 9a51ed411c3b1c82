// A person edits an interval of the own meter: a signed order becomes a record of class `billing`, which says who, when, why, what
// stood there and what stands there now. The reading stays as it is. Bills and usage here, and at each back end that gets the
// class, show the interval as edited from then on.
//
// Refused is what is no interval, what has not been measured to its end yet, and more energy than can flow here. One order at a
// time; an order that comes again is not carried out again (the command desk sees to that).

import { readingEditCodec } from '../aggregation/billing/edit-record.ts'
import { usualIntervalMs, vee } from '../aggregation/billing/index.ts'
import { rawInterval } from '../aggregation/billing/readings-intervals.ts'
import { zoneClock } from '../aggregation/local-time.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { ReadingSource } from './bill-answer.ts'
import type { Acted, AgentEvents, ComponentContext } from './component.ts'

const DAY_MS = 86_400_000
/** Estimates look back so far. */
const HISTORY_MS = 29 * DAY_MS

const refused = (words: string): Acted => ({ result: 'refused', reason: 'bad-value', words: words.slice(0, 400) })

export function serveReadingEdits(
  { bus, clock, config, ledger, name }: ComponentContext,
  source: ReadingSource,
): () => void {
  const inTurn = serialQueue()

  async function edit(wanted: AgentEvents['edit-reading']): Promise<Acted> {
    const { startUtcMs, importWh, exportWh, words, by, signed } = wanted
    const raw = []
    for await (const reading of source.readings(name, startUtcMs - HISTORY_MS, startUtcMs + DAY_MS))
      if (reading.endUtcMs > reading.startUtcMs) raw.push(rawInterval(reading))
    const zone = zoneClock(config.suppliers?.timeZone ?? 'UTC')
    if (zone === undefined) throw new Error('invariant: the configured zone is one')
    const edits = (await source.edits?.(name)) ?? []
    const settings = { intervalMs: usualIntervalMs(raw, 900_000), hasGenerator: true, nowUtcMs: clock.utc() }
    const { intervals } = vee(raw, settings, zone, edits)
    const was = intervals.find(each => each.startUtcMs === startUtcMs)
    if (was === undefined) {
      const near = intervals.findLast(each => each.startUtcMs <= startUtcMs) ?? intervals[0]
      const such =
        near === undefined ? 'there is none of that time' : `such as ${new Date(near.startUtcMs).toISOString()}`
      return refused(`no interval begins at ${new Date(startUtcMs).toISOString()}, want one that does: ${such}`)
    }
    const hours = (was.endUtcMs - was.startUtcMs) / 3_600_000
    const most = Math.ceil(config.readings.maxKw * hours * 1_000)
    if (Math.max(importWh, exportWh) > most)
      return refused(
        `${Math.max(importWh, exportWh)} Wh: no more than ${most} Wh can flow in this interval (readings.maxKw)`,
      )
    const content = readingEditCodec.encode({
      kind: 'reading-edit',
      startUtcMs,
      endUtcMs: was.endUtcMs,
      was: { importWh: was.importWh, exportWh: was.exportWh, quality: was.quality },
      is: { importWh: BigInt(importWh), exportWh: BigInt(exportWh) },
      by: by.slice(0, 200),
      atUtcMs: Math.floor(clock.utc()),
      reason: words,
      envelopes: [...signed.envelopes],
      credentials: [...signed.credentials],
    })
    const { number } = await ledger.append('billing', content)
    bus.emit('appended', { number })
    const said = `interval of ${new Date(startUtcMs).toISOString()}: ${was.importWh} Wh taken became ${importWh} Wh, ${was.exportWh} Wh given became ${exportWh} Wh: ${words}`
    bus.emit('audit', { kind: 'configuration', subject: by, allowed: true, words: said.slice(0, 200) })
    return { result: 'done', words: `${said.slice(0, 300)}; record ${number}` }
  }

  return bus.on('edit-reading', wanted => wanted.answer(inTurn(() => edit(wanted))))
}

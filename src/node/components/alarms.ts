// Keeps the last reports that a person should see, answers `feedermesh alarms`, and writes them to the ledger.

import { toCbor } from '../../../topology/cbor.ts'
import type { RecordClass } from '../../aggregation/record.ts'
import type { Component, Report } from '../component.ts'

const KEPT = 1000
/** What goes to the ledger, and as which class. */
const RECORDED: Readonly<Record<string, RecordClass>> = {
  'warning-sent': 'powerQuality',
  'all-clear-sent': 'powerQuality',
  warned: 'powerQuality',
  'warning-ended': 'powerQuality',
  'own-measurement': 'powerQuality',
  tripped: 'operation',
  told: 'operation',
  'outage-expected': 'operation',
  operated: 'operation',
  'shed-already': 'operation',
  position: 'operation',
  alarm: 'event',
  recording: 'event',
  'device-silent': 'event',
  'device-answering': 'event',
  started: 'event',
}

export const alarms: Component = {
  name: 'alarms',
  start({ bus, clock, ledger, readout, log }) {
    const kept: (Report & { utc: string })[] = []
    const writing = new Set<Promise<void>>()

    const cancel = bus.on('report', report => {
      const recordClass = RECORDED[report.event]
      if (recordClass === undefined) return
      kept.push({ ...report, utc: new Date(clock.utc()).toISOString() })
      if (kept.length > KEPT) kept.shift()
      const { atMs: _, ...content } = report
      const write: Promise<void> = ledger
        .append(recordClass, toCbor(plain(content)))
        .then(({ number }) => bus.emit('appended', { number }))
        .catch(error => log.error('event-not-recorded', { about: report.event, reason: (error as Error).message }))
        .finally(() => writing.delete(write))
      writing.add(write)
    })
    readout('alarms', async ({ limit = 100 }) => ({
      alarms: plain(kept.slice(-Math.min(Number(limit), KEPT))),
    }))
    return {
      async stop() {
        cancel()
        await Promise.all(writing)
      },
    }
  },
}

/** Without undefined fields, which CBOR here does not carry. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

// Keeps the last reports that a person should see, makes alerts of those that ask for attention, and writes both to the
// ledger. Answers `feedermesh alarms` (the reports) and `feedermesh alerts` (what needs somebody).

import { toCbor } from '../../../topology/cbor.ts'
import type { RecordClass } from '../../aggregation/record.ts'
import { startAlerts } from '../alert-shell.ts'
import type { Component, Report } from '../component.ts'

const KEPT = 1000
/** What goes to the ledger, and as which class. */
const RECORDED: Readonly<Record<string, RecordClass>> = {
  'warning-sent': 'powerQuality',
  'all-clear-sent': 'powerQuality',
  warned: 'powerQuality',
  'warning-ended': 'powerQuality',
  'own-measurement': 'powerQuality',
  'power-quality': 'powerQuality',
  tripped: 'operation',
  told: 'operation',
  'outage-expected': 'operation',
  operated: 'operation',
  'shed-already': 'operation',
  'reacts-to-trip': 'powerQuality',
  'warning-passed-on': 'powerQuality',
  'host-told': 'operation',
  'transfer-trip': 'operation',
  'transfer-trip-over': 'operation',
  islanded: 'operation',
  'generator-trip': 'operation',
  'enter-service': 'operation',
  position: 'operation',
  alarm: 'event',
  recording: 'event',
  'device-silent': 'event',
  'device-answering': 'event',
  started: 'event',
  setpoint: 'event',
  peripheral: 'event',
  alert: 'event',
}

export const alarms: Component = {
  name: 'alarms',
  async start(context) {
    const { bus, clock, ledger, readout, log } = context
    const kept: (Report & { utc: string })[] = []
    const writing = new Set<Promise<void>>()

    function append(about: string, recordClass: RecordClass, content: Record<string, unknown>): void {
      const write: Promise<void> = ledger
        .append(recordClass, toCbor(plain(content)))
        .then(({ number }) => bus.emit('appended', { number }))
        .catch(error => log.error('event-not-recorded', { about, reason: (error as Error).message }))
        .finally(() => writing.delete(write))
      writing.add(write)
    }

    const alerts = await startAlerts(context, content => append('alert', 'event', content))
    const cancel = bus.on('report', report => {
      const alert = alerts.hear(report)
      const recordClass = RECORDED[report.event]
      if (recordClass === undefined) {
        // For its alert alone, so that it reaches the back ends; a repetition says nothing new.
        if (alert !== undefined && alert !== 'counted' && alert.severity !== 'status')
          append(report.event, 'event', contentOf(report, alert))
        return
      }
      kept.push({ ...report, utc: new Date(clock.utc()).toISOString() })
      if (kept.length > KEPT) kept.shift()
      // A storm of one event fills no ledger; what was operated or warned of is recorded each time.
      if (alert === 'counted' && recordClass === 'event') return
      append(report.event, recordClass, contentOf(report, alert === 'counted' ? undefined : alert))
    })
    readout('alarms', async ({ limit = 100 }) => ({
      alarms: plain(kept.slice(-Math.min(Number(limit), KEPT))),
    }))
    return {
      async stop() {
        cancel()
        await alerts.stop()
        await Promise.all(writing)
      },
    }
  },
}

const contentOf = ({ atMs: _, ...content }: Report, alert: object | undefined): Record<string, unknown> =>
  alert === undefined ? content : { ...content, alert }

/** Without undefined fields, which CBOR here does not carry. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

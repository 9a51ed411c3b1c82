// At the end of each interval, reads the meter and appends a reading to the ledger. A meter that does not answer then is
// not guessed at: the next reading covers the longer time and is flagged so, and no energy is lost between them. What it
// shows beside the registers is a record of its own, the load profile.

import { duration, instant } from '../../../topology/units.ts'
import { lastReading } from '../../aggregation/last-reading.ts'
import { encodeProfile, type LoadProfile, loadProfile } from '../../aggregation/load-profile.ts'
import { multiplierOf } from '../../aggregation/multiplier.ts'
import {
  encodeReading,
  intervalReading,
  nextIntervalEnd,
  type Reading,
  readingDefaults,
  withMultiplier,
} from '../../aggregation/reading.ts'
import type { Doubts, Measurement } from '../../hal/port.ts'
import type { Component } from '../component.ts'
import { listingQuery, ownHistory, ownProfiles, ownReadings } from '../listings.ts'
import { ownReadingSource } from '../own-reading-source.ts'
import { serveReadingEdits } from '../reading-edits.ts'
import { supplierWordsOf } from '../supplier-words.ts'
import { valueOfFeed } from '../value-of-feed.ts'

/** The driver has its connection by then; where it has not, the end of the interval counts. */
const FIRST_LOOK_MS = 1_000

export const intervalReadings: Component = {
  name: 'interval-readings',
  async start(context) {
    const { clock, ledger, config, bus, log, readout, listing } = context
    readout('ledger', async () => ({
      ledgers: [
        {
          ied: ledger.ied,
          ledgerId: ledger.ledgerId,
          number: ledger.head().number,
          chainHash: Buffer.from(ledger.head().chainHash).toString('hex'),
        },
      ],
    }))
    listing('readings', parameters => ownReadings(ledger, listingQuery('readings', parameters)))
    listing('load-profile', parameters => ownProfiles(ledger, listingQuery('load-profile', parameters)))
    listing('history', parameters => ownHistory(ledger, listingQuery('history', parameters)))
    const source = ownReadingSource(ledger, bus, context.computeBills)
    for (const what of ['bill', 'usage'] as const) {
      readout(what, async ({ proof, ...parameters }) => {
        if (what === 'bill' && proof === true) {
          const { answerBillProof } = await import('../bill-proof.ts')
          const { token } = context.credential
          return answerBillProof(parameters, {
            configured: config.billing?.tariff,
            source,
            signer: { peerId: context.links.peerId, token, sign: context.sign },
            nowUtcMs: clock.utc(),
            words: supplierWordsOf(bus),
            ledgerOf: async () => ({ ledger, credential: token }),
          })
        }
        const { answerBills } = await import('../bill-answer.ts')
        return answerBills(what, parameters, config.billing?.tariff, source, clock.utc())
      })
    }
    const cancelEdits = serveReadingEdits(context, source)
    if (context.hal === undefined) return { stop: cancelEdits }
    const hal = context.hal
    const settingsOf = ({ readings, metering }: typeof config) => ({
      ...readingDefaults,
      interval: duration(readings.intervalSeconds * 1000),
      maxKw: readings.maxKw,
      multiplier: multiplierOf(metering),
    })
    /** A change counts from the end of the interval that runs. */
    let settings = settingsOf(config)
    const cancelSettings = bus.on('setting', ({ key, config: changed }) => {
      if (key.startsWith('readings.')) settings = settingsOf(changed)
    })
    /** The metering device is another one than was accepted, or set differently. */
    let isAnother = false
    const cancelIdentity = bus.on('deviceIdentity', ({ changed }) => {
      isAnother = changed
    })
    let previous = await lastReading(ledger)
    let previousAt: number | undefined
    let cancel = (): void => {}
    let running: Promise<void> = Promise.resolve()
    let stopped = false

    /** An append failed: the ledger may have its record all the same, and says so when it goes on. */
    let isDoubtful = false

    async function take(): Promise<void> {
      if (isDoubtful) {
        await ledger.ready()
        const last = await lastReading(ledger)
        // Of one that was kept nobody here knows when it was taken: its time is the clock's.
        if (last?.endUtcMs !== previous?.endUtcMs) previousAt = undefined
        previous = last
        isDoubtful = false
      }
      const measurement = await hal.measure()
      const { at, utc, importWh, exportWh, importVarh, exportVarh, kw, volts, rollsOverAt, doubts = {} } = measurement
      if (doubts.importWh !== undefined)
        throw new Error(`the import register is doubted: ${doubts.importWh.join(', ')}`)
      const reading = intervalReading(
        previous,
        {
          utcMs: utc,
          ...(previousAt === undefined ? {} : { elapsed: duration(at - previousAt) }),
          ...(importWh === undefined ? {} : { importWh }),
          ...(exportWh === undefined || doubts.exportWh !== undefined ? {} : { exportWh }),
          ...(importVarh === undefined || doubts.importVarh !== undefined ? {} : { importVarh }),
          ...(exportVarh === undefined || doubts.exportVarh !== undefined ? {} : { exportVarh }),
          ...(rollsOverAt === undefined ? {} : { rollsOverAt }),
          ...(volts === undefined ? {} : { volts }),
          flags: [
            ...(clock.utcGood() ? [] : ['clock']),
            ...(isAnother ? ['deviceChanged'] : []),
            ...doubtFlags(doubts, ['exportWh']),
          ],
        },
        settings,
      )
      if (reading === undefined) return
      const seen = { ...(kw && { kw }), ...(volts && { volts }), probes: probesIn(measurement) }
      await keepProfile(loadProfile(reading, { ...seen, flags: doubtFlags(doubts, ['volts', 'kw']) }))
      await keep(reading)
      previousAt = at
      const begins = withMultiplier(reading, settings.multiplier)
      if (begins !== undefined) await keep(begins)
    }

    async function keep(reading: Reading): Promise<void> {
      isDoubtful = true
      const { number } = await ledger.append('billing', encodeReading(reading))
      isDoubtful = false
      previous = reading
      bus.emit('appended', { number })
    }

    /** Before the reading, and never instead of it: what has no room is power, not money. */
    async function keepProfile(profile: LoadProfile | undefined): Promise<void> {
      if (profile === undefined) return
      try {
        const { number } = await ledger.append('loadProfile', encodeProfile(profile))
        bus.emit('appended', { number })
      } catch (error) {
        log.debug('load-profile-missed', { reason: (error as Error).message })
      }
    }

    function schedule(wait = nextIntervalEnd(clock.utc(), settings.interval) - clock.utc()): void {
      if (stopped) return
      // Just after the boundary rather than before it: a timer may run a little early.
      cancel = clock.wakeAt(instant(clock.now() + wait + 5), () => {
        running = take()
          .catch(error => log.warn('reading-missed', { reason: (error as Error).message }))
          .then(() => schedule())
      })
    }
    // Other multipliers count from now on, not from the end of the interval: what was before is read at once.
    const isOtherMultiplier = previous !== undefined && withMultiplier(previous, settings.multiplier) !== undefined
    if (isOtherMultiplier) schedule(FIRST_LOOK_MS)
    else schedule()

    return {
      async stop() {
        stopped = true
        cancelEdits()
        cancelSettings()
        cancelIdentity()
        cancel()
        await running
      },
    }
  },
}

const PROBES = ['temperatureC', ...Array.from({ length: 8 }, (_, n) => `temperaturesC.${n + 1}`)]

/** All temperatures that the device measures, and does not doubt. */
function probesIn(measurement: Measurement): Record<string, number> {
  const found: Record<string, number> = {}
  for (const feed of PROBES) {
    const { value, doubt } = valueOfFeed(measurement, feed)
    if (typeof value === 'number' && doubt === undefined) found[feed] = value
  }
  return found
}

/** Of these quantities those whose values the device doubts: shown, and marked. */
function doubtFlags(doubts: Doubts, of: readonly string[]): string[] {
  const quantities = new Set(Object.keys(doubts).map(feed => feed.split('.')[0] ?? feed))
  return of.filter(quantity => quantities.has(quantity)).map(quantity => `doubt:${quantity}`)
}

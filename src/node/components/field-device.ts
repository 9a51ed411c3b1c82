// Polls the field device: its status in the fast class, its values in the slow one. It is silent as soon as one class
// fails, and answering once neither does: a class without points asks nothing and never fails. A device that tells of
// changes itself is polled fast from then until it has been quiet for a while, and otherwise as slowly as for its values, to
// know that it is there; if it tells without end, it is read no more often than while it is polled fast. Silence is reported once, and polling goes on for ever; what the device last said is never
// repeated as if it were new.

import { instant } from '../../../topology/units.ts'
import type { Doubts, Hal, SlowClass, Status } from '../../hal/port.ts'
import type { Component } from '../component.ts'
import { trusted } from '../trusted-status.ts'

type PollClass = 'status' | 'values'

/** Longer than any delay that is counted in polls of the status. */
const QUIET_MS = 2000

/** Something goes on that is not over with the change that was told. */
const isRestless = ({ pickup, sag, dead, entered = 0 }: Status): boolean =>
  pickup === true || entered !== 0 || (sag === true && dead !== true)

export const fieldDevice: Component = {
  name: 'field-device',
  start(context) {
    const { hal, config, clock, bus, chance } = context
    if (hal === undefined || config.device === undefined) return { stop: () => {} }
    const device: Hal = hal
    /** How the last poll of each class went; absent before its first. */
    const outcome = new Map<PollClass, 'answered' | 'failed'>()
    const pauses = new Map<PollClass | 'rest', () => void>()
    let hasNews = false
    let fastUntil = Number.NEGATIVE_INFINITY
    let answering: boolean | undefined
    let stopped = false

    function heard(pollClass: PollClass, reason?: string): void {
      outcome.set(pollClass, reason === undefined ? 'answered' : 'failed')
      const outcomes = [...outcome.values()]
      const fails = outcomes.includes('failed')
      if (answering === !fails || (!fails && outcomes.length < 2)) return
      answering = !fails
      const why = reason === undefined ? {} : { reason }
      bus.emit('device', { answering, ...why })
      context.report(answering ? 'device-answering' : 'device-silent', why)
    }

    // Polls keep to a grid of their own, at a phase drawn at the start, so that agents that were held up together do not
    // go on polling in step.
    async function poll(pollClass: PollClass, every: () => number, read: () => Promise<void>): Promise<void> {
      const origin = clock.now() + chance() * every()
      const isTold = (): boolean => pollClass === 'status' && hasNews
      while (!stopped) {
        const began = clock.now()
        if (pollClass === 'status') hasNews = false // what is told from here on may not be in what is read
        try {
          await read()
          if (!stopped) heard(pollClass)
        } catch (error) {
          if (!stopped) heard(pollClass, (error as Error).message)
        }
        const everyMs = every()
        const sinceGrid = (((clock.now() - origin) % everyMs) + everyMs) % everyMs
        if (!isTold()) await pause(pollClass, Math.max(1, everyMs - sinceGrid))
        if (isTold()) await pause('rest', began + statusPollMs - clock.now())
      }
    }

    /** Ends at once when the component stops. */
    function pause(what: PollClass | 'rest', ms: number): Promise<void> {
      if (stopped || ms <= 0) return Promise.resolve()
      return new Promise(resolve => {
        const cancel = clock.wakeAt(instant(clock.now() + ms), end)
        pauses.set(what, end)
        function end(): void {
          cancel()
          pauses.delete(what)
          resolve()
        }
      })
    }

    /** The device tells of a change: its status is read at once, or again when it has just been read. */
    function onChange(): void {
      fastUntil = clock.now() + QUIET_MS
      hasNews = true
      pauses.get('status')?.()
    }

    const cancelRelay = bus.on('ownRelay', onChange)
    const { statusPollMs, valuesPollMs, energyPollMs, rarePollMs } = config.device
    /** Longer than the slowest value takes to be read again. */
    const forgetDoubtMs = 3 * Math.max(valuesPollMs, energyPollMs)
    const cancelTelling = hal.onChange?.(onChange)
    const cancelSamples = hal.onSamples?.(block => bus.emit('samples', block))
    const cancelPhasors = hal.onPhasors?.(frame => bus.emit('phasors', frame))
    const statusEvery = (): number =>
      cancelTelling === undefined || clock.now() < fastUntil ? statusPollMs : valuesPollMs

    async function readStatus(): Promise<void> {
      const status = trusted(await device.status())
      if (isRestless(status)) fastUntil = clock.now() + QUIET_MS
      bus.emit('status', status)
    }

    const dueAt = { energy: Number.NEGATIVE_INFINITY, rare: Number.NEGATIVE_INFINITY }
    async function readValues(): Promise<void> {
      const now = clock.now()
      const due = (['energy', 'rare'] as const).filter(each => now >= dueAt[each])
      const classes: readonly SlowClass[] = ['measurement', ...due]
      const measurement = await device.measure(classes)
      if (due.includes('energy')) dueAt.energy = now + energyPollMs
      if (due.includes('rare')) dueAt.rare = now + rarePollMs
      tellDoubts(measurement.doubts ?? {}, now)
      bus.emit('measurement', measurement)
    }

    /** When each value was doubted last: told once, and again when it was believed for a while in between. */
    const doubtedAt = new Map<string, number>() // by feed, of which there is a closed list
    function tellDoubts(doubts: Doubts, now: number): void {
      const isNews = (feed: string): boolean => now - (doubtedAt.get(feed) ?? Number.NEGATIVE_INFINITY) > forgetDoubtMs
      const news = Object.entries(doubts).filter(([feed]) => isNews(feed))
      for (const feed of Object.keys(doubts)) doubtedAt.set(feed, now)
      if (news.length === 0) return
      const values = news.map(([feed, details]) => `${feed} (${details.join(', ')})`).join(', ')
      context.report('alarm', { alarm: 'measurement-doubted', values })
    }

    const loops = [poll('status', statusEvery, readStatus), poll('values', () => valuesPollMs, readValues)]
    return {
      async stop() {
        stopped = true
        cancelTelling?.()
        cancelRelay()
        cancelSamples?.()
        cancelPhasors?.()
        for (const end of [...pauses.values()]) end()
        await hal.close() // rejects what is under way
        await Promise.all(loops)
      },
    }
  },
}

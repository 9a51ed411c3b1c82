// A component for one load: drops it during set hours of the day and while more than a limit is drawn, and says so.
//
//   components:
//     - ...
//     - { use: ./night-setback.js, settings: { fromUtc: '21:00', toUtc: '04:30', aboveKw: 40, holdMinutes: 15 } }
//     - field-device
//
// It keeps to what the device says: when somebody else restores the load within the hours, it is dropped again at the
// next measurement. Nothing is done while the device does not answer, and no hour is believed while UTC is not good.

import { z } from 'zod'

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'want a time of day such as 21:00, in UTC')
  .transform(text => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))

const settingsSchema = z
  .object({
    fromUtc: timeOfDay.optional(),
    toUtc: timeOfDay.optional(),
    /** Three-phase sum, positive towards the load. */
    aboveKw: z.number().positive().optional(),
    /** After too much was drawn, the load stays off this long. */
    holdMinutes: z.number().min(1).max(1440).default(15),
  })
  .strict()
  .refine(({ fromUtc, toUtc }) => (fromUtc === undefined) === (toUtc === undefined), 'want both fromUtc and toUtc')
  .refine(({ fromUtc, aboveKw }) => (fromUtc ?? aboveKw) !== undefined, 'want hours or aboveKw')

/**
 * The whole decision: what is known in, what to do out.
 *
 * @param settings as checked by `settingsSchema`
 * @param state `heldUntil`: monotonic, ms, the end of the hold after too much was drawn
 * @param seen `minuteOfDay` is undefined while UTC is not good
 */
export function decide(settings, { heldUntil }, { nowMs, minuteOfDay, kw, shed }) {
  const { fromUtc, toUtc, aboveKw, holdMinutes } = settings
  const isNight = fromUtc !== undefined && minuteOfDay !== undefined && isBetween(minuteOfDay, fromUtc, toUtc)
  const isTooMuch = aboveKw !== undefined && kw !== undefined && kw > aboveKw
  const held = isTooMuch ? nowMs + holdMinutes * 60_000 : heldUntil
  const cause = isNight ? 'night' : held > nowMs ? 'above-limit' : undefined
  const operation = cause !== undefined && !shed ? 'shed' : cause === undefined && shed ? 'restore' : undefined
  return { state: { heldUntil: held }, operation, cause }
}

/** From 21:00 to 04:30 goes over midnight. */
const isBetween = (minute, from, to) => (from <= to ? minute >= from && minute < to : minute >= from || minute < to)

/** @type {import('../../src/node/component.ts').Component} */
export default {
  name: 'night-setback',
  start({ settings, hal, bus, clock, report }) {
    const checked = settingsSchema.parse(settings)
    if (hal?.operate === undefined) throw new Error('night-setback: this peer has no field device to operate')
    let state = { heldUntil: Number.NEGATIVE_INFINITY }
    let shed = false
    /** What this component dropped, it restores; what others dropped is theirs. */
    let ours = false
    let busy = false

    async function operate(operation, cause) {
      busy = true
      try {
        await hal.operate(operation)
        ours = operation === 'shed'
        shed = ours
        report('operated', { operation, cause: cause ?? 'night-setback-over' })
      } catch (error) {
        report('alarm', { alarm: 'operation-failed', operation, reason: error.message })
      } finally {
        busy = false
      }
    }

    const cancels = [
      bus.on('status', status => {
        if (status.shed !== undefined && !busy) shed = status.shed
      }),
      bus.on('measurement', ({ kw }) => {
        if (busy) return
        const seen = {
          nowMs: clock.now(),
          minuteOfDay: clock.utcGood() ? Math.floor(clock.utc() / 60_000) % 1440 : undefined,
          kw: kw && (kw.a ?? 0) + (kw.b ?? 0) + (kw.c ?? 0),
          shed,
        }
        const next = decide(checked, state, seen)
        state = next.state
        if (next.operation === 'shed' || (next.operation === 'restore' && ours))
          void operate(next.operation, next.cause)
      }),
    ]
    return { stop: () => cancels.forEach(cancel => void cancel()) }
  },
}

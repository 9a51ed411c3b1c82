// Keeps recordings of what the device samples, around power-quality events, pickups, trips, and where a person or a setpoint
// asks for one; and the record that the device keeps of its own. `feedermesh events` lists and fetches them.

import { z } from 'zod'
import { duration, type Instant, instant } from '../../../topology/units.ts'
import { comtradeBytes, comtradeFile } from '../../hal/comtrade/index.ts'
import type { Status } from '../../hal/port.ts'
import { mayUse, rolesWith } from '../../mesh/rights.ts'
import {
  quietRecorder,
  type RecorderEvent,
  type RecorderState,
  type Recording,
  recorderDefaults,
  faultRecorder as recorderOf,
  type Trigger,
  type TriggerKind,
} from '../../protection/fault-recorder.ts'
import { layOut } from '../../protection/lay-out-recording.ts'
import type { PowerQualityKind } from '../../protection/power-quality/event.ts'
import type { Component, ComponentContext } from '../component.ts'
import { NodeError } from '../node-error.ts'
import { recordTime } from '../record-time.ts'
import { eventRows, waveformRows } from '../recording-rows.ts'
import { openRecordings } from '../recording-store.ts'
import { fromDevice, fromSamples, type Place } from '../written-recording.ts'

const settingsSchema = z
  .strictObject({
    /** Ten cycles at the least. */
    preTriggerMs: z.number().min(1).max(5000).default(recorderDefaults.preTrigger),
    postTriggerMs: z.number().min(20).max(60_000).default(recorderDefaults.postTrigger),
    longestMs: z.number().min(500).max(60_000).default(recorderDefaults.longest),
    quotaMegabytes: z.number().min(0.1).max(65_536).default(64),
    /** Whether the record that the device keeps of its own is fetched too. */
    deviceRecords: z.boolean().default(true),
  })
  .refine(({ preTriggerMs, postTriggerMs, longestMs }) => longestMs >= preTriggerMs + postTriggerMs, {
    path: ['longestMs'],
    message: 'want preTriggerMs and postTriggerMs at the least',
  })

const MIN_CYCLES = 10
/** What a device keeps around a change; it may have less. */
const DEVICE_RECORD = { cycles: 24, samplesPerCycle: 64 }
/** Alarms that records gave way come no more often. */
const ALARM_PAUSE_MS = 3_600_000

/** What of the status is recorded beside the samples; `closed` is made of the position. */
const BITS = ['pickup', 'groundPickup', 'tripped', 'sag', 'dead'] as const

/** What the wave shows at that moment. Harmonics, unbalance and frequency are of long stretches, and have no beginning in it. */
const WORTH_A_RECORD: ReadonlySet<PowerQualityKind> = new Set([
  'sag',
  'swell',
  'interruption',
  'transient',
  'waveShape',
  'rapidVoltageChange',
  'impending',
])

export const faultRecorder: Component = {
  name: 'fault-recorder',
  async start(context) {
    const { clock, bus, feeder, log, name } = context
    const settings = settingsOf(context)
    const recordings = await openRecordings(context.store, settings.quotaMegabytes * 1024 * 1024)
    context.listing('events', parameters => eventRows(recordings, parameters))
    context.listing('waveform', (parameters, signal, from) => {
      if (!mayUse(from.roles, 'FILEREAD')) {
        throw new Error(`${from.roles.join(', ')} may not fetch recordings, want ${rolesWith('FILEREAD').join(' or ')}`)
      }
      return waveformRows(recordings, parameters, signal)
    })
    const { hal } = context
    const device = settings.deviceRecords ? hal?.waveform?.bind(hal) : undefined
    if (hal?.onSamples === undefined && device === undefined) return { stop: () => {} }

    const step = recorderOf({
      preTrigger: duration(settings.preTriggerMs),
      postTrigger: duration(settings.postTriggerMs),
      longest: duration(settings.longestMs),
    })
    let state: RecorderState = quietRecorder
    let status: Partial<Record<(typeof BITS)[number] | 'closed', boolean>> = {}
    let stopped = false
    /** The device's own record is asked for once what it is of is over. */
    let cancelAsking: (() => void) | undefined
    let dropped = 0
    let alarmedAt = Number.NEGATIVE_INFINITY
    const writing = new Set<Promise<void>>()
    const wakes = new Set<() => void>()

    function feed(event: RecorderEvent): void {
      const next = step(state, event, clock.now())
      state = next.state
      for (const action of next.actions) {
        switch (action.kind) {
          case 'keep':
            keepSamples(action.recording)
            break
          case 'wake': {
            const cancel = clock.wakeAt(action.at, () => {
              wakes.delete(cancel)
              feed({ kind: 'tick' })
            })
            wakes.add(cancel)
            break
          }
          case 'passed-over':
            log.debug('no-recording', { trigger: action.trigger.kind, because: action.because })
        }
      }
    }

    function trigger(kind: TriggerKind, words: string, at: Instant = clock.now()): void {
      const given: Trigger = { kind, at, words }
      if (hal?.onSamples !== undefined) feed({ kind: 'trigger', trigger: given })
      if (device === undefined || cancelAsking !== undefined) return
      const utcMs = clock.utc() - (clock.now() - at)
      cancelAsking = clock.wakeAt(instant(clock.now() + settings.postTriggerMs), () => {
        cancelAsking = undefined
        write(async () => {
          const found = fromDevice(await device(DEVICE_RECORD), given, utcMs, place())
          if (found !== undefined) await keep(found)
        })
      })
    }

    const place = (): Place => ({
      feeder: feeder.file.name,
      ied: name,
      lineHz: feeder.file.frequencyHz,
      utcQuality: recordTime(clock).quality,
    })

    function keepSamples(recording: Recording): void {
      const columns = layOut(recording)
      if (columns !== undefined) write(() => keep(fromSamples(recording, columns, place())))
    }

    async function keep({ entry, record }: ReturnType<typeof fromSamples>): Promise<void> {
      const kept = await recordings.keep(entry, comtradeBytes(record), comtradeFile(record))
      if (kept === undefined) {
        context.report('alarm', { alarm: 'recording-too-large', quotaMegabytes: settings.quotaMegabytes })
        return
      }
      const { id, startUtcMs, durationMs, bytes, sha256, source, triggers } = kept.entry
      context.report('recording', { id, startUtcMs, durationMs, bytes, sha256, source, trigger: triggers[0]?.kind })
      dropped += kept.dropped
      if (dropped === 0 || clock.now() - alarmedAt < ALARM_PAUSE_MS) return
      context.report('alarm', { alarm: 'recordings-gave-way', count: dropped, quotaMegabytes: settings.quotaMegabytes })
      dropped = 0
      alarmedAt = clock.now()
    }

    function write(run: () => Promise<void>): void {
      const done: Promise<void> = run()
        .catch(error => context.report('alarm', { alarm: 'recording-failed', reason: (error as Error).message }))
        .finally(() => writing.delete(done))
      writing.add(done)
    }

    function seen(now: Status): void {
      const before = status
      status = {
        ...Object.fromEntries(BITS.flatMap(bit => (now[bit] === undefined ? [] : [[bit, now[bit]]]))),
        ...(now.position === undefined ? {} : { closed: now.position === 'closed' }),
      }
      for (const [bit, value] of Object.entries(status)) {
        if (before[bit as keyof typeof status] !== value)
          feed({ kind: 'bit', change: { at: now.at, name: bit, value } })
      }
      const isFirst = Object.keys(before).length === 0 // what stands since before the start is no event
      if (isFirst) return
      const rises = (bit: keyof typeof status): boolean => status[bit] === true && before[bit] !== true
      if (rises('tripped')) trigger('trip', 'the relay tripped', now.at)
      else if (rises('pickup')) trigger('pickup', 'the fault element picked up', now.at)
      else if (rises('groundPickup')) trigger('pickup', 'the ground element picked up', now.at)
    }

    const cancels = [
      bus.on('samples', block => feed({ kind: 'samples', block })),
      bus.on('status', seen),
      bus.on('powerQuality', event => {
        if (event.phase !== 'begins' || !WORTH_A_RECORD.has(event.kind)) return
        trigger('powerQuality', `${event.kind} on ${event.channels.join(', ')}`, event.startedAt)
      }),
      bus.on('report', ({ event, phase, id, text, name: setpoint }) => {
        // With an id it is not that the setpoint was passed, but that it cannot be seen.
        if (event !== 'setpoint' || phase !== 'begins' || id !== undefined) return
        trigger('setpoint', String(text ?? setpoint ?? 'setpoint'))
      }),
      bus.on('record-waveform', ({ kind, words, at }) => trigger(kind, words, at)),
    ]
    return {
      async stop() {
        if (stopped) return
        stopped = true
        for (const cancel of [...cancels, ...wakes]) cancel()
        cancelAsking?.()
        feed({ kind: 'stop' })
        await Promise.all(writing)
      },
    }
  },
}

/** @throws NodeError BAD_INPUT */
function settingsOf({ settings, feeder }: ComponentContext) {
  const result = settingsSchema.safeParse(settings ?? {})
  if (!result.success) {
    const said = result.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
    throw new NodeError('BAD_INPUT', `components: fault-recorder: ${said.join('; ')}`)
  }
  const least = Math.ceil((MIN_CYCLES * 1000) / feeder.file.frequencyHz)
  if (result.data.preTriggerMs < least) {
    throw new NodeError(
      'BAD_INPUT',
      `components: fault-recorder: preTriggerMs: ${result.data.preTriggerMs}, want ${least} or more: ${MIN_CYCLES} cycles`,
    )
  }
  return result.data
}

// The shell of the power-quality monitor: which source it goes by, what it tells, and whom a sag that it sees warns.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { memoryHal } from '../../src/hal/memory-hal.ts'
import type { Measurement, PhasorFrame, Status } from '../../src/hal/port.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { pqText } from '../../src/node/cli/pq-show.ts'
import { bus, type ComponentContext, type Report } from '../../src/node/component.ts'
import { earlyWarningComponent } from '../../src/node/components/early-warning.ts'
import { powerQualityComponent } from '../../src/node/components/power-quality.ts'
import { earlyWarningSchema } from '../../src/node/early-warning-config.ts'
import { powerQualitySchema } from '../../src/node/power-quality-config.ts'
import { warningMessage } from '../../src/protection/messages.ts'
import type { PowerQualityEvent } from '../../src/protection/power-quality/event.ts'
import { fromCbor } from '../../topology/cbor.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { nominalVolts } from '../../topology/nominal-volts.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { type Course, stretches, threePhases, UTC } from '../protection/power-quality/waves.ts'

const FILE = 'topology/feeders/ieee13.yaml'
const file = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const observer = file.ieds.find(({ observes }) => observes.length > 0)
if (observer === undefined) throw new Error('want an observing IED')
const NOMINAL = nominalVolts(file).get(observer.node) ?? 0
const RATE = 60 * 64
const START = 1000
const nothing = (): void => {}

async function agent(settings: object = {}) {
  let now = START
  const wakes = new Set<{ at: number; run: () => void }>()
  const said: { type: string; at: number; payload: Uint8Array }[] = []
  const reports: Report[] = []
  const events: PowerQualityEvent[] = []
  const records: Record<string, unknown>[] = []
  const answers = new Map<string, (parameters: object) => Promise<unknown>>()
  const clock = {
    now: () => instant(now),
    utc: () => utcMs(UTC + now),
    wakeAt(at: number, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => wakes.delete(wake)
    },
    every: () => nothing,
  }
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.stack}`))
  const context = {
    name: observer?.name,
    feeder: createFeeder(file),
    epoch: 7,
    config: {
      reactions: { severe: 'none', catastrophic: 'none' },
      earlyWarning: earlyWarningSchema.parse({ staggerSeconds: 0 }),
      hosts: [],
      powerQuality: powerQualitySchema.parse(settings),
    },
    clock,
    hal: memoryHal({ now: clock.now, utc: clock.utc }),
    loads: { of: () => undefined, all: [] },
    store: openMemoryStore(),
    ledger: {
      append: async (_: string, content: Uint8Array) => {
        records.push(fromCbor(content) as Record<string, unknown>)
        return { number: records.length }
      },
    },
    bus: inside,
    links: { hold: nothing, onPeer: nothing, subscribe: nothing, unsubscribe: nothing },
    messenger: {
      on: nothing,
      say: ({ type, payload }: { type: string; payload: Uint8Array }) => said.push({ type, at: now, payload }),
      relay: () => 0,
      peerOf: nothing,
    },
    readout: (what: string, answer: (parameters: object) => Promise<unknown>) => answers.set(what, answer),
    log: { debug: nothing, error: (event: string) => expect.unreachable(event) },
    report: (event: string, fields = {}) => {
      const report = { event, atMs: now, ...fields }
      reports.push(report)
      inside.emit('report', report)
    },
  } as unknown as ComponentContext
  inside.on('powerQuality', event => events.push(event))
  const running = [await earlyWarningComponent.start(context), await powerQualityComponent.start(context)]
  function until(ms: number): void {
    for (;;) {
      const [next] = [...wakes].sort((a, b) => a.at - b.at)
      if (next === undefined || next.at > ms) break
      wakes.delete(next)
      now = Math.max(now, next.at)
      next.run()
    }
    now = Math.max(now, ms)
  }
  return {
    reports,
    events,
    records,
    until,
    bus: inside,
    stop: () => Promise.all(running.map(each => each.stop())),
    show: async () => outputs['pq-show'].parse(JSON.parse(JSON.stringify(await answers.get('power-quality')?.({})))),
    warnings: () =>
      said
        .filter(({ type }) => type === warningMessage.type)
        .map(({ at, payload }) => ({ at, ...warningMessage.decode(payload) })),
    types: () => [...new Set(said.map(({ type }) => type))],
    poll: (status: Partial<Status>) => inside.emit('status', { at: instant(now), ...status }),
    /** Each stretch arrives when it is over. */
    play(volts: Course, amps?: Course, seconds = 1.5) {
      const of = { samplesPerSecond: RATE, seconds, hz: 60 }
      const waves = {
        volts: threePhases({ ...of, rms: (t, phase) => NOMINAL * volts(t, phase) }),
        ...(amps === undefined ? {} : { amps: threePhases({ ...of, rms: amps, degrees: -30 }) }),
      }
      const size = RATE / 60 / 2
      for (const block of stretches(waves, RATE, size, now)) {
        until(block.at + (size * 1000) / RATE)
        inside.emit('samples', block)
      }
    },
    measure: (fields: Partial<Measurement>) => {
      until(now + 1000)
      inside.emit('measurement', { at: instant(now), utc: clock.utc(), ...fields })
    },
    frame: (pu: number, more: Partial<PhasorFrame> = {}) => {
      until(now + 1000 / 60)
      const phasor = { magnitude: NOMINAL * pu, degrees: 0 }
      inside.emit('phasors', {
        at: instant(now),
        utcMicros: 0n,
        timeErrorSeconds: 0,
        volts: { a: phasor, b: phasor, c: phasor },
        amps: {},
        frequencyHz: 60,
        rocofHzPerS: 0,
        ...more,
      })
    },
  }
}

const ONSET = 0.5
const deep: Course = t => (t >= ONSET && t < 0.8 ? 0.3 : 1)
const rises: Course = t => (t >= ONSET && t < 0.8 ? 900 : 100)
const falls: Course = t => (t >= ONSET && t < 0.8 ? 30 : 100)

describe('a sag in the samples of an IED that observes sections', () => {
  it('warns those downstream within a cycle and a stretch of its onset, and ends in an all-clear', async () => {
    const { play, warnings, until, types, reports } = await agent()
    play(deep, rises)
    const [first] = warnings()
    expect(first?.section).toBe(observer.observes[0])
    // A cycle until it is known, half a one until its samples are there.
    expect((first?.at ?? 0) - START - ONSET * 1000).toBeLessThanOrEqual((1.5 * 1000) / 60)
    expect((first?.at ?? 0) - START - ONSET * 1000).toBeGreaterThan(0)
    expect(warnings().some(({ severity }) => severity === 'catastrophic')).toBe(true)
    until(START + 2500)
    expect(types()).toContain('all-clear')
    expect(reports.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['warning-sent', 'all-clear-sent', 'sag-begins', 'sag-ends']),
    )
  })
  it('warns without currents too', async () => {
    const { play, warnings } = await agent()
    play(deep)
    expect(warnings().length).toBeGreaterThan(0)
  })
  it.each([
    ['its current falls: the sag comes from above', deep, falls, {}],
    ['equipment rides through it', (t: number) => (t >= ONSET && t < 0.8 ? 0.75 : 1), rises, {}],
    ['it was told not to', deep, rises, { warnsOthers: false }],
  ] as const)('warns nobody when %s', async (_, volts, amps, settings) => {
    const { play, warnings, events } = await agent(settings)
    play(volts, amps)
    expect(events.some(({ kind }) => kind === 'sag')).toBe(true)
    expect(warnings()).toEqual([])
  })
  it('warns nobody of a slow collapse before the voltage is low: all below see it fall themselves', async () => {
    const { play, warnings, events } = await agent()
    play(t => 1 - Math.max(0, t - 0.5) * 0.06, rises, 2)
    expect(events.some(({ kind, cause }) => kind === 'impending' && cause === 'collapse')).toBe(true)
    expect(events.some(({ kind }) => kind === 'sag')).toBe(false)
    expect(warnings()).toEqual([])
  })
  it('leaves it to line sensors where the device has some', async () => {
    const { play, warnings, poll } = await agent()
    poll({ entered: 0, left: 0, sag: false })
    play(deep, rises)
    expect(warnings()).toEqual([])
  })
  it('warns nobody when its own device is open', async () => {
    const { play, warnings, poll } = await agent()
    poll({ position: 'open' })
    play(deep)
    expect(warnings()).toEqual([])
  })
  it('ends the warning when the samples stop', async () => {
    const { play, until, types, events } = await agent()
    play(t => (t >= ONSET ? 0.3 : 1), undefined, 0.7)
    until(START + 6000)
    expect(types()).toContain('all-clear')
    expect(events.findLast(({ kind }) => kind === 'sag')).toMatchObject({ phase: 'ends', isCutOff: true })
  })
})

describe('what is not a waveform', () => {
  const volts = (pu: number) => ({ volts: { a: NOMINAL * pu, b: NOMINAL, c: NOMINAL } })
  it('polled values make events, and warn nobody', async () => {
    const { measure, events, warnings } = await agent()
    for (const pu of [1, 0.3, 0.3, 1]) measure(volts(pu))
    expect(
      events.filter(({ kind }) => kind === 'sag').map(({ phase, resolution }) => `${phase} ${resolution}`),
    ).toEqual(['begins poll', 'ends poll'])
    expect(warnings()).toEqual([])
  })
  it('a doubted value makes no event', async () => {
    const { measure, events } = await agent()
    measure(volts(1))
    measure({ ...volts(0.3), doubts: { 'volts.a': ['oldData'] } })
    expect(events).toEqual([])
  })
  it('a device that shows no voltage any more shows no end of a sag: it is cut off', async () => {
    const { measure, events } = await agent()
    measure(volts(1))
    measure(volts(0.3))
    measure({ doubts: { 'volts.a': ['failure'], 'volts.b': ['failure'], 'volts.c': ['failure'] } })
    expect(events.filter(({ kind }) => kind === 'sag').at(-1)).toMatchObject({ phase: 'ends', isCutOff: true })
  })
  it('polled values count for nothing while samples come', async () => {
    const { play, measure, events } = await agent()
    play(() => 1)
    measure(volts(0.3))
    expect(events).toEqual([])
  })
  it('fast phasors warn, within two frames', async () => {
    const { frame, warnings, events } = await agent()
    for (let n = 0; n < 10; n++) frame(1)
    for (let n = 0; n < 2; n++) frame(0.3)
    expect(events.at(-1)).toMatchObject({ resolution: 'half-cycle' })
    expect(warnings().length).toBeGreaterThan(0)
  })
  it('phasors that are in doubt do not', async () => {
    const { frame, warnings, events } = await agent()
    for (let n = 0; n < 10; n++) frame(1)
    for (let n = 0; n < 5; n++) frame(0.3, { doubts: ['failure'] })
    expect(events.filter(({ phase }) => phase === 'begins')).toEqual([])
    expect(warnings()).toEqual([])
  })
})

describe('what is impending', () => {
  const impending = (events: readonly PowerQualityEvent[]) =>
    events.filter(({ kind }) => kind === 'impending').map(({ phase, cause }) => `${cause} ${phase}`)
  it('follows the own pickup', async () => {
    const { poll, events } = await agent()
    poll({ pickup: true })
    poll({ pickup: true })
    poll({ pickup: false })
    expect(impending(events)).toEqual(['ownPickup begins', 'ownPickup ends'])
  })
  it('follows the pickups of relays upstream, each to its end, and no other ones', async () => {
    const { bus, events } = await agent()
    const heard = { event: 'R/1/r1', origin: 'R' }
    for (const place of ['below', 'elsewhere', 'own', 'unknown'] as const) {
      bus.emit('relayState', { ...heard, device: 'Q', state: 'picked-up', place })
    }
    expect(impending(events)).toEqual([])
    bus.emit('relayState', { ...heard, device: 'Q1', state: 'picked-up', place: 'above' })
    bus.emit('relayState', { ...heard, device: 'Q2', state: 'picked-up', place: 'above' })
    bus.emit('relayState', { ...heard, device: 'Q1', state: 'quiet', place: 'above' })
    expect(impending(events)).toEqual(['upstreamPickup begins'])
    bus.emit('relayState', { ...heard, device: 'Q2', state: undefined, place: 'above' })
    expect(impending(events)).toEqual(['upstreamPickup begins', 'upstreamPickup ends'])
  })
  it('follows what neighbours say, and ends by itself when they fall silent', async () => {
    const { bus, events, until } = await agent()
    bus.emit('report', { event: 'warned', atMs: START, id: 'e/1', severity: 'catastrophic' })
    bus.emit('report', { event: 'outage-expected', atMs: START, id: 'e/2' })
    until(START + 20_000)
    expect(impending(events)).toEqual([
      'neighbourWarning begins',
      'upstreamTrip begins',
      'neighbourWarning ends',
      'upstreamTrip ends',
    ])
  })
})

describe('what it tells', () => {
  it('is reported once for begin and end, with its severity and in words', async () => {
    const { play, reports } = await agent()
    play(deep, rises)
    const told = reports.filter(({ event, kind }) => event === 'power-quality' && kind === 'interruption')
    expect(told).toEqual([])
    const sag = reports.filter(({ event, kind }) => event === 'power-quality' && kind === 'sag')
    expect(sag.map(({ phase }) => phase).filter(phase => phase !== 'worsens')).toEqual(['begins', 'ends'])
    expect(sag.at(-1)).toMatchObject({ id: `${observer.name}/7/sag-1`, severity: 'alarm', category: 'instantaneous' })
    expect(sag.at(-1)?.text).toMatch(/^instantaneous sag 30\.0 % \(volts\.a volts\.b volts\.c\) for 3\d\d ms$/)
  })
  it('is bounded: a wave that changes without end reports no more than the limit', async () => {
    const { play, reports, show, records } = await agent()
    // A notch each 60 ms.
    play(t => (t % 0.06 < 0.002 ? 0.2 : 1), undefined, 30)
    const told = reports.filter(({ event }) => event === 'power-quality')
    expect(told.filter(({ phase }) => phase === 'begins').length).toBeLessThanOrEqual(60 + 30)
    expect((await show()).notTold).toBeGreaterThan(100)
    expect(records.length).toBeLessThanOrEqual(1)
  })
  it('can be read out and printed', async () => {
    const { play, show, measure } = await agent()
    expect(pqText(await show(), { harmonics: true })).toBe('nothing was measured yet\n')
    play(deep, rises, 3)
    const shown = await show()
    expect(shown).toMatchObject({ resolution: 'samples', nominalHz: 60, samplesPerSecond: RATE, lostSamples: 0 })
    expect(shown.hz).toBeCloseTo(60, 2)
    expect(shown.channels.map(({ channel }) => channel)).toEqual([
      'volts.a',
      'volts.b',
      'volts.c',
      'amps.a',
      'amps.b',
      'amps.c',
    ])
    expect(shown.channels[0]?.pu).toBeCloseTo(1, 3)
    const text = pqText(shown, { harmonics: true })
    expect(text).toMatch(/^from waveforms, 3840 samples a second, 0 lost\n60\.000 Hz/)
    expect(text).toMatch(/instantaneous +alarm/)
    measure({})
    expect((await show()).resolution).toBe('samples')
  })
  it('keeps the aggregates of ten minutes as a record', async () => {
    const { play, records, until } = await agent()
    until(Math.ceil(UTC / 600_000) * 600_000 - UTC - 1000)
    play(() => 1, undefined, 2)
    expect(records).toMatchObject([{ event: 'power-quality-interval', flagged: 0, eventsNotTold: 0 }])
  })
})

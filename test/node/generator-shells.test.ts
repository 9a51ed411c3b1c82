// The shells of a generator's local trip and of its return to service, on a virtual clock with a device in memory.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type MemoryHal, memoryHal } from '../../src/hal/memory-hal.ts'
import type { Measurement, Status } from '../../src/hal/port.ts'
import { bus, type Component, type ComponentContext, type Readiness } from '../../src/node/component.ts'
import { enterServiceComponent } from '../../src/node/components/enter-service.ts'
import { generatorProtection } from '../../src/node/components/generator-protection.ts'
import { enterServiceSchema, generatorProtectionSchema } from '../../src/node/generator-config.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { nominalVolts } from '../../topology/nominal-volts.ts'
import { instant, utcMs } from '../../topology/units.ts'

const FILE = 'topology/feeders/customer-site.yaml'
const file = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const NOMINAL = nominalVolts(file).get('w04') ?? 0

interface Given {
  readonly name?: string
  readonly enterService?: object
  readonly generatorProtection?: object
  readonly disk?: MemoryDisk
  readonly hal?: MemoryHal
  /** What the device gives besides polled values. */
  readonly gives?: 'samples' | 'phasors'
}

/** `gen-solar` unless said otherwise: an inverter on the 0.4 kV of the workshop, 50 Hz. */
async function agent(component: Component, given: Given) {
  let now = 0
  const wakes = new Set<{ at: number; run: () => void }>()
  const reports: ({ event: string } & Record<string, unknown>)[] = []
  const clock = {
    now: () => instant(now),
    utc: () => utcMs(0),
    wakeAt(at: number, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => wakes.delete(wake)
    },
  }
  const hal = given.hal ?? memoryHal({ now: clock.now, utc: clock.utc, operations: ['open', 'close'] })
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const disk = given.disk ?? memoryDisk()
  const store = openMemoryStore(disk)
  const { enterService, generatorProtection: protection } = given
  const context = {
    name: given.name ?? 'gen-solar',
    epoch: 7,
    feeder: createFeeder(file),
    config: {
      device: { valuesPollMs: 1000 },
      enterService: enterService && enterServiceSchema.parse(enterService),
      generatorProtection: protection && generatorProtectionSchema.parse(protection),
    },
    clock,
    bus: inside,
    store,
    hal:
      given.gives === undefined
        ? hal
        : { ...hal, [given.gives === 'samples' ? 'onSamples' : 'onPhasors']: () => () => {} },
    chance: () => 0,
    loads: { of: () => undefined, all: [] },
    log: { error: (event: string, fields: object) => expect.unreachable(`${event} ${JSON.stringify(fields)}`) },
    report(event: string, fields: Record<string, unknown> = {}) {
      reports.push({ event, ...fields })
      inside.emit('report', { event, atMs: now, ...fields })
    },
  } as unknown as ComponentContext
  const running = await component.start(context)
  const flush = async (): Promise<void> => {
    for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  async function until(ms: number): Promise<void> {
    for (;;) {
      const next = [...wakes].sort((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > ms) break
      wakes.delete(next)
      now = Math.max(now, next.at)
      next.run()
      await flush()
    }
    now = ms
  }
  const measured = (pu: number, more: Partial<Measurement> = {}): void =>
    inside.emit('measurement', {
      at: instant(now),
      utc: utcMs(0),
      volts: { a: pu * NOMINAL, b: NOMINAL, c: NOMINAL },
      frequencyHz: 50,
      ...more,
    })
  return {
    hal,
    inside,
    reports,
    running,
    disk,
    store,
    flush,
    until,
    measured,
    now: () => now,
    status: (status: Omit<Status, 'at'>) => inside.emit('status', { at: instant(now), ...status }),
    /** Good values each second, up to then. */
    async good(ms: number) {
      while (now + 1000 <= ms) {
        await until(now + 1000)
        measured(1)
        await flush()
      }
    },
    /** As the transfer trip opens it. */
    async takenOff() {
      await hal.operate('open')
      hal.show({ status: { position: 'open' } })
      context.report('operated', { operation: 'open', cause: 'upstream-open' })
      inside.emit('status', { at: instant(now), position: 'open' })
    },
    phases: () => reports.filter(({ event }) => event === 'enter-service').map(({ phase }) => phase),
    ready() {
      const all: Readiness[] = []
      inside.emit('ready-asked', { answer: each => void all.push(each) })
      return all
    },
  }
}

describe('a generator that comes back to service', () => {
  const enterService = { seconds: 20, rampSeconds: 10 }
  it('closes after the wait, once, and says when it is in service', async () => {
    const { takenOff, good, hal, phases, ready } = await agent(enterServiceComponent, { enterService })
    await takenOff()
    await good(20_000)
    expect(hal.operated).toEqual(['open'])
    expect(ready()[0]?.why).toBe('waits for 1 s more')
    await good(60_000)
    expect(hal.operated).toEqual(['open', 'close'])
    expect(phases()).toEqual(['waits', 'in-service'])
  })
  it('begins the wait anew at a bad phase, and at a value that is doubted', async () => {
    const { takenOff, good, hal, measured, now, phases } = await agent(enterServiceComponent, { enterService })
    await takenOff()
    await good(10_000)
    measured(0.9)
    await good(20_000)
    measured(1, { doubts: { 'volts.b': ['oldData'] } })
    await good(30_000)
    measured(1, { frequencyHz: 50.2 })
    await good(now() + 20_000)
    expect(hal.operated).toEqual(['open'])
    await good(now() + 2000)
    expect(hal.operated).toEqual(['open', 'close'])
    expect(phases().filter(phase => phase === 'begins-anew')).toHaveLength(3)
  })
  it('waits while a transfer trip stands, and says so', async () => {
    const { takenOff, good, hal, inside, ready } = await agent(enterServiceComponent, { enterService })
    inside.emit('transferTrip', { stands: true, channelLost: false })
    await takenOff()
    await good(60_000)
    expect(hal.operated).toEqual(['open'])
    expect(ready()).toEqual([{ scheme: 'enter service', ready: false, why: 'a transfer trip stands' }])
    inside.emit('transferTrip', { stands: false, channelLost: false })
    await good(90_000)
    expect(hal.operated).toEqual(['open', 'close'])
  })
  it('leaves alone what a person has opened', async () => {
    const { hal, inside, good, status } = await agent(enterServiceComponent, { enterService })
    status({ position: 'closed' })
    await hal.operate('open')
    inside.emit('report', { event: 'operated', atMs: 0, operation: 'open', by: 'ada' })
    status({ position: 'open' })
    await good(60_000)
    expect(hal.operated).toEqual(['open'])
  })
  it('waits anew after a restart in the middle', async () => {
    const first = await agent(enterServiceComponent, { enterService })
    await first.takenOff()
    await first.good(15_000)
    await first.running.stop()
    await first.store.close()
    const second = await agent(enterServiceComponent, { enterService, disk: first.disk, hal: first.hal })
    second.status({ position: 'open' })
    await second.good(20_000)
    expect(first.hal.operated).toEqual(['open'])
    await second.good(30_000)
    expect(first.hal.operated).toEqual(['open', 'close'])
  })
  it('is left to a person after three closings that the device did not confirm', async () => {
    const { takenOff, good, hal, reports } = await agent(enterServiceComponent, { enterService })
    await takenOff()
    hal.jam(true)
    await good(200_000)
    expect(reports.filter(({ alarm }) => alarm === 'operation-failed')).toHaveLength(3)
    expect(reports.at(-1)).toMatchObject({ alarm: 'enter-service-given-up', device: 'PV' })
  })
  it('wants the input of a synchronising relay at a synchronous machine, and closes only while it is on', async () => {
    const refused = agent(enterServiceComponent, { name: 'gen-chp', enterService })
    await expect(refused).rejects.toThrow('syncInput: CHP is a synchronous machine')
    const chp = await agent(enterServiceComponent, {
      name: 'gen-chp',
      enterService: { ...enterService, syncInput: '1' },
    })
    const nominal = nominalVolts(file).get('g1') ?? 0
    const volts = { a: nominal, b: nominal, c: nominal }
    await chp.takenOff()
    for (let ms = 1000; ms <= 22_000; ms += 1000) {
      await chp.until(ms)
      chp.measured(1, { volts })
    }
    await chp.flush()
    expect(chp.hal.operated).toEqual(['open'])
    chp.status({ position: 'open', inputs: { 1: true } })
    await chp.flush()
    expect(chp.hal.operated).toEqual(['open', 'close'])
  })
})

describe('a generator’s trip for abnormal voltage and frequency', () => {
  const given = { generatorProtection: { category: 'II', openingMs: 60 } } as const
  it('is refused, and said, where values are polled', async () => {
    const { inside, reports, ready } = await agent(generatorProtection, given)
    inside.emit('components-started', {})
    expect(reports[0]).toMatchObject({ event: 'alarm', alarm: 'generator-protection-off', name: 'PV' })
    expect(ready()[0]).toMatchObject({ scheme: 'generator protection', ready: false })
  })
  it('wants a category', async () => {
    await expect(agent(generatorProtection, { generatorProtection: {} })).rejects.toThrow(
      /the feeder file has none of PV/,
    )
  })

  /** Three phases of the inverter's node at 50 Hz, in blocks of 20 ms. */
  async function sampled(pu: number, ms: number, more: Given = given) {
    const made = await agent(generatorProtection, { ...more, gives: 'samples' })
    const opened: number[] = []
    const rate = 3200
    for (let from = 0; from < ms && opened.length === 0; from += 20) {
      await made.until(from + 20)
      const wave = (of: number, shift: number) =>
        Float64Array.from({ length: (rate * 20) / 1000 }, (_, n) => {
          const seconds = from / 1000 + n / rate
          return of * NOMINAL * Math.SQRT2 * Math.sin(2 * Math.PI * 50 * seconds + shift)
        })
      const volts = { a: wave(from < 100 ? 1 : pu, 0), b: wave(1, -2.0944), c: wave(1, 2.0944) }
      made.inside.emit('samples', {
        at: instant(from),
        utc: utcMs(0),
        samplesPerSecond: rate,
        lost: 0,
        volts,
        amps: {},
      })
      await made.flush()
      if (made.hal.operated.length > 0) opened.push(from + 20)
    }
    return { ...made, opened }
  }
  it('is off within 160 ms, the opening included, when one phase falls to 0.3', async () => {
    const { opened, reports } = await sampled(0.3, 600)
    expect(opened).toHaveLength(1)
    // The sag begins at 100 ms.
    expect(opened[0]).toBeGreaterThan(100 + 80)
    expect(opened[0]).toBeLessThanOrEqual(100 + 160 - 60 + 40)
    expect(reports).toContainEqual(expect.objectContaining({ event: 'generator-trip', stage: 'UV2', device: 'PV' }))
    expect(reports.at(-1)).toMatchObject({ event: 'operated', operation: 'open', cause: 'abnormal-voltage' })
  })
  it('rides through 0.75 for a second, as category II has to', async () => {
    expect((await sampled(0.75, 1200)).opened).toEqual([])
  })
  it('by phasors judges the frequency too, and trips in two seconds at what is slow otherwise while nobody would be heard', async () => {
    for (const channelLost of [false, true]) {
      const made = await agent(generatorProtection, { ...given, gives: 'phasors' })
      made.inside.emit('transferTrip', { stands: false, channelLost })
      const each = { magnitude: NOMINAL, degrees: 0 }
      const volts = { a: each, b: each, c: each }
      for (let ms = 20; ms <= 3000; ms += 20) {
        await made.until(ms)
        const frame = { at: instant(ms), utcMicros: 0n, timeErrorSeconds: 0, volts, amps: {}, frequencyHz: 51.5 }
        made.inside.emit('phasors', { ...frame, rocofHzPerS: 0 })
      }
      await made.flush()
      expect(made.hal.operated).toEqual(channelLost ? ['open'] : [])
      if (channelLost) expect(made.reports[0]).toMatchObject({ event: 'generator-trip', stage: 'OF1', value: 51.5 })
    }
  })
  it('is tried again until the device has opened', async () => {
    const hal = memoryHal({ now: () => instant(0), utc: () => utcMs(0), operations: ['open', 'close'] })
    hal.jam(true)
    const made = await sampled(0.3, 400, { ...given, hal })
    expect(made.opened).toEqual([])
    hal.jam(false)
    await made.until(made.now() + 1000)
    expect(hal.operated).toEqual(['open'])
    expect(made.reports.filter(({ alarm }) => alarm === 'operation-failed')).toHaveLength(1)
  })
})

// The relay in software as its agent runs it: samples of a device in memory or of a recording go in, and the breaker of that
// device is what it works.

import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { replayHal } from '../../src/hal/comtrade/index.ts'
import { memoryHal } from '../../src/hal/memory-hal.ts'
import type { Hal, SampleBlock } from '../../src/hal/port.ts'
import { bus, type ComponentContext, type Readiness, type Report } from '../../src/node/component.ts'
import { fieldDevice } from '../../src/node/components/field-device.ts'
import { softwareRelayComponent } from '../../src/node/components/software-relay.ts'
import type { AgentConfig } from '../../src/node/config.ts'
import { withOwnRelay } from '../../src/node/own-relay.ts'
import { withSetting } from '../../src/node/run-time-settings.ts'
import { softwareRelaySchema } from '../../src/node/software-relay-config.ts'
import { missingGroup } from '../../src/node/software-relay-settings.ts'
import { createFeeder } from '../../topology/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { asRead, steppedClock } from '../hal/comtrade/recorded.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const HZ = 50
const RATE = 1600
const BLOCK = RATE / HZ / 2
const BREAKER_MS = 40
const LOAD = 50

/** R2: 200 A, 100 ms, one shot after 500 ms; another group of its settings is slower. */
const file = smallFeeder({
  devices: smallFeeder().devices.map(device =>
    device.name === 'R2'
      ? {
          ...device,
          relay: { pickupAmps: 200, delayMs: 100 },
          reclose: { deadTimesMs: [500], resetMs: 10_000 },
          settingsGroups: { slow: { relay: { pickupAmps: 200, delayMs: 400 } } },
        }
      : device,
  ),
})

type Store = ReturnType<typeof openMemoryStore>
interface Wanted {
  readonly hal?: (clock: ReturnType<typeof steppedClock>) => Hal
  readonly store?: Store
  readonly config?: Record<string, unknown>
}

/** The agent `recloser` of the small feeder, at work on a breaker whose current is `amps`. */
async function agent({ hal: given, store = openMemoryStore(), config = {} }: Wanted = {}) {
  const clock = steppedClock()
  const start = clock.now()
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.stack}`))
  const reports: Report[] = []
  const device = memoryHal({ now: clock.now, utc: clock.utc })
  device.show({ status: { position: 'closed' } })
  const listeners = new Set<(block: SampleBlock) => void>()
  let amps = LOAD
  let flows = amps
  let breaks = true
  let opensAt = Number.POSITIVE_INFINITY
  const sampled: Hal = {
    ...device,
    async operate(operation) {
      if (operation === 'open' && !breaks) throw new Error('the contacts did not move')
      await device.operate(operation)
      if (operation === 'open') opensAt = clock.now() + BREAKER_MS
      if (operation === 'close') opensAt = Number.POSITIVE_INFINITY
    },
    onSamples(run) {
      listeners.add(run)
      return () => void listeners.delete(run)
    },
  }
  const hal = withOwnRelay(given?.(clock) ?? sampled, inside)
  const parsed = softwareRelaySchema.parse(config)
  const context = {
    name: 'recloser',
    feeder: createFeeder(file),
    epoch: 1,
    config: {
      device: { statusPollMs: 20, valuesPollMs: 1000, energyPollMs: 60_000, rarePollMs: 60_000 },
      softwareRelay: parsed,
    },
    clock,
    hal,
    store,
    bus: inside,
    chance: () => 0,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: (event: string) => expect.unreachable(event) },
    report: (event: string, fields = {}) => reports.push({ event, atMs: clock.now() - start, ...fields }),
  } as unknown as ComponentContext
  const running = [await softwareRelayComponent.start(context), await fieldDevice.start(context)]
  inside.emit('components-started', {})

  let sample = 0
  function give(): void {
    const isOpen = clock.now() >= opensAt
    flows = isOpen ? 0 : amps
    const channel = (peak: number, behind: number): Float64Array =>
      Float64Array.from(
        { length: BLOCK },
        (_, n) => Math.SQRT2 * peak * Math.cos(2 * Math.PI * ((HZ * (sample + n)) / RATE - behind / 3)),
      )
    const three = (peak: number) => ({ a: channel(peak, 0), b: channel(peak, 1), c: channel(peak, 2) })
    const at = instant(clock.now() - (BLOCK / RATE) * 1000)
    const block = { at, utc: utcMs(0), samplesPerSecond: RATE, lost: 0, volts: three(2300), amps: three(flows) }
    sample += BLOCK
    for (const run of listeners) run(block)
  }
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.forward(10)
      give()
      await new Promise(setImmediate)
    }
  }
  await pass(100)
  return {
    pass,
    inside,
    reports,
    store,
    device,
    hal,
    draw: (next: number) => {
      amps = next
    },
    stick: () => {
      breaks = false
    },
    /** A person closes it at the device. */
    closeByHand: () => {
      opensAt = Number.POSITIVE_INFINITY
      device.show({ status: { position: 'closed' } })
    },
    said: () => reports.map(({ event, alarm, reason }) => [event, alarm, reason].filter(Boolean).join(' ')),
    ready(): readonly Readiness[] {
      const found: Readiness[] = []
      inside.emit('ready-asked', { answer: each => found.push(each) })
      return found
    },
    async stop() {
      for (const each of [...running].reverse()) await each.stop()
    },
  }
}

const relayWords = (said: readonly string[]): string[] => said.filter(each => /^(relay|operated|alarm)/.test(each))

describe('the agent’s relay in software', () => {
  it('shows its pickup and trip to whoever reads the device beside the polls', async () => {
    const it = await agent()
    it.device.show({ status: { position: 'closed', pickup: false } })
    it.draw(900)
    await it.pass(60)
    expect(await it.hal.status()).toMatchObject({ position: 'closed', pickup: true, tripped: false })
    await it.pass(2000)
    expect(await it.hal.status()).toMatchObject({ tripped: true, lockedOut: true })
    await it.stop()
  })

  it('trips within two cycles of its delay, recloses, and locks out on a fault that stays', async () => {
    const it = await agent()
    it.draw(900)
    await it.pass(2000)
    expect(relayWords(it.said())).toEqual([
      'relay-pickup',
      'relay-trip',
      'operated',
      'relay-dropout',
      'relay-interrupted',
      'relay-recloses',
      'operated',
      'relay-pickup',
      'relay-trip',
      'operated',
      'relay-lockout last shot',
      'relay-dropout',
      'relay-interrupted',
    ])
    expect(it.device.operated).toEqual(['open', 'close', 'open'])
    const first = it.reports.find(({ event }) => event === 'relay-trip')
    expect(first).toMatchObject({ device: 'R2', by: '51P', trip: 1 })
    expect((first?.atMs ?? 0) - 100).toBeGreaterThanOrEqual(100)
    expect((first?.atMs ?? 0) - 100).toBeLessThanOrEqual(140)
    await it.stop()
  })

  it('leaves a load alone, and shows the relay as the device’s own', async () => {
    const it = await agent()
    const shown: (boolean | undefined)[][] = []
    it.inside.on('status', ({ pickup, tripped, lockedOut }) => shown.push([pickup, tripped, lockedOut]))
    await it.pass(1000)
    expect(relayWords(it.said())).toEqual([])
    it.draw(900)
    await it.pass(160)
    expect(shown).toContainEqual([true, false, false])
    await it.pass(2000)
    expect(shown.at(-1)).toEqual([false, true, true])
    it.closeByHand()
    it.draw(LOAD)
    await it.pass(200)
    expect(shown.at(-1)).toEqual([false, false, false])
    await it.stop()
  })

  it('holds automatic closing back while it is locked out, until somebody closes it or resets the lockout', async () => {
    const it = await agent()
    const standing = new Set<string>()
    it.inside.on('lockout', ({ name, stands }) => void (stands ? standing.add(name) : standing.delete(name)))
    it.draw(900)
    await it.pass(2000)
    expect([...standing]).toEqual(['software-relay 79'])
    it.draw(LOAD)
    it.closeByHand()
    await it.pass(200)
    expect([...standing]).toEqual([])
    await it.stop()
  })

  it('does not reclose while an inhibit stands, nor when something else has latched', async () => {
    for (const block of ['inhibit', 'latch'] as const) {
      const it = await agent({ config: { conditionMs: 1000 } })
      if (block === 'inhibit') it.inside.emit('inhibited', { stands: true })
      else it.inside.emit('lockout', { name: 'probe', stands: true })
      it.draw(900)
      await it.pass(4000)
      expect(it.device.operated).toEqual(['open'])
      expect(it.said()).toContain('relay-lockout conditions not met')
      await it.stop()
    }
  })

  it('is locked out after a restart in mid-sequence with the device open, and has no shots if it is closed', async () => {
    const before = await agent()
    before.draw(900)
    await before.pass(300)
    expect(before.device.operated).toEqual(['open'])
    await before.stop()
    const open = await agent({
      store: before.store,
      hal: clock => {
        const device = memoryHal({ now: clock.now, utc: clock.utc })
        device.show({ status: { position: 'open' } })
        return { ...device, onSamples: () => () => {} }
      },
    })
    expect(open.said()).toContain('relay-lockout restarted')
    await open.stop()
  })

  it('tries again when its breaker does not interrupt, says that it failed, and keeps that over a restart', async () => {
    const it = await agent()
    const standing = new Set<string>()
    it.inside.on('lockout', ({ name, stands }) => void (stands ? standing.add(name) : standing.delete(name)))
    it.stick()
    it.draw(900)
    await it.pass(700)
    expect(it.said()).toContain('relay-retrip')
    expect(it.said()).toContain('alarm breaker-failed')
    expect(standing).toContain('software-relay 86')
    await it.stop()
    const again = await agent({ store: it.store })
    const answers: Promise<unknown>[] = []
    const stands: boolean[] = []
    again.inside.on('lockout', ({ name, stands: is }) => name === 'software-relay 86' && stands.push(is))
    again.inside.emit('reset', { name: 'software-relay', by: 'alice', answer: outcome => answers.push(outcome) })
    expect(await answers[0]).toMatchObject({ result: 'done' })
    expect(stands).toEqual([false])
    await again.stop()
  })

  it('changes its group of settings by order, and keeps to what it has where there is no such group', async () => {
    const it = await agent()
    it.inside.emit('setting', { key: 'softwareRelay.group', value: 'slow', config: {} as never })
    it.inside.emit('setting', { key: 'softwareRelay.group', value: 'none', config: {} as never })
    expect(it.said().at(-1)).toMatch(/settings-group-refused .*want one of base, slow/)
    it.draw(900)
    await it.pass(390)
    expect(it.device.operated).toEqual([])
    await it.pass(100)
    expect(it.device.operated).toEqual(['open'])
    await it.stop()
  })

  it('cannot be ordered to a group that the file lacks, nor brought to life by an order', () => {
    const feeder = createFeeder(file)
    expect(missingGroup(feeder, 'recloser', 'slow')).toBeUndefined()
    expect(missingGroup(feeder, 'recloser', 'base')).toBeUndefined()
    expect(missingGroup(feeder, 'recloser', 'constructor')).toMatch(
      /no group of settings "constructor", want one of base/,
    )
    expect(missingGroup(feeder, 'meter', 'base')).toMatch(/operates no switching device/)
    const without = { softwareRelay: undefined } as unknown as AgentConfig
    expect(withSetting(without, 'softwareRelay.group', 'slow')).toMatch(/configuration has no softwareRelay/)
  })

  it('refuses a device without samples, one that cannot be operated, and one that samples too slowly, and says so', async () => {
    const polled = await agent({ hal: clock => memoryHal({ now: clock.now, utc: clock.utc }) })
    expect(polled.ready()).toEqual([
      { scheme: 'local elements', ready: false, why: expect.stringMatching(/no samples/) },
    ])
    await polled.stop()
    const readOnly = await agent({
      hal: clock => {
        const { operate: _, ...device } = memoryHal({ now: clock.now, utc: clock.utc })
        return { ...device, onSamples: () => () => {} }
      },
    })
    expect(readOnly.ready()[0]?.why).toMatch(/read-only/)
    await readOnly.stop()
    const it = await agent()
    expect(it.ready()).toEqual([{ scheme: 'local elements', ready: true }])
    it.inside.emit('samples', {
      at: instant(0),
      utc: utcMs(0),
      samplesPerSecond: RATE,
      lost: 0,
      volts: {},
      amps: { a: new Float64Array(10 * BLOCK) },
    })
    expect(it.ready()[0]?.why).toMatch(/5\.0 cycles at once, want half a cycle/)
    await it.stop()
  })

  it('is blind, says so once, and is not ready when its samples stop', async () => {
    const it = await agent({
      hal: clock => ({ ...memoryHal({ now: clock.now, utc: clock.utc }), onSamples: () => () => {} }),
    })
    expect(it.ready()[0]).toMatchObject({ ready: false, why: expect.stringMatching(/no samples/) })
    await it.stop()
  })

  it('trips on a recorded fault, played back', async () => {
    const samples = 50 * (RATE / HZ)
    const faultAt = 20 * (RATE / HZ)
    const channel = (name: string, phase: string, behind: number, peak: (n: number) => number) => ({
      name,
      phase,
      unit: name.startsWith('V') ? 'V' : 'A',
      values: Float64Array.from(
        { length: samples },
        (_, n) => Math.SQRT2 * peak(n) * Math.cos(2 * Math.PI * ((HZ * n) / RATE - behind / 3)),
      ),
    })
    const current = (n: number): number => (n < faultAt ? LOAD : 900)
    const record = asRead({
      station: 'small',
      device: 'R2',
      lineHz: HZ,
      rates: [{ hz: RATE, lastSample: samples }],
      startUtcMicros: 0n,
      triggerUtcMicros: 0n,
      timeQuality: '0',
      times: Float64Array.from({ length: samples }, (_, n) => n / RATE),
      analog: ['A', 'B', 'C'].flatMap((phase, n) => [
        channel(`V${phase}`, phase, n, () => 2300),
        channel(`I${phase}`, phase, n, current),
      ]),
      digital: [],
      information: [],
      remarks: [],
    })
    const operated: string[] = []
    const it = await agent({
      hal: clock => ({
        ...replayHal({ record, ...clock }),
        async operate(operation) {
          operated.push(operation)
        },
      }),
    })
    await it.pass(900)
    expect(operated[0]).toBe('open')
    const trip = it.reports.find(({ event }) => event === 'relay-trip')
    expect(trip).toMatchObject({ by: '51P' })
    expect(trip?.atMs).toBeGreaterThanOrEqual(500)
    expect(trip?.atMs).toBeLessThanOrEqual(545)
    await it.stop()
  })
})

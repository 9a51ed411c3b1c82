// The shell of the warning path: a load that was shed comes back, whatever happens to the agent or to its device.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type MemoryHal, memoryHal } from '../../src/hal/memory-hal.ts'
import type { Status } from '../../src/hal/port.ts'
import type { Received } from '../../src/mesh/messenger.ts'
import { bus, type ComponentContext, type Readiness } from '../../src/node/component.ts'
import { earlyWarningComponent } from '../../src/node/components/early-warning.ts'
import type { AgentConfig } from '../../src/node/config.ts'
import { earlyWarningSchema } from '../../src/node/early-warning-config.ts'
import { loadDesks } from '../../src/node/load-desk.ts'
import { allClearMessage, type Warning, warningMessage } from '../../src/protection/messages.ts'
import { passedWarningMessage } from '../../src/protection/passed-warning.ts'
import { fromCbor } from '../../topology/cbor.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { instant, utcMs } from '../../topology/units.ts'

const FILE = 'topology/feeders/ieee13.yaml'
const file = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const section = file.ieds.flatMap(({ observes }) => observes)[0] ?? ''
const observer = file.ieds.find(({ observes }) => observes.includes(section))?.name ?? ''
const sheddable = new Set(file.loads.filter(load => load.sheddableShare > 0).map(({ name }) => name))
const meters = new Set(file.ieds.filter(ied => ied.meters.some(name => sheddable.has(name))).map(({ name }) => name))
const receiver = [...createFeeder(file).downstreamIeds(section).certain].find(name => meters.has(name)) ?? ''
const KEY = 'loads/sheddable'
const nothing = (): void => {}

/** What comes back comes back at once, unless a test is about that. */
const configOf = (reactions: AgentConfig['reactions'], more: object = {}): AgentConfig =>
  ({
    reactions,
    hosts: [],
    powerQuality: { warnsOthers: true },
    earlyWarning: earlyWarningSchema.parse({ minOffSeconds: 0, staggerSeconds: 0, ...more }),
  }) as unknown as AgentConfig

let started = 0

/** An agent on a virtual clock. Disk and device outlive it. */
async function agent(name: string, disk: MemoryDisk = memoryDisk(), given?: MemoryHal, config?: AgentConfig) {
  let now = 0
  const wakes = new Set<{ at: number; run: () => void }>()
  const said: string[] = []
  const reports: string[] = []
  const whole: Record<string, unknown>[] = []
  const asked: { peer: string; protocol: string; warning: unknown }[] = []
  const clock = {
    now: () => instant(now),
    utc: () => utcMs(now),
    utcGood: () => true,
    wakeAt(at: number, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => wakes.delete(wake)
    },
    every: () => nothing,
  }
  const hal = given ?? memoryHal({ now: clock.now, utc: () => utcMs(0) })
  const store = openMemoryStore(disk)
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const handlers = new Map<string, (message: Received) => void>()
  const context = {
    name,
    feeder: createFeeder(file),
    epoch: ++started,
    config: config ?? configOf({ severe: 'none', catastrophic: 'shed' }),
    clock,
    hal,
    store,
    ledger: { append: async () => ({ number: 0 }) },
    bus: inside,
    credential: { organisation: 'utility' },
    links: {
      hold: nothing,
      onPeer: nothing,
      subscribe: nothing,
      unsubscribe: nothing,
      async request(peer: string, protocol: string, question: Uint8Array) {
        asked.push({ peer, protocol, warning: passedWarningMessage.decode(question) })
        return new Uint8Array()
      },
    },
    chance: () => 0.5,
    messenger: {
      expects: () => {},
      on: ({ type }: { type: string }, handle: (message: Received) => void) => handlers.set(type, handle),
      say: ({ type }: { type: string }) => said.push(`${type}@${now}`),
      relay: () => 0,
      peerOf: (peer: string) => (peer.endsWith('-backend') ? `peer of ${peer}` : undefined),
      policy: () => ({ protection: new Set(['utility']) }),
    },
    log: { debug: nothing, error: nothing },
    report(event: string, fields: Record<string, unknown> = {}) {
      const { alarm, operation } = fields
      reports.push([event, alarm, operation].filter(Boolean).join(' '))
      whole.push({ event, ...fields })
    },
  } as unknown as ComponentContext
  const loads = await loadDesks(context)
  Object.assign(context, { loads })
  const running = await earlyWarningComponent.start(context)
  const flush = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  const hear = async (type: string, payload: Uint8Array, ageMs?: number): Promise<void> => {
    const received = { origin: { name: observer }, payload, via: 'stream', from: 'x', ageMs }
    handlers.get(type)?.(received as unknown as Received)
    await flush()
  }
  return {
    said,
    reports,
    hal,
    running: {
      async stop() {
        await running.stop()
        await loads.stop()
      },
    },
    disk,
    store,
    async isMarked() {
      const kept = await store.get(KEY)
      return kept !== undefined && (fromCbor(kept) as { ours: boolean }).ours
    },
    status: (status: Omit<Status, 'at'>, at = now) => inside.emit('status', { at: instant(at), ...status }),
    silent: () => inside.emit('device', { answering: false }),
    lockout: (stands: boolean) => inside.emit('lockout', { name: 'winding', stands }),
    inhibit: (stands: boolean) => inside.emit('inhibited', { stands }),
    set: (reactions: ComponentContext['config']['reactions']) => {
      const config = configOf(reactions)
      inside.emit('setting', { key: 'reactions.catastrophic', value: reactions.catastrophic, config })
    },
    whole,
    asked,
    inside,
    flush,
    async ordered(wish: 'on' | 'off') {
      const said = { rank: 'person', by: 'ada', wish, why: '' } as const
      await loads.of({ of: 'sheddable' })?.order(said, `order ${now}`)
    },
    async released() {
      loads.of({ of: 'sheddable' })?.release('person', 'ada')
      await flush()
    },
    async reset(what: string) {
      let words = 'nobody answers'
      inside.emit('reset', { name: what, by: 'ada', answer: done => void done.then(each => (words = each.words)) })
      await flush()
      await flush()
      return words
    },
    ready() {
      const all: Readiness[] = []
      inside.emit('ready-asked', { answer: each => void all.push(each) })
      return all
    },
    warnOf: (event: string, more: Partial<Warning>, ageMs?: number) =>
      hear(
        'warning',
        warningMessage.encode({ event, section, severity: 'catastrophic', kind: 'trip', residualPu: 0.2, ...more }),
        ageMs,
      ),
    warn: (event: string) =>
      hear(
        'warning',
        warningMessage.encode({ event, section, severity: 'catastrophic', kind: 'interruption', residualPu: 0.2 }),
      ),
    clear: (event: string) => hear('all-clear', allClearMessage.encode({ event, section })),
    async until(ms: number) {
      for (;;) {
        const next = [...wakes].sort((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > ms) break
        wakes.delete(next)
        now = Math.max(now, next.at)
        next.run()
        await flush()
      }
      now = ms
    },
  }
}

describe('a load that an early warning shed', () => {
  it('is marked as ours before it is shed, and no longer after its return', async () => {
    const { warn, clear, hal, isMarked } = await agent(receiver)
    await warn('e/1/1')
    expect(hal.operated).toEqual(['shed'])
    expect(await isMarked()).toBe(true)
    await clear('e/1/1')
    expect(hal.operated).toEqual(['shed', 'restore'])
    expect(await isMarked()).toBe(false)
  })

  it('is not shed when the mark cannot be written', async () => {
    const { warn, hal, store, reports } = await agent(receiver)
    await store.close()
    await warn('e/1/1')
    expect(hal.operated).toEqual([])
    expect(reports).toContain('alarm operation-failed shed')
  })

  it('comes back after the agent was killed: the mark survives a power cut', async () => {
    const first = await agent(receiver)
    await first.warn('e/1/1')
    first.store.crash()
    const second = await agent(receiver, first.disk, first.hal)
    await second.until(4999)
    expect(first.hal.operated).toEqual(['shed'])
    await second.until(5000)
    expect(first.hal.operated).toEqual(['shed', 'restore'])
    expect(await second.isMarked()).toBe(false)
  })

  it('stays shed over a stop in the middle, and over the next start while the warning goes on', async () => {
    const first = await agent(receiver)
    await first.warn('e/1/1')
    await first.running.stop()
    await first.until(10_000)
    await first.store.close()
    expect(first.hal.operated).toEqual(['shed'])
    const second = await agent(receiver, first.disk, first.hal)
    await second.warn('e/1/1')
    await second.until(1000)
    await second.warn('e/1/1')
    await second.until(5500)
    expect(first.hal.operated).not.toContain('restore')
    await second.clear('e/1/1')
    expect(first.hal.operated.at(-1)).toBe('restore')
    expect(await second.isMarked()).toBe(false)
  })

  it('is restored again and again, alarming once, until the device confirms', async () => {
    const { warn, clear, hal, until, reports, isMarked } = await agent(receiver)
    await warn('e/1/1')
    hal.fail('HAL_UNREACHABLE')
    await clear('e/1/1')
    await until(60_000)
    expect(reports.filter(each => each === 'alarm operation-failed restore')).toHaveLength(1)
    expect(await isMarked()).toBe(true)
    hal.fail()
    await until(70_000)
    expect(hal.operated).toEqual(['shed', 'restore'])
    expect(await isMarked()).toBe(false)
  })

  it('is not restored by an old retry when a new warning wants it shed', async () => {
    const { warn, clear, hal, until, isMarked } = await agent(receiver)
    await warn('e/1/1')
    hal.fail('HAL_TIMEOUT')
    await clear('e/1/1')
    hal.fail()
    await warn('e/1/2')
    expect(hal.operated).toEqual(['shed', 'shed'])
    await until(4000)
    expect(hal.operated).toEqual(['shed', 'shed'])
    await clear('e/1/2')
    expect(hal.operated).toEqual(['shed', 'shed', 'restore'])
    expect(await isMarked()).toBe(false)
  })

  it('is restored although nobody knows whether it went off', async () => {
    const { warn, clear, hal } = await agent(receiver)
    hal.fail('HAL_TIMEOUT')
    await warn('e/1/1')
    hal.fail()
    await clear('e/1/1')
    expect(hal.operated).toEqual(['restore'])
  })

  it('is left alone when somebody else had shed it', async () => {
    const { warn, clear, hal, status, isMarked } = await agent(receiver)
    status({ shed: true })
    await warn('e/1/1')
    await clear('e/1/1')
    expect(hal.operated).toEqual([])
    expect(await isMarked()).toBe(false)
  })

  it('is shed again after its return, whatever a status from before that shows', async () => {
    const { warn, clear, hal, status, until } = await agent(receiver)
    await warn('e/1/1')
    await until(10)
    await clear('e/1/1')
    status({ shed: true }, 9)
    await warn('e/1/2')
    expect(hal.operated).toEqual(['shed', 'restore', 'shed'])
  })
})

describe('the shell of the warning path', () => {
  it('repeats the all-clear, and reports it once', async () => {
    const { status, until, said, reports } = await agent(observer)
    const quiet = { entered: 0, left: 0, residualPu: 1 }
    status({ entered: 1, left: 0, residualPu: 0.2 })
    await until(20)
    status(quiet)
    await until(120)
    status(quiet)
    await until(5000)
    const repeated = (kind: string, at: number, times: number[]) => times.map(ms => `${kind}@${at + ms}`)
    expect(said).toEqual([
      ...repeated('warning', 0, [0, 10, 30, 70]),
      ...repeated('all-clear', 120, [0, 10, 30, 70, 150, 310, 630, 1270]),
    ])
    expect(reports.filter(each => each === 'all-clear-sent')).toHaveLength(1)
  })

  it('confirms no warning by a sag that a silent device showed', async () => {
    const { status, silent, warn, until, reports } = await agent(receiver)
    status({ sag: true })
    silent()
    for (let count = 1; count <= 6; count++) {
      await until(count * 10_000)
      await warn(`e/1/${count}`)
    }
    expect(reports).toContain('alarm origin-ignored')
  })
})

describe('while somebody has blocked automatic operations', () => {
  it('nothing is shed, and that is said', async () => {
    const { warn, inhibit, hal, reports } = await agent(receiver)
    inhibit(true)
    await warn('e/1/1')
    expect(hal.operated).toEqual([])
    expect(reports).toContain('reaction-inhibited shed')
    inhibit(false)
    await warn('e/1/2')
    expect(hal.operated).toEqual([])
  })

  it('a load that was shed before comes back at the end of it', async () => {
    const { warn, clear, inhibit, hal, until } = await agent(receiver)
    await warn('e/1/1')
    inhibit(true)
    await clear('e/1/1')
    await until(60_000)
    expect(hal.operated).toEqual(['shed'])
    inhibit(false)
    await until(60_001)
    expect(hal.operated).toEqual(['shed', 'restore'])
  })
})

describe('what bars a restoration', () => {
  it('ends one that is being tried, and it follows once nothing bars it', async () => {
    const { warn, clear, lockout, hal, until } = await agent(receiver)
    await warn('e/1/1')
    hal.jam(true)
    await clear('e/1/1')
    await until(500)
    lockout(true)
    hal.jam(false)
    await until(60_000)
    expect(hal.operated).toEqual(['shed'])
    lockout(false)
    await until(60_001)
    expect(hal.operated).toEqual(['shed', 'restore'])
  })

  it('and ends while the next warning stands, restores nothing before that is over', async () => {
    const { warn, clear, lockout, hal, until } = await agent(receiver)
    await warn('e/1/1')
    lockout(true)
    await clear('e/1/1')
    await warn('e/1/2')
    lockout(false)
    await until(100)
    expect(hal.operated.filter(operation => operation === 'restore')).toEqual([])
    await clear('e/1/2')
    await until(60_000)
    expect(hal.operated.at(-1)).toBe('restore')
  })
})

describe('a reaction that was ordered otherwise', () => {
  it('counts from the next warning on', async () => {
    const { warn, clear, set, hal } = await agent(receiver)
    set({ severe: 'none', catastrophic: 'none' })
    await warn('e/1/1')
    await clear('e/1/1')
    expect(hal.operated).toEqual([])
    set({ severe: 'none', catastrophic: 'open' })
    await warn('e/1/2')
    expect(hal.operated).toEqual(['open'])
  })
})

const SHEDS = { severe: 'none', catastrophic: 'shed' } as const

describe('the time that is left', () => {
  it('is what the warning said, less its measured age', async () => {
    const { warnOf, whole } = await agent(receiver)
    await warnOf('e/1/1', { arrivesInMs: 800, lastsMs: 2000 }, 150)
    expect(whole.find(({ event }) => event === 'warned')).toMatchObject({
      kind: 'trip',
      arrivesInMs: 650,
      lastsMs: 2000,
    })
  })
  it('is none when it has passed, and none where the age is not known', async () => {
    const late = await agent(receiver)
    await late.warnOf('e/1/1', { arrivesInMs: 100 }, 150)
    expect(late.whole.find(({ event }) => event === 'warned')).toMatchObject({ arrivesInMs: 0 })
    const unknown = await agent(receiver)
    await unknown.warnOf('e/1/1', { arrivesInMs: 100 })
    expect(unknown.whole.find(({ event }) => event === 'warned')).not.toHaveProperty('arrivesInMs')
  })
})

describe('a person’s order on the load', () => {
  it('to connect it wins over the warning that shed it, and over the next ones, until it is released', async () => {
    const { warn, ordered, released, flush, hal, isMarked, ready } = await agent(receiver)
    await warn('e/1/1')
    await ordered('on')
    await flush()
    expect(await isMarked()).toBe(false)
    await warn('e/1/2')
    expect(hal.operated).toEqual(['shed', 'restore'])
    expect(ready()).toEqual([
      { scheme: 'early warning', ready: false, why: expect.stringMatching(/^the load stays on: .*ada/) },
    ])
    await released()
    expect(hal.operated).toEqual(['shed', 'restore', 'shed'])
  })
  it('to disconnect it stays after the all-clear', async () => {
    const { warn, clear, ordered, hal } = await agent(receiver)
    await warn('e/1/1')
    await ordered('off')
    await clear('e/1/1')
    expect(hal.operated).toEqual(['shed'])
  })
  it('ends all warnings at once', async () => {
    const { warn, reset, hal, reports } = await agent(receiver)
    await warn('e/1/1')
    expect(await reset('warnings')).toBe('1 warning has ended here')
    expect(hal.operated).toEqual(['shed', 'restore'])
    expect(reports).toContain('warning-ended')
  })
})

describe('loads on outputs', () => {
  const outputs = ['pumps', 'lights', 'ats', 'genset']
  const rules = [
    { kinds: ['trip'], do: ['shed', 'transfer', 'start'], upTo: 3 },
    { do: 'shed', upTo: 7 },
  ]
  const loads = [
    { name: 'pumps', output: 'pumps', priority: 3 },
    { name: 'lights', output: 'lights', priority: 8 },
  ]
  const more = { rules, loads, transferOutput: 'ats', startOutput: 'genset' }
  async function site(disk?: MemoryDisk) {
    const hal = memoryHal({ now: () => instant(0), utc: () => utcMs(0), outputs })
    const made = await agent(receiver, disk, hal, configOf({ severe: 'none', catastrophic: 'none' }, more))
    made.inside.emit('components-started', {})
    await made.until(0)
    return { ...made, hal }
  }
  it('are shed by priority, and the second source and the generator come and go with the warning', async () => {
    const { warnOf, clear, hal, flush } = await site()
    await warnOf('e/1/1', { kind: 'sag' })
    await flush()
    expect(hal.driven).toEqual(['lights on'])
    await warnOf('e/1/1', { kind: 'trip' })
    await flush()
    expect(hal.driven.slice(1).sort()).toEqual(['ats on', 'genset on', 'pumps on'])
    await clear('e/1/1')
    await flush()
    expect(hal.driven.slice(4).sort()).toEqual(['ats off', 'genset off', 'lights off', 'pumps off'])
  })
  it('come back after the agent was killed', async () => {
    const first = await site()
    await first.warnOf('e/1/1', {})
    await first.flush()
    expect(first.hal.driven).toHaveLength(4)
    await first.flush()
    first.store.crash()
    const second = await site(first.disk)
    await second.until(5000)
    await second.flush()
    expect([...second.hal.driven].sort()).toEqual(['ats off', 'genset off', 'lights off', 'pumps off'])
  })
  it('that the device lacks are refused at the start', async () => {
    const config = configOf(SHEDS, { loads: [{ name: 'a', output: 'nowhere' }] })
    await expect(agent(receiver, undefined, undefined, config)).rejects.toThrow(
      /earlyWarning: loads: a: output nowhere/,
    )
  })
})

describe('a back-end peer of the own organisation', () => {
  it('is told at once, again while it lasts with the time that is left then, and of the end', async () => {
    const config = configOf(SHEDS, { backEnds: ['works-backend'] })
    const { warnOf, clear, until, asked, flush } = await agent(receiver, undefined, undefined, config)
    await warnOf('e/1/1', { arrivesInMs: 12_000 }, 0)
    await flush()
    for (let ms = 1000; ms <= 11_000; ms += 1000) {
      await until(ms)
      await warnOf('e/1/1', {}, 0)
    }
    await clear('e/1/1')
    await flush()
    expect(asked.map(({ peer, protocol }) => `${peer} ${protocol}`)).toEqual(
      Array(3).fill('peer of works-backend /feedermesh/warned/1.0.0'),
    )
    expect(asked.map(({ warning }) => warning)).toEqual([
      { event: 'e/1/1', stands: true, severity: 'catastrophic', kind: 'trip', arrivesInMs: 12_000 },
      { event: 'e/1/1', stands: true, severity: 'catastrophic', kind: 'trip', arrivesInMs: 2000 },
      { event: 'e/1/1', stands: false, severity: 'catastrophic', kind: 'trip', arrivesInMs: 1000 },
    ])
  })
})

describe('what the observer says of a fault', () => {
  it('is when its device will trip, and for how long; later copies say how much is left', async () => {
    const { status, whole } = await agent(observer)
    status({ entered: 1, left: 0, residualPu: 0.2, pickup: true })
    const { operates } = file.ieds.find(({ name }) => name === observer) ?? {}
    const relay = file.devices.find(({ name }) => name === operates)?.relay
    expect(relay?.delayMs).toBeGreaterThan(0)
    expect(whole.find(({ event }) => event === 'warning-sent')).toMatchObject({
      kind: 'trip',
      arrivesInMs: relay?.delayMs,
    })
  })
  it('is that a mere sag comes where nothing has picked up', async () => {
    const { status, whole } = await agent(observer)
    status({ entered: 1, left: 0, residualPu: 0.6 })
    expect(whole.find(({ event }) => event === 'warning-sent')).toMatchObject({ kind: 'sag', severity: 'severe' })
  })
  it('is that the frequency falls, repeated while it does, and the all-clear after it', async () => {
    const { inside, until, said, whole } = await agent(observer)
    const quality = (phase: 'begins' | 'ends') =>
      inside.emit('powerQuality', { kind: 'impending', cause: 'frequencyFalling', phase, severity: 'alert' } as never)
    quality('begins')
    await until(2500)
    const sections = file.ieds.find(({ name }) => name === observer)?.observes.length ?? 0
    expect(whole.filter(({ event }) => event === 'warning-sent')).toHaveLength(sections)
    expect(whole[0]).toMatchObject({ kind: 'frequency', severity: 'catastrophic' })
    expect(said.filter(each => each.startsWith('warning@2')).length).toBeGreaterThanOrEqual(sections)
    quality('ends')
    await until(3000)
    expect(whole.filter(({ event }) => event === 'all-clear-sent')).toHaveLength(sections)
  })
})

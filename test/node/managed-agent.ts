// The load desk and load or generation management of one IED on a virtual clock, with a device and a disk in memory.

import { expect } from 'vitest'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type MemoryHal, memoryHal } from '../../src/hal/memory-hal.ts'
import { type Acted, bus, type Component, type ComponentContext } from '../../src/node/component.ts'
import { type AgentConfig, agentConfigSchema } from '../../src/node/config.ts'
import { loadDesks } from '../../src/node/load-desk.ts'
import type { Outcome } from '../../src/protection/command.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

export interface ManagedOptions {
  readonly name: string
  readonly component: Component
  readonly config: Partial<Record<keyof AgentConfig, unknown>>
  readonly startUtc?: string
  readonly disk?: MemoryDisk
  readonly hal?: MemoryHal
  readonly order?: (to: string, words: string) => Outcome['result'] | Promise<Outcome['result']>
  readonly file?: FeederFile
}

const nothing = (): void => {}
const flush = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export async function managedAgent(options: ManagedOptions) {
  const { name, component, config, startUtc = '2026-06-01T00:00:00Z', disk = memoryDisk() } = options
  const start = Date.parse(startUtc)
  let now = 0
  let isGood = true
  const wakes = new Set<{ at: number; run: () => void }>()
  const reports: { event: string; atMs: number; [field: string]: unknown }[] = []
  const orders: string[] = []
  const clock = {
    now: () => instant(now),
    utc: () => utcMs(start + now),
    utcGood: () => isGood,
    wakeAt(at: number, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => wakes.delete(wake)
    },
    every(ms: number, run: () => void) {
      let cancel = nothing as () => unknown
      const again = (): void => {
        cancel = clock.wakeAt(now + ms, () => {
          run()
          again()
        })
      }
      again()
      return () => void cancel()
    },
  }
  const hal = options.hal ?? memoryHal({ now: clock.now, utc: clock.utc })
  if (options.hal === undefined) hal.show({ status: { position: 'closed', shed: false, pickup: false } })
  const store = openMemoryStore(disk)
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.stack}`))
  const file = options.file ?? smallFeeder()
  const feeder = createFeeder(file)
  /** As the IEDs of switching devices say it; of loads and generators they say nothing. */
  function switched(device: string | undefined, position: 'open' | 'closed'): void {
    if (device === undefined || !file.devices.some(each => each.name === device)) return
    feeder.setPosition(device, position)
    inside.emit('topology', { device, position })
  }
  const base = {
    name,
    config: agentConfigSchema.parse({
      name,
      feeder: 'x',
      dataDir: 'x',
      credential: 'x',
      authorities: [{ organisation: 'u', publicKey: 'A'.repeat(43) }],
      ...config,
    }),
    epoch: 1,
    feeder,
    clock,
    hal,
    store,
    ledger: { append: async () => ({ number: 0 }) },
    bus: inside,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    readout: nothing,
    report: (event: string, fields: Record<string, unknown> = {}) => void reports.push({ event, atMs: now, ...fields }),
    async order({ to, what }: { to: string; what: { verb: string; minutes?: number } }) {
      const words = what.minutes === undefined ? what.verb : `${what.verb} ${what.minutes}`
      orders.push(`${to} ${words}@${now / 60_000}`)
      const result = (await options.order?.(to, words)) ?? 'done'
      const device = file.ieds.find(ied => ied.name === to)?.operates
      if (result === 'done' && (words === 'open' || words === 'close'))
        switched(device, words === 'open' ? 'open' : 'closed')
      return { result, words: 'as told' }
    },
  } as unknown as ComponentContext
  const loads = await loadDesks(base)
  const context = { ...base, loads, hal: loads.hal } as ComponentContext
  const running = await component.start(context)
  inside.emit('components-started', {})
  loads.begin()
  const look = async (): Promise<void> => inside.emit('status', await hal.status())
  await look()
  await flush()
  return {
    reports,
    orders,
    hal,
    disk,
    store,
    loads,
    bus: inside,
    setGood: (good: boolean) => {
      isGood = good
    },
    status: look,
    switched,
    silent: () => inside.emit('device', { answering: false }),
    measure: (kw: number) => inside.emit('measurement', { at: instant(now), utc: clock.utc(), kw: { a: kw } }),
    async price(perKwh: string, minutes: number): Promise<Acted | undefined> {
      let answered: Promise<Acted> | undefined
      inside.emit('price', {
        perKwh,
        minutes,
        by: 'back end',
        answer: outcome => {
          answered = outcome
        },
      })
      return answered
    },
    facts(section: string): Record<string, unknown> {
      let found: Record<string, unknown> = {}
      inside.emit('management-asked', {
        answer(its, facts) {
          if (its === section) found = facts
        },
      })
      return found
    },
    /** @param each after each minute */
    async until(minutes: number, each: (minute: number) => void = nothing): Promise<void> {
      for (let minute = Math.floor(now / 60_000) + 1; minute <= minutes; minute++) {
        for (;;) {
          const next = [...wakes].sort((a, b) => a.at - b.at)[0]
          if (next === undefined || next.at > minute * 60_000) break
          now = Math.max(now, next.at)
          wakes.delete(next)
          next.run()
        }
        now = minute * 60_000
        each(minute)
        await flush()
      }
    },
    async stop(): Promise<void> {
      await running.stop()
      await loads.stop()
      await store.close()
    },
  }
}

// What the live feeder takes for true: positions that were heard, in their order, for as long as they last.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Received } from '../../src/mesh/messenger.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { positions } from '../../src/node/components/positions.ts'
import { positionMessage } from '../../src/protection/messages.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { instant } from '../../topology/units.ts'

const FILE = 'topology/feeders/ieee13.yaml'
const file = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const nothing = (): void => {}
const plain = { sequenceNumber: 0, test: false, lifetime: 15_000, ageMs: undefined as number | undefined }

async function meter(name = 'meter-611') {
  let now = 0
  let change: (peer: unknown, state: 'up' | 'down') => void = nothing
  const saidAt: number[] = []
  const ways: string[] = []
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const wakes = new Set<{ at: number; run: () => void }>()
  const feeder = createFeeder(file)
  let receive: (message: Received) => void = nothing
  let claim: ((payload: Uint8Array, origin: never) => string | undefined) | undefined
  const context = {
    name,
    feeder,
    epoch: 1,
    clock: {
      now: () => instant(now),
      wakeAt: (at: number, run: () => void) => {
        const wake = { at, run }
        wakes.add(wake)
        return () => wakes.delete(wake)
      },
      every: () => nothing,
    },
    bus: inside,
    links: {
      subscribe: nothing,
      onPeer: (run: typeof change) => {
        change = run
      },
    },
    messenger: {
      on: (row: { claim: typeof claim }, handle: typeof receive) => {
        claim = row.claim
        receive = handle
      },
      peerOf: (ied: string) => ied,
      say: ({ to, topics }: { to: string[]; topics: string[] }) => {
        saidAt.push(now)
        ways.push([to.length > 0 ? 'tree' : '', topics.length > 0 ? 'gossip' : ''].filter(Boolean).join('+'))
      },
    },
    report: nothing,
  } as unknown as ComponentContext
  await positions.start(context)
  return {
    feeder,
    saidAt,
    ways,
    status: (position: 'open' | 'closed') => inside.emit('status', { at: instant(now), position }),
    peer: (state: 'up' | 'down') => change({}, state),
    at(ms: number) {
      now = ms
      for (const wake of [...wakes]) {
        if (wake.at > now) continue
        wakes.delete(wake)
        wake.run()
      }
    },
    /** Believed for 15 s, when it is not older than that. */
    hear: (position: 'open' | 'closed', epoch: number, stateNumber: number, changed: Partial<typeof plain> = {}) => {
      const { sequenceNumber, test, lifetime, ageMs } = { ...plain, ...changed }
      receive({
        origin: { name: 'recloser-671' },
        epoch,
        lifetime,
        ageMs,
        payload: positionMessage.encode({ device: 'R684', position, stateNumber, sequenceNumber, test }),
      } as Received)
    },
    claim: (device: string, name: string) =>
      claim?.(positionMessage.encode({ device, position: 'open', stateNumber: 0, sequenceNumber: 0, test: false }), {
        name,
      } as never),
  }
}

describe('the live feeder', () => {
  it('knows no position of a device with an IED before it was heard', async () => {
    const { feeder, hear } = await meter()
    expect(feeder.position('R684')).toBe('unknown')
    hear('closed', 1, 1)
    expect(feeder.position('R684')).toBe('closed')
  })

  it('does not let an older report overtake a newer one', async () => {
    const { feeder, hear } = await meter()
    hear('open', 1, 5)
    hear('closed', 1, 4)
    expect(feeder.position('R684')).toBe('open')
    hear('closed', 1, 6)
    expect(feeder.position('R684')).toBe('closed')
  })

  it('follows an IED that starts again, and none of its earlier words', async () => {
    const { feeder, hear } = await meter()
    hear('closed', 1, 900)
    hear('open', 2, 0)
    expect(feeder.position('R684')).toBe('open')
    hear('closed', 1, 901)
    expect(feeder.position('R684')).toBe('open')
  })

  it('forgets what has not been heard for its lifetime, and not a moment before', async () => {
    const { feeder, hear, at } = await meter()
    hear('closed', 1, 1)
    at(14_999)
    expect(feeder.position('R684')).toBe('closed')
    at(15_000)
    expect(feeder.position('R684')).toBe('unknown')
  })

  it('forgets it then, though the time is no round number', async () => {
    const { feeder, hear, at } = await meter()
    const heardAt = 1384.0312072600002 // (heardAt + 15000) - heardAt is less than 15000
    at(heardAt)
    hear('closed', 1, 1)
    at(heardAt + 15_000)
    expect(feeder.position('R684')).toBe('unknown')
  })

  it('does not believe for its whole lifetime what was old when it came', async () => {
    const { feeder, hear, at } = await meter()
    hear('closed', 1, 1, { ageMs: 5000 })
    at(9_999)
    expect(feeder.position('R684')).toBe('closed')
    at(10_000)
    expect(feeder.position('R684')).toBe('unknown')
  })

  it('believes nobody for longer than three heartbeats, whatever lifetime is said', async () => {
    const { feeder, hear, at } = await meter()
    hear('closed', 1, 1, { lifetime: 86_400_000 })
    at(23_999)
    expect(feeder.position('R684')).toBe('closed')
    at(24_000)
    expect(feeder.position('R684')).toBe('unknown')
  })

  it('takes nothing from a test set', async () => {
    const { feeder, hear } = await meter()
    hear('closed', 1, 1, { test: true })
    expect(feeder.position('R684')).toBe('unknown')
  })

  it('keeps what its repeats say, and goes by their numbers, not by their order', async () => {
    const { feeder, hear, at } = await meter()
    hear('closed', 1, 1, { sequenceNumber: 1 })
    at(10_000)
    hear('closed', 1, 1, { sequenceNumber: 0 })
    at(14_999)
    expect(feeder.position('R684')).toBe('closed')
    at(15_000)
    expect(feeder.position('R684')).toBe('unknown')
  })

  it('hears of a device from its operator alone', async () => {
    const { claim } = await meter()
    expect(claim('R684', 'recloser-671')).toBeUndefined()
    expect(claim('R684', 'recloser-675')).toBe('not-its-device')
  })

  it('is told of a change along the tree and by gossip, then along the tree, and at last by gossip alone', async () => {
    const { at, status, saidAt, ways } = await meter('recloser-671')
    status('closed')
    for (let ms = 0; ms <= 32_000; ms += 100) at(ms)
    expect(saidAt).toEqual([0, 1000, 3000, 7000, 15_000, 23_000, 31_000])
    expect(ways).toEqual(['tree+gossip', 'tree', 'tree', 'gossip', 'gossip', 'gossip', 'gossip'])
    status('closed')
    expect(saidAt).toHaveLength(7)
    status('open')
    for (let ms = 32_000; ms <= 40_000; ms += 100) at(ms)
    expect(saidAt.slice(7)).toEqual([32_000, 33_000, 35_000, 39_000])
  })

  it('is said once to a burst of new peers, and again to those who came while it was waited', async () => {
    const { at, peer, saidAt } = await meter('recloser-671')
    peer('up')
    at(299)
    for (let i = 0; i < 50; i++) peer('up')
    peer('down')
    for (let ms = 300; ms < 3000; ms += 10) at(ms)
    expect(saidAt).toEqual([300, 600, 1300])
    peer('up') // at 2990 of its clock
    for (let ms = 3000; ms < 5000; ms += 10) at(ms)
    expect(saidAt).toEqual([300, 600, 1300, 3290, 3300])
  })
})

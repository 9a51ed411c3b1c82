// The components of phasors over links in memory: from the IEDs' bus to the rows of a back-end peer.

import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { PhasorFrame } from '../../src/hal/port.ts'
import { newAuthority, type Role } from '../../src/mesh/credential.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { systemClock } from '../../src/node/clock.ts'
import { type Bus, bus, type ComponentContext, type Running } from '../../src/node/component.ts'
import { findComponent } from '../../src/node/components.ts'
import { type Listing, PAUSE, type Row, readRowItem, rowItems } from '../../src/node/readout-rows.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { person } from '../mesh/fixtures.ts'
import { memoryMesh } from '../mesh/memory-links.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const utility = await newAuthority('u')
const clock = systemClock()
const feeder = createFeeder(smallFeeder())
const [FIRST, SECOND] = feeder.file.ieds.filter(({ organisation }) => organisation === 'u').map(({ name }) => name) as [
  string,
  string,
]

const running: Running[] = []
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop()
})

interface Peer {
  readonly peerId: string
  readonly bus: Bus
  readonly listings: Map<string, Listing>
  readonly readouts: Map<string, () => Promise<unknown>>
  start(component: string, settings?: unknown): Promise<void>
}

function site() {
  const mesh = memoryMesh()
  const named = new Map<string, string>()
  async function peer(name: string, role: Role, recipients: readonly object[] = []): Promise<Peer> {
    const who = await person(utility, name, {
      roles: [role],
      feeders: ['small'],
      from: utcMs(Date.now() - 3_600_000),
      days: 1,
    })
    const links = mesh.join(who.credential)
    for (const other of named.values()) mesh.connect(who.identity.peerId, other)
    named.set(name, who.identity.peerId)
    const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
    const listings = new Map<string, Listing>()
    const readouts = new Map<string, () => Promise<unknown>>()
    const context = {
      name,
      links,
      clock,
      feeder,
      bus: inside,
      config: { recipients },
      sharing: { backEnds: () => recipients, policy: () => recipients },
      chance: () => 0.5,
      messenger: { peerOf: (wanted: string) => named.get(wanted) },
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      listing: (what: string, rows: Listing) => void listings.set(what, rows),
      readout: (what: string, answer: () => Promise<unknown>) => void readouts.set(what, answer),
    } as unknown as ComponentContext
    return {
      peerId: who.identity.peerId,
      bus: inside,
      listings,
      readouts,
      async start(component, settings) {
        running.push(await (await findComponent(component)).start({ ...context, settings }))
      },
    }
  }
  return { peer }
}

const reader = (
  await person(utility, 'ada', { roles: ['VIEWER'], feeders: ['small'], from: utcMs(Date.now() - 3_600_000), days: 1 })
).credential
const BACK_END = 'control-centre'
const toBackEnd = [{ backEnd: BACK_END, organisation: 'u', classes: ['billing', 'powerQuality'] }]

const frame = (utcMicros: bigint, degrees: number, more: Partial<PhasorFrame> = {}): PhasorFrame => ({
  at: instant(0),
  utcMicros,
  timeErrorSeconds: 1e-6,
  volts: {
    a: { magnitude: 230, degrees },
    b: { magnitude: 230, degrees: degrees - 120 },
    c: { magnitude: 230, degrees: degrees + 120 },
  },
  amps: { a: { magnitude: 10, degrees: degrees - 20 } },
  frequencyHz: 49.98,
  rocofHzPerS: 0.1,
  ...more,
})

async function rowsOf(peer: Peer, parameters: Record<string, unknown> = {}): Promise<Row[]> {
  const rows: Row[] = []
  const listing = peer.listings.get('phasors') as Listing
  for await (const listed of listing(parameters, new AbortController().signal, reader)) {
    if (listed !== PAUSE) rows.push(listed.row)
  }
  outputs.phasors.shape.phasors.parse(rows)
  return rows
}

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = performance.now() + 10_000; performance.now() < end; await pause(5)) {
    const seen = await look()
    if (seen) return seen
  }
  throw new Error('did not come')
}

const NOW = 1_768_000_000_000_000n

async function twoPlaces(settings: object = {}) {
  const { peer } = site()
  const [first, second] = [await peer(FIRST, 'IED', toBackEnd), await peer(SECOND, 'IED', toBackEnd)]
  const backEnd = await peer(BACK_END, 'BACKEND')
  await first.start('phasors')
  await second.start('phasors')
  await backEnd.start('phasor-collector', { ieds: [FIRST, SECOND], waitMs: 200, ...settings })
  const places = async () => outputs['phasor-places'].parse(await backEnd.readouts.get('phasor-places')?.())
  // Each has its receiver once an empty item, or a frame, has come: frames until then go to nobody.
  let warmUp = NOW - 60_000_000n
  await until(async () => {
    warmUp += 100_000n
    for (const each of [first, second]) each.bus.emit('phasors', frame(warmUp, 0))
    return (await places()).places.every(({ following }) => following)
  })
  return { first, second, backEnd, places, peer }
}

describe('phasors at a back-end peer', () => {
  it('stand side by side on one time axis, with their angle', async () => {
    const { first, second, backEnd } = await twoPlaces()
    first.bus.emit('phasors', frame(NOW, 10))
    second.bus.emit('phasors', frame(NOW, 4))
    const rows = await until(async () => {
      const found = (await rowsOf(backEnd)).filter(({ utc }) => utc === '2026-01-09T23:06:40.000000Z')
      return found.length === 2 && found
    })
    expect(rows).toMatchObject([
      { ied: FIRST, quality: 'good', angleDegrees: 0, positiveVolts: 230, negativePercent: 0, frequencyHz: 49.98 },
      { ied: SECOND, quality: 'good', angleDegrees: -6, volts: { b: { magnitude: 230, degrees: -116 } } },
    ])
  })

  it('go on without the one that is late, and drop what comes too late', async () => {
    const { first, second, backEnd, places } = await twoPlaces()
    first.bus.emit('phasors', frame(NOW, 10))
    const rows = await until(async () => {
      const found = (await rowsOf(backEnd)).filter(({ utc }) => utc === '2026-01-09T23:06:40.000000Z')
      return found.length === 2 && found
    })
    expect(rows).toMatchObject([{ quality: 'good' }, { ied: SECOND, quality: 'missing', angleDegrees: null }])
    second.bus.emit('phasors', frame(NOW, 4))
    await until(async () => (await places()).unused.late === 1)
    expect((await rowsOf(backEnd, { ied: SECOND })).at(-1)).toMatchObject({ quality: 'missing' })
  })

  it('have magnitudes and components without a clock, and no angle', async () => {
    const { first, second, backEnd } = await twoPlaces()
    first.bus.emit('phasors', frame(NOW, 10))
    second.bus.emit('phasors', frame(NOW, 4, { timeErrorSeconds: Number.POSITIVE_INFINITY }))
    const row = await until(async () => {
      const last = (await rowsOf(backEnd, { ied: SECOND })).at(-1)
      return last?.utc === '2026-01-09T23:06:40.000000Z' && last
    })
    expect(row).toMatchObject({
      quality: 'unsynchronised',
      angleDegrees: null,
      timeErrorMicros: null,
      positiveVolts: 230,
      volts: { a: { magnitude: 230, degrees: null } },
    })
  })

  it('come so many times a second as were asked for, and not those in between', async () => {
    const { first, places } = await twoPlaces({ framesPerSecond: 5 })
    const before = (await places()).places[0]?.frames ?? 0
    for (let i = 0n; i < 50n; i++) first.bus.emit('phasors', frame(NOW + i * 20_000n, 0))
    await until(async () => (await places()).places[0]?.frames === before + 5)
    expect((await places()).unused.offGrid).toBe(0)
  })

  it('leave out what no place can measure', async () => {
    const { first, backEnd } = await twoPlaces()
    const odd = { volts: { a: { magnitude: 1e300, degrees: 0 }, b: { magnitude: Number.NaN, degrees: 0 } } }
    first.bus.emit('phasors', frame(NOW, 0, { ...odd, frequencyHz: Number.NaN, rocofHzPerS: 1e9 }))
    const row = await until(async () => {
      const last = (await rowsOf(backEnd, { ied: FIRST })).at(-1)
      return last?.utc === '2026-01-09T23:06:40.000000Z' && last
    })
    expect(row).toMatchObject({ volts: {}, frequencyHz: null, rocofHzPerS: null })
  })

  it('are given to nobody but the recipients of power-quality records', async () => {
    const { peer } = site()
    const billingOnly = [{ backEnd: BACK_END, organisation: 'u', classes: ['billing'] }]
    const [first, second] = [await peer(FIRST, 'IED', billingOnly), await peer(SECOND, 'IED')]
    const backEnd = await peer(BACK_END, 'BACKEND')
    await first.start('phasors')
    await second.start('phasors')
    await backEnd.start('phasor-collector', { ieds: [FIRST, SECOND] })
    const troubles = await until(async () => {
      const { places } = outputs['phasor-places'].parse(await backEnd.readouts.get('phasor-places')?.())
      return places.every(({ trouble }) => trouble !== '') && places.map(({ trouble }) => trouble)
    })
    for (const trouble of troubles)
      expect(trouble).toMatch(/gives control-centre no phasors: want it among its recipients/)
  })

  it('come no more once they are not granted any more, though the stream was begun before', async () => {
    const { peer } = site()
    const recipients = [...toBackEnd]
    const first = await peer(FIRST, 'IED', recipients)
    const backEnd = await peer(BACK_END, 'BACKEND')
    await first.start('phasors')
    await backEnd.start('phasor-collector', { ieds: [FIRST], waitMs: 50 })
    let micros = NOW
    const say = (): void => {
      micros += 100_000n
      first.bus.emit('phasors', frame(micros, 0))
    }
    await until(async () => {
      say()
      return (await rowsOf(backEnd)).length > 0
    })
    recipients.length = 0
    say()
    const trouble = await until(async () => {
      const { places } = outputs['phasor-places'].parse(await backEnd.readouts.get('phasor-places')?.())
      return places[0]?.trouble
    })
    expect(trouble).toMatch(/gives control-centre no phasors/)
    const before = (await rowsOf(backEnd)).length
    for (let times = 0; times < 20; times++) say()
    await pause(100)
    expect(await rowsOf(backEnd)).toHaveLength(before)
  })

  it('are followed again when the IED is back', async () => {
    const { peer } = site()
    const backEnd = await peer(BACK_END, 'BACKEND')
    await backEnd.start('phasor-collector', { ieds: [FIRST], waitMs: 50 })
    const first = await peer(FIRST, 'IED', toBackEnd)
    await first.start('phasors')
    let micros = NOW
    await until(async () => {
      micros += 100_000n
      first.bus.emit('phasors', frame(micros, 0))
      return (await rowsOf(backEnd)).length > 0
    })
  })

  it.each([
    [undefined, /want settings as/],
    [{ ieds: [] }, /ieds/],
    [{ ieds: ['nobody'] }, /ieds: nobody: want IEDs of/],
    [{ ieds: [FIRST], reference: SECOND }, /reference: want one of ieds/],
    [{ ieds: [FIRST, FIRST] }, /each once/],
  ])('say what is wrong with their settings: %o', async (settings, words) => {
    const backEnd = await site().peer(BACK_END, 'BACKEND')
    await expect(backEnd.start('phasor-collector', settings)).rejects.toThrow(words)
  })
})

describe("an IED's own phasors", () => {
  async function alone() {
    const ied = await site().peer(FIRST, 'IED')
    await ied.start('phasors')
    return ied
  }
  it('are the latest ones, or those behind a place, and no more than a bounded number', async () => {
    const ied = await alone()
    for (let i = 0n; i < 1500n; i++) ied.bus.emit('phasors', frame(NOW + i * 20_000n, 0))
    expect(await rowsOf(ied)).toHaveLength(100)
    expect(await rowsOf(ied, { limit: 1_000_000 })).toHaveLength(1000)
    const [next, further] = await rowsOf(ied, { after: 1490, limit: 2 })
    expect([next?.utc, further?.utc]).toEqual(['2026-01-09T23:07:09.800000Z', '2026-01-09T23:07:09.820000Z'])
    expect(await rowsOf(ied, { after: 1500 })).toEqual([])
  })
  it('are refused in words when they are asked for wrongly', async () => {
    const ied = await alone()
    for (const parameters of [{ limit: 0 }, { after: 'x' }, { follow: 'yes' }, { what: 1 }]) {
      await expect(rowsOf(ied, parameters)).rejects.toThrow(/^phasors: /)
    }
  })
  it('are followed as they come, each sent at once', async () => {
    const ied = await alone()
    ied.bus.emit('phasors', frame(NOW, 0))
    const ending = new AbortController()
    const items = rowItems((ied.listings.get('phasors') as Listing)({ follow: true }, ending.signal, reader))
    for (let i = 1n; i <= 3n; i++) {
      const item = items.next()
      await pause(5)
      ied.bus.emit('phasors', frame(NOW + i * 1_000_000n, 0))
      const { value } = await item
      expect(readRowItem(value as Uint8Array).rows.map(({ utc }) => utc)).toEqual([`2026-01-09T23:06:4${i}.000000Z`])
    }
    const last = items.next()
    ending.abort()
    expect((await last).done).toBe(true)
  })
  it('are followed by eight at the most', async () => {
    const ied = await alone()
    const ending = new AbortController()
    const listing = ied.listings.get('phasors') as Listing
    const all = Array.from({ length: 9 }, () =>
      listing({ follow: true }, ending.signal, reader)[Symbol.asyncIterator]().next(),
    )
    await expect(all[8]).rejects.toThrow(/8 follow already/)
    ending.abort()
    for (const each of all.slice(0, 8)) expect((await each).done).toBe(true)
    const again = listing({ follow: true, limit: 1 }, new AbortController().signal, reader)[Symbol.asyncIterator]()
    const next = again.next()
    await pause(5)
    ied.bus.emit('phasors', frame(NOW, 0))
    expect((await next).done).toBe(false)
  })
})

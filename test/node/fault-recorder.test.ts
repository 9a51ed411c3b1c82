// The fault recorder in an agent: what triggers it, what it keeps, who may fetch it, and that it opens elsewhere.

import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { readComtrade, replayHal } from '../../src/hal/comtrade/index.ts'
import { type Hal, HalError, type Waveform } from '../../src/hal/port.ts'
import type { Role } from '../../src/mesh/credential.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { faultRecorder } from '../../src/node/components/fault-recorder.ts'
import { fieldDevice } from '../../src/node/components/field-device.ts'
import type { Listing, Row } from '../../src/node/readout-rows.ts'
import { asRead, CYCLE, HZ, steppedClock, tenCycles, wave } from '../hal/comtrade/recorded.ts'

const flush = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

interface Given {
  readonly device?: (clock: ReturnType<typeof steppedClock>) => Partial<Hal>
  readonly settings?: unknown
  readonly store?: Store
  readonly frequencyHz?: number
}

async function recording({ device, settings, store = openMemoryStore(), frequencyHz = 50 }: Given = {}) {
  const clock = steppedClock()
  const hal = {
    measure: async () => ({ at: clock.now(), utc: clock.utc() }),
    status: async () => ({ at: clock.now() }),
    close: async () => {},
    ...device?.(clock),
  }
  const listings = new Map<string, Listing>()
  const reports: Record<string, unknown>[] = []
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const context = {
    name: 'recloser-7',
    settings,
    hal,
    config: { device: { statusPollMs: 10, valuesPollMs: 100 } },
    clock,
    store,
    bus: inside,
    chance: () => 0,
    feeder: { file: { name: 'test feeder', frequencyHz } },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    report: (event: string, fields: Record<string, unknown>) => void reports.push({ event, ...fields }),
    listing: (what: string, rows: Listing) => listings.set(what, rows),
  } as unknown as ComponentContext
  const recorder = await faultRecorder.start(context)
  const ask = async (what: string, parameters: Record<string, unknown>, roles: readonly Role[]): Promise<Row[]> => {
    const rows: Row[] = []
    const listing = listings.get(what) ?? expect.unreachable()
    for await (const listed of listing(parameters, new AbortController().signal, { roles } as never)) {
      if (typeof listed !== 'symbol') rows.push(listed.row)
    }
    return rows
  }
  return {
    clock,
    bus: inside,
    reports,
    recorder,
    context,
    ask,
    events: () => ask('events', {}, ['VIEWER']),
    /** Fetched and read back. */
    async opened(id: number) {
      const rows = await ask('waveform', { id }, ['ENGINEER'])
      const file = join(mkdtempSync(join(tmpdir(), 'recording-')), 'r.cff')
      writeFileSync(file, Buffer.concat(rows.map(({ content }) => content as Uint8Array)))
      return readComtrade(file)
    },
    /** In steps, so that what is polled and written has its turns. */
    async forward(ms: number) {
      for (let passed = 0; passed < ms; passed += 5) {
        clock.forward(5)
        await flush()
      }
    },
  }
}

/** A minute of it, over and over. */
const replaying =
  (record = tenCycles(), more = {}) =>
  (clock: ReturnType<typeof steppedClock>): Partial<Hal> =>
    replayHal({ record: asRead(record), loop: true, ...clock, ...more })

describe('the fault recorder of an agent', () => {
  it('keeps the pickup of its relay with ten cycles before it, readable by whoever reads COMTRADE', async () => {
    const site = await recording({ device: replaying(tenCycles(), { status: { pickup: '51' } }) })
    const device = await fieldDevice.start(site.context)
    await site.forward(1100) // the second round's pickup has ten cycles before it
    await site.recorder.stop()
    await device.stop()
    const [first] = await site.events()
    expect(first).toMatchObject({
      id: 1,
      source: 'samples',
      channels: ['Va', 'Vb', 'Vc', 'Ia', '51', 'pickup'],
      samplesPerSecond: HZ,
      triggers: expect.arrayContaining([expect.objectContaining({ kind: 'pickup' })]),
    })
    const { header, analog, digital, triggerSeconds, evenHz } = await site.opened(1)
    expect([header.station, header.device, header.lineHz, evenHz]).toEqual(['test feeder', 'recloser-7', 50, HZ])
    expect([header.revision, header.format, header.timeQuality]).toEqual([2013, 'FLOAT32', '8'])
    // What is recorded where it says that the relay picked up is the sag: half of the voltage of before.
    const at = Math.round((triggerSeconds ?? 0) * HZ)
    const peak = (from: number): number => Math.max(...(analog[0]?.slice(from, from + CYCLE) ?? []))
    expect([peak(at - 2 * CYCLE - 16), peak(at)]).toEqual([expect.closeTo(141.4, 0), expect.closeTo(70.7, 0)])
    expect(digital[0]?.[at]).toBe(1)
    expect(site.reports).toContainEqual(expect.objectContaining({ event: 'recording', id: 1, sha256: first?.sha256 }))
  })

  it('keeps one when a person or a setpoint asks', async () => {
    const site = await recording({ device: replaying(), settings: { preTriggerMs: 200, postTriggerMs: 100 } })
    const device = await fieldDevice.start(site.context)
    await site.forward(1000)
    site.bus.emit('record-waveform', { kind: 'command', words: 'ada of utility: noise' })
    await site.forward(1000)
    const setpoint = { event: 'setpoint', atMs: site.clock.now(), name: 'total', text: 'Ia+Ib+Ic over 550' }
    site.bus.emit('report', { ...setpoint, phase: 'ends' })
    site.bus.emit('report', { ...setpoint, phase: 'begins', id: 'sight' })
    site.bus.emit('report', { ...setpoint, phase: 'begins' })
    await site.forward(1000)
    await device.stop()
    const events = await site.events()
    expect(events.map(({ triggers, durationMs }) => [(triggers as object[])[0], durationMs])).toEqual([
      [{ kind: 'command', words: 'ada of utility: noise', atMs: expect.any(Number) }, expect.closeTo(300, -1)],
      [{ kind: 'setpoint', words: 'Ia+Ib+Ic over 550', atMs: expect.any(Number) }, expect.closeTo(300, -1)],
    ])
    await site.recorder.stop()
  })

  it('keeps what it was recording when the agent stops', async () => {
    const site = await recording({ device: replaying() })
    const device = await fieldDevice.start(site.context)
    await site.forward(1000)
    site.bus.emit('record-waveform', { kind: 'command', words: 'ada' })
    await site.forward(50)
    await site.recorder.stop()
    await site.recorder.stop()
    await device.stop()
    expect(await site.events()).toHaveLength(1)
  })

  it('asks a device for its own record once it is over, and once for triggers close together', async () => {
    const asked: unknown[] = []
    const waveform = async (request: unknown): Promise<Waveform> => {
      asked.push(request)
      return { samplesPerSecond: HZ, changeAt: 96, volts: { a: [...wave(192, () => 100)] }, amps: {} }
    }
    const site = await recording({ device: () => ({ waveform }) })
    site.bus.emit('status', { at: site.clock.now(), pickup: false, tripped: false })
    site.bus.emit('status', { at: site.clock.now(), pickup: true, tripped: false })
    await site.forward(100)
    site.bus.emit('status', { at: site.clock.now(), pickup: true, tripped: true })
    await site.forward(1000)
    expect(asked).toEqual([{ cycles: 24, samplesPerCycle: 64 }])
    expect(await site.events()).toMatchObject([
      { source: 'device', channels: ['Va'], samples: 192, triggers: [{ kind: 'pickup', atMs: 60 }] },
    ])
    expect((await site.opened(1)).triggerSeconds).toBeCloseTo(0.06, 3)
    await site.recorder.stop()
  })

  it('says that a device did not give its record', async () => {
    const site = await recording({
      device: () => ({
        waveform: async () => {
          throw new HalError('HAL_TIMEOUT', 'no answer')
        },
      }),
    })
    site.bus.emit('record-waveform', { kind: 'command', words: 'ada' })
    await site.forward(600)
    expect(site.reports).toEqual([{ event: 'alarm', alarm: 'recording-failed', reason: 'no answer' }])
    await site.recorder.stop()
  })

  it('takes what stands when it starts for no event', async () => {
    const site = await recording({ device: () => ({ waveform: () => expect.unreachable() }) })
    site.bus.emit('status', { at: site.clock.now(), pickup: true, tripped: true })
    await site.forward(1000)
    expect(site.reports).toEqual([])
    await site.recorder.stop()
  })

  it('costs a device without samples nothing, and lists nothing', async () => {
    const site = await recording()
    site.bus.emit('status', { at: site.clock.now(), pickup: false })
    site.bus.emit('status', { at: site.clock.now(), pickup: true })
    site.bus.emit('record-waveform', { kind: 'command', words: 'ada' })
    await site.forward(1000)
    expect([site.clock.waiting(), await site.events(), site.reports]).toEqual([0, [], []])
    await site.recorder.stop()
  })

  it('raises an alarm when recordings give way, once in an hour, with their number', async () => {
    // A recording of this device is some 14 KB.
    const site = await recording({
      device: replaying(),
      settings: { preTriggerMs: 200, postTriggerMs: 100, quotaMegabytes: 0.1 },
    })
    const device = await fieldDevice.start(site.context)
    await site.forward(300)
    for (let count = 0; count < 12; count++) {
      site.bus.emit('record-waveform', { kind: 'command', words: 'ada' })
      await site.forward(400)
    }
    const alarms = site.reports.filter(({ event }) => event === 'alarm')
    expect(alarms).toEqual([{ event: 'alarm', alarm: 'recordings-gave-way', count: 1, quotaMegabytes: 0.1 }])
    const bytes = (await site.events()).map(row => Number(row.bytes))
    expect(bytes.length).toBeGreaterThan(3)
    expect(bytes.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(0.1 * 1024 * 1024)
    await site.recorder.stop()
    await device.stop()
  })

  it('gives recordings to those alone that may read files', async () => {
    const site = await recording({ device: replaying() })
    for (const role of ['VIEWER', 'OPERATOR', 'INSTALLER', 'IED', 'BACKEND'] as const) {
      await expect(site.ask('waveform', { id: 1 }, [role])).rejects.toThrow(
        `${role} may not fetch recordings, want ENGINEER or SECADM or SECAUD`,
      )
    }
    for (const role of ['ENGINEER', 'SECADM', 'SECAUD'] as const) {
      await expect(site.ask('waveform', { id: 1 }, [role])).rejects.toThrow('no recording 1 here')
    }
    await site.recorder.stop()
  })

  it('wants ten cycles before a trigger', async () => {
    const device = replaying()
    await expect(recording({ device, settings: { preTriggerMs: 199 } })).rejects.toThrow(
      'components: fault-recorder: preTriggerMs: 199, want 200 or more: 10 cycles',
    )
    await expect(recording({ device, settings: { preTriggerMs: 166 }, frequencyHz: 60 })).rejects.toThrow(
      'want 167 or more',
    )
    await expect(recording({ device, settings: { longestMs: 500 } })).rejects.toThrow(
      'want preTriggerMs and postTriggerMs at the least',
    )
    await expect(recording({ device, settings: { preTrigger: 1 } })).rejects.toThrow(
      /components: fault-recorder: .*preTrigger/,
    )
    const site = await recording({ device, settings: { preTriggerMs: 200 } })
    await site.recorder.stop()
  })
})

const REAL = fileURLToPath(new URL('../../../shared/data/waveforms/comtrade/tshort/1999-ascii-pq.cfg', import.meta.url))
it.skipIf(!existsSync(REAL))('a real sag, replayed and recorded, is in the record at the same amplitude', async () => {
  const site = await recording({
    device: clock => replayHal({ record: readComtrade(REAL), ...clock }),
    frequencyHz: 60,
  })
  const device = await fieldDevice.start(site.context)
  await site.forward(200)
  site.bus.emit('record-waveform', { kind: 'powerQuality', words: 'sag' })
  await site.forward(2000)
  const recorded = await site.opened(1)
  const original = readComtrade(REAL)
  expect(recorded.header.analog.map(({ name }) => name)).toEqual(['Va', 'Vb', 'Vc', 'Ia', 'Ib', 'Ic'])
  expect([...(recorded.analog[1] ?? [])].slice(0, 2500)).toEqual(
    [...(original.analog[4] ?? [])].slice(0, 2500).map(Math.fround),
  )
  await site.recorder.stop()
  await device.stop()
})

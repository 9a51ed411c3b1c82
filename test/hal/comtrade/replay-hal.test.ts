// A recording that passes by again: at the right moments, whole, and never beyond its end.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type ReplayOptions, readComtrade, replayHal } from '../../../src/hal/comtrade/index.ts'
import type { SampleBlock } from '../../../src/hal/port.ts'
import { asRead, CYCLE, HZ, steppedClock, tenCycles, wave } from './recorded.ts'

function played(options: Partial<ReplayOptions> = {}, record = asRead(tenCycles())) {
  const clock = steppedClock()
  const hal = replayHal({ record, ...clock, ...options })
  const blocks: SampleBlock[] = []
  const start = () => hal.onSamples?.(block => blocks.push(block))
  return { clock, hal, blocks, start }
}

const joined = (blocks: readonly SampleBlock[], phase: 'a' | 'b' | 'c' = 'a'): number[] =>
  blocks.flatMap(({ volts }) => [...(volts[phase] ?? [])])
const HALF = CYCLE / 2

describe('a replayed recording', () => {
  it('hands on half a cycle when it has passed, and not before', () => {
    const { clock, blocks, start } = played()
    start()
    clock.forward(9.9)
    expect(blocks).toHaveLength(0)
    clock.forward(0.2)
    expect(blocks).toHaveLength(1)
    expect(blocks[0]).toMatchObject({ at: 1000, samplesPerSecond: HZ, lost: 0 })
    expect([blocks[0]?.volts.a?.length, blocks[0]?.volts.c?.length, blocks[0]?.amps.a?.length]).toEqual([
      HALF,
      HALF,
      HALF,
    ])
    expect(blocks[0]?.amps).not.toHaveProperty('b')
    expect(blocks[0]?.digitals?.['51']).toHaveLength(HALF)
  })

  it('hands on every sample once, each at its own moment, however late its timers are', () => {
    for (const lateMs of [0, 3, 70]) {
      const { clock, blocks, start } = played()
      start()
      clock.forward(1000, lateMs)
      expect(joined(blocks)).toEqual([...(tenCycles().analog[0]?.values ?? [])].map(Math.fround))
      let samples = 0
      for (const { at, utc, lost, volts } of blocks) {
        expect(lost).toBe(0)
        expect(at).toBeCloseTo(1000 + (samples / HZ) * 1000, 6)
        expect(utc).toBeCloseTo(Date.UTC(2026, 0, 1) + (samples / HZ) * 1000, 3)
        samples += volts.a?.length ?? 0
      }
    }
  })

  it('goes on with the present after it was held up for long, and says what is lost', () => {
    const { clock, blocks, start } = played({ loop: true })
    start()
    clock.forward(100)
    clock.jump(60_000)
    clock.forward(100)
    const [before, after] = [blocks[9], blocks[10]]
    expect(before?.at).toBeCloseTo(1090, 6)
    expect(after?.lost).toBeGreaterThan(59 * HZ)
    const gapMs = ((after?.lost ?? 0) / HZ) * 1000
    expect(after?.at).toBeCloseTo((before?.at ?? 0) + (HALF / HZ) * 1000 + gapMs, 3)
    expect(after?.at).toBeGreaterThan(60_900)
    expect(blocks.length).toBeLessThan(40)
  })

  it('measures the RMS of the last cycle', async () => {
    const { clock, hal, start } = played()
    start()
    clock.forward(70)
    expect((await hal.measure()).volts?.a).toBeCloseTo(100, 3)
    clock.forward(50) // 120 ms: two cycles into the sag
    const { volts, amps, at, doubts } = await hal.measure()
    expect(volts?.a).toBeCloseTo(50, 3)
    expect(volts?.b).toBeCloseTo(100, 3)
    expect(amps).toEqual({ a: expect.closeTo(10, 3) })
    expect([at, doubts]).toEqual([1120, undefined])
  })

  it('shows its first cycle until it starts, and hands on nothing', async () => {
    const { clock, hal, blocks, start } = played({ startAfterMs: 5000 })
    expect((await hal.measure()).volts?.a).toBeCloseTo(100, 3)
    start()
    clock.forward(5005)
    expect(blocks).toHaveLength(0)
    expect(await hal.measure()).toMatchObject({ at: 6005, volts: { a: expect.closeTo(100, 3) } })
    clock.forward(10)
    expect(blocks[0]?.at).toBe(6000)
  })

  it('shows what it showed last behind its end, as old data of that moment', async () => {
    const { clock, hal, blocks, start } = played({ status: { pickup: '51' } })
    start()
    clock.forward(300)
    const count = blocks.length
    clock.forward(10_000)
    expect(blocks).toHaveLength(count)
    expect(clock.waiting()).toBe(0)
    const old = ['oldData']
    expect(await hal.measure()).toMatchObject({
      at: 1200,
      volts: { a: expect.closeTo(100, 3) },
      doubts: { 'volts.a': old, 'volts.b': old, 'volts.c': old, 'amps.a': old },
    })
    expect(await hal.status()).toEqual({ at: 1200, pickup: false, doubts: { pickup: old } })
  })

  it('begins again with loop; the seam is a sample that is lost', () => {
    const { clock, blocks, start } = played({ loop: true })
    start()
    clock.forward(1000)
    const seams = blocks.filter(({ lost }) => lost > 0)
    expect(seams.map(({ lost, at }) => [lost, at])).toEqual(
      [1, 2, 3, 4].map(round => [1, expect.closeTo(1000 + round * (200 + 1000 / HZ), 6)]),
    )
  })

  it('shows digital channels as status, where the configuration says which', async () => {
    const { clock, hal, start } = played({ status: { pickup: '51', closed: 1 } })
    expect(await hal.status()).toEqual({ at: 1000, pickup: false, position: 'open' })
    start()
    clock.forward(100)
    expect(await hal.status()).toEqual({ at: 1100, pickup: true, position: 'closed' })
    clock.forward(50)
    expect(await hal.status()).toMatchObject({ pickup: false })
  })

  it('at once: all of it in a few turns, at the moments that it would have had', async () => {
    const { clock, hal, blocks, start } = played({ speed: 'fast' })
    start()
    clock.forward(0)
    expect(joined(blocks)).toHaveLength(10 * CYCLE)
    expect(blocks.at(-1)?.at).toBeCloseTo(1190, 6)
    expect((await hal.measure()).doubts).toBeDefined()
  })

  it('is scaled to a nominal voltage', async () => {
    const { hal } = played({ scaleTo: { volts: 2402, amps: 100 } })
    const { volts, amps } = await hal.measure()
    expect([volts?.a, volts?.b, amps?.a]).toEqual([2402, 2402, 100].map(value => expect.closeTo(value, 2)))
  })

  it('takes channels by name and by number, and names them when there is none', async () => {
    const { hal } = played({ channels: { volts: { a: 'Vb', c: 1 } } })
    expect(Object.keys((await hal.measure()).volts ?? {})).toEqual(['a', 'c'])
    expect(() => played({ channels: { volts: { a: 'Vx' } } })).toThrow(/no channel "Vx", want "Va", "Vb", "Vc", "Ia"$/)
    expect(() => played({ status: { tripped: 'TRIP' } })).toThrow(/no channel "TRIP", want "51"$/)
    const odd = tenCycles().analog.map((channel, n) => ({ ...channel, name: `x${n}`, phase: '' }))
    expect(() => played({}, asRead(tenCycles({ analog: odd })))).toThrow(
      /no channel is named like a phase \(x0, x1, x2, x3\)/,
    )
  })

  it('needs a line frequency', () => {
    const record = asRead(tenCycles({ lineHz: 0 }))
    expect(() => played({}, record)).toThrow(/its line frequency is 0, want nominalHz/)
    expect(() => played({ nominalHz: 50 }, record)).not.toThrow()
  })

  it('leaves out samples of which a value is missing, and says so', async () => {
    const [first, ...others] = tenCycles().analog
    const values = first?.values.slice() ?? new Float64Array()
    values.fill(Number.NaN, 20, 25)
    values.fill(Number.NaN, 60, 61)
    const record = asRead(tenCycles({ analog: [{ ...(first ?? expect.unreachable()), values }, ...others] }))
    const { clock, blocks, hal, start } = played({}, record)
    start()
    clock.forward(200)
    expect(joined(blocks)).toHaveLength(10 * CYCLE - 6)
    expect(
      blocks.filter(({ lost }) => lost > 0).map(({ lost, at }) => [lost, Math.round((at - 1000) * (HZ / 1000))]),
    ).toEqual([
      [5, 25],
      [1, 61],
    ])
    const before = played({}, record)
    before.start()
    before.clock.forward(40)
    expect(await before.hal.measure()).toMatchObject({ doubts: { 'volts.a': ['inaccurate'] } })
    await hal.close()
  })

  it('lays uneven samples evenly, near to the wave that was sampled', () => {
    // 32 samples a cycle, and 20 from the sixth cycle on.
    const times: number[] = []
    for (let time = 0; time < 0.1 - 1e-9; time += 1 / HZ) times.push(time)
    for (let time = 0.1; time < 0.2; time += 1 / 1000) times.push(time)
    const values = Float64Array.from(times, time => 100 * Math.cos(2 * Math.PI * 50 * time))
    const written = tenCycles({
      times: Float64Array.from(times),
      rates: [],
      analog: [{ name: 'Va', phase: 'A', unit: 'V', values }],
      digital: [{ name: 'd', normal: 0, values: Uint8Array.from(times, time => Number(time >= 0.15)) }],
    })
    const { clock, blocks, start } = played({}, asRead(written))
    start()
    clock.forward(500)
    const all = joined(blocks)
    expect(blocks[0]?.samplesPerSecond).toBeCloseTo(HZ, -1)
    const hz = blocks[0]?.samplesPerSecond ?? 0
    all.forEach((value, n) => {
      expect(Math.abs(value - 100 * Math.cos((2 * Math.PI * 50 * n) / hz))).toBeLessThan(0.15)
    })
    expect(all.length).toBeGreaterThan(317)
    const digital = blocks.flatMap(({ digitals }) => [...(digitals?.d ?? [])])
    expect(digital.indexOf(1) / hz).toBeCloseTo(0.15, 2)
  })

  it('puts a channel that is sampled later where it belongs', () => {
    const record = asRead(
      tenCycles({ analog: [{ name: 'Va', phase: 'A', unit: 'V', values: wave(320, () => 100, 18) }] }),
    )
    const [channel] = record.header.analog
    // 18 degrees later: a millisecond.
    const skewed = {
      ...record,
      header: { ...record.header, analog: [{ ...(channel ?? expect.unreachable()), skewSeconds: 0.001 }] },
    }
    const { clock, blocks, start } = played({}, skewed)
    start()
    clock.forward(500)
    const straight = wave(320, () => 100)
    joined(blocks)
      .slice(2)
      .forEach((value, n) => {
        expect(Math.abs(value - (straight[n + 2] ?? 0))).toBeLessThan(0.05)
      })
  })

  it('takes a secondary value to the primary side, and kilovolts to volts', async () => {
    const record = asRead(tenCycles())
    const analog = record.header.analog.map(
      channel => ({ ...channel, side: 'S', primary: 4000, secondary: 100, unit: 'kV' }) as const,
    )
    const { hal } = played({}, { ...record, header: { ...record.header, analog } })
    expect((await hal.measure()).volts?.a).toBeCloseTo(100 * 1000 * 40, 0)
  })

  it('tells what recorded it', async () => {
    expect(await played().hal.identity?.()).toEqual({ model: 'relay 7' })
  })

  it('rejects everything once closed, and closes twice', async () => {
    const { clock, hal, blocks, start } = played({ loop: true })
    start()
    clock.forward(50)
    const count = blocks.length
    await hal.close()
    await hal.close()
    clock.forward(100)
    expect([blocks.length, clock.waiting()]).toEqual([count, 0])
    const closed = expect.objectContaining({ name: 'HalError', code: 'HAL_UNREACHABLE' })
    await expect(hal.measure()).rejects.toEqual(closed)
    await expect(hal.status()).rejects.toEqual(closed)
    await expect(hal.identity?.()).rejects.toEqual(closed)
    expect(hal.operate).toBeUndefined()
  })
})

const DATA = fileURLToPath(new URL('../../../../shared/data/waveforms/comtrade/', import.meta.url))
describe.skipIf(!existsSync(DATA))(
  `recordings of others, replayed${existsSync(DATA) ? '' : ' (SKIPPED: no ../shared/data)'}`,
  () => {
    const rows = [
      ['tshort/1999-ascii-pq.cfg', 7867.65, 7838.79, 1],
      ['wisp/3.cfg', 58.7427, undefined, 190740 / 57.8],
      ['keating/keating_1999.CFG', 349.209, 353.066, 1],
    ] as const
    it.each(rows)('%s: its phases are found, and its first voltages', async (file, a, b, ratio) => {
      const { volts } = await played({}, readComtrade(DATA + file)).hal.measure()
      expect(Object.keys(volts ?? {})).toEqual(['a', 'b', 'c'])
      expect((volts?.a ?? 0) / ratio / a).toBeCloseTo(1, 2)
      if (b !== undefined) expect((volts?.b ?? 0) / ratio / b).toBeCloseTo(1, 2)
    })
  },
)

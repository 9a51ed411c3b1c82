// Recordings and a clock for tests.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readParts } from '../../../src/hal/comtrade/files.ts'
import type { ComtradeRecord } from '../../../src/hal/comtrade/index.ts'
import { parseComtrade } from '../../../src/hal/comtrade/index.ts'
import { comtradeFile, type WrittenRecord } from '../../../src/hal/comtrade/write.ts'
import { type Instant, instant, utcMs } from '../../../topology/units.ts'

/** A clock that stands still until it is moved; timers run in the order of their times. */
export function steppedClock(start = 1000, utcAtStart = Date.UTC(2026, 0, 1)) {
  let now = start
  const wakes = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    now: () => instant(now),
    utc: () => utcMs(utcAtStart + now - start),
    utcGood: () => true,
    wakeAt(at: Instant, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => void wakes.delete(wake)
    },
    every(ms: number, run: () => void) {
      const again = (): void => {
        run()
        cancel = this.wakeAt(instant(now + ms), again)
      }
      let cancel = this.wakeAt(instant(now + ms), again)
      return () => cancel()
    },
    /** @param lateMs how much later than asked each timer runs */
    forward(ms: number, lateMs = 0) {
      const end = now + ms
      for (;;) {
        const [due] = [...wakes].sort((one, other) => one.at - other.at)
        if (due === undefined || due.at + lateMs > end) break
        wakes.delete(due)
        now = Math.max(now, due.at + lateMs)
        due.run()
      }
      now = end
    },
    /** As of a process that was held up: time passes, and nothing runs. */
    jump(ms: number) {
      now += ms
    },
    waiting: () => wakes.size,
  }
}

export const CYCLE = 32
export const HZ = 50 * CYCLE

/** Cosine of a peak, of 50 Hz at 1600 samples a second. */
export const wave = (samples: number, peakAt: (sample: number) => number, degrees = 0): Float64Array =>
  Float64Array.from(
    { length: samples },
    (_, n) => peakAt(n) * Math.cos((2 * Math.PI * n) / CYCLE + (degrees * Math.PI) / 180),
  )

/** Ten cycles of three phases of 100 V RMS and 10 A, the first phase at 50 V from the fifth cycle to the seventh. */
export function tenCycles(changes: Partial<WrittenRecord> = {}): WrittenRecord {
  const samples = 10 * CYCLE
  const sag = (sample: number): number => (sample >= 4 * CYCLE && sample < 7 * CYCLE ? 50 : 100) * Math.SQRT2
  const full = (): number => 100 * Math.SQRT2
  const analog = [
    { name: 'Va', phase: 'A', unit: 'V', values: wave(samples, sag) },
    { name: 'Vb', phase: 'B', unit: 'V', values: wave(samples, full, -120) },
    { name: 'Vc', phase: 'C', unit: 'V', values: wave(samples, full, 120) },
    { name: 'Ia', phase: 'A', unit: 'A', values: wave(samples, () => 10 * Math.SQRT2, -30) },
  ]
  return {
    station: 'test',
    device: 'relay 7',
    lineHz: 50,
    rates: [{ hz: HZ, lastSample: samples }],
    startUtcMicros: 0n,
    triggerUtcMicros: 80_000n,
    timeQuality: '0',
    times: Float64Array.from({ length: samples }, (_, n) => n / HZ),
    analog,
    digital: [
      {
        name: '51',
        normal: 0,
        values: Uint8Array.from({ length: samples }, (_, n) => Number(n >= 4 * CYCLE && n < 7 * CYCLE)),
      },
    ],
    information: [],
    remarks: [],
    ...changes,
  }
}

export function writtenFile(record: WrittenRecord): string {
  const file = join(mkdtempSync(join(tmpdir(), 'comtrade-')), 'record.cff')
  writeFileSync(file, Buffer.concat([...comtradeFile(record)]))
  return file
}

export const asRead = (record: WrittenRecord): ComtradeRecord => parseComtrade(readParts(writtenFile(record), () => {}))

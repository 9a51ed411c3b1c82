// Synthetic waves, and the waveforms of the test data that are in text form.

import { existsSync, readFileSync } from 'node:fs'
import type { PhaseName, Samples } from '../../../src/protection/power-quality/samples.ts'
import { type Instant, instant, utcMs } from '../../../topology/units.ts'

export const PHASE_DEGREES: Readonly<Record<PhaseName, number>> = { a: 0, b: -120, c: 120 }

/** RMS volts of a phase at a time, for `wave`. */
export type Course = (seconds: number, phase: PhaseName) => number

export interface WaveOf {
  readonly samplesPerSecond: number
  readonly seconds: number
  readonly hz?: number
  readonly rms: Course | number
  /** Order, share of the fundamental, degrees at the crossing. */
  readonly harmonics?: readonly (readonly [number, number, number?])[]
  readonly degrees?: number
  readonly phase?: PhaseName
}

/** A sine that begins at a rising zero crossing, but for its degrees. */
export function wave({ samplesPerSecond, seconds, hz = 50, rms, harmonics = [], degrees = 0, phase = 'a' }: WaveOf) {
  const values = new Float64Array(Math.round(seconds * samplesPerSecond))
  for (let n = 0; n < values.length; n++) {
    const t = n / samplesPerSecond
    const angle = 2 * Math.PI * hz * t + (degrees * Math.PI) / 180
    let sum = Math.sin(angle)
    for (const [order, share, turn = 0] of harmonics) sum += share * Math.sin(order * angle + (turn * Math.PI) / 180)
    values[n] = Math.SQRT2 * (typeof rms === 'number' ? rms : rms(t, phase)) * sum
  }
  return values
}

export const threePhases = (of: Omit<WaveOf, 'phase'>): { a: Float64Array; b: Float64Array; c: Float64Array } => ({
  a: wave({ ...of, phase: 'a', degrees: (of.degrees ?? 0) + PHASE_DEGREES.a }),
  b: wave({ ...of, phase: 'b', degrees: (of.degrees ?? 0) + PHASE_DEGREES.b }),
  c: wave({ ...of, phase: 'c', degrees: (of.degrees ?? 0) + PHASE_DEGREES.c }),
})

export const UTC = 1_700_000_000_000

/** Cuts waves into stretches, as a driver hands them over. */
export function* stretches(
  {
    volts,
    amps = {},
  }: { volts: Partial<Record<PhaseName, Float64Array>>; amps?: Partial<Record<PhaseName, Float64Array>> },
  samplesPerSecond: number,
  size = Math.round(samplesPerSecond / 50),
  startMs = 1000,
): Generator<Samples> {
  const cut = (of: Partial<Record<PhaseName, Float64Array>>, from: number) =>
    Object.fromEntries(Object.entries(of).map(([phase, values]) => [phase, values.slice(from, from + size)]))
  const length = Math.max(...[...Object.values(volts), ...Object.values(amps)].map(({ length }) => length))
  for (let from = 0; from < length; from += size) {
    const at: Instant = instant(startMs + (from * 1000) / samplesPerSecond)
    yield { at, utc: utcMs(UTC + at), samplesPerSecond, lost: 0, volts: cut(volts, from), amps: cut(amps, from) }
  }
}

export const WAVEFORMS = '../shared/data/waveforms'
export const hasWaveforms = existsSync(WAVEFORMS)

/** Analog channels of an ASCII COMTRADE file, in primary units as the file scales them. */
export function readAscii(base: string, cfg = 'cfg', dat = 'dat') {
  const lines = readFileSync(`${WAVEFORMS}/comtrade/${base}.${cfg}`, 'latin1').split(/\r?\n/)
  const analog = Number.parseInt((lines[1] as string).split(',')[1] as string, 10)
  const heads = lines.slice(2, 2 + analog).map(line => line.split(','))
  const digital = Number.parseInt((lines[1] as string).split(',')[2] as string, 10)
  const nominalHz = Number(lines[2 + analog + digital])
  const samplesPerSecond = Number((lines[4 + analog + digital] as string).split(',')[0])
  const rows = readFileSync(`${WAVEFORMS}/comtrade/${base}.${dat}`, 'latin1')
    .split(/\r?\n/)
    .filter(line => line.includes(','))
    .map(line => line.split(',').map(Number))
  const channels = heads.map((head, n) => ({
    name: head[1] as string,
    unit: head[4] as string,
    values: Float64Array.from(rows, row => (row[2 + n] as number) * Number(head[5]) + Number(head[6])),
  }))
  return { nominalHz, samplesPerSecond, channels }
}

// The power-quality monitor: how much faster than they come samples go through it, and what a channel occupies.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { qualityMonitor } from '../src/protection/power-quality/monitor.ts'
import type { Samples } from '../src/protection/power-quality/samples.ts'
import { qualityDefaults } from '../src/protection/power-quality/settings.ts'
import { instant, utcMs } from '../topology/units.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row, target } from './table.ts'

const HZ = 50
const SAMPLES_PER_CYCLE = 256
const RATE = HZ * SAMPLES_PER_CYCLE
const CHANNELS = 6
const BATCHES = 30
/** Of the wave that is fed again and again: whole cycles, with a sag, harmonics and noise. */
const WAVE_SECONDS = 2
const ASKED_TIMES = 50
const MONITORS = 20

const SETTINGS = { ...qualityDefaults, nominalVolts: 230, nominalHz: HZ }

export const powerQuality: Section = {
  title: `Power-quality monitor (pq), 3 voltages and 3 currents at ${SAMPLES_PER_CYCLE} samples a cycle`,
  measure,
}

async function measure({ quick, chance }: SectionOptions): Promise<SectionResult> {
  const steady = stretches(chance, () => 1)
  const sagging = stretches(chance, t => (t % 1 > 0.5 && t % 1 < 0.7 ? 0.6 : 1))
  const batches = quick ? 3 : BATCHES
  const rows = [
    row('steady: times real time', '×', times(steady, batches)),
    row('a sag each second: times real time', '×', times(sagging, batches)),
    row('memory a channel', 'MB', memoryPerChannel(steady, quick ? 1 : 3)),
  ]
  const slowest = Math.min(...rows.slice(0, 2).map(({ figure }) => figure.p50))
  return {
    rows,
    targets: [
      target(
        `processor time of a second of samples (${ASKED_TIMES} times real time)`,
        1000 / slowest,
        1000 / ASKED_TIMES,
        'ms',
      ),
    ],
    notes: [
      `${RATE * CHANNELS} samples a second come in; median ${Math.round(slowest * RATE * CHANNELS)} a second go through one core`,
    ],
  }
}

/** As a driver hands them over: a cycle each. */
function stretches(chance: () => number, pu: (seconds: number) => number): Samples[] {
  const shifts = { a: 0, b: -2 / 3, c: 2 / 3 }
  const wave = (first: number, shift: number, size: number): Float64Array =>
    Float64Array.from({ length: SAMPLES_PER_CYCLE }, (_, n) => {
      const t = (first + n) / RATE
      const angle = 2 * Math.PI * HZ * t + shift * Math.PI
      return size * Math.SQRT2 * pu(t) * (Math.sin(angle) + 0.03 * Math.sin(5 * angle)) + chance() - 0.5
    })
  const of = (first: number, size: number) => ({
    a: wave(first, shifts.a, size),
    b: wave(first, shifts.b, size),
    c: wave(first, shifts.c, size),
  })
  return Array.from({ length: WAVE_SECONDS * HZ }, (_, n) => ({
    at: instant((1000 * n) / HZ),
    utc: utcMs(1_700_000_000_000 + (1000 * n) / HZ),
    samplesPerSecond: RATE,
    lost: 0,
    volts: of(n * SAMPLES_PER_CYCLE, 230),
    amps: of(n * SAMPLES_PER_CYCLE, 100),
  }))
}

/** Of processor time, which other work on the machine lengthens less than the time by the clock. */
function times(wave: readonly Samples[], batches: number): number[] {
  const monitor = qualityMonitor(SETTINGS)
  let played = 0
  const play = (): number => {
    const began = process.cpuUsage()
    for (const samples of wave) {
      const shift = played * WAVE_SECONDS * 1000
      monitor.take({ ...samples, at: instant(samples.at + shift), utc: utcMs(samples.utc + shift) })
    }
    played++
    const { user, system } = process.cpuUsage(began)
    return (WAVE_SECONDS * 1e6) / (user + system)
  }
  for (let n = 0; n < 3; n++) play() // to warm up
  return Array.from({ length: batches }, play)
}

/** Of monitors that have seen enough to have all that they keep. */
function memoryPerChannel(wave: readonly Samples[], repetitions: number): number[] {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const occupied = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  return Array.from({ length: repetitions }, () => {
    const before = occupied()
    const monitors = Array.from({ length: MONITORS }, () => {
      const monitor = qualityMonitor(SETTINGS)
      for (const samples of wave) monitor.take(samples)
      return monitor
    })
    const after = occupied()
    return (after - before) / 2 ** 20 / (monitors.length * CHANNELS)
  })
}

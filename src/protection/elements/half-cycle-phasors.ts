// From samples to what the elements look at: phasors of one cycle of each channel, renewed each half cycle.
//
// One cycle is as short as a phasor can be that sees neither the constant part nor the harmonics: a relay decides within 1 to
// 1.5 cycles. The phasors turn with nominal frequency from the first sample on, so that those of different moments can be
// compared (memory voltage). A cycle with a sample that was lost gives nothing for that channel.

import { arctangent, cosine, sine } from '../../../topology/trigonometry.ts'
import { type Instant, instant } from '../../../topology/units.ts'
import { frequencyTracker } from '../power-quality/frequency.ts'
import type { Complex } from '../power-quality/phasor.ts'
import { placeOf, pushSamples, pushUnknown, type SampleRing, sampleRing } from '../power-quality/sample-ring.ts'
import { phaseNames, type Samples } from '../power-quality/samples.ts'
import { magnitude, sequenceOf } from '../power-quality/sequence.ts'
import type { Quantities } from './quantities.ts'

export interface HalfCycle {
  /** Of its last sample. */
  readonly at: Instant
  readonly quantities: Quantities
}

interface Table {
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

/** @param harmonic 1 for the fundamental @param count samples of the window */
function tableOf(harmonic: number, count: number, perCycle: number): Table {
  const real = new Float64Array(count)
  const imaginary = new Float64Array(count)
  for (let k = 0; k < count; k++) {
    const angle = (2 * Math.PI * harmonic * k) / perCycle
    real[k] = (Math.SQRT2 / count) * cosine(angle)
    imaginary[k] = -(Math.SQRT2 / count) * sine(angle)
  }
  return { real, imaginary }
}

function phasorAt({ data }: SampleRing, place: number, { real, imaginary }: Table): Complex {
  let re = 0
  let im = 0
  for (let k = 0; k < real.length; k++) {
    const value = data[place + k] as number
    re += value * (real[k] as number)
    im += value * (imaginary[k] as number)
  }
  return { re, im }
}

export function halfCyclePhasors(samplesPerSecond: number, nominalHz: number, nominalVolts: number) {
  const perCycle = samplesPerSecond / nominalHz
  const count = Math.round(perCycle)
  const fundamental = tableOf(1, count, perCycle)
  const second = tableOf(2, count, perCycle)
  const rings = { volts: new Map<string, SampleRing>(), amps: new Map<string, SampleRing>() }
  const tracker = frequencyTracker(samplesPerSecond, nominalHz)
  const chunk = Math.max(1, Math.floor(perCycle / 2))
  /** Samples taken or lost so far, and the number of the sample at which the next window ends. */
  let end = 0
  let due = count

  function ringOf(quantity: 'volts' | 'amps', phase: string): SampleRing {
    const known = rings[quantity].get(phase)
    if (known !== undefined) return known
    const ring = sampleRing(2 * count + chunk)
    ring.end = end
    // Whatever came before is not known.
    ring.data.fill(Number.NaN)
    rings[quantity].set(phase, ring)
    return ring
  }

  function measure(): Quantities {
    const from = due - count
    const turn = ((from * nominalHz) / samplesPerSecond) % 1
    const back = { re: cosine(2 * Math.PI * turn), im: -sine(2 * Math.PI * turn) }
    const still = ({ re, im }: Complex): Complex => ({
      re: re * back.re - im * back.im,
      im: re * back.im + im * back.re,
    })
    const of = (quantity: 'volts' | 'amps', table: Table): { a?: Complex; b?: Complex; c?: Complex } => {
      const found: { a?: Complex; b?: Complex; c?: Complex } = {}
      for (const phase of phaseNames) {
        const ring = rings[quantity].get(phase)
        if (ring === undefined) continue
        const phasor = phasorAt(ring, placeOf(ring, from), table)
        if (Number.isFinite(phasor.re + phasor.im)) found[phase] = phasor
      }
      return found
    }
    const [volts, amps, doubled] = [of('volts', fundamental), of('amps', fundamental), of('amps', second)]
    const ratios = phaseNames.flatMap(phase => {
      const [one, two] = [amps[phase], doubled[phase]]
      return one === undefined || two === undefined || magnitude(one) === 0 ? [] : [magnitude(two) / magnitude(one)]
    })
    const hz = frequencyOf(volts, from)
    const turned = (all: typeof volts): typeof volts =>
      Object.fromEntries(Object.entries(all).map(([phase, phasor]) => [phase, still(phasor)]))
    return {
      volts: turned(volts),
      amps: turned(amps),
      ...(ratios.length === 0 ? {} : { secondHarmonic: Math.max(...ratios) }),
      ...(hz === undefined ? {} : { hz }),
      ...(tracker.isLocked() ? { followedHz: tracker.hz() } : {}),
    }
  }

  /** Of the positive sequence where there are three phases. A voltage in the middle of a change has no frequency. */
  function frequencyOf({ a, b, c }: Quantities['volts'], from: number): number | undefined {
    const isThree = a !== undefined && b !== undefined && c !== undefined
    const whole = isThree ? forwards(a, b, c) : (a ?? b ?? c)
    if (whole === undefined) return undefined
    const seen = tracker.hear(arctangent(whole.im, whole.re), magnitude(whole) / nominalVolts, from)
    return seen?.isSteady === true ? seen.hz : undefined
  }

  return {
    /** @returns what was measured in this stretch, one for each half cycle that it completes */
    take(samples: Pick<Samples, 'at' | 'lost' | 'volts' | 'amps'>, size: number): HalfCycle[] {
      const found: HalfCycle[] = []
      const msPerSample = 1000 / samplesPerSecond
      /** Number of this stretch's first sample. */
      const first = end + samples.lost
      const lose = Math.min(samples.lost, 2 * count)
      for (const quantity of ['volts', 'amps'] as const) {
        for (const phase of phaseNames) if (samples[quantity][phase] !== undefined) ringOf(quantity, phase)
        for (const ring of rings[quantity].values()) {
          ring.end = end + samples.lost - lose
          pushUnknown(ring, lose)
        }
      }
      if (samples.lost > 0) due = Math.max(due, first)
      for (let from = 0; from < size; from += chunk) {
        const to = Math.min(size, from + chunk)
        for (const quantity of ['volts', 'amps'] as const) {
          for (const [phase, ring] of rings[quantity]) {
            const values = samples[quantity][phase as 'a' | 'b' | 'c']
            if (values === undefined) pushUnknown(ring, to - from)
            else pushSamples(ring, values, from, to)
          }
        }
        end = first + to
        while (due <= end) {
          found.push({ at: instant(samples.at + (due - 1 - first) * msPerSample), quantities: measure() })
          due += chunk
        }
      }
      return found
    },
  }
}

/** The sequence that turns forwards, whichever way round the phases are connected. */
function forwards(a: Complex, b: Complex, c: Complex): Complex {
  const { positive, negative } = sequenceOf(a, b, c)
  return magnitude(negative) > magnitude(positive) ? negative : positive
}

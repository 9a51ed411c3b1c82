// Which way the fault lies (67, 67N): forward is downstream, with the current's direction out of the device into the section.
//
// Phase elements are polarised by quadrature: the current of phase a against the voltage between b and c, which a fault of
// phase a leaves standing. Forward: the current lies within the aperture around the polarising voltage turned by the
// characteristic angle. When all voltage is gone, as in a near three-phase fault, the voltage of before is remembered for one or
// two seconds, and turned on with the frequency of before: against a reference at nominal frequency, 0.2 Hz turn it by 108 degrees
// in 1.5 s, and the fault would change sides. Ground elements go by 3V0 or by V2, turned round: the fault drives them, not the source.
//
// Without anything to polarise by, the setting decides: `block`, and the non-directional backup trips; or `non-directional`, and
// the stage trips whichever way the fault lies. It never guesses.

import { wrapDegrees } from '../../../topology/phasor-math.ts'
import { cosine, sine } from '../../../topology/trigonometry.ts'
import { type Duration, type Instant, since } from '../../../topology/units.ts'
import { magnitude } from '../power-quality/sequence.ts'
import { type Complex, leads, minus, negative } from './phasor-plane.ts'
import { negativeSequence, type Quantities, residual } from './quantities.ts'

export type Direction = 'forward' | 'backward' | 'both' | 'unknown'

export interface DirectionalSettings {
  /** By which the current leads the polarising voltage where the element is most sensitive: 30 or 45. */
  readonly phaseDegrees: number
  /** Of the ground element: -45 to -60 with a solidly earthed neutral, -90 isolated, 0 compensated. */
  readonly groundDegrees: number
  readonly groundBy: '3V0' | 'V2'
  /** Half of the sector that counts as forward: 85 to 90. */
  readonly aperture: number
  /** Polarising volts below this say nothing: 1 to 5 % of nominal. */
  readonly leastVolts: number
  /** Below this, a phase has no current whose direction could count. */
  readonly leastAmps: number
  readonly memory: Duration
  /** That of the phasors' reference. */
  readonly nominalHz: number
}

export interface DirectionalState {
  /** The last phase voltages that were good, when, and the frequency with which they turn on; nominal where it is not known. */
  readonly remembered?: { readonly at: Instant; readonly volts: Quantities['volts']; readonly hz?: number }
}

export interface Directions {
  readonly phase: Direction
  readonly ground: Direction
}

export interface DirectionalStep {
  readonly state: DirectionalState
  readonly directions: Directions
}

export const directional =
  (settings: DirectionalSettings) =>
  (state: DirectionalState, { volts, amps, followedHz }: Quantities, now: Instant): DirectionalStep => {
    const isGood = pairs(volts).every(size => size !== undefined && magnitude(size) >= settings.leastVolts)
    const hz = followedHz ?? state.remembered?.hz
    const good = { at: now, volts, ...(hz === undefined ? {} : { hz }) }
    const next: DirectionalState = isGood ? { remembered: good } : expired(settings, state, now)
    return {
      state: next,
      directions: {
        phase: ofPhases(settings, volts, amps, isGood ? undefined : turnedOn(settings, next, now)),
        ground: ofGround(settings, volts, amps),
      },
    }
  }

/** Whether a stage that looks this way may act. @param without what to do where there is nothing to polarise by */
export function looks(
  wanted: 'forward' | 'backward',
  direction: Direction,
  without: 'block' | 'non-directional',
): boolean {
  if (direction === 'unknown') return without === 'non-directional'
  return direction === wanted || direction === 'both'
}

function expired({ memory }: DirectionalSettings, { remembered }: DirectionalState, now: Instant): DirectionalState {
  return remembered !== undefined && since(remembered.at, now) <= memory ? { remembered } : {}
}

/** What is remembered, where it would stand now. */
function turnedOn(
  { nominalHz }: DirectionalSettings,
  { remembered }: DirectionalState,
  now: Instant,
): Quantities['volts'] | undefined {
  if (remembered === undefined) return undefined
  const { at, volts, hz = nominalHz } = remembered
  const turns = (((hz - nominalHz) * since(at, now)) / 1000) % 1
  const [re, im] = [cosine(2 * Math.PI * turns), sine(2 * Math.PI * turns)]
  const turned = (of: Complex): Complex => ({ re: of.re * re - of.im * im, im: of.re * im + of.im * re })
  return Object.fromEntries(Object.entries(volts).map(([phase, phasor]) => [phase, turned(phasor)]))
}

/** The voltage in quadrature to each phase's current. */
function pairs({ a, b, c }: Quantities['volts']): readonly (Complex | undefined)[] {
  const between = (one: Complex | undefined, other: Complex | undefined): Complex | undefined =>
    one === undefined || other === undefined ? undefined : minus(one, other)
  return [between(b, c), between(c, a), between(a, b)]
}

function ofPhases(
  { phaseDegrees, aperture, leastVolts, leastAmps }: DirectionalSettings,
  volts: Quantities['volts'],
  amps: Quantities['amps'],
  remembered: Quantities['volts'] | undefined,
): Direction {
  const now = pairs(volts)
  const before = remembered === undefined ? [] : pairs(remembered)
  const currents = [amps.a, amps.b, amps.c].filter(each => each !== undefined).map(magnitude)
  // Load in the healthy phases flows its own way, whatever the fault does.
  const least = Math.max(leastAmps, 0.5 * Math.max(0, ...currents))
  const found = [amps.a, amps.b, amps.c].map((current, n) => {
    if (current === undefined || magnitude(current) < least) return undefined
    const present = now[n]
    const by = present !== undefined && magnitude(present) >= leastVolts ? present : before[n]
    return by === undefined ? 'unknown' : sideOf(current, by, phaseDegrees, aperture)
  })
  return together(found.filter(each => each !== undefined))
}

function ofGround(
  { groundDegrees, groundBy, aperture, leastVolts, leastAmps }: DirectionalSettings,
  volts: Quantities['volts'],
  amps: Quantities['amps'],
): Direction {
  const [current, voltage] =
    groundBy === '3V0' ? [residual(amps), residual(volts)] : [negativeSequence(amps), negativeSequence(volts)]
  if (current === undefined || voltage === undefined) return 'unknown'
  if (magnitude(current) < leastAmps || magnitude(voltage) < leastVolts) return 'unknown'
  return sideOf(current, negative(voltage), groundDegrees, aperture)
}

function sideOf(current: Complex, by: Complex, characteristic: number, aperture: number): Direction {
  const off = Math.abs(wrapDegrees(leads(current, by) - characteristic))
  if (off <= aperture) return 'forward'
  return off >= 180 - aperture ? 'backward' : 'unknown'
}

function together(found: readonly Direction[]): Direction {
  const known = new Set(found.filter(each => each !== 'unknown'))
  if (known.size === 0) return 'unknown'
  if (known.size > 1) return 'both'
  return known.has('forward') ? 'forward' : 'backward'
}

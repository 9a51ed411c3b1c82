// From what the instruments of an IED measure to what its device shows.

import { magnitude, type PhaseComplex, subtract } from '../solver/complex.ts'
import { residual } from './angles.ts'
import { pickedUp } from './elements.ts'
import type { Passage } from './passage.ts'
import { perPhase } from './per-phase.ts'
import type { DeviceCurrent, DevicePosition, Shown } from './plant-port.ts'
import type { Post } from './posts.ts'
import type { Reading } from './readings.ts'
import { DEAD_PU } from './sags.ts'

/** Contacts of what the IED operates and sheds. */
export interface Contacts {
  readonly position?: DevicePosition
  readonly shed?: boolean
}

export interface ShownInput {
  readonly post: Post
  readonly reading: Reading
  readonly passage: Passage
  readonly contacts: Contacts
  readonly hasSag: boolean
  readonly frequencyHz: number
}

export function shownBy({ post, reading, passage, contacts, hasSag, frequencyHz }: ShownInput): Shown {
  const { has, device, ied, far } = post
  const { volts, power } = reading
  const dead = isDead(post, volts)
  const elements = device === undefined ? NOTHING : pickedUp(device, deviceCurrent(reading.amps))
  return {
    volts: perPhase(has, i => magnitude(volts[i])),
    amps: perPhase(has, i => magnitude(reading.amps[i])),
    kw: perPhase(has, i => power[i].re / 1000),
    kvar: perPhase(has, i => power[i].im / 1000),
    ...(dead ? {} : { frequencyHz }),
    ...contacts,
    dead,
    sag: hasSag,
    pickup: elements.phase || elements.ground,
    phasePickup: elements.phase,
    groundPickup: elements.ground,
    highSet: elements.highSet,
    ...(reading.farVolts === undefined || far === undefined
      ? {}
      : { farDead: isDead(far, reading.farVolts), inSync: isInSync(post, volts, far, reading.farVolts) }),
    ...passing(passage, ied.observes),
  }
}

const NOTHING = { phase: false, ground: false, highSet: false }

const isDead = ({ has, nominalVolts }: Pick<Post, 'has' | 'nominalVolts'>, volts: PhaseComplex): boolean =>
  !volts.some((v, i) => has[i] && magnitude(v) >= DEAD_PU * nominalVolts)

/** As a recloser's sync check is set: 10 % of nominal and 20°, each phase. All that is live has the grid's frequency here. */
const SYNC_PU = 0.1
const SYNC_DEGREES = 20
/** Two phasors of nominal length that are so far apart differ by this; with unequal lengths the angle is smaller still. */
const SYNC_APART_PU = 2 * Math.sin((SYNC_DEGREES * Math.PI) / 360)
const SYNC_LIVE_PU = 0.8

type Side = Pick<Post, 'has' | 'nominalVolts'>
function isInSync(near: Side, volts: PhaseComplex, far: Side, farVolts: PhaseComplex): boolean {
  return volts.every((v, i) => {
    const beyond = farVolts[i] as typeof v
    if (!near.has[i] || !far.has[i]) return near.has[i] === far.has[i]
    const [one, other] = [magnitude(v) / near.nominalVolts, magnitude(beyond) / far.nominalVolts]
    return (
      Math.min(one, other) > SYNC_LIVE_PU &&
      Math.abs(one - other) <= SYNC_PU &&
      magnitude(subtract(v, beyond)) / near.nominalVolts <= SYNC_APART_PU * Math.min(one, other)
    )
  })
}

export function deviceCurrent(amps: PhaseComplex): DeviceCurrent {
  const [a, b, c] = amps
  return {
    amps: { a: magnitude(a), b: magnitude(b), c: magnitude(c) },
    residualAmps: magnitude(residual(amps)),
  }
}

function passing({ entered, left }: Passage, observes: readonly string[]) {
  const mask = (sees: (section: string) => boolean): number =>
    observes.reduce((bits, section, n) => (sees(section) ? bits | (1 << n) : bits), 0)
  const residuals = observes.flatMap(section => entered.get(section) ?? [])
  return {
    entered: mask(section => entered.has(section)),
    left: mask(section => left.has(section)),
    ...(residuals.length === 0 ? {} : { residualPu: Math.min(...residuals) }),
  }
}

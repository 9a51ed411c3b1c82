// What IEDs say of the relays in their devices, and what they ask of each other about a fault. The form on the wire is in
// docs/messages.cddl.

import { event, type Fields, messageType, name, oneOf, type Stamp, stamp, whole } from './messages.ts'

/**
 * `quiet`: it sees nothing. `picked-up`: it sees a fault. `tripped`: it has opened its device, or tries to, and the fault is
 * still seen. `cleared`: after that, the fault's current is gone. `locked-out`: and it will not close again by itself.
 * `breaker-failed`: the fault is still seen when the breaker's time is over.
 */
export const relayStates = ['quiet', 'picked-up', 'tripped', 'cleared', 'locked-out', 'breaker-failed'] as const
export type RelayState = (typeof relayStates)[number]

/** State that is said again and again, see `state-message.ts`. */
export interface RelayReport extends Stamp {
  /** From one pickup to its end, the trip of it included. */
  readonly event: string
  readonly device: string
  readonly state: RelayState
}

/** Does your relay see the fault that mine sees? */
export interface InterlockQuestion {
  /** The asker's pickup, as in its relay's state. */
  readonly event: string
  /** Of one pickup's questions. */
  readonly number: number
  /** The asker's device. */
  readonly device: string
  /** The devices whose IEDs are asked. */
  readonly asked: readonly string[]
}

export const sightings = ['yes', 'no', 'unknown'] as const
export type Sighting = (typeof sightings)[number]

export interface InterlockAnswer {
  /** As in the question. */
  readonly event: string
  readonly number: number
  /** The answerer's device. */
  readonly device: string
  /** The asker's device. */
  readonly to: string
  readonly sees: Sighting
}

/** More than a zone has. Whoever has more neighbours than can be asked has no fast trip. */
export const MOST_ASKED = 32
const LARGEST_NUMBER = 2 ** 32 - 1

export const relayStateMessage = messageType<RelayReport>('relay-state', 6, fields => ({
  event: event(fields),
  device: name(fields, 'device'),
  state: oneOf(fields, 'state', relayStates),
  ...stamp(fields),
}))

export const interlockQuestionMessage = messageType<InterlockQuestion>('interlock-question', 4, fields => ({
  event: event(fields),
  number: whole(fields, 'number', 1, LARGEST_NUMBER),
  device: name(fields, 'device'),
  asked: names(fields, 'asked'),
}))

export const interlockAnswerMessage = messageType<InterlockAnswer>('interlock-answer', 5, fields => ({
  event: event(fields),
  number: whole(fields, 'number', 1, LARGEST_NUMBER),
  device: name(fields, 'device'),
  to: name(fields, 'to'),
  sees: oneOf(fields, 'sees', sightings),
}))

function names(fields: Fields, key: string): readonly string[] {
  const value = fields[key]
  const fits = (each: unknown): boolean => typeof each === 'string' && each.length >= 1 && each.length <= 64
  if (Array.isArray(value) && value.length >= 1 && value.length <= MOST_ASKED && value.every(fits)) return value
  throw new Error(`${key}: want 1 to ${MOST_ASKED} names`)
}

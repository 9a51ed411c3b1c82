// Pulses of a meter, counted.
//
// Either a register counts them, or its contacts are looked at often enough to see each of them. A form C contact (KYZ) has
// one common terminal and two contacts, Y and Z, of which exactly one is closed; each change from one to the other is a
// pulse. For a moment on the way neither is closed. Neither for long, or both, is a fault of the contact or its wires.
//
//   what is seen        what is counted
//   Y → Z, Z → Y        one pulse, unless the last one was less than the debounce time ago: then nothing has changed yet
//   Y → neither → Y     nothing
//   both, or neither    nothing; a fault when it lasts
//
// A simple contact (form A) has Y alone: closing is a pulse, or opening as well.

import type { Duration, Instant } from '../../../topology/units.ts'
import type { QualityDetail } from '../port.ts'

export interface PulseSettings {
  /** The register begins again at 0 when it reaches this. */
  readonly counterRange: bigint
  /** More cannot come: a register that says so was reset or exchanged, and a look that late has missed some. */
  readonly mostPerSecond: number
  /** Changes closer than this to the last counted one are bounces. */
  readonly debounce: Duration
  /** Neither or both closed for longer than this is a fault. */
  readonly faultAfter: Duration
  readonly contact: 'formC' | 'formA'
  /** Of a form A contact: whether its opening is a pulse too. */
  readonly bothEdges: boolean
  /** How long a trouble casts doubt on what is shown. */
  readonly doubtFor: Duration
}

export type Contact = 'y' | 'z' | 'neither' | 'both'

export interface PulseState {
  /** All that were counted, and what the register showed before. */
  readonly pulses: bigint
  readonly register?: bigint
  /** The last place of the contact that was believed. */
  readonly contact?: 'y' | 'z'
  readonly countedAt?: Instant
  /** Since when the contact shows what it can't. */
  readonly oddSince?: Instant
  readonly lookedAt?: Instant
  /** When it was last so: the contact at fault, pulses perhaps missed, the register exchanged or reset. */
  readonly troubles: { readonly [trouble in Trouble]?: Instant }
}
export type Trouble = 'fault' | 'missed' | 'exchanged'

export const pulseStart: PulseState = { pulses: 0n, troubles: {} }

export type PulseEvent =
  /** `keptFor`, at the first look after a start: how long ago what was kept was seen, where the clock says. */
  | { readonly kind: 'register'; readonly value: bigint; readonly keptFor?: Duration }
  | { readonly kind: 'contact'; readonly shows: Contact }

export const pulseCount =
  (settings: PulseSettings) =>
  (state: PulseState, event: PulseEvent, now: Instant): PulseState => {
    switch (event.kind) {
      case 'register':
        return countRegister(settings, state, event, now)
      case 'contact':
        return { ...countContact(settings, missedBetween(settings, state, now), event.shows, now), lookedAt: now }
    }
  }

/**
 * The first look of all is where counting goes on from: the register itself. A register that has gone further than it can in
 * the time was set back, as by a loss of its supply: what it shows then was counted since.
 */
function countRegister(
  settings: PulseSettings,
  state: PulseState,
  { value, keptFor }: { readonly value: bigint; readonly keptFor?: Duration },
  now: Instant,
): PulseState {
  const { counterRange } = settings
  const seen = { ...state, register: value, lookedAt: now }
  if (state.register === undefined) return { ...seen, pulses: state.pulses + value }
  const more = (((value - state.register) % counterRange) + counterRange) % counterRange
  const elapsed = state.lookedAt === undefined ? keptFor : now - state.lookedAt
  const isSound = elapsed === undefined ? value >= state.register : more <= mostWithin(settings, elapsed)
  // In so long a time the register may have gone round once more than it shows.
  const mayHaveGoneRound = elapsed !== undefined && mostWithin(settings, elapsed) >= counterRange
  const troubles = mayHaveGoneRound ? { ...state.troubles, missed: now } : state.troubles
  if (isSound) return { ...seen, pulses: state.pulses + more, troubles }
  const sinceReset = elapsed !== undefined && value <= mostWithin(settings, elapsed) ? value : 0n
  return { ...seen, pulses: state.pulses + sinceReset, troubles: { ...state.troubles, exchanged: now } }
}

/** One more than fits: registers are counted up somewhere within the time between two looks. */
const mostWithin = ({ mostPerSecond }: PulseSettings, ms: number): bigint =>
  BigInt(Math.ceil((mostPerSecond * Math.max(0, ms)) / 1000)) + 1n

/** Two pulses between two looks at a contact look like none. */
function missedBetween({ mostPerSecond }: PulseSettings, state: PulseState, now: Instant): PulseState {
  const isLate = state.lookedAt !== undefined && now - state.lookedAt > 1000 / mostPerSecond
  return isLate ? { ...state, troubles: { ...state.troubles, missed: now } } : state
}

function countContact(settings: PulseSettings, state: PulseState, shows: Contact, now: Instant): PulseState {
  const place = placeOf(settings, shows)
  if (place === undefined) {
    const odd = { ...state, oddSince: state.oddSince ?? now }
    return isFaulty(settings, odd, now) ? { ...odd, troubles: { ...odd.troubles, fault: now } } : odd
  }
  const { oddSince: _, ...sound } = state
  if (state.contact === undefined) return { ...sound, contact: place }
  if (place === state.contact) return sound
  if (state.countedAt !== undefined && now - state.countedAt < settings.debounce) return sound
  const counts = settings.contact === 'formC' || settings.bothEdges || place === 'y'
  return { ...sound, contact: place, countedAt: now, pulses: state.pulses + (counts ? 1n : 0n) }
}

/** A form A contact that is not closed is open, and both is not a thing that it can show. */
function placeOf({ contact }: PulseSettings, shows: Contact): 'y' | 'z' | undefined {
  if (shows === 'y' || shows === 'z') return shows
  return contact === 'formA' && shows === 'neither' ? 'z' : undefined
}

const isFaulty = ({ faultAfter }: PulseSettings, { oddSince }: PulseState, now: Instant): boolean =>
  oddSince !== undefined && now - oddSince >= faultAfter

const DETAILS = { fault: 'failure', missed: 'inaccurate', exchanged: 'inconsistent' } as const

/** What is to be said of the count now. */
export const pulseDoubts = ({ doubtFor }: PulseSettings, { troubles }: PulseState, now: Instant): QualityDetail[] =>
  (Object.keys(DETAILS) as Trouble[]).flatMap(trouble => {
    const at = troubles[trouble]
    return at !== undefined && now - at <= doubtFor ? [DETAILS[trouble]] : []
  })

/** Watt-hours of all pulses: whole ones, the rest stays for later. */
export const wattHoursOf = (
  pulses: bigint,
  { numerator, denominator }: { readonly numerator: bigint; readonly denominator: bigint },
): bigint => (pulses * numerator) / denominator

// The load profile: what a meter showed beside its registers at the end of an interval. A record of its own class, so that who
// may see power and volts is asked by itself: bills need neither, and what a household's power does in the day is nobody's
// business who only bills it.
//
// A profile stands in the ledger just before the reading of the same interval. Either may be there without the other.

import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { AggregationError } from './aggregation-error.ts'
import { codec, countField } from './codec.ts'
import { MAX_PROBES, type PhaseSnapshot, type Probes, phaseSnapshot, probesField, type Reading } from './reading.ts'

export interface LoadProfile {
  readonly startUtcMs: UtcMs
  readonly endUtcMs: UtcMs
  /** At the end of the interval; positive flows downstream. */
  readonly kw?: PhaseSnapshot
  /** At the end of the interval; line to neutral. */
  readonly volts?: PhaseSnapshot
  /** What its probes showed at the end, by the name of the value: `temperatureC`. Doubted ones are left out. */
  readonly probes?: Probes
  /** `doubt:kw`, `doubt:volts`: shown, and marked. */
  readonly flags: readonly string[]
}

/** @returns nothing where the meter shows nothing beside its registers */
export function loadProfile(
  { startUtcMs, endUtcMs }: Pick<Reading, 'startUtcMs' | 'endUtcMs'>,
  look: Partial<Pick<LoadProfile, 'kw' | 'volts' | 'probes' | 'flags'>>,
): LoadProfile | undefined {
  const shown = { ...phases('kw', look.kw), ...phases('volts', look.volts), ...probes(look.probes) }
  if (Object.keys(shown).length === 0) return undefined
  return { startUtcMs, endUtcMs, ...shown, flags: [...new Set(look.flags ?? [])] }
}

/** A reading with what the profile of the same interval says; what a reading of an older program has itself stays. */
export function withProfile(reading: Reading, profile: LoadProfile | undefined): Reading {
  if (profile === undefined) return reading
  const { startUtcMs: _, endUtcMs: __, flags, ...shown } = profile
  return { ...reading, ...shown, flags: [...new Set([...reading.flags, ...flags])] }
}

export const isOfInterval = (
  profile: Pick<LoadProfile, 'startUtcMs' | 'endUtcMs'>,
  reading: Pick<Reading, 'startUtcMs' | 'endUtcMs'>,
): boolean => profile.startUtcMs === reading.startUtcMs && profile.endUtcMs === reading.endUtcMs

/** Only finite values: a driver's NaN must not keep the others from being recorded. */
function phases<K extends 'kw' | 'volts'>(name: K, value: PhaseSnapshot | undefined): { [name in K]?: PhaseSnapshot } {
  const finite = Object.entries(value ?? {}).filter(([, number]) => Number.isFinite(number))
  return finite.length === 0 ? {} : ({ [name]: Object.fromEntries(finite) } as { [name in K]?: PhaseSnapshot })
}

function probes(given: Probes | undefined): Pick<LoadProfile, 'probes'> {
  const finite = Object.entries(given ?? {}).filter(([, value]) => Number.isFinite(value))
  return finite.length === 0 ? {} : { probes: Object.fromEntries(finite.slice(0, MAX_PROBES)) }
}

const utcField = countField.transform(utcMs)
const profileSchema = z
  .strictObject({
    kind: z.literal('loadProfile'),
    startUtcMs: utcField,
    endUtcMs: utcField,
    kw: phaseSnapshot.exactOptional(),
    volts: phaseSnapshot.exactOptional(),
    probes: probesField.exactOptional(),
    flags: z.array(z.string().min(1).max(32)).max(16),
  })
  .refine(profile => profile.endUtcMs >= profile.startUtcMs, 'ends before it starts')

const profileContent = codec<z.output<typeof profileSchema>>('load profile', profileSchema, 2_048)

/** As the content of a record of class `loadProfile`. */
export const encodeProfile = (profile: LoadProfile): Uint8Array =>
  profileContent.encode({ kind: 'loadProfile', ...profile, flags: [...profile.flags] })

/** @throws AggregationError MALFORMED */
export function decodeProfile(content: Uint8Array): LoadProfile {
  const { kind: _, ...profile } = profileContent.decode(content)
  return profile
}

/** Content of class `loadProfile` that is none, such as the word on dropped bodies, is no error: undefined. */
export function profileIn(content: Uint8Array): LoadProfile | undefined {
  try {
    return decodeProfile(content)
  } catch (error) {
    if (error instanceof AggregationError) return undefined
    throw error
  }
}

// Availability as nines: n = -log10(1 - A), over the time that was observed. Time about which nothing is known is no up time
// and no down time.

export interface Availability {
  readonly observedMs: number
  readonly downMs: number
  /** Undefined when nothing was observed. */
  readonly availability: number | undefined
  readonly nines: number | undefined
  /** No down time was seen: all that can be said is that it is better than `nines`. */
  readonly isAtLeast: boolean
}

/** @param resolutionMs the shortest down time that would have been seen */
export function availabilityOf(observedMs: number, downMs: number, resolutionMs: number): Availability {
  if (observedMs <= 0) return { observedMs: 0, downMs: 0, availability: undefined, nines: undefined, isAtLeast: false }
  const down = Math.min(observedMs, Math.max(0, downMs))
  const seen = down === 0 ? Math.min(resolutionMs, observedMs) : down
  return {
    observedMs,
    downMs: down,
    availability: 1 - down / observedMs,
    nines: Math.max(0, -Math.log10(seen / observedMs)),
    isAtLeast: down === 0,
  }
}

export const ninesOf = (availability: number): number => Math.max(0, -Math.log10(1 - availability))

/** All must work. */
const inSeries = (parts: readonly number[]): number => parts.reduce((product, each) => product * each, 1)

/** One is enough, and they fail independently: what they have in common (a pole, a storm, a transfer switch) is a series part. */
const inParallel = (parts: readonly number[]): number => 1 - parts.reduce((product, each) => product * (1 - each), 1)

export type Structure =
  | { readonly part: string }
  | { readonly series: readonly Structure[] }
  | { readonly parallel: readonly Structure[] }

export function systemAvailability(of: Structure, parts: ReadonlyMap<string, number>): number {
  if ('series' in of) return inSeries(of.series.map(each => systemAvailability(each, parts)))
  if ('parallel' in of) return inParallel(of.parallel.map(each => systemAvailability(each, parts)))
  const known = parts.get(of.part)
  if (known === undefined) throw new RangeError(`availability of "${of.part}" is not given`)
  return known
}

export interface Importance {
  readonly part: string
  /** How much less unavailable the whole would be if this part never failed. */
  readonly importance: number
}

/** The most important first; equal ones by name. */
export function importanceOf(of: Structure, parts: ReadonlyMap<string, number>): Importance[] {
  const unavailable = 1 - systemAvailability(of, parts)
  return [...parts.keys()]
    .map(part => ({
      part,
      importance: unavailable - (1 - systemAvailability(of, new Map([...parts, [part, 1]]))),
    }))
    .sort((one, other) => other.importance - one.importance || (one.part < other.part ? -1 : 1))
}

export interface StartsRequired {
  readonly required: number
  readonly failed: number
  readonly late: number
}

/** A generator's unavailability on demand: it stands beside the utility's unavailability, and is not added to it. */
export const unavailabilityOnDemand = ({ required, failed, late }: StartsRequired): number | undefined =>
  required > 0 ? (failed + late) / required : undefined

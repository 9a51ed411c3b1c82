// How far an outage reaches, from last gasps, from silence, and from where everybody stands on the feeder.
//
// A last gasp is good evidence; a missing one is none, since the network dies with the supply. Silence of one IED may be its
// own; that of several below one point is an outage. So each IED that gasped is followed toward the source, over those that
// gasped or are silent, up to the first that is known to live: the trouble lies between the two. What hangs below and has not
// been heard since is taken along, as silent. Somebody below who is heard alive speaks against it (a generator may feed him).

export type Sign = 'lost' | 'silent' | 'live' | 'unknown'

export interface Known {
  readonly ied: string
  /** The nearest IED toward the source, undefined at the top. */
  readonly parent: string | undefined
  readonly sign: Sign
  /** When it lost its supply or was last heard: monotonic ms of the one who looks. */
  readonly since?: number
}

export interface OutageExtent {
  /** The nearest to the source of those without supply. */
  readonly top: string
  /** The first toward the source that lives, or nobody: then the source itself is in question. */
  readonly above: string | undefined
  readonly gasped: readonly string[]
  readonly silent: readonly string[]
  /** Below, and known to live. */
  readonly contradicting: readonly string[]
  readonly since: number | undefined
  /** 0..1, of it that this place explains what was heard and not heard. */
  readonly confidence: number
}

/** How likely each sign would be were the supply there. */
const BY_CHANCE = { gasp: 0.02, silence: 0.4 }
/** Each one below who lives leaves so much of the confidence. */
const AGAINST = 0.6
/** Without any gasp so many must have fallen silent below one point. */
const SILENT_AT_LEAST = 3

/** The surest first; equal ones by name. A loop in what is given as parents ends where it closes. */
export function outageExtents(known: readonly Known[]): OutageExtent[] {
  const byName = new Map(known.map(each => [each.ied, each]))
  const children = new Map<string, Known[]>()
  for (const each of known)
    if (each.parent !== undefined) children.set(each.parent, [...(children.get(each.parent) ?? []), each])

  function below(top: string): Known[] {
    const found: Known[] = []
    const seen = new Set([top])
    for (const queue = [...(children.get(top) ?? [])]; queue.length > 0; ) {
      const next = queue.shift() as Known
      if (seen.has(next.ied)) continue
      seen.add(next.ied)
      found.push(next)
      queue.push(...(children.get(next.ied) ?? []))
    }
    return found
  }

  /** Silent, and whoever hangs directly below is without supply or silent too, two of them at least: it went with them. */
  function wentWithThem({ ied, sign }: Known): boolean {
    if (sign === 'lost') return true
    if (sign !== 'silent') return false
    const own = children.get(ied) ?? []
    return own.filter(each => each.sign === 'lost' || each.sign === 'silent').length >= 2 && own.every(isDown)
  }

  function topOf(from: Known): { top: Known; above: string | undefined } {
    let top = from
    const seen = new Set([from.ied])
    for (let at = from.parent; at !== undefined; ) {
      const next = byName.get(at)
      if (next === undefined || seen.has(at)) return { top, above: undefined }
      seen.add(at)
      // Of somebody who was never heard nothing follows: look past him, and leave him out.
      if (next.sign === 'live') return { top, above: next.ied }
      if (wentWithThem(next)) top = next
      else if (next.sign === 'silent') return { top, above: next.ied }
      at = next.parent
    }
    return { top, above: undefined }
  }

  const tops = new Map<string, string | undefined>()
  for (const each of known) {
    if (each.sign !== 'lost') continue
    const { top, above } = topOf(each)
    tops.set(top.ied, above)
  }
  // Silence alone: the highest point below which nobody is heard any more.
  for (const each of known) {
    if (each.sign !== 'silent' || [...tops.keys()].some(top => top === each.ied || hangsBelow(each.ied, top))) continue
    const { top, above } = topOf(each)
    const all = [top, ...below(top.ied)]
    const silent = all.filter(({ sign }) => sign === 'silent').length
    if (silent >= SILENT_AT_LEAST && all.every(({ sign }) => sign !== 'live')) tops.set(top.ied, above)
  }
  function hangsBelow(ied: string, top: string): boolean {
    return below(top).some(each => each.ied === ied)
  }

  const highest = [...tops].filter(([top]) => ![...tops.keys()].some(other => other !== top && hangsBelow(top, other)))
  return highest
    .map(([top, above]) => {
      const all = [...[byName.get(top)].filter(each => each !== undefined), ...below(top)]
      const gasped = all.filter(({ sign }) => sign === 'lost')
      const silent = all.filter(({ sign }) => sign === 'silent')
      const live = all.filter(({ sign }) => sign === 'live')
      const byChance = BY_CHANCE.gasp ** gasped.length * BY_CHANCE.silence ** silent.length
      const times = [...gasped, ...silent].flatMap(({ since }) => (since === undefined ? [] : [since]))
      return {
        top,
        above,
        gasped: namesOf(gasped),
        silent: namesOf(silent),
        contradicting: namesOf(live),
        since: times.length === 0 ? undefined : Math.min(...times),
        confidence: (1 - byChance) * AGAINST ** live.length,
      }
    })
    .sort((one, other) => other.confidence - one.confidence || (one.top < other.top ? -1 : 1))
}

const isDown = ({ sign }: Known): boolean => sign !== 'live'
const namesOf = (of: readonly Known[]): string[] => of.map(({ ied }) => ied).sort()

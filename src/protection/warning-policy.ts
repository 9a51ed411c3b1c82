// What an IED does about a warning, by its own configuration: the first rule that fits by severity and kind; where none
// does, its plain reaction to the severity.

import type { Severity, WarningKind } from './messages.ts'

/** The plain reactions: drop the sheddable loads, open what it operates, or only record it. */
export type Reaction = 'shed' | 'open' | 'none'

/**
 * Of a rule, besides: `transfer` puts the load on its second source, `start` starts a generator, `hosts` tells attached
 * computers. `none` rides through.
 */
export const reactionWords = ['shed', 'open', 'transfer', 'start', 'hosts', 'none'] as const
export type ReactionWord = (typeof reactionWords)[number]

export interface WarningRule {
  /** Of any severity when absent; so for the kinds. */
  readonly severity?: Severity | undefined
  readonly kinds?: readonly WarningKind[] | undefined
  readonly do: readonly ReactionWord[]
  /** Sheds the loads of this priority and those less important: 1 is shed last. */
  readonly upTo?: number | undefined
}

export interface WarningPolicy {
  readonly reactions: Readonly<Record<Severity, Reaction>>
  readonly rules?: readonly WarningRule[]
  /** Attached computers are told of each warning for which no rule fits. */
  readonly hosts?: boolean
}

/** All that can be done about warnings, at one moment. */
export interface Doing {
  /** The most important priority that is shed; undefined: nothing is. */
  readonly shedUpTo: number | undefined
  readonly open: boolean
  readonly transfer: boolean
  readonly start: boolean
  readonly hosts: boolean
}
export const doingNothing: Doing = { shedUpTo: undefined, open: false, transfer: false, start: false, hosts: false }

/** Sheds everything that may be shed. */
const ALL = 1

/** @param announced a trip above was announced: nobody asked to shed for that unless a rule says so */
export function wantedBy(
  { reactions, rules = [], hosts = false }: WarningPolicy,
  severity: Severity,
  kind: WarningKind,
  announced = false,
): Doing {
  const rule = rules.find(
    each => (each.severity ?? severity) === severity && (each.kinds?.includes(kind) ?? !announced),
  )
  if (rule !== undefined) {
    const does = (word: ReactionWord): boolean => rule.do.includes(word)
    return {
      shedUpTo: does('shed') ? (rule.upTo ?? ALL) : undefined,
      open: does('open'),
      transfer: does('transfer'),
      start: does('start'),
      hosts: does('hosts'),
    }
  }
  if (announced) return doingNothing
  const plain = reactions[severity]
  return { ...doingNothing, shedUpTo: plain === 'shed' ? ALL : undefined, open: plain === 'open', hosts }
}

const shedsMore = (wanted: Doing, done: Doing): boolean =>
  wanted.shedUpTo !== undefined && (done.shedUpTo === undefined || wanted.shedUpTo < done.shedUpTo)

/** What is to be done now, and what is done in all then: a later warning may ask for more, and never for less. */
export function addedTo(done: Doing, wanted: Doing): { readonly added: Doing; readonly all: Doing } {
  const sheds = shedsMore(wanted, done)
  return {
    added: {
      shedUpTo: sheds ? wanted.shedUpTo : undefined,
      open: wanted.open && !done.open,
      transfer: wanted.transfer && !done.transfer,
      start: wanted.start && !done.start,
      hosts: wanted.hosts,
    },
    all: {
      shedUpTo: sheds ? wanted.shedUpTo : done.shedUpTo,
      open: wanted.open || done.open,
      transfer: wanted.transfer || done.transfer,
      start: wanted.start || done.start,
      hosts: wanted.hosts || done.hosts,
    },
  }
}

/** `shed`, `shed+hosts`, `none`. */
export function wordsOfDoing({ shedUpTo, open, transfer, start, hosts }: Doing): string {
  const words = [
    ...(shedUpTo === undefined ? [] : ['shed']),
    ...(open ? ['open'] : []),
    ...(transfer ? ['transfer'] : []),
    ...(start ? ['start'] : []),
    ...(hosts ? ['hosts'] : []),
  ]
  return words.join('+') || 'none'
}

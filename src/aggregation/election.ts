// Which member of a group aggregates.
//
//                 lease ran out, own turn             term is durable
//   member ─────────────────────────────► claiming ─────────────────────► aggregator
//     ▲                                      │ somebody else's claim          │ higher term, or same term
//     └──────────────────────────────────────┴────────────────────────────────┘ and better rank
//
// An aggregator's beats are its lease. When they stop, the members left wait one turn for each member that ranks before
// them, and the first whose turn it is claims the next term. Nobody counts votes: two aggregators at once, as in a
// partition, cost traffic and nothing else, because records are counted once. When they hear each other, the higher term
// stays, and in the same term the better rank.

import { z } from 'zod'
import { decodedOnce } from '../../topology/cbor.ts'
import { after, type Duration, duration, type Instant, instant } from '../../topology/units.ts'
import { codec, countField, nameField } from './codec.ts'
import { byRank, type Candidate, MAX_FITNESS } from './rank.ts'

export interface ElectionSettings {
  readonly ied: string
  readonly group: string
  /** The admitted members, with or without this one. Beats of others are ignored. */
  readonly members: ReadonlySet<string>
  readonly memberBeat: Duration
  readonly aggregatorBeat: Duration
  /** From an aggregator's last beat until it counts as gone. */
  readonly lease: Duration
  /** When no beat has come for so long, a member asks for one by speaking out of turn, and then each `nudge` again. */
  readonly nudgeAfter: Duration
  readonly nudge: Duration
  /** How long each member waits for every one that ranks before it. */
  readonly turn: Duration
  /** No member waits for more than so many. */
  readonly maxTurns: number
  /** From a member's last beat until it counts as gone. */
  readonly alive: Duration
  /** A beat further above the term than this is refused. */
  readonly maxTermJump: number
  /** An aggregator gives way to a member that is fitter by so many steps, after it has served this long. */
  readonly handOverSteps: number
  readonly tenure: Duration
}

/** Two lost beats of three do not end a lease, nor does a loss of one in five for long, thanks to nudges; lease and turns end within 1.8 s, so a new term begins within two. */
export const electionDefaults = {
  memberBeat: duration(2_000),
  aggregatorBeat: duration(400),
  lease: duration(1_200),
  nudgeAfter: duration(500),
  nudge: duration(150),
  turn: duration(200),
  maxTurns: 3,
  alive: duration(6_500),
  maxTermJump: 1_000,
  handOverSteps: 2,
  tenure: duration(60_000),
} as const

export interface Beat {
  readonly group: string
  readonly ied: string
  readonly term: number
  /** `leaving` releases the lease of an aggregator, and takes a member off the list. */
  readonly role: 'member' | 'aggregator' | 'leaving'
  readonly fitness: number
}

interface Peer {
  readonly fitness: number
  readonly heardAt: Instant
}

type Phase =
  /** `following` until the lease ends, then vacant since that moment. */
  | {
      readonly phase: 'member'
      readonly following?: string
      readonly leaseEnd: Instant
      /** When this member lets itself be heard out of turn, should no beat come until then: it asks for one. */
      readonly nudgeAt?: Instant
    }
  | { readonly phase: 'claiming'; readonly term: number }
  | { readonly phase: 'aggregator'; readonly since: Instant }
  | { readonly phase: 'left' }

export type ElectionState = Phase & {
  /** The highest term accepted so far. */
  readonly term: number
  readonly fitness: number
  readonly peers: ReadonlyMap<string, Peer>
  readonly nextBeat: Instant
  readonly lastBeat: Instant
  /** How far terms are accepted now, and until when that stays. */
  readonly reach: { readonly term: number; readonly until: Instant }
  /** Aggregator beats up to this term are echoes of one that has stepped down. */
  readonly releasedTerm: number
}

export type ElectionEvent =
  | { readonly kind: 'beat'; readonly beat: Beat }
  /** The link to it is lost. It may live on. */
  | { readonly kind: 'peerLost'; readonly ied: string }
  | { readonly kind: 'fitness'; readonly fitness: number }
  /** The term of an action `persistTerm` would survive a power cut. */
  | { readonly kind: 'termPersisted'; readonly term: number }
  | { readonly kind: 'tick' }
  | { readonly kind: 'leave' }

export type ElectionAction =
  | { readonly kind: 'announce'; readonly beat: Beat }
  /** Write it durably, then feed `termPersisted`. A claim is announced only after that. */
  | { readonly kind: 'persistTerm'; readonly term: number }
  | { readonly kind: 'becameAggregator'; readonly term: number }
  | { readonly kind: 'steppedDown'; readonly term: number }
  /** Whom this member follows now; undefined: nobody. */
  | { readonly kind: 'following'; readonly ied: string | undefined; readonly term: number }
  | { readonly kind: 'refused'; readonly ied: string; readonly reason: 'notMember' | 'termJump' | 'ourName' }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface ElectionStep {
  readonly state: ElectionState
  readonly actions: readonly ElectionAction[]
}

/** @param term the last one persisted, 0 at the first start */
export const electionStart = (
  settings: ElectionSettings,
  term: number,
  fitness: number,
  now: Instant,
): ElectionState => ({
  phase: 'member',
  leaseEnd: after(now, settings.lease), // time to hear of an aggregator before claiming
  term,
  fitness,
  peers: new Map(),
  nextBeat: now,
  lastBeat: now,
  reach: { term: term + settings.maxTermJump, until: now },
  releasedTerm: 0,
})

/** The first event after the start is a tick. */
export const election =
  (settings: ElectionSettings) =>
  (state: ElectionState, event: ElectionEvent, now: Instant): ElectionStep => {
    if (state.phase === 'left') return { state, actions: [] }
    switch (event.kind) {
      case 'beat':
        return settle(settings, hear(settings, state, event.beat, now), now)
      case 'peerLost':
        return settle(settings, lose(settings, state, event.ied, now), now)
      case 'fitness':
        return settle(settings, stay({ ...state, fitness: event.fitness }), now)
      case 'termPersisted':
        return settle(settings, takeOffice(state, event.term, now), now)
      case 'tick':
        return settle(settings, stay(state), now)
      case 'leave':
        return leave(settings, state)
    }
  }

/** The members heard alive and this one, best first. */
export function ranked(settings: ElectionSettings, { fitness, peers }: ElectionState): Candidate[] {
  const others = [...peers].map(([ied, peer]) => ({ ied, fitness: peer.fitness }))
  return [{ ied: settings.ied, fitness }, ...others].sort(byRank(settings.group))
}

/** Whom to send to or be pulled by. */
export const aggregatorOf = (settings: ElectionSettings, state: ElectionState): string | undefined =>
  state.phase === 'aggregator' ? settings.ied : state.phase === 'member' ? state.following : undefined

function hear(settings: ElectionSettings, state: ElectionState, beat: Beat, now: Instant): ElectionStep {
  const { ied } = beat
  if (beat.group !== settings.group || !settings.members.has(ied)) return refuse(state, ied, 'notMember')
  if (ied === settings.ied) return refuse(state, ied, 'ourName') // two devices with one name, or our own echo
  if (beat.role === 'leaving') return depart(state, beat, now)
  if (beat.term > state.reach.term) return widen(settings, state, ied, now)

  const isNudge = now < after(state.peers.get(ied)?.heardAt ?? instant(0), duration(settings.memberBeat / 2))
  const peers = new Map(state.peers).set(ied, { fitness: beat.fitness, heardAt: now })
  const heard = { ...(isNudge && beat.role === 'member' ? nudged(settings, state) : state), peers }
  const raised = beat.term > state.term ? raise(settings, heard, beat.term, now) : stay(heard)
  return beat.role === 'aggregator' ? then(raised, follow(settings, raised.state, beat, now)) : raised
}

/** A member that speaks so soon again has missed our beats. However many do, beats are no closer than a nudge. */
const nudged = (settings: ElectionSettings, state: ElectionState): ElectionState =>
  state.phase === 'aggregator'
    ? { ...state, nextBeat: earlier(state.nextBeat, after(state.lastBeat, settings.nudge)) }
    : state

/**
 * The beat is refused, and what is accepted widens by one jump, once per lease at most. So a device that was away for
 * very long, or begins with an empty store, still finds its way to the group's term, and no single beat can carry a term
 * far enough to use the numbers up.
 */
function widen(settings: ElectionSettings, state: ElectionState, ied: string, now: Instant): ElectionStep {
  const refused = refuse(state, ied, 'termJump')
  if (now < state.reach.until) return refused
  const reach = { term: state.reach.term + settings.maxTermJump, until: after(now, settings.lease) }
  return { ...refused, state: { ...state, reach } }
}

/** Somebody knows a higher term: whatever we held under a lower one is over. */
function raise(settings: ElectionSettings, state: ElectionState, term: number, now: Instant): ElectionStep {
  const reach = { term: term + settings.maxTermJump, until: state.reach.until }
  const next = asMember(state, { leaseEnd: after(now, settings.lease) })
  const lost: ElectionAction[] =
    state.phase === 'member' && state.following ? [{ kind: 'following', ied: undefined, term }] : []
  const actions: ElectionAction[] = [{ kind: 'persistTerm', term }, ...steppedDown(state), ...lost]
  return { state: { ...next, term, reach }, actions }
}

/** A beat of an aggregator in our own term or, by now, an older one. */
function follow(settings: ElectionSettings, state: ElectionState, beat: Beat, now: Instant): ElectionStep {
  if (beat.term < state.term || beat.term <= state.releasedTerm) return stay(state)
  const rival = state.phase === 'aggregator' ? settings.ied : state.phase === 'member' ? state.following : undefined
  if (rival !== undefined && rival !== beat.ied && !ranksBefore(settings, state, beat, rival)) return stay(state)
  const isNew = state.phase !== 'member' || state.following !== beat.ied
  const next = asMember(state, {
    following: beat.ied,
    leaseEnd: after(now, settings.lease),
    nudgeAt: after(now, settings.nudgeAfter),
  })
  const actions: ElectionAction[] = [
    ...steppedDown(state),
    ...(isNew ? [{ kind: 'following', ied: beat.ied, term: beat.term } as const] : []),
  ]
  return { state: next, actions }
}

function ranksBefore(settings: ElectionSettings, state: ElectionState, beat: Beat, rival: string): boolean {
  const fitness = rival === settings.ied ? state.fitness : (state.peers.get(rival)?.fitness ?? 0)
  return byRank(settings.group)(beat, { ied: rival, fitness }) < 0
}

/** It says goodbye. If it was our aggregator the place is vacant at once. */
function depart(state: ElectionState, beat: Beat, now: Instant): ElectionStep {
  const peers = new Map(state.peers)
  peers.delete(beat.ied)
  const isOurs = state.phase === 'member' && state.following === beat.ied && beat.term >= state.term
  if (!isOurs) return stay({ ...state, peers })
  const next = asMember(state, { leaseEnd: now })
  return {
    state: { ...next, peers, releasedTerm: state.term },
    actions: [{ kind: 'following', ied: undefined, term: state.term }],
  }
}

function lose(settings: ElectionSettings, state: ElectionState, ied: string, now: Instant): ElectionStep {
  const peers = new Map(state.peers)
  peers.delete(ied)
  if (state.phase !== 'member' || state.following !== ied) return stay({ ...state, peers })
  // Perhaps only our link is down and its beats come another way: give it one beat's time.
  const soon = after(now, settings.aggregatorBeat)
  return stay({ ...state, peers, leaseEnd: earlier(soon, state.leaseEnd) })
}

function takeOffice(state: ElectionState, term: number, now: Instant): ElectionStep {
  if (state.phase !== 'claiming' || state.term !== term) return stay(state) // overtaken meanwhile
  const { term: _, ...rest } = state
  const next: ElectionState = { ...rest, term, phase: 'aggregator', since: now, nextBeat: now }
  return { state: next, actions: [{ kind: 'becameAggregator', term }] }
}

function leave(settings: ElectionSettings, state: ElectionState): ElectionStep {
  const actions: ElectionAction[] = [announce(settings, state, 'leaving'), ...steppedDown(state)]
  return { state: { ...common(state), phase: 'left' }, actions }
}

/** What is due by now, and when to come again. */
function settle(settings: ElectionSettings, step: ElectionStep, now: Instant): ElectionStep {
  let result = then(step, forget(settings, step.state, now))
  result = then(result, giveWay(settings, result.state, now))
  result = then(result, claim(settings, result.state, now))
  result = then(result, beat(settings, result.state, now))
  return {
    state: result.state,
    actions: [...result.actions, { kind: 'wake', at: nextDeadline(settings, result.state) }],
  }
}

/** Silent members, and an aggregator whose lease is over, wait for nothing more. */
function forget(settings: ElectionSettings, state: ElectionState, now: Instant): ElectionStep {
  const gone = state.phase === 'member' && now >= state.leaseEnd ? state.following : undefined
  const isAlive = (ied: string, { heardAt }: Peer): boolean => ied !== gone && now < after(heardAt, settings.alive)
  const peers = allOf(state.peers, isAlive)
  if (gone === undefined || state.phase !== 'member') return stay(peers === state.peers ? state : { ...state, peers })
  const next = { ...asMember(state, { leaseEnd: state.leaseEnd }), peers }
  return { state: next, actions: [{ kind: 'following', ied: undefined, term: state.term }] }
}

/** The same map where all of them stay: this is asked with each beat of each member. */
function allOf(
  peers: ReadonlyMap<string, Peer>,
  stays: (ied: string, peer: Peer) => boolean,
): ReadonlyMap<string, Peer> {
  for (const [name, each] of peers) {
    if (!stays(name, each)) return new Map([...peers].filter(([ied, peer]) => stays(ied, peer)))
  }
  return peers
}

/** Much fitter members do not claim from a healthy aggregator; it hands over when it sees them. */
function giveWay(settings: ElectionSettings, state: ElectionState, now: Instant): ElectionStep {
  if (state.phase !== 'aggregator' || now < after(state.since, settings.tenure)) return stay(state)
  const isMuchFitter = [...state.peers.values()].some(peer => peer.fitness >= state.fitness + settings.handOverSteps)
  if (!isMuchFitter) return stay(state)
  const next = { ...asMember(state, { leaseEnd: now }), releasedTerm: state.term, nextBeat: now }
  return { state: next, actions: [announce(settings, state, 'leaving'), ...steppedDown(state)] }
}

function claim(settings: ElectionSettings, state: ElectionState, now: Instant): ElectionStep {
  if (state.phase !== 'member' || state.following !== undefined || now < ownTurn(settings, state, state.leaseEnd))
    return stay(state)
  const term = state.term + 1
  const reach = { term: Math.max(state.reach.term, term + settings.maxTermJump), until: state.reach.until }
  return { state: { ...common(state), phase: 'claiming', term, reach }, actions: [{ kind: 'persistTerm', term }] }
}

function ownTurn(settings: ElectionSettings, state: ElectionState, vacantSince: Instant): Instant {
  const before = ranked(settings, state).findIndex(({ ied }) => ied === settings.ied)
  return after(vacantSince, duration(settings.turn * Math.min(before, settings.maxTurns)))
}

function beat(settings: ElectionSettings, state: ElectionState, now: Instant): ElectionStep {
  if (now < nextSaid(state) || state.phase === 'left') return stay(state)
  const isAggregator = state.phase === 'aggregator'
  const nextBeat = after(now, isAggregator ? settings.aggregatorBeat : settings.memberBeat)
  const next =
    state.phase === 'member' && state.nudgeAt !== undefined
      ? { nudgeAt: instant(Math.max(state.nudgeAt, after(now, settings.nudge))) }
      : {}
  return {
    state: { ...state, ...next, nextBeat, lastBeat: now },
    actions: [announce(settings, state, isAggregator ? 'aggregator' : 'member')],
  }
}

function nextDeadline(settings: ElectionSettings, state: ElectionState): Instant {
  if (state.phase !== 'member') return state.nextBeat
  const deadline = state.following === undefined ? ownTurn(settings, state, state.leaseEnd) : state.leaseEnd
  return earlier(deadline, nextSaid(state))
}

const nextSaid = (state: ElectionState): Instant =>
  state.phase === 'member' && state.following !== undefined && state.nudgeAt !== undefined
    ? earlier(state.nextBeat, state.nudgeAt)
    : state.nextBeat

const earlier = (one: Instant, other: Instant): Instant => instant(Math.min(one, other))

const stay = (state: ElectionState): ElectionStep => ({ state, actions: [] })

const then = (first: ElectionStep, second: ElectionStep): ElectionStep => ({
  state: second.state,
  actions: [...first.actions, ...second.actions],
})

/** What a state holds in every phase. */
const common = ({ term, fitness, peers, nextBeat, lastBeat, reach, releasedTerm }: ElectionState) => ({
  term,
  fitness,
  peers,
  nextBeat,
  lastBeat,
  reach,
  releasedTerm,
})

const asMember = (
  state: ElectionState,
  place: { following?: string; leaseEnd: Instant; nudgeAt?: Instant },
): ElectionState => ({
  ...common(state),
  phase: 'member',
  ...place,
})

const steppedDown = ({ phase, term }: ElectionState): ElectionAction[] =>
  phase === 'aggregator' ? [{ kind: 'steppedDown', term }] : []

const refuse = (state: ElectionState, ied: string, reason: 'notMember' | 'termJump' | 'ourName'): ElectionStep => ({
  state,
  actions: [{ kind: 'refused', ied, reason }],
})

function announce(
  settings: ElectionSettings,
  { term, fitness, phase }: ElectionState,
  role: Beat['role'],
): ElectionAction {
  const { group, ied } = settings
  // A claim that is not durable yet is nobody's business.
  return { kind: 'announce', beat: { group, ied, term: phase === 'claiming' ? term - 1 : term, role, fitness } }
}

const beatSchema = z.strictObject({
  group: z.string().min(1).max(200),
  ied: nameField,
  term: countField,
  role: z.enum(['member', 'aggregator', 'leaving']),
  fitness: z.int().min(0).max(MAX_FITNESS),
})

const plainCodec = codec<Beat>('election beat', beatSchema, 512)
export const beatCodec = { ...plainCodec, decode: decodedOnce(plainCodec.decode) }

// Restoration as the IED of one open device leads it: a tie, or the device that tripped and locked out. Who has the dark
// part on one side and a live one on the other may feed it; no IED is special, and none is configured to lead.
//
//          dark                gathered: go              all granted             all open
//   idle ───────► looking ───────────────► reserving ───────────────► opening ─────────────┐
//    ▲  over        ▲ │ ▲                     │ refused                  │ one failed        │
//    │◄──────────   │ │ └─────────────────────┼──────── failed ◄─────────┘                   │
//    │              │ ▼ wait, nothing         ▼ release all                                  ▼
//    │              pausing ◄─────────────────┘                    looking again: all as planned, by fresh facts
//    │                                                                                       │
//    └──────────── done: release ◄────────────────────── closing ◄───────────────────────────┘
//                  not, or perhaps closed: stopped
//
// The order of things is what makes it safe. Facts are asked for and answered, never remembered. Every device that bounds
// the dark part in the feeder file, and every one on the supplying path, has granted this incident before anything is
// operated. What had to open has been read back, and after all grants and openings the facts are gathered once more: only
// when they still say the same, with nothing left to open, does the device close. It does so once: whatever comes of it,
// this incident does not try again. Anything that is refused, late or unknown leaves the device open.

import { after, type Duration, duration, type Instant } from '../../../topology/units.ts'
import type {
  Decide,
  Decision,
  HeldGrant,
  SequenceAction,
  SequenceEvent,
  SequenceState,
  SequenceStep,
} from './sequence-types.ts'

export interface SequenceSettings {
  readonly device: string
  /** Of incidents that it leads: `<ied>/<boot epoch>`. */
  readonly incidentPrefix: string
  /** Orders equals apart: who was refused comes again after this. */
  readonly patience: Duration
  readonly decide: Decide
}

/** For so long a device is asked for. Openings of a chain of devices, with their travel, fit in it. */
export const GRANT_LIFETIME = duration(10_000)
/** A grant that ends sooner is renewed before it is relied on; and no closing begins in its last second. */
const RENEW_WITHIN = duration(4000)
export const CLOSE_MARGIN = duration(1000)
/** Between two looks while nothing is ripe. News comes sooner. */
const LOOK_AGAIN = duration(1000)
/** What has not become ripe within half a minute waits for a person, or for somebody to be heard of again. */
const LOOK_LATER = duration(5000)
const SOON = duration(30_000)
/** Whoever is to close has acted by then, or the next one does. */
const TAKE_OVER = duration(8000)
/** What was asked has been answered or given up by then; else the incident ends here. */
const STEP_LIMIT = duration(15_000)
/** Of looks that led to reserving, in one incident: a feeder that goes on changing is a person's business. */
const MOST_ROUNDS = 24
/** From the first look; S&C's loop restoration calls it the maximum time to restoration. */
const MOST_TIME = duration(10 * 60_000)

export const idleSequence: SequenceState = { phase: 'idle', count: 0, round: 0 }

type Running = Exclude<SequenceState, { readonly phase: 'idle' | 'stopped' }>
type Phase<P> = Extract<SequenceState, { readonly phase: P }>

export const restorationSequence = (settings: SequenceSettings) => {
  const { device, incidentPrefix, decide } = settings

  return function step(state: SequenceState, event: SequenceEvent, now: Instant): SequenceStep {
    switch (event.kind) {
      case 'dark':
        return state.phase === 'idle' ? begin(state, now) : stay(state)
      case 'over':
        return over(state, event.why)
      case 'news':
        return state.phase === 'pausing' ? look(state, now) : stay(state)
      case 'gathered':
        return state.phase === 'looking' && state.round === event.round ? gathered(state, event, now) : stay(state)
      case 'reserved':
        return state.phase === 'reserving' && state.round === event.round ? reserved(state, event, now) : stay(state)
      case 'opened':
        return state.phase === 'opening' && state.round === event.round ? opened(state, event, now) : stay(state)
      case 'shed':
        return state.phase === 'shedding' && state.round === event.round ? shed(state, event, now) : stay(state)
      case 'closed':
        return state.phase === 'closing' ? closed(state, event, now) : stay(state)
      case 'tick':
        return tick(state, now)
    }
  }

  function begin({ count, round }: Phase<'idle'>, now: Instant): SequenceStep {
    const loads = { shed: new Set<string>(), notShed: new Set<string>() }
    const fresh = { begunAt: now, grants: new Map(), failed: new Map(), opened: [], rounds: 0, travelMs: 0, ...loads }
    const incident = `${incidentPrefix}/${count + 1}`
    return look({ ...fresh, phase: 'pausing', incident, count: count + 1, round, until: now }, now)
  }

  function look(state: Running, now: Instant): SequenceStep {
    const round = state.round + 1
    const deadline = after(now, STEP_LIMIT)
    return {
      state: { ...incidentOf(state), phase: 'looking', count: state.count, round, deadline },
      actions: [
        { kind: 'gather', round },
        { kind: 'wake', at: deadline },
      ],
    }
  }

  function gathered(state: Phase<'looking'>, { facts }: SequenceEvent & { kind: 'gathered' }, now: Instant) {
    if (now - state.begunAt > MOST_TIME) return stop(state, 'the time for restoration is over')
    const decision = decide({ facts, failed: state.failed, shed: state.shed, notShed: state.notShed })
    if (decision.kind !== 'go') return pause(state, decision, now)
    if (state.rounds >= MOST_ROUNDS)
      return stop(state, `it has looked ${MOST_ROUNDS} times, and the feeder goes on changing`)
    const { leader: _, ...rest } = state
    const known = { ...rest, rounds: state.rounds + 1, knownAt: state.knownAt ?? now }
    const wanting = decision.grants.filter(each => !isFresh(state.grants.get(each), now))
    if (wanting.length > 0) return reserve(known, decision, wanting, now)
    if (decision.sheds.length > 0) return askToShed(known, decision.sheds, now)
    if (decision.opens.length > 0) return open(known, decision.opens, now)
    return close(known, decision, now)
  }

  function pause(state: Phase<'looking'>, decision: Exclude<Decision, { kind: 'go' }>, now: Instant): SequenceStep {
    const actions: SequenceAction[] = [...release(state)]
    if (state.said !== decision.why && decision.kind === 'wait') {
      actions.push(report('restoration-waits', state.incident, { why: decision.why }))
    }
    const named = decision.kind === 'wait' ? decision.leader : undefined
    const leader =
      named === undefined ? undefined : state.leader?.device === named ? state.leader : { device: named, since: now }
    const isSlow = leader !== undefined && now - leader.since >= TAKE_OVER
    const failed = isSlow ? new Map(state.failed).set(leader.device, 'it has not acted') : state.failed
    const { leader: _, ...rest } = incidentOf(state)
    const until = after(now, now - state.begunAt > SOON ? LOOK_LATER : LOOK_AGAIN)
    return {
      state: {
        ...rest,
        ...(leader === undefined ? {} : { leader }),
        grants: new Map(),
        failed,
        said: decision.why,
        phase: 'pausing',
        count: state.count,
        round: state.round,
        until,
      },
      actions: [...actions, { kind: 'wake', at: until }],
    }
  }

  // Everybody that bounds the dark part, or supplies it ----------------------------------------------------------------

  function reserve(
    state: Phase<'looking'>,
    { opens, sheds, grants }: Decision & { kind: 'go' },
    wanting: readonly string[],
    now: Instant,
  ): SequenceStep {
    const round = state.round + 1
    const deadline = after(now, STEP_LIMIT)
    const isFirst = state.grants.size === 0
    return {
      state: { ...incidentOf(state), phase: 'reserving', count: state.count, round, deadline, opens, sheds, from: now },
      actions: [
        ...(isFirst ? [report('restoration-begins', state.incident, { device, grants })] : []),
        { kind: 'reserve', round, incident: state.incident, devices: wanting, lifetime: GRANT_LIFETIME },
        { kind: 'wake', at: deadline },
      ],
    }
  }

  function reserved(state: Phase<'reserving'>, { results }: SequenceEvent & { kind: 'reserved' }, now: Instant) {
    const grants = new Map<string, HeldGrant>(state.grants)
    const refusals: string[] = []
    for (const [of, result] of results) {
      if ('fence' in result) grants.set(of, { fence: result.fence, until: after(state.from, GRANT_LIFETIME) })
      else refusals.push(`${of}: ${result.refused}`)
    }
    if (refusals.length > 0) {
      // Whoever else leads may want what is held here: nobody waits holding on.
      const until = after(now, settings.patience)
      const why = refusals.join('; ')
      const released = release({ ...state, grants })
      return {
        state: {
          ...incidentOf(state),
          grants: new Map(),
          said: why,
          phase: 'pausing' as const,
          count: state.count,
          round: state.round,
          until,
        },
        actions: [
          ...released,
          ...(state.said === why ? [] : [report('restoration-waits', state.incident, { why })]),
          { kind: 'wake' as const, at: until },
        ],
      }
    }
    const all = { ...state, grants }
    if (state.sheds.length > 0) return askToShed(all, state.sheds, now)
    return state.opens.length > 0 ? open(all, state.opens, now) : look(all, now)
  }

  /** What does not go off is counted in full from now on, and then the plan may feed less. */
  function askToShed(state: Running, loads: readonly string[], now: Instant): SequenceStep {
    const round = state.round + 1
    const deadline = after(now, STEP_LIMIT)
    return {
      state: {
        ...incidentOf(state),
        phase: 'shedding',
        count: state.count,
        round,
        deadline,
        opens: [],
        from: now,
      },
      actions: [
        { kind: 'shed', round, incident: state.incident, loads },
        { kind: 'wake', at: deadline },
      ],
    }
  }

  function shed(state: Phase<'shedding'>, { results }: SequenceEvent & { kind: 'shed' }, now: Instant): SequenceStep {
    const done = new Set(state.shed)
    const notShed = new Set(state.notShed)
    const actions: SequenceAction[] = []
    let slowestMs = 0
    for (const [load, result] of results) {
      if ('travelMs' in result) {
        done.add(load)
        slowestMs = Math.max(slowestMs, result.travelMs)
        continue
      }
      notShed.add(load)
      actions.push(report('alarm', state.incident, { alarm: 'shedding-failed', load, reason: result.failed }))
    }
    const loads = [...results.keys()].filter(load => done.has(load))
    if (loads.length > 0) actions.push(report('loads-shed', state.incident, { loads, travelMs: Math.round(slowestMs) }))
    const next = look({ ...state, shed: done, notShed, travelMs: state.travelMs + slowestMs }, now)
    return { state: next.state, actions: [...actions, ...next.actions] }
  }

  function open(state: Running, opens: readonly string[], now: Instant): SequenceStep {
    const round = state.round + 1
    const deadline = after(now, STEP_LIMIT)
    const devices = opens.map(of => ({ device: of, fence: state.grants.get(of)?.fence ?? 0 }))
    return {
      state: { ...incidentOf(state), phase: 'opening', count: state.count, round, deadline, opens, from: now },
      actions: [
        { kind: 'open', round, incident: state.incident, devices },
        { kind: 'wake', at: deadline },
      ],
    }
  }

  /** What did not open is left out from now on, and the next ones out take its place. */
  function opened(
    state: Phase<'opening'>,
    { results }: SequenceEvent & { kind: 'opened' },
    now: Instant,
  ): SequenceStep {
    const failed = new Map(state.failed)
    const done: string[] = []
    const actions: SequenceAction[] = []
    let slowestMs = 0
    for (const [of, result] of results) {
      if ('travelMs' in result) {
        done.push(of)
        slowestMs = Math.max(slowestMs, result.travelMs)
        continue
      }
      failed.set(of, result.failed)
      actions.push(report('alarm', state.incident, { alarm: 'isolation-failed', device: of, reason: result.failed }))
    }
    if (done.length > 0)
      actions.push(report('isolated', state.incident, { devices: done, travelMs: Math.round(slowestMs) }))
    const travelMs = state.travelMs + slowestMs
    const next = look({ ...state, failed, opened: [...state.opened, ...done], travelMs }, now)
    return { state: next.state, actions: [...actions, ...next.actions] }
  }

  function close(state: Phase<'looking'>, { feeds }: Decision & { kind: 'go' }, now: Instant): SequenceStep {
    const held = [...state.grants.values()].map(({ until }) => until)
    const before = (Math.min(...held) - CLOSE_MARGIN) as Instant
    const fence = state.grants.get(device)?.fence
    if (fence === undefined) return stop(state, 'invariant: the own device has not granted the incident')
    return {
      state: { ...incidentOf(state), phase: 'closing', count: state.count, round: state.round, feeds },
      actions: [
        report('restoration-closes', state.incident, {
          device,
          feeds,
          decidedMs: Math.round(now - (state.knownAt ?? now)),
        }),
        { kind: 'close', incident: state.incident, fence, feeds, before },
      ],
    }
  }

  function closed(
    state: Phase<'closing'>,
    { result, why, travelMs: closeMs }: SequenceEvent & { kind: 'closed' },
    now: Instant,
  ) {
    const { count, round, incident, feeds, opened: isolated, knownAt = now } = state
    if (result === 'done') {
      const travelMs = state.travelMs + closeMs
      const times = {
        ms: Math.round(now - knownAt),
        travelMs: Math.round(travelMs),
        decisionMs: Math.round(now - knownAt - travelMs),
        darkMs: Math.round(now - state.begunAt),
      }
      return {
        state: { phase: 'idle' as const, count, round },
        actions: [report('restored', incident, { device, feeds, opened: isolated, ...times }), ...release(state)],
      }
    }
    // Perhaps it closes yet: what was granted stands until somebody asks, and is answered by what the device then shows.
    if (result === 'unknown') return stop({ ...state, grants: new Map() }, why)
    if (result === 'failed') return stop(state, why)
    return pause({ ...incidentOf(state), phase: 'looking', count, round, deadline: now }, { kind: 'wait', why }, now)
  }

  function over(state: SequenceState, why: string): SequenceStep {
    const { count, round } = state
    const idle = { phase: 'idle', count, round } as const
    // A closing under way ends by its own outcome.
    if (state.phase === 'closing' || state.phase === 'idle') return stay(state)
    if (state.phase === 'stopped') return { state: idle, actions: [] }
    const begun = state.rounds > 0 ? [report('restoration-over', state.incident, { why })] : []
    return { state: idle, actions: [...begun, ...release(state)] }
  }

  function stop(state: Running, why: string): SequenceStep {
    return {
      state: { phase: 'stopped', count: state.count, round: state.round, why },
      actions: [
        report('alarm', state.incident, { alarm: 'restoration-stopped', device, reason: why }),
        ...release(state),
      ],
    }
  }

  function tick(state: SequenceState, now: Instant): SequenceStep {
    switch (state.phase) {
      case 'pausing':
        return now >= state.until ? look(state, now) : stay(state)
      case 'looking':
      case 'reserving':
      case 'shedding':
      case 'opening':
        return now >= state.deadline ? stop(state, `no end of ${state.phase} in ${STEP_LIMIT / 1000} s`) : stay(state)
      default:
        return stay(state)
    }
  }

  function report(event: string, incident: string, fields: Readonly<Record<string, unknown>>): SequenceAction {
    return { kind: 'report', event, fields: { incident, ...fields } }
  }
}

const stay = (state: SequenceState): SequenceStep => ({ state, actions: [] })

function incidentOf(state: Running) {
  const { incident, begunAt, grants, failed, opened, knownAt, leader, said, rounds, travelMs, shed, notShed } = state
  return {
    incident,
    begunAt,
    grants,
    failed,
    opened,
    rounds,
    travelMs,
    shed,
    notShed,
    ...(knownAt === undefined ? {} : { knownAt }),
    ...(leader === undefined ? {} : { leader }),
    ...(said === undefined ? {} : { said }),
  }
}

function release({ incident, grants }: Pick<Running, 'incident' | 'grants'>): SequenceAction[] {
  if (grants.size === 0) return []
  return [{ kind: 'release', incident, devices: new Map([...grants].map(([of, { fence }]) => [of, fence])) }]
}

const isFresh = (grant: HeldGrant | undefined, now: Instant): boolean =>
  grant !== undefined && grant.until - now > RENEW_WITHIN

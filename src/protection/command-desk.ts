// The command desk of one IED: what becomes of an order, from its arrival to its answer.
//
//   order ──► look ──► record that it begins ──► operate ──► look again ──► record the outcome ──► answer
//             │ interlock              │ not durable            │ no answer
//             ▼                        ▼                        ▼
//             refused                  refused                  unknown, with the position read back
//
// Before a closing it looks once more when the beginning is recorded, which may have taken seconds: an inhibit, a pickup
// or a switching elsewhere in between refuses it.
//
// A refusal stands: whoever was told that nothing is done can rely on it, so the same order is refused again, also when
// somebody on its way kept it and sends it once the interlock would allow it. Who still wants it orders anew.
//
// The number of an order is remembered durably before anything is operated, so an order that comes again, however often
// and also after a crash, is answered with what is known and never carried out again: with its outcome, with that of the
// operation under way, or, when a crash came between, with "unknown" and the position read now.
//
// Orders for the device go one at a time, others meanwhile get "busy"; so do those that change the agent, and those that
// need orders to other IEDs. Each phase has its time. What completes later than that changes nothing any more.
//
// Age is that of the order's ticket, which this IED gave out and measures on its own clock. A restart ends all tickets.
// So an order can only operate within its lifetime of this desk's own question, whatever UTC says here or there.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import { closingRefusal } from './closing-check.ts'
import { commandId, MAX_LIFETIME_MS, type Order, type Outcome, orderWords, type Reason } from './command.ts'
import type {
  Acted,
  DeskAction,
  DeskEvent,
  DeskState,
  Known,
  Lane,
  Phase,
  Running,
  Seen,
  Step,
} from './command-desk-events.ts'
import { ageRefusal } from './order-age.ts'
import { isDeviceVerb, type OrderedOperation } from './ordered-operation.ts'

export type { DeskAction, DeskEvent, DeskState }

/** After that its ticket has long ended, and the order would be refused without being remembered. */
const REMEMBERED = duration(MAX_LIFETIME_MS + 60_000)
/** Orders remembered at once. Beyond it new ones get "busy": nothing that may come again is forgotten for them. */
export const MAX_REMEMBERED = 512
/** Leaves room in an outcome for the word that it could not be recorded. */
const MAX_WORDS = 440
/** Repeats of one order that wait for its outcome. */
const MAX_WAITING = 16

export interface DeskSettings {
  readonly ied: string
  /** What the device does for a verb, or in words why it does not. */
  readonly operation: (verb: 'open' | 'close' | 'connect' | 'disconnect') => OrderedOperation | string
  /** The driver has no way to write. */
  readonly readOnly: boolean
  readonly patience: Readonly<Record<Phase, Duration>>
}

/**
 * As far as the device and the disk answer, all phases together stay below the ten seconds after which whoever asked hears
 * nothing; if they do not, the order is asked for again and the answer is here.
 */
export const deskPatience: DeskSettings['patience'] = {
  looking: duration(2000),
  beginning: duration(3000),
  checking: duration(2000),
  acting: duration(6000),
  'reading-back': duration(2000),
  concluding: duration(3000),
}

/** Orders to others take as long as theirs, one after the other for generators and switches. */
const PATIENCE: Readonly<Record<Lane, number>> = { device: 1, agent: 1, plan: 3 }

/** @param kept what the store had: orders with their outcome, and those that a crash interrupted without one */
export function deskStart(
  kept: Iterable<{ readonly id: string; readonly digest: string; readonly outcome?: Outcome }>,
  now: Instant,
): DeskState {
  const known = new Map<string, Known>()
  for (const { id, ...rest } of kept) known.set(id, { ...rest, until: after(now, REMEMBERED) })
  return { known, running: new Map(), steps: 0 }
}

export const commandDesk = (settings: DeskSettings) => {
  const { ied, patience } = settings

  const outcomeOf = (order: Order, acted: Acted, seen?: Seen): Outcome => ({
    command: commandId(order),
    ied,
    result: acted.result,
    words: acted.words.slice(0, MAX_WORDS),
    ...(acted.reason === undefined ? {} : { reason: acted.reason }),
    ...(seen?.position === undefined ? {} : { position: seen.position }),
    ...(seen?.shed === undefined ? {} : { shed: seen.shed }),
    ...(acted.parts === undefined ? {} : { parts: [...acted.parts] }),
    ...(acted.next === undefined ? {} : { next: acted.next }),
  })
  const refused = (reason: Reason, words: string): Acted => ({ result: 'refused', reason, words })
  /** Never "refused": it may be done, or being done. */
  const notYetKnown = (words: string): Acted => ({ result: 'unknown', words })

  return function step(state: DeskState, event: DeskEvent, now: Instant): Step {
    switch (event.kind) {
      case 'order':
        return receive(purged(state, now), event, now)
      case 'looked':
        return looked(state, event.step, event, now)
      case 'recorded':
        return recorded(state, event.step, event.durable, now)
      case 'acted':
        return acted(state, event.step, event, now)
      case 'tick':
        return late(state, now)
    }
  }

  // An order comes ------------------------------------------------------------------------------------------------------

  function receive({ state, actions }: Step, event: DeskEvent & { kind: 'order' }, now: Instant): Step {
    const { order, request } = event
    const next = accept(state, event, now)
    if ('state' in next) return { state: next.state, actions: [...actions, ...next.actions] }
    return { state, actions: [...actions, { kind: 'answer', requests: [request], outcome: outcomeOf(order, next) }] }
  }

  function accept(state: DeskState, event: DeskEvent & { kind: 'order' }, now: Instant): Step | Acted {
    const { order, digest, refusal, request } = event
    if (refusal !== undefined) return refused(refusal.reason, refusal.words)
    const id = commandId(order)
    const known = state.known.get(id)
    if (known !== undefined) {
      if (known.digest !== digest) return refused('id-taken', 'another order had this number')
      return repeated(state, id, known, event, now)
    }
    const old = ageRefusal(ied, event)
    // What has expired stays so; what is ahead of its time would not.
    if (old?.reason === 'from-the-future') return refusedForGood(old.reason, old.words)
    if (old !== undefined) return refused(old.reason, old.words)
    const operation = operationOf(order)
    if (operation !== undefined && 'result' in operation) return operation
    const lane = laneOf(order)
    const busyWith = state.running.get(lane)
    if (busyWith !== undefined)
      return refusedForGood('busy', `it is busy with another order: ${orderWords(busyWith.order)}`)
    if (state.known.size >= MAX_REMEMBERED) return refused('busy', `it has had ${MAX_REMEMBERED} orders lately`)
    const entry: Known = { digest, until: after(now, REMEMBERED) }
    const begun = { ...state, known: new Map(state.known).set(id, entry) }
    const job = { id, order, operation, waiting: [request] }
    return operation === undefined ? enter(begun, lane, job, 'beginning', now) : enter(begun, lane, job, 'looking', now)

    /** What would be allowed at another moment. In memory only: no ticket outlives a restart. */
    function refusedForGood(reason: Reason, words: string): Step | Acted {
      const acted = refused(reason, words)
      if (state.known.size >= MAX_REMEMBERED) return acted
      const outcome = outcomeOf(order, acted)
      const remembered = new Map(state.known).set(id, { digest, until: after(now, REMEMBERED), outcome })
      return { state: { ...state, known: remembered }, actions: [{ kind: 'answer', requests: [request], outcome }] }
    }
  }

  /** The order has been here before, perhaps before a crash. */
  function repeated(
    state: DeskState,
    id: string,
    known: Known,
    { order, request }: DeskEvent & { kind: 'order' },
    now: Instant,
  ) {
    const lane = laneOf(order)
    const running = state.running.get(lane)
    if (running?.id === id) {
      if (running.waiting.length >= MAX_WAITING) return notYetKnown('it is under way, and many ask for it: ask again')
      const joined = { ...running, waiting: [...running.waiting, request] }
      return { state: { ...state, running: new Map(state.running).set(lane, joined) }, actions: [] }
    }
    if (known.outcome !== undefined) {
      return { state, actions: [{ kind: 'answer' as const, requests: [request], outcome: known.outcome }] }
    }
    const words =
      'it was begun, and the agent was started again before its end: whether it was carried out is not known'
    if (running !== undefined) return notYetKnown(words)
    const job = { id, order, operation: undefined, waiting: [request], acted: { result: 'unknown' as const, words } }
    return isDeviceVerb(order.what.verb)
      ? enter(state, lane, job, 'reading-back', now)
      : enter(state, lane, { ...job, outcome: outcomeOf(order, job.acted) }, 'concluding', now)
  }

  function operationOf({ what: { verb } }: Order): OrderedOperation | Acted | undefined {
    if (!isDeviceVerb(verb)) return undefined
    const operation = settings.operation(verb)
    if (typeof operation === 'string') return refused('not-supported', operation)
    return settings.readOnly ? refused('read-only', `${ied} is configured read-only`) : operation
  }

  // And goes through its phases ----------------------------------------------------------------------------------------

  function looked(
    state: DeskState,
    at: number,
    { seen, around, held }: Pick<DeskEvent & { kind: 'looked' }, 'seen' | 'around' | 'held'>,
    now: Instant,
  ): Step {
    const found = find(state, at, ['looking', 'checking', 'reading-back'])
    if (found === undefined) return stay(state)
    const [lane, job] = found
    if (job.phase === 'reading-back') {
      const outcome = readBackOutcome(job, seen)
      return enter(state, lane, { ...job, outcome }, 'concluding', now)
    }
    const operation = job.operation as OrderedOperation
    const why =
      held ?? (isClosing(operation) ? closingRefusal({ ...standing(seen), of: operation.of, ...around }) : undefined)
    const refusal = why === undefined ? undefined : outcomeOf(job.order, refused('interlock', why), seen)
    if (job.phase === 'checking') {
      return refusal === undefined
        ? enter(state, lane, job, 'acting', now)
        : enter(state, lane, { ...job, outcome: refusal }, 'concluding', now)
    }
    if (refusal !== undefined) return end(state, lane, job, refusal)
    if (isAt(operation, seen)) {
      const words = `${operation.device} was ${stateWords(operation)} already`
      return enter(state, lane, { ...job, acted: { result: 'done', words } }, 'beginning', now)
    }
    return enter(state, lane, job, 'beginning', now)
  }

  function recorded(state: DeskState, at: number, durable: boolean, now: Instant): Step {
    const found = find(state, at, ['beginning', 'concluding'])
    if (found === undefined) return stay(state)
    const [lane, job] = found
    if (job.phase === 'concluding') return conclude(state, lane, job, durable)
    if (!durable) {
      const words = 'it cannot be recorded here, so it is not carried out'
      return end(state, lane, job, outcomeOf(job.order, refused('not-recorded', words)))
    }
    if (job.acted !== undefined) return enter(state, lane, job, 'reading-back', now)
    const isToBeChecked = job.operation !== undefined && isClosing(job.operation)
    return enter(state, lane, job, isToBeChecked ? 'checking' : 'acting', now)
  }

  function acted(state: DeskState, at: number, { result, words, reason, parts, next }: Acted, now: Instant): Step {
    const found = find(state, at, ['acting'])
    if (found === undefined) return stay(state)
    const [lane, job] = found
    const end: Acted = {
      result,
      words,
      ...(reason ? { reason } : {}),
      ...(parts ? { parts } : {}),
      ...(next ? { next } : {}),
    }
    return job.operation === undefined
      ? enter(state, lane, { ...job, outcome: outcomeOf(job.order, end) }, 'concluding', now)
      : enter(state, lane, { ...job, acted: end }, 'reading-back', now)
  }

  /** What the device shows afterwards counts more than what it said. */
  function readBackOutcome({ order, operation, acted }: Running, seen: Seen | undefined): Outcome {
    const said = acted as Acted
    if (operation === undefined || seen === undefined) return outcomeOf(order, said, seen)
    const { device } = operation
    if (isAt(operation, seen)) {
      if (said.result === 'done') return outcomeOf(order, said, seen)
      return outcomeOf(
        order,
        { result: 'done', words: `${device} is ${stateWords(operation)}; the device said: ${said.words}` },
        seen,
      )
    }
    if (said.result !== 'done') return outcomeOf(order, said, seen)
    return outcomeOf(
      order,
      { result: 'failed', words: `${device} was ${stateWords(operation)}, and was not when it was read back` },
      seen,
    )
  }

  /** Durable or not, this is what became of it. */
  function conclude(state: DeskState, lane: Lane, job: Running, durable: boolean): Step {
    const outcome = job.outcome as Outcome
    const said = durable ? outcome : { ...outcome, words: `${outcome.words} (this outcome could not be recorded)` }
    const entry = state.known.get(job.id)
    const known = entry === undefined ? state.known : new Map(state.known).set(job.id, { ...entry, outcome: said })
    return answered({ ...state, known }, lane, job, said)
  }

  /** Ends an order of which nothing was done. That is remembered, but not over a restart, which ends its ticket. */
  function end(state: DeskState, lane: Lane, job: Running, outcome: Outcome): Step {
    const entry = state.known.get(job.id) as Known
    const known = new Map(state.known).set(job.id, { ...entry, outcome })
    const { state: next, actions } = answered({ ...state, known }, lane, job, outcome)
    return { state: next, actions: [...actions, { kind: 'forget', ids: [job.id] }] }
  }

  function answered(state: DeskState, lane: Lane, { waiting }: Running, outcome: Outcome): Step {
    const running = new Map(state.running)
    running.delete(lane)
    return { state: { ...state, running }, actions: [{ kind: 'answer', requests: waiting, outcome }] }
  }

  // Time-outs ------------------------------------------------------------------------------------------------------------

  function late(state: DeskState, now: Instant): Step {
    const due = [...state.running.values()].find(({ deadline }) => now >= deadline)
    if (due === undefined) return stay(state)
    const first = timedOut(state, due, now)
    const rest = late(first.state, now)
    return { state: rest.state, actions: [...first.actions, ...rest.actions] }
  }

  function timedOut(state: DeskState, { phase, step: at, operation }: Running, now: Instant): Step {
    const within = `${patience[phase] / 1000} s`
    switch (phase) {
      case 'looking':
      case 'checking':
      case 'reading-back':
        // Nothing known about the surroundings either: a closing is refused, an opening goes on.
        return looked(
          state,
          at,
          { seen: undefined, around: { inhibited: false, joins: 'undecided', energised: 'unknown' } },
          now,
        )
      case 'beginning':
      case 'concluding':
        return recorded(state, at, false, now)
      case 'acting': {
        const who = operation?.device ?? ied
        return acted(state, at, { result: 'unknown', words: `${who} did not confirm within ${within}` }, now)
      }
    }
  }

  // Parts --------------------------------------------------------------------------------------------------------------

  type Job = Omit<Running, 'phase' | 'step' | 'deadline'>

  function enter(state: DeskState, lane: Lane, job: Job, phase: Phase, now: Instant): Step {
    const at = state.steps + 1
    const deadline = after(now, duration(patience[phase] * PATIENCE[lane]))
    const running = new Map(state.running).set(lane, { ...job, phase, step: at, deadline })
    return {
      state: { ...state, running, steps: at },
      actions: [actionOf(state, job, phase, at), { kind: 'wake', at: deadline }],
    }
  }

  function actionOf(state: DeskState, { id, order, operation, outcome }: Job, phase: Phase, at: number): DeskAction {
    const digest = state.known.get(id)?.digest ?? ''
    switch (phase) {
      case 'looking':
      case 'checking':
      case 'reading-back':
        return { kind: 'look', step: at, order, operation: phase === 'reading-back' ? undefined : operation }
      case 'beginning':
        return { kind: 'record', step: at, order, digest }
      case 'concluding':
        return { kind: 'record', step: at, order, digest, ...(outcome === undefined ? {} : { outcome }) }
      case 'acting':
        return operation === undefined
          ? { kind: 'act', step: at, order }
          : { kind: 'operate', step: at, operation: operation.operation, order }
    }
  }

  function find(state: DeskState, at: number, phases: readonly Phase[]): [Lane, Running] | undefined {
    return [...state.running].find(([, { step: own, phase }]) => own === at && phases.includes(phase))
  }
}

const stay = (state: DeskState): Step => ({ state, actions: [] })

const laneOf = ({ what: { verb } }: Order): Lane =>
  isDeviceVerb(verb) ? 'device' : verb === 'de-energise' || verb === 'site-test' ? 'plan' : 'agent'

function purged(state: DeskState, now: Instant): Step {
  const running = new Set([...state.running.values()].map(({ id }) => id))
  const ids = [...state.known].filter(([id, { until }]) => now >= until && !running.has(id)).map(([id]) => id)
  if (ids.length === 0) return stay(state)
  const known = new Map(state.known)
  for (const id of ids) known.delete(id)
  return { state: { ...state, known }, actions: [{ kind: 'forget', ids }] }
}

const isClosing = ({ operation }: OrderedOperation): boolean => operation === 'close' || operation === 'restore'

const TARGET = { open: 'open', close: 'closed', shed: true, restore: false } as const

/** As just read; of a silent device nothing is known. */
const standing = ({ position, pickup, dead, farDead, inSync = false }: Seen = {}) => ({
  position,
  pickup,
  dead,
  farDead,
  inSync,
})

function isAt({ operation, of }: OrderedOperation, seen: Seen | undefined): boolean {
  return (of === 'sheddable' ? seen?.shed : seen?.position) === TARGET[operation]
}

const STATE_WORDS = { open: 'open', close: 'closed', shed: 'off', restore: 'on' } as const
const stateWords = ({ operation, of }: OrderedOperation): string => {
  if (of === 'switch' || of === 'sheddable') return STATE_WORDS[operation]
  return operation === 'open' ? 'disconnected' : 'connected'
}

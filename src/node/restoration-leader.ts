// Carries out the restoration sequence of the IED of an open device: asks the others, and closes the own device after a last
// look at it. The decisions are in src/protection/restoration/{sequence,decision}.ts.

import { duration, type Instant } from '../../topology/units.ts'
import { HalError } from '../hal/port.ts'
import { darkSide, decideRestoration, liveSide } from '../protection/restoration/decision.ts'
import { planGroup } from '../protection/restoration/plan.ts'
import type { RestorationFacts } from '../protection/restoration/questions.ts'
import { idleSequence, restorationSequence } from '../protection/restoration/sequence.ts'
import type {
  SequenceAction,
  SequenceEvent,
  SequenceState,
  TeamFacts,
} from '../protection/restoration/sequence-types.ts'
import { operatorsOf, sidesOf, teamOf } from '../protection/restoration/team.ts'
import type { ComponentContext } from './component.ts'
import { operable } from './operable.ts'
import type { Question, RestorationCalls } from './restoration-calls.ts'
import type { RestorationDesk } from './restoration-desk.ts'
import type { RestorationSheds } from './restoration-sheds.ts'
import type { RestorationStore } from './restoration-store.ts'
import type { RestorationView } from './restoration-view.ts'

/** Whoever has not told what it sees by then counts as silent. */
const FACTS_MS = 1000
const RESERVE_MS = 1500
/** Travel of a device with its read-back. */
const OPEN_MS = 6000
/** A device that did not say whether it closed may do so yet for so long. */
const IN_DOUBT_MS = 6000
/** So that two who were refused do not come again at the same time. */
const PATIENCE_MS = [300, 700] as const

export interface RestorationLeader {
  /** The own device as it was last read, and whether this IED may lead. */
  seen(facts: TeamFacts, mayLead: boolean): void
  silent(): void
  news(): void
  mayStillClose(incident: string): boolean
  /** The own device is being closed for this incident. */
  isClosing(incident: string): boolean
  /** Devices of the team of an incident here, for whoever is to be told. */
  around(): readonly string[]
  state(): SequenceState
  stop(): void
}

export interface LeaderPorts {
  readonly device: string
  readonly view: RestorationView
  readonly kept: RestorationStore
  readonly calls: RestorationCalls
  readonly sheds: Pick<RestorationSheds, 'shed' | 'feeding'>
  desk(): RestorationDesk
  /** Fresh from the device. @throws HalError */
  look(): Promise<TeamFacts>
}

export function restorationLeader(context: ComponentContext, ports: LeaderPorts): RestorationLeader {
  const { clock, feeder, name, hal, chance } = context
  const { device, kept, calls, view } = ports
  const operators = operatorsOf(feeder.file)
  const sides = sidesOf(feeder, device)
  let team: readonly string[] = []
  let own: TeamFacts | undefined
  let closing: string | undefined
  /** Also of the start before this one, which may have ended in the middle of a closing. */
  const { attempted } = kept.get()
  let doubt: { readonly incident: string; readonly until: number } | undefined =
    attempted === undefined ? undefined : { incident: attempted, until: clock.now() + IN_DOUBT_MS }
  let stopped = false
  const wakes = new Set<() => void>()
  const [least, most] = PATIENCE_MS

  const step = restorationSequence({
    device,
    get incidentPrefix() {
      return `${name}/${context.epoch}`
    },
    patience: duration(least + chance() * (most - least)),
    decide({ facts, failed, shed, notShed }) {
      const before = view.before()
      if (before === undefined) return { kind: 'wait', why: 'it has not seen the feeder before the fault' }
      return decideRestoration({ feeder, before, device, team, facts, failed, shed, notShed, plan: planGroup })
    },
  })
  let state: SequenceState = idleSequence

  function feed(event: SequenceEvent): void {
    if (stopped) return
    const next = step(state, event, clock.now())
    state = next.state
    for (const action of next.actions) perform(action)
  }

  function perform(action: SequenceAction): void {
    switch (action.kind) {
      case 'gather':
        return void gather().then(facts => feed({ kind: 'gathered', round: action.round, facts }))
      case 'reserve':
        return void each(action.devices, of => reserve(of, action)).then(results =>
          feed({ kind: 'reserved', round: action.round, results }),
        )
      case 'open':
        return void each(
          action.devices.map(entry => entry.device),
          of => open(of, action),
        ).then(results => feed({ kind: 'opened', round: action.round, results }))
      case 'shed':
        return void ports.sheds
          .shed(action.incident, action.loads)
          .then(results => feed({ kind: 'shed', round: action.round, results }))
      case 'close':
        closing = action.incident
        return void close(action).then(outcome => {
          closing = undefined
          if (outcome.result === 'done') ports.sheds.feeding(action.feeds)
          feed({ kind: 'closed', ...outcome })
        })
      case 'release':
        for (const [of, fence] of action.devices) {
          void ask(of, { kind: 'release', incident: action.incident, device: of, fence }, RESERVE_MS)
        }
        return
      case 'report':
        return context.report(action.event, action.fields)
      case 'wake': {
        const cancel = clock.wakeAt(action.at, () => {
          wakes.delete(cancel)
          feed({ kind: 'tick' })
        })
        wakes.add(cancel)
      }
    }
  }

  async function each<T>(devices: readonly string[], job: (of: string) => Promise<T>): Promise<Map<string, T>> {
    return new Map(await Promise.all(devices.map(async of => [of, await job(of)] as const)))
  }

  /** The own device's desk is asked like all others. */
  function ask(of: string, question: Question, timeoutMs: number) {
    const ied = operators.get(of)
    if (ied === undefined) return Promise.resolve(undefined)
    if (ied !== name) return calls.ask(ied, question, timeoutMs)
    return ports
      .desk()
      .answer({ ...question, feeder: new Uint8Array(16) } as never, name)
      .catch(() => undefined)
  }

  async function gather(): Promise<Map<string, TeamFacts>> {
    team = askedNow()
    const told = await each(team, of => ask(of, { kind: 'facts' }, FACTS_MS))
    const facts = new Map<string, TeamFacts>()
    for (const [of, answer] of told) {
      if (answer?.kind === 'facts' && answer.device === of) facts.set(of, factsOf(answer))
    }
    return facts
  }

  /** Also those beyond what has been opened since the fault: they have seen it. */
  function askedNow(): readonly string[] {
    const dark = own === undefined ? undefined : darkSide(feeder, device, own)
    if (dark === undefined) return [device]
    const live = liveSide(feeder, device, dark)
    const then = view.before()
    return [
      ...new Set([
        ...teamOf(feeder, device, dark, live),
        ...(then === undefined ? [] : teamOf(then, device, dark, live)),
      ]),
    ]
  }

  function factsOf(told: RestorationFacts): TeamFacts {
    const { kind: _, device: of, nodeSideDead, sectionSideDead, ...rest } = told
    const { node, section } = sidesOf(feeder, of)
    return {
      ...rest,
      dead: {
        ...(nodeSideDead === undefined ? {} : { [node]: nodeSideDead }),
        ...(sectionSideDead === undefined ? {} : { [section]: sectionSideDead }),
      },
    }
  }

  async function reserve(of: string, { incident, lifetime }: SequenceAction & { kind: 'reserve' }) {
    const answer = await ask(of, { kind: 'reserve', incident, device: of, lifetimeMs: lifetime }, RESERVE_MS)
    if (answer?.kind === 'granted') return { fence: answer.fence }
    return { refused: answer?.kind === 'refused' ? answer.why : 'its IED does not answer' }
  }

  async function open(of: string, { incident, devices }: SequenceAction & { kind: 'open' }) {
    const fence = devices.find(entry => entry.device === of)?.fence ?? 0
    const answer = await ask(of, { kind: 'open', incident, device: of, fence }, OPEN_MS)
    if (answer?.kind === 'done') return { travelMs: answer.travelMs ?? 0 }
    return { failed: answer?.kind === 'refused' ? answer.why : 'its IED does not answer' }
  }

  // The own device -----------------------------------------------------------------------------------------------------

  type Outcome = Omit<SequenceEvent & { kind: 'closed' }, 'kind'>
  const notTried = (why: string): Outcome => ({ result: 'not-tried', why, travelMs: 0 })

  async function close({ incident, fence, before }: SequenceAction & { kind: 'close' }): Promise<Outcome> {
    try {
      // Before it closes: whatever happens next, it has had its attempt.
      await kept.change(was => ({ ...was, attempted: incident }))
      const why = await lastLook(incident, fence, before)
      if (why !== undefined) {
        await kept.change(({ attempted: _, ...rest }) => rest)
        return notTried(why)
      }
    } catch (error) {
      return notTried((error as Error).message)
    }
    const began = clock.now()
    view.operating(true)
    try {
      await operable(hal).operate('close')
      context.report('operated', { operation: 'close', cause: 'restoration', incident })
      return { result: 'done', why: '', travelMs: clock.now() - began }
    } catch (error) {
      const reason = (error as Error).message
      context.report('alarm', { alarm: 'operation-failed', operation: 'close', cause: 'restoration', incident, reason })
      const isKnown = error instanceof HalError && error.code !== 'HAL_TIMEOUT' && error.code !== 'HAL_BAD_FRAME'
      if (!isKnown) doubt = { incident, until: clock.now() + IN_DOUBT_MS }
      return { result: isKnown ? 'failed' : 'unknown', why: reason, travelMs: clock.now() - began }
    } finally {
      view.operating(false)
    }
  }

  async function lastLook(incident: string, fence: number, before: Instant): Promise<string | undefined> {
    const seen = await ports.look()
    if (seen.barred !== undefined) return seen.barred
    if (seen.disturbed) return 'fault current passes it'
    if (darkSide(feeder, device, seen) === undefined) return 'not one side live and the other dead'
    const refusal = ports.desk().fenceRefusal(incident, fence)
    if (refusal !== undefined) return refusal
    return clock.now() > before ? 'the grants of the others end too soon' : undefined
  }

  return {
    seen(facts, mayLead) {
      own = facts
      if (!mayLead) return feed({ kind: 'over', why: 'it may not act' })
      const isDark = darkSide(feeder, device, facts) !== undefined
      feed(isDark ? { kind: 'dark' } : { kind: 'over', why: sidesWords(facts) })
    },
    silent: () => feed({ kind: 'over', why: 'its device does not answer' }),
    news: () => feed({ kind: 'news' }),
    isClosing: incident => closing === incident,
    mayStillClose(incident) {
      if (closing === incident) return true
      if (doubt?.incident === incident && clock.now() < doubt.until) return true
      return state.phase !== 'idle' && state.phase !== 'stopped' && state.incident === incident
    },
    around: () => [...new Set([sides.node, sides.section].flatMap(zone => teamOf(feeder, device, zone, zone)))],
    state: () => state,
    stop() {
      stopped = true
      for (const cancel of wakes) cancel()
    },
  }

  function sidesWords({ position, dead = {} }: TeamFacts): string {
    if (position === 'closed') return 'it is closed'
    return Object.values(dead).includes(true) ? 'no side is live' : 'both sides are live'
  }
}

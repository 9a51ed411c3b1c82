// The shell of restoration (FLISR) at the IED of a switching device: what it tells and grants to others, and what it leads
// itself. The decisions are in src/protection/restoration; docs/protection.md, "Restoration", describes the whole.
//
// With `restoration: {automatic: false}`, the default, it answers and grants, and operates nothing.

import { type Instant, instant } from '../../../topology/units.ts'
import type { Status } from '../../hal/port.ts'
import { NOT_IN_SYNC } from '../../protection/closing-check.ts'
import { MAX_GRANT_MS } from '../../protection/restoration/questions.ts'
import { planReturn } from '../../protection/restoration/return-to-normal.ts'
import type { TeamFacts } from '../../protection/restoration/sequence-types.ts'
import { operatorsOf } from '../../protection/restoration/team.ts'
import type { Acted, Component, ComponentContext, Readiness } from '../component.ts'
import { canOperate, operable } from '../operable.ts'
import { type RestorationCalls, restorationCalls } from '../restoration-calls.ts'
import { type RestorationDesk, restorationDesk } from '../restoration-desk.ts'
import { restorationLeader } from '../restoration-leader.ts'
import { isAboutLoad, restorationLoads } from '../restoration-loads.ts'
import { restorationSheds } from '../restoration-sheds.ts'
import { restorationStore } from '../restoration-store.ts'
import { RESTORATION_UNDER_WAY } from '../restoration-under-way.ts'
import { restorationView } from '../restoration-view.ts'
import { RECLOSING_LATCH } from './software-relay.ts'

/** In order for so long after its attempt, it may try again in a later incident. */
const REARM_MS = 30_000
/** One that did not say whether it opened may do so yet for so long. */
const OPENS_WITHIN_MS = 6000
/** What keeps a device from being closed, by name. */
const TAG = 'tag'
const ISOLATION = 'restoration'
/** While it is granted to an incident, and no longer than the grant lasts: who leads it relies on what is open. */
const UNDER_WAY = RESTORATION_UNDER_WAY
const OWN: ReadonlySet<string> = new Set([TAG, ISOLATION, UNDER_WAY])
/** As the lockout of a device's own reclosing: it may be left by restoration. By an order not before a person resets it. */
const LEFT_BY_RESTORATION: ReadonlySet<string> = new Set([...OWN, RECLOSING_LATCH])

export const restorationComponent: Component = {
  name: 'restoration',
  async start(context) {
    const { name, feeder, hal, config } = context
    const ied = feeder.file.ieds.find(each => each.name === name)
    const device = ied?.operates
    const calls = restorationCalls(context)
    if (ied === undefined || hal === undefined) return { stop: () => {} }
    const isSwitch = device !== undefined && operatorsOf(feeder.file).has(device)
    if (!isSwitch || feeder.device(device).kind === 'fuse') {
      const answer = restorationLoads(context)
      calls.serve(async (question, from) =>
        isAboutLoad(question) ? answer(question, from) : refusedAnswer(`${name} operates no switching device`),
      )
      return { stop: () => {} }
    }
    return startAt(
      context,
      calls,
      ied,
      device,
      config.restoration.automatic && canOperate(hal) && config.device?.readOnly !== true,
    )
  },
}

async function startAt(
  context: ComponentContext,
  calls: RestorationCalls,
  ied: ReturnType<ComponentContext['feeder']['ied']>,
  device: string,
  isAutomatic: boolean,
) {
  const { bus, clock, feeder, hal, log, store } = context
  const { allowLoops } = feeder.file
  const { normal, parallelAllowed = allowLoops } = feeder.device(device)
  const kept = await restorationStore(store)
  const view = restorationView(context, { ied, device })
  const operators = operatorsOf(feeder.file)
  const lockouts = new Set<string>()
  let isInhibited = false
  /** By the agent's own sync check, beside what the device's may say. */
  let isInSync = false
  let wasLockedOut: boolean | undefined
  let inOrderSince: number | undefined
  /** Since when the device is not being opened for others; undefined while it is. */
  let stillSince: number | undefined = Number.NEGATIVE_INFINITY
  let last: TeamFacts | undefined
  let stopped = false

  function barred(position: Status['position']): string | undefined {
    const { tag, isolates, attempted } = kept.get()
    if (tag !== undefined) return `it is tagged: ${tag.words}`.slice(0, 200)
    if (!isAutomatic) return 'automatic restoration is off here'
    if (isInhibited) return 'an inhibit stands here'
    const other = [...lockouts].filter(each => !LEFT_BY_RESTORATION.has(each)).sort()[0]
    if (other !== undefined) return `${other} has latched`
    if (isolates !== undefined && position !== 'closed') return `it isolates the fault of ${isolates}`
    if (attempted !== undefined && position === 'open' && !leader.isClosing(attempted))
      return `it has had its attempt, in ${attempted}`
    return undefined
  }

  const look = async (): Promise<TeamFacts> => factsOf(await operable(hal).status())
  const factsOf = (status: Status): TeamFacts =>
    view.facts(status, barred(status.position), kept.get().isolates !== undefined)

  const sheds = restorationSheds(context, { kept, calls })
  const aboutLoad = restorationLoads(context)
  const leader = restorationLeader(context, { device, view, kept, calls, sheds, desk: () => desk, look })
  const desk: RestorationDesk = restorationDesk(context, {
    device,
    kept,
    look,
    async confirm(of, incident) {
      const answer =
        of === context.name
          ? await desk.answer({ kind: 'confirm', incident, feeder: NO_MARK }, of)
          : await calls.ask(of, { kind: 'confirm', incident }, CONFIRM_MS)
      return answer?.kind === 'confirmed' ? answer.position : undefined
    },
    mayStillClose: leader.mayStillClose,
    operating(isSo) {
      view.operating(isSo)
      stillSince = isSo ? undefined : clock.now()
    },
    onNews: leader.news,
    onIsolating: showLockouts,
    onGrant: holdWhileGranted,
  })
  calls.serve((question, from) => (isAboutLoad(question) ? aboutLoad(question, from) : desk.answer(question, from)))

  // What the device shows ----------------------------------------------------------------------------------------------

  function take(status: Status): void {
    const { tripped = false, lockedOut = false, position } = status
    const facts = factsOf(status)
    last = facts
    const isOut = tripped && lockedOut && position === 'open'
    if (isOut && wasLockedOut === false) tellOthers()
    wasLockedOut = isOut
    keepUp(facts, status.at)
    // A reason that stands is told by `ready`; only without one it leads.
    leader.seen(facts, facts.barred === undefined)
    const { phase } = leader.state()
    if (position === 'open' && (phase === 'idle' || phase === 'stopped')) sheds.notFeeding()
  }

  /** Those who might feed what is dark now need not wait until they look again. */
  function tellOthers(): void {
    for (const each of leader.around()) {
      const operator = operators.get(each)
      if (operator !== undefined && operator !== context.name) void calls.ask(operator, { kind: 'news' }, CONFIRM_MS)
    }
    leader.news()
  }

  /** What is over is taken off: an isolation when the device is closed, the attempt when all has been well for a while. */
  function keepUp({ position, dead = {} }: TeamFacts, at: Instant): void {
    const { attempted, isolates } = kept.get()
    // Closed by whoever may: from a crash before it was opened, too. While it opens, a look shows it closed yet.
    const isStill = stillSince !== undefined && at >= stillSince + OPENS_WITHIN_MS
    if (position === 'closed' && isolates !== undefined && isStill) void change(({ isolates: _, ...rest }) => rest)
    const sides = Object.values(dead)
    const isInOrder = position === normal && sides.length > 0 && !sides.includes(true)
    if (!isInOrder) inOrderSince = undefined
    else inOrderSince ??= clock.now()
    const isRearmed = inOrderSince !== undefined && clock.now() - inOrderSince >= REARM_MS
    if (isRearmed && attempted !== undefined) void change(({ attempted: _, ...rest }) => rest)
    else if (inOrderSince !== undefined && attempted !== undefined) lookAgainLater()
  }

  let cancelLater = (): void => {}
  /** A device that tells of changes says nothing while all is well. */
  function lookAgainLater(): void {
    cancelLater()
    cancelLater = clock.wakeAt(instant(clock.now() + REARM_MS), () => {
      void operable(hal)
        .status()
        .then(status => stopped || take(status))
        .catch(() => {}) // silence has its own event
    })
  }

  function change(make: Parameters<typeof kept.change>[0]): Promise<void> {
    return kept
      .change(make)
      .catch(error => log.error('restoration-not-kept', { reason: (error as Error).message }))
      .then(showLockouts)
  }
  let cancelHold = (): void => {}
  /** Who has the grant of before this start knows of none, and may rely on it for as long as anybody may be granted. */
  const heldAtLeast = instant(kept.get().grant === undefined ? 0 : clock.now() + MAX_GRANT_MS)
  function holdWhileGranted(granted: Instant | undefined): void {
    cancelHold()
    cancelHold = nothing
    const until = granted === undefined ? undefined : instant(Math.max(granted, heldAtLeast))
    const stands = until !== undefined && clock.now() < until
    bus.emit('lockout', { name: UNDER_WAY, stands })
    if (stands) cancelHold = clock.wakeAt(until, () => bus.emit('lockout', { name: UNDER_WAY, stands: false }))
  }
  function showLockouts(): void {
    const { tag, isolates } = kept.get()
    bus.emit('lockout', { name: TAG, stands: tag !== undefined })
    bus.emit('lockout', { name: ISOLATION, stands: isolates !== undefined })
  }

  // What a person orders -------------------------------------------------------------------------------------------------

  async function tag(stands: boolean, words: string, by: string): Promise<Acted> {
    const was = kept.get().tag
    if (!stands && was === undefined) return refused('no tag of an order stands here')
    await kept.change(({ tag: _, ...rest }) => (stands ? { ...rest, tag: { by, words } } : rest))
    showLockouts()
    context.report(stands ? 'tagged' : 'untagged', { device, by, words })
    return done(stands ? `${device} is tagged: ${words}` : `the tag of ${was?.by} is off`)
  }

  async function reset(): Promise<Acted> {
    await desk.reset()
    await kept.change(({ fence, tag: standing, sheds: shedding }) => ({
      fence,
      ...(standing === undefined ? {} : { tag: standing }),
      ...(shedding === undefined ? {} : { sheds: shedding }),
    }))
    sheds.notFeeding()
    showLockouts()
    return done('it is granted to nobody, isolates nothing, and may be closed and lead again')
  }

  /** A tie opens; what was opened to isolate closes, where that joins a live and a dead side, or the file allows parallels. */
  async function returnToNormal(by: string): Promise<Acted> {
    const { tag: tagged } = kept.get()
    if (tagged !== undefined) return refused(`it is tagged: ${tagged.words}`)
    if (isInhibited) return refused('an inhibit stands here')
    const status = await operable(hal).status()
    const seen = factsOf(status)
    if (seen.position === normal) {
      await reset()
      return { ...done(`${device} is ${normal} already; it may lead again${remaining().words}`), ...remaining().next }
    }
    if (seen.disturbed) return refused('fault current passes it')
    if (normal === 'closed') {
      const why = heldByDevice(status) ?? closingRefusal(seen, status.inSync === true || isInSync)
      if (why !== undefined) return { ...refused(why), ...remaining().next }
    }
    view.operating(true)
    try {
      const operation = normal === 'open' ? 'open' : 'close'
      await operable(hal).operate(operation)
      context.report('operated', { operation, cause: 'return-to-normal', by })
      await reset()
      return { ...done(`${device} is ${normal} again${remaining().words}`), ...remaining().next }
    } finally {
      view.operating(false)
    }
  }

  /** For whoever gives the orders: what is still out of its normal position, in the order in which it may go back. */
  function remaining(): { readonly words: string; readonly next: { readonly next?: string } } {
    const { steps } = planReturn({ feeder, suspect: [] }, each => feeder.device(each).parallelAllowed ?? allowLoops)
    const rest = steps.filter(step => step.device !== device)
    const next = feeder.file.ieds.find(({ operates }) => operates === rest[0]?.device && operates !== undefined)?.name
    return {
      words: rest.length === 0 ? '' : `; then ${rest.map(step => `${step.kind} ${step.device}`).join(', ')}`,
      next: next === undefined ? {} : { next },
    }
  }

  /** What whoever stands at the device has set there. */
  function heldByDevice({ hotLineTag, local }: Status): string | undefined {
    if (hotLineTag === true) return 'it has a hot-line tag'
    return local === true ? 'it is in local control' : undefined
  }

  /** @param isStepped the two sides are in step, by the device's sync check or the agent's own */
  function closingRefusal({ position, dead = {} }: TeamFacts, isStepped: boolean): string | undefined {
    if (position !== 'open') return 'its position is not known'
    // Whoever leads it relies on this device being open, and is about to close another one.
    if (lockouts.has(UNDER_WAY))
      return `it is granted to ${desk.grantedTo()}, which is under way: wait until that is over`
    const other = [...lockouts].filter(each => !OWN.has(each)).sort()[0]
    if (other !== undefined) return `${other} has latched; reset it first`
    const sides = Object.values(dead)
    if (sides.length === 2 && sides.includes(false) && sides.includes(true)) return undefined
    if (sides.length === 2 && !sides.includes(true) && parallelAllowed) {
      return isStepped ? undefined : `${NOT_IN_SYNC}: open the tie that feeds this side first`
    }
    if (sides.includes(false)) return 'both sides are live: open the tie that feeds this side first'
    return 'no side is known to be live: begin with the device nearest to the source'
  }

  // Answers --------------------------------------------------------------------------------------------------------------

  function readiness(): Readiness {
    const why =
      last === undefined
        ? 'its device has not been read'
        : (last.barred ??
          (view.before() === undefined ? 'it has not seen the feeder with voltage on both sides yet' : undefined))
    const state = leader.state()
    const halted = state.phase === 'stopped' ? state.why : undefined
    const because = why ?? halted
    return { scheme: 'restoration', ready: because === undefined, ...(because === undefined ? {} : { why: because }) }
  }

  const cancels = [
    bus.on('status', take),
    bus.on('device', ({ answering }) => {
      if (answering) return
      last = undefined
      wasLockedOut = undefined
      inOrderSince = undefined
      leader.silent()
    }),
    bus.on('inhibited', ({ stands }) => {
      isInhibited = stands
    }),
    bus.on('inSync', ({ stands }) => {
      isInSync = stands
    }),
    bus.on('lockout', each => void (each.stands ? lockouts.add(each.name) : lockouts.delete(each.name))),
    bus.on('components-started', () => {
      showLockouts()
      if (kept.get().grant !== undefined) holdWhileGranted(heldAtLeast)
    }),
    bus.on('tag', ({ stands, words, by, answer }) => answer(tag(stands, words, by))),
    bus.on('return-to-normal', ({ by, answer }) => answer(returnToNormal(by))),
    bus.on('reset', ({ name: what, answer }) => {
      if (what === ISOLATION) answer(reset())
    }),
    bus.on('ready-asked', ({ answer }) => answer(readiness())),
    () => cancelLater(),
    () => cancelHold(),
  ]
  return {
    async stop() {
      stopped = true
      for (const cancel of cancels) cancel()
      leader.stop()
      sheds.stop()
      view.stop()
      await desk.settled()
      await kept.settled()
    },
  }
}

const CONFIRM_MS = 1500
const nothing = (): void => {}
const NO_MARK = new Uint8Array(16)
const refusedAnswer = (why: string) => ({ kind: 'refused', why }) as const
const done = (words: string): Acted => ({ result: 'done', words: words.slice(0, 400) })
const refused = (words: string): Acted => ({ result: 'refused', reason: 'interlock', words: words.slice(0, 400) })

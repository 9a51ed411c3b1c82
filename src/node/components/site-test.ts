// The shell of the site test: plays a fault on the real agents and over the real links, and says what would have operated.
// Whether this IED is in test is decided in src/protection/site-test.ts, what its device would show in site-test-fault.ts;
// the second instance of the protection is node/test-instance.ts.
//
// The live protection is not touched: it sees the real device, trips by it as ever, and never gets a message of a test type.
// A real pickup, here or at a neighbour that tells of it, ends the test everywhere. What a liar can do is to end a test, or
// to spoil its report; to begin one takes a person's order, which each IED checks for itself.

import { duration, type Instant, instant } from '../../../topology/units.ts'
import type { Measurement, Status } from '../../hal/port.ts'
import { MeshError } from '../../mesh/mesh-error.ts'
import type { Outcome, Part } from '../../protection/command.ts'
import { LONGEST_TEST, live, type SiteTestEvent, siteTest, type TestEnd } from '../../protection/site-test.ts'
import { MOST_IN_TEST, type TestFault, type TestFaultKind, testFault } from '../../protection/site-test-fault.ts'
import { type SiteTestSaid, siteTestMessage } from '../../protection/site-test-message.ts'
import { repeatTimes } from '../../protection/state-message.ts'
import { authorityTable } from '../authority-table.ts'
import type { Acted, Component } from '../component.ts'
import { neighbourhood, type Route } from '../neighbourhood.ts'
import { type PlayedPart, playedPart } from '../played-fault.ts'
import type { SignedOrder } from '../signed-order.ts'
import { questionOf, TEST_RESTORATION_PROTOCOL } from '../test-question.ts'
import { realTypeOf, testRows } from '../test-types.ts'

const GOES_ON_MS = 500
const LIFETIME = duration(2000)
/** Said again: the first copy may be lost. */
const AGAIN_MS = repeatTimes(10, 700)
/** Of the others' answers to the order to join. */
const JOIN_MS = 7000
/** Reports of tests before; older ones give way. */
const KEPT = 4
const MOST_PARTS = MOST_IN_TEST - 1
const NOBODY: ReadonlySet<string> = new Set()

interface Test {
  readonly id: string
  readonly starter: string
  readonly fault: TestFault
  /** A device that does not open. */
  readonly stuck: string | undefined
  readonly seconds: number
  readonly by: string
  readonly route: Route
  part: PlayedPart | undefined
  readonly cancels: (() => void)[]
  /** Of the last position of the own device, which is said again. */
  cancelSaid(): void
}

interface TestReport {
  readonly test: string
  readonly ied: string
  readonly starter: string
  readonly section: string
  readonly kind: TestFaultKind
  readonly amps: number
  /** Devices that carry the fault, the nearest first. */
  readonly path: readonly string[]
  readonly ended: TestEnd | 'runs'
  readonly operations: ReturnType<PlayedPart['results']>['operations']
  readonly opened: ReturnType<PlayedPart['results']>['opened']
  readonly closed: ReturnType<PlayedPart['results']>['closed']
  readonly hosts: ReturnType<PlayedPart['results']>['hosts']
  readonly events: ReturnType<PlayedPart['results']>['events']
  readonly messages: ReturnType<PlayedPart['results']>['messages']
  readonly notKept: number
}

const NOTHING_PLAYED = { operations: [], opened: [], closed: [], hosts: [], events: [], messages: [], notKept: 0 }

const done = (words: string, parts?: readonly Part[]): Acted => ({
  result: 'done',
  words,
  ...(parts === undefined ? {} : { parts: [...parts] }),
})
const refused = (reason: NonNullable<Outcome['reason']>, words: string): Acted => ({ result: 'refused', reason, words })

export const siteTestComponent: Component = {
  name: 'site-test',
  start(context) {
    const { bus, clock, feeder, links, log, messenger, name } = context
    const near = neighbourhood(name, feeder, links, messenger)
    // Generators and capacitors too: their IEDs tell what they would have opened.
    const operators = new Map(feeder.file.ieds.map(({ operates, name }) => [operates, name]))
    const ieds = new Set(feeder.file.ieds.map(ied => ied.name))
    let state = live as ReturnType<typeof siteTest>['state']
    let current: Test | undefined
    let reports: readonly TestReport[] = []
    let isPickedUp = false
    let isInhibited = false
    const lockouts = new Set<string>()
    const real: { status?: Status; measurement?: Measurement } = {}
    let stopped = false

    function feed(event: SiteTestEvent): void {
      const next = siteTest(state, event, clock.now())
      state = next.state
      for (const action of next.actions) {
        if (action.kind === 'wake') clock.wakeAt(action.at, () => stopped || feed({ kind: 'tick' }))
        else if (action.kind === 'leave') leave(action.why, action.tell)
      }
    }

    // Entering and leaving -----------------------------------------------------------------------------------------------

    /** @returns why not */
    async function enter(
      wanted: Pick<Test, 'id' | 'starter' | 'fault' | 'stuck' | 'seconds' | 'by'>,
    ): Promise<Acted | undefined> {
      if (context.hal === undefined) return refused('not-supported', `${name} has no field device`)
      if (state.phase === 'in-test') return refused('busy', 'a site test runs here already')
      if (isPickedUp) return refused('interlock', 'its relay sees a real fault')
      const members = new Set([...wanted.fault.concerned, wanted.starter])
      const audience = { has: (ied: string) => members.has(ied), members: () => members }
      const test: Test = {
        ...wanted,
        route: near.about(`site-test ${wanted.id}`, () => audience),
        part: undefined,
        cancels: [],
        cancelSaid: () => {},
      }
      current = test
      bus.emit('hold-also', { ieds: new Set(near.roots(members)) })
      const isStarter = wanted.starter === name
      const lasts = duration(wanted.seconds * 1000)
      feed({ kind: 'enter', test: wanted.id, starter: wanted.starter, isStarter, lasts })
      context.report('site-test-begins', {
        test: wanted.id,
        starter: wanted.starter,
        section: wanted.fault.section,
        by: wanted.by,
      })
      try {
        const about = { test: wanted.id, fault: wanted.fault, stuck: wanted.stuck }
        const part = await playedPart(context, about, (device, to) => {
          test.cancelSaid()
          test.cancelSaid = sayAgain(test, { phase: to === 'open' ? 'opened' : 'closed', device })
        })
        if (current !== test) {
          await part.stop()
          return refused('busy', 'the test was over before it had begun')
        }
        test.part = part
        part.real(real)
        part.inhibited(isInhibited)
        for (const each of lockouts) part.locked(each, true)
        return undefined
      } catch (error) {
        if (current === test) feed({ kind: 'end', why: 'stopping' })
        log.error('site-test-failed', { reason: (error as Error).message })
        return refused('not-supported', `it can't be played here: ${(error as Error).message}`.slice(0, 400))
      }
    }

    function leave(why: TestEnd, tell: boolean): void {
      const test = current
      if (test === undefined) return
      current = undefined
      for (const cancel of test.cancels) cancel()
      test.cancelSaid()
      bus.emit('hold-also', { ieds: NOBODY })
      if (tell) sayAgain(test, { phase: 'ended', why })
      reports = [...reports, reportOf(test, why)].slice(-KEPT)
      const count = test.part?.results().operations.length ?? 0
      context.report('site-test-over', { test: test.id, why, wouldOperate: count })
      test.part?.stop().catch(error => log.error('site-test-failed', { reason: (error as Error).message }))
    }

    function reportOf({ id, starter, fault, part }: Test, ended: TestReport['ended']): TestReport {
      const { section, kind, amps, path } = fault
      const results = part?.results() ?? NOTHING_PLAYED
      const names = path.map(device => device.name)
      return { test: id, ied: name, starter, section, kind, amps, path: names, ended, ...results }
    }

    // What is said about the test ----------------------------------------------------------------------------------------

    type Said = Pick<SiteTestSaid, 'phase' | 'device' | 'why'>
    function say(test: Test, said: Said): void {
      const elapsedMs = Math.round(test.part?.elapsedMs() ?? 0)
      messenger.say({
        type: siteTestMessage.type,
        payload: siteTestMessage.encode({ test: test.id, elapsedMs, ...said }),
        lifetime: LIFETIME,
        to: test.route.fromOrigin(),
      })
    }
    /** @returns what ends the saying */
    function sayAgain(test: Test, said: Said): () => void {
      say(test, said)
      const cancels = AGAIN_MS.map(ms => clock.wakeAt(instant(clock.now() + ms), () => stopped || say(test, said)))
      return () => {
        for (const cancel of cancels) cancel()
      }
    }

    messenger.on(
      {
        ...authorityTable.siteTest,
        claim(payload, origin) {
          const { device } = siteTestMessage.decode(payload)
          if (device !== undefined) return operators.get(device) === origin.name ? undefined : 'not-its-device'
          return ieds.has(origin.name) ? undefined : 'not-in-the-feeder-file'
        },
        onward(payload) {
          const { test } = siteTestMessage.decode(payload)
          return from => (current?.id === test ? current.route.onward(from) : [])
        },
      },
      ({ payload, origin, ageMs = 0 }) => {
        const { test, phase, elapsedMs, device, why } = siteTestMessage.decode(payload)
        if (current?.id !== test || !current.route) return
        if (phase === 'ended' && why !== undefined && takesPart(current, origin.name))
          feed({ kind: 'ended', test, why })
        else if (phase === 'opened' && device !== undefined) current.part?.position(device, 'open', elapsedMs)
        else if (phase === 'closed' && device !== undefined) current.part?.position(device, 'closed', elapsedMs)
        else if (phase === 'goes-on') {
          feed({ kind: 'goes-on', test, from: origin.name })
          // An age is a round trip at the most; half of it is nearer to the truth.
          if (origin.name === current?.starter) begin(current, instant(clock.now() - elapsedMs - ageMs / 2))
        }
      },
    )

    const takesPart = ({ fault, starter }: Test, ied: string): boolean => fault.concerned.has(ied) || ied === starter

    /** All have joined, as the starter says. It ends by the own clock. */
    function begin(test: Test, at: Instant): void {
      if (test.part === undefined || test.part.hasBegun()) return
      test.part.begin(at)
      const ends = instant(at + Math.min(test.seconds * 1000, LONGEST_TEST))
      test.cancels.push(clock.wakeAt(ends, () => feed({ kind: 'ended', test: test.id, why: 'time' })))
    }

    for (const row of testRows) {
      const real = realTypeOf(row.type)
      const its = () => current?.part?.row(real)
      messenger.on(
        {
          ...row,
          claim: (payload, origin) => its()?.claim?.(payload, origin),
          ...(row.places === undefined
            ? {}
            : { where: (payload, origin) => its()?.where?.(payload, origin) ?? 'elsewhere' }),
          onward: payload => from => its()?.onward?.(payload)(from) ?? [],
        },
        message => current?.part?.hear(real, message),
      )
    }

    links.serve(TEST_RESTORATION_PROTOCOL, async (from, bytes) => {
      const question = questionOf(current?.id, bytes)
      const part = current?.part
      if (question === undefined || part === undefined)
        throw new MeshError('MESH_REFUSED', `${name} is not in that test`)
      return part.asked(from, question)
    })

    // Orders -------------------------------------------------------------------------------------------------------------

    interface Wanted {
      readonly test: string
      readonly section: string
      readonly kind: TestFaultKind
      readonly seconds: number
      readonly stuck?: string | undefined
      readonly by: string
    }

    async function lead({ test: id, section, kind, seconds, stuck, by }: Wanted, signed: SignedOrder): Promise<Acted> {
      const fault = testFault(feeder, section, kind)
      if (typeof fault === 'string') return refused('cannot-plan', fault)
      if (stuck !== undefined && !fault.path.some(each => each.name === stuck)) {
        const path = fault.path.map(each => each.name).join(', ')
        return refused('cannot-plan', `${stuck} does not carry a fault in ${section}, want one of ${path}`)
      }
      const others = [...fault.concerned].filter(ied => ied !== name).sort()
      if (others.length > MOST_PARTS) {
        return refused(
          'cannot-plan',
          `${others.length} other IEDs are concerned, ${MOST_PARTS} at the most can be asked`,
        )
      }
      const bar = await enter({ id, starter: name, fault, stuck, seconds, by })
      const test = current
      if (bar !== undefined || test === undefined) return bar ?? refused('busy', 'the test is over already')
      const played = { section, kind, seconds, ...(stuck === undefined ? {} : { stuck }) }
      const what = { verb: 'join-site-test', test: id, starter: name, ...played } as const
      const parts = await Promise.all(others.map(ied => join(ied, what, signed)))
      if (current !== test) return refused('interlock', 'the test ended before it had begun')
      begin(test, clock.now())
      const goOn = (): void => {
        if (current !== test) return
        say(test, { phase: 'goes-on' })
        test.cancels.push(clock.wakeAt(instant(clock.now() + GOES_ON_MS), goOn))
      }
      goOn()
      const joined = parts.filter(({ result }) => result === 'done').length
      const without = fault.isWithoutRestoration
        ? ', without restoration, for which too many would have to be asked'
        : ''
      const words = `test ${id} runs for ${seconds} s: ${joined} of ${others.length} other IEDs take part${without}`
      return done(words, parts)
    }

    async function join(
      ied: string,
      what: Parameters<typeof context.order>[0]['what'],
      cited: SignedOrder,
    ): Promise<Part> {
      const device = feeder.ied(ied).operates ?? ied
      try {
        const { result, words } = await context.order({ to: ied, what, cause: 'site test', timeoutMs: JOIN_MS, cited })
        return { ied, device, result, words }
      } catch (error) {
        return { ied, device, result: 'refused', words: (error as Error).message.slice(0, 400) }
      }
    }

    async function follow({ test: id, section, kind, seconds, stuck, by }: Wanted, starter: string): Promise<Acted> {
      if (starter === name) return refused('bad-value', 'it is the IED that would start it')
      const fault = testFault(feeder, section, kind)
      if (typeof fault === 'string') return refused('cannot-plan', fault)
      if (!fault.concerned.has(name)) return refused('cannot-plan', `a fault in ${section} does not concern ${name}`)
      return (await enter({ id, starter, fault, stuck, seconds, by })) ?? done(`in test ${id}`)
    }

    // ------------------------------------------------------------------------------------------------------------------

    const cancels = [
      bus.on('site-test', ({ signed, answer, ...wanted }) => answer(lead(wanted, signed))),
      bus.on('join-site-test', ({ starter, answer, ...wanted }) => answer(follow(wanted, starter))),
      bus.on('end-site-test', ({ answer }) => {
        const id = current?.id
        feed({ kind: 'end', why: 'command' })
        answer(Promise.resolve(done(id === undefined ? 'no site test runs here' : `test ${id} is over`)))
      }),
      bus.on('status', status => {
        const { pickup, highSet, tripped } = status
        real.status = status
        current?.part?.real({ status })
        isPickedUp = pickup === true || highSet === true
        if (isPickedUp || (tripped === true && wasTripped === false)) feed({ kind: 'end', why: 'pickup' })
        wasTripped = tripped
      }),
      bus.on('measurement', measurement => {
        real.measurement = measurement
        current?.part?.real({ measurement })
      }),
      bus.on('relayState', ({ state: shown, place }) => {
        if (place !== 'own' && shown !== undefined && shown !== 'quiet') feed({ kind: 'end', why: 'pickup' })
      }),
      bus.on('topology', () => feed({ kind: 'end', why: 'switching' })),
      bus.on('inhibited', ({ stands }) => {
        isInhibited = stands
        current?.part?.inhibited(stands)
      }),
      bus.on('lockout', ({ name: by, stands }) => {
        if (stands) lockouts.add(by)
        else lockouts.delete(by)
        current?.part?.locked(by, stands)
      }),
    ]
    let wasTripped: boolean | undefined

    context.readout('site-test', async ({ test }) => {
      const all = current === undefined ? reports : [...reports, reportOf(current, 'runs')]
      const wanted = typeof test === 'string' ? all.filter(each => each.test === test) : all
      return { ied: name, tests: wanted.slice(-1) }
    })

    return {
      async stop() {
        feed({ kind: 'end', why: 'stopping' })
        stopped = true
        for (const cancel of cancels) cancel()
      },
    }
  },
}

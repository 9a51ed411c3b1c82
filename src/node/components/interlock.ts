// The shell of the interlock by answer: feeds it what the own device shows, puts its questions to the IEDs of the next
// devices below, answers those of devices above, and trips. The decisions are in src/protection/interlock.ts, the answers
// in interlock-answers.ts, the zone in interlock-zone.ts.
//
// The trip is the relay's own, told from outside: the device recloses after it as after any other. Where it cannot be told
// so, and reclosing is part of its protection, there is no fast trip unless the configuration says that it may stay open.

import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { duration } from '../../../topology/units.ts'
import type { Measurement, PerPhase, Status } from '../../hal/port.ts'
import { obeys } from '../../mesh/authority.ts'
import { clearingTimeOf } from '../../protection/clearing-time.ts'
import {
  type InterlockAction,
  type InterlockAround,
  type InterlockEvent,
  interlock,
  interlockAtRest,
} from '../../protection/interlock.ts'
import {
  type AnswerAction,
  type AnswerEvent,
  interlockAnswers,
  notAsked,
  seesFault,
} from '../../protection/interlock-answers.ts'
import { interlockAnswerMessage, interlockQuestionMessage } from '../../protection/relay-messages.ts'
import { aroundDevice, INTERRUPTERS, placeOfDevice } from '../around-device.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component, ComponentContext } from '../component.ts'
import { interlockPaths, thingOf, zoneOf } from '../interlock-paths.ts'
import { loadBelow } from '../load-below.ts'
import { neighbourhood } from '../neighbourhood.ts'
import { canOperate } from '../operable.ts'
import { RESTORATION_UNDER_WAY } from '../restoration-under-way.ts'
import { trusted } from '../trusted-status.ts'

/** Somebody in between may hold it for a moment; an older one finds its asker waiting no more. */
const LIFETIME = duration(2000)

export const interlockComponent: Component = {
  name: 'interlock',
  start(context) {
    const { feeder, messenger, clock, bus, hal, name, links, config } = context
    const settings = config.interlock
    const near = neighbourhood(name, feeder, links, messenger)
    const { whereIs } = aroundDevice(name, feeder, near)
    const paths = interlockPaths(feeder, near)
    const { operates, observes } = feeder.ied(name)
    const device = feeder.file.devices.find(entry => entry.name === operates && INTERRUPTERS.has(entry.kind))
    const sparedShots = settings.fuseSavingShots ?? device?.reclose?.fastShots ?? 0
    const zone = zoneOf(feeder, name)
    const window = duration(settings.windowMs)
    const load = loadBelow({ coldLoadMs: settings.coldLoadMs, shotResetMs: device?.reclose?.resetMs ?? 30_000 })
    let isInhibited = false
    let isRestoring = false
    let ownEvent = ''
    /** Devices around that have said that they have locked out, and nothing since. The file has so many. */
    const lockedOut = new Set<string>()
    let stopped = false

    // Looks at the device beside the polls: one at a time, and another one after it if one was wanted meanwhile. ---------

    let isLooking = false
    let isWantedAgain = false
    async function look(): Promise<void> {
      if (hal === undefined || stopped) return
      if (isLooking) {
        isWantedAgain = true
        return
      }
      isLooking = true
      try {
        hear(trusted(await hal.status()), 'look')
      } catch {
        // The polls find the same out, and say that the device is silent.
      } finally {
        isLooking = false
        if (isWantedAgain) {
          isWantedAgain = false
          void look()
        }
      }
    }

    /** A pickup begins with a poll, as it does for all others: it has its name by then. */
    function hear(status: Status, by: 'poll' | 'look'): void {
      if (stopped) return
      load.see(status)
      answerer({ kind: 'status', at: status.at, sees: seesFault(status) })
      if (device === undefined) return
      if (status.highSet !== true || !isForward(status)) return feed({ kind: 'status', at: status.at, highSet: false })
      if (by === 'look' && state.phase === 'idle') return
      const event = ownEvent === '' ? `${name}/${context.epoch}/i${state.number + 1}` : ownEvent
      feed({ kind: 'status', at: status.at, highSet: true, event, around: around() })
    }

    /** Where the fault could be fed from below, the line sensors must see its current go down; without them the high set is directional. */
    function isForward({ entered }: Status): boolean {
      const now = zone()
      if ('bar' in now || !now.feedsFromBelow || observes.length === 0 || entered === undefined) return true
      return entered !== 0
    }

    // As the one that asks -----------------------------------------------------------------------------------------------

    const step = interlock({
      window,
      answerWait: duration(settings.answerWaitMs),
      fuseMargin: duration(settings.fuseMarginMs),
    })
    let state = interlockAtRest
    let cancelWake = (): void => {}
    /** How long each neighbour took to answer last, by device; the file has so many. */
    const answeredIn = new Map<string, number>()
    let askedAt = Number.NEGATIVE_INFINITY

    function feed(event: InterlockEvent): void {
      const next = step(state, event, clock.now())
      state = next.state
      for (const action of next.actions) perform(action)
    }

    function perform(action: InterlockAction): void {
      switch (action.kind) {
        case 'ask':
          return ask(action.event, action.number, action.to)
        case 'measure':
          return void measure(action.event)
        case 'look':
          return void look()
        case 'trip':
          return void trip(action.event, action.afterMs)
        case 'stand-by':
          return context.report('interlock-stood-by', {
            id: action.event,
            why: action.why,
            ...(action.device === undefined ? {} : { device: action.device }),
          })
        case 'wake':
          cancelWake()
          cancelWake = clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
      }
    }

    function ask(event: string, number: number, asked: readonly string[]): void {
      if (device === undefined) return
      askedAt = clock.now()
      const direct = asked.flatMap(each => messenger.peerOf(paths.operatorOf(each) ?? '') ?? [])
      messenger.say({
        type: interlockQuestionMessage.type,
        payload: interlockQuestionMessage.encode({ event, number, device: device.name, asked }),
        lifetime: LIFETIME,
        to: new Set([...direct, ...paths.down(device.name, asked).fromOrigin()]),
      })
      context.report('interlock-asked', { id: event, number, asked })
    }

    function around(): InterlockAround {
      const bar = barredBy()
      if (bar !== undefined) return { bar }
      const now = zone()
      if ('bar' in now) return now
      return { ask: now.neighbours, waits: now.waitFor.length > 0 && load.shots() >= sparedShots }
    }

    /** Why there is no fast trip now, beside the zone. */
    function barredBy(): string | undefined {
      if (!settings.fastTrip) return 'interlock.fastTrip is off'
      if (isInhibited) return 'an inhibit stands here'
      // Another device is about to be closed, and its position comes later than the current of what it closes onto.
      if (isRestoring) return 'a restoration is under way here'
      // What it does not hear of may have changed all around it: then it adds nothing, as everywhere else.
      if (links.peers().length === 0) return 'it is cut off from all peers'
      return cannotTrip(context) ?? load.bar(clock.now()) ?? reclosing() ?? unheededNeighbour() ?? slowNeighbour()
    }

    /** What below may be closed again, by itself, before it is heard of. */
    function reclosing(): string | undefined {
      const now = zone()
      const device = 'bar' in now ? undefined : now.mayReclose.find(each => !lockedOut.has(each))
      return device === undefined ? undefined : `${device} is open and may reclose`
    }

    /** Whose answers do not count here: then they are not waited for. */
    function unheededNeighbour(): string | undefined {
      const now = zone()
      if ('bar' in now) return undefined
      for (const each of now.neighbours) {
        const { organisation } = feeder.ied(paths.operatorOf(each) as string)
        if (obeys(messenger.policy(), organisation, interlockAnswerMessage.type)) continue
        return `answers of ${each} do not count: authorities.protection does not name ${organisation} for ${interlockAnswerMessage.type}`
      }
      return undefined
    }

    /** Whose answers would come too late, as far as is measured. */
    function slowNeighbour(): string | undefined {
      const now = zone()
      if ('bar' in now) return undefined
      const peers = links.peers()
      for (const each of now.neighbours) {
        const ied = paths.operatorOf(each)
        const link = peers.find(({ credential }) => credential.name === ied)
        const trip = link?.link?.rttP99Ms ?? link?.link?.rttMs ?? link?.rttMs
        const takes = trip === undefined ? answeredIn.get(each) : trip + settings.windowMs
        if (takes !== undefined && takes > settings.answerWaitMs) {
          return `answers of ${each} take ${Math.round(takes)} ms, the wait is ${settings.answerWaitMs} ms`
        }
      }
      return undefined
    }

    async function measure(event: string): Promise<void> {
      let clearing: number | undefined
      try {
        const before = load.amps()
        const measurement = await (hal as NonNullable<typeof hal>).measure(['measurement'])
        clearing = clearingBelow(faultAmps(measurement, before))
      } catch {
        // Not measured: the wait ends without it.
        return
      }
      if (!stopped) feed({ kind: 'measured', event, clearing: clearing === undefined ? undefined : duration(clearing) })
    }

    /** The longest that anything without an IED right below takes at this current. */
    function clearingBelow(amps: number | undefined): number | undefined {
      const now = zone()
      if (amps === undefined || 'bar' in now || device === undefined) return undefined
      const volts = nominalVolts(feeder.file)
      const voltsOf = (section: string): number | undefined => volts.get(feeder.section(section).from)
      const times = now.waitFor.map(each =>
        // Beyond a transformer the current is another, and its phases are.
        voltsOf(each.section) === voltsOf(device.section) ? clearingTimeOf(each, amps) : undefined,
      )
      return times.some(each => each === undefined) ? undefined : Math.max(...(times as number[]))
    }

    async function trip(event: string, afterMs: number): Promise<void> {
      context.report('interlock-trip', { id: event, device: device?.name, afterMs })
      const operation = hal?.operations?.includes('trip') === true ? 'trip' : 'open'
      try {
        if (hal === undefined || !canOperate(hal)) throw new Error('this agent is read-only')
        await hal.operate(operation)
        context.report('operated', { operation, cause: 'interlock', id: event })
      } catch (error) {
        context.report('alarm', {
          alarm: 'operation-failed',
          operation,
          cause: 'interlock',
          id: event,
          reason: (error as Error).message,
        })
        if (!stopped) feed({ kind: 'not-tripped' })
      }
    }

    // As the one that is asked -------------------------------------------------------------------------------------------

    const answers = interlockAnswers({ window })
    let asked = notAsked

    function answerer(event: AnswerEvent): void {
      const next = answers(asked, event, clock.now())
      asked = next.state
      for (const action of next.actions) answer(action)
    }

    function answer(action: AnswerAction): void {
      if (action.kind === 'look') return void clock.wakeAt(action.at, () => void look())
      if (device === undefined) return
      const { asker: to, event, number, sees } = action
      const direct = messenger.peerOf(paths.operatorOf(to) ?? '')
      messenger.say({
        type: interlockAnswerMessage.type,
        payload: interlockAnswerMessage.encode({ event, number, device: device.name, to, sees }),
        lifetime: LIFETIME,
        to: new Set([...(direct === undefined ? [] : [direct]), ...paths.up(device.name, to).fromOrigin()]),
      })
      context.report('interlock-answered', { id: event, number, to, sees })
    }

    messenger.on(
      {
        ...authorityTable.interlockQuestion,
        where: payload => placeOfDevice[whereIs(interlockQuestionMessage.decode(payload).device)],
        claim: (payload, origin) =>
          paths.operatorOf(interlockQuestionMessage.decode(payload).device) === origin.name
            ? undefined
            : 'not-its-device',
        about(payload) {
          const { device: of, asked: whom } = interlockQuestionMessage.decode(payload)
          return thingOf(of, ...whom)
        },
        onward(payload) {
          const { device: of, asked: whom } = interlockQuestionMessage.decode(payload)
          return paths.down(of, whom).onward
        },
      },
      ({ payload }) => {
        const { event, number, device: asker, asked: whom } = interlockQuestionMessage.decode(payload)
        if (device !== undefined && whom.includes(device.name)) answerer({ kind: 'asked', asker, event, number })
      },
    )
    messenger.on(
      {
        ...authorityTable.interlockAnswer,
        where: payload => placeOfDevice[whereIs(interlockAnswerMessage.decode(payload).device)],
        claim: (payload, origin) =>
          paths.operatorOf(interlockAnswerMessage.decode(payload).device) === origin.name
            ? undefined
            : 'not-its-device',
        about(payload) {
          const { device: of, to } = interlockAnswerMessage.decode(payload)
          return thingOf(of, to)
        },
        onward(payload) {
          const { device: of, to } = interlockAnswerMessage.decode(payload)
          return paths.up(of, to).onward
        },
      },
      ({ payload }) => {
        const { event, number, device: of, to, sees } = interlockAnswerMessage.decode(payload)
        if (to !== device?.name) return
        if (number === state.number) answeredIn.set(of, clock.now() - askedAt)
        feed({ kind: 'answer', event, number, device: of, sees })
      },
    )

    // ------------------------------------------------------------------------------------------------------------------

    function fallSilent(): void {
      load.silent()
      answerer({ kind: 'silent' })
      feed({ kind: 'silent' })
    }

    /** Why it would not trip fast now; undefined when it would. */
    function notReady(): string | undefined {
      if (device?.relay?.highSet === undefined) return 'the feeder file gives its device no relay.highSet'
      if (!load.isShown()) return 'the device has not shown a high set'
      const now = around()
      return 'bar' in now ? now.bar : undefined
    }

    const cancels = [
      bus.on('relayState', ({ device: of, place, event, state: shown }) => {
        if (place === 'own') ownEvent = shown === 'quiet' ? '' : event
        if (shown === 'locked-out') lockedOut.add(of)
        else lockedOut.delete(of)
      }),
      bus.on('lockout', ({ name: what, stands }) => {
        if (what !== RESTORATION_UNDER_WAY) return
        isRestoring = stands
        if (stands) feed({ kind: 'barred', why: 'a restoration is under way here' })
      }),
      bus.on('status', status => hear(status, 'poll')),
      bus.on('measurement', load.measure),
      bus.on('device', ({ answering }) => {
        if (!answering) fallSilent()
      }),
      bus.on('inhibited', ({ stands }) => {
        isInhibited = stands
        if (stands) feed({ kind: 'barred', why: 'an inhibit stands here' })
      }),
      bus.on('topology', () => {
        for (const each of lockedOut) if (feeder.position(each) === 'closed') lockedOut.delete(each)
        const now = zone()
        if ('bar' in now) feed({ kind: 'barred', why: now.bar })
      }),
      bus.on('ready-asked', ({ answer: say }) => {
        if (device === undefined) return
        const why = notReady()
        say({ scheme: 'interlock', ready: why === undefined, ...(why === undefined ? {} : { why }) })
      }),
      () => cancelWake(),
    ]
    return {
      stop() {
        stopped = true
        for (const cancel of cancels) cancel()
      },
    }
  },
}

/** The most that any phase carries beyond its load. Undefined where that is not known. */
function faultAmps({ amps = {}, doubts = {} }: Measurement, before: PerPhase | undefined): number | undefined {
  if (before === undefined || Object.keys(doubts).some(feed => feed.startsWith('amps'))) return undefined
  const rises = (['a', 'b', 'c'] as const).flatMap(phase => {
    const now = amps[phase]
    return now === undefined ? [] : [now - (before[phase] ?? 0)]
  })
  return rises.length === 0 ? undefined : Math.max(...rises)
}

/** Why this agent has no trip to give, if it has none. */
function cannotTrip({ hal, config, feeder, name }: ComponentContext): string | undefined {
  if (hal === undefined || !canOperate(hal)) return 'this agent cannot operate its device'
  if (hal.operations?.includes('trip') === true || config.interlock.opensForGood) return undefined
  const { operates } = feeder.ied(name)
  const recloses = feeder.file.devices.some(each => each.name === operates && each.reclose !== undefined)
  return recloses
    ? 'its device map has no operation trip, so a fast trip would end its reclosing: interlock.opensForGood allows that'
    : undefined
}

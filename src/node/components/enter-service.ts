// The shell of a generator's return to service, where the configuration wants it. The decision is in
// src/protection/enter-service.ts; closing goes the way of all automatic operations: inhibits, lockouts, what the network at
// the node is known to be, and the read-back.
//
// An inverter brings itself to the network's voltage before it feeds. A synchronous machine does not, so it comes back only
// while the input of its synchronising relay says that it may be closed.

import { duration, type Instant, instant } from '../../../topology/units.ts'
import type { Status } from '../../hal/port.ts'
import {
  type EnterServiceAction,
  type EnterServiceEvent,
  enterService,
  enterServiceStart,
  mayNotClose,
} from '../../protection/enter-service.ts'
import { automaticOperations } from '../automatic-operation.ts'
import type { Component, Readiness, Report } from '../component.ts'
import { latches } from '../latches.ts'
import { measuredValues, networkPlace } from '../network-values.ts'
import { NodeError } from '../node-error.ts'
import { canOperate } from '../operable.ts'

const SCHEME = 'enter service'
const OWED = 'owed'
/** By what protection takes a generator off. What others open is theirs to close. */
const TAKEN_OFF: ReadonlySet<unknown> = new Set([
  'upstream-open',
  'transfer-trip-not-heard',
  'early-warning',
  'abnormal-voltage',
  'abnormal-frequency',
])
/** A synchronising relay allows the closing for moments, while the machine's angle passes the network's. */
const SYNC_PATIENCE_MS = 60_000

export const enterServiceComponent: Component = {
  name: 'enter-service',
  async start(context) {
    const { bus, clock, config, feeder, hal, log, name } = context
    const given = config.enterService
    if (given === undefined) return { stop: () => {} }
    const refuse = (why: string): never => {
      throw new NodeError('BAD_INPUT', `enterService: ${why}`)
    }
    const ied = feeder.ied(name)
    const generator =
      feeder.file.generators.find(each => each.name === ied.operates) ?? refuse(`${name} operates no generator`)
    if (hal === undefined || !canOperate(hal)) return refuse(`${name} has no field device that it may operate`)
    const { syncInput } = given
    if (generator.kind === 'synchronous' && syncInput === undefined) {
      return refuse(`syncInput: ${generator.name} is a synchronous machine, want the input of its synchronising relay`)
    }
    const shift = feeder.file.frequencyHz - 60
    const [leastHz, greatestHz] = given.hz ?? [59.5 + shift, 60.1 + shift]
    const place = networkPlace(feeder.file, ied, generator)
    const own = given.randomSeconds === 0 ? 0 : context.chance() * given.randomSeconds
    const step = enterService({
      leastPu: given.voltsPu[0],
      greatestPu: given.voltsPu[1],
      leastHz,
      greatestHz,
      wait: duration(Math.round((given.seconds + own) * 1000)),
      ramp: duration(given.rampSeconds * 1000),
      stale: duration(3 * (config.device?.valuesPollMs ?? 1000)),
      tries: given.tries,
    })
    const kept = latches(context.store, 'enter-service')
    const operations = automaticOperations(context)
    let state = enterServiceStart(await kept.stands(OWED))
    /** What keeps it from closing, also while it is in service. */
    const bars = new Set<string>()
    let lastStatus: Status | undefined
    let waitsUntil: Instant | undefined
    let returns = 0
    let takenOffAt = instant(Number.NEGATIVE_INFINITY)
    let id = ''
    let endSync = (): void => {}
    let stopped = false

    function feed(event: EnterServiceEvent): void {
      if (stopped) return
      const next = step(state, event, clock.now())
      const began = next.state.phase === 'waiting' && state.phase !== 'waiting' && state.phase !== 'closing'
      state = next.state
      for (const action of next.actions) perform(action)
      if (began) for (const bar of bars) feed({ kind: 'bar', name: bar, stands: true })
    }

    function perform(action: EnterServiceAction): void {
      switch (action.kind) {
        case 'close':
          waitsUntil = undefined
          return void close()
        case 'waits':
          waitsUntil = action.until
          return context.report('enter-service', { id, phase: 'waits', forMs: Math.round(action.until - clock.now()) })
        case 'begins-anew':
          waitsUntil = undefined
          return context.report('enter-service', { id, phase: 'begins-anew', why: action.why })
        case 'in-service':
          return context.report('enter-service', {
            id,
            phase: 'in-service',
            rampMs: Math.round(action.rampUntil - clock.now()),
          })
        case 'given-up':
          return context.report('alarm', { alarm: 'enter-service-given-up', id, device: generator.name })
        case 'keep':
          kept.set(OWED, action.owed).catch(error => log.error('latch-not-kept', { name: OWED, reason: error.message }))
          return
        case 'wake':
          clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
      }
    }

    async function close(): Promise<void> {
      if (syncInput !== undefined && !(await synchronised())) {
        context.report('reaction-inhibited', {
          operation: 'close',
          cause: 'enter-service',
          id,
          reason: `its synchronising relay (input ${syncInput}) does not allow it`,
        })
        return feed({ kind: 'not-closed', tried: false })
      }
      if (stopped) return
      const wanted = { operation: 'close', of: 'generator', device: generator.name } as const
      const outcome = await operations.operate(wanted, 'enter-service', () => mayNotClose(state))
      if (outcome === 'done' || outcome === 'was so') feed({ kind: 'position', closed: true })
      else feed({ kind: 'not-closed', tried: outcome === 'failed' })
    }

    const isSynchronised = (): boolean => syncInput === undefined || lastStatus?.inputs?.[syncInput] === true
    function synchronised(): Promise<boolean> {
      if (isSynchronised()) return Promise.resolve(true)
      return new Promise(resolve => {
        const cancelWatch = bus.on('status', () => isSynchronised() && end(true))
        const cancelWait = clock.wakeAt(instant(clock.now() + SYNC_PATIENCE_MS), () => end(false))
        function end(isSo: boolean): void {
          cancelWatch()
          cancelWait()
          resolve(isSo)
        }
        endSync = () => end(false)
      })
    }

    function bar(what: string, stands: boolean): void {
      if (bars.has(what) === stands) return
      if (stands) bars.add(what)
      else bars.delete(what)
      feed({ kind: 'bar', name: what, stands })
    }

    function hearReport({ event, operation, cause, by }: Report): void {
      if (event !== 'operated' || (operation !== 'open' && operation !== 'close')) return
      if (typeof by === 'string') return feed({ kind: 'let-go' })
      if (operation !== 'open' || !TAKEN_OFF.has(cause)) return
      if (state.phase !== 'waiting' && state.phase !== 'closing') id = `${name}/${context.epoch}/return-${++returns}`
      takenOffAt = clock.now()
      feed({ kind: 'taken-off' })
    }

    function readiness(): Readiness {
      const no = (why: string): Readiness => ({ scheme: SCHEME, ready: false, why })
      const [first] = bars
      if (first !== undefined) return no(first)
      if (state.phase === 'left-alone')
        return no('it is open, and not by protection: a person or its controller closes it')
      if (state.phase !== 'waiting') return { scheme: SCHEME, ready: true }
      return waitsUntil === undefined
        ? no('voltage or frequency is not good')
        : { scheme: SCHEME, ready: true, why: `waits for ${Math.ceil((waitsUntil - clock.now()) / 1000)} s more` }
    }

    const cancels = [
      bus.on('measurement', measurement => feed({ kind: 'measured', ...measuredValues(place, measurement) })),
      bus.on('status', status => {
        lastStatus = status
        bar('it is tagged for work', status.hotLineTag === true)
        bar('it is switched to local control', status.local === true)
        if (status.sag === true || status.dead === true || status.pickup === true) feed({ kind: 'disturbed' })
        // What was asked before it was taken off shows it as it was.
        if (status.at >= takenOffAt && (status.position === 'open' || status.position === 'closed')) {
          feed({ kind: 'position', closed: status.position === 'closed' })
        }
      }),
      bus.on('device', ({ answering }) => {
        if (answering) return
        lastStatus = undefined
        feed({ kind: 'measured' })
      }),
      bus.on('transferTrip', ({ stands, channelLost }) => {
        bar('a transfer trip stands', stands)
        bar('a transfer trip would not be heard', channelLost)
      }),
      bus.on('inhibited', ({ stands }) => bar('an inhibit stands here', stands)),
      bus.on('lockout', each => bar(`${each.name} has latched`, each.stands)),
      bus.on('report', hearReport),
      bus.on('ready-asked', ({ answer }) => answer(readiness())),
    ]
    if (state.phase === 'waiting') id = `${name}/${context.epoch}/return-${++returns}`
    return {
      async stop() {
        stopped = true
        endSync()
        for (const cancel of cancels) cancel()
        await operations.stop()
        await kept.settled()
      },
    }
  },
}

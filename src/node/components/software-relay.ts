// The shell of the relay in software: samples of the field device go in, trips and closings come out. The decisions are in
// src/protection/elements. A trip goes straight to the device: no disk, no mesh and no inhibit lies in between. Closing is its
// own reclosing alone, and that waits for all of these.
//
// What has latched is kept: a lockout by breaker failure (86) until a person resets it, and that a sequence was under way, so
// that a start with the device open is a lockout whatever happened meanwhile.

import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { type Instant, instant } from '../../../topology/units.ts'
import type { Operation, SampleBlock, Status } from '../../hal/port.ts'
import { halfCyclePhasors } from '../../protection/elements/half-cycle-phasors.ts'
import { isLockedOut, type LockoutEvent, type LockoutState, lockout } from '../../protection/elements/lockout.ts'
import { inSequence } from '../../protection/elements/reclosing.ts'
import {
  type SoftwareRelayAction,
  type SoftwareRelayEvent,
  type SoftwareRelaySettings,
  type SoftwareRelayState,
  softwareRelay,
  softwareRelayDeadline,
  startedRelay,
} from '../../protection/elements/software-relay.ts'
import { usableSize } from '../../protection/power-quality/usable-samples.ts'
import type { Acted, Asked, Component, ComponentContext, Running } from '../component.ts'
import { latches } from '../latches.ts'
import { canOperate, operable } from '../operable.ts'
import { softwareRelaySettings } from '../software-relay-settings.ts'

const NAME = 'software-relay'
const SCHEME = 'local elements'
/** Names of the two latches on the bus: who closes by hand leaves the first, a person resets the second. */
export const RECLOSING_LATCH = `${NAME} 79`
const LOCKOUT_LATCH = `${NAME} 86`
/** Samples that are this late say nothing of now. */
const BLIND_MS = 100
/** A source that hands over more than this at once decides too late for a relay. */
const MOST_CYCLES = 0.75

export const softwareRelayComponent: Component = {
  name: NAME,
  async start(context) {
    const { config, feeder, hal, bus, name } = context
    if (config.softwareRelay === undefined) return { stop: () => {} }
    const refuse = (why: string): Running => {
      context.report('alarm', { alarm: 'software-relay-refused', reason: why })
      const cancel = bus.on('ready-asked', ({ answer }) => answer({ scheme: SCHEME, ready: false, why }))
      return { stop: cancel }
    }
    const ied = feeder.ied(name)
    const device = feeder.file.devices.find(each => each.name === ied.operates)
    if (device === undefined) return refuse(`${name} operates no switching device`)
    if (hal?.onSamples === undefined) {
      return refuse('the field device gives no samples, and a relay needs values each half cycle')
    }
    if (!canOperate(hal)) return refuse('the field device is read-only')
    const volts = nominalVolts(feeder.file).get(ied.node) ?? (feeder.file.nominalKv * 1000) / Math.sqrt(3)
    const nominal = { volts, hz: feeder.file.frequencyHz }
    const wanted = softwareRelaySettings(device, config.softwareRelay, nominal)
    if (typeof wanted !== 'string') return run(context, device.name, wanted, volts)
    // A group that was ordered once and is not in the file any more must not leave the device without a relay.
    const base = softwareRelaySettings(device, { ...config.softwareRelay, group: 'base' }, nominal)
    if (typeof base === 'string') return refuse(base)
    context.report('alarm', { alarm: 'settings-group-refused', reason: `${wanted}; base is in use` })
    return run(context, device.name, base, volts)
  },
}

async function run(
  context: ComponentContext,
  device: string,
  first: SoftwareRelaySettings,
  volts: number,
): Promise<Running> {
  const { bus, clock, config, feeder, hal, log } = context
  const kept = latches(context.store, NAME)
  const nominalHz = feeder.file.frequencyHz
  let settings = first
  let step = softwareRelay(settings)
  let wasInSequence = await kept.stands('sequence')
  // It protects from the first sample on; whether it may reclose, the first look at the device decides.
  let state: SoftwareRelayState = startedRelay(settings, 'unknown', wasInSequence, clock.now())
  let hasLooked = false
  let locked: LockoutState = { by: (await kept.stands('86')) ? ['before the restart'] : [] }
  let phasors: { readonly rate: number; readonly take: ReturnType<typeof halfCyclePhasors>['take'] } | undefined
  let unfit: string | undefined
  let lastAt = Number.NEGATIVE_INFINITY
  let heardAt = Number.NEGATIVE_INFINITY
  let status: Status | undefined
  let isInhibited = false
  let count = 0
  let cancelWake = (): void => {}
  let wakesFor: Instant | undefined
  let stopped = false
  /** Others' latches keep it from closing. */
  const latched = new Set<string>()
  let shown: { pickup?: boolean; tripped?: boolean; lockedOut?: boolean } = {}
  let lastWrite: Promise<void> = Promise.resolve()
  const working = new Set<Promise<void>>()

  const keep = (what: string, stands: boolean): void => {
    lastWrite = kept.set(what, stands)
    lastWrite.catch(error => {
      context.report('alarm', { alarm: 'latch-not-kept', name: `${NAME} ${what}`, reason: (error as Error).message })
    })
  }
  const idOf = (): string => `${context.name}/${context.epoch}/relay/${count}`

  // What goes in -----------------------------------------------------------------------------------------------------

  function take(event: SoftwareRelayEvent, now: Instant): void {
    if (stopped) return
    const before = state
    const next = step(before, event, now)
    state = next.state
    for (const action of next.actions) perform(action)
    if (inSequence(state.reclosing) !== wasInSequence) {
      wasInSequence = inSequence(state.reclosing)
      keep('sequence', wasInSequence)
    }
    if (before.reclosing.phase === 'lockout' && state.reclosing.phase !== 'lockout') {
      bus.emit('lockout', { name: RECLOSING_LATCH, stands: false })
    }
    show()
    wake()
  }

  function hear(block: SampleBlock): void {
    const size = usableSize(block, nominalHz)
    const cycles = size / (block.samplesPerSecond / nominalHz)
    if (size === 0) return doubt(`${block.samplesPerSecond} samples a second are too few or too many to judge by`)
    if (cycles > MOST_CYCLES) {
      return doubt(`the device hands over ${cycles.toFixed(1)} cycles at once, want half a cycle: too late for a relay`)
    }
    doubt(undefined)
    if (phasors?.rate !== block.samplesPerSecond) {
      phasors = { rate: block.samplesPerSecond, ...halfCyclePhasors(block.samplesPerSecond, nominalHz, volts) }
    }
    heardAt = clock.now()
    for (const { at, quantities } of phasors.take(block, size)) {
      lastAt = Math.max(lastAt, at)
      take({ kind: 'measured', quantities, isVoltageDoubted: false }, instant(lastAt))
    }
  }

  function doubt(why: string | undefined): void {
    if (why === unfit) return
    unfit = why
    if (why === undefined) return
    blind()
    context.report('alarm', { alarm: 'software-relay-refused', reason: why })
  }

  /** Nothing is measured any more: every element drops out. */
  function blind(): void {
    lastAt = Math.max(lastAt, clock.now())
    take({ kind: 'measured', quantities: { volts: {}, amps: {} }, isVoltageDoubted: true }, instant(lastAt))
  }

  function see(next: Status): void {
    status = next
    const position = next.position ?? 'unknown'
    if (!hasLooked) {
      hasLooked = true
      const { reclosing } = startedRelay(settings, position, wasInSequence, clock.now())
      state = { ...state, position, reclosing: state.hasTripped ? state.reclosing : reclosing }
      if (state.reclosing.phase === 'lockout') lockedOut(state.reclosing.why)
      return show()
    }
    take({ kind: 'position', position }, clock.now())
    const { phase } = state.reclosing
    if (next.hotLineTag === true && phase !== 'closed' && phase !== 'lockout') {
      take({ kind: 'lock out', why: 'tagged' }, clock.now())
    }
  }

  // What comes out ---------------------------------------------------------------------------------------------------

  function perform(action: SoftwareRelayAction): void {
    switch (action.kind) {
      case 'pickup':
        count++
        return context.report('relay-pickup', { id: idOf(), device, ...ampsOf(action.amps) })
      case 'dropout':
        return context.report('relay-dropout', { id: idOf(), device })
      case 'trip': {
        const by = action.by.join(', ')
        work(operate('open', `relay ${by}`))
        return context.report('relay-trip', {
          id: idOf(),
          device,
          by,
          trip: action.shot + 1,
          ...ampsOf(action.amps),
        })
      }
      case 're-trip':
        work(operate('open', 'breaker failure: second try'))
        return context.report('relay-retrip', { id: idOf(), device })
      case 'interrupted':
        return context.report('relay-interrupted', { id: idOf(), device })
      case 'breaker failed':
        context.report('alarm', { id: idOf(), alarm: 'breaker-failed', device })
        return latch({ kind: 'set', by: '50BF' })
      case 'close':
        work(operate('close', `reclosing, shot ${action.shot}`))
        return context.report('relay-recloses', { id: idOf(), device, shot: action.shot })
      case 'lockout':
        return lockedOut(action.why)
      case 'reset':
        return context.report('relay-reset', { id: idOf(), device })
    }
  }

  function lockedOut(why: string): void {
    context.report('relay-lockout', { id: idOf(), device, reason: why })
    bus.emit('lockout', { name: RECLOSING_LATCH, stands: true })
  }

  function latch(event: LockoutEvent, answer?: (acted: Promise<Acted>) => void): void {
    const next = lockout(locked, event)
    locked = next.state
    for (const action of next.actions) {
      if (action.kind === 'open') work(operate('open', 'lockout relay'))
      if (action.kind === 'keep') {
        bus.emit('lockout', { name: LOCKOUT_LATCH, stands: action.by.length > 0 })
        keep('86', action.by.length > 0)
      }
      if (action.kind === 'answer') answer?.(answered(action.done, action.words))
    }
  }

  /** A reset counts once it is durable. */
  async function answered(done: boolean, words: string): Promise<Acted> {
    await lastWrite
    return done ? { result: 'done', words } : { result: 'refused', reason: 'interlock', words }
  }

  function reset({ name, answer }: Asked & { readonly name: string }): void {
    if (name !== NAME) return
    const isFailing = state.breakerFailure.phase === 'failed'
    if (isLockedOut(locked)) return latch({ kind: 'reset', standing: isFailing ? ['50BF'] : [] }, answer)
    if (state.reclosing.phase !== 'lockout') return answer(answered(false, 'nothing is locked out'))
    // It stays open, and may be closed by order again.
    bus.emit('lockout', { name: RECLOSING_LATCH, stands: false })
    answer(answered(true, `lockout ended: ${state.reclosing.why}; the device stays as it is`))
  }

  async function operate(operation: Operation, cause: string): Promise<void> {
    try {
      await operable(hal).operate(operation)
      context.report('operated', { id: idOf(), operation, cause })
    } catch (error) {
      const reason = (error as Error).message
      context.report('alarm', { id: idOf(), alarm: 'operation-failed', operation, cause, reason })
    }
  }

  function work(done: Promise<void>): void {
    working.add(done)
    void done.finally(() => working.delete(done))
  }

  // When, and whether ------------------------------------------------------------------------------------------------

  function wake(): void {
    const due = stopped ? undefined : softwareRelayDeadline(state)
    // Each half cycle comes by here: a timer that waits for the same is left alone.
    if (due === wakesFor) return
    cancelWake()
    wakesFor = due
    if (due !== undefined) cancelWake = clock.wakeAt(due, tick)
  }

  function tick(): void {
    const was = wakesFor
    wakesFor = undefined
    take({ kind: 'tick', mayClose: mayClose() }, clock.now())
    // What it waits for is not so yet: it is looked at again.
    if (stopped || was === undefined || wakesFor !== was) return
    cancelWake()
    cancelWake = clock.wakeAt(instant(clock.now() + BLIND_MS), tick)
  }

  function mayClose(): boolean {
    if (isInhibited || isLockedOut(locked) || latched.size > 0 || whyBlind() !== undefined) return false
    if (status === undefined || status.position !== 'open') return false
    if (status.hotLineTag === true || status.local === true) return false
    return config.softwareRelay?.requiresDeadLine !== true || status.farDead === true
  }

  function whyBlind(): string | undefined {
    if (unfit !== undefined) return unfit
    const silentMs = clock.now() - heardAt
    return silentMs > BLIND_MS ? 'no samples come from the field device' : undefined
  }

  function show(): void {
    const lockedOutNow = isLockedOut(locked) || state.reclosing.phase === 'lockout'
    const next = { pickup: state.isPickedUp, tripped: state.hasTripped, lockedOut: lockedOutNow }
    if (next.pickup === shown.pickup && next.tripped === shown.tripped && next.lockedOut === shown.lockedOut) return
    shown = next
    bus.emit('ownRelay', next)
  }

  function changeGroup(group: string): void {
    if (config.softwareRelay === undefined) return
    const entry = feeder.device(device)
    const next = softwareRelaySettings(entry, { ...config.softwareRelay, group }, { volts, hz: nominalHz })
    if (typeof next === 'string') return context.report('alarm', { alarm: 'settings-group-refused', reason: next })
    settings = next
    step = softwareRelay(settings)
    // The sequence goes on; the elements begin anew, as the stages are others.
    const { reclosing, breakerFailure, position, hasTripped } = state
    state = { ...startedRelay(settings, position, false, clock.now()), reclosing, breakerFailure, hasTripped }
    context.report('settings-group', { device, group })
  }

  const cancels = [
    bus.on('samples', hear),
    bus.on('status', see),
    bus.on('reset', reset),
    bus.on('inhibited', ({ stands }) => {
      isInhibited = stands
    }),
    bus.on('lockout', ({ name, stands }) => {
      if (name === RECLOSING_LATCH || name === LOCKOUT_LATCH) return
      if (stands) latched.add(name)
      else latched.delete(name)
    }),
    bus.on('setting', ({ key, value }) => {
      if (key === 'softwareRelay.group') changeGroup(String(value))
    }),
    bus.on('components-started', () => {
      if (isLockedOut(locked)) bus.emit('lockout', { name: LOCKOUT_LATCH, stands: true })
      if (hasLooked && state.reclosing.phase === 'lockout') bus.emit('lockout', { name: RECLOSING_LATCH, stands: true })
    }),
    bus.on('ready-asked', ({ answer }) => {
      const why = whyBlind()
      answer({ scheme: SCHEME, ready: why === undefined, ...(why === undefined ? {} : { why }) })
    }),
  ]
  let isBlind = false
  let cancelWatch = (): void => {}
  const watch = (): void => {
    cancelWatch = clock.wakeAt(instant(clock.now() + BLIND_MS), () => {
      const silent = Number.isFinite(heardAt) && clock.now() - heardAt > BLIND_MS
      if (silent && !isBlind) {
        blind()
        context.report('alarm', { alarm: 'software-relay-blind', reason: 'no samples come from the field device' })
      }
      isBlind = silent
      if (!stopped) watch()
    })
  }
  watch()
  log.info('software-relay', { device, group: config.softwareRelay?.group })

  return {
    async stop() {
      stopped = true
      cancelWake()
      cancelWatch()
      for (const cancel of cancels) cancel()
      await Promise.all(working)
      await kept.settled()
    },
  }
}

const ampsOf = (amps: number | undefined): { readonly amps?: number } =>
  amps === undefined ? {} : { amps: Math.round(amps * 10) / 10 }

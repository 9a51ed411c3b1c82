// The shell of peripherals: values of the field device go in, trips of its output come out. The decisions are in
// src/protection/peripheral.ts. A trip goes straight to the device: no disk, no mesh and no inhibit lies in between.

import {
  type PeripheralAction,
  type PeripheralEvent,
  type PeripheralState,
  peripheral,
  peripheralStart,
  standingAtStart,
} from '../../protection/peripheral.ts'
import { automaticOperationOf } from '../automatic-operation.ts'
import type { Acted, Component, ComponentContext, Running } from '../component.ts'
import { latches } from '../latches.ts'
import { operable } from '../operable.ts'
import { feedOf, type PeripheralConfig, settingsOf } from '../peripheral-config.ts'
import { isStatusFeed, valueOfFeed } from '../value-of-feed.ts'

const SEVERITY = { near: 'warning', over: 'alarm', broken: 'alarm' } as const

export const peripheralsComponent: Component = {
  name: 'peripherals',
  async start(context) {
    const { config, readout } = context
    if (config.peripherals.length === 0) return { stop: () => {} }
    const kept = latches(context.store, 'peripherals')
    const running = await Promise.all(config.peripherals.map(each => watch(context, each, kept)))
    readout('peripherals', async () => ({ peripherals: running.map(({ row }) => row()) }))
    return {
      async stop() {
        for (const each of running) await each.stop()
        await kept.settled()
      },
    }
  },
}

interface Watched extends Running {
  row(): Record<string, unknown>
}

async function watch(
  context: ComponentContext,
  config: PeripheralConfig,
  kept: ReturnType<typeof latches>,
): Promise<Watched> {
  const { bus, clock, hal, log } = context
  const { name, action } = config
  const where = `peripherals: ${name}: action`
  const trips = action === 'none' ? undefined : automaticOperationOf(context, action, where)
  const settings = settingsOf(config)
  const step = peripheral(settings)
  const feed = feedOf(config)
  let state: PeripheralState = peripheralStart(trips !== undefined && (await kept.stands(name)))
  let doubt: string | undefined
  let cancelWake = (): void => {}
  let answer: ((outcome: Promise<Acted>) => void) | undefined
  let lastWrite: Promise<void> = Promise.resolve()
  let trip: Promise<void> = Promise.resolve()
  let stopped = false

  function take(event: PeripheralEvent): void {
    if (stopped) return
    const next = step(state, event, clock.now())
    state = next.state
    // What acts goes before what is kept and told of it, which takes its time.
    const isTrip = ({ kind }: PeripheralAction): boolean => kind === 'trip'
    for (const each of next.actions.filter(isTrip)) perform(each)
    for (const each of next.actions) if (!isTrip(each)) perform(each)
  }

  function perform(each: PeripheralAction): void {
    switch (each.kind) {
      case 'trip':
        trip = operate(each.cause)
        return
      case 'tell':
        return tell(each)
      case 'latch':
        bus.emit('lockout', { name, stands: each.stands })
        lastWrite = kept.set(name, each.stands)
        lastWrite.catch(error => {
          log.error('latch-not-kept', { name, reason: (error as Error).message })
          context.report('alarm', { alarm: 'latch-not-kept', name, reason: (error as Error).message })
        })
        return
      case 'answer':
        return answer?.(answered(each.done, each.words))
      case 'wake':
        cancelWake()
        cancelWake = clock.wakeAt(each.at, () => take({ kind: 'tick' }))
    }
  }

  /** A reset counts once it is durable: otherwise the next start would latch again. */
  async function answered(done: boolean, words: string): Promise<Acted> {
    await lastWrite
    return done ? { result: 'done', words } : { result: 'refused', reason: 'interlock', words }
  }

  function tell({ matter, phase, words }: PeripheralAction & { kind: 'tell' }): void {
    const { value } = state
    context.report('peripheral', {
      name,
      ...(matter === 'broken' ? { id: 'probe' } : {}),
      matter,
      phase,
      severity: SEVERITY[matter],
      text: words,
      input: feed,
      ...(value === undefined ? {} : { value }),
    })
  }

  async function operate(cause: 'over' | 'broken'): Promise<void> {
    const operation = trips?.operation as 'open' | 'shed'
    try {
      await operable(hal).operate(operation)
      context.report('operated', { operation, cause: `peripheral ${name}${cause === 'broken' ? ', broken' : ''}` })
      take({ kind: 'tripped', confirmed: true })
    } catch (error) {
      context.report('alarm', {
        alarm: 'operation-failed',
        operation,
        cause: `peripheral ${name}`,
        reason: (error as Error).message,
      })
      take({ kind: 'tripped', confirmed: false })
    }
  }

  function look(source: Parameters<typeof valueOfFeed>[0]): void {
    const seen = valueOfFeed(source, feed)
    doubt = seen.doubt
    const value = seen.value === undefined ? undefined : Number(seen.value)
    take({ kind: 'value', value, ...(seen.doubt === undefined ? {} : { why: `it is doubted: ${seen.doubt}` }) })
  }

  const isFast = isStatusFeed(feed)
  const cancels = [
    bus.on('status', status => {
      if (trips !== undefined) {
        const isOff =
          trips.of === 'sheddable'
            ? status.shed
            : { open: true, closed: false, unknown: undefined }[status.position ?? 'unknown']
        if (isOff !== state.isOff) take({ kind: 'off', isOff })
      }
      if (isFast) look(status)
    }),
    bus.on('measurement', measurement => {
      if (!isFast) look(measurement)
    }),
    bus.on('device', ({ answering }) => {
      if (!answering) take({ kind: 'silent' })
    }),
    bus.on('reset', asked => {
      if (asked.name !== name) return
      answer = asked.answer
      take({ kind: 'reset' })
      answer = undefined
    }),
    // Components that start after this one have not heard of it.
    bus.on('components-started', () => {
      if (state.latched) bus.emit('lockout', { name, stands: true })
    }),
  ]
  if (state.latched) {
    bus.emit('lockout', { name, stands: true })
    perform(standingAtStart(settings))
  }

  return {
    row: () => ({
      name,
      input: feed,
      value: state.value ?? null,
      unit: settings.unit,
      state: state.latched ? 'latched' : state.over.stands ? 'over' : state.near.stands ? 'near' : 'normal',
      probe: state.broken ?? doubt ?? (state.goodAt === undefined ? 'no value yet' : 'good'),
      warnAt: settings.warnAt ?? null,
      tripAt: settings.tripAt ?? null,
      action,
      off: state.isOff ?? null,
    }),
    async stop() {
      stopped = true
      cancelWake()
      for (const cancel of cancels) cancel()
      await trip
    },
  }
}

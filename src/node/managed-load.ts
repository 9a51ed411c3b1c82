// A load that this IED manages: its own through the load desk, another IED's by orders. An order lasts a while and is
// renewed, so that a load comes back by itself when whoever ordered it off dies or is cut off.

import type { FeederFile, IedEntry } from '../../topology/feeder-file.ts'
import { kwOf } from '../../topology/load-power.ts'
import type { What } from '../protection/command.ts'
import type { ComponentContext } from './component.ts'
import type { LoadDesk } from './load-desk.ts'
import { NodeError } from './node-error.ts'

export interface ManagedLoad {
  readonly name: string
  readonly ied: string
  readonly kw: number
  readonly priority: number
  /** Moved by this agent itself. */
  readonly isOwn: boolean
  /** Wishes are kept to until the next one. @param why for records */
  want(wish: 'off' | 'free', why: string): void
  /** Renews what is ordered. */
  tick(): void
  stop(): void
}

const AGAIN_MS = 30_000

/** @param part of the agent that manages it @throws NodeError BAD_INPUT where no IED moves it */
export function managedLoad(
  context: ComponentContext,
  {
    name,
    kw,
    priority,
  }: { readonly name: string; readonly kw?: number | undefined; readonly priority?: number | undefined },
  { part, orderMinutes, where }: { readonly part: string; readonly orderMinutes: number; readonly where: string },
): ManagedLoad {
  const { file } = context.feeder
  const entry = file.loads.find(load => load.name === name)
  if (entry === undefined) throw new NodeError('BAD_INPUT', `${where}: the feeder file has no load "${name}"`)
  const mover = moverOf(file, name)
  if (mover === undefined) {
    throw new NodeError('BAD_INPUT', `${where}: no IED operates ${name}, or meters a part of it that may be shed`)
  }
  const { ied, isWhole } = mover
  const own = {
    name,
    isOwn: ied.name === context.name,
    ied: ied.name,
    kw: kw ?? kwOf([entry]) * (isWhole ? 1 : entry.sheddableShare),
    priority: priority ?? entry.priority,
  }
  if (!own.isOwn) return { ...own, ...elsewhere(context, ied.name, part, ordersOf(orderMinutes)) }
  const desk = context.loads.of({ of: isWhole ? 'load' : 'sheddable' })
  if (desk === undefined) throw new NodeError('BAD_INPUT', `${where}: ${context.name} has no device to move ${name}`)
  return { ...own, ...here(desk, part) }
}

function moverOf(
  { ieds, loads }: FeederFile,
  name: string,
): { readonly ied: IedEntry; readonly isWhole: boolean } | undefined {
  const whole = ieds.find(ied => ied.operates === name)
  if (whole !== undefined) return { ied: whole, isWhole: true }
  const share = loads.find(load => load.name === name)?.sheddableShare ?? 0
  const meter = share > 0 ? ieds.find(ied => ied.meters.includes(name)) : undefined
  return meter === undefined ? undefined : { ied: meter, isWhole: false }
}

function here(desk: LoadDesk, part: string) {
  desk.use(part)
  return {
    want(wish: 'off' | 'free', why: string): void {
      if (wish === 'off') desk.say({ rank: 'rule', by: part, wish: 'off', why })
      else desk.release('rule', part)
    },
    tick: () => {},
    stop: () => {},
  }
}

type Wished = 'off' | 'free'
interface Orders {
  readonly what: Readonly<Record<Wished, What>>
  /** How often an order is said again; what has no time of its own is said once. */
  readonly renewMs: Readonly<Record<Wished, number>>
}

/** A load, or a generator that runs unless somebody stops it, comes back by itself when orders cease. */
const ordersOf = (minutes: number): Orders => ({
  what: { off: { verb: 'disconnect', minutes }, free: { verb: 'release' } },
  renewMs: { off: minutes * 30_000, free: Number.POSITIVE_INFINITY },
})
/** One that rests unless somebody needs it stays off without a time, and runs as long as it is ordered to. */
const standbyOrders = (minutes: number): Orders => ({
  what: { off: { verb: 'disconnect' }, free: { verb: 'connect', minutes } },
  renewMs: { off: Number.POSITIVE_INFINITY, free: minutes * 30_000 },
})

function elsewhere({ order, clock, report }: ComponentContext, to: string, part: string, { what, renewMs }: Orders) {
  let wanted: { readonly wish: Wished; readonly why: string } | undefined
  let dueAt = Number.POSITIVE_INFINITY
  let isBusy = false
  let isTold = false
  let stopped = false

  function tick(): void {
    if (stopped || isBusy || wanted === undefined || clock.now() < dueAt) return
    const { wish, why } = wanted
    isBusy = true
    order({ to, what: what[wish], cause: `${part}: ${why}`.slice(0, 200), timeoutMs: 10_000 })
      .then(
        ({ result, words }) => (result === 'done' ? undefined : words),
        (error: Error) => error.message,
      )
      .then(failure => {
        isBusy = false
        if (failure !== undefined && !isTold && !stopped) {
          report('alarm', { alarm: 'load-order-failed', ied: to, wish, reason: failure })
        }
        isTold = failure !== undefined
        if (wanted?.wish !== wish) return tick()
        // An order that did not get there is tried again; the one before it ends by itself.
        dueAt = clock.now() + (failure === undefined ? renewMs[wish] : AGAIN_MS)
      })
  }

  return {
    want(wish: Wished, why: string): void {
      wanted = { wish, why }
      dueAt = clock.now()
      tick()
    },
    tick,
    stop(): void {
      stopped = true
    },
  }
}

/** A generator that this IED manages, its own or another's: `free` lets it run. */
export function managedGenerator(
  context: ComponentContext,
  { name, isStandby }: { readonly name: string; readonly isStandby: boolean },
  { part, orderMinutes, where }: { readonly part: string; readonly orderMinutes: number; readonly where: string },
) {
  const { file } = context.feeder
  if (!file.generators.some(each => each.name === name)) {
    throw new NodeError('BAD_INPUT', `${where}: the feeder file has no generator "${name}"`)
  }
  const ied = file.ieds.find(each => each.operates === name)
  if (ied === undefined) throw new NodeError('BAD_INPUT', `${where}: no IED operates ${name}`)
  if (ied.name !== context.name) {
    const orders = isStandby ? standbyOrders(orderMinutes) : ordersOf(orderMinutes)
    return { ied: ied.name, desk: undefined, ...elsewhere(context, ied.name, part, orders) }
  }
  const desk = context.loads.of({ of: 'generator' })
  if (desk === undefined) throw new NodeError('BAD_INPUT', `${where}: ${context.name} has no device to move ${name}`)
  const own = here(desk, part)
  return {
    ied: ied.name,
    desk,
    ...own,
    want(wish: Wished, why: string): void {
      if (wish === 'free' && isStandby) desk.say({ rank: 'rule', by: part, wish: 'on', why })
      else own.want(wish, why)
    },
  }
}

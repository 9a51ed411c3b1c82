// A load that this IED manages: its own through the load desk, another IED's by orders. An order lasts a while and is
// renewed, so that a load comes back by itself when whoever ordered it off dies or is cut off.

import type { FeederFile, IedEntry } from '../../topology/feeder-file.ts'
import { kwOf } from '../../topology/load-power.ts'
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
  if (!own.isOwn) return { ...own, ...elsewhere(context, ied.name, part, orderMinutes) }
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

function elsewhere({ order, clock, report }: ComponentContext, to: string, part: string, orderMinutes: number) {
  let wanted: { readonly wish: 'off' | 'free'; readonly why: string } | undefined
  let dueAt = Number.POSITIVE_INFINITY
  let isBusy = false
  let isTold = false
  let stopped = false

  function tick(): void {
    if (stopped || isBusy || wanted === undefined || clock.now() < dueAt) return
    const { wish, why } = wanted
    isBusy = true
    const what = wish === 'off' ? { verb: 'disconnect' as const, minutes: orderMinutes } : { verb: 'release' as const }
    order({ to, what, cause: `${part}: ${why}`.slice(0, 200), timeoutMs: 10_000 })
      .then(
        ({ result, words }) => (result === 'done' ? undefined : words),
        (error: Error) => error.message,
      )
      .then(failure => {
        isBusy = false
        if (failure !== undefined && !isTold)
          report('alarm', { alarm: 'load-order-failed', ied: to, wish, reason: failure })
        isTold = failure !== undefined
        if (wanted?.wish !== wish) return tick()
        // What is free needs no renewal; and if that did not get there, the order before it ends by itself.
        if (failure === undefined)
          dueAt = wish === 'off' ? clock.now() + orderMinutes * 30_000 : Number.POSITIVE_INFINITY
        else dueAt = clock.now() + AGAIN_MS
      })
  }

  return {
    want(wish: 'off' | 'free', why: string): void {
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

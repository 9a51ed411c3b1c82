// The shell of the load desks: one for each load, generator or capacitor that this IED moves. Everything in the agent that
// moves one goes through `context.loads`, so that whose word counts is decided in one place, see
// src/protection/load/{precedence,load-desk}.ts. What is held is kept in the store, and so is who took the load off.

import { toCbor } from '../../topology/cbor.ts'
import { instant } from '../../topology/units.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import { type Hal, HalError, type Operation, type Status } from '../hal/port.ts'
import { closingRefusal } from '../protection/closing-check.ts'
import {
  type LoadDeskAction,
  type LoadDeskEvent,
  loadDesk,
  loadDeskStart,
  refusalOf,
} from '../protection/load/load-desk.ts'
import { deciding, type Hold, type Rank, ranks, standing, type Wish } from '../protection/load/precedence.ts'
import type { OrderedOperation } from '../protection/ordered-operation.ts'
import type { ComponentContext } from './component.ts'
import { decodeKept, encodeKept } from './kept-holds.ts'
import { observed } from './observed-hal.ts'
import { operable } from './operable.ts'
import { trusted } from './trusted-status.ts'

/** What the device moves: the part that may be shed, or its contactor. */
export type LoadOutput = 'sheddable' | 'main'

export type Said = Pick<Hold, 'rank' | 'by' | 'wish' | 'why' | 'id'> & {
  readonly minutes?: number
  readonly isTried?: boolean
}

export interface LoadRow {
  readonly name: string
  readonly output: LoadOutput
  readonly state: Wish | 'unknown'
  readonly ours: boolean
  readonly holds: readonly {
    readonly rank: Rank
    readonly by: string
    readonly wish: Wish
    readonly why: string
    readonly counts: boolean
    readonly untilUtc: string | null
  }[]
  readonly heldBack: string | null
}

export interface LoadDesk {
  readonly name: string
  readonly output: LoadOutput
  /** Automatic actors say once that they live: what another start of this agent held for one that does not is let go. */
  use(by: string): void
  /** Carried out as soon as its word counts, and tried again. Of holds with the same words nothing comes. */
  say(said: Said): void
  release(rank: Rank | readonly Rank[], by?: string, options?: { readonly adopt?: boolean }): void
  /** Tried once. @throws HalError HAL_REFUSED when another's word counts; what the device says */
  order(said: Said, order: string): Promise<void>
  /** It was carried out already: no more than the hold. Of one order once. */
  noted(said: Said, order: string): void
  refusal(wanted: Pick<Hold, 'rank' | 'by' | 'wish'>): string | undefined
  /** What counts, whoever said it. */
  wanted(): Wish | undefined
  holds(rank: Rank, by: string): boolean
  isOurs(): boolean
  row(): LoadRow
}

export interface LoadDesks {
  readonly all: readonly LoadDesk[]
  /** Undefined for a switch of the feeder. */
  of(operation: Pick<OrderedOperation, 'of'>): LoadDesk | undefined
  /** The device for all others: what protection does with it on its own is no hand at the device. */
  readonly hal: Hal | undefined
  /** After all components have started. */
  begin(): void
  stop(): Promise<void>
}

const OPERATION = {
  sheddable: { off: 'shed', on: 'restore' },
  main: { off: 'open', on: 'close' },
} as const

export type DeskContext = Pick<
  ComponentContext,
  'name' | 'feeder' | 'hal' | 'store' | 'ledger' | 'clock' | 'bus' | 'report' | 'log'
>

/** Reads what was kept. */
export async function loadDesks(context: DeskContext): Promise<LoadDesks> {
  const opened = await Promise.all(outputsOf(context).map(each => openDesk(context, each)))
  return {
    all: opened.map(({ desk }) => desk),
    hal: observed(
      context.hal,
      opened.map(({ observe }) => observe),
    ),
    of: ({ of }) =>
      of === 'switch'
        ? undefined
        : opened.find(({ desk }) => (desk.output === 'sheddable') === (of === 'sheddable'))?.desk,
    begin: () => opened.forEach(({ begin }) => void begin()),
    async stop() {
      await Promise.all(opened.map(({ stop }) => stop()))
    },
  }
}

interface Output {
  readonly name: string
  readonly kind: 'load' | 'generator' | 'capacitor' | 'sheddable'
  readonly output: LoadOutput
}

function outputsOf({ feeder, name, hal }: DeskContext): Output[] {
  const { ieds, loads, generators, capacitors } = feeder.file
  const ied = ieds.find(each => each.name === name)
  if (ied === undefined || hal === undefined) return []
  const kinds = { load: loads, generator: generators, capacitor: capacitors } as const
  const kind = (['load', 'generator', 'capacitor'] as const).find(each =>
    kinds[each].some(({ name: its }) => its === ied.operates),
  )
  const shed = loads.find(load => ied.meters.includes(load.name) && load.sheddableShare > 0)
  return [
    ...(kind === undefined ? [] : [{ name: ied.operates as string, output: 'main' as const, kind }]),
    ...(shed === undefined ? [] : [{ name: shed.name, output: 'sheddable' as const, kind: 'sheddable' as const }]),
  ]
}

async function openDesk(context: DeskContext, { name, output, kind }: Output) {
  const { hal, store, clock, bus } = context
  const key = `loads/${output}`
  const before = await store.get(key)
  const inTurn = serialQueue()
  let state = loadDeskStart(before === undefined ? { ours: false, holds: [] } : decodeKept(before, clock))
  let lastError: Error | undefined
  let stopped = false
  let operating: Promise<void> = Promise.resolve()
  const living = new Set<string>()
  const lockouts = new Set<string>()
  let inhibited = false
  const waiting = new Map<string, { readonly wish: Wish; readonly end: (error?: Error) => void }>()
  const wakes = new Map<number, () => void>()

  function feed(event: LoadDeskEvent): void {
    if (stopped) return
    const next = loadDesk(state, event, clock.now())
    state = next.state
    // Of several writes in one step the one that is waited for says it all.
    const isWaitedFor = next.actions.some(each => each.kind === 'keep' && each.answer)
    for (const action of next.actions) if (action.kind !== 'keep' || action.answer || !isWaitedFor) perform(action)
    answerOrders()
  }

  function perform(action: LoadDeskAction): void {
    switch (action.kind) {
      case 'keep': {
        const written = inTurn(() => store.batch([{ put: key, value: encodeKept(state, clock) }], { durable: true }))
        written.then(
          () => action.answer && feed({ kind: 'kept', durable: true }),
          (error: Error) => {
            lastError = error
            if (action.answer) return feed({ kind: 'kept', durable: false, reason: error.message })
            context.log.error('loads-not-kept', { load: name, reason: error.message })
          },
        )
        return
      }
      case 'operate':
        operating = operate(action.to, action.hold?.order !== undefined)
        return
      case 'operated':
        // What was ordered the command desk records and reports.
        if (action.hold?.order === undefined) record(action.to, action.hold)
        return
      case 'failed':
        if (action.hold?.order !== undefined || !action.first) return
        context.report('alarm', {
          alarm: 'operation-failed',
          operation: OPERATION[output][action.to],
          load: name,
          cause: causeOf(action.hold),
          ...idOf(action.hold),
          reason: action.reason,
        })
        return
      case 'held-back':
        context.report('reaction-inhibited', {
          operation: OPERATION[output][action.to],
          load: name,
          cause: causeOf(action.hold),
          ...idOf(action.hold),
          reason: action.reason,
        })
        return
      case 'shed-already':
        context.report('shed-already', { load: name, cause: causeOf(action.hold), ...idOf(action.hold) })
        return
      case 'by-hand':
        context.report('moved-by-hand', { load: name, to: action.wish })
        return
      case 'wake': {
        if (wakes.has(action.at)) return
        const cancel = clock.wakeAt(action.at, () => {
          wakes.delete(action.at)
          feed({ kind: 'tick' })
        })
        wakes.set(action.at, cancel)
      }
    }
  }

  function record(to: Wish, by: Hold | undefined): void {
    const why = by === undefined || by.why === '' ? {} : { why: by.why }
    const fields = { operation: OPERATION[output][to], load: name, cause: causeOf(by), ...idOf(by), ...why }
    context.report('operated', fields)
    context.ledger.append('operation', toCbor({ event: 'load-operated', ...fields })).then(
      ({ number }) => bus.emit('appended', { number }),
      (error: Error) => context.log.error('operation-not-recorded', { load: name, reason: error.message }),
    )
  }

  const idOf = (of: Hold | undefined): { readonly id?: string } => {
    const id = of === undefined ? state.takenId : of.id
    return id === undefined ? {} : { id }
  }
  const causeOf = (of: Hold | undefined): string => of?.by ?? state.takenFor ?? 'load desk'

  async function operate(to: Wish, isOrdered: boolean): Promise<void> {
    try {
      // Before an order the command desk has looked. The part that may be shed has no contactor to be looked at.
      if (to === 'on' && output === 'main' && !isOrdered) await lookBeforeClosing()
      await operable(hal).operate(OPERATION[output][to])
      feed({ kind: 'done' })
    } catch (error) {
      lastError = error as Error
      const untouched = error instanceof HalError && error.code === 'HAL_UNSUPPORTED'
      feed({ kind: 'failed', reason: (error as Error).message, untouched })
    }
  }

  /** @throws HalError */
  async function lookBeforeClosing(): Promise<void> {
    const { position, pickup } = trusted(await operable(hal).status())
    const refusal = closingRefusal({
      of: kind,
      position,
      pickup,
      inhibited,
      lockedOut: [...lockouts].sort()[0],
      joins: 'nothing',
      inSync: false, // a generator's own synchronising sees to that
      energised: kind === 'generator' ? context.feeder.energised(context.feeder.ied(context.name).node) : 'yes',
    })
    if (refusal !== undefined) throw refused(refusal)
  }

  /** Ends the waiting of orders that are done, have failed, or whose word does not count any more. */
  function answerOrders(): void {
    for (const [order, { wish, end }] of [...waiting]) {
      const own = state.holds.find(each => each.order === order)
      if (state.moving === undefined && state.shown === wish) end()
      else if (own === undefined || own.isTried === true) end(lastError ?? refused('another word came in between'))
      else if (deciding(state.holds) !== own) end(refused(desk.refusal(own) ?? 'another word came in between'))
      else if (state.moving === undefined && state.heldBack !== undefined) {
        feed({ kind: 'release', ranks: [own.rank], by: own.by })
        end(refused(state.heldBack))
      }
    }
  }
  const refused = (words: string): HalError => new HalError('HAL_REFUSED', `${name}: ${words}`)

  const holdOf = ({ minutes, ...said }: Said, order?: string): Hold => ({
    ...said,
    since: clock.now(),
    ...(minutes === undefined ? {} : { until: instant(clock.now() + minutes * 60_000) }),
    ...(order === undefined ? {} : { order }),
    ...(order !== undefined && minutes === undefined && said.wish === 'on' ? { whileContested: true } : {}),
  })

  const cancels = [
    bus.on('status', status => {
      const wish = shownIn(status, output)
      feed({ kind: 'shown', wish, at: status.at, local: status.local === true })
    }),
    bus.on('device', ({ answering }) => {
      if (!answering) feed({ kind: 'silent' })
    }),
    bus.on('inhibited', ({ stands }) => {
      inhibited = stands
      bars()
    }),
    bus.on('lockout', ({ name: by, stands }) => {
      if (stands) lockouts.add(by)
      else lockouts.delete(by)
      bars()
    }),
  ]
  const bars = (): void => feed({ kind: 'bars', inhibited, latched: [...lockouts].sort()[0] })

  const desk: LoadDesk = {
    name,
    output,
    use: by => void living.add(by),
    say(said) {
      const own = state.holds.find(each => each.rank === said.rank && each.by === said.by)
      if (own?.wish === said.wish && own.why === said.why && own.until === undefined && said.minutes === undefined)
        return
      feed({ kind: 'say', hold: holdOf(said) })
    },
    release(rank, by, { adopt = false } = {}) {
      const ranksOf = typeof rank === 'string' ? [rank] : rank
      const isHeld = state.holds.some(each => ranksOf.includes(each.rank) && (by === undefined || each.by === by))
      if (isHeld || adopt) feed({ kind: 'release', ranks: ranksOf, ...(by === undefined ? {} : { by }), adopt })
    },
    order(said, order) {
      return new Promise((resolve, reject) => {
        lastError = undefined
        waiting.set(order, {
          wish: said.wish,
          end(error) {
            waiting.delete(order)
            if (error === undefined) resolve()
            else reject(error)
          },
        })
        feed({ kind: 'say', hold: holdOf(said, order) })
        if (stopped) waiting.get(order)?.end(refused('this agent is stopping'))
      })
    },
    noted(said, order) {
      if (state.holds.some(each => each.order === order)) return
      feed({ kind: 'say', hold: holdOf(said, order) })
    },
    refusal: wanted => refusalOf(state, wanted, clock.now()),
    wanted: () => deciding(standing(state.holds, clock.now(), state.shown === 'on'))?.wish,
    holds: (rank, by) => state.holds.some(each => each.rank === rank && each.by === by),
    isOurs: () => state.ours,
    row() {
      const first = deciding(state.holds)
      const utc = clock.utc()
      return {
        name,
        output,
        state: state.shown ?? 'unknown',
        ours: state.ours,
        holds: ranks
          .flatMap(rank => state.holds.filter(each => each.rank === rank))
          .map(each => ({
            rank: each.rank,
            by: each.by,
            wish: each.wish,
            why: each.why,
            counts: each === first,
            untilUtc:
              each.until === undefined ? null : new Date(utc + Math.max(0, each.until - clock.now())).toISOString(),
          })),
        heldBack: state.heldBack ?? null,
      }
    },
  }

  return {
    desk,
    observe(operation: Operation) {
      const { on, off } = OPERATION[output]
      const to = operation === on ? 'on' : operation === off ? 'off' : undefined
      if (to === undefined) return undefined
      feed({ kind: 'moves' })
      return (confirmed: boolean) => feed({ kind: 'moved', to, confirmed })
    },
    begin(): void {
      const isDead = ({ rank, by }: Hold): boolean => (rank === 'protection' || rank === 'rule') && !living.has(by)
      for (const { rank, by } of state.holds.filter(isDead)) feed({ kind: 'release', ranks: [rank], by })
    },
    async stop(): Promise<void> {
      stopped = true
      for (const cancel of [...cancels, ...wakes.values()]) cancel()
      for (const { end } of [...waiting.values()]) end(refused('this agent is stopping'))
      await operating
      await inTurn(async () => {})
    },
  }
}

function shownIn({ shed, position }: Status, output: LoadOutput): Wish | undefined {
  if (output === 'sheddable') return shed === undefined ? undefined : shed ? 'off' : 'on'
  return position === 'open' ? 'off' : position === 'closed' ? 'on' : undefined
}

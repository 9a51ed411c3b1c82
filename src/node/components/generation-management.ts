// The shell of generation management and load routing: prices and the meter go in, generators run, stop or are curtailed,
// and loads change their source. The plans are compared in src/protection/load/dispatch.ts. It runs where the configuration
// has a section `generationManagement`.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../../topology/cbor.ts'
import { kwOf } from '../../../topology/load-power.ts'
import { serialQueue } from '../../aggregation/serial-queue.ts'
import { type DispatchInput, dispatch, type Plan, type Quantity, type Unit } from '../../protection/load/dispatch.ts'
import { type Money, moneyText, type Price, priceOf, priceText } from '../../protection/load/price.ts'
import type { Component, ComponentContext, Running } from '../component.ts'
import type { GenerationConfig } from '../generation-config.ts'
import { loadTransfer } from '../load-transfer.ts'
import { managedGenerator } from '../managed-load.ts'
import { NodeError } from '../node-error.ts'
import { priceSource } from '../price-source.ts'
import { kwIn } from './load-management.ts'

const PART = 'generation-management'
const KEY = 'generation-management/units'
/** A plan is made on a measurement that shows what the one before has done. */
const SETTLE_MS = 5000
const MAX_AGE_MS = 60_000

const kept = z.record(z.string(), z.number())

export const generationManagement: Component = {
  name: PART,
  start: context =>
    context.config.generationManagement === undefined
      ? { stop: () => {} }
      : manage(context, context.config.generationManagement),
}

async function manage(context: ComponentContext, settings: GenerationConfig): Promise<Running> {
  const { bus, clock, store, name, feeder } = context
  const options = { part: PART, orderMinutes: settings.orderMinutes, where: 'generationManagement' }
  const before = await store.get(KEY)
  const was = before === undefined ? {} : kept.parse(fromCbor(before))
  const units = settings.generators.map(each => unitOf(context, each, was[each.name], options))
  const transfers = await Promise.all(
    settings.transfers.map(async each => {
      const entry = feeder.file.loads.find(load => load.name === each.load)
      if (entry === undefined) {
        throw new NodeError('BAD_INPUT', `${options.where}.transfers: the feeder file has no load "${each.load}"`)
      }
      return {
        settings: each,
        watts: Math.round((each.kw ?? kwOf([entry])) * 1000),
        at: await loadTransfer(context, each, `${options.where}.transfers`),
        since: Number.NEGATIVE_INFINITY,
      }
    }),
  )
  const buy = await priceSource(context, settings, 'generation-management/price')
  const sell = await priceSource(context, { ...settings, price: settings.sell })
  const [sense = '', quantity = ''] = settings.goal.split(' ')
  const goal = { quantity: quantity as Quantity, least: sense === 'minimise' }
  const inTurn = serialQueue()
  let kw: number | undefined
  let measuredAt = Number.NEGATIVE_INFINITY
  let changedAt = Number.NEGATIVE_INFINITY
  let last: { readonly input: DispatchInput; readonly plan: Plan } | undefined
  let why = 'no plan yet'
  let events = 0
  let isStarted = false
  let stopped = false

  function inputNow(): DispatchInput | string {
    const bought = buy.now()
    if (kw === undefined || clock.now() - measuredAt > MAX_AGE_MS) return 'the power at this IED is not measured'
    if (measuredAt < changedAt + SETTLE_MS) return 'what was done last does not show yet'
    if (bought === undefined && (goal.quantity === 'cost' || goal.quantity === 'revenue'))
      return 'the price is not known'
    const own = units.map(each => each.now())
    const generatedW = own.reduce((sum, { nowW }) => sum + nowW, 0)
    const routed = transfers.map(({ settings: each, watts, at, since }) => {
      const state = at.state()
      return {
        load: each.load,
        watts,
        secondPerKwh: priceOf(each.secondPerKwh) as Price,
        isOnSecond: state.phase === 'resting' && state.on === 'second',
        isHeld: state.phase !== 'resting' || clock.now() - since < each.minMinutes * 60_000,
      }
    })
    const awayW = routed.reduce((sum, { isOnSecond, watts }) => sum + (isOnSecond ? watts : 0), 0)
    return {
      goal,
      buy: bought?.perKwh ?? (0n as Price),
      sell: sell.now()?.perKwh ?? (0n as Price),
      loadW: Math.round(kw * 1000) + generatedW + awayW,
      units: own,
      transfers: routed,
      importLimitW: settings.importLimitKw === undefined ? undefined : settings.importLimitKw * 1000,
      exportLimitW: settings.exportLimitKw === undefined ? undefined : settings.exportLimitKw * 1000,
      reserveW: settings.reserveKw * 1000,
      leastGain: leastGainOf(settings),
    }
  }

  function look(): void {
    if (!isStarted || stopped) return
    for (const each of units) each.mover.tick()
    const input = inputNow()
    if (typeof input === 'string') {
      why = input
      return
    }
    const found = dispatch(input)
    last = { input, plan: found.plan }
    why = ''
    if (found.isBetter) carryOut(input, found.plan, found.now)
  }

  function carryOut(input: DispatchInput, plan: Plan, now: Plan): void {
    changedAt = clock.now()
    const words = `${settings.goal}: ${gainText(goal.quantity, now.value)} → ${gainText(goal.quantity, plan.value)} an hour`
    context.report('dispatched', {
      id: `${name}/${context.epoch}/dispatch/${++events}`,
      goal: settings.goal,
      words,
      buyPerKwh: priceText(input.buy),
      sellPerKwh: priceText(input.sell),
      loadKw: input.loadW / 1000,
      plan: [...plan.watts].map(([unit, watts]) => `${unit} ${watts / 1000} kW`).join(', '),
      onSecond: [...plan.onSecond].join(', '),
    })
    const durable = inTurn(() =>
      store.batch([{ put: KEY, value: toCbor(Object.fromEntries(plan.watts)) }], { durable: true }),
    )
    durable.then(
      () => {
        for (const each of units) each.set(plan.watts.get(each.name) ?? 0, words)
        for (const each of transfers) {
          const { load } = each.settings
          if (plan.onSecond.has(load) === now.onSecond.has(load)) continue
          each.since = clock.now()
          each.at.go(plan.onSecond.has(load) ? 'second' : 'first')
        }
      },
      (error: Error) => context.report('alarm', { alarm: 'not-dispatched', reason: error.message }),
    )
  }

  const cancels = [
    bus.on('measurement', measurement => {
      kw = kwIn(measurement)
      measuredAt = measurement.at
    }),
    bus.on('device', ({ answering }) => {
      if (!answering) kw = undefined
    }),
    bus.on('components-started', () => {
      isStarted = true
      for (const each of units) each.begin()
      for (const { at } of transfers) at.begin()
    }),
    bus.on('management-asked', ({ answer }) =>
      answer('generation', {
        goal: settings.goal,
        loadKw: last === undefined ? null : last.input.loadW / 1000,
        value: last === undefined ? null : gainText(goal.quantity, last.plan.value),
        why,
        units: [
          ...units.map(({ name: unit, mover, now }) => {
            const { nowW, isHeld } = now()
            return {
              name: unit,
              ied: mover.ied,
              wanted: nowW === 0 ? 'stopped' : `${nowW / 1000} kW`,
              why: isHeld ? 'held' : '',
            }
          }),
          ...transfers.map(({ settings: { load }, at }) => {
            const state = at.state()
            return {
              name: load,
              ied: name,
              wanted: state.phase === 'resting' ? `${state.on} source` : state.phase,
              why: state.phase === 'stopped' ? state.why : '',
            }
          }),
        ],
      }),
    ),
    bus.on('ready-asked', ({ answer }) => {
      const input = inputNow()
      answer({
        scheme: 'generation management',
        ready: typeof input !== 'string',
        ...(typeof input === 'string' ? { why: input } : {}),
      })
    }),
    clock.every(settings.everySeconds * 1000, look),
    buy.stop,
    sell.stop,
  ]
  buy.onChange(look)
  return {
    async stop() {
      stopped = true
      for (const cancel of cancels) cancel()
      for (const each of units) each.mover.stop()
      for (const { at } of transfers) await at.stop()
      await inTurn(async () => {})
    },
  }
}

type GeneratorConfig = GenerationConfig['generators'][number]

function unitOf(
  context: ComponentContext,
  config: GeneratorConfig,
  was: number | undefined,
  options: { readonly part: string; readonly orderMinutes: number; readonly where: string },
) {
  const { clock, hal, feeder } = context
  const { name, levels, standby } = config
  const where = `${options.where}.generators`
  const mover = managedGenerator(context, { name, isStandby: standby }, { ...options, where })
  for (const { output } of levels) {
    if (mover.desk === undefined || hal?.outputs?.includes(output) !== true) {
      throw new NodeError('BAD_INPUT', `${where}: ${name}: the device of ${context.name} has no output ${output}`)
    }
  }
  const fullW = Math.round((config.kw ?? feeder.file.generators.find(each => each.name === name)?.kw ?? 0) * 1000)
  const levelsW = [...levels.map(({ kw }) => Math.round(kw * 1000)), fullW]
  let nowW = was !== undefined && (was === 0 || levelsW.includes(was)) ? was : standby ? 0 : fullW
  let since = Number.NEGATIVE_INFINITY

  async function curtail(watts: number): Promise<void> {
    for (const { kw, output } of levels) await hal?.drive?.(output, Math.round(kw * 1000) === watts)
  }

  function apply(words: string): void {
    mover.want(nowW === 0 ? 'off' : 'free', words)
    if (levels.length === 0) return
    curtail(nowW).catch((error: Error) =>
      context.report('alarm', { alarm: 'not-curtailed', generator: name, reason: error.message }),
    )
  }

  return {
    name,
    mover,
    now(): Unit {
      const isOff = mover.desk?.row().state === 'off'
      const heldMs = (nowW === 0 ? config.minStopMinutes : config.minRunMinutes) * 60_000
      const wish = nowW === 0 ? ('on' as const) : ('off' as const)
      const isOthers = mover.desk?.refusal({ rank: 'rule', by: options.part, wish }) !== undefined
      return {
        name,
        levelsW,
        fuel: priceOf(config.fuelPerKwh) as Price,
        wearPerHour: moneyOf(config.wearPerHour),
        startCost: moneyOf(config.startCost),
        leastRunHours: Math.max(1, config.minRunMinutes / 60),
        nowW: isOff ? 0 : nowW,
        // One that is off though it should run was stopped by somebody with a better reason.
        isHeld: clock.now() - since < heldMs || isOthers || (isOff && nowW > 0),
      }
    },
    set(watts: number, words: string): void {
      if (watts === nowW) return
      if ((watts === 0) !== (nowW === 0)) since = clock.now()
      nowW = watts
      apply(words)
    },
    begin(): void {
      if (was !== undefined && (nowW === 0 || mover.desk !== undefined || standby)) apply('as before the restart')
    },
  }
}

const MILLE = 1000n
/** A decimal of the currency in thousand-millionths. */
const moneyOf = (text: string): Money => ((priceOf(text) as bigint) * MILLE) as Money

const isMoney = (quantity: Quantity): boolean => quantity === 'cost' || quantity === 'revenue'
const gainText = (quantity: Quantity, value: bigint): string =>
  isMoney(quantity) ? moneyText(value as Money) : `${Number(value) / 1000} kW`

function leastGainOf({ goal, leastGain }: GenerationConfig): bigint {
  const given = priceOf(leastGain) as bigint
  // Of the currency in thousand-millionths; of kW in watts.
  return isMoney(goal.split(' ')[1] as Quantity) ? given * MILLE : given / MILLE
}

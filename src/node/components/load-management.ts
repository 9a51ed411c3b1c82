// The shell of load management: prices, local time and the meter go in, loads go off and on. The decisions are in
// src/protection/load/load-control.ts, whose word counts in precedence.ts. Without a section `loadManagement` in the
// configuration it only answers the read-out `loads`.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../../topology/cbor.ts'
import { instant } from '../../../topology/units.ts'
import { serialQueue } from '../../aggregation/serial-queue.ts'
import type { Measurement } from '../../hal/port.ts'
import { valueAt } from '../../protection/load/daily-course.ts'
import {
  demandRoom,
  demandStart,
  demandWindow,
  lastDemandKw,
  predictedDemand,
} from '../../protection/load/demand-window.ts'
import { type ControlEvent, controlStart, loadControl, type Reason } from '../../protection/load/load-control.ts'
import { priceText } from '../../protection/load/price.ts'
import type { Component, ComponentContext, Running } from '../component.ts'
import { courseOf, demandSettings, type LoadManagementConfig } from '../load-config.ts'
import { localTimeIn } from '../local-time.ts'
import { type ManagedLoad, managedLoad } from '../managed-load.ts'
import { NodeError } from '../node-error.ts'
import { priceSource } from '../price-source.ts'

const PART = 'load-management'
const OFF_KEY = 'load-management/off'
/** How often prices, times and orders are looked at; measurements count when they come. */
const LOOK_MS = 5000
/** Energy between two measurements that are farther apart is not known. */
const MAX_GAP_MS = 60_000
/** Peers are to be found first, and the device to be read. */
const START_MS = 5000

const keptOff = z.record(z.string(), z.array(z.enum(['price', 'demand'])))

export const loadManagement: Component = {
  name: PART,
  async start(context) {
    const { config, bus, loads, readout } = context
    readout('loads', async () => {
      const management: Record<string, unknown> = {}
      bus.emit('management-asked', {
        answer: (section, facts) => {
          management[section] = facts
        },
      })
      return { loads: loads.all.map(each => each.row()), management }
    })
    return config.loadManagement === undefined ? { stop: () => {} } : manage(context, config.loadManagement)
  },
}

async function manage(context: ComponentContext, settings: LoadManagementConfig): Promise<Running> {
  const { bus, clock, store, log, name } = context
  const managed = managedLoads(context, settings)
  const byName = new Map(managed.map(each => [each.name, each]))
  const price = await priceSource(context, settings, 'load-management/price')
  const limits = courseOf(settings.limits)
  const local = localTimeIn(settings.timeZone)
  const { demand: limit } = settings
  const window = limit && demandSettings(limit, MAX_GAP_MS)
  const marginKw = limit?.marginKw ?? (limit?.limitKw ?? 0) * 0.05
  const control = {
    loads: managed.map(({ name: load, kw, priority }) => {
      const own = settings.loads.find(each => each.name === load)
      return {
        name: load,
        kw,
        priority,
        minOnMs: (own?.minOnSeconds ?? 300) * 1000,
        minOffMs: (own?.minOffSeconds ?? 300) * 1000,
        heeds: new Set(own?.heeds ?? (['price', 'demand'] as const)),
      }
    }),
    spreadMs: settings.restoreSpreadSeconds * 1000,
    gapMs: settings.restoreGapSeconds * 1000,
    settleMs: settings.settleSeconds * 1000,
    blindMs: settings.blindMinutes * 60_000,
    rotateMs: settings.rotateMinutes * 60_000,
  }
  const before = await store.get(OFF_KEY)
  const off = new Map<string, ReadonlySet<Reason>>()
  for (const [load, reasons] of Object.entries(before === undefined ? {} : keptOff.parse(fromCbor(before)))) {
    if (byName.has(load) && reasons.length > 0) off.set(load, new Set(reasons))
  }
  const step = loadControl(control)
  let state = controlStart(control, off, clock.now())
  let demand = demandStart
  let kw: number | undefined
  let measuredAt = Number.NEGATIVE_INFINITY
  let events = 0
  let isStarted = false
  let stopped = false
  const inTurn = serialQueue()

  /** Minutes of UTC, as meters count; without a good clock the machine's own time. */
  const stepTimeMs = (): number => (clock.utcGood() ? clock.utc() : clock.now())

  function measured(measurement: Measurement): void {
    kw = kwIn(measurement)
    if (kw === undefined) return
    measuredAt = measurement.at
    if (window !== undefined)
      demand = demandWindow(window, demand, { kw, at: measurement.at, stepTimeMs: stepTimeMs() })
    look()
  }

  function priceNow() {
    const now = price.now()
    const highest = clock.utcGood() ? valueAt(limits, local(clock.utc())) : undefined
    const word =
      limits.length === 0
        ? 'within'
        : now === undefined || highest === undefined
          ? 'unknown'
          : now.perKwh > highest
            ? 'over'
            : 'within'
    return { now, highest, word } as const
  }

  function demandNow() {
    if (limit === undefined || window === undefined) return { event: 'unlimited' as const }
    if (kw === undefined || clock.now() - measuredAt > MAX_GAP_MS) return { event: 'unknown' as const }
    const foreseen = predictedDemand(window, demand, kw)
    return { event: demandRoom(foreseen, kw, { limitKw: limit.limitKw, marginKw }), foreseen }
  }

  function look(): void {
    if (!isStarted || stopped) return
    for (const each of managed) each.tick()
    const prices = priceNow()
    const demands = demandNow()
    const event: ControlEvent = { price: prices.word, demand: demands.event }
    const next = step(state, event, clock.now())
    state = next.state
    if (next.actions.length === 0) return
    const facts = {
      ...(prices.now === undefined ? {} : { perKwh: priceText(prices.now.perKwh), priceBy: prices.now.source }),
      ...(prices.highest === undefined ? {} : { limitPerKwh: priceText(prices.highest) }),
      ...(demands.foreseen?.predictedKw === undefined ? {} : { predictedKw: Math.round(demands.foreseen.predictedKw) }),
      ...(limit === undefined ? {} : { limitKw: limit.limitKw }),
    }
    const kept = inTurn(() => keep())
    for (const action of next.actions) {
      const id = `${name}/${context.epoch}/load/${++events}`
      const load = byName.get(action.load)
      if (action.kind === 'off') {
        const why = action.reasons.map(reason => wordsOf(reason, facts)).join(', ')
        context.report('load-off', {
          id,
          load: action.load,
          ied: load?.ied,
          reasons: action.reasons.join(', '),
          ...facts,
        })
        // What it took off has to be known to the next start before it is off.
        kept.then(
          () => stillOff(action.load) && load?.want('off', why),
          (error: Error) =>
            context.report('alarm', { alarm: 'load-not-shed', load: action.load, reason: error.message }),
        )
      } else {
        context.report('load-on', { id, load: action.load, ied: load?.ied, after: action.after ?? '', ...facts })
        load?.want('free', '')
      }
    }
  }

  const stillOff = (load: string): boolean => (state.loads.get(load)?.off.size ?? 0) > 0

  async function keep(): Promise<void> {
    const now = Object.fromEntries(
      [...state.loads].filter(([, each]) => each.off.size > 0).map(([load, each]) => [load, [...each.off]]),
    )
    await store.batch([{ put: OFF_KEY, value: toCbor(now) }], { durable: true })
  }

  const cancels: (() => void)[] = [
    bus.on('measurement', measured),
    bus.on('device', ({ answering }) => {
      if (!answering) kw = undefined
    }),
    bus.on('components-started', () => {
      cancels.push(
        clock.wakeAt(instant(clock.now() + START_MS), () => {
          isStarted = true
          look()
        }),
      )
      for (const each of managed) {
        if (off.has(each.name)) each.want('off', 'as before the restart')
        // Orders to others end by themselves.
        else if (each.isOwn) each.want('free', '')
      }
    }),
    bus.on('management-asked', ({ answer }) => {
      const { now, highest } = priceNow()
      const { foreseen } = demandNow()
      answer('load', {
        perKwh: now === undefined ? null : priceText(now.perKwh),
        priceBy: now?.source ?? null,
        limitPerKwh: highest === undefined ? null : priceText(highest),
        demandKw: kw ?? null,
        predictedKw: foreseen?.predictedKw ?? null,
        lastDemandKw: (window && lastDemandKw(window, demand)) ?? null,
        limitKw: limit?.limitKw ?? null,
        loads: managed.map(each => {
          const { off: reasons, since } = state.loads.get(each.name) ?? { off: new Set(), since: clock.now() }
          return {
            load: each.name,
            ied: each.ied,
            kw: each.kw,
            priority: each.priority,
            wanted: reasons.size > 0 ? 'off' : 'on',
            why: [...reasons].join(', '),
            forSeconds: Number.isFinite(since) ? Math.round((clock.now() - since) / 1000) : null,
          }
        }),
      })
    }),
    bus.on('ready-asked', ({ answer }) => {
      const why = [
        ...(priceNow().word === 'unknown' ? ['the price or its limit is not known'] : []),
        ...(demandNow().event === 'unknown' ? ['the demand is not measured'] : []),
      ].join('; ')
      answer({ scheme: 'load management', ready: why === '', ...(why === '' ? {} : { why }) })
    }),
    clock.every(LOOK_MS, look),
    price.stop,
  ]
  price.onChange(look)
  log.debug('load-management-started', { loads: managed.length })
  return {
    async stop() {
      stopped = true
      for (const cancel of cancels) cancel()
      for (const each of managed) each.stop()
      await inTurn(async () => {})
    },
  }
}

function managedLoads(context: ComponentContext, { loads, orderMinutes }: LoadManagementConfig): ManagedLoad[] {
  const where = 'loadManagement.loads'
  const own = context.loads.all
    .map(({ name }) => name)
    .filter(name => context.feeder.file.loads.some(each => each.name === name))
  const wanted = loads.length > 0 ? loads : own.map(name => ({ name }))
  if (wanted.length === 0)
    throw new NodeError('BAD_INPUT', `${where}: ${context.name} moves no load itself, want names`)
  return wanted.map(each => managedLoad(context, each, { part: PART, orderMinutes, where }))
}

function wordsOf(reason: Reason, facts: Readonly<Record<string, unknown>>): string {
  if (reason === 'price') return `price ${facts.perKwh} over ${facts.limitPerKwh}`
  return `demand ${facts.predictedKw ?? ''} over ${facts.limitKw} kW`.replace('  ', ' ')
}

/** What flows to the customer, all phases; undefined where it is not measured, or doubted. */
export function kwIn({ kw, total, doubts = {} }: Measurement): number | undefined {
  if (Object.keys(doubts).some(feed => feed === 'total.kw' || feed.startsWith('kw'))) return undefined
  if (total?.kw !== undefined) return total.kw
  const phases = Object.values(kw ?? {}).filter(each => each !== undefined)
  return phases.length === 0 ? undefined : phases.reduce((sum, each) => sum + each, 0)
}

// The energy balance of the feeder and the signs of tampering, at a back-end peer: computed from what it collected, when
// somebody asks (`feedermesh fraud`) and by itself at the end of each period. What is new is recorded in its own ledger,
// class `tamper`, and alarmed when two independent signs speak against a meter. It operates nothing.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../../topology/cbor.ts'
import { instant, type UtcMs, utcMs } from '../../../topology/units.ts'
import { inventoryCodec } from '../../aggregation/assets/asset-records.ts'
import { type AuditSettings, auditDefaults, auditFeeder } from '../../aggregation/audit/audit-feeder.ts'
import type { Indication, IndicationKind, Suspicion } from '../../aggregation/audit/indication.ts'
import { type MeterInterval, meterInterval, withEdits } from '../../aggregation/audit/meter-interval.ts'
import type { Withheld } from '../../aggregation/audit/withheld.ts'
import type { Collector } from '../../aggregation/collector.ts'
import { factorOf } from '../../aggregation/multiplier.ts'
import { profiledReadings } from '../../aggregation/profiled-readings.ts'
import { collectedEdits } from '../collected-reading-source.ts'
import type { Component } from '../component.ts'
import { fraudAnswer } from '../fraud-rows.ts'
import { NodeError } from '../node-error.ts'
import { siteZone, wishedMoment } from '../site-zone.ts'

/** More at once would take the memory that collecting needs. */
const MOST_INTERVALS = 1_000_000
/** After the end of a period, so that its last readings have come. */
const SETTLE_MS = 120_000
const YIELD_EVERY = 2_000

const question = z
  .object({
    from: z.string().max(40).optional(),
    to: z.string().max(40).optional(),
    limit: z.number().int().min(1).max(10_000).default(1000),
  })
  .strict()

export const balanceComponent: Component = {
  name: 'balance',
  start(context) {
    const { bus, clock, config, feeder, ledger, log } = context
    const { balance } = config
    const periodMs = balance.periodMinutes * 60_000
    let collector: Collector | undefined
    let cancel = (): void => {}
    let running: Promise<void> = Promise.resolve()
    /** What was told, so that it is told once: of IEDs of the feeder file, each with a few kinds. After a restart the ledger's. */
    const told = new Map<string, string>()
    let isRemembered = false
    /** What lacks now, so that each is told when it begins: once more after a restart, since nothing records it. */
    let lacking = new Set<string>()

    async function remember(): Promise<void> {
      if (isRemembered) return
      for (const { body } of await ledger.newestOf('tamper', MOST_TOLD)) {
        const { data } = suspicion.safeParse(body && readable(() => fromCbor(body.content)))
        if (data !== undefined) told.set(data.ied, said(data.state, data.kinds))
      }
      isRemembered = true
    }

    async function check(from: UtcMs, to: UtcMs) {
      if (collector === undefined)
        throw new NodeError('BAD_INPUT', 'fraud: this peer collects nothing, ask a back-end peer')
      const meters = new Map<string, MeterInterval[]>()
      /** The largest of the time: a step of the register is so many times as coarse. */
      const factors = new Map<string, number>()
      let count = 0
      for (const { name } of feeder.file.ieds) {
        const intervals: MeterInterval[] = []
        for await (const { reading } of profiledReadings(collector, { ied: name, fromUtc: from, toUtc: to })) {
          if (reading.endUtcMs > to) continue
          intervals.push(meterInterval(reading))
          if (reading.multiplier !== undefined)
            factors.set(name, Math.max(factors.get(name) ?? 1, asNumber(factorOf(reading.multiplier))))
          if (++count > MOST_INTERVALS)
            throw new NodeError('BAD_INPUT', `fraud: more than ${MOST_INTERVALS} readings, want a shorter time`)
          if (count % YIELD_EVERY === 0) await new Promise(setImmediate)
        }
        if (intervals.length > 0) meters.set(name, withEdits(intervals, await collectedEdits(collector, name)))
      }
      const { indications, classes } = await fromRecords(collector, from, to)
      const settings: AuditSettings = {
        ...auditDefaults,
        periodMs,
        periods: balance.periods,
        k: balance.k,
        lossUncertaintyShare: balance.lossUncertaintyShare,
        registerStepWh: ied => balance.registerStepWh * (factors.get(ied) ?? 1),
        breakShare: balance.breakShare,
        classPercent: ied => classes.get(ied) ?? balance.accuracyClass,
      }
      return { ...auditFeeder(feeder, meters, indications, settings), from, to }
    }

    async function byItself(): Promise<void> {
      const to = utcMs(Math.floor(clock.utc() / periodMs) * periodMs)
      await remember()
      const found = await check(utcMs(Math.max(0, to - balance.lookBackPeriods * periodMs)), to)
      for (const suspicion of found.suspicions) await tell(suspicion)
      tellWithheld(found.withheld.filter(({ isOver }) => !isOver))
    }

    function tellWithheld(all: readonly Withheld[]): void {
      for (const { top, ieds, sinceUtcMs, estimateWh } of all) {
        if (lacking.has(`${top}/${ieds.join()}`)) continue
        const sinceUtc = new Date(sinceUtcMs).toISOString()
        context.report('readings-withheld', {
          below: top,
          ieds: ieds.slice(0, 20).join(' '),
          sinceUtc,
          estimateKwh: Number(estimateWh / 100n) / 10,
        })
      }
      lacking = new Set(all.map(({ top, ieds }) => `${top}/${ieds.join()}`))
    }

    async function tell({ ied, state, evidence }: Suspicion): Promise<void> {
      const kinds = [...new Set(evidence.map(({ kind }) => kind))].sort()
      const words = said(state, kinds)
      if (told.get(ied) === words) return
      const content = {
        event: 'suspicion',
        ied,
        state,
        kinds,
        evidence: evidence
          .slice(-20)
          .map(({ kind, fromUtcMs, toUtcMs, words }) => ({ kind, fromUtcMs, toUtcMs, words })),
      }
      const { number } = await ledger.append('tamper', toCbor(content))
      bus.emit('appended', { number })
      told.set(ied, words)
      if (state === 'alarm') context.report('alarm', { alarm: 'fraud-suspected', ied, evidence: kinds })
      else context.report('fraud-lead', { ied, evidence: kinds })
    }

    context.readout('fraud', async parameters => {
      const { data, error } = question.safeParse(parameters)
      if (data === undefined)
        throw new NodeError('BAD_INPUT', `fraud: ${error.issues.map(each => each.message).join('; ')}`)
      const zone = await siteZone(config)
      const to = utcMs(data.to === undefined ? clock.utc() : wishedMoment('--to', data.to, zone))
      const back = Math.max(0, (Math.floor(to / periodMs) - balance.lookBackPeriods) * periodMs)
      const from = utcMs(data.from === undefined ? back : wishedMoment('--from', data.from, zone))
      if (from >= to) throw new NodeError('BAD_INPUT', 'fraud: --from is not before --to')
      return fraudAnswer(await check(from, to), { from, to, limit: data.limit, timeZone: zone.zone })
    })

    function schedule(): void {
      const wait = (Math.floor(clock.utc() / periodMs) + 1) * periodMs - clock.utc()
      cancel = clock.wakeAt(instant(clock.now() + wait + Math.min(SETTLE_MS, periodMs / 2)), () => {
        running = byItself()
          .catch(error => log.warn('balance-failed', { reason: (error as Error).message }))
          .then(schedule)
      })
    }
    const cancelStarted = bus.on('components-started', () => {
      bus.emit('collector-asked', {
        answer(given) {
          collector = given
        },
      })
      if (collector !== undefined) schedule()
    })
    return {
      async stop() {
        cancelStarted()
        cancel()
        await running
        cancel()
      },
    }
  },
}

const asNumber = ({ top, bottom }: { readonly top: bigint; readonly bottom: bigint }): number =>
  Number(top) / Number(bottom)

/** Of records of suspicion looked at for what was told: more than the IEDs of a feeder have changes in years. */
const MOST_TOLD = 10_000
const suspicion = z.object({
  event: z.literal('suspicion'),
  ied: z.string(),
  state: z.enum(['lead', 'alarm']),
  kinds: z.array(z.string()),
})
const said = (state: string, kinds: readonly string[]): string => `${state}: ${kinds.join(', ')}`

const event = z.object({ event: z.string() })
/** By what the IEDs' own agents wrote into their ledgers. */
const TOLD: Readonly<Record<string, IndicationKind>> = { 'device-changed': 'device-changed' }

/** What records other than readings say: changed devices, one serial number at two places, new ledgers, accuracy classes. */
async function fromRecords(collector: Collector, from: UtcMs, to: UtcMs) {
  const indications: Indication[] = []
  const classes = new Map<string, number>()
  const serials = new Map<string, { ied: string; at: UtcMs }>()
  const heads = (await collector.heads()).sort((one, other) => one.utcMs - other.utcMs)
  for (const { ied, ledgerId } of heads) {
    for await (const { header, body } of collector.recordsOf({ ied, ledgerId, class: 'inventory' })) {
      if (body === undefined || header.utcMs >= to) continue
      const facts = readable(() => inventoryCodec.decode(body.content))
      if (facts?.metering !== undefined) classes.set(ied, facts.metering.accuracyClass)
      const { model = '', serialNumber } = facts?.device ?? {}
      if (serialNumber === undefined) continue
      const key = `${model}/${serialNumber}`
      const other = serials.get(key)
      if (other !== undefined && other.ied !== ied && header.utcMs >= from) {
        const words = `its meter shows the serial number ${serialNumber} of ${other.ied}`
        indications.push({ ied, kind: 'same-serial', fromUtcMs: other.at, toUtcMs: header.utcMs, words })
      }
      if (other === undefined) serials.set(key, { ied, at: header.utcMs })
    }
    for await (const { header, body } of collector.recordsOf({ ied, ledgerId, class: 'tamper' })) {
      if (body === undefined || header.utcMs < from || header.utcMs >= to) continue
      const { data } = event.safeParse(readable(() => fromCbor(body.content)))
      // The accepted device is there again.
      if (data === undefined || data.event === 'device-restored') continue
      const kind = TOLD[data.event] ?? 'tamper-record'
      const words = `${data.event} in its ledger, record ${header.number}`
      indications.push({ ied, kind, fromUtcMs: header.utcMs, toUtcMs: header.utcMs, words })
    }
  }
  for (const { kind, ied, utcMs: at } of await collector.alarms()) {
    if (kind !== 'newLedger' || at < from || at >= to) continue
    const words = 'it began a new ledger: its store was lost, wiped or exchanged'
    indications.push({ ied, kind: 'new-ledger', fromUtcMs: at, toUtcMs: at, words })
  }
  return { indications, classes }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined // of another program's making
  }
}

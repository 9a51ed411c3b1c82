// The audit at a back-end peer by itself: what it has told of stands in its ledger once, also over restarts; meters that withhold
// readings are told of while they do.

import { expect, it } from 'vitest'
import { meteredZones } from '../../src/aggregation/audit/metered-zone.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Reading } from '../../src/aggregation/reading.ts'
import { balanceSchema } from '../../src/node/asset-config.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { balanceComponent } from '../../src/node/components/balance.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { ledgerOn } from '../aggregation/fixtures.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const DAY = 86_400_000
const NOW = 20_000 * DAY + DAY / 2
const nothing = (): void => {}

/** Of `meter`: what its ledger says of tampering. */
function collectorOf(tamper: readonly string[], readings: Readonly<Record<string, readonly Reading[]>> = {}) {
  return {
    heads: async () => [{ ied: 'meter', ledgerId: 'a', utcMs: NOW }],
    async *recordsOf({ class: of }: { class: string }) {
      if (of !== 'tamper') return
      for (const [n, event] of tamper.entries())
        yield { header: { utcMs: NOW - DAY + n, number: n + 1 }, body: { content: toCbor({ event }) } }
    },
    alarms: async () => [],
    async *readings({ ied }: { ied: string }) {
      for (const reading of readings[ied] ?? []) yield { ied, ledgerId: 'a', reading }
    },
    async *profiles() {},
    async *billingWords() {},
  }
}

/** One start, and the ends of so many periods. */
async function life(ledger: Ledger, collector: object, periods: number): Promise<Record<string, unknown>[]> {
  const wakes: (() => void)[] = []
  const reports: Record<string, unknown>[] = []
  const events = bus(nothing)
  events.on('collector-asked', ({ answer }) => answer(collector as never))
  const running = await balanceComponent.start({
    bus: events,
    feeder: createFeeder(smallFeeder()),
    config: { balance: balanceSchema.parse({}), reliability: {} },
    ledger,
    clock: {
      now: () => instant(0),
      utc: () => utcMs(NOW),
      wakeAt(_: number, run: () => void) {
        wakes.push(run)
        return nothing
      },
    },
    readout: nothing,
    report: (event: string, fields: object) => void reports.push({ event, ...fields }),
    log: { warn: (event: string, fields: object) => void reports.push({ event, ...fields }) },
  } as unknown as ComponentContext)
  events.emit('components-started', undefined as never)
  for (let n = 0; n < periods; n++) {
    wakes[n]?.()
    await expect.poll(() => wakes.length, { timeout: 20_000 }).toBe(n + 2)
  }
  await running.stop()
  return reports
}

async function told(ledger: Ledger) {
  const records = await ledger.newestOf('tamper', 100)
  return records.map(({ body }) => {
    const { ied, state, kinds } = fromCbor(body?.content ?? new Uint8Array()) as Record<string, unknown>
    return { ied, state, kinds }
  })
}

it('a suspicion is recorded once, whatever restarts, and again when it is another one', async () => {
  const store = openMemoryStore()
  const first = await life(await ledgerOn(store), collectorOf(['cover-opened']), 2)
  expect(first).toMatchObject([{ event: 'fraud-lead', ied: 'meter' }])
  expect(await life(await ledgerOn(store), collectorOf(['cover-opened']), 1)).toEqual([])
  const lead = { ied: 'meter', state: 'lead', kinds: ['tamper-record'] }
  expect(await told(await ledgerOn(store))).toEqual([lead])
  const more = collectorOf(['cover-opened', 'device-changed'])
  expect(await life(await ledgerOn(store), more, 1)).toMatchObject([{ event: 'alarm', alarm: 'fraud-suspected' }])
  expect(await life(await ledgerOn(store), more, 1)).toEqual([])
  const alarm = { ied: 'meter', state: 'alarm', kinds: ['device-changed', 'tamper-record'] }
  expect(await told(await ledgerOn(store))).toEqual([lead, alarm])
})

it('a meter that withholds is told of when it begins, and suspected of nothing', async () => {
  const hourly = (wh: bigint, hours: number): Reading[] =>
    Array.from({ length: hours }, (_, n) => ({
      startUtcMs: utcMs(NOW - 1.5 * DAY + n * 3_600_000),
      endUtcMs: utcMs(NOW - 1.5 * DAY + (n + 1) * 3_600_000),
      importWhStart: BigInt(n) * wh,
      importWhEnd: BigInt(n + 1) * wh,
      exportWhStart: 0n,
      exportWhEnd: 0n,
      flags: [],
    }))
  const zone = meteredZones(createFeeder(smallFeeder())).find(({ leaves }) => leaves.includes('meter'))
  const others = [...(zone?.leaves ?? []), ...(zone?.borders ?? [])].filter(ied => ied !== 'meter')
  const readings = {
    [zone?.top ?? '']: hourly(300_000n, 24),
    meter: hourly(290_000n, 12),
    ...Object.fromEntries(others.map(ied => [ied, hourly(1_000n, 24)])),
  }
  const ledger = await ledgerOn(openMemoryStore())
  const reports = await life(ledger, collectorOf([], readings), 2)
  expect(reports).toMatchObject([
    { event: 'readings-withheld', ieds: 'meter', below: zone?.top, sinceUtc: new Date(NOW - DAY).toISOString() },
  ])
  expect(Number(reports[0]?.estimateKwh)).toBeGreaterThan(3_000)
  expect(await told(ledger)).toEqual([])
})

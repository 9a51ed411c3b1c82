// Inventory and maintenance. An IED says in its ledger what it is and where, whenever that changes, and what its breaker did;
// people add notes. Everywhere (at a back-end peer for all whose records it has) `feedermesh inventory` and `feedermesh
// maintenance` answer from these records.
//
// It operates nothing. What happened while the agent did not run is found by the position that then is another one, and said
// to be unseen. A record that cannot be written is logged, and the facts are written at the next look.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { instant, utcMs } from '../../../topology/units.ts'
import {
  type InventoryFacts,
  inventoryCodec,
  type MaintenanceEvent,
  maintenanceCodec,
} from '../../aggregation/assets/asset-records.ts'
import { judgePlace, type MeasuredPlace } from '../../aggregation/assets/place.ts'
import { contactWear } from '../../aggregation/assets/wear.ts'
import { proofCodec, proveReadings } from '../../aggregation/certification/meter-proof.ts'
import type { Collector } from '../../aggregation/collector.ts'
import type { RecordClass } from '../../aggregation/record.ts'
import { assetFollower, type RecordsAfter } from '../asset-follower.ts'
import { equipmentRow, inventoryRow, maintenanceRows } from '../asset-rows.ts'
import type { Component, ComponentContext } from '../component.ts'
import { fitting } from '../fitting-rows.ts'
import { keptIdentity } from '../kept-identity.ts'
import { NodeError } from '../node-error.ts'
import { PROGRAM_VERSION } from '../program-version.ts'

const LOOK_MS = 600_000
/** What was measured longer ago than this says nothing of the current that was interrupted. */
const FRESH_MS = 5_000
/** Contacts that are this worn are an alarm: somebody has to plan their exchange. */
const WORN_SHARE = 0.8

export const assetsComponent: Component = {
  name: 'assets',
  start(context) {
    const { name, feeder, ledger, bus, store } = context
    const own = context.config.role === 'IED' ? feeder.file.ieds.find(each => each.name === name) : undefined
    let collector: Collector | undefined
    const follower = assetFollower(store, (ied, ledgerId, after) =>
      ied === name
        ? ownRecords(context)(ied, ledgerId, after)
        : (collector?.records({ ied, ledgerId, after }) ?? none()),
    )
    const stops: (() => void)[] = []

    async function headsOf(ied: string) {
      if (ied === name) return [{ ledgerId: ledger.ledgerId, number: ledger.head().number }]
      const heads = (await collector?.heads(ied)) ?? []
      // An older ledger first: what it told is older too.
      return heads.sort((one, other) => one.utcMs - other.utcMs)
    }
    async function known(wanted: unknown): Promise<string[]> {
      const collected = (await collector?.heads())?.map(({ ied }) => ied) ?? []
      const all = [...new Set([...(own === undefined ? [] : [name]), ...collected])].sort()
      return typeof wanted === 'string' ? all.filter(ied => ied === wanted) : all
    }
    const histories = async (wanted: unknown) =>
      Promise.all(
        (await known(wanted)).map(async ied => ({ ied, history: await follower.historyOf(ied, await headsOf(ied)) })),
      )

    context.readout('inventory', async ({ ied, limit = 1000 }) => {
      const all = await histories(ied)
      const { rows } = fitting(all.slice(0, Number(limit)).map(({ ied: each, history }) => inventoryRow(each, history)))
      return { inventory: rows, leftOut: all.length - rows.length }
    })
    context.readout('maintenance', async ({ ied, limit = 100 }) => {
      const all = await histories(ied)
      const rows = all.flatMap(({ ied: each, history }) => maintenanceRows(each, history))
      rows.sort((one, other) => (one.utc < other.utc ? -1 : one.utc > other.utc ? 1 : 0))
      const latest = fitting(rows.slice(-Number(limit)).reverse())
      return {
        equipment: all
          .filter(({ history }) => history.wear.openings + history.wear.closings > 0)
          .map(({ ied: each, history }) => equipmentRow(each, history)),
        maintenance: latest.rows.reverse(),
        leftOut: rows.length - latest.rows.length,
      }
    })

    if (own !== undefined) {
      context.readout('proof', async ({ from, to }) => {
        const [start, end] = [Number(from), Number(to)]
        if (!(start >= 0 && end > start))
          throw new NodeError('BAD_INPUT', 'proof: want a time that ends after it begins')
        const proof = await proveReadings(ledger, context.credential.token, utcMs(start), utcMs(end))
        if (typeof proof === 'string') throw new NodeError('BAD_INPUT', `proof: ${name}: ${proof}`)
        return { proof: proofCodec.encode(proof) }
      })
    }

    stops.push(
      bus.on('stored', ({ ied, records }) => {
        follower.stored(ied, records).catch(error => context.log.warn('assets-behind', { reason: error.message }))
      }),
      bus.on('components-started', () => {
        bus.emit('collector-asked', {
          answer(given) {
            collector = given
          },
        })
      }),
    )
    if (own !== undefined)
      stops.push(
        keepOwn(context, own, () =>
          follower.historyOf(name, [{ ledgerId: ledger.ledgerId, number: ledger.head().number }]),
        ),
      )
    return {
      async stop() {
        for (const stop of stops) stop()
        await follower.stop()
      },
    }
  },
}

async function* none(): AsyncGenerator<never> {}

const PAGE = 256
const PAGE_BYTES = 1 << 20

const ownRecords = ({ ledger }: ComponentContext): RecordsAfter =>
  async function* (_ied, _ledgerId, after) {
    for (let at = after; at < ledger.head().number; ) {
      const records = await ledger.read({ after: at, limit: PAGE, maxBytes: PAGE_BYTES })
      const last = records.at(-1)
      if (last === undefined) return
      at = last.header.number
      yield* records
    }
  }

type Own = ComponentContext['feeder']['file']['ieds'][number]
type History = Awaited<ReturnType<ReturnType<typeof assetFollower>['historyOf']>>

/** What an IED writes of itself. */
function keepOwn(context: ComponentContext, own: Own, history: () => Promise<History>): () => void {
  const { bus, clock, config, feeder, ledger, log, name, store } = context
  const device = feeder.file.devices.find(each => each.name === own.operates)
  let last: Promise<unknown> = Promise.resolve()
  let stopped = false
  let cancel = (): void => {}

  function inTurn<T>(job: () => Promise<T>): Promise<T> {
    const done = last.then(job)
    last = done.catch(() => {})
    return done
  }
  async function append(recordClass: RecordClass, content: Uint8Array): Promise<number> {
    const { number } = await ledger.append(recordClass, content)
    bus.emit('appended', { number })
    return number
  }
  const write = (event: MaintenanceEvent): Promise<number> => append('maintenance', maintenanceCodec.encode(event))

  // What it is, and where ------------------------------------------------------------------------------------------------

  async function facts(): Promise<InventoryFacts> {
    const { accepted = {}, seen } = await keptIdentity(store)
    const { credential } = context
    const node = feeder.file.nodes.find(each => each.name === own.node)
    const registered = credential.place ?? node?.place
    const measured = await measuredPlace(context)
    const { metering } = config
    return {
      event: 'inventory',
      organisation: own.organisation,
      kind: own.kind,
      ...(own.operates === undefined ? {} : { operates: own.operates }),
      feeder: feeder.file.name,
      feederHash: feeder.hash.slice(0, 16),
      node: own.node,
      peerId: context.links.peerId,
      program: PROGRAM_VERSION,
      ...(credential.serial === undefined ? {} : { serial: credential.serial }),
      device: shortened(seen ?? accepted),
      ...(registered === undefined
        ? {}
        : {
            registered: [registered[0], registered[1]],
            registeredIn: credential.place === undefined ? ('feeder' as const) : ('credential' as const),
          }),
      ...(measured === undefined
        ? {}
        : {
            measured: {
              place: [measured.place[0], measured.place[1]],
              accuracyM: measured.accuracyM,
              source: measured.source,
            },
          }),
      verdict: judgePlace(registered, measured, config.position?.withinM ?? 100),
      ...(metering === undefined ? {} : { metering, meteringHash: hashOf(metering) }),
    }
  }

  async function look(): Promise<void> {
    const before = (await history()).facts
    const now = await facts()
    if (stopped || (before !== undefined && isSame(before, now))) return
    // Settings of the meter first: without the second record the next look finds the same change once more.
    if (before?.meteringHash !== now.meteringHash) {
      await write({
        event: 'metering-changed',
        ...(before?.metering === undefined ? {} : { was: before.metering }),
        ...(now.metering === undefined ? {} : { is: now.metering }),
        hash: now.meteringHash ?? '',
      })
      bus.emit('audit', {
        kind: 'configuration',
        subject: name,
        allowed: true,
        words: `metering settings are ${now.meteringHash ?? 'none'}, were ${before?.meteringHash ?? 'none'}`,
      })
    }
    await append('inventory', inventoryCodec.encode(now))
    if (now.verdict === 'elsewhere' && before?.verdict !== 'elsewhere') {
      context.report('alarm', { alarm: 'place', registered: now.registered, measured: now.measured?.place })
    }
  }

  const lookInTurn = (): void => {
    inTurn(look).catch(error => log.warn('inventory-not-written', { reason: (error as Error).message }))
  }
  function schedule(): void {
    cancel = clock.wakeAt(instant(clock.now() + LOOK_MS), () => {
      lookInTurn()
      schedule()
    })
  }

  // What its breaker does ------------------------------------------------------------------------------------------------

  let position: 'open' | 'closed' | undefined
  let isFirst = true
  let carried: { readonly amps: number; readonly at: number } | undefined

  async function operated(to: 'open' | 'closed', amps: number | undefined, isUnseen: boolean): Promise<void> {
    const before = await history()
    if (isUnseen && (before.position === undefined || before.position === to)) return
    const { equipment } = config
    const wear =
      amps === undefined || equipment === undefined || to === 'closed' ? undefined : contactWear(amps, equipment)
    await write({
      event: 'breaker-operation',
      device: own.operates ?? name,
      to,
      ...(amps === undefined || to === 'closed' ? {} : { amps: Math.round(amps) }),
      ...(wear === undefined ? {} : { wear }),
      ...(isUnseen ? { unseen: true } : {}),
    })
    if (equipment === undefined) return
    const was = before.wear.contactShare ?? 0
    const openings = before.wear.openings + 1
    const isWorn = was < WORN_SHARE && was + (wear ?? 0) >= WORN_SHARE
    const isUsedUp = to === 'open' && openings === Math.ceil(equipment.mechanicalOperations * WORN_SHARE)
    if (isWorn || isUsedUp) {
      const percent = Math.round((was + (wear ?? 0)) * 100)
      context.report('alarm', { alarm: 'equipment-worn', device: own.operates, contactWearPercent: percent, openings })
    }
  }

  const stops = [
    bus.on('deviceIdentity', lookInTurn),
    bus.on('components-started', lookInTurn),
    bus.on('measurement', ({ amps, at }) => {
      const largest = Math.max(...Object.values(amps ?? {}).map(Math.abs))
      if (largest > 0 && Number.isFinite(largest)) carried = { amps: largest, at }
    }),
    bus.on('status', status => {
      const { position: now } = status
      if (device === undefined || (now !== 'open' && now !== 'closed') || now === position) return
      const isKnown = position !== undefined
      const isUnseen = isFirst
      position = now
      isFirst = false
      if (!isKnown && !isUnseen) return
      const amps = !isUnseen && carried !== undefined && status.at - carried.at < FRESH_MS ? carried.amps : undefined
      carried = undefined
      inTurn(() => operated(now, amps, isUnseen)).catch(error =>
        log.warn('operation-not-counted', { reason: (error as Error).message }),
      )
    }),
    bus.on('note', ({ by, words, signed, answer }) => {
      answer(
        inTurn(async () => {
          const number = await write({ event: 'note', by: by.slice(0, 200), words, signed: [...signed] })
          return { result: 'done' as const, words: `noted, record ${number}` }
        }),
      )
    }),
  ]
  schedule()
  return () => {
    stopped = true
    cancel()
    for (const stop of stops) stop()
  }
}

const positionFile = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  accuracyM: z.number().nonnegative().max(1e6).default(10),
})
const MOST_FILE_BYTES = 4096

/** Nothing while the receiver's file is not there or cannot be read. */
async function measuredPlace({
  config,
  log,
}: ComponentContext): Promise<(MeasuredPlace & { source: string }) | undefined> {
  const { position } = config
  if (position === undefined) return undefined
  const { latitude, longitude, accuracyM, file } = position
  if (file === undefined)
    return latitude === undefined || longitude === undefined
      ? undefined
      : { place: [latitude, longitude], accuracyM, source: 'surveyed' }
  try {
    const text = await readFile(file, 'utf8')
    if (text.length > MOST_FILE_BYTES) throw new Error(`${text.length} bytes, want ${MOST_FILE_BYTES} at the most`)
    const read = positionFile.parse(JSON.parse(text))
    return { place: [read.latitude, read.longitude], accuracyM: read.accuracyM, source: 'receiver' }
  } catch (error) {
    log.info('position-not-read', { file, reason: (error as Error).message })
    return undefined
  }
}

/** A receiver's place wanders: it is another one only when what follows from it is. */
function isSame(before: InventoryFacts, now: InventoryFacts): boolean {
  const plain = ({ measured, ...rest }: InventoryFacts) => JSON.stringify([rest, measured?.source])
  return plain(sorted(before)) === plain(sorted(now))
}
const sorted = (facts: InventoryFacts): InventoryFacts =>
  Object.fromEntries(
    Object.entries(facts)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => [
        key,
        typeof value === 'object' && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
          : value,
      ]),
  ) as InventoryFacts

const shortened = <T extends object>(given: T): T =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value).slice(0, 200)])) as T

const hashOf = (value: object): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))))
    .digest('hex')
    .slice(0, 16)

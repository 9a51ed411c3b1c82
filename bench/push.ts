// A tariff and prices that a supplier changes, pushed over the mesh to a thousand customers: whole agents, each of which checks
// the signature, fetches the tariff's document and checks its hash. How long from the moment at which the supplier says it, and
// what it costs the supplier.

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { writeFeeder } from '../topology/write-feeder.ts'
import { agentsFeeder } from './agents-feeder.ts'
import { type Child, startChild } from './child.ts'
import type { FromBackEnd, ToBackEnd } from './crowd-messages.ts'
import { issueCrowd } from './crowd-site.ts'
import { nowMs } from './members.ts'
import type { FromCustomers, PriceRows, Pushed, PushPlan, ToCustomers } from './push-messages.ts'
import { BACK_END } from './recorded-batches.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row, target } from './table.ts'

const PROCESSES = 4
/** `BENCH_CUSTOMERS=200` on a machine with less memory: each is an agent with its own store. */
const MANY = Number(process.env.BENCH_CUSTOMERS ?? 1000)
const FEW = 60
/** Of each step, on a machine that does other things as well: the figures say how long it took. */
const PATIENCE_MS = 480_000
/** As in the product, where nothing else is configured: a thousand do not fetch a document at one moment. */
const SPREAD_SECONDS = 10
const SUPPLIER = 'grid'
const QUARTER_MS = 900_000

export const push: Section = {
  title: 'Suppliers: a tariff and prices pushed to all customers',
  withinMs: 1_800_000,
  measure,
}

/** With as many words as a tariff's terms take. */
const tariffOf = (perKwh: string): string => {
  const tariff = {
    tariff: 'Real time',
    currency: 'EUR',
    timeZone: 'UTC',
    energy: [{ name: 'Energy', realTime: { fallbackPerKwh: perKwh } }],
  }
  return `${JSON.stringify(tariff)}\n${'# Terms: prices of the next day are pushed in the afternoon.\n'.repeat(64)}`
}

/** A whole day of them, as many as one message takes. None of them has begun: what has is not changed any more. */
function pricesFrom(startUtcMs: number, first: string): PriceRows {
  return Array.from({ length: 96 }, (_, n) => [startUtcMs + n * QUARTER_MS, n === 0 ? first : `${first}${n}`])
}
const pricesFile = (rows: PriceRows): string =>
  JSON.stringify({
    currency: 'EUR',
    minutes: QUARTER_MS / 60_000,
    prices: rows.map(([from, perKwh]) => ({ from: new Date(from).toISOString(), perKwh })),
  })

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const count = quick ? FEW : MANY
  const generated = agentsFeeder(count, chance)
  const file = { ...generated, ieds: generated.ieds.map(ied => ({ ...ied, observes: [] })) }
  const feederPath = join(dir, 'feeder.yaml')
  await writeFile(feederPath, writeFeeder(file))
  const names = file.ieds.map(({ name }) => name)
  const files = { tariff: join(dir, 'tariff.yaml'), prices: join(dir, 'prices.yaml') }
  const { backEnd: config, common } = await issueCrowd(dir, feederPath, file.name, names, {
    components: ['peers', 'suppliers'],
    supplier: { name: SUPPLIER, tariffs: [files.tariff], prices: files.prices },
  })
  const tomorrow = (Math.floor(Date.now() / QUARTER_MS) + 12) * QUARTER_MS
  const first = { tariff: tariffOf('0.30'), prices: pricesFrom(tomorrow, '0.1') }
  const next = { tariff: tariffOf('0.40'), prices: pricesFrom(tomorrow, '0.2') }
  await writeFile(files.tariff, first.tariff)
  await writeFile(files.prices, pricesFile(first.prices))

  const supplier = startChild('./crowd-backend', [config])
  const { message: ready } = await supplier.next<FromBackEnd>(orFailed('ready'), 60_000)
  if (ready.kind !== 'ready') throw new Error(`the supplier: ${JSON.stringify(ready)}`)
  const began = nowMs()
  const processes = Array.from({ length: PROCESSES }, (_, n) => {
    const share: PushPlan = {
      dir,
      names: names.filter((_name, at) => at % PROCESSES === n),
      common,
      seed: ready.addresses[0] ?? '',
      supplier: {
        current: SUPPLIER,
        accept: [{ name: SUPPLIER, organisation: BACK_END.organisation, backEnd: BACK_END.backEnd }],
        fetchSpreadSeconds: SPREAD_SECONDS,
      },
    }
    return startChild('./push-ieds', [JSON.stringify(share)])
  })
  await all(processes, 'open')
  const openMs = nowMs() - began

  /** @returns for each customer that had it when it did */
  async function had(what: Pushed, which: string): Promise<readonly number[]> {
    const question: ToCustomers = { kind: 'when', what, which, withinMs: PATIENCE_MS }
    for (const each of processes) each.send(question)
    return (await all(processes, 'had')).flatMap(({ atMs }) => atMs)
  }
  await had('tariff', hashOf(first.tariff))
  await had('prices', '0.1')
  const readyMs = nowMs() - began

  const quietFrom = await stateOf(supplier)
  await delay(quick ? 5_000 : 15_000)
  const quietTo = await stateOf(supplier)
  const restCpu = (quietTo.cpuMs - quietFrom.cpuMs) / (quietTo.atMs - quietFrom.atMs)
  const restBytesPerMs = (quietTo.sentBytes - quietFrom.sentBytes) / (quietTo.atMs - quietFrom.atMs)

  async function pushed(what: Pushed, text: string, which: string) {
    const before = await stateOf(supplier)
    await writeFile(files[what], text)
    const { atMs } = await the(supplier, 'offered')
    const { messages } = await the(supplier, 'said')
    const ms = (await had(what, which)).map(at => at - atMs)
    const after = await stateOf(supplier)
    const bytes = after.sentBytes - before.sentBytes - restBytesPerMs * (after.atMs - before.atMs)
    return { ms, messages, bytes, cpuMs: after.cpuMs - before.cpuMs, tookMs: after.atMs - before.atMs }
  }
  const prices = await pushed('prices', pricesFile(next.prices), '0.2')
  const tariff = await pushed('tariff', next.tariff, hashOf(next.tariff))
  const { rssMb } = await stateOf(supplier)

  for (const each of processes)
    each.send({ kind: 'check', supplier: SUPPLIER, tariff: next.tariff, prices: next.prices } satisfies ToCustomers)
  const checked = await all(processes, 'checked')
  const exact = checked.reduce((sum, each) => sum + each.exact, 0)
  const cost = (name: string, { messages, bytes, cpuMs, tookMs }: Omit<typeof prices, 'ms'>): string =>
    `${name}: ${messages} messages published, ${(bytes / 2 ** 20).toFixed(2)} MB sent by the supplier ` +
    `(${Math.round(bytes / count)} bytes a customer), ${seconds(cpuMs)} s of its processor in ${seconds(tookMs)} s`
  return {
    rows: [
      row(`96 prices at each of ${count} customers`, 'ms', prices.ms),
      row('a tariff, its document checked and durable', 'ms', tariff.ms),
    ],
    targets: [
      target('customers without the prices', count - prices.ms.length, 0),
      target('customers without the tariff', count - tariff.ms.length, 0),
      target('customers whose store has anything else', count - exact, 0),
    ],
    notes: [
      `${count} whole agents in ${PROCESSES} processes, each connected to the supplier and to nobody else: all started within ` +
        `${seconds(openMs)} s, and had the first tariff and prices after ${seconds(readyMs)} s`,
      'from the moment at which the supplier says it, to the report of each customer that it has it, verified',
      `documents of ${Buffer.byteLength(next.tariff)} bytes are fetched spread over ${SPREAD_SECONDS} s`,
      cost('prices', prices),
      cost('tariff, with the fetching', tariff),
      `at rest the supplier sends ${Math.round(restBytesPerMs * 1000)} bytes a second to all and is busy for ${Math.round(restCpu * 100)} % of the time; it has ${Math.round(rssMb)} MB, ` +
        `and ${PROCESSES} processes of customers ${Math.round(checked.reduce((sum, each) => sum + each.rssMb, 0))} MB`,
      ...checked.flatMap(({ wrong }) => wrong),
    ],
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const seconds = (ms: number): string => (ms / 1000).toFixed(1)

type Of<T extends { readonly kind: string }, K extends T['kind']> = Extract<T, { readonly kind: K }>

const orFailed =
  (kind: string) =>
  (message: { readonly kind: string }): boolean =>
    message.kind === kind || message.kind === 'failed'

async function the<K extends FromBackEnd['kind']>(supplier: Child, kind: K): Promise<Of<FromBackEnd, K>> {
  const { message } = await supplier.next<FromBackEnd>(each => each.kind === kind, 60_000)
  return message as Of<FromBackEnd, K>
}

async function stateOf(supplier: Child): Promise<Of<FromBackEnd, 'state'>> {
  supplier.send({ kind: 'state' } satisfies ToBackEnd)
  return the(supplier, 'state')
}

async function all<K extends FromCustomers['kind']>(
  children: readonly Child[],
  kind: K,
): Promise<Of<FromCustomers, K>[]> {
  return Promise.all(
    children.map(async child => {
      const { message } = await child.next<FromCustomers>(orFailed(kind), PATIENCE_MS + 20_000)
      if (message.kind === 'failed') throw new Error(message.message)
      return message as Of<FromCustomers, K>
    }),
  )
}

// A tariff and prices that a supplier changes, pushed over the mesh to all its customers: whole agents, each of which checks the
// signature, fetches the tariff's document and checks its hash. How long from the moment at which the supplier says it.

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFeeder } from '../topology/write-feeder.ts'
import { agentsFeeder } from './agents-feeder.ts'
import { type Child, startChild } from './child.ts'
import type { FromBackEnd } from './crowd-messages.ts'
import { issueCrowd } from './crowd-site.ts'
import type { FromCustomers, PushPlan } from './push-ieds.ts'
import { BACK_END } from './recorded-batches.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row, target } from './table.ts'

const PROCESSES = 2
/** `BENCH_CUSTOMERS=1000` for as many: each is an agent with its own store, so that wants memory and cores. */
const MANY = Number(process.env.BENCH_CUSTOMERS ?? 200)
const PATIENCE_MS = 280_000
/** Offers are fetched spread over as long, so that a thousand do not ask at one moment. */
const SPREAD_SECONDS = 5

export const push: Section = {
  title: 'Suppliers: a tariff and prices pushed to all customers',
  withinMs: 1_200_000,
  measure,
}

const tariffOf = (perKwh: string): string =>
  JSON.stringify({
    tariff: 'Real time',
    currency: 'EUR',
    timeZone: 'UTC',
    energy: [{ name: 'Energy', realTime: { fallbackPerKwh: perKwh } }],
  })
/** Of a day: as many as one message takes. */
const pricesOf = (first: string): string => {
  const start = Math.floor(Date.now() / 900_000) * 900_000
  const prices = Array.from({ length: 96 }, (_, n) => ({
    from: new Date(start + n * 900_000).toISOString(),
    perKwh: n === 0 ? first : `0.${200 + n}`,
  }))
  return JSON.stringify({ currency: 'EUR', minutes: 15, prices })
}

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const count = quick ? 20 : MANY
  const generated = agentsFeeder(count, chance)
  const file = { ...generated, ieds: generated.ieds.map(ied => ({ ...ied, observes: [] })) }
  const feederPath = join(dir, 'feeder.yaml')
  await writeFile(feederPath, writeFeeder(file))
  const names = file.ieds.map(({ name }) => name)
  const files = { tariff: join(dir, 'tariff.yaml'), prices: join(dir, 'prices.yaml') }
  await writeFile(files.tariff, tariffOf('0.30'))
  const { backEnd: config, common } = await issueCrowd(dir, feederPath, file.name, names, {
    components: ['peers', 'suppliers'],
    supplier: { name: 'grid', tariffs: [files.tariff], announceSeconds: 10, prices: files.prices },
  })
  await writeFile(files.prices, pricesOf('0.100'))
  const supplier = startChild('./crowd-backend', [config])
  const { message: ready } = await supplier.next<FromBackEnd>(
    ({ kind }) => kind === 'ready' || kind === 'failed',
    60_000,
  )
  if (ready.kind !== 'ready') throw new Error(`the supplier: ${JSON.stringify(ready)}`)
  const plan = (share: readonly string[]): PushPlan => ({
    dir,
    names: share,
    common,
    seed: ready.addresses[0] ?? '',
    supplier: {
      current: 'grid',
      accept: [{ name: 'grid', organisation: BACK_END.organisation, backEnd: BACK_END.backEnd }],
      fetchSpreadSeconds: SPREAD_SECONDS,
    },
  })
  const processes = Array.from({ length: PROCESSES }, (_, n) => {
    const share = names.filter((_name, at) => at % PROCESSES === n)
    return { share, child: startChild('./push-ieds', [JSON.stringify(plan(share))]) }
  })
  for (const { child } of processes) {
    const { message } = await child.next<FromCustomers>(({ kind }) => kind === 'open' || kind === 'failed', PATIENCE_MS)
    if (message.kind === 'failed') throw new Error(message.message)
  }

  /** @returns for each customer when it had it */
  async function had(what: 'tariff' | 'prices', which: string): Promise<readonly number[]> {
    const each = processes.flatMap(({ child, share }) => share.map(name => arrival(child, name, what, which)))
    return (await Promise.all(each)).filter(at => at !== undefined)
  }
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
  await Promise.all([had('tariff', hashOf(tariffOf('0.30'))), had('prices', '0.100')])

  async function pushed(what: 'tariff' | 'prices', text: string, which: string): Promise<number[]> {
    await writeFile(files[what], text)
    const said = await supplier.next<FromBackEnd>(
      message => message.kind === 'offered' && message.event === `${what}-offered`,
      30_000,
    )
    const { atMs } = said.message as Extract<FromBackEnd, { readonly kind: 'offered' }>
    return (await had(what, which)).map(at => at - atMs)
  }
  const next = tariffOf('0.40')
  const tariffMs = await pushed('tariff', next, hashOf(next))
  // A price whose time has begun is not changed any more: those to come are, and the first of the message stands.
  const pricesMs = await pushed('prices', pricesOf('0.100').replaceAll('"0.2', '"0.3'), '0.100')
  return {
    rows: [
      row(`96 prices at each of ${count} customers`, 'ms', pricesMs),
      row('a tariff, its document checked', 'ms', tariffMs),
    ],
    targets: [
      target('customers without the prices', count - pricesMs.length, 0),
      target('customers without the tariff', count - tariffMs.length, 0),
    ],
    notes: [
      `${count} whole agents in ${PROCESSES} processes; documents are fetched spread over ${SPREAD_SECONDS} s`,
      'from the moment at which the supplier says it, to the report of each customer that it has it, verified and durable',
    ],
  }
}

async function arrival(child: Child, name: string, what: string, which: string): Promise<number | undefined> {
  try {
    const { message } = await child.next<FromCustomers>(
      each => each.kind === 'has' && each.name === name && each.what === what && each.which === which,
      PATIENCE_MS,
    )
    return message.kind === 'has' ? message.atMs : undefined
  } catch {
    return undefined
  }
}

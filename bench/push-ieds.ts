// Many customers of one supplier in one process, each a whole agent with a key, a credential, a store on the disk and a
// connection of its own to the supplier. It notes when each says that it has the tariff, checked and durable, and prices whose
// signature holds; and in the end what each store has.
//
//   node push-ieds.js PLAN-AS-JSON

import '../src/node/polyfill.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Agent, startAgent } from '../src/node/agent.ts'
import { readAgentConfig } from '../src/node/config.ts'
import { keptOffer, keptPrices } from '../src/node/kept-offers.ts'
import { openLevelStore } from '../src/node/level-store.ts'
import { homeOf } from './crowd-site.ts'
import { nowMs, until } from './members.ts'
import type { FromCustomers, Pushed, PushPlan, ToCustomers } from './push-messages.ts'

const plan = JSON.parse(process.argv[2] ?? '{}') as PushPlan
const tell = (message: FromCustomers): void => void process.send?.(message)
const agents: Agent[] = []
/** By what it is: who had it when. */
const had = new Map<string, Map<string, number>>()

/** As at the end of a slow link: it looks for the supplier and for nobody else. */
const LEAF = { components: ['suppliers'], announcements: 'own' }
const STARTED_AT_ONCE = 4

function note(name: string, what: Pushed, which: unknown): void {
  const key = `${what} ${which}`
  const by = had.get(key) ?? new Map<string, number>()
  had.set(key, by)
  if (!by.has(name)) by.set(name, nowMs())
}

async function start(name: string): Promise<void> {
  const file = join(plan.dir, `${name}.yaml`)
  const own = { ...LEAF, seeds: [plan.seed], suppliers: plan.supplier }
  await writeFile(file, JSON.stringify({ ...plan.common, ...homeOf(plan.dir, name), ...own }))
  const agent = await startAgent(readAgentConfig(file), {
    onReport({ event, sha256, perKwh }) {
      if (event === 'tariff-received') note(name, 'tariff', sha256)
      if (event === 'prices-received') note(name, 'prices', perKwh)
    },
  })
  agents.push(agent)
}

async function open(): Promise<void> {
  await each(plan.names, start)
  tell({ kind: 'open' })
}

async function when(what: Pushed, which: string, withinMs: number): Promise<void> {
  const by = (): ReadonlyMap<string, number> => had.get(`${what} ${which}`) ?? new Map()
  await until(`all have the ${what}`, () => by().size === plan.names.length, withinMs).catch(() => {})
  tell({ kind: 'had', what, which, atMs: [...by().values()] })
}

async function check({ supplier, tariff, prices }: Extract<ToCustomers, { readonly kind: 'check' }>): Promise<void> {
  const rssMb = process.memoryUsage().rss / 2 ** 20
  await each(agents, agent => agent.stop())
  const wanted = JSON.stringify(prices)
  const wrong: string[] = []
  await each(plan.names, async name => {
    const store = await openLevelStore(join(homeOf(plan.dir, name).dataDir, 'store'))
    try {
      const offer = await keptOffer(store, supplier)
      const past = [...((await keptPrices(store, supplier))?.past ?? [])].map(([from, { perKwh }]) => [from, perKwh])
      if (offer?.text !== tariff) wrong.push(`${name}: ${offer === undefined ? 'no tariff' : 'another tariff'}`)
      else if (JSON.stringify(past) !== wanted) wrong.push(`${name}: ${past.length} prices, not those that were pushed`)
    } finally {
      await store.close()
    }
  })
  tell({ kind: 'checked', exact: plan.names.length - wrong.length, wrong: wrong.slice(0, 5), rssMb })
}

async function each<T>(list: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = [...list]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item)
  }
  await Promise.all(Array.from({ length: STARTED_AT_ONCE }, worker))
}

const failed = (error: Error): void => tell({ kind: 'failed', message: error.message })
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
process.on('message', (message: ToCustomers) => {
  const work = message.kind === 'when' ? when(message.what, message.which, message.withinMs) : check(message)
  work.catch(failed)
})
open().catch(failed)

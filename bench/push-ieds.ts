// Many whole agents in one process, customers of one supplier. Each tells when it has the tariff, checked and durable, and when
// it has prices, whose signature holds.
//
//   node push-ieds.js PLAN-AS-JSON

import '../src/node/polyfill.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Agent, startAgent } from '../src/node/agent.ts'
import { readAgentConfig } from '../src/node/config.ts'
import { homeOf } from './crowd-site.ts'
import { nowMs } from './members.ts'

export interface PushPlan {
  readonly dir: string
  readonly names: readonly string[]
  readonly common: Readonly<Record<string, unknown>>
  readonly seed: string
  readonly supplier: Readonly<Record<string, unknown>>
}

export type FromCustomers =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'has'
      readonly name: string
      readonly what: 'tariff' | 'prices'
      /** SHA-256 of the tariff, or the first price. */
      readonly which: string
      readonly atMs: number
    }
  | { readonly kind: 'failed'; readonly message: string }

const plan = JSON.parse(process.argv[2] ?? '{}') as PushPlan
const tell = (message: FromCustomers): void => void process.send?.(message)
const agents: Agent[] = []

async function open(): Promise<void> {
  for (const name of plan.names) {
    const file = join(plan.dir, `${name}.yaml`)
    const own = { components: ['peers', 'suppliers'], seeds: [plan.seed], suppliers: plan.supplier }
    await writeFile(file, JSON.stringify({ ...plan.common, ...homeOf(plan.dir, name), ...own }))
    const agent = await startAgent(readAgentConfig(file), {
      onReport({ event, sha256, perKwh }) {
        if (event === 'tariff-received')
          tell({ kind: 'has', name, what: 'tariff', which: String(sha256), atMs: nowMs() })
        if (event === 'prices-received')
          tell({ kind: 'has', name, what: 'prices', which: String(perKwh), atMs: nowMs() })
      },
    })
    agents.push(agent)
  }
  tell({ kind: 'open' })
}

process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
open().catch((error: Error) => tell({ kind: 'failed', message: error.message }))

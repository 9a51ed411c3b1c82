// By which tariff this customer is billed from when on, kept over restarts: the contract that holds, and those before it.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Change, Store } from '../aggregation/store.ts'
import type { Bus, ContractSpan } from './component.ts'

const KEY = 'suppliers/contracts'
const textKey = (sha256: string): string => `suppliers/document/${sha256}`
/** Changes of contract that are remembered; beyond this the oldest is forgotten, whose bills are in the ledger. */
const MOST = 24

const kept = z.strictObject({
  supplier: z.string(),
  stayUntilUtcMs: z.number(),
  isReduced: z.boolean(),
  usage: z.enum(['within', 'excess', 'shortage', 'anomaly']),
  contracts: z.array(z.strictObject({ supplier: z.string(), fromUtcMs: z.number(), sha256: z.string() })).max(MOST),
})
export type KeptChoice = z.output<typeof kept>

export interface Contracts {
  state(): KeptChoice | undefined
  spans(): readonly { readonly supplier: string; readonly fromUtcMs: number; readonly text: string }[]
  document(sha256: string): Uint8Array | undefined
  /** Durable before it resolves. @param text of the tariff that the last of the contracts names */
  keep(
    state: Omit<KeptChoice, 'contracts'>,
    next?: { readonly sha256: string; readonly text: string; readonly fromUtcMs: number },
  ): Promise<void>
}

export async function keptContracts(store: Store): Promise<Contracts> {
  const before = await store.get(KEY)
  let state = before === undefined ? undefined : kept.parse(fromCbor(before))
  const texts = new Map<string, string>()
  for (const { sha256 } of state?.contracts ?? []) {
    const text = await store.get(textKey(sha256))
    if (text !== undefined) texts.set(sha256, new TextDecoder().decode(text))
  }
  return {
    state: () => state,
    spans: () =>
      (state?.contracts ?? []).flatMap(({ supplier, fromUtcMs, sha256 }) => {
        const text = texts.get(sha256)
        return text === undefined ? [] : [{ supplier, fromUtcMs, text }]
      }),
    document(sha256) {
      const text = texts.get(sha256)
      return text === undefined ? undefined : new TextEncoder().encode(text)
    },
    async keep(given, next) {
      const all = state?.contracts ?? []
      const more =
        next === undefined
          ? all
          : [...all, { supplier: given.supplier, fromUtcMs: next.fromUtcMs, sha256: next.sha256 }]
      const contracts = more.slice(-MOST)
      const changes: Change[] = [{ put: KEY, value: toCbor({ ...given, contracts }) }]
      if (next !== undefined) changes.push({ put: textKey(next.sha256), value: new TextEncoder().encode(next.text) })
      const gone = more.filter(({ sha256 }) => !contracts.some(each => each.sha256 === sha256))
      for (const { sha256 } of gone) changes.push({ del: textKey(sha256) })
      await store.batch(changes, { durable: true })
      for (const { sha256 } of gone) texts.delete(sha256)
      if (next !== undefined) texts.set(next.sha256, next.text)
      state = { ...given, contracts: [...contracts] }
    },
  }
}

/** Those of this agent; none where it chooses no supplier. */
export function contractsOf(bus: Bus): readonly ContractSpan[] {
  let found: readonly ContractSpan[] = []
  bus.emit('contracts-asked', {
    answer: contracts => {
      found = contracts
    },
  })
  return found
}

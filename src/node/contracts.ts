// By which tariff this customer is billed from when on, kept over restarts: the contract that holds, and those before it.
//
// A contract holds from its record in the ledger. What is about to be agreed is written down first, with its tariff; then comes
// the record, then the contract. Where the record fails (a full ledger) nothing is agreed. A start, or the next agreement, that
// finds something about to be agreed asks the ledger: with its record there it holds, and without it never did.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Change, Store } from '../aggregation/store.ts'
import type { Bus, ContractSpan } from './component.ts'

const KEY = 'suppliers/contracts'
const PENDING = 'suppliers/contract-pending'
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

const pendingSchema = z.strictObject({
  supplier: z.string(),
  stayUntilUtcMs: z.number(),
  sha256: z.string(),
  text: z.string(),
  fromUtcMs: z.number(),
  /** Where the ledger ended then: its record is behind that, or nowhere. */
  after: z.int().nonnegative().default(0),
})
export type PendingContract = z.output<typeof pendingSchema>

/** @returns whether the ledger has the record of it */
export type AskLedger = (pending: PendingContract) => Promise<boolean>

export interface Contracts {
  state(): KeptChoice | undefined
  spans(): readonly { readonly supplier: string; readonly fromUtcMs: number; readonly text: string }[]
  document(sha256: string): Uint8Array | undefined
  /** Durable before it resolves. Supplier and stay are those of the last contract, once there is one. */
  keep(state: Omit<KeptChoice, 'contracts'>): Promise<void>
  /** Rejects with what `record` does, and then nothing is agreed. */
  agree(next: PendingContract, record: () => Promise<void>, isRecorded: AskLedger): Promise<void>
  /** Of what was about to be agreed and never ended. @returns the supplier whose contract it turned out to be */
  settle(isRecorded: AskLedger): Promise<string | undefined>
}

export async function keptContracts(store: Store): Promise<Contracts> {
  const before = await store.get(KEY)
  let state = before === undefined ? undefined : kept.parse(fromCbor(before))
  const texts = new Map<string, string>()
  for (const { sha256 } of state?.contracts ?? []) {
    const text = await store.get(textKey(sha256))
    if (text !== undefined) texts.set(sha256, new TextDecoder().decode(text))
  }
  const found = await store.get(PENDING)
  let pending = found === undefined ? undefined : pendingSchema.parse(fromCbor(found))
  /** Tariffs of contracts that hold in memory, and could not be written so far. */
  const unwritten = new Map<string, string>()

  async function write(next: KeptChoice): Promise<void> {
    const gone = [...texts.keys()].filter(hex => !next.contracts.some(({ sha256 }) => sha256 === hex))
    const changes: Change[] = [{ put: KEY, value: toCbor(next) }]
    for (const [hex, text] of unwritten) changes.push({ put: textKey(hex), value: new TextEncoder().encode(text) })
    for (const hex of gone) changes.push({ del: textKey(hex) })
    if (unwritten.size > 0) changes.push({ del: PENDING })
    await store.batch(changes, { durable: true })
    for (const hex of gone) texts.delete(hex)
    unwritten.clear()
  }

  /** It holds from here on, and what `pending` says lasts until it is written. */
  function hold({ supplier, stayUntilUtcMs, sha256, text, fromUtcMs }: PendingContract): KeptChoice {
    const contracts = [...(state?.contracts ?? []), { supplier, fromUtcMs, sha256 }].slice(-MOST)
    state = { isReduced: false, usage: 'within', ...state, supplier, stayUntilUtcMs, contracts }
    texts.set(sha256, text)
    unwritten.set(sha256, text)
    pending = undefined
    return state
  }

  /** The ledger has it: where it cannot be written here, it holds all the same, and what is kept next writes it. */
  const held = (next: PendingContract): Promise<void> => write(hold(next)).catch(() => {})

  async function settle(isRecorded: AskLedger): Promise<string | undefined> {
    const asked = pending
    if (asked === undefined) return undefined
    if (await isRecorded(asked)) {
      await held(asked)
      return asked.supplier
    }
    await store.batch([{ del: PENDING }], { durable: true })
    pending = undefined
    return undefined
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
    async keep(given) {
      const { supplier, stayUntilUtcMs, contracts } = state ?? { ...given, contracts: [] }
      const next = { ...given, supplier, stayUntilUtcMs, contracts }
      await write(next)
      state = next
    },
    async agree(next, record, isRecorded) {
      await settle(isRecorded)
      // One that holds and could not be written so far stands in PENDING alone, which this one takes.
      if (state !== undefined && unwritten.size > 0) await write(state)
      await store.batch([{ put: PENDING, value: toCbor(next) }], { durable: true })
      pending = next
      await record()
      await held(next)
    },
    settle,
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

// What a back-end peer can tell of bills, of reliability and of what it may read: asked over the mesh with a viewer's
// credential, as a person would, all of it in one visit.

import type { z } from 'zod'
import { outputs } from '../../src/node/cli/outputs.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import { type Joined, joinAs, readLogin } from '../../src/node/readout-client.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { BackEndPlan, Plan } from './prepare.ts'

/** By this one, IEDs and back-end peers bill; both parties of a bill compute the same. */
export const TARIFF = 'topology/tariffs/flat.yaml'

export interface Account {
  readonly backEnd: string
  readonly organisation: string
  /** From when on it is billed. */
  readonly sinceUtc: string
  readonly bills: z.infer<typeof outputs.usage>['usage']
  readonly reliability: Pick<
    z.infer<typeof outputs.reliability>,
    'ieds' | 'power' | 'quality' | 'blamed' | 'leastReliable' | 'unanswered'
  >
  readonly readable: z.infer<typeof outputs.readable>['readable']
}

export interface AccountWish {
  readonly sinceUtcMs: number
  /** Of each IED, so many of the latest records are looked at for what can be read. */
  readonly records: number
}

const TIMEOUT_MS = 15_000

/** @throws NodeError, MeshError when the peer is not reached or does not answer */
export async function accountOf(
  { addresses, viewers }: Pick<Plan, 'addresses' | 'viewers'>,
  { name, organisation }: Pick<BackEndPlan, 'name' | 'organisation'>,
  file: FeederFile,
  { sinceUtcMs, records }: AccountWish,
  signal: AbortSignal,
): Promise<Account> {
  signal.throwIfAborted()
  const sinceUtc = new Date(sinceUtcMs).toISOString()
  const joined = await joinAs(await readLogin(viewers.get(organisation) ?? ''), addresses[name] ?? '')
  // What waits for an answer does not keep the end waiting.
  const leave = (): void => void joined.leave()
  signal.addEventListener('abort', leave)
  try {
    const { usage } = outputs.usage.parse(await ask(joined, 'usage', { from: sinceUtc }))
    const reliability = outputs.reliability.parse(await ask(joined, 'reliability', { from: sinceUtc }))
    const { readable } = outputs.readable.parse(await ask(joined, 'readable', { limit: records }))
    // Who operates a device measures what passes it: energy that the meters below bill.
    const meters = new Set(file.ieds.filter(({ kind }) => kind === 'meter').map(ied => ied.name))
    const { ieds, power, quality, blamed, leastReliable, unanswered } = reliability
    return {
      backEnd: name,
      organisation,
      sinceUtc,
      bills: usage.filter(({ meter }) => meters.has(meter)),
      reliability: { ieds, power, quality, blamed, leastReliable, unanswered },
      readable,
    }
  } finally {
    signal.removeEventListener('abort', leave)
    await joined.leave()
  }
}

async function ask({ links, peerId }: Joined, what: string, parameters: Record<string, unknown>): Promise<unknown> {
  const question = toCbor({ what, parameters })
  return fromCbor(await links.request(peerId, READOUT_PROTOCOL, question, { timeoutMs: TIMEOUT_MS }))
}

// Whose tariff and whose prices a bill was made of, as far as signatures show it: the supplier's offer names the tariff by its
// hash, and its messages name the prices. What no supplier signed stands on the word of the bill's issuer, which signs all.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { utcMs } from '../../topology/units.ts'
import { type Price, priceSeries } from '../aggregation/billing/compile-tariff.ts'
import type { PriceSeries } from '../aggregation/billing/index.ts'
import type { BilledStatement, BillProof } from '../aggregation/certification/bill-proof.ts'
import { type PricePush, pricePush, tariffOffer } from '../aggregation/suppliers/supplier-message.ts'
import { type TrustedAuthority, verifyCredential } from '../mesh/credential.ts'
import { readEnvelope } from '../mesh/envelope.ts'
import { authorityTable } from './authority-table.ts'
import { whoIs } from './command-authority.ts'
import { priceAt, type SignedWord } from './supplier-words.ts'

const decimal = z.string().regex(/^-?\d{1,9}(\.\d{1,9})?$/)
/** As many as a shelf remembers. */
const MOST_PRICES = 20_000
const pricesSchema = z.strictObject({
  holdsMs: z.int().positive(),
  prices: z.array(z.tuple([z.int().nonnegative(), decimal])).max(MOST_PRICES),
})

/** The prices of a time, as text that is hashed and signed. */
export function pricesText({ prices, holdsMs }: PriceSeries, fromUtcMs: number, toUtcMs: number): string {
  const ofTime = prices.filter(each => each.fromUtcMs + holdsMs > fromUtcMs && each.fromUtcMs < toUtcMs)
  return JSON.stringify({ holdsMs, prices: ofTime.map(({ fromUtcMs: from, perKwh }) => [from, perKwh]) })
}

/** Undefined for what is none. */
export function pricesIn(text: string): PriceSeries | undefined {
  try {
    const { holdsMs, prices } = pricesSchema.parse(JSON.parse(text))
    return priceSeries(
      prices.map(([fromUtcMs, perKwh]) => ({ fromUtcMs, perKwh })),
      holdsMs,
    )
  } catch {
    return undefined
  }
}

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex')

export interface WordsVerdict {
  readonly faults: readonly string[]
  readonly remarks: readonly string[]
  /** In words: who signed the tariff. */
  readonly tariffBy: string
}

type Trusted = readonly TrustedAuthority[]
type Part = BillProof['parts'][number]

export async function checkWords(said: BilledStatement, part: Part, trusted: Trusted): Promise<WordsVerdict> {
  const tariff = await tariffSigner(said, part, trusted)
  const prices = await pricesSigned(said, part, trusted)
  return {
    faults: [...tariff.faults, ...prices.faults],
    remarks: [...tariff.remarks, ...prices.remarks],
    tariffBy: tariff.by,
  }
}

async function tariffSigner({ tariffSha256 }: BilledStatement, { offer }: Part, trusted: Trusted) {
  const alone = "on the issuer's word alone"
  if (offer === undefined) return { faults: [], remarks: [], by: alone }
  const read = await signedBy(offer, authorityTable.tariffOffer.type, trusted)
  if ('fault' in read) return { faults: [`the offer of its tariff: ${read.fault}`], remarks: [], by: alone }
  if ('unknown' in read) return { faults: [], remarks: [`the offer of its tariff: ${read.unknown}`], by: alone }
  const offered = tariffOffer.decode(read.payload)
  if (Buffer.from(offered.sha256).toString('hex') !== tariffSha256)
    return { faults: [`${read.who} offered another tariff (${offered.tariff})`], remarks: [], by: alone }
  return { faults: [], remarks: [], by: `offered by ${read.who} as ${offered.supplier}` }
}

async function pricesSigned(
  { bill, pricesSha256 }: BilledStatement,
  { prices: text, pushes = [] }: Part,
  trusted: Trusted,
): Promise<{ readonly faults: string[]; readonly remarks: string[] }> {
  if (text === undefined)
    return { faults: pricesSha256 === undefined ? [] : ['the prices that its issuer signed are left out'], remarks: [] }
  const series = pricesIn(text)
  if (series === undefined) return { faults: ['its prices are none'], remarks: [] }
  const faults = sha256Of(text) === pricesSha256 ? [] : ['the prices are not those that its issuer signed']
  const remarks: string[] = []
  const found: { readonly push: PricePush; readonly who: string }[] = []
  for (const each of pushes) {
    const read = await signedBy(each, authorityTable.pricePush.type, trusted)
    if ('fault' in read) faults.push(`a message of prices: ${read.fault}`)
    else if ('unknown' in read) remarks.push(`a message of prices: ${read.unknown}`)
    else found.push({ push: pricePush.decode(read.payload), who: read.who })
  }
  const signers = new Set<string>()
  let alone = 0
  for (const { fromUtcMs, perKwh } of series.prices as readonly Price[]) {
    const said = found.filter(({ push }) => priceAt(push, fromUtcMs) !== undefined && push.currency === bill.currency)
    const own = said.find(({ push }) => priceAt(push, fromUtcMs) === perKwh)
    if (own !== undefined) signers.add(own.who)
    else if (said[0] === undefined) alone++
    else {
      const { push, who } = said[0]
      const at = new Date(fromUtcMs).toISOString()
      faults.push(`the price of ${at} is ${perKwh}, and ${who} signed ${priceAt(push, fromUtcMs)}`)
    }
  }
  const count = series.prices.length - alone
  if (count > 0) remarks.push(`${count} prices as signed by ${[...signers].join(' and ')}`)
  if (alone > 0) remarks.push(`${alone} prices on the issuer's word alone`)
  return { faults: faults.slice(0, MOST_FAULTS), remarks: [...new Set(remarks)] }
}

/** Of thousands of prices the first ones that are wrong say it. */
const MOST_FAULTS = 20

type Read =
  | { readonly who: string; readonly payload: Uint8Array }
  | { readonly fault: string }
  /** It cannot be checked with the keys that were given. */
  | { readonly unknown: string }

async function signedBy(
  { envelope: raw, credential: token }: SignedWord,
  type: string,
  trusted: Trusted,
): Promise<Read> {
  try {
    const { envelope, verify } = readEnvelope(raw)
    if (envelope.type !== type) return { fault: `it is a ${envelope.type}, want a ${type}` }
    if (!verify()) return { fault: 'its signature does not hold' }
    const signer = await verifyCredential(token, trusted, utcMs(envelope.utc))
    if ('refused' in signer) return { unknown: `its signer: ${signer.refused}; no --issuer vouches for it` }
    if (signer.peerId !== envelope.origin) return { fault: 'the credential is not that of its signer' }
    if (!signer.roles.includes('BACKEND')) return { fault: `${whoIs(signer)} is no back-end peer` }
    return { who: whoIs(signer), payload: envelope.payload }
  } catch (error) {
    return { fault: (error as Error).message }
  }
}

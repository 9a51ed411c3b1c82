// Checks evidence of two histories with nothing but the authority's public key, or the IED's: the authority vouches for the
// key, the key for both heads, each head for its chain, and the chains contradict each other.

import type { UtcMs } from '../../topology/units.ts'
import type { KeptHistory } from '../aggregation/collected-evidence.ts'
import { type EquivocationVerdict, judgeEquivocation } from '../aggregation/equivocation.ts'
import type { Verify } from '../aggregation/record.ts'
import { type Credential, type TrustedAuthority, verifyCredential } from '../mesh/credential.ts'
import { verifyPeer } from '../mesh/identity.ts'
import type { ReadEvidence } from './evidence-lines.ts'

/** What is trusted: an authority, which has to name the IED by the key that signed; or the key itself. */
export type Trusted = { readonly authority: TrustedAuthority } | { readonly peerId: string }

export interface VerifiedEquivocation extends EquivocationVerdict {
  readonly remarks: readonly string[]
  /** By which keys the two are signed, where that is known. */
  readonly peerIds: readonly string[]
}

export async function verifyEquivocation(
  { ied, ledgerId, number, utcMs, histories }: ReadEvidence,
  trusted: Trusted,
): Promise<VerifiedEquivocation> {
  const [first, second] = histories
  const faults: string[] = []
  const remarks: string[] = []
  const peerIds: string[] = []
  const names = ['first', 'second'] as const
  const verifies: Verify[] = []
  for (const [at, history] of histories.entries()) {
    const found = await keyOf(history, histories, trusted, ied, utcMs)
    if ('refused' in found) faults.push(`${names[at]} history: credential: ${found.refused}`)
    else peerIds.push(found.peerId)
    if (!('refused' in found) && found.isOutOfTime)
      remarks.push(
        `${names[at]} history: by its own clock signed at ${new Date(history.head.utcMs).toISOString()}, when its credential did not count`,
      )
    verifies.push('refused' in found ? () => true : (bytes, signature) => verifyPeer(found.peerId, bytes, signature))
  }
  const [verifyFirst = never, verifySecond = never] = verifies
  const about = { ied, ledgerId, number }
  if (first === undefined || second === undefined) {
    return {
      proven: false,
      faults: [...faults, 'want two histories, this has one: the back end kept no signed head of the first'],
      isFirstDifference: false,
      records: {},
      remarks,
      peerIds,
    }
  }
  const verdict = judgeEquivocation({ ...about, first, second }, { first: verifyFirst, second: verifySecond })
  const keys = [...new Set(peerIds)]
  // Another device of that name could have signed the second one: of the other feeder, or the one put in its place.
  if (keys.length > 1)
    faults.push(`signed by two keys, ${keys.join(' and ')}: want one, or it is no contradiction of one device`)
  const all = [...faults, ...verdict.faults]
  return { ...verdict, faults: all, proven: all.length === 0, remarks, peerIds: keys }
}

const never: Verify = () => false

type Key = { readonly peerId: string; readonly isOutOfTime: boolean } | { readonly refused: string }

/** By its own credential, or by the other history's, where the IED has shown one for both. */
async function keyOf(
  history: KeptHistory,
  all: readonly KeptHistory[],
  trusted: Trusted,
  ied: string,
  gotUtcMs: UtcMs,
): Promise<Key> {
  if ('peerId' in trusted) return { peerId: trusted.peerId, isOutOfTime: false }
  const token = history.credential ?? all.find(({ credential }) => credential !== undefined)?.credential
  if (token === undefined) return { refused: 'none is in it; want --peer-id of the IED instead of --authority' }
  // By the time at which the IED signed: it is none the less its key when the credential has been renewed since. A clock that
  // was not set says nothing about that; then by the time at which the back end got it.
  for (const [isOutOfTime, at] of [
    [false, history.head.utcMs],
    [true, gotUtcMs],
  ] as const) {
    const credential = await verifyCredential(token, [trusted.authority], at)
    if (!('refused' in credential)) return isOf(credential, ied) ?? { peerId: credential.peerId, isOutOfTime }
    if (isOutOfTime) return { refused: credential.refused }
  }
  return { refused: 'credential is not valid' }
}

const isOf = ({ name, roles }: Credential, ied: string): { readonly refused: string } | undefined =>
  name === ied && roles.includes('IED')
    ? undefined
    : { refused: `it is of ${name} (${roles.join(', ')}), want the IED ${ied}` }

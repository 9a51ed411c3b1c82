// The private sealing keys of this agent: the one of its own peer id, those of its configuration's files, and those that it
// made itself when its key was rotated. A key is never given up here: what was sealed to it may still come, and records
// keep portions of orders as they were sealed.
//
// Those made here lie in the store, each sealed to the own peer id's key, so that they are as safe as the agent's key file.

import { generateKeyPairSync } from 'node:crypto'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Sealing } from '../aggregation/portion.ts'
import type { Change, Store } from '../aggregation/store.ts'
import { below, key } from '../aggregation/store-keys.ts'
import { joseSealing, kidOf, type PrivateSealingKey, sealingKey, sealingWith } from './jose-sealing.ts'
import { NodeError } from './node-error.ts'

/** Twenty years of a key a month. More is refused: an old one that gave way would make records unreadable. */
export const MAX_MADE_KEYS = 256

const keySchema = z.strictObject({ d: z.string(), x: z.string() })

export interface KeyRing {
  readonly sealing: Sealing
  holds(x: string): boolean
  /**
   * A new key, durable with these changes when it resolves, and held from then on.
   * @throws NodeError REFUSED when there are too many; StoreError
   */
  add(changesFor: (x: string) => readonly Change[]): Promise<string>
}

/** @param own of the peer id @param more of the configuration's files */
export async function openKeyRing(
  store: Store,
  own: PrivateSealingKey,
  more: readonly PrivateSealingKey[],
): Promise<KeyRing> {
  const wrapping = joseSealing([own])
  const byKid = new Map([own, ...more].map(each => [kidOf(each.x), each]))
  let made = 0
  for await (const { value } of store.range(...below('sealing', 'made'))) {
    const bytes = await wrapping.open(value)
    made++
    // Of another identity, whose data directory this was: of no use to this one.
    if (bytes === undefined) continue
    const found = keySchema.parse(fromCbor(bytes))
    byKid.set(kidOf(found.x), found)
  }
  return {
    sealing: sealingWith(byKid),
    holds: x => byKid.has(kidOf(x)),
    async add(changesFor) {
      if (made >= MAX_MADE_KEYS) {
        throw new NodeError('REFUSED', `${made} keys were made here already, and each may still be wanted`)
      }
      const { d, x } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
      if (d === undefined || x === undefined) throw new Error('invariant: an X25519 key has both parts')
      const value = await wrapping.seal(toCbor({ d, x }), [sealingKey(own.x)])
      const changes = [{ put: key('sealing', 'made', kidOf(x)), value }, ...changesFor(x)]
      await store.batch(changes, { durable: true })
      byKid.set(kidOf(x), { d, x })
      made++
      return x
    },
  }
}

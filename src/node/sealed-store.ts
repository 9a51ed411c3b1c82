// A store whose values are sealed: encrypted, and bound to their keys, so that none can be read, changed or put in
// another's place by who has the disk but not the secret. Key names, sizes and the number of entries stay in clear.
//
// The secret (a key file or a passphrase) wraps a random data key, which seals the values; so the secret can be changed
// without writing the store anew. `meta/seal` holds the wrapped key. It is the store's own: who uses the store does not see
// it. A store that was in clear is sealed when it is first opened with a secret:
//
//   sealing   entry after entry; how far is in the same batch as what was sealed, so a kill at any instant is taken up
//   purging   all are sealed; what the disk still has of the old values is being written over
//   sealed
//
// A sealed store never becomes a clear one again, and nothing is written before the secret has proved right.

import { randomBytes } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { type Change, type Entry, type Store, StoreError } from '../aggregation/store.ts'
import { NodeError } from './node-error.ts'
import type { StoreSecret } from './store-secret.ts'
import { XAES_NONCE, type Xaes, xaes256gcm } from './xaes.ts'

/** Whose data directory it is: must be readable before there is a key. All else is sealed, whatever it is called. */
const CLEAR: ReadonlySet<string> = new Set(['meta/claim'])
const SEAL = 'meta/seal'
const VERSION = Uint8Array.of(1)
const WRAPPING = fromString('feedermesh store key 1')
const ENTRIES_AT_ONCE = 200

const bytes = z.custom<Uint8Array>(value => value instanceof Uint8Array)
const sealSchema = z.strictObject({
  phase: z.enum(['sealing', 'purging', 'sealed']),
  /** Entries before this key are sealed. */
  upTo: z.string(),
  derivation: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('file') }),
    z.strictObject({ kind: z.literal('scrypt'), salt: bytes }),
  ]),
  wrapped: bytes,
})
type Seal = z.infer<typeof sealSchema>

export interface SealedStoreOptions {
  /** Overwrites on the disk what was overwritten in the store. */
  purge?(): Promise<void>
  onProgress?(sealed: number): void
}

/**
 * @param store one that nobody else uses; closing the sealed one closes it
 * @param secret undefined: for a store in clear, which is given back as it is
 * @throws NodeError BAD_INPUT: sealed and no secret, or another one; nothing is changed then
 */
export async function openSealedStore(
  store: Store,
  secret: StoreSecret | undefined,
  options: SealedStoreOptions = {},
): Promise<Store> {
  const known = await readSeal(store)
  if (secret === undefined) {
    if (known === undefined) return store
    throw new NodeError(
      'BAD_INPUT',
      `store: its contents are sealed, want store.${known.derivation.kind === 'file' ? 'keyFile' : 'passphraseFile'} ` +
        'in the configuration; a sealed store is not turned into a clear one',
    )
  }
  const { seal, dataKey } = known === undefined ? await begin(store, secret) : await unlock(known, secret)
  const xaes = xaes256gcm(dataKey)
  await finish(store, xaes, seal, options)
  return sealed(store, xaes)
}

/** Wraps the data key anew. @throws NodeError BAD_INPUT when it is not sealed, or not with `old` */
export async function rekeyStore(store: Store, old: StoreSecret, fresh: StoreSecret): Promise<void> {
  const known = await readSeal(store)
  if (known === undefined) throw new NodeError('BAD_INPUT', 'store: it is in clear, there is no key to change')
  const { seal, dataKey } = await unlock(known, old)
  const { key, derivation } = await fresh.first()
  await writeSeal(store, [], { ...seal, derivation, wrapped: wrap(xaes256gcm(key), dataKey, WRAPPING) })
}

async function readSeal(store: Store): Promise<Seal | undefined> {
  const found = await store.get(SEAL)
  if (found === undefined) return undefined
  try {
    return sealSchema.parse(fromCbor(found))
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `store: its entry ${SEAL} is damaged, want the data directory from a backup`, {
      cause,
    })
  }
}

const writeSeal = (store: Store, changes: readonly Change[], seal: Seal, durable = true): Promise<void> =>
  store.batch([...changes, { put: SEAL, value: toCbor(seal) }], { durable })

async function begin(store: Store, secret: StoreSecret): Promise<{ seal: Seal; dataKey: Uint8Array }> {
  const { key, derivation } = await secret.first()
  const dataKey = randomBytes(32)
  const wrapped = wrap(xaes256gcm(key), dataKey, WRAPPING)
  const seal: Seal = { phase: 'sealing', upTo: '', derivation, wrapped }
  await writeSeal(store, [], seal)
  return { seal, dataKey }
}

async function unlock(seal: Seal, secret: StoreSecret): Promise<{ seal: Seal; dataKey: Uint8Array }> {
  const dataKey = unwrap(xaes256gcm(await secret.again(seal.derivation)), seal.wrapped, WRAPPING)
  if (dataKey !== undefined) return { seal, dataKey }
  throw new NodeError('BAD_INPUT', `${secret.name}: is not what the store was sealed with; nothing was changed`)
}

async function finish(store: Store, xaes: Xaes, seal: Seal, options: SealedStoreOptions): Promise<void> {
  let { phase, upTo } = seal
  let count = 0
  while (phase === 'sealing') {
    const changes: Change[] = []
    let last: string | undefined
    for await (const { key, value } of store.range(upTo, END, { limit: ENTRIES_AT_ONCE })) {
      last = key
      if (!isClear(key)) changes.push({ put: key, value: wrap(xaes, value, aadOf(key)) })
    }
    if (last === undefined) {
      phase = 'purging'
    } else {
      upTo = `${last}\0` // the next key after it
      count += changes.length
      options.onProgress?.(count)
    }
    await writeSeal(store, changes, { ...seal, phase, upTo }, phase === 'purging')
  }
  if (phase === 'sealed') return
  await options.purge?.()
  await writeSeal(store, [], { ...seal, phase: 'sealed', upTo: '' })
}

/** After every key: no UTF-8 begins with this. */
const END = '\u{10ffff}\u{10ffff}'

const isClear = (key: string): boolean => CLEAR.has(key) || key === SEAL
const aadOf = (key: string): Uint8Array => fromString(key)

function wrap(xaes: Xaes, value: Uint8Array, aad: Uint8Array): Uint8Array {
  const nonce = randomBytes(XAES_NONCE)
  return concat([VERSION, nonce, xaes.seal(nonce, value, aad)])
}

function unwrap(xaes: Xaes, value: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  if (value[0] !== VERSION[0]) return undefined
  return xaes.open(value.subarray(1, 1 + XAES_NONCE), value.subarray(1 + XAES_NONCE), aad)
}

function sealed(store: Store, xaes: Xaes): Store {
  function opened(key: string, value: Uint8Array): Uint8Array {
    const plain = isClear(key) ? value : unwrap(xaes, value, aadOf(key))
    if (plain !== undefined) return plain
    throw new StoreError('STORE_FAILED', `${key}: its value was changed, or is not of this key`)
  }
  return {
    async get(key) {
      const value = key === SEAL ? undefined : await store.get(key)
      return value && opened(key, value)
    },
    async batch(changes, options) {
      const sealedChanges = changes.map((change): Change => {
        const key = change.put ?? change.del
        if (key === SEAL) throw new StoreError('STORE_FAILED', `${SEAL}: is the store's own`)
        if (change.put === undefined || isClear(key)) return change
        return { put: key, value: wrap(xaes, change.value, aadOf(key)) }
      })
      return store.batch(sealedChanges, options)
    },
    async *range(from, to, { limit = Number.POSITIVE_INFINITY, reverse = false } = {}): AsyncGenerator<Entry> {
      if (limit <= 0) return void (await store.get(SEAL)) // closed is closed, whatever was asked for
      let left = limit
      const more = Number.isFinite(limit) ? { limit: limit + 1 } : {} // one of them may be the store's own
      for await (const { key, value } of store.range(from, to, { ...more, reverse })) {
        if (key === SEAL) continue
        yield { key, value: opened(key, value) }
        if (--left === 0) return
      }
    },
    close: () => store.close(),
  }
}

// What a seed decides, and keys that follow from names.

import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { Sign, Verify } from '../../src/aggregation/record.ts'

export interface Chance {
  /** From 0 to below 1. */
  (): number
  /** Whether something of this probability happens. */
  happens(probability: number): boolean
  /** One of 0 to `count` - 1. */
  below(count: number): number
}

/** The same numbers for the same seed (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return Object.assign(next, {
    happens: (probability: number) => next() < probability,
    below: (count: number) => Math.floor(next() * count),
  })
}

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const known = new Map<string, { sign: Sign; verify: Verify }>()

/** Real Ed25519, for forged signatures are part of what is played. For worlds of a simulation only. */
export function keysOf(name: string): { sign: Sign; verify: Verify } {
  const before = known.get(name)
  if (before) return before
  const seed = createHash('sha256').update(name).digest()
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
  const open = createPublicKey(secret)
  const pair = {
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, secret)),
    verify: (message: Uint8Array, signature: Uint8Array) => verify(null, message, open, signature),
  }
  known.set(name, pair)
  return pair
}

// Private sealing keys in files: a JWK (RFC 8037, X25519) of mode 0600. A back end that takes a new one keeps the old file
// in its configuration as long as something sealed to it may still come.

import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { kidOf, type PrivateSealingKey } from './jose-sealing.ts'
import { NodeError } from './node-error.ts'
import { readText } from './read-text.ts'

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const jwkSchema = z.object({ kty: z.literal('OKP'), crv: z.literal('X25519'), d: coordinate, x: coordinate })

/** @throws NodeError BAD_INPUT */
export function readSealingKey(file: string): PrivateSealingKey {
  let jwk: unknown
  try {
    jwk = JSON.parse(readText(file, 'sealing key'))
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
  }
  const result = jwkSchema.safeParse(jwk)
  if (result.success) return { d: result.data.d, x: result.data.x }
  throw new NodeError('BAD_INPUT', `${file}: want a private X25519 key as a JWK, as "portions key --out" makes it`)
}

/** Never over a file that is there: that would make unreadable what is sealed to it. @throws NodeError BAD_INPUT */
export function newSealingKey(file: string): { readonly kid: string; readonly x: string } {
  const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  if (x === undefined || d === undefined) throw new Error('invariant: an X25519 key has both parts')
  const kid = kidOf(x)
  try {
    const jwk = { kty: 'OKP', crv: 'X25519', x, d, kid }
    writeFileSync(file, `${JSON.stringify(jwk)}\n`, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `--out ${file}: ${(cause as Error).message}, want a file that is not there yet`, {
      cause,
    })
  }
  return { kid, x }
}

/** Of a private key's file, or of a public JWK. @throws NodeError BAD_INPUT */
export function publicKeyIn(file: string): { readonly kid: string; readonly x: string } {
  const found = z.object({ x: coordinate }).safeParse(parsed(file))
  if (found.success) return { kid: kidOf(found.data.x), x: found.data.x }
  throw new NodeError('BAD_INPUT', `${file}: want an X25519 key as a JWK`)
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: ${(cause as Error).message}, want an X25519 key as a JWK`, { cause })
  }
}

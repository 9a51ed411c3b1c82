// An organisation's key at rest: encrypted with a passphrase as RFC 7517 appendix C describes (a JWK inside a JWE, the key
// derived from the passphrase with PBKDF2), or plain in a file that only its owner may read.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CompactEncrypt, compactDecrypt, type JWK } from 'jose'
import { z } from 'zod'
import { type Authority, authorityFrom, newAuthority } from '../mesh/credential.ts'
import { NodeError } from './node-error.ts'

/** Where an authority keeps its things: a directory, or files beside a single key file. */
export interface AuthorityPlace {
  readonly path: string
  /** Organisation and public key, readable without a passphrase. Absent beside a single key file, which has both. */
  readonly about?: string | undefined
  readonly plainKey: string
  readonly encryptedKey?: string | undefined
  readonly register: string
  /** All revocations made, one a line: what an agent's `revocations:` may point at. */
  readonly revocations: string
}

export interface PublicAuthority {
  readonly organisation: string
  readonly publicKey: string
}

const ALGORITHM = 'PBES2-HS512+A256KW'
const ENCRYPTION = 'A256GCM'
/** OWASP's password storage cheat sheet asks 210,000 of PBKDF2 with SHA-512. About half a second here. */
const ITERATIONS = 600_000
const MOST_ITERATIONS = 5_000_000

/** A path that ends in .jwk is a single key file; any other one a directory. */
export function authorityPlace(path: string): AuthorityPlace {
  if (!path.endsWith('.jwk')) {
    return {
      path,
      about: join(path, 'authority.json'),
      plainKey: join(path, 'key.jwk'),
      encryptedKey: join(path, 'key.jwe'),
      register: join(path, 'issued.jsonl'),
      revocations: join(path, 'revocations.jwt'),
    }
  }
  const beside = join(dirname(path), basename(path, '.jwk'))
  return { path, plainKey: path, register: `${beside}.issued.jsonl`, revocations: `${beside}.revocations.jwt` }
}

/**
 * Makes the key of an organisation.
 *
 * @param passphrase undefined leaves it plain, with mode 0600
 * @throws NodeError BAD_INPUT when something is there already
 */
export async function createAuthority(
  place: AuthorityPlace,
  organisation: string,
  passphrase: string | undefined,
): Promise<Authority> {
  const authority = await newAuthority(organisation)
  const jwk = JSON.stringify({ organisation, ...(await authority.toJwk()) })
  if (place.about !== undefined) {
    await mkdir(place.path, { recursive: true, mode: 0o700 })
    if (existsSync(place.about))
      throw new NodeError('BAD_INPUT', `${place.path}: has an authority already, want another`)
  }
  if (passphrase === undefined) await writeNew(place.plainKey, `${jwk}\n`)
  else await writeNew(place.encryptedKey ?? place.plainKey, `${await encrypted(jwk, passphrase)}\n`)
  // Last, so that what was begun and not ended is no authority yet.
  const about = JSON.stringify({ organisation, publicKey: authority.publicKey })
  if (place.about !== undefined) await writeNew(place.about, `${about}\n`, 0o644)
  return authority
}

/** @throws NodeError BAD_INPUT */
export function readPublic(place: AuthorityPlace): PublicAuthority {
  try {
    if (place.about !== undefined) return aboutSchema.parse(JSON.parse(readFileSync(place.about, 'utf8')))
    const { organisation, x } = jwkSchema.parse(JSON.parse(readFileSync(place.plainKey, 'utf8')))
    return { organisation, publicKey: x }
  } catch (cause) {
    throw notAnAuthority(place, cause)
  }
}

/**
 * @param passphrase asked for only when the key is encrypted
 * @throws NodeError BAD_INPUT when it is none, others may read it, or the passphrase is wrong
 */
export async function openAuthority(place: AuthorityPlace, passphrase: () => Promise<string>): Promise<Authority> {
  const { organisation, publicKey } = readPublic(place)
  const encryptedKey =
    place.encryptedKey !== undefined && existsSync(place.encryptedKey) ? place.encryptedKey : undefined
  const text = encryptedKey === undefined ? readPlain(place) : await decrypted(encryptedKey, await passphrase())
  try {
    const { organisation: named, ...jwk } = jwkSchema.parse(JSON.parse(text))
    if (named !== organisation || jwk.x !== publicKey) throw new Error('authority.json is about another key')
    return await authorityFrom(organisation, jwk as JWK)
  } catch (cause) {
    throw notAnAuthority(place, cause)
  }
}

const aboutSchema = z.object({ organisation: z.string().min(1).max(64), publicKey: z.string().length(43) })
const jwkSchema = z.looseObject({ organisation: z.string().min(1).max(64), x: z.string().length(43) })

function readPlain({ plainKey, path }: AuthorityPlace): string {
  try {
    if ((statSync(plainKey).mode & 0o077) !== 0) {
      throw new NodeError('BAD_INPUT', `${plainKey}: others may read this private key, want mode 0600`)
    }
    return readFileSync(plainKey, 'utf8')
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    throw new NodeError('BAD_INPUT', `${path}: ${(cause as Error).message}`, { cause })
  }
}

const encrypted = (text: string, passphrase: string): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: ALGORITHM, enc: ENCRYPTION, cty: 'jwk+json' })
    .setKeyManagementParameters({ p2c: ITERATIONS })
    .encrypt(new TextEncoder().encode(passphrase))

async function decrypted(file: string, passphrase: string): Promise<string> {
  try {
    const { plaintext } = await compactDecrypt(
      readFileSync(file, 'utf8').trim(),
      new TextEncoder().encode(passphrase),
      {
        keyManagementAlgorithms: [ALGORITHM],
        contentEncryptionAlgorithms: [ENCRYPTION],
        maxPBES2Count: MOST_ITERATIONS,
      },
    )
    return new TextDecoder().decode(plaintext)
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: does not open: wrong passphrase, or not a key that "init" wrote`, {
      cause,
    })
  }
}

/** Durable, and never over something. */
async function writeNew(file: string, content: string, mode = 0o600): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: ${(cause as Error).message}; want a file that is not there yet`, {
      cause,
    })
  }
}

const notAnAuthority = (place: AuthorityPlace, cause: unknown): NodeError => {
  const reason = cause instanceof z.ZodError ? 'not what "authority init" writes' : (cause as Error).message
  return new NodeError(
    'BAD_INPUT',
    `${place.path}: not an authority's key: ${reason}; make one with "authority init"`,
    {
      cause,
    },
  )
}

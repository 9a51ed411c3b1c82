// What the store is sealed with, kept apart from it: a key file, or a passphrase. See docs/security.md, "At rest".

import { randomBytes, scrypt } from 'node:crypto'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { promisify } from 'node:util'
import { fromString } from 'uint8arrays/from-string'
import { toString as text } from 'uint8arrays/to-string'
import { NodeError } from './node-error.ts'

export interface StoreSettings {
  readonly keyFile?: string | undefined
  readonly passphraseFile?: string | undefined
  readonly passphraseEnv?: string | undefined
  readonly allowKeyInDataDir?: boolean | undefined
}

/** How a key is made of the secret; what of it must be remembered is no secret. */
export type Derivation = { readonly kind: 'file' } | { readonly kind: 'scrypt'; readonly salt: Uint8Array }

export interface StoreSecret {
  /** In words, for messages: never the secret itself. */
  readonly name: string
  /** For a store that is sealed for the first time. A key file that is not there is made, durably. */
  first(): Promise<{ readonly key: Uint8Array; readonly derivation: Derivation }>
  /** For a store that is sealed already. @throws NodeError BAD_INPUT when the secret is not there, or of another kind */
  again(derivation: Derivation): Promise<Uint8Array>
}

const KEY_BYTES = 32
const SALT_BYTES = 16
/** 32 MiB and some tenths of a second, once at the start: what a guess costs. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const LEAST_PASSPHRASE = 12

/** @throws NodeError BAD_INPUT: one line that says which setting, what is wrong, and what would be right */
export function storeSecret(settings: StoreSettings, dataDir: string): StoreSecret {
  const { keyFile } = settings
  if (keyFile === undefined) return fromPassphrase(settings)
  if (settings.allowKeyInDataDir !== true && isInside(keyFile, dataDir)) {
    throw new NodeError(
      'BAD_INPUT',
      `store.keyFile: ${keyFile} lies in the data directory ${dataDir} that it protects, want it elsewhere ` +
        '(or store.allowKeyInDataDir: true, against whoever takes the store alone)',
    )
  }
  return fromKeyFile(keyFile)
}

function fromKeyFile(file: string): StoreSecret {
  return {
    name: `store.keyFile ${file}`,
    async first() {
      return { key: readKey(file) ?? (await makeKey(file)), derivation: { kind: 'file' } }
    },
    async again(derivation) {
      if (derivation.kind !== 'file') throw otherKind('a passphrase', 'store.passphraseFile')
      const key = readKey(file)
      if (key !== undefined) return key
      throw new NodeError('BAD_INPUT', `store.keyFile: no file ${file}, want the one that the store was sealed with`)
    },
  }
}

function readKey(file: string): Uint8Array | undefined {
  let bytes: Uint8Array
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new NodeError('BAD_INPUT', `store.keyFile: others may read ${file}, want mode 0600`)
    }
    bytes = readFileSync(file)
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new NodeError('BAD_INPUT', `store.keyFile: can't read ${file}: ${(cause as Error).message}`, { cause })
  }
  if (bytes.length === KEY_BYTES) return bytes
  throw new NodeError('BAD_INPUT', `store.keyFile: ${file} has ${bytes.length} bytes, want ${KEY_BYTES} random ones`)
}

/** Durable before anything is sealed with it. */
async function makeKey(file: string): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES)
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(key)
      await handle.sync()
    } finally {
      await handle.close()
    }
    const folder = await open(dirname(file), 'r')
    await folder.sync().finally(() => folder.close())
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `store.keyFile: can't make ${file}: ${(cause as Error).message}`, { cause })
  }
  return key
}

function fromPassphrase(settings: StoreSettings): StoreSecret {
  const name = settings.passphraseFile === undefined ? 'store.passphraseEnv' : 'store.passphraseFile'
  const derive = async (salt: Uint8Array): Promise<Uint8Array> => {
    const phrase = readPassphrase('store', settings)
    const key = await (promisify(scrypt) as unknown as ScryptPromise)(phrase, salt, KEY_BYTES, SCRYPT)
    return new Uint8Array(key)
  }
  return {
    name,
    async first() {
      const salt = new Uint8Array(randomBytes(SALT_BYTES))
      return { key: await derive(salt), derivation: { kind: 'scrypt', salt } }
    },
    async again(derivation) {
      if (derivation.kind !== 'scrypt') throw otherKind('a key file', 'store.keyFile')
      return derive(derivation.salt)
    },
  }
}

type ScryptPromise = (phrase: Uint8Array, salt: Uint8Array, length: number, options: typeof SCRYPT) => Promise<Buffer>

/**
 * From a file (its last line break is no part of it) or the environment.
 *
 * @param section of the configuration, for messages
 * @throws NodeError BAD_INPUT
 */
export function readPassphrase(
  section: string,
  { passphraseFile, passphraseEnv }: Pick<StoreSettings, 'passphraseFile' | 'passphraseEnv'>,
): Uint8Array {
  const phrase = passphraseFile === undefined ? process.env[passphraseEnv ?? ''] : fileText(section, passphraseFile)
  const where = passphraseFile === undefined ? `passphraseEnv: ${passphraseEnv}` : `passphraseFile: ${passphraseFile}`
  if (phrase !== undefined && phrase.length >= LEAST_PASSPHRASE) return fromString(phrase)
  const what = phrase === undefined ? 'is not set' : `has ${phrase.length} characters`
  throw new NodeError('BAD_INPUT', `${section}.${where} ${what}, want ${LEAST_PASSPHRASE} at least`)
}

function fileText(section: string, file: string): string {
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new NodeError('BAD_INPUT', `${section}.passphraseFile: others may read ${file}, want mode 0600`)
    }
    return text(readFileSync(file)).replace(/\r?\n$/, '')
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    throw new NodeError('BAD_INPUT', `${section}.passphraseFile: can't read ${file}: ${(cause as Error).message}`, {
      cause,
    })
  }
}

const otherKind = (was: string, want: string): NodeError =>
  new NodeError('BAD_INPUT', `store: it was sealed with ${was}, want ${want} in the configuration`)

/** By real paths, so that no symbolic link leads around it. */
function isInside(file: string, folder: string): boolean {
  const way = relative(real(folder), real(file))
  return way !== '..' && !way.startsWith(`..${sep}`)
}

/** Of a path of which the end may not exist yet. */
function real(path: string): string {
  const whole = resolve(path)
  try {
    return realpathSync(whole)
  } catch {
    return dirname(whole) === whole ? whole : join(real(dirname(whole)), basename(whole))
  }
}

// An agent's Ed25519 key: made on first start, kept in a file of mode 0600, never sent anywhere. The peer id is the
// public key in libp2p's notation, so whoever knows a peer id can check that peer's signatures.

import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { isSealedKey, openKey, sealKey } from './key-file.ts'
import { MeshError } from './mesh-error.ts'
import { type Sodium, sodium } from './sodium.ts'

export interface Identity {
  /** libp2p peer id of the public key, base58. */
  readonly peerId: string
  /** Ed25519 signature, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array
  /** For libp2p alone. */
  readonly libp2pKey: Ed25519PrivateKey
}

export async function newIdentity(): Promise<Identity> {
  return identityOf(await generateKeyPair('Ed25519'))
}

/** The identity of 32 bytes that somebody else drew: for simulations. */
export async function identityFromSeed(seed: Uint8Array): Promise<Identity> {
  return identityOf(await generateKeyPairFromSeed('Ed25519', seed))
}

/**
 * Reads the key file, or makes one with a new key when there is none. With a passphrase the file is encrypted; one that
 * is in clear is written anew.
 *
 * @throws MeshError MESH_BAD_KEY when the file is no Ed25519 key, others may read it, or the passphrase is not its own
 */
export async function loadOrCreateIdentity(file: string, passphrase?: Uint8Array): Promise<Identity> {
  const existing = await readKey(file, passphrase)
  if (existing !== undefined) {
    // Beside it first, then in its place: at any instant there is one whole key file.
    if (existing.encrypt)
      await writeKey(`${file}.new`, existing.identity, passphrase, 'w').then(() => rename(`${file}.new`, file))
    return existing.identity
  }
  const made = await newIdentity()
  await mkdir(dirname(file), { recursive: true })
  await writeKey(file, made, passphrase, 'wx')
  return made
}

async function writeKey(
  file: string,
  { libp2pKey }: Identity,
  passphrase: Uint8Array | undefined,
  flags: 'w' | 'wx',
): Promise<void> {
  const clear = privateKeyToProtobuf(libp2pKey)
  const bytes = passphrase === undefined ? clear : await sealKey(clear, passphrase)
  const handle = await open(file, flags, 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const PROBE = new TextEncoder().encode('feedermesh key file')

async function readKey(
  file: string,
  passphrase: Uint8Array | undefined,
): Promise<{ readonly identity: Identity; readonly encrypt: boolean } | undefined> {
  let bytes: Uint8Array
  try {
    if (((await stat(file)).mode & 0o077) !== 0) {
      throw new MeshError('MESH_BAD_KEY', `${file}: others may read this private key, want mode 0600`)
    }
    bytes = await readFile(file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
  const encrypted = isSealedKey(bytes)
  if (encrypted && passphrase === undefined) {
    throw new MeshError('MESH_BAD_KEY', `${file}: this key is encrypted, want its passphrase (key.passphraseFile)`)
  }
  const clear = encrypted && passphrase !== undefined ? await openKey(bytes, passphrase) : bytes
  if (clear === undefined) throw new MeshError('MESH_BAD_KEY', `${file}: is not encrypted with this passphrase`)
  try {
    const key = privateKeyFromProtobuf(clear)
    if (key.type !== 'Ed25519') throw new Error(`it is an ${key.type} key`)
    // Whoever signs under a public key that is not his own gives the private one away.
    if (!opensslCheck(key.publicKey.raw)(PROBE, opensslSign(key)(PROBE)))
      throw new Error('its public half is another one’s')
    return { identity: identityOf(key), encrypt: !encrypted && passphrase !== undefined }
  } catch (cause) {
    throw new MeshError('MESH_BAD_KEY', `${file}: no Ed25519 private key in libp2p's form`, { cause })
  }
}

function identityOf(libp2pKey: Ed25519PrivateKey): Identity {
  return {
    peerId: peerIdFromPrivateKey(libp2pKey).toString(),
    sign: sodium === undefined ? opensslSign(libp2pKey) : sodiumSign(sodium, libp2pKey),
    libp2pKey,
  }
}

type Sign = Identity['sign']

/** The key's own bytes are its seed and public key, as libsodium wants them: there is no second copy of it. */
export function sodiumSign(library: Sodium, { raw }: Ed25519PrivateKey): Sign {
  return bytes => {
    const signature = Buffer.alloc(64)
    library.crypto_sign_detached(signature, bytes, raw)
    return signature
  }
}

export function opensslSign({ raw, publicKey }: Ed25519PrivateKey): Sign {
  const d = Buffer.from(raw.subarray(0, 32)).toString('base64url')
  const x = Buffer.from(publicKey.raw).toString('base64url')
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' })
  return bytes => sign(null, bytes, key)
}

/** A port, so that a simulation may remember what it has verified once for all of its peers. */
export type VerifySignature = (peerId: string, bytes: Uint8Array, signature: Uint8Array) => boolean

/** Ed25519 (RFC 8032), by both libraries alike: one may not take what the other refuses. */
type Check = (bytes: Uint8Array, signature: Uint8Array) => boolean

const checks = new Map<string, Check>()
const CHECKS_KEPT = 4096

/** Whether `signature` is that of `peerId` over `bytes`. A malformed peer id or signature is simply not valid. */
export function verifyPeer(peerId: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const check = checks.get(peerId) ?? checkOf(peerId)
  return check !== undefined && signature.length === 64 && check(bytes, signature)
}

/** Whether the text is the peer id of an Ed25519 key. */
export const isPeerId = (text: string): boolean => checkOf(text) !== undefined

function checkOf(peerId: string): Check | undefined {
  try {
    const publicKey = peerIdFromString(peerId).publicKey
    if (publicKey?.type !== 'Ed25519') return undefined
    const check = sodium === undefined ? opensslCheck(publicKey.raw) : sodiumCheck(sodium, publicKey.raw)
    if (checks.size >= CHECKS_KEPT) checks.clear()
    checks.set(peerId, check)
    return check
  } catch {
    return undefined
  }
}

export function sodiumCheck(library: Sodium, publicKey: Uint8Array): Check {
  const key = Buffer.from(publicKey)
  return (bytes, signature) => library.crypto_sign_verify_detached(signature, bytes, key)
}

/**
 * OpenSSL asks for the equation alone. libsodium also refuses keys of small order, with which anybody could sign, signatures
 * whose point is of small order, and keys in another form than the one that is theirs.
 */
export function opensslCheck(publicKey: Uint8Array): Check {
  if (isOfSmallOrder(publicKey) || !isCanonical(publicKey)) return () => false
  const x = Buffer.from(publicKey).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return (bytes, signature) => !isOfSmallOrder(signature) && verify(null, bytes, key, signature)
}

/** The points of order 1, 2, 4 and 8 in all forms that they can be written in, without the sign. */
const SMALL = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].map(point => Buffer.from(point, 'hex'))

/** @param bytes that begin with a point */
const isOfSmallOrder = (bytes: Uint8Array): boolean =>
  SMALL.some(point => point.every((byte, at) => byte === (at === 31 ? (bytes[at] ?? 0) & 0x7f : bytes[at])))

/** Below 2^255 - 19. */
const isCanonical = (point: Uint8Array): boolean =>
  (point[0] ?? 0) < 0xed || ((point[31] ?? 0) & 0x7f) < 0x7f || point.subarray(1, 31).some(byte => byte < 0xff)

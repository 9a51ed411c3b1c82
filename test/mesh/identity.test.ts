import { createHash, createPublicKey, verify } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  loadOrCreateIdentity,
  newIdentity,
  opensslCheck,
  opensslSign,
  sodiumCheck,
  sodiumSign,
  verifyPeer,
} from '../../src/mesh/identity.ts'
import { type Sodium, sodium } from '../../src/mesh/sodium.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feedermesh-key-'))
})
afterEach(() => rm(dir, { recursive: true }))

const phrase = (text: string): Uint8Array => new TextEncoder().encode(text)
const RIGHT = phrase('correct horse battery')

describe("an agent's key file", () => {
  it('is made once, with mode 0600, and read again', async () => {
    const file = join(dir, 'key')
    const made = await loadOrCreateIdentity(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await loadOrCreateIdentity(file)).peerId).toBe(made.peerId)
  })

  it('is encrypted with a passphrase, and opened by that one alone', async () => {
    const file = join(dir, 'key')
    const made = await loadOrCreateIdentity(file, RIGHT)
    const raw = await readFile(file)
    expect(raw.includes(Buffer.from(made.libp2pKey.raw.subarray(0, 32)))).toBe(false)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const again = await loadOrCreateIdentity(file, RIGHT)
    expect(verifyPeer(made.peerId, phrase('said'), again.sign(phrase('said')))).toBe(true)
    await expect(loadOrCreateIdentity(file, phrase('correct horse batterx'))).rejects.toMatchObject({
      code: 'MESH_BAD_KEY',
      message: `${file}: is not encrypted with this passphrase`,
    })
    await expect(loadOrCreateIdentity(file)).rejects.toThrow(/this key is encrypted, want its passphrase/)
    expect(await readFile(file)).toEqual(raw)
  })

  it('that was in clear is encrypted when it is first read with a passphrase, and stays the same key', async () => {
    const file = join(dir, 'key')
    const made = await loadOrCreateIdentity(file)
    const secret = Buffer.from(made.libp2pKey.raw.subarray(0, 32))
    expect((await readFile(file)).includes(secret)).toBe(true)
    await writeFile(`${file}.new`, 'left by a kill halfway', { mode: 0o600 })
    expect((await loadOrCreateIdentity(file, RIGHT)).peerId).toBe(made.peerId)
    expect((await readFile(file)).includes(secret)).toBe(false)
    expect(await readdir(dir)).toEqual(['key'])
    expect((await loadOrCreateIdentity(file, RIGHT)).peerId).toBe(made.peerId)
  })

  it('whose public half is another one’s is refused: to sign with it would give the private half away', async () => {
    const [mine, theirs] = [await newIdentity(), await newIdentity()]
    const file = join(dir, 'key')
    const mixed = new Uint8Array([...mine.libp2pKey.raw.subarray(0, 32), ...theirs.libp2pKey.publicKey.raw])
    await writeFile(file, Buffer.concat([Buffer.from([8, 1, 18, 64]), mixed]), { mode: 0o600 })
    await expect(loadOrCreateIdentity(file)).rejects.toMatchObject({ code: 'MESH_BAD_KEY' })
    await writeFile(file, Buffer.concat([Buffer.from([8, 1, 18, 64]), mine.libp2pKey.raw]), { mode: 0o600 })
    expect((await loadOrCreateIdentity(file)).peerId).toBe(mine.peerId)
  })

  it('with one letter changed is no key any more', async () => {
    const file = join(dir, 'key')
    await loadOrCreateIdentity(file, RIGHT)
    const jwe = await readFile(file, 'utf8')
    const at = jwe.lastIndexOf('.') - 5
    await writeFile(file, `${jwe.slice(0, at)}${jwe[at] === 'A' ? 'B' : 'A'}${jwe.slice(at + 1)}`)
    await expect(loadOrCreateIdentity(file, RIGHT)).rejects.toMatchObject({ code: 'MESH_BAD_KEY' })
  })
})

describe.skipIf(sodium === undefined)("checking a signature by libsodium's way and by OpenSSL's", () => {
  it('says the same of right ones, and of those with any one bit turned', async () => {
    const { sign, libp2pKey } = await newIdentity()
    const text = phrase('trip recloser 1')
    const publicKey = libp2pKey.publicKey.raw
    const signature = sign(text)
    for (const check of [sodiumCheck(sodium as Sodium, publicKey), opensslCheck(publicKey)]) {
      expect(check(text, signature)).toBe(true)
      expect(check(phrase('trip recloser 2'), signature)).toBe(false)
      for (let bit = 0; bit < 512; bit++) {
        const turned = Buffer.from(signature)
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(check(text, turned)).toBe(false)
      }
    }
  })

  it('signs the same: an Ed25519 signature has no chance in it', async () => {
    const { libp2pKey, sign } = await newIdentity()
    const text = phrase('trip recloser 1')
    expect(Buffer.from(sodiumSign(sodium as Sodium, libp2pKey)(text)).equals(opensslSign(libp2pKey)(text))).toBe(true)
    expect(Buffer.from(sign(text)).equals(opensslSign(libp2pKey)(text))).toBe(true)
  })

  // Where one of them took what the other refuses, an honest peer would be blamed for what it passed on.
  it("refuses keys of small order, which would be anybody's, and signatures that begin with such a point", async () => {
    const nothing = Buffer.from(`01${'00'.repeat(31)}`, 'hex')
    const text = phrase('trip')
    const bySmallKey = Buffer.concat([nothing, Buffer.alloc(32)])
    const { libp2pKey } = await newIdentity()
    const publicKey = libp2pKey.publicKey.raw
    const bySmallPoint = Buffer.concat([nothing, answering(libp2pKey.raw, nothing, text)])
    for (const check of [sodiumCheck.bind(undefined, sodium as Sodium), opensslCheck]) {
      expect(check(nothing)(text, bySmallKey)).toBe(false)
      expect(check(publicKey)(text, bySmallPoint)).toBe(false)
    }
    // By the equation alone, as OpenSSL asks for it, it would be right.
    const x = Buffer.from(publicKey).toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    expect(verify(null, text, key, bySmallPoint)).toBe(true)
    const everybody = peerIdFromPublicKey(publicKeyFromRaw(nothing)).toString()
    expect(verifyPeer(everybody, text, bySmallKey)).toBe(false)
  })
})

/** The second half of a signature whose first half is the neutral point: h times the secret number, modulo the group's order. */
function answering(raw: Uint8Array, point: Buffer, text: Uint8Array): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const little = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  const secret = createHash('sha512').update(raw.subarray(0, 32)).digest().subarray(0, 32)
  secret[0] = (secret[0] as number) & 248
  secret[31] = ((secret[31] as number) & 63) | 64
  const h = createHash('sha512').update(point).update(raw.subarray(32)).update(text).digest()
  const answer = ((little(h) % order) * (little(secret) % order)) % order
  return Buffer.from(answer.toString(16).padStart(64, '0'), 'hex').reverse()
}

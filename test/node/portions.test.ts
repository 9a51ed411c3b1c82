import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MAX_UNPACKED_BYTES, openPortion, type PortionContent, sealPortion } from '../../src/aggregation/portion.ts'
import { identityFromSeed } from '../../src/mesh/identity.ts'
import { ownSealingKey, sealingKeyOf } from '../../src/mesh/sealing-key.ts'
import { joseSealing, sealingKey } from '../../src/node/jose-sealing.ts'

const party = async (n: number) => {
  const identity = await identityFromSeed(new Uint8Array(32).fill(n))
  const own = ownSealingKey(identity)
  return { own, key: sealingKey(own.x), sealing: joseSealing([own]), identity }
}
const bodies = (n: number) => [{ number: n, body: { salt: new Uint8Array(32).fill(n), content: Uint8Array.of(n) } }]
const content = (n: number, inner: PortionContent['inner'] = []): PortionContent => ({
  class: 'billing',
  bodies: bodies(n),
  inner,
})

describe('a portion', () => {
  it('opens with each key that it was sealed to, and with no other', async () => {
    const [utility, customer, third] = await Promise.all([party(1), party(2), party(3)])
    const portion = await sealPortion(content(7), [utility.key, customer.key], third.sealing)
    expect(await openPortion(portion, utility.sealing)).toEqual(content(7))
    expect(await openPortion(portion, customer.sealing)).toEqual(content(7))
    expect(await openPortion(portion, third.sealing)).toBeUndefined()
  })

  it('holds a narrower one that only the department opens', async () => {
    const [customer, accounting] = await Promise.all([party(2), party(4)])
    const inner = await sealPortion(content(9), [accounting.key], customer.sealing)
    const outer = await sealPortion({ ...content(1), bodies: [], inner: [inner] }, [customer.key], customer.sealing)
    expect(await openPortion(outer, accounting.sealing)).toBeUndefined()
    const opened = await openPortion(outer, customer.sealing)
    const [passedOn] = opened?.inner ?? []
    if (passedOn === undefined) throw new Error('no inner portion')
    expect(await openPortion(passedOn, customer.sealing)).toBeUndefined()
    expect(await openPortion(passedOn, accounting.sealing)).toEqual(content(9))
  })

  it('opens by a retired key that is still held, and not by the new one alone', async () => {
    const [old, next] = await Promise.all([party(5), party(6)])
    const portion = await sealPortion(content(1), [old.key], old.sealing)
    expect(await openPortion(portion, joseSealing([next.own, old.own]))).toEqual(content(1))
    expect(await openPortion(portion, next.sealing)).toBeUndefined()
  })

  it('does not open once any bit of key, vector, text or tag was changed', async () => {
    const reader = await party(1)
    const { sealed } = await sealPortion(content(1), [reader.key], reader.sealing)
    const jwe = JSON.parse(Buffer.from(sealed).toString())
    for (const field of ['iv', 'ciphertext', 'tag', 'protected'] as const) {
      const bytes = Buffer.from(jwe[field], 'base64url')
      bytes[0] = (bytes[0] ?? 0) ^ 1
      const changed = Buffer.from(JSON.stringify({ ...jwe, [field]: bytes.toString('base64url') }))
      expect([field, await openPortion({ class: 'billing', sealed: changed }, reader.sealing)]).toEqual([
        field,
        undefined,
      ])
    }
    expect(await openPortion({ class: 'billing', sealed: sealed.subarray(0, 40) }, reader.sealing)).toBeUndefined()
  })

  it('that would unpack to more than a batch is refused', async () => {
    const reader = await party(1)
    const bomb = deflateRawSync(new Uint8Array(MAX_UNPACKED_BYTES + 1))
    const sealed = await reader.sealing.seal(bomb, [reader.key])
    await expect(openPortion({ class: 'billing', sealed }, reader.sealing)).rejects.toThrow(/compressed CBOR/)
  })

  it('of another class than it says is refused', async () => {
    const reader = await party(1)
    const { sealed } = await sealPortion(content(1), [reader.key], reader.sealing)
    await expect(openPortion({ class: 'tamper', sealed }, reader.sealing)).rejects.toThrow(/want class tamper/)
  })
})

describe('the sealing key of a peer id', () => {
  it('is the public part of the one that the agent derives from its own key', async () => {
    const { own, identity } = await party(11)
    const { createPrivateKey, createPublicKey } = await import('node:crypto')
    const { d, x } = own
    const { x: computed } = createPublicKey(
      createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x }, format: 'jwk' }).export({
        format: 'pem',
        type: 'pkcs8',
      }) as string,
    ).export({ format: 'jwk' })
    expect(computed).toBe(sealingKeyOf(identity.peerId))
  })

  it('is none for what is no peer id', () => expect(sealingKeyOf('R3')).toBeUndefined())
})

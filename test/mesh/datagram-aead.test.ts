import { createCipheriv, randomBytes } from 'node:crypto'
import { newInstance } from '@chainsafe/as-chacha20poly1305'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aeadBy, type DatagramAead, datagramAead, libraryAead, opensslAead } from '../../src/mesh/datagram-aead.ts'

const module = newInstance()
const aead = libraryAead(module)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const newSecret = () => ({ key: randomBytes(32), nonce: randomBytes(12) })

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(Buffer.from)
const messages = fc.record({
  secret: fc.record({ key: bytes(32), nonce: bytes(12) }),
  header: fc.uint8Array({ maxLength: 32 }).map(Buffer.from),
  text: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 1500, size: 'max' })),
})

describe('ChaCha20-Poly1305 of the library', () => {
  it('seals byte for byte what OpenSSL does, and each opens what the other sealed', () => {
    fc.assert(
      fc.property(messages, ({ secret, header, text }) => {
        const sealed = aead.seal(secret, header, text)
        expect(sealed.equals(opensslAead.seal(secret, header, text))).toBe(true)
        for (const other of [aead, opensslAead]) {
          const datagram = Buffer.from(sealed)
          expect(other.open(secret, header.length, datagram)).toBe(true)
          expect(datagram.subarray(header.length, header.length + text.length)).toEqual(Buffer.from(text))
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('seals and opens texts of every length up to a datagram’s as OpenSSL does', () => {
    const [secret, header, text] = [newSecret(), randomBytes(17), randomBytes(1500)]
    for (let length = 0; length <= text.length; length++) {
      const part = text.subarray(0, length)
      const sealed = aead.seal(secret, header, part)
      expect(sealed.equals(opensslAead.seal(secret, header, part))).toBe(true)
      expect(aead.open(secret, header.length, sealed)).toBe(true)
      expect(sealed.subarray(17, 17 + length).equals(part)).toBe(true)
    }
  })

  // What is left of a sum just above the prime 2^130 - 5 has to come out as if it had been divided by it: chance never
  // meets that, so the text is worked out for it.
  it('makes the right tag where the sum ends in the last few numbers before it starts anew', () => {
    let found = 0
    for (let value = 0n; found < 40; value = (value + 1n) % 8n) {
      const secret = newSecret()
      const plain = textForSum(secret.key, secret.nonce, value)
      if (plain === undefined) continue
      found++
      const none = Buffer.alloc(0)
      expect(aead.seal(secret, none, plain).equals(opensslAead.seal(secret, none, plain))).toBe(true)
    }
  })

  it('hands out memory of its own: a later message changes no earlier one', () => {
    const [secret, header] = [newSecret(), randomBytes(17)]
    const first = aead.seal(secret, header, Buffer.alloc(100, 1))
    const kept = Buffer.from(first)
    aead.seal(newSecret(), header, Buffer.alloc(200, 2))
    expect(first.equals(kept)).toBe(true)
    expect(aead.open(secret, header.length, first)).toBe(true)
    aead.seal(newSecret(), header, Buffer.alloc(200, 3))
    expect(first.subarray(17, 117).equals(Buffer.alloc(100, 1))).toBe(true)
  })

  it.each([0, 1, 22, 31, 32, 300])(
    'leaves neither the key nor the tag’s in its memory, be the datagram right or forged, with a text of %i bytes',
    length => {
      const secret = newSecret()
      const stream = createCipheriv('chacha20', secret.key, Buffer.concat([Buffer.alloc(4), secret.nonce]))
      const tagKey = stream.update(Buffer.alloc(32))
      const isClean = (): boolean => {
        const all = Buffer.from(module.memory.buffer)
        return [secret.key, tagKey].every(key => [0, 8, 16, 24].every(at => !all.includes(key.subarray(at, at + 8))))
      }
      const sealed = aead.seal(secret, randomBytes(17), randomBytes(length))
      expect(isClean()).toBe(true)
      const forged = Buffer.from(sealed)
      forged[20] = (forged[20] ?? 0) ^ 1
      expect(aead.open(secret, 17, sealed)).toBe(true)
      expect(isClean()).toBe(true)
      expect(aead.open(secret, 17, forged)).toBe(false)
      expect(isClean()).toBe(true)
      // The look finds a key that is there.
      Buffer.from(module.memory.buffer, module.cpKey.value, 32).set(secret.key)
      expect(isClean()).toBe(false)
    },
  )

  it('refuses what does not fit into its memory', () => {
    const secret = newSecret()
    expect(() => aead.seal(secret, randomBytes(17), Buffer.alloc(65_537))).toThrow('want at most')
    expect(() => aead.seal(secret, randomBytes(33), Buffer.alloc(10))).toThrow('want at most')
    expect(aead.open(secret, 17, Buffer.alloc(17 + 65_537 + 16))).toBe(false)
    expect(aead.open(secret, 33, Buffer.alloc(100))).toBe(false)
  })

  it('gives way to OpenSSL where no instance is to be had', () => {
    expect(
      aeadBy(() => {
        throw new RangeError('could not allocate memory')
      }),
    ).toBe(opensslAead)
    expect(datagramAead()).not.toBe(opensslAead)
  })
})

const kinds: readonly (readonly [string, DatagramAead])[] = [
  ['by the library', aead],
  ['by OpenSSL', opensslAead],
]

describe.each(kinds)('sealing %s', (_name, way) => {
  it('is as RFC 8439 section 2.8.2 has it', () => {
    const header = hex('50515253c0c1c2c3c4c5c6c7')
    const secret = {
      key: Buffer.from(Array.from({ length: 32 }, (_, at) => 0x80 + at)),
      nonce: hex('070000004041424344454647'),
    }
    const text = Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    )
    expect(way.seal(secret, header, text).toString('hex')).toBe(
      `${header.toString('hex')}d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b` +
        '1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b' +
        '7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    )
  })

  it('opens nothing with any one bit turned, and leaves such a datagram as it was', () => {
    const secret = newSecret()
    const sealed = way.seal(secret, randomBytes(17), randomBytes(70))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const turned = Buffer.from(sealed)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const before = Buffer.from(turned)
      expect(way.open(secret, 17, turned)).toBe(false)
      expect(turned.equals(before)).toBe(true)
    }
    for (const length of [0, 16, 17, 32, 33, sealed.length - 1])
      expect(way.open(secret, 17, Buffer.from(sealed.subarray(0, length)))).toBe(false)
  })
})

/** A text of one block for which Poly1305 ends at this number modulo 2^130 - 5; undefined when the key has none. */
function textForSum(key: Buffer, nonce: Buffer, value: bigint): Buffer | undefined {
  const prime = (1n << 130n) - 5n
  const stream = createCipheriv('chacha20', key, Buffer.concat([Buffer.alloc(4), nonce])).update(Buffer.alloc(80))
  const r = numberOf(stream.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  const inverse = power(r, prime - 2n, prime)
  // No header, and 16 bytes of text.
  const lengths = (16n << 64n) + (1n << 128n)
  const block = ((((value * inverse - lengths) % prime) + prime) * inverse) % prime
  const cipherText = block - (1n << 128n)
  if (cipherText < 0n || cipherText >= 1n << 128n) return undefined
  const enciphered = Buffer.from(cipherText.toString(16).padStart(32, '0'), 'hex').reverse()
  return enciphered.map((byte, at) => byte ^ (stream[64 + at] as number)) as Buffer
}

const numberOf = (littleEndian: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`)

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let [square, left] = [base, exponent]; left > 0n; square = (square * square) % modulus, left >>= 1n)
    if (left & 1n) result = (result * square) % modulus
  return result
}

import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DatagramAead, datagramAead, opensslAead, sodiumAead } from '../../src/mesh/datagram-aead.ts'
import { type Sodium, sodium } from '../../src/mesh/sodium.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const newSecret = () => ({ key: randomBytes(32), nonce: randomBytes(12) })

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(Buffer.from)
const messages = fc.record({
  secret: fc.record({ key: bytes(32), nonce: bytes(12) }),
  header: fc.uint8Array({ maxLength: 32 }).map(Buffer.from),
  text: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 1500, size: 'max' })),
})

// Where libsodium has no build OpenSSL does it all, and there is nothing to hold beside it.
describe.skipIf(sodium === undefined)('ChaCha20-Poly1305 of libsodium', () => {
  const aead = sodiumAead(sodium as Sodium)

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

  it('is what datagrams are sealed with', () => {
    const [secret, header, text] = [newSecret(), randomBytes(17), randomBytes(100)]
    expect(datagramAead).not.toBe(opensslAead)
    expect(datagramAead.seal(secret, header, text).equals(opensslAead.seal(secret, header, text))).toBe(true)
  })
})

const kinds: readonly (readonly [string, DatagramAead])[] = [
  ['as datagrams are here', datagramAead],
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

  it('opens nothing with any one bit turned, and then leaves no text behind', () => {
    const secret = newSecret()
    const text = randomBytes(70)
    const sealed = way.seal(secret, randomBytes(17), text)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const turned = Buffer.from(sealed)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(way.open(secret, 17, turned)).toBe(false)
      for (let at = 0; at + 4 <= text.length; at++) expect(turned.includes(text.subarray(at, at + 4))).toBe(false)
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

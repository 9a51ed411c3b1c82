import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChaCha20Poly1305, chacha20Poly1305, HEAD } from '../../src/mesh/chacha20-poly1305.ts'
import { type DatagramAead, HEADER_AT, opensslAead, wasmAead } from '../../src/mesh/datagram-aead.ts'

const made = chacha20Poly1305()
const noVectors = made === undefined
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

function headOf(key: Uint8Array, nonce: Uint8Array, header: Uint8Array): Buffer {
  return Buffer.concat([key, nonce, Buffer.alloc(HEADER_AT - 44), header])
}
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const messages = fc.record({
  key: bytes(32),
  nonce: bytes(12),
  header: fc.uint8Array({ maxLength: 48 }),
  text: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 1500, size: 'max' })),
})

describe.skipIf(noVectors)('ChaCha20-Poly1305 in WebAssembly (skipped where there are no 128-bit vectors)', () => {
  const aead = wasmAead(made as ChaCha20Poly1305)

  it('seals byte for byte what OpenSSL does, and each opens what the other sealed', () => {
    fc.assert(
      fc.property(messages, ({ key, nonce, header, text }) => {
        const head = headOf(key, nonce, header)
        const sealed = aead.seal(head, text)
        expect(sealed.equals(opensslAead.seal(head, text))).toBe(true)
        for (const other of [aead, opensslAead]) {
          const datagram = Buffer.from(sealed)
          expect(other.open(head, datagram)).toBe(true)
          expect(datagram.subarray(header.length, header.length + text.length)).toEqual(Buffer.from(text))
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('seals texts of every length up to a datagram’s as OpenSSL does', () => {
    const head = headOf(randomBytes(32), randomBytes(12), randomBytes(17))
    const text = randomBytes(1500)
    for (let length = 0; length <= text.length; length++) {
      const part = text.subarray(0, length)
      expect(aead.seal(head, part).equals(opensslAead.seal(head, part))).toBe(true)
    }
  })

  // What is left of a sum just above the prime 2^130 - 5 has to come out as if it had been divided by it: chance never
  // meets that, so the text is worked out for it.
  it('makes the right tag where the sum ends in the last few numbers before it starts anew', () => {
    let found = 0
    for (let value = 0n; found < 40; value = (value + 1n) % 8n) {
      const [key, nonce] = [randomBytes(32), randomBytes(12)]
      const plain = textForSum(key, nonce, value)
      if (plain === undefined) continue
      found++
      const head = headOf(key, nonce, Buffer.alloc(0))
      expect(aead.seal(head, plain).equals(opensslAead.seal(head, plain))).toBe(true)
    }
  })

  it('leaves neither the key nor what was made of it in its memory', () => {
    const { memory } = made as ChaCha20Poly1305
    const head = headOf(Buffer.alloc(32, 0xa5), randomBytes(12), randomBytes(17))
    const isClean = (): boolean => {
      const stream = createCipheriv(
        'chacha20',
        head.subarray(0, 32),
        Buffer.concat([Buffer.alloc(4), head.subarray(32, 44)]),
      )
      const tagKey = stream.update(Buffer.alloc(32))
      const all = Buffer.from(memory)
      return (
        !all.includes(head.subarray(0, 16)) &&
        !all.includes(tagKey.subarray(0, 8)) &&
        !all.includes(tagKey.subarray(16))
      )
    }
    const sealed = aead.seal(head, randomBytes(300))
    expect(isClean()).toBe(true)
    expect(aead.open(head, Buffer.from(sealed))).toBe(true)
    expect(isClean()).toBe(true)
    const forged = Buffer.from(sealed)
    forged[40] = (forged[40] ?? 0) ^ 1
    expect(aead.open(head, forged)).toBe(false)
    expect(isClean()).toBe(true)
    expect(memory[HEAD]).toBe(0)
  })

  it('refuses what does not fit into its memory', () => {
    const head = headOf(randomBytes(32), randomBytes(12), randomBytes(17))
    expect(() => aead.seal(head, Buffer.alloc(40_000))).toThrow('want at most')
    expect(aead.open(head, Buffer.alloc(40_000))).toBe(false)
  })
})

const kinds: readonly (readonly [string, DatagramAead])[] = [
  ...(made === undefined ? [] : [['in WebAssembly', wasmAead(made)] as const]),
  ['by OpenSSL', opensslAead],
]

describe.each(kinds)('sealing %s', (_name, aead) => {
  it('is as RFC 8439 section 2.8.2 has it', () => {
    const header = hex('50515253c0c1c2c3c4c5c6c7')
    const head = headOf(
      Buffer.from(Array.from({ length: 32 }, (_, at) => 0x80 + at)),
      hex('070000004041424344454647'),
      header,
    )
    const text = Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    )
    expect(aead.seal(head, text).toString('hex')).toBe(
      `${header.toString('hex')}d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b` +
        '1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b' +
        '7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    )
  })

  it('opens nothing with any one bit turned, and leaves such a datagram as it was', () => {
    const head = headOf(randomBytes(32), randomBytes(12), randomBytes(17))
    const sealed = aead.seal(head, randomBytes(70))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const turned = Buffer.from(sealed)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const before = Buffer.from(turned)
      expect(aead.open(head, turned)).toBe(false)
      expect(turned.equals(before)).toBe(true)
    }
    for (const length of [0, 16, 17, 32, 33, sealed.length - 1])
      expect(aead.open(head, Buffer.from(sealed.subarray(0, length)))).toBe(false)
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

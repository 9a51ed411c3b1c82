import { createDecipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEADER_BYTES, MAX_DATAGRAM, type Opener, opener, sealer, TAG_BYTES } from '../../src/mesh/datagram-session.ts'

const LIMIT = 2 ** 32
function pair(limit = LIMIT) {
  const key = { key: randomBytes(32), id: randomBytes(8) }
  const copy = { key: Buffer.from(key.key), id: Buffer.from(key.id) }
  return { key: Buffer.from(key.key), seal: sealer(key, limit), open: opener(copy, limit) }
}
const said = (open: Opener, datagram: Buffer | undefined): string => {
  const result = open.open(datagram as Buffer)
  return typeof result === 'string' ? result : `opens ${result.toString()}`
}

describe('a sealed datagram', () => {
  it('opens at the other end, and once', () => {
    const { seal, open } = pair()
    const datagram = seal.seal(Buffer.from('trip')) as Buffer
    expect(said(open, datagram)).toBe('opens trip')
    expect(said(open, datagram)).toBe('replayed')
  })

  it('is ChaCha20-Poly1305 over its header, with the counter as nonce', () => {
    const { key, seal } = pair()
    seal.seal(Buffer.from('first'))
    const datagram = seal.seal(Buffer.from('second')) as Buffer
    expect(datagram.readBigUInt64BE(9)).toBe(1n)
    const nonce = Buffer.concat([Buffer.alloc(4), datagram.subarray(9, 17)])
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
    const plaintextLength = datagram.length - HEADER_BYTES - TAG_BYTES
    decipher.setAAD(datagram.subarray(0, HEADER_BYTES), { plaintextLength })
    decipher.setAuthTag(datagram.subarray(-TAG_BYTES))
    const opened = [decipher.update(datagram.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()]
    expect(Buffer.concat(opened).toString()).toBe('second')
  })

  it('opens in any order', () => {
    const { seal, open } = pair()
    const sent = ['a', 'b', 'c', 'd', 'e'].map(text => seal.seal(Buffer.from(text)) as Buffer)
    const heard = [1, 0, 4, 3, 2].map(n => said(open, sent[n]))
    expect(heard).toEqual(['opens b', 'opens a', 'opens e', 'opens d', 'opens c'])
  })

  it('does not open with any one bit turned, and opens unharmed after that', () => {
    const { seal, open } = pair()
    const datagram = seal.seal(Buffer.from('trip')) as Buffer
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      const turned = Buffer.from(datagram)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(['version', 'unknown-key', 'worn-out', 'forged']).toContain(said(open, turned))
    }
    expect(said(open, datagram)).toBe('opens trip')
  })

  it('does not open cut short or drawn out', () => {
    const { seal, open } = pair()
    const datagram = seal.seal(Buffer.from('trip')) as Buffer
    for (let length = 0; length < datagram.length; length++) {
      expect(['size', 'forged']).toContain(said(open, datagram.subarray(0, length)))
    }
    expect(said(open, Buffer.concat([datagram, Buffer.alloc(1)]))).toBe('forged')
    expect(said(open, Buffer.concat([datagram, Buffer.alloc(MAX_DATAGRAM)]))).toBe('size')
  })

  it('does not open for whom it comes back to', () => {
    const there = pair()
    const back = pair()
    expect(said(back.open, there.seal.seal(Buffer.from('trip')))).toBe('unknown-key')
  })

  it('does not move the window with a forged counter', () => {
    const { seal, open } = pair()
    const datagram = seal.seal(Buffer.from('trip')) as Buffer
    const ahead = Buffer.from(datagram)
    ahead.writeUInt32BE(100_000, 13)
    expect(said(open, ahead)).toBe('forged')
    expect(said(open, datagram)).toBe('opens trip')
  })

  it('is not sealed any more when the key is worn out: no nonce is used twice', () => {
    const { seal, open } = pair(3)
    const sealed = [1, 2, 3].map(n => seal.seal(Buffer.from([n])) as Buffer)
    expect(seal.seal(Buffer.from([4]))).toBeUndefined()
    expect(seal.sent).toBe(3)
    expect(sealed.map(each => each.readBigUInt64BE(9))).toEqual([0n, 1n, 2n])
    const beyond = Buffer.from(sealed[0] as Buffer)
    beyond.writeUInt32BE(3, 13)
    expect(said(open, beyond)).toBe('worn-out')
  })

  it('neither seals nor opens after erasure', () => {
    const { seal, open } = pair()
    const datagram = seal.seal(Buffer.from('trip')) as Buffer
    seal.erase()
    open.erase()
    expect(seal.seal(Buffer.from('trip'))).toBeUndefined()
    expect(said(open, datagram)).toBe('unknown-key')
  })

  it.each([sealer, opener])('takes the key over and leaves no other copy of it', make => {
    const key = { key: randomBytes(32), id: randomBytes(8) }
    make(key, LIMIT)
    expect(key.key.equals(Buffer.alloc(32))).toBe(true)
  })

  it('is none, whatever other bytes come, with the right header too', () => {
    const { seal, open } = pair()
    const header = (seal.seal(Buffer.from('x')) as Buffer).subarray(0, HEADER_BYTES)
    const refused = (bytes: Uint8Array): void => {
      expect(typeof open.open(Buffer.from(bytes))).toBe('string')
      expect(typeof open.open(Buffer.concat([header, bytes]))).toBe('string')
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1600 }), refused), { numRuns: 2000 })
  })
})

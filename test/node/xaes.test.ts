import { describe, expect, it } from 'vitest'
import { xaes256gcm } from '../../src/node/xaes.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const NONCE = ascii('ABCDEFGHIJKLMNOPQRSTUVWX')

describe('XAES-256-GCM', () => {
  // The two test vectors of c2sp.org/XAES-256-GCM: one for each value of the top bit of L.
  const vectors = [
    {
      it: 'gives the first vector',
      key: 0x01,
      aad: '',
      sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271',
    },
    {
      it: 'gives the second vector',
      key: 0x03,
      aad: 'c2sp.org/XAES-256-GCM',
      sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
    },
  ]
  for (const { it: does, key, aad, sealed } of vectors) {
    it(does, () => {
      const xaes = xaes256gcm(new Uint8Array(32).fill(key))
      const made = xaes.seal(NONCE, ascii('XAES-256-GCM'), ascii(aad))
      expect(hex(made)).toBe(sealed)
      expect(xaes.open(NONCE, made, ascii(aad))).toEqual(ascii('XAES-256-GCM'))
    })
  }

  it('opens nothing of which one bit was changed', () => {
    const xaes = xaes256gcm(new Uint8Array(32).fill(9))
    const [plain, aad] = [ascii('a reading'), ascii('ledger/body/7')]
    const made = xaes.seal(NONCE, plain, aad)
    expect(xaes.open(NONCE, made, aad)).toEqual(plain)
    for (let at = 0; at < made.length; at++) {
      const changed = made.map((byte, index) => (index === at ? byte ^ 1 : byte))
      expect(xaes.open(NONCE, changed, aad)).toBeUndefined()
    }
    for (let at = 0; at < NONCE.length; at++) {
      expect(
        xaes.open(
          NONCE.map((byte, index) => (index === at ? byte ^ 1 : byte)),
          made,
          aad,
        ),
      ).toBeUndefined()
    }
    expect(xaes.open(NONCE, made, ascii('ledger/body/8'))).toBeUndefined()
    expect(xaes256gcm(new Uint8Array(32).fill(8)).open(NONCE, made, aad)).toBeUndefined()
    for (let length = 0; length < made.length; length++) {
      expect(xaes.open(NONCE, made.subarray(0, length), aad)).toBeUndefined()
    }
  })
})

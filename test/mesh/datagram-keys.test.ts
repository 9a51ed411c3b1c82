import { createHash, createHmac, createPublicKey, diffieHellman } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeShare,
  deriveKeys,
  encodeShare,
  type KeyShare,
  newBootId,
  newEphemeralKey,
} from '../../src/mesh/datagram-keys.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import { toCbor } from '../../topology/cbor.ts'

function side(peerId: string) {
  const own = newEphemeralKey()
  const boot = newBootId()
  const share: KeyShare = {
    boot,
    publicKey: own.publicKey,
    generation: 1,
    places: [{ address: '10.0.0.1', port: 4001 }],
  }
  return { own, peerId, boot, message: encodeShare(share) }
}
const a = side('12D3KooWa')
const b = side('12D3KooWb')
const hex = ({ initiator, responder }: ReturnType<typeof deriveKeys>): string[] =>
  [initiator, responder].flatMap(({ key, id }) => [key.toString('hex'), id.toString('hex')])
const agreed = (given: Partial<Parameters<typeof deriveKeys>[0]> = {}): string[] =>
  hex(deriveKeys({ own: a.own, other: b.own.publicKey, initiator: a, responder: b, ...given }))

describe('agreed keys', () => {
  it('are the same on both sides, one key and one id for each direction', () => {
    const keys = agreed()
    expect(agreed({ own: b.own, other: a.own.publicKey })).toEqual(keys)
    expect(new Set(keys).size).toBe(4)
    expect(keys.map(({ length }) => length / 2)).toEqual([32, 8, 32, 8])
  })

  it('are those of HKDF as RFC 5869 writes it, over what security.md names', () => {
    const key = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), b.own.publicKey])
    const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
    const secret = diffieHellman({ privateKey: a.own.privateKey, publicKey })
    const sized = (...parts: (string | Uint8Array)[]): Buffer =>
      Buffer.concat(
        parts.flatMap(part => {
          const length = Buffer.alloc(4)
          length.writeUInt32BE(Buffer.from(part as string).length)
          return [length, Buffer.from(part as string)]
        }),
      )
    const label = 'feedermesh datagram keys 2'
    const salt = createHash('sha256')
      .update(sized(label, a.message, b.message))
      .digest()
    const info = sized(label, a.peerId, b.peerId, a.boot, b.boot)
    const prk = createHmac('sha256', salt).update(secret).digest()
    let block = Buffer.alloc(0)
    let okm = Buffer.alloc(0)
    for (let n = 1; okm.length < 80; n++) {
      block = createHmac('sha256', prk)
        .update(Buffer.concat([block, info, Buffer.from([n])]))
        .digest()
      okm = Buffer.concat([okm, block])
    }
    const cut = (from: number, to: number): string => okm.subarray(from, to).toString('hex')
    expect(agreed()).toEqual([cut(0, 32), cut(32, 40), cut(40, 72), cut(72, 80)])
  })

  const others = {
    'another offer': { initiator: { ...a, message: Uint8Array.from([...a.message, 0]) } },
    'another answer': { responder: { ...b, message: side('12D3KooWb').message } },
    'another peer in a role': { responder: { ...b, peerId: '12D3KooWc' } },
    'the roles turned round': { initiator: b, responder: a },
    'another boot id': { initiator: { ...a, boot: newBootId() } },
    'another public key': { other: newEphemeralKey().publicKey },
  }
  it.each(Object.entries(others))('are all others for %s', (_, given) => {
    const keys = new Set(agreed())
    expect(agreed(given).filter(key => keys.has(key))).toEqual([])
  })

  // Points of small order, from RFC 7748's security considerations and https://cr.yp.to/ecdh.html.
  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('are refused for the public key %s, whose secret anybody knows', point => {
    expect(() => agreed({ other: Buffer.from(point, 'hex') })).toThrow(MeshError)
  })
})

describe('a key share', () => {
  const share = { v: 1, b: new Uint8Array(8), k: new Uint8Array(32), g: 1, u: [['10.0.0.1', 4001]] }
  it('reads back', () => {
    expect(decodeShare(toCbor(share)).places).toEqual([{ address: '10.0.0.1', port: 4001 }])
  })
  const wrong: Record<string, object> = {
    'another version': { v: 2 },
    'a short key': { k: new Uint8Array(31) },
    'a long boot id': { b: new Uint8Array(9) },
    'generation 0': { g: 0 },
    'a generation beyond counting': { g: 2 ** 40 + 1 },
    'a name to look up': { u: [['example.org', 4001]] },
    'port 0': { u: [['10.0.0.1', 0]] },
    'nine places': { u: Array.from({ length: 9 }, () => ['10.0.0.1', 1]) },
    'a key that is not named': { x: 1 },
  }
  it.each(Object.entries(wrong))('is refused with %s', (_, change) => {
    expect(() => decodeShare(toCbor({ ...share, ...change }))).toThrow(MeshError)
  })
  it('is refused when it is any other bytes', () => {
    const survives = (bytes: Uint8Array): void => {
      try {
        decodeShare(bytes)
      } catch (error) {
        expect(error).toMatchObject({ code: 'MESH_BAD_MESSAGE' })
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 2000 })
  })
})

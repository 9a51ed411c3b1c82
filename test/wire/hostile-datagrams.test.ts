// Any bytes at what a neighbour or a stranger reaches of the protection links: datagrams, packets, and key shares.

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeShare, encodeShare, newBootId, newEphemeralKey } from '../../src/mesh/datagram-keys.ts'
import { datagramPort } from '../../src/mesh/datagram-port.ts'
import { datagramRefusals, opener, sealer } from '../../src/mesh/datagram-session.ts'
import { ANSWER, ASK, beatPacket, echoPacket, framePacket, NOBODY, numberedPacket } from '../../src/mesh/link-packet.ts'
import { protectionLink } from '../../src/mesh/protection-link.ts'
import { hostile, INPUTS, SEED } from './inputs.ts'

const body = Buffer.from('an envelope or a question')
const packets = [
  beatPacket(1, 2, true, body),
  echoPacket(beatPacket(1, 2, true), 3),
  framePacket(1, 2, body),
  numberedPacket(ASK, 1, body),
  numberedPacket(ANSWER, 1, body),
  numberedPacket(NOBODY, 1),
]

const every = (examples: readonly Uint8Array[], take: (bytes: Buffer) => void): void =>
  fc.assert(
    fc.property(hostile(examples), bytes => take(Buffer.from(bytes))),
    { numRuns: INPUTS, seed: SEED },
  )

describe(`any bytes (seed ${SEED})`, () => {
  it('as a datagram are refused for one of the closed reasons, and the next sound one opens', () => {
    const key = { key: randomBytes(32), id: randomBytes(8) }
    const seal = sealer({ key: Buffer.from(key.key), id: key.id }, 2 ** 32)
    const open = opener(key, 2 ** 32)
    const examples = packets.map(packet => seal.seal(packet) as Buffer)
    const isSound = new Set(examples.map(each => each.toString('base64')))
    every(examples, bytes => {
      // It is opened in place.
      const cameAs = bytes.toString('base64')
      const result = open.open(bytes)
      if (typeof result === 'string') expect(datagramRefusals).toContain(result)
      else expect(isSound.has(cameAs)).toBe(true)
    })
    expect(open.open(seal.seal(body) as Buffer)).toEqual(body)
  })

  it('as a packet of an admitted neighbour end in an answer, a frame or a refusal, and leave nothing behind', () => {
    let sent = 0
    const frames: Uint8Array[] = []
    const count = (packet: Buffer): boolean => {
      sent++
      expect(packet.length).toBeLessThan(400)
      return true
    }
    const link = protectionLink({
      peerId: 'neighbour',
      settings: { beatMs: 250, silenceMs: 750 },
      carriers: {
        hasKeys: () => true,
        isAwaitingConfirmation: () => false,
        datagram: count,
        probe: () => {},
        isStreamOpen: () => true,
        stream: count,
      },
      isMarked: () => false,
      isHeld: () => true,
      now: () => 5,
      onFrame: frame => frames.push(frame),
      onAsk: question => question,
      onLiveness: () => {},
    })
    let read = 0
    every(packets, bytes => {
      const before = [sent, frames.length] as const
      if (link.receive(bytes)) read++
      // At most one packet or one frame comes of one packet.
      expect(sent - before[0] + frames.length - before[1]).toBeLessThanOrEqual(1)
      frames.length = 0
    })
    expect(read).toBeGreaterThan(0)
    // No echo of theirs was for a beat of ours.
    expect(link.datagramEcho).toBeUndefined()
    link.close()
  })

  it('as a key share are refused, or read back the same', () => {
    const share = { boot: newBootId(), publicKey: newEphemeralKey().publicKey, generation: 3 }
    const examples = [
      encodeShare({ ...share, places: [] }),
      encodeShare({ ...share, places: [{ address: '10.0.0.1', port: 4001 }] }),
      encodeShare({ ...share, places: [{ address: 'fd00::1', port: 1 }] }),
    ]
    every(examples, bytes => {
      try {
        expect(Buffer.compare(Buffer.from(encodeShare(decodeShare(bytes))), bytes)).toBe(0)
      } catch (error) {
        expect(error).toMatchObject({ code: 'MESH_BAD_MESSAGE' })
      }
    })
  })

  it('as an offer of an admitted peer give no keys to what is none, and no more than three agreements a peer', async () => {
    let now = 0
    const port = await datagramPort({
      self: 'a',
      places: [{ address: '127.0.0.1', port: 0 }],
      now: () => now,
      onPacket: () => true,
      log: () => {},
    })
    const other = await datagramPort({ self: 'b', places: [], now: () => now, onPacket: () => true, log: () => {} })
    try {
      every([other.offer('a').message], bytes => {
        now += 1000
        try {
          port.answer('b', bytes)
        } catch (error) {
          expect(error).toMatchObject({ name: 'MeshError' })
        }
        expect(port.agreements('b')).toBeLessThanOrEqual(3)
      })
    } finally {
      port.close()
      other.close()
    }
  })
})

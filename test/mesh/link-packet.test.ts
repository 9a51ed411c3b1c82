import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ANSWER,
  ASK,
  beatPacket,
  echoPacket,
  framePacket,
  NOBODY,
  numberedPacket,
  readPacket,
} from '../../src/mesh/link-packet.ts'

const body = Buffer.from('body')

describe('a packet of a link', () => {
  const packets = {
    beat: [beatPacket(7, 12.5, true), { kind: 1, number: 7, sentAt: 12.5, holds: true }],
    'padded beat': [beatPacket(7, 12.5, false, body), { kind: 1, number: 7, sentAt: 12.5, holds: false }],
    echo: [echoPacket(beatPacket(2 ** 32 - 1, 1, true), 99.25), { kind: 2, number: 2 ** 32 - 1, heardAt: 99.25 }],
    frame: [framePacket(3.5, 20, body, 2 ** 32 - 1), { kind: 3, sentAt: 3.5, ageMs: 20, label: 2 ** 32 - 1, body }],
    'frame of unknown age': [
      framePacket(3.5, undefined, body),
      { kind: 3, sentAt: 3.5, ageMs: undefined, label: 0, body },
    ],
    ask: [numberedPacket(ASK, 5, body), { kind: 4, number: 5, body }],
    'empty answer': [numberedPacket(ANSWER, 5), { kind: 5, number: 5, body: Buffer.alloc(0) }],
    nobody: [numberedPacket(NOBODY, 5), { kind: 6, number: 5 }],
  } as const
  it.each(Object.entries(packets))('reads back: %s', (_, [packet, read]) => expect(readPacket(packet)).toEqual(read))

  it('echoes the padding, so that both ways are as long', () => {
    const echo = echoPacket(beatPacket(1, 2, true, body), 3)
    expect(echo.subarray(-4)).toEqual(body)
  })

  const none = {
    'of no bytes': Buffer.alloc(0),
    'of an unknown kind': Buffer.from([9, 0, 0, 0, 0]),
    'a beat cut short': beatPacket(1, 2, true).subarray(0, 13),
    'a beat at no time': beatPacket(1, Number.NaN, true),
    'an echo heard at no time': echoPacket(beatPacket(1, 2, true), Number.POSITIVE_INFINITY),
    'a frame without a body': framePacket(1, 2, new Uint8Array()),
    'a frame at no time': framePacket(Number.NEGATIVE_INFINITY, 2, body),
    'a question without a number': Buffer.from([4, 0, 0, 0]),
    'nobody with a body': numberedPacket(NOBODY, 5, body),
  }
  it.each(Object.entries(none))('is none: %s', (_, packet) => expect(readPacket(packet)).toBeUndefined())

  it('has no age below zero', () => {
    expect(readPacket(framePacket(1, -5, body))).toMatchObject({ ageMs: undefined })
  })
  it('is read or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        const read = readPacket(Buffer.from(bytes))
        if (read !== undefined) expect(read.kind).toBe(bytes[0])
      }),
      { numRuns: 2000 },
    )
  })
})

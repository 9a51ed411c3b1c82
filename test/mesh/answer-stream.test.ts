// Both ends of a streamed answer, each against another end that does as it likes.

import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { describe, expect, it } from 'vitest'
import { answerStream, askStream } from '../../src/mesh/answer-stream.ts'
import { bulkPace } from '../../src/mesh/bulk-pace.ts'
import { INPUTS, SEED } from '../wire/inputs.ts'
import { until } from './real-links.ts'

const pace = bulkPace(() => performance.now())
const frame = (...bytes: number[]): Uint8Array => encode.single(Uint8Array.from(bytes)).subarray()
const pair = (): Promise<[Stream, Stream]> => streamPair({ delay: 1, capacity: 1000 })

/** Each waits for a time-out, so many do at once. */
const AT_ONCE = 200
const FUZZ_MS = 60_000 + INPUTS * 5
const anyParts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 })
const withAnyBytes = (take: (parts: readonly Uint8Array[]) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.array(anyParts, { minLength: AT_ONCE, maxLength: AT_ONCE }), async cases => {
      await Promise.all(cases.map(take))
    }),
    { numRuns: Math.ceil(INPUTS / AT_ONCE), seed: SEED, endOnFailure: true },
  )

/** An answerer over 10,000 items of 8 KiB, with what became of it. */
function answerer(stream: Stream, readerIdleMs?: number) {
  const seen = { made: 0, ended: false, over: false }
  const done = answerStream(stream, {
    pace,
    ...(readerIdleMs === undefined ? {} : { readerIdleMs }),
    async *answer() {
      try {
        for (; seen.made < 10_000; seen.made++) yield new Uint8Array(8192)
      } finally {
        seen.ended = true
      }
    },
  }).then(() => {
    seen.over = true
  })
  return { seen, done }
}

describe('who answers', () => {
  const credit = (bytes: number): Uint8Array => {
    const value = new Uint8Array(4)
    new DataView(value.buffer).setUint32(0, bytes)
    return frame(...value)
  }

  it('makes a window of items and no more for who grants nothing, and ends it in time', async () => {
    const [asker, stream] = await pair()
    const { seen, done } = answerer(stream, 400)
    asker.addEventListener('message', () => {})
    asker.send(frame(7))
    await until('a window is made', () => seen.made >= 16)
    await done
    expect(seen).toEqual({ made: 16, ended: true, over: true })
    expect(stream.status).toBe('aborted')
  })

  it('is held to its window by who grants more than was read', async () => {
    const [asker, stream] = await pair()
    const { seen, done } = answerer(stream, 1500)
    asker.addEventListener('message', () => {})
    asker.send(frame(7))
    await until('a window is made', () => seen.made >= 16)
    asker.send(credit(0xffffffff))
    await until('another window is made', () => seen.made >= 32)
    await done
    expect(seen.made).toBe(32)
  })

  it('ends its producer when the asker goes away', async () => {
    const [asker, stream] = await pair()
    const { seen, done } = answerer(stream)
    asker.addEventListener('message', () => {})
    asker.send(frame(7))
    await until('it has begun', () => seen.made > 0)
    asker.abort(new Error('gone'))
    await done
    expect(seen.ended).toBe(true)
    expect(seen.made).toBeLessThan(20)
  })

  it('waits for a question no longer than for a credit, and asks no producer for none', async () => {
    const [, stream] = await pair()
    const { seen, done } = answerer(stream, 200)
    await done
    expect(seen).toEqual({ made: 0, ended: false, over: true })
  })

  const nonsense = [
    { it: 'a question that is too long', bytes: () => encode.single(new Uint8Array(65_537)).subarray() },
    { it: 'a length that is no length', bytes: () => new Uint8Array(20).fill(0xff) },
    { it: 'a credit that is none', bytes: () => Uint8Array.from([...frame(7), ...frame(1, 2, 3)]) },
  ]
  for (const { it: of, bytes } of nonsense) {
    it(`cuts off ${of}`, async () => {
      const [asker, stream] = await pair()
      const { seen, done } = answerer(stream, 5000)
      asker.addEventListener('message', () => {})
      asker.send(bytes())
      await done
      expect(stream.status).toBe('aborted')
      expect(seen.made).toBeLessThan(20)
    })
  }

  it('takes any bytes: it ends, and so does its producer', { timeout: FUZZ_MS }, () =>
    withAnyBytes(async parts => {
      const [asker, stream] = await pair()
      let made = 0
      let ended = 0
      const done = answerStream(stream, {
        pace,
        readerIdleMs: 20,
        async *answer() {
          made++
          try {
            for (;;) yield new Uint8Array(8192)
          } finally {
            ended++
          }
        },
      })
      asker.addEventListener('message', () => {})
      try {
        for (const part of parts) asker.send(part)
      } catch {
        // Cut off already.
      }
      await done
      expect(made).toBe(ended)
      expect(stream.status).not.toBe('open')
    }),
  )
})

describe('who asks', () => {
  const asking = async (answer: (stream: Stream) => void, itemMs = 1000) => {
    const [stream, other] = await pair()
    other.addEventListener('message', () => {})
    const items = askStream(async () => stream, '/test/1', Uint8Array.of(7), { itemMs }, pace)
    answer(other)
    return { stream, items }
  }
  const all = async (items: AsyncIterable<Uint8Array>): Promise<number> => {
    let count = 0
    for await (const _ of items) count++
    return count
  }

  it('keeps no more than was granted of what an answerer sends that heeds no window', async () => {
    const { items, stream } = await asking(other => {
      for (let n = 0; n < 100; n++) other.send(encode.single(new Uint8Array(8193)).subarray())
    })
    await items.next()
    await until('it is cut off', () => stream.status === 'aborted')
    await expect(all(items)).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
  })

  it('cuts off an item that is too large before a byte of it is kept', async () => {
    const { items } = await asking(other => void other.send(Uint8Array.of(0x82, 0x80, 0x04)))
    await expect(all(items)).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
  })

  it('takes an end without its mark for a loss, not for the end', async () => {
    const { items } = await asking(other => {
      other.send(frame(0, 1))
      void other.close()
    })
    expect((await items.next()).value).toEqual(Uint8Array.of(1))
    await expect(items.next()).rejects.toMatchObject({
      code: 'MESH_UNREACHABLE',
      message: '/test/1: cut off before its end',
    })
  })

  it('takes what came, and its end, before anybody listened', async () => {
    const { items, stream } = await asking(other => {
      other.send(frame(0, 1))
      other.send(frame(2))
      void other.close()
    })
    await until('all of it is there', () => stream.remoteWriteStatus === 'closed')
    expect(await all(items)).toBe(1)
    const cut = await asking(other => {
      other.send(frame(0, 1))
      void other.close()
    })
    await until('all of it is there', () => cut.stream.remoteWriteStatus === 'closed')
    expect((await cut.items.next()).value).toEqual(Uint8Array.of(1))
    await expect(cut.items.next()).rejects.toMatchObject({ message: '/test/1: cut off before its end' })
  })

  it('leaves no stream open at an answerer that keeps its side open after the end', async () => {
    const { items, stream } = await asking(other => other.send(frame(2)))
    expect(await all(items)).toBe(0)
    expect(stream.status).not.toBe('open')
  })

  it('shows of a refusal what can be printed', async () => {
    const { items } = await asking(other => void other.send(frame(1, 0x1b, 0x5b, 0x32, 0x4a, 0x6e, 0x6f)))
    await expect(items.next()).rejects.toMatchObject({ code: 'MESH_REFUSED', message: ' [2Jno' })
  })

  it('takes any bytes: items, or its declared error', { timeout: FUZZ_MS }, () =>
    withAnyBytes(async parts => {
      const { items, stream } = await asking(other => {
        for (const part of parts) other.send(part)
        void other.close()
      }, 300)
      await all(items).catch(error => expect(error.name).toBe('MeshError'))
      expect(stream.status).not.toBe('open')
    }),
  )
})

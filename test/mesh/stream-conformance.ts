// What streamed answers are over every kind of links.

import { afterEach, describe, expect, it } from 'vitest'
import { type Links, MAX_STREAM_ITEM, type StreamPatience } from '../../src/mesh/links.ts'
import { STREAMS_PER_PEER } from '../../src/mesh/stream-places.ts'

export interface StreamPlace {
  readonly asker: Links
  readonly answerer: Links
  /** Lets time pass until it is settled, where time is not the machine's. */
  settled<T>(work: Promise<T>): Promise<T>
  pass(ms: number): Promise<void>
  drop(): Promise<void>
}

const PROTOCOL = '/test/stream/1'
const QUESTION = Uint8Array.of(7)
const patience: StreamPatience = { itemMs: 10_000 }

export function describeStreams(name: string, place: () => Promise<StreamPlace>): void {
  describe(`streamed answers over ${name}`, { timeout: 300_000 }, () => {
    const cleanUp: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const run of cleanUp.splice(0)) await run()
    })

    async function begin(answer: Parameters<Links['serveStream']>[1]) {
      const made = await place()
      cleanUp.push(made.drop)
      made.answerer.serveStream(PROTOCOL, answer)
      const ask = (given: Partial<StreamPatience> = {}, protocol = PROTOCOL) =>
        made.asker.stream(made.answerer.peerId, protocol, QUESTION, { ...patience, ...given })[Symbol.asyncIterator]()
      return { ...made, ask }
    }

    /** A producer that tells how far it got and how it ended. */
    function producer(count: number, bytes: number) {
      const seen = { made: 0, ended: false, aborted: false }
      return {
        seen,
        answer: async function* (_from: unknown, _question: unknown, signal: AbortSignal) {
          signal.addEventListener('abort', () => {
            seen.aborted = true
          })
          try {
            for (; seen.made < count; seen.made++) yield new Uint8Array(bytes).fill(seen.made & 0xff)
          } finally {
            seen.ended = true
          }
        },
      }
    }

    const all = async (items: AsyncIterator<Uint8Array>): Promise<Uint8Array[]> => {
      const got: Uint8Array[] = []
      for (;;) {
        const next = await items.next()
        if (next.done === true) return got
        got.push(next.value)
      }
    }

    it('arrive item by item, in order and whole, of any size up to the largest', async () => {
      const sizes = [0, 1, 2, 127, 128, 16_383, MAX_STREAM_ITEM, 3]
      const { ask, settled } = await begin(async function* (from, question) {
        yield Uint8Array.of(from.name.length, question[0] as number)
        for (const size of sizes) yield new Uint8Array(size).fill(size & 0xff)
      })
      const [first, ...rest] = await settled(all(ask()))
      expect([...(first as Uint8Array)]).toEqual([5, 7])
      expect(rest.map(({ length }) => length)).toEqual(sizes)
      expect(rest.every((item, index) => item.every(byte => byte === ((sizes[index] as number) & 0xff)))).toBe(true)
    })

    it('may have no item at all', async () => {
      const { ask, settled } = await begin(async function* () {})
      expect(await settled(all(ask()))).toEqual([])
    })

    it('hold up the producer while the reader does not read', async () => {
      const { seen, answer } = producer(200, 8192)
      const { ask, settled, pass } = await begin(answer)
      const items = ask()
      let mostAhead = 0
      for (let read = 1; read <= 40; read++) {
        await settled(items.next())
        await pass(20)
        mostAhead = Math.max(mostAhead, seen.made - read)
      }
      // A window of 128 KiB is 16 items; one more waits to go.
      expect(mostAhead).toBeLessThanOrEqual(17)
      expect((await settled(all(items))).length).toBe(160)
      expect(seen.ended).toBe(true)
    })

    it('end the producer when the reader stops early', async () => {
      const { seen, answer } = producer(1000, 8192)
      const { ask, settled, pass } = await begin(answer)
      const items = ask()
      await settled(items.next())
      await settled(items.return?.() as Promise<unknown>)
      for (let waited = 0; waited < 100 && !seen.ended; waited++) await pass(20)
      expect(seen).toMatchObject({ ended: true, aborted: true })
      expect(seen.made).toBeLessThan(25)
    })

    it('end the producer when the reader gives up, and say so', async () => {
      const { seen, answer } = producer(1000, 8192)
      const { ask, settled, pass } = await begin(answer)
      const given = new AbortController()
      const items = ask({ signal: given.signal })
      await settled(items.next())
      given.abort()
      await expect(settled(all(items))).rejects.toMatchObject({
        code: 'MESH_UNREACHABLE',
        message: `${PROTOCOL}: given up`,
      })
      for (let waited = 0; waited < 100 && !seen.ended; waited++) await pass(20)
      expect(seen.ended).toBe(true)
    })

    it('wait so long for an item and no longer, and end the producer that made none', async () => {
      let aborted = false
      const { ask, settled, pass } = await begin(async function* (_from, _question, signal) {
        yield Uint8Array.of(1)
        await new Promise<void>(resolve => {
          signal.addEventListener('abort', () => {
            aborted = true
            resolve()
          })
        })
      })
      const items = ask({ itemMs: 1500 })
      await settled(items.next())
      await pass(1700) // the reader's own time does not count
      await expect(settled(items.next())).rejects.toMatchObject({
        code: 'MESH_UNREACHABLE',
        message: expect.stringMatching(/no further item/),
      })
      for (let waited = 0; waited < 100 && !aborted; waited++) await pass(20)
      expect(aborted).toBe(true)
    })

    it('wait so long for all of it', async () => {
      const { answer } = producer(1e6, 16)
      const { ask, settled } = await begin(answer)
      await expect(settled(all(ask({ totalMs: 400 })))).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
    })

    it('tell an error of the producer as a refusal, after what came before it', async () => {
      const { ask, settled } = await begin(async function* () {
        yield Uint8Array.of(1)
        throw new Error('the disk is gone')
      })
      const items = ask()
      expect((await settled(items.next())).done).toBe(false)
      await expect(settled(items.next())).rejects.toMatchObject({ code: 'MESH_REFUSED', message: 'the disk is gone' })
    })

    it('refuse an item that is too large', async () => {
      const { ask, settled } = await begin(async function* () {
        yield new Uint8Array(MAX_STREAM_ITEM + 1)
      })
      await expect(settled(all(ask()))).rejects.toMatchObject({
        code: 'MESH_REFUSED',
        message: `an item of ${MAX_STREAM_ITEM + 1} bytes, want ${MAX_STREAM_ITEM} at the most`,
      })
    })

    it('refuse one more than a peer may have at once, and take it when one has ended', async () => {
      const { answer } = producer(1000, 8192)
      const { ask, settled, pass } = await begin(answer)
      const open = Array.from({ length: STREAMS_PER_PEER }, () => ask())
      for (const items of open) await settled(items.next())
      await expect(settled(ask().next())).rejects.toMatchObject({
        code: 'MESH_REFUSED',
        message: expect.stringMatching(/4 answers stream to you already, want 4 at once/),
      })
      await settled(open[0]?.return?.() as Promise<unknown>)
      await pass(500)
      expect((await settled(ask().next())).done).toBe(false)
    })

    it('are not to be had from who is not there, or does not serve them', async () => {
      const { ask, asker, settled } = await begin(async function* () {})
      await expect(settled(ask({}, '/test/other/1').next())).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
      const nobody = asker.stream('nobody', PROTOCOL, QUESTION, patience)[Symbol.asyncIterator]()
      await expect(settled(nobody.next())).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
    })

    it('are asked of oneself likewise', async () => {
      const { answerer, settled } = await begin(async function* (from) {
        yield Uint8Array.of(from.peerId === answerer.peerId ? 1 : 0)
      })
      const items = answerer.stream(answerer.peerId, PROTOCOL, QUESTION, patience)[Symbol.asyncIterator]()
      expect((await settled(all(items))).map(item => [...item])).toEqual([[1]])
    })
  })
}

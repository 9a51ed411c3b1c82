// A streamed answer without a network between: what a peer asks of itself.

import { MAX_STREAM_ITEM, type StreamPatience } from './links.ts'
import { MeshError } from './mesh-error.ts'

/**
 * Behaves as a stream to another peer does: patience, refusals, and an end of the producer however the reading ends.
 *
 * @throws MeshError MESH_UNREACHABLE (no item in time, given up), MESH_REFUSED
 */
export async function* streamLocally(
  answer: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  protocol: string,
  { itemMs, totalMs, signal: given }: StreamPatience,
): AsyncGenerator<Uint8Array> {
  const ending = new AbortController()
  const fail = (why: string): void => ending.abort(new MeshError('MESH_UNREACHABLE', `${protocol}: ${why}`))
  const giveUp = (): void => fail('given up')
  given?.addEventListener('abort', giveUp)
  if (given?.aborted) giveUp()
  const total =
    totalMs === undefined ? undefined : setTimeout(() => fail(`not all of it within ${totalMs} ms`), totalMs)
  const aborted = new Promise<never>((_, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason))
    if (ending.signal.aborted) reject(ending.signal.reason)
  })
  aborted.catch(() => {})
  let items: AsyncIterator<Uint8Array> | undefined
  let forItem: NodeJS.Timeout | undefined
  try {
    items = answer(ending.signal)[Symbol.asyncIterator]()
    for (let count = 0, what = 'no answer'; ; count++, what = 'no further item') {
      // A producer that never waits would keep the timers, and all else, from their turn.
      if (count % 64 === 63) await new Promise(setImmediate)
      forItem = setTimeout(() => fail(`${what} within ${itemMs} ms`), itemMs)
      const { done, value } = await Promise.race([items.next(), aborted])
      clearTimeout(forItem)
      if (done === true) return
      if (value.length > MAX_STREAM_ITEM) {
        throw new Error(`an item of ${value.length} bytes, want ${MAX_STREAM_ITEM} at the most`)
      }
      yield value
      ending.signal.throwIfAborted()
    }
  } catch (cause) {
    if (cause === ending.signal.reason) throw cause
    throw new MeshError('MESH_REFUSED', (cause as Error).message, { cause })
  } finally {
    clearTimeout(total)
    clearTimeout(forItem)
    given?.removeEventListener('abort', giveUp)
    ending.abort(new Error('the reader has gone'))
    // A producer that waits for something and heeds no signal ends when it comes.
    items?.return?.()?.catch?.(() => {})
  }
}

// Batches in the order of their calls, those that wait as one; and nothing behind a failed one before it was mended.

import { expect, it } from 'vitest'
import type { Change } from '../../src/aggregation/store.ts'
import { writeQueue } from '../../src/node/write-queue.ts'

const put = (name: string): Change => ({ put: name, value: Uint8Array.of(1) })

function disk() {
  const log: string[] = []
  const releases: (() => void)[] = []
  let fails = 0
  let mendFails = 0
  const queue = writeQueue(
    async (changes, durable) => {
      await new Promise<void>(resolve => releases.push(resolve))
      if (fails-- > 0) throw new Error('no space left')
      log.push(`${changes.map(({ put: key }) => key).join('+')}${durable ? '!' : ''}`)
    },
    async () => {
      if (mendFails-- > 0) throw new Error('still no space')
      log.push('mended')
    },
  )
  return {
    log,
    queue,
    fail: (writes: number, mends = 0) => {
      fails = writes
      mendFails = mends
    },
    async release() {
      releases.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}

it('writes at once, and those that wait meanwhile as one, in their order', async () => {
  const { log, queue, release } = disk()
  const all = [queue.add([put('a')], false), queue.add([put('b')], false), queue.add([put('c'), put('d')], true)]
  await release()
  expect(log).toEqual(['a'])
  await release()
  expect(log).toEqual(['a', 'b+c+d!'])
  await Promise.all(all)
  await queue.idle()
})

it('takes what waits as it was when it was given', async () => {
  const seen: number[] = []
  const releases: (() => void)[] = []
  const queue = writeQueue(
    async changes => {
      await new Promise<void>(resolve => releases.push(resolve))
      seen.push(...changes.map(({ value }) => value?.[0] ?? 0))
    },
    async () => {},
  )
  const value = Uint8Array.of(7)
  const [first, second] = [queue.add([put('a')], true), queue.add([{ put: 'b', value }], true)]
  value[0] = 8
  releases.shift()?.()
  await first
  releases.shift()?.()
  await second
  expect(seen).toEqual([1, 7])
})

it('writes nothing behind a failed one before the database was mended; each write is another try', async () => {
  const { log, queue, fail, release } = disk()
  fail(1, 1)
  const first = expect(queue.add([put('a')], true)).rejects.toThrow('no space left')
  // It waited behind the failed one: not written into the same log.
  const second = expect(queue.add([put('b')], true)).rejects.toThrow('still no space')
  await release()
  await Promise.all([first, second])
  expect(log).toEqual([])
  const third = queue.add([put('c')], true)
  await new Promise(resolve => setImmediate(resolve))
  await release()
  await third
  expect(log).toEqual(['mended', 'c!'])
})

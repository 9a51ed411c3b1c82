import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { describeStore } from './store-conformance.ts'

describeStore('memory store', async () => {
  const disk = memoryDisk()
  return { open: async () => openMemoryStore(disk), drop: async () => {} }
})

describe('memory store after a crash', () => {
  const put = (key: string, byte: number) => ({ put: key, value: Uint8Array.of(byte) })

  it('has lost exactly what was not durable', async () => {
    const disk = memoryDisk()
    const before = openMemoryStore(disk)
    await before.batch([put('kept', 1), put('overwritten', 1), put('deleted', 1)], { durable: true })
    await before.batch([put('lost', 2), put('overwritten', 2), { del: 'deleted' }], { durable: false })
    before.crash()
    await expect(before.get('kept')).rejects.toMatchObject({ code: 'STORE_CLOSED' })

    const after = openMemoryStore(disk)
    expect(await after.get('kept')).toEqual(Uint8Array.of(1))
    expect(await after.get('overwritten')).toEqual(Uint8Array.of(1))
    expect(await after.get('deleted')).toEqual(Uint8Array.of(1))
    expect(await after.get('lost')).toBeUndefined()
  })

  it('keeps what an earlier batch wrote before a durable one', async () => {
    const disk = memoryDisk()
    const before = openMemoryStore(disk)
    await before.batch([put('a', 1)], { durable: false })
    await before.batch([put('b', 2)], { durable: true })
    before.crash()
    expect(await openMemoryStore(disk).get('a')).toEqual(Uint8Array.of(1))
  })
})

import { describe, expect, it } from 'vitest'
import { createChance } from '../../../sim/runtime/chance.ts'
import { createScheduler } from '../../../sim/runtime/scheduler.ts'
import { newLife } from '../../../sim/runtime/virtual-clock.ts'
import { virtualDisk } from '../../../sim/runtime/virtual-disk.ts'
import type { Store } from '../../../src/aggregation/store.ts'
import { describeStore } from '../../aggregation/store-conformance.ts'

const put = (key: string, byte: number) => ({ put: key, value: Uint8Array.of(byte) })

describeStore('virtual disk', async () => {
  const scheduler = createScheduler()
  const disk = virtualDisk(scheduler, createChance('conformance'), { syncMs: 1 })
  return {
    open: async () => {
      const store = disk.open(newLife())
      const batch: Store['batch'] = async (changes, options) => {
        const written = store.batch(changes, options)
        await Promise.all([written, scheduler.runUntil(scheduler.now() + 10)])
      }
      return { ...store, batch }
    },
    drop: async () => {},
  }
})

describe('a virtual disk', () => {
  function fresh(seed: string) {
    const scheduler = createScheduler()
    const disk = virtualDisk(scheduler, createChance(seed), { syncMs: 2 })
    const life = newLife()
    return { scheduler, disk, life, store: disk.open(life) }
  }
  async function keysAfterCrash(seed: string, batches: number): Promise<number> {
    const { disk, life, store } = fresh(seed)
    for (let i = 0; i < batches; i++) await store.batch([put(`k${i}`, i), put(`l${i}`, i)], { durable: false })
    life.end()
    disk.crash('machine')
    const after = disk.open(newLife())
    let kept = 0
    while (kept < batches && (await after.get(`k${kept}`)) !== undefined) {
      expect(await after.get(`l${kept}`)).toBeDefined()
      kept++
    }
    // Whatever is lost is the end, whole batches of it.
    for (let i = kept; i < batches; i++) {
      expect([await after.get(`k${i}`), await after.get(`l${i}`)]).toEqual([undefined, undefined])
    }
    return kept
  }

  it('takes its time to sync', async () => {
    const { scheduler, store } = fresh('sync')
    let isDone = false
    store.batch([put('a', 1)], { durable: true }).then(() => {
      isDone = true
    })
    await scheduler.runUntil(1.9)
    expect(isDone).toBe(false)
    await scheduler.runUntil(4)
    expect(isDone).toBe(true)
  })
  it('keeps in a crash what was synced, and of the rest a beginning of whole batches', async () => {
    const kept = await Promise.all(Array.from({ length: 40 }, (_, i) => keysAfterCrash(`seed ${i}`, 4)))
    expect(new Set(kept)).toEqual(new Set([0, 1, 2, 3, 4]))
  })
  it('never loses what a durable batch covers, nor what came before it', async () => {
    for (let i = 0; i < 20; i++) {
      const { scheduler, disk, life, store } = fresh(`durable ${i}`)
      await store.batch([put('before', 1)], { durable: false })
      const synced = store.batch([put('synced', 2)], { durable: true })
      await scheduler.runUntil(10)
      await synced
      await store.batch([put('after', 3)], { durable: false })
      life.end()
      disk.crash('machine')
      const again = disk.open(newLife())
      expect([await again.get('before'), await again.get('synced')]).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    }
  })
  it('loses nothing that was acknowledged when only the process ends', async () => {
    const kept = new Set<number>()
    for (let i = 0; i < 20; i++) {
      const { disk, life, store } = fresh(`killed ${i}`)
      await store.batch([put('acknowledged', 1)], { durable: false })
      void store.batch([put('under way', 2)], { durable: true })
      await Promise.resolve()
      life.end()
      disk.crash('process')
      const again = disk.open(newLife())
      expect(await again.get('acknowledged')).toEqual(Uint8Array.of(1))
      kept.add((await again.get('under way'))?.[0] ?? 0)
    }
    expect(kept).toEqual(new Set([0, 2]))
  })
  it('does not say that a batch is durable when the crash came first', async () => {
    const { scheduler, disk, life, store } = fresh('torn')
    let isAcknowledged = false
    void store.batch([put('a', 1)], { durable: true }).then(() => {
      isAcknowledged = true
    })
    life.end()
    disk.crash('machine')
    await scheduler.runUntil(100)
    expect(isAcknowledged).toBe(false)
  })
  it('writes back after a while what nobody synced', async () => {
    const { scheduler, disk, life, store } = fresh('write back')
    await store.batch([put('a', 1)], { durable: false })
    await scheduler.runUntil(60_000)
    life.end()
    disk.crash('machine')
    expect(await disk.open(newLife()).get('a')).toEqual(Uint8Array.of(1))
  })
  it('takes nothing while it is full, and keeps what it has', async () => {
    const { scheduler, disk, store } = fresh('full')
    const first = store.batch([put('a', 1)], { durable: true })
    await scheduler.runUntil(10)
    await first
    disk.setFull(true)
    await expect(store.batch([put('b', 2)], { durable: true })).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await store.get('a')).toEqual(Uint8Array.of(1))
    disk.setFull(false)
    const second = store.batch([put('b', 2)], { durable: true })
    await scheduler.runUntil(20)
    await second
  })
})

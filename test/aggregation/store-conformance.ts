import { afterEach, describe, expect, it } from 'vitest'
import type { Change, Entry, Store } from '../../src/aggregation/store.ts'

const durable = { durable: true }
const put = (key: string, ...bytes: number[]): Change => ({ put: key, value: Uint8Array.from(bytes) })

async function all(entries: AsyncIterable<Entry>): Promise<string> {
  const found: string[] = []
  for await (const { key, value } of entries) found.push(`${key}=${[...value].join('.')}`)
  return found.join(' ')
}

/** What every store does, whatever is below it. `place` makes somewhere to open a store, again and again. */
export function describeStore(
  name: string,
  place: () => Promise<{ open: () => Promise<Store>; drop: () => Promise<void> }>,
) {
  describe(name, () => {
    const cleanUp: Array<() => Promise<void>> = []
    afterEach(async () => {
      for (const run of cleanUp.splice(0).reverse()) await run()
    })

    async function start(...changes: Change[]) {
      const at = await place()
      const store = await at.open()
      cleanUp.push(at.drop, () => store.close())
      await store.batch(changes, durable)
      return { store, at }
    }

    it('keeps apart keys that are prefixes of each other', async () => {
      const { store } = await start(put('a', 1), put('a/', 2), put('a/b', 3), put('a0', 4), put('ab', 5), put('', 6))
      expect(await all(store.range('a/', 'a0'))).toBe('a/=2 a/b=3')
      expect(await all(store.range('a', 'a/'))).toBe('a=1')
      expect(await all(store.range('', 'a'))).toBe('=6')
      expect(await store.get('a/')).toEqual(Uint8Array.of(2))
    })

    it('has no value for a key that was never put or was deleted', async () => {
      const { store } = await start(put('a', 1), put('b', 2))
      await store.batch([{ del: 'a' }, { del: 'never' }], durable)
      expect(await store.get('a')).toBeUndefined()
      expect(await all(store.range('', 'z'))).toBe('b=2')
    })

    it('ranges from behind a key', async () => {
      const { store } = await start(put('a', 1), put('a\0', 2), put('a\0\0', 3), put('b', 4))
      expect(await all(store.range('a\0', 'b'))).toBe('a\0=2 a\0\0=3')
      expect(await store.get('a\0')).toEqual(Uint8Array.of(2))
    })

    it('orders by UTF-8 bytes, not by UTF-16 units', async () => {
      const { store } = await start(put('\u{1f600}', 3), put('\uffee', 2), put('z', 1))
      expect(await all(store.range('', '\u{1f601}'))).toBe('z=1 \uffee=2 \u{1f600}=3')
    })

    it('takes the first ones, or the last ones in reverse', async () => {
      const { store } = await start(put('a', 1), put('b', 2), put('c', 3), put('d', 4))
      expect(await all(store.range('a', 'd', { limit: 2 }))).toBe('a=1 b=2')
      expect(await all(store.range('a', 'd', { limit: 2, reverse: true }))).toBe('c=3 b=2')
      expect(await all(store.range('b', 'z', { reverse: true }))).toBe('d=4 c=3 b=2')
      expect(await all(store.range('a', 'd', { limit: 0 }))).toBe('')
    })

    it('finds nothing from a key up to itself or a lower one', async () => {
      const { store } = await start(put('a', 1), put('b', 2))
      expect(await all(store.range('a', 'a'))).toBe('')
      expect(await all(store.range('b', 'a'))).toBe('')
    })

    it('lets the last change of a batch to a key win', async () => {
      const { store } = await start(put('a', 1), { del: 'a' }, put('a', 2), put('b', 1), { del: 'b' })
      expect(await all(store.range('', 'z'))).toBe('a=2')
    })

    it('shares no bytes with its callers', async () => {
      const { store } = await start()
      const value = Uint8Array.of(1)
      await store.batch([{ put: 'a', value }], durable)
      value[0] = 9
      ;(await store.get('a'))?.fill(8)
      for await (const entry of store.range('', 'z')) entry.value.fill(7)
      expect(await store.get('a')).toEqual(Uint8Array.of(1))
    })

    it('keeps empty values', async () => {
      const { store } = await start(put('a'))
      expect(await store.get('a')).toEqual(new Uint8Array())
    })

    it('is not disturbed while it is read', async () => {
      const { store } = await start(put('a', 1), put('b', 2), put('c', 3))
      let seen = ''
      for await (const { key } of store.range('a', 'z')) {
        seen += key
        await store.batch([{ del: 'c' }, put('d', 4)], durable)
      }
      expect(seen).toBe('abc')
    })

    it('lets a reader stop early', async () => {
      const { store } = await start(put('a', 1), put('b', 2))
      for await (const { key } of store.range('a', 'z')) {
        expect(key).toBe('a')
        break
      }
      await store.close()
    })

    it('takes all of a batch or nothing', async () => {
      const { store } = await start(put('a', 1))
      const bad = {
        put: 'c',
        get value(): Uint8Array {
          throw new Error('torn')
        },
      } as Change
      await expect(store.batch([put('b', 2), bad], durable)).rejects.toThrow()
      expect(await all(store.range('', 'z'))).toBe('a=1')
    })

    it('closes twice, and serves nothing afterwards', async () => {
      const { store } = await start(put('a', 1))
      await store.close()
      await store.close()
      const closed = { name: 'StoreError', code: 'STORE_CLOSED' }
      await expect(store.get('a')).rejects.toMatchObject(closed)
      await expect(store.batch([put('a', 1)], durable)).rejects.toMatchObject(closed)
      await expect(all(store.range('', 'z'))).rejects.toMatchObject(closed)
    })

    it('opens again with what it had', async () => {
      const { store, at } = await start(put('a', 1))
      await store.batch([put('b', 2)], { durable: false })
      await store.close()
      const again = await at.open()
      cleanUp.push(() => again.close())
      expect(await all(again.range('', 'z'))).toBe('a=1 b=2')
    })

    it('refuses to be opened twice at once', async () => {
      const { at } = await start()
      await expect(at.open()).rejects.toMatchObject({ name: 'StoreError', code: 'STORE_LOCKED' })
    })
  })
}

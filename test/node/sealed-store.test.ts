import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openLedger } from '../../src/aggregation/ledger.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { openLevelStore } from '../../src/node/level-store.ts'
import { openSealedStore, rekeyStore } from '../../src/node/sealed-store.ts'
import { type StoreSecret, type StoreSettings, storeSecret } from '../../src/node/store-secret.ts'
import { utcMs } from '../../topology/units.ts'
import { describeStore } from '../aggregation/store-conformance.ts'

const folders: string[] = []
async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'feedermesh-sealed-'))
  folders.push(made)
  return made
}
afterEach(async () => {
  for (const each of folders.splice(0)) await rm(each, { recursive: true, force: true })
})

/** A key file and a level store, apart from each other. */
async function place() {
  const dir = await folder()
  const path = join(dir, 'data', 'store')
  await mkdir(path, { recursive: true })
  const at = (settings: StoreSettings): StoreSecret => storeSecret(settings, join(dir, 'data'))
  const secret = at({ keyFile: join(dir, 'keys', 'store.key') })
  const open = async (using: StoreSecret | undefined = secret): Promise<Store> => {
    const level = await openLevelStore(path)
    try {
      return await openSealedStore(level, using, { purge: level.purge })
    } catch (error) {
      await level.close()
      throw error
    }
  }
  return { dir, path, at, secret, open }
}

const durable = { durable: true }
const put = (key: string, text: string) => ({ put: key, value: new TextEncoder().encode(text) })
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value)

async function entries(store: Store): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>()
  for await (const { key, value } of store.range('', '\u{10ffff}')) found.set(key, text(value))
  return found
}

/** Of all files of the directory, one after the other. */
async function bytesIn(path: string): Promise<Buffer> {
  const names = await readdir(path)
  return Buffer.concat(await Promise.all(names.map(name => readFile(join(path, name)))))
}

describeStore('sealed store on level', async () => {
  const { dir, open } = await place()
  return { open, drop: () => rm(dir, { recursive: true, force: true }) }
})
describeStore('sealed store in memory', async () => {
  const disk = memoryDisk()
  const key = randomBytes(32)
  const secret: StoreSecret = {
    name: 'a test’s key',
    first: async () => ({ key, derivation: { kind: 'file' } }),
    again: async () => key,
  }
  return { open: async () => openSealedStore(openMemoryStore(disk), secret), drop: async () => {} }
})

describe('a sealed store', () => {
  it('leaves nothing of its values on the disk, where a clear one does', async () => {
    const written = async (sealed: boolean): Promise<Buffer> => {
      const { path, secret, open } = await place()
      const store = sealed ? await open(secret) : await openLevelStore(path)
      const ledger = await openLedger({
        store,
        ied: 'R1',
        randomBytes: count => randomBytes(count),
        sign: () => new Uint8Array(64),
        utc: () => ({ utcMs: utcMs(0), quality: 'good' }),
      })
      for (let n = 0; n < 50; n++) await ledger.append('event', new TextEncoder().encode(`voltage sag ${n} at R1`))
      await store.close()
      return bytesIn(path)
    }
    expect((await written(false)).includes('voltage sag 7 at R1')).toBe(true)
    const sealed = await written(true)
    expect(sealed.includes('voltage sag')).toBe(false)
    expect(sealed.includes('ledger/body/')).toBe(true) // key names are in clear
  })

  it('opens no value that was changed, or put in the place of another', async () => {
    const disk = memoryDisk()
    const key = randomBytes(32)
    const secret: StoreSecret = {
      name: 'key',
      first: async () => ({ key, derivation: { kind: 'file' } }),
      again: async () => key,
    }
    const store = await openSealedStore(openMemoryStore(disk), secret)
    await store.batch([put('reading/1', 'ten'), put('reading/2', 'two')], durable)
    await store.close()
    const raw = openMemoryStore(disk)
    const [one, two] = [await raw.get('reading/1'), await raw.get('reading/2')]
    await raw.batch([{ put: 'reading/2', value: one as Uint8Array }], durable)
    await raw.close()
    const swapped = await openSealedStore(openMemoryStore(disk), secret)
    expect(text(await swapped.get('reading/1'))).toBe('ten')
    const refused = { code: 'STORE_FAILED', message: 'reading/2: its value was changed, or is not of this key' }
    await expect(swapped.get('reading/2')).rejects.toMatchObject(refused)
    await expect(entries(swapped)).rejects.toMatchObject(refused)
    await swapped.close()
    const again = openMemoryStore(disk)
    const changed = (two as Uint8Array).map((byte, at) => (at === 30 ? byte ^ 1 : byte))
    await again.batch([{ put: 'reading/2', value: changed }], durable)
    await again.close()
    const last = await openSealedStore(openMemoryStore(disk), secret)
    await expect(last.get('reading/2')).rejects.toMatchObject(refused)
  })

  it('keeps its own entry to itself, and the claim of the data directory in clear', async () => {
    const { path, open } = await place()
    const store = await open()
    await store.batch([put('meta/claim', 'ieee13 R1'), put('meta/epoch', '7')], durable)
    expect([...(await entries(store))]).toEqual([
      ['meta/claim', 'ieee13 R1'],
      ['meta/epoch', '7'],
    ])
    expect(await store.get('meta/seal')).toBeUndefined()
    await expect(store.batch([{ del: 'meta/seal' }], durable)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    const last: string[] = []
    for await (const { key } of store.range('meta/', 'meta0', { limit: 1, reverse: true })) last.push(key)
    expect(last).toEqual(['meta/epoch'])
    await store.close()
    const level = await openLevelStore(path)
    expect(text(await level.get('meta/claim'))).toBe('ieee13 R1')
    await level.close()
  })
})

describe('the secret of a sealed store', () => {
  it('is made as a file of 32 bytes that nobody else may read', async () => {
    const { dir, open } = await place()
    await (await open()).close()
    const file = join(dir, 'keys', 'store.key')
    expect((await readFile(file)).length).toBe(32)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('must be the same one again: another opens nothing and changes nothing', async () => {
    const { dir, path, at, open } = await place()
    const store = await open()
    await store.batch([put('a', 'one')], durable)
    await store.close()
    const before = await entriesRaw(path)
    await writeFile(join(dir, 'other.key'), randomBytes(32), { mode: 0o600 })
    await writeFile(join(dir, 'phrase'), 'correct horse battery\n', { mode: 0o600 })
    const other = join(dir, 'other.key')
    await expect(open(at({ keyFile: other }))).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: `store.keyFile ${other}: is not what the store was sealed with; nothing was changed`,
    })
    await expect(open(at({ keyFile: join(dir, 'gone.key') }))).rejects.toThrow(
      /no file \S+gone\.key, want the one that/,
    )
    await expect(open(at({ passphraseFile: join(dir, 'phrase') }))).rejects.toThrow(
      /sealed with a key file, want store.keyFile/,
    )
    expect(await entriesRaw(path)).toEqual(before)
    expect(text(await (await open()).get('a'))).toBe('one')
  })

  it('once used is needed for ever: no sealed store is opened, or turned into a clear one, without', async () => {
    const { path, open } = await place()
    await (await open()).close()
    const level = await openLevelStore(path)
    await expect(openSealedStore(level, undefined)).rejects.toThrow(/its contents are sealed, want store.keyFile/)
    await level.close()
  })

  it('may be a passphrase, from a file or the environment', async () => {
    const { dir, at, open } = await place()
    const file = join(dir, 'phrase')
    await writeFile(file, 'correct horse battery\n', { mode: 0o600 })
    const store = await open(at({ passphraseFile: file }))
    await store.batch([put('a', 'one')], durable)
    await store.close()
    process.env.TEST_STORE_PHRASE = 'correct horse battery'
    const again = await open(at({ passphraseEnv: 'TEST_STORE_PHRASE' }))
    expect(text(await again.get('a'))).toBe('one')
    await again.close()
    process.env.TEST_STORE_PHRASE = 'correct horse battery '
    await expect(open(at({ passphraseEnv: 'TEST_STORE_PHRASE' }))).rejects.toThrow(/is not what the store was sealed/)
    delete process.env.TEST_STORE_PHRASE
    await expect(open(at({ passphraseEnv: 'TEST_STORE_PHRASE' }))).rejects.toThrow(/TEST_STORE_PHRASE is not set/)
  })

  it('is refused when others may read it, when it is too short, and when it lies with what it protects', async () => {
    const { dir, at, open } = await place()
    const file = join(dir, 'key')
    await writeFile(file, randomBytes(31), { mode: 0o600 })
    await expect(open(at({ keyFile: file }))).rejects.toThrow(/has 31 bytes, want 32 random ones/)
    await writeFile(file, randomBytes(32))
    await chmod(file, 0o640)
    await expect(open(at({ keyFile: file }))).rejects.toThrow(/others may read \S+, want mode 0600/)
    await writeFile(join(dir, 'phrase'), 'elevenchars', { mode: 0o600 })
    await expect(open(at({ passphraseFile: join(dir, 'phrase') }))).rejects.toThrow(/has 11 characters, want 12/)

    const inside = /lies in the data directory/
    const within = join(dir, 'data', 'store.key')
    expect(() => at({ keyFile: within })).toThrow(inside)
    expect(() => at({ keyFile: join(dir, 'data', 'deep', 'er', 'store.key') })).toThrow(inside)
    await symlink(join(dir, 'data'), join(dir, 'elsewhere'))
    expect(() => at({ keyFile: join(dir, 'elsewhere', 'store.key') })).toThrow(inside)
    expect(() => at({ keyFile: join(dir, 'data.key') })).not.toThrow()
    expect(() => at({ keyFile: within, allowKeyInDataDir: true })).not.toThrow()
  })

  it('can be changed for another, and is worth nothing afterwards', async () => {
    const { dir, path, at, secret, open } = await place()
    const store = await open()
    await store.batch([put('a', 'one')], durable)
    await store.close()
    const fresh = at({ keyFile: join(dir, 'fresh.key') })
    const level = await openLevelStore(path)
    await rekeyStore(level, secret, fresh)
    await expect(rekeyStore(level, secret, fresh)).rejects.toThrow(/is not what the store was sealed with/)
    await level.close()
    await expect(open()).rejects.toThrow(/is not what the store was sealed with/)
    expect(text(await (await open(fresh)).get('a'))).toBe('one')
  })
})

describe('a store that was in clear', () => {
  const many = Array.from({ length: 450 }, (_, n) => put(`reading/${String(n).padStart(4, '0')}`, `secret value ${n}`))
  const all = [put('', 'the empty key'), put('meta/claim', 'ieee13 R1'), ...many]
  const wanted = new Map(all.map(({ put: key, value }) => [key, text(value)]))

  it('is sealed when it is first opened with a secret, down to what the disk had of it', async () => {
    const { path, open } = await place()
    const clear = await openLevelStore(path)
    await clear.batch(all, durable)
    await clear.close()
    expect((await bytesIn(path)).includes('secret value 123')).toBe(true)
    const store = await open()
    expect(await entries(store)).toEqual(wanted)
    await store.close()
    expect((await bytesIn(path)).includes('secret value')).toBe(false)
  })

  it('is taken up where a kill left it, at any instant', async () => {
    const key = randomBytes(32)
    const secret: StoreSecret = {
      name: 'key',
      first: async () => ({ key, derivation: { kind: 'file' } }),
      again: async () => key,
    }
    // Each write may be the last one before the power goes, with or without the writes since the last durable one.
    for (let writes = 0, isDone = false; !isDone; writes++) {
      const disk = memoryDisk()
      const clear = openMemoryStore(disk)
      await clear.batch(all, durable)
      await clear.close()
      const dying = openMemoryStore(disk)
      let left = writes
      const dies: Store = {
        ...dying,
        batch: async (changes, options) => {
          if (left-- === 0) throw new Error('power')
          await dying.batch(changes, options)
        },
      }
      isDone = await openSealedStore(dies, secret).then(
        () => true,
        () => false,
      )
      if (writes % 2 === 0) dying.crash()
      else await dying.close()
      const store = await openSealedStore(openMemoryStore(disk), secret)
      expect(await entries(store)).toEqual(wanted)
      await store.close()
      for (const [name, value] of disk.values) {
        if (!name.startsWith('meta/')) expect(text(value)).not.toContain('secret value')
      }
      if (isDone) expect(writes).toBeGreaterThan(4)
    }
  })
})

async function entriesRaw(path: string): Promise<string[]> {
  const level = await openLevelStore(path)
  const found: string[] = []
  for await (const { key, value } of level.range('', '\u{10ffff}'))
    found.push(`${key}=${Buffer.from(value).toString('hex')}`)
  await level.close()
  return found
}

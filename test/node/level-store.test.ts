import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openLevelStore } from '../../src/node/level-store.ts'
import { describeStore } from '../aggregation/store-conformance.ts'

const directory = () => mkdtemp(join(tmpdir(), 'feedermesh-store-'))

describeStore('level store', async () => {
  const path = await directory()
  return { open: () => openLevelStore(path), drop: () => rm(path, { recursive: true }) }
})

it('says who is in the way when another agent has the directory open', async () => {
  const path = await directory()
  const store = await openLevelStore(path)
  await expect(openLevelStore(path)).rejects.toThrow(/another agent has this data directory open/)
  await store.close()
  await rm(path, { recursive: true })
})

it('says that a path cannot be a data directory', async () => {
  const path = join(await directory(), 'file')
  await writeFile(path, 'not a directory')
  await expect(openLevelStore(path)).rejects.toMatchObject({ code: 'STORE_FAILED' })
})

it('keeps its keys apart from those of others in the same database', async () => {
  const path = await directory()
  const store = await openLevelStore(path)
  const other = store.db.sublevel<string, Uint8Array>('libp2p', { keyEncoding: 'utf8', valueEncoding: 'view' })
  await other.put('a', Uint8Array.of(1))
  expect(await store.get('a')).toBeUndefined()
  await store.close()
  await rm(path, { recursive: true })
})

/** A disk of its own that can be filled. */
const tmpfs = mounted()
function mounted(): { readonly path?: string; readonly reason: string } {
  const path = mkdtempSync(join(tmpdir(), 'feedermesh-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', path], { stdio: 'pipe' })
    return { path, reason: '' }
  } catch (error) {
    return { reason: ` (skipped: no tmpfs may be mounted here: ${(error as Error).message.split('\n')[0]})` }
  }
}
afterAll(() => {
  if (tmpfs.path !== undefined) execFileSync('umount', ['-l', tmpfs.path])
})

it.skipIf(tmpfs.path === undefined)(
  `goes on when a full disk has room again, with all that it said it had${tmpfs.reason}`,
  async () => {
    const path = join(tmpfs.path ?? '', 'store')
    const store = await openLevelStore(path)
    const said: number[] = []
    const append = async (n: number): Promise<void> => {
      await store.batch([{ put: `n/${String(n).padStart(6, '0')}`, value: randomBytes(20_000) }], { durable: true })
      said.push(n)
    }
    await append(0)
    const ballast = join(tmpfs.path ?? '', 'ballast')
    // All but some 2 MiB.
    await writeFile(ballast, Buffer.alloc(37 * 1024 * 1024))
    let n = 1
    const fill = async (): Promise<never> => {
      for (; ; n++) await append(n)
    }
    await expect(fill()).rejects.toMatchObject({ code: 'STORE_FULL' })
    await expect(append(++n)).rejects.toMatchObject({ code: 'STORE_FULL' })
    // What is there can be read meanwhile.
    expect(await store.get('n/000000')).toHaveLength(20_000)
    await rm(ballast)
    await append(++n)
    await append(++n)
    await store.close()
    const again = await openLevelStore(path)
    for (const each of said) expect(await again.get(`n/${String(each).padStart(6, '0')}`)).toHaveLength(20_000)
    await again.close()
  },
)

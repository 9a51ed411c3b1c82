import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
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

// One parsed feeder file for all agents of a process.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sharedFeederFile } from '../../src/node/shared-feeder-file.ts'
import { writeFeeder } from '../../topology/write-feeder.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feedermesh-feeder-'))
})
afterEach(() => rm(dir, { recursive: true }))

describe('the feeder file', () => {
  it('is one object for all while its text stays, and another one when it changes', async () => {
    const path = join(dir, 'feeder.yaml')
    await writeFile(path, writeFeeder(smallFeeder()))
    const first = sharedFeederFile(path)
    expect(sharedFeederFile(path)).toBe(first)
    await writeFile(path, writeFeeder({ ...smallFeeder(), name: 'other' }))
    expect(sharedFeederFile(path).name).toBe('other')
    expect(first.name).not.toBe('other')
  })

  it('that is none is an error each time, and the one before is not taken for it', async () => {
    const path = join(dir, 'feeder.yaml')
    await writeFile(path, writeFeeder(smallFeeder()))
    sharedFeederFile(path)
    await writeFile(path, 'feedermesh: 2')
    expect(() => sharedFeederFile(path)).toThrow(/feeder\.yaml/)
    expect(() => sharedFeederFile(path)).toThrow(/feeder\.yaml/)
    expect(() => sharedFeederFile(join(dir, 'none.yaml'))).toThrow(/can't read this feeder file/)
  })

  it('is kept of a bounded number of places', async () => {
    const paths = Array.from({ length: 5 }, (_, n) => join(dir, `${n}.yaml`))
    for (const path of paths) await writeFile(path, writeFeeder(smallFeeder()))
    const [first] = paths.map(sharedFeederFile)
    expect(sharedFeederFile(paths[0] as string)).not.toBe(first)
  })
})

// A recording that is fetched is whole, right, and there under its name, or it is not there at all.

import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Row } from '../../src/node/readout-rows.ts'
import { fetchInto } from '../../src/node/recording-fetch.ts'

const content = Uint8Array.from({ length: 30_000 }, (_, n) => n % 251)
const sha256 = createHash('sha256').update(content).digest('hex')
const pieces = [0, 1, 2].map(
  (piece): Row => ({
    id: 7,
    piece,
    pieces: 3,
    bytes: content.length,
    sha256,
    content: content.subarray(piece * 10_000, (piece + 1) * 10_000),
  }),
)
async function* blocks(rows: readonly Row[], error?: Error) {
  for (const row of rows) yield { rows: [row] }
  if (error !== undefined) throw error
}

describe('a recording that is fetched', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fetch-'))
  const file = join(dir, '7.cff')

  it('is there when it is whole', async () => {
    expect(await fetchInto(file, blocks(pieces))).toEqual({ bytes: 30_000, sha256 })
    expect(Buffer.compare(readFileSync(file), content)).toBe(0)
  })
  it.each([
    ['was cut off by an error', pieces.slice(0, 2), new Error('the peer went away'), 'the peer went away'],
    ['ends early', pieces.slice(0, 2), undefined, '20000 of 30000 bytes came; ask again'],
    ['never comes', [], undefined, '0 of its bytes came; ask again'],
    ['lacks a piece', [pieces[0], pieces[2]], undefined, 'piece 2 came, want 1'],
    ['has a piece twice', [pieces[0], pieces[0]], undefined, 'piece 0 came, want 1'],
    [
      'is longer than it says',
      [pieces[0], { ...pieces[1], content: new Uint8Array(40_000) }],
      undefined,
      'more came than the 30000 bytes it has',
    ],
    [
      'was changed on its way',
      [pieces[0], pieces[1], { ...pieces[2], content: new Uint8Array(10_000) }],
      undefined,
      /^it came with SHA-256 \w+, want/,
    ],
    ['is nothing of the kind', [{ id: 7 }], undefined, /invalid/i],
  ] as const)('that %s leaves the file of before, and no half of its own', async (_, rows, error, words) => {
    writeFileSync(file, 'before')
    await expect(fetchInto(file, blocks(rows as Row[], error))).rejects.toThrow(words)
    expect(readdirSync(dir)).toEqual(['7.cff'])
    expect(readFileSync(file, 'utf8')).toBe('before')
  })
  it('cannot go where nothing can be written', async () => {
    await expect(fetchInto(join(dir, 'none', 'x.cff'), blocks(pieces))).rejects.toThrow(/^--out .*can't write there/)
  })
})

// Fetches a recording piece by piece into a file, which is there under its name once it is whole and right, and not before.

import { createHash } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { z } from 'zod'
import { NodeError } from './node-error.ts'
import type { Row } from './readout-rows.ts'

/** Larger than any that a recorder makes. */
const MOST_BYTES = 1024 * 1024 * 1024

const pieceSchema = z.looseObject({
  id: z.int(),
  piece: z.int().nonnegative(),
  pieces: z.int().positive(),
  bytes: z.int().positive().max(MOST_BYTES),
  sha256: z.string(),
  content: z.custom<Uint8Array>(value => value instanceof Uint8Array),
})

export interface Fetched {
  readonly bytes: number
  readonly sha256: string
}

/** @throws NodeError BAD_INPUT for a file that cannot be written, UNREACHABLE when not all of it came, or not as it was */
export async function fetchInto(
  file: string,
  blocks: AsyncIterable<{ readonly rows: readonly Row[] }>,
): Promise<Fetched> {
  const part = `${file}.part-${process.pid}`
  const out = await open(part, 'w').catch((cause: Error) => {
    throw new NodeError('BAD_INPUT', `--out ${file}: can't write there: ${cause.message}`, { cause })
  })
  let isWhole = false
  try {
    const hash = createHash('sha256')
    let bytes = 0
    let next = 0
    let said: z.infer<typeof pieceSchema> | undefined
    for await (const { rows } of blocks) {
      for (const row of rows) {
        const piece = pieceSchema.parse(row)
        said ??= piece
        if (piece.piece !== next++) throw new NodeError('UNREACHABLE', `piece ${piece.piece} came, want ${next - 1}`)
        bytes += piece.content.length
        if (bytes > said.bytes) throw new NodeError('UNREACHABLE', `more came than the ${said.bytes} bytes it has`)
        hash.update(piece.content)
        await out.write(piece.content)
      }
    }
    const sha256 = hash.digest('hex')
    if (said === undefined || bytes !== said.bytes || next !== said.pieces) {
      throw new NodeError('UNREACHABLE', `${bytes} of ${said?.bytes ?? 'its'} bytes came; ask again`)
    }
    if (sha256 !== said.sha256)
      throw new NodeError('UNREACHABLE', `it came with SHA-256 ${sha256}, want ${said.sha256}`)
    await out.sync()
    await out.close()
    await rename(part, file)
    isWhole = true
    return { bytes, sha256 }
  } finally {
    if (!isWhole) {
      await out.close().catch(() => {})
      await unlink(part).catch(() => {})
    }
  }
}

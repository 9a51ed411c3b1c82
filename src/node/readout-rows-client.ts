// The asking side of read-outs with rows: joins as a person, and hands on the rows as they come.

import { toCbor } from '../../topology/cbor.ts'
import { MeshError } from '../mesh/mesh-error.ts'
import { NodeError } from './node-error.ts'
import { joinAs, readLogin } from './readout-client.ts'
import { ROWS_PROTOCOL, type Row, readRowItem } from './readout-rows.ts'

/** Between two items: a store that looks for the latest of very many takes its time. */
const ITEM_MS = 30_000

/**
 * @param signal ends it, at the peer too
 * @throws NodeError UNREACHABLE, REFUSED, BAD_INPUT
 */
export async function* askRows(
  address: string,
  loginFile: string,
  what: string,
  parameters: Record<string, unknown>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly rows: readonly Row[]; readonly next: string }> {
  const { links, peerId, leave } = await joinAs(await readLogin(loginFile), address)
  try {
    const question = toCbor({ what, parameters })
    for await (const item of links.stream(peerId, ROWS_PROTOCOL, question, { itemMs: ITEM_MS, signal })) {
      yield readRowItem(item)
    }
  } catch (cause) {
    if (!(cause instanceof MeshError)) throw cause
    const code = cause.code === 'MESH_REFUSED' ? 'REFUSED' : 'UNREACHABLE'
    throw new NodeError(code, `--at ${address}: ${cause.message}`, { cause })
  } finally {
    await leave()
  }
}

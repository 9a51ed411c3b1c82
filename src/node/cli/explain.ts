// Turns an error into one clear line and the exit code that goes with it.

import { TopologyError } from '../../../topology/topology-error.ts'
import { AggregationError } from '../../aggregation/aggregation-error.ts'
import { StoreError } from '../../aggregation/store.ts'
import { ComtradeError } from '../../hal/comtrade/comtrade-error.ts'
import { DeviceMapError } from '../../hal/device-map.ts'
import { HalError } from '../../hal/port.ts'
import { MeshError } from '../../mesh/mesh-error.ts'
import { exitCodes, NodeError } from '../node-error.ts'

const NODE: Record<NodeError['code'], number> = {
  BAD_INPUT: exitCodes.badInput,
  UNREACHABLE: exitCodes.unreachable,
  REFUSED: exitCodes.refused,
}
const MESH: Partial<Record<MeshError['code'], number>> = {
  MESH_BAD_KEY: exitCodes.badInput,
  MESH_ADDRESS_IN_USE: exitCodes.badInput,
  MESH_REFUSED: exitCodes.refused,
  MESH_UNREACHABLE: exitCodes.unreachable,
}

export function explain(error: unknown): { line: string; code: number } {
  const line = error instanceof Error ? error.message : String(error)
  if (error instanceof NodeError) return { line, code: NODE[error.code] }
  if (error instanceof TopologyError || error instanceof DeviceMapError || error instanceof ComtradeError) {
    return { line, code: exitCodes.badInput }
  }
  if (error instanceof MeshError) return { line, code: MESH[error.code] ?? exitCodes.internal }
  if (error instanceof HalError) return { line, code: exitCodes.unreachable }
  if (error instanceof StoreError || error instanceof AggregationError) return { line, code: exitCodes.badInput }
  if (isOfFile(error)) return { line: `${error.path}: ${error.message}`, code: exitCodes.badInput }
  const detail = error instanceof Error && error.stack !== undefined ? error.stack : line
  return { line: `internal error, please report it: ${detail}`, code: exitCodes.internal }
}

/** The file system's own words on a file that somebody named: it can't be read, or nothing can be written there. */
function isOfFile(error: unknown): error is NodeJS.ErrnoException & { readonly path: string } {
  const { path, syscall, code } = error as NodeJS.ErrnoException
  return error instanceof Error && typeof path === 'string' && syscall === 'open' && code !== 'EMFILE'
}

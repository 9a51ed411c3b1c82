// One number for all the settings of a device: two devices set alike have the same, and whoever turns a transformer ratio
// changes it.

import { createHash } from 'node:crypto'

export interface SettingsBlock {
  readonly unitId: number
  readonly table: string
  readonly address: number
  readonly registers: readonly number[]
}

/** SHA-256, hex, over the registers and where they are. */
export function configurationHash(blocks: readonly SettingsBlock[]): string {
  const hash = createHash('sha256')
  for (const { unitId, table, address, registers } of blocks) {
    hash.update(`${unitId} ${table} ${address}:`)
    const bytes = Buffer.alloc(2 * registers.length)
    for (const [index, register] of registers.entries()) bytes.writeUInt16BE(register, 2 * index)
    hash.update(bytes)
  }
  return hash.digest('hex')
}

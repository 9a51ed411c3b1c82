// What was counted, kept over a restart: one small file, written whole beside itself and put in place, so that it is either
// the old one or the new one whenever the power goes.

import { open, readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { type UtcMs, utcMs } from '../../../topology/units.ts'
import { HalError } from '../port.ts'

export interface KeptTotal {
  readonly pulses: bigint
  /** What the register showed then. */
  readonly register?: bigint
  /** When. */
  readonly utcMs: UtcMs
}

export interface TotalMemory {
  /** @returns nothing when there is none yet. @throws HalError HAL_BAD_FRAME when it is not one of ours */
  load(): Promise<KeptTotal | undefined>
  save(total: KeptTotal): Promise<void>
}

const digits = z.string().regex(/^\d{1,30}$/)
const schema = z.strictObject({ pulses: digits, register: digits.exactOptional(), utcMs: z.number().nonnegative() })

export function totalFile(path: string): TotalMemory {
  return {
    async load() {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
      try {
        const { pulses, register, utcMs: at } = schema.parse(JSON.parse(text))
        return {
          pulses: BigInt(pulses),
          utcMs: utcMs(at),
          ...(register === undefined ? {} : { register: BigInt(register) }),
        }
      } catch (cause) {
        // To begin again at nothing would lose what was counted: somebody has to look.
        throw new HalError('HAL_BAD_FRAME', `${path}: no count of pulses, want {"pulses": "1234", "utcMs": 0}`, {
          cause,
        })
      }
    },
    async save({ pulses, register, utcMs: at }) {
      const text = JSON.stringify({
        pulses: String(pulses),
        utcMs: at,
        ...(register === undefined ? {} : { register: String(register) }),
      })
      const file = await open(`${path}.new`, 'w', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.new`, path)
    },
  }
}

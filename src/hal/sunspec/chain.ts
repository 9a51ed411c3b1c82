// SunSpec's chain of models: 'SunS', then id, length and content of each model, until the id 0xFFFF.

import { HalError } from '../port.ts'

/** Reads holding registers: exactly `count` of them. @throws HalError */
export type ReadRegisters = (address: number, count: number) => Promise<readonly number[]>

export interface Model {
  readonly id: number
  /** Of its id; its length is next, then its content. */
  readonly at: number
  /** Registers after those two. */
  readonly length: number
}

export interface Chain {
  /** Where 'SunS' stands. */
  readonly base: number
  readonly models: readonly Model[]
}

/** Where a device may begin, in the order in which they are tried. */
const BASES = [40_000, 50_000, 0]
const SUNS = [0x5375, 0x6e53]
const END = 0xffff
/** A device with all that is standardised for inverters has about forty. */
export const MOST_MODELS = 64
const REGISTERS = 65_536

/**
 * Looks for the device's base and walks its chain. Models that nobody here knows are passed over by their length.
 *
 * @throws HalError HAL_REFUSED (no 'SunS' anywhere), HAL_BAD_FRAME (a chain that does not end), and as `read`
 */
export async function findChain(read: ReadRegisters, place: string): Promise<Chain> {
  let silent: HalError | undefined
  for (const base of BASES) {
    try {
      const [first, second] = await read(base, 2)
      if (first === SUNS[0] && second === SUNS[1]) return { base, models: await walk(read, base, place) }
    } catch (error) {
      // A device may refuse addresses that it lacks, or say nothing to them.
      if (!(error instanceof HalError) || (error.code !== 'HAL_REFUSED' && error.code !== 'HAL_TIMEOUT')) throw error
      if (error.code === 'HAL_TIMEOUT') silent = error
    }
  }
  if (silent !== undefined) throw silent
  throw new HalError('HAL_REFUSED', `${place}: no SunSpec device: "SunS" is at none of ${BASES.join(', ')}`)
}

async function walk(read: ReadRegisters, base: number, place: string): Promise<Model[]> {
  const models: Model[] = []
  for (let at = base + 2; ; ) {
    if (models.length === MOST_MODELS) throw bad(place, `more than ${MOST_MODELS} models, want an end of the chain`)
    if (at + 2 > REGISTERS) throw bad(place, `the chain goes beyond register ${REGISTERS - 1}`)
    const [id = END, length = 0] = await readHead(read, at, place)
    if (id === END) return models
    const end = at + 2 + length
    if (end > REGISTERS) throw bad(place, `model ${id} at ${at} has ${length} registers, beyond ${REGISTERS - 1}`)
    models.push({ id, at, length })
    at = end
  }
}

/** What was found at the base is a SunSpec device, so a refusal here is no reason to look elsewhere. */
async function readHead(read: ReadRegisters, at: number, place: string): Promise<readonly number[]> {
  try {
    return await read(at, 2)
  } catch (error) {
    if (!(error instanceof HalError) || error.code !== 'HAL_REFUSED') throw error
    throw bad(place, `the chain breaks off at register ${at}: ${error.message}`)
  }
}

const bad = (place: string, text: string): HalError => new HalError('HAL_BAD_FRAME', `${place}: SunSpec: ${text}`)

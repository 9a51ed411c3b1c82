import { createHash } from 'node:crypto'
import type { Feeder } from '../../topology/feeder.ts'

/** By which envelopes name a feeder's protection content: the first 16 bytes of the hash of its hash. */
export const feederMark = (feeder: Feeder): Uint8Array =>
  createHash('sha256').update(feeder.hash).digest().subarray(0, 16)

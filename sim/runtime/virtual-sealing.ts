// Sealing in the virtual world. Real sealing completes off the thread, at a time that no seed decides, and draws a new key
// each time. This one keeps what is sealed as it is, beside the names of the keys that it is for, and opens it for those
// alone: who reads what is the same, and so is what the agents do with it.

import { z } from 'zod'
import { MAX_READERS, type Sealing } from '../../src/aggregation/portion.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'

const sealedSchema = z.strictObject({
  kids: z.array(z.string()).max(MAX_READERS),
  content: z.custom<Uint8Array>(value => value instanceof Uint8Array),
})

export const virtualSealing = (held: readonly string[]): Sealing => ({
  seal: async (content, to) => toCbor({ kids: to.map(({ kid }) => kid), content }),
  async open(sealed) {
    try {
      const { kids, content } = sealedSchema.parse(fromCbor(sealed))
      return kids.some(kid => held.includes(kid)) ? content : undefined
    } catch {
      return undefined
    }
  },
})

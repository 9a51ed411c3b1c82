// What `feedermesh exchange --json` prints.

import { z } from 'zod'
import { exchangeKinds } from '../../aggregation/exchange/exchange-document.ts'

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/)
const utc = z.iso.datetime()
const kinds = z.array(z.enum(exchangeKinds))

export const exchangeOutputs = {
  exchange: z.object({
    partners: z.array(
      z.object({
        organisation: z.string(),
        backEnd: z.string(),
        connected: z.boolean(),
        gives: kinds,
        takes: kinds,
        /** What came of asking it. */
        asked: z.string().optional(),
      }),
    ),
    issued: z.array(
      z.object({
        to: z.string(),
        about: z.string(),
        revision: z.int(),
        issuedUtc: utc,
        state: z.enum(['waiting', 'delivered', 'refused']),
        words: z.string(),
      }),
    ),
    received: z.array(
      z.object({
        from: z.string(),
        about: z.string(),
        revision: z.int(),
        issuedUtc: utc,
        receivedUtc: utc,
        signer: z.string(),
        says: z.string(),
        total: decimal.optional(),
        currency: z.string().optional(),
        importKwh: decimal.optional(),
        /** By the own readings, where they cover the time of the bill. */
        ownKwh: decimal.optional(),
        agrees: z.boolean().optional(),
      }),
    ),
  }),
  /** With `--show`: as it was signed. */
  'exchange-document': z.object({ document: z.object({ from: z.string(), about: z.string(), jws: z.string() }) }),
} as const

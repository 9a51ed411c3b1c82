// What `feedermesh portions` prints with --json.

import { z } from 'zod'
import { recordClasses } from '../../aggregation/record.ts'
import { orderParts } from '../../protection/order-portion.ts'

const portionsOutput = z.object({
  /** `policy`: signed by the owner; `configuration`: its `recipients`; `none`: a policy is wanted, and there is none. */
  source: z.enum(['policy', 'configuration', 'none']),
  version: z.number().optional(),
  signedBy: z.string().optional(),
  acceptedUtc: z.string().optional(),
  grants: z.array(
    z.object({
      reader: z.string(),
      organisation: z.string(),
      department: z.string().nullable(),
      backEnd: z.string(),
      classes: z.array(z.enum(recordClasses)),
      from: z.string().nullable(),
      to: z.string().nullable(),
      state: z.enum(['now', 'ahead', 'over']),
      required: z.boolean(),
      /** The policy names a key for it. */
      ownKey: z.boolean(),
      /** Epoch of the key that the reader has announced itself: that one is sealed to, whatever the policy names. */
      announced: z.number().nullable(),
      why: z.string(),
    }),
  ),
})

/** `feedermesh portions keys`. */
const sealingKeysOutput = z.object({
  keys: z.array(
    z.object({
      organisation: z.string(),
      department: z.string().nullable(),
      /** Null: of the reader, whichever its back ends are. */
      backEnd: z.string().nullable(),
      epoch: z.number(),
      kid: z.string(),
      signedBy: z.string(),
      /** The peer that was asked has the private part. */
      heldHere: z.boolean(),
    }),
  ),
})

/** `feedermesh portions regiven`: where what the organisation grants and what it may read itself meet. */
const regivenOutput = z.object({
  version: z.number().optional(),
  signedBy: z.string().optional(),
  acceptedUtc: z.string().optional(),
  regiven: z.array(
    z.object({
      department: z.string(),
      backEnd: z.string(),
      ied: z.string(),
      class: z.enum(recordClasses),
      from: z.string().nullable(),
      to: z.string().nullable(),
      state: z.enum(['now', 'ahead', 'over']),
      /** The record up to which all that may go has been receipted, and the last one. */
      upTo: z.number(),
      of: z.number(),
      why: z.string(),
    }),
  ),
})

/** `feedermesh portions orders`. */
const orderPortionsOutput = z.object({
  orders: z.array(
    z.object({
      ied: z.string(),
      /** Of the record that keeps the order. */
      number: z.number(),
      utc: z.string(),
      by: z.string(),
      /** As the tool found it: the signatures are over the whole order, by those who the credentials say. */
      verified: z.boolean(),
      /** Why it is not, in words. */
      fault: z.string().nullable(),
      portions: z.array(
        z.object({
          part: z.enum(orderParts),
          for: z.string(),
          bytes: z.number(),
          /** Null: sealed to others. */
          text: z.string().nullable(),
        }),
      ),
    }),
  ),
})

const portionsKeyOutput = z.object({ kid: z.string(), sealingKey: z.string() })

export const portionOutputs = {
  portions: portionsOutput,
  'portions-key': portionsKeyOutput,
  'sealing-keys': sealingKeysOutput,
  regiven: regivenOutput,
  'order-portions': orderPortionsOutput,
}

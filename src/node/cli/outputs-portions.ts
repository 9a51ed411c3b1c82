// What `feedermesh portions` prints with --json.

import { z } from 'zod'
import { recordClasses } from '../../aggregation/record.ts'

export const portionsOutput = z.object({
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
      ownKey: z.boolean(),
      why: z.string(),
    }),
  ),
})

export const portionsKeyOutput = z.object({ kid: z.string(), sealingKey: z.string() })

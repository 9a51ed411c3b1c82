// What a read-out of numbered rows is asked for, and the complaint about anything else.

import { z } from 'zod'
import { NodeError } from './node-error.ts'

export const numberedRowsQuery = z.strictObject({
  /** Those behind this number; without it, the latest ones. */
  after: z
    .union([
      z.int().nonnegative(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .exactOptional(),
  limit: z.int().min(1).max(1_000_000).default(100),
})

/** @param what the read-out, for the complaint @throws NodeError BAD_INPUT */
export function readQuery<T>(what: string, schema: z.ZodType<T>, parameters: Record<string, unknown>): T {
  const result = schema.safeParse(parameters)
  if (result.success) return result.data
  const said = result.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
  throw new NodeError('BAD_INPUT', `${what}: ${said.join('; ')}`)
}

// `postgres`: where the store is when it is not on this machine's disk.

import { z } from 'zod'

export const postgresSchema = z
  .object({
    /** Without a password in it: that is in `passwordFile`, `passwordEnv`, or the server trusts this user or certificate. */
    url: z
      .string()
      .regex(/^postgres(?:ql)?:\/\//, 'want postgres://USER@HOST:PORT/DATABASE')
      .refine(
        url => !/^[^/]*\/\/[^/@]*:[^/@]*@|[?&]password=/.test(url),
        'want no password in it, but passwordFile or passwordEnv',
      ),
    /** One for each agent; made when it is not there. */
    table: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, 'want a name of letters, digits, "_" or "-", 63 at most')
      .default('feedermesh'),
    passwordFile: z.string().min(1).optional(),
    /** Name of an environment variable. */
    passwordEnv: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'want the name of an environment variable')
      .optional(),
  })
  .strict()
  .refine(({ passwordFile, passwordEnv }) => passwordFile === undefined || passwordEnv === undefined, {
    message: 'want one of passwordFile, passwordEnv',
  })

export type PostgresSettings = z.output<typeof postgresSchema>

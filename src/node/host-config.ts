// The section `hosts` of an agent's configuration: computers that are told of warnings, by a command or an HTTP request.
//
// All of a command or request is fixed here. Of the warning itself only numbers and words of closed lists are passed on, in the
// environment of the command or in the body of the request, so that nothing that anybody says over the mesh becomes part of
// a command line, an address or a header.

import { isAbsolute } from 'node:path'
import { z } from 'zod'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')

const request = z
  .object({
    url: z.url({ protocol: /^https?$/, error: 'want an address such as http://10.0.0.5/warned' }),
    method: z.enum(['POST', 'PUT', 'GET']).default('POST'),
    headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().regex(/^[\x20-\x7e]{0,1024}$/)).default({}),
  })
  .strict()

const host = z
  .object({
    name,
    /** The program by its absolute path, and its arguments. No shell. */
    command: z
      .array(z.string().max(1024))
      .min(1)
      .max(32)
      .refine(([program = '']) => isAbsolute(program), { message: 'want the absolute path of a program first' })
      .optional(),
    request: request.optional(),
    /** What it is told of. */
    on: z
      .array(z.enum(['warning', 'all-clear']))
      .min(1)
      .default(['warning', 'all-clear']),
    /** `catastrophic` alone, or both. */
    from: z.enum(['severe', 'catastrophic']).default('severe'),
    timeoutSeconds: z.number().min(0.1).max(60).default(10),
  })
  .strict()
  .refine(({ command, request: asked }) => (command === undefined) !== (asked === undefined), {
    message: 'want command or request, one of them',
  })

export const hostsSchema = z
  .array(host)
  .max(16)
  .refine(list => new Set(list.map(each => each.name)).size === list.length, { message: 'each name once' })
  .default([])
export type HostConfig = z.infer<typeof hostsSchema>[number]

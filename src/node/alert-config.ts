// The section `alerts` of an agent's configuration: who gets which alerts, and how severe each kind is here.

import { z } from 'zod'
import { roles } from '../mesh/credential.ts'
import { type Route, severities } from '../protection/alert.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const recipient = z.union([name, z.object({ role: z.enum(roles), organisation: name.optional() }).strict()], {
  error: 'want the name of a person, or { role: OPERATOR, organisation: NAME }',
})
const seconds = z.number().min(1).max(604_800)

const route = z
  .object({
    to: recipient,
    severities: z.array(z.enum(severities)).min(1).default(['alert', 'alarm']),
    /** All when absent. */
    kinds: z.array(z.string().min(1).max(64)).min(1).optional(),
    /** Said again so often until somebody acknowledges it. */
    repeatSeconds: seconds.optional(),
    /** Who gets it too when nobody has acknowledged it for so long. */
    escalateAfterSeconds: seconds.optional(),
    escalateTo: recipient.optional(),
  })
  .strict()
  .refine(
    ({ escalateAfterSeconds, escalateTo }) => (escalateAfterSeconds === undefined) === (escalateTo === undefined),
    {
      path: ['escalateTo'],
      message: 'escalateAfterSeconds and escalateTo, want both or neither',
    },
  )

export const alertsSchema = z
  .object({
    routes: z.array(route).max(64).default([]),
    /** By kind, instead of what the kind is otherwise. `none`: no alert at all. */
    severities: z.record(z.string().min(1).max(64), z.enum([...severities, 'none'])).default({}),
  })
  .strict()
  .default({ routes: [], severities: {} })
export type AlertsConfig = z.infer<typeof alertsSchema>

const recipientOf = (to: z.infer<typeof recipient>): Route['to'] => (typeof to === 'string' ? { name: to } : to)

export const routesOf = ({ routes }: AlertsConfig): Route[] =>
  routes.map(({ to, severities: wanted, kinds, repeatSeconds, escalateAfterSeconds, escalateTo }) => ({
    to: recipientOf(to),
    severities: wanted,
    ...(kinds === undefined ? {} : { kinds }),
    ...(repeatSeconds === undefined ? {} : { repeatMs: repeatSeconds * 1000 }),
    ...(escalateAfterSeconds === undefined || escalateTo === undefined
      ? {}
      : { escalate: { afterMs: escalateAfterSeconds * 1000, to: recipientOf(escalateTo) } }),
  }))

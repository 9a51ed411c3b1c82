// The section `peripherals` of an agent's configuration: probes and contacts with limits, and what they trip.

import { z } from 'zod'
import type { PeripheralSettings } from '../protection/peripheral.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const feed = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9_]{1,32})?$/, 'want a value of the device, as temperatureC or inputs.1')

const peripheralSchema = z
  .object({
    name,
    /** A number of the device, as the device map feeds it: `temperatureC`, `temperaturesC.1`. */
    input: feed.optional(),
    /** Or a flag of it: `inputs.1`. */
    contact: feed.optional(),
    /** Which side of the limits of an input is the bad one. */
    when: z.enum(['above', 'below']).default('above'),
    warnAt: z.number().optional(),
    tripAt: z.number().optional(),
    /** By so much it has to come back before it counts as back. */
    hysteresis: z.number().min(0).default(3),
    /** What the probe can show; beyond, it is broken. The default is that of a Pt100 on a machine. */
    range: z.tuple([z.number(), z.number()]).default([-40, 250]),
    /** A probe that shows exactly the same for so long is broken. Off by default: a coarse one in a steady room does. */
    frozenAfterSeconds: z.number().min(1).max(604_800).optional(),
    /** Of a contact: which state is the bad one. */
    warnWhen: z.boolean().optional(),
    tripWhen: z.boolean().optional(),
    /** What it trips when it is beyond `trip…`; `none` only alarms. */
    action: z.enum(['none', 'open', 'disconnect', 'shed']).default('none'),
    /** Who ends the latch: a person, or the value itself. Closing again is somebody else's decision either way. */
    reset: z.enum(['manual', 'auto']).default('manual'),
    delaySeconds: z.number().min(0).max(3600).default(2),
    /** Without a good value for so long it is broken. */
    brokenAfterSeconds: z.number().min(0).max(3600).default(5),
    whenBroken: z.enum(['alarm', 'trip']).default('alarm'),
  })
  .strict()
  .superRefine((given, context) => {
    const { input, contact, warnAt, tripAt, warnWhen, tripWhen, when, range, hysteresis, action } = given
    const complain = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message })
    if ((input === undefined) === (contact === undefined))
      return complain('input', 'want input or contact, one of them')
    const foreign = input === undefined ? { warnAt, tripAt } : { warnWhen, tripWhen }
    for (const [key, value] of Object.entries(foreign)) {
      if (value !== undefined) {
        complain(key, input === undefined ? 'a contact has warnWhen or tripWhen' : 'an input has warnAt and tripAt')
      }
    }
    const trips = input === undefined ? tripWhen !== undefined : tripAt !== undefined
    const warns = input === undefined ? warnWhen !== undefined : warnAt !== undefined
    const names = input === undefined ? ['warnWhen', 'tripWhen'] : ['warnAt', 'tripAt']
    if (!trips && !warns) complain(names[1] as string, `want ${names.join(' or ')}`)
    if (!trips && action !== 'none') complain('action', `there is nothing to trip at, want ${names[1]}`)
    if (input === undefined) {
      if (trips && warns) complain('warnWhen', 'a contact has one bad state, want warnWhen or tripWhen')
      return
    }
    if (range[0] >= range[1]) complain('range', 'want the lower end first')
    for (const [key, limit] of Object.entries({ warnAt, tripAt })) {
      if (limit !== undefined && !(limit > range[0] && limit < range[1])) {
        complain(key, `it can show ${range[0]} to ${range[1]} only, see range`)
      }
    }
    if (warnAt !== undefined && tripAt !== undefined && (when === 'above' ? warnAt > tripAt : warnAt < tripAt)) {
      complain('warnAt', 'it would trip before it warns')
    }
    if (hysteresis >= range[1] - range[0]) complain('hysteresis', 'it would never come back')
  })

export const peripheralsSchema = z
  .array(peripheralSchema)
  .max(32)
  .refine(list => new Set(list.map(each => each.name)).size === list.length, { message: 'each name once' })
  .default([])
export type PeripheralConfig = z.infer<typeof peripheralsSchema>[number]

/** One of the two is there: the schema has seen to it. */
export const feedOf = ({ input, contact }: PeripheralConfig): string => input ?? contact ?? ''

export function settingsOf(config: PeripheralConfig): PeripheralSettings {
  const shared = {
    name: config.name,
    delayMs: config.delaySeconds * 1000,
    brokenAfterMs: config.brokenAfterSeconds * 1000,
    trips: config.action !== 'none',
    reset: config.reset,
    tripsWhenBroken: config.whenBroken === 'trip' && config.action !== 'none',
  }
  if (config.input === undefined) {
    const bad = config.tripWhen ?? config.warnWhen ?? true
    const limit = Number(bad)
    return {
      ...shared,
      unit: '',
      above: bad,
      ...(config.tripWhen === undefined ? { warnAt: limit } : { tripAt: limit }),
      hysteresis: 0,
      range: [0, 1],
    }
  }
  return {
    ...shared,
    unit: config.input.startsWith('temperature') ? '°C' : '',
    above: config.when === 'above',
    warnAt: config.warnAt,
    tripAt: config.tripAt,
    hysteresis: config.hysteresis,
    range: config.range,
    frozenAfterMs: config.frozenAfterSeconds === undefined ? undefined : config.frozenAfterSeconds * 1000,
  }
}

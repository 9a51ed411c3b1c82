// Driver `c37118`: a client of a phasor measurement unit.

import { z } from 'zod'
import { type Driver, polled } from './driver.ts'

const phases = <T extends z.ZodType>(of: T) =>
  z.object({ a: of.exactOptional(), b: of.exactOptional(), c: of.exactOptional() }).strict().default({})

/** By its name, or its place from 0. */
const channel = z.union([z.string().min(1).max(255), z.number().int().min(0).max(65_535)])

const schema = z
  .object({
    driver: z.literal('c37118'),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(4712),
    /** The stream's. */
    idCode: z.number().int().min(1).max(65_534),
    /** The unit's, where the stream is a concentrator's. */
    pmuId: z.number().int().min(1).max(65_534).exactOptional(),
    phasors: z
      .object({
        volts: phases(channel),
        /** Beyond the switching device: what sync check compares with. */
        farVolts: phases(channel),
        amps: phases(channel),
      })
      .strict(),
    /** Currents count the other way. */
    reverse: z.boolean().default(false),
    /** The configuration frame that is asked for. */
    configuration: z.union([z.literal(2), z.literal(3)]).default(2),
    timeoutMs: z.number().int().min(50).max(60_000).default(1000),
    ...polled,
    /** It knows of no switch and no relay. */
    statusPollMs: polled.statusPollMs.default(1000),
  })
  .strict()
  .refine(({ phasors: { volts, amps } }) => Object.keys({ ...volts, ...amps }).length > 0, {
    path: ['phasors'],
    message: 'want at least one phasor, as in volts: { a: VA }',
  })

export const c37118: Driver<typeof schema> = {
  name: 'c37118',
  schema,
  filesAt: device => device,
  async open(device, { now, utc }) {
    const { c37118Hal } = await import('../../hal/c37118-hal.ts')
    return c37118Hal({ ...device, now, utc })
  },
}

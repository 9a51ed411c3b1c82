// Driver `sunspec`: a meter that describes itself by SunSpec's models, over TCP or a serial line.

import { z } from 'zod'
import { NodeError } from '../node-error.ts'
import { type Driver, polled, serial, tcp, timeoutMs, unitId } from './driver.ts'

const schema = z
  .object({
    driver: z.literal('sunspec'),
    ...tcp,
    ...serial,
    host: tcp.host.exactOptional(),
    path: serial.path.exactOptional(),
    unitId: unitId.default(1),
    timeoutMs,
    /** Which of the device's meters, in the order of its models. */
    meter: z.number().int().min(1).max(64).default(1),
    /** The register that counts what the customer takes. */
    importIs: z.enum(['TotWhImp', 'TotWhExp']).default('TotWhImp'),
    /** Power counts the other way. */
    reverse: z.boolean().default(false),
    ...polled,
    /** A meter's events, which are read with all its values. */
    statusPollMs: polled.statusPollMs.default(500),
  })
  .strict()
  .refine(({ host, path }) => (host === undefined) !== (path === undefined), {
    message: 'want one of host, path',
  })

export const sunspec: Driver<typeof schema> = {
  name: 'sunspec',
  schema,
  filesAt: device => device,
  async open({ host, path, ...device }, { now, utc }) {
    const { sunspecHal } = await import('../../hal/sunspec-hal.ts')
    if (path !== undefined) return sunspecHal({ ...device, path, now, utc })
    if (host !== undefined) return sunspecHal({ ...device, host, now, utc })
    throw new NodeError('BAD_INPUT', 'device: want one of host, path')
  },
}

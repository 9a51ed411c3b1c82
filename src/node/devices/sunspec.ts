// Driver `sunspec`: a meter that describes itself by SunSpec's models.

import { z } from 'zod'
import { type Driver, polled, tcp, timeoutMs, unitId } from './driver.ts'

const schema = z
  .object({
    driver: z.literal('sunspec'),
    ...tcp,
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

export const sunspec: Driver<typeof schema> = {
  name: 'sunspec',
  schema,
  filesAt: device => device,
  async open(device, { now, utc }) {
    const { sunspecHal } = await import('../../hal/sunspec-hal.ts')
    return sunspecHal({ ...device, now, utc })
  },
}

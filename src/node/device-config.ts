// The section `device` of an agent's configuration: one shape for each driver, told apart by `driver`.

import { z } from 'zod'

/** What every device has, whatever its driver. */
const polled = {
  /** Status, the fast class. */
  statusPollMs: z.number().int().min(5).max(60_000).default(20),
  /** Values, the slow class. */
  valuesPollMs: z.number().int().min(50).max(600_000).default(1000),
  /** Built without a write path. */
  readOnly: z.boolean().default(false),
}

const modbusTcp = z
  .object({
    driver: z.literal('modbus-tcp'),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(502),
    unitId: z.number().int().min(0).max(255).default(1),
    map: z.string().min(1),
    timeoutMs: z.number().int().min(10).max(60_000).default(500),
    ...polled,
  })
  .strict()

export const deviceSchema = z.discriminatedUnion('driver', [modbusTcp])
export type DeviceConfig = z.infer<typeof deviceSchema>

/** With its files' paths made absolute. */
export function deviceAt(device: DeviceConfig, at: (path: string) => string): DeviceConfig {
  switch (device.driver) {
    case 'modbus-tcp':
      return { ...device, map: at(device.map) }
  }
}

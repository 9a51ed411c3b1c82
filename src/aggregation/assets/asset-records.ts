// Contents of the ledger classes `inventory` and `maintenance`: what a device is, and what was done with it and to it.

import { z } from 'zod'
import { codec } from '../codec.ts'

const text = z.string().max(200)
const place = z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)])

const metering = z.strictObject({
  /** Percent: 0.1, 0.2, 0.5, 1, 2. */
  accuracyClass: z.number().positive().max(10),
  /** Primary per secondary. */
  ctRatio: z.number().positive().max(100_000),
  vtRatio: z.number().positive().max(100_000),
  /** Watt-hours of one step of the registers, as they come from the driver. */
  multiplier: z.number().positive().max(1_000_000),
  /** What the driver's registers show: `primary` ones are not multiplied by the ratios. */
  registers: z.enum(['primary', 'secondary']).exactOptional(),
  /** By how much the transformers together show too much, in percent; negative: too little. */
  ratioErrorPercent: z.number().gt(-10).lt(10).exactOptional(),
})
export type Metering = z.infer<typeof metering>
export const meteringSchema = metering

const inventory = z.strictObject({
  event: z.literal('inventory'),
  organisation: text,
  /** Of the IED, and the equipment that it operates. */
  kind: text,
  operates: text.exactOptional(),
  feeder: text,
  /** SHA-256 of the protection content of the feeder file it runs with. */
  feederHash: text,
  node: text,
  peerId: text,
  /** Of the agent program. */
  program: text,
  /** Of the IED's enclosure, as its credential has it. */
  serial: text.exactOptional(),
  device: z.strictObject({
    manufacturer: text.exactOptional(),
    model: text.exactOptional(),
    serialNumber: text.exactOptional(),
    firmware: text.exactOptional(),
    configurationHash: text.exactOptional(),
  }),
  registered: place.exactOptional(),
  registeredIn: z.enum(['credential', 'feeder']).exactOptional(),
  measured: z.strictObject({ place, accuracyM: z.number().nonnegative(), source: text }).exactOptional(),
  verdict: z.enum(['confirmed', 'elsewhere', 'unknown']),
  metering: metering.exactOptional(),
  /** SHA-256, first 16 digits, of the metering settings. */
  meteringHash: text.exactOptional(),
})
export type InventoryFacts = z.infer<typeof inventory>
export const inventoryCodec = codec<InventoryFacts>('inventory', inventory, 4_096)

const maintenance = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('breaker-operation'),
    device: text,
    to: z.enum(['open', 'closed']),
    amps: z.number().nonnegative().exactOptional(),
    wear: z.number().nonnegative().exactOptional(),
    /** It moved while this agent did not look: there may have been more operations. */
    unseen: z.boolean().exactOptional(),
  }),
  /** What a person wrote down, with what he signed. */
  z.strictObject({
    event: z.literal('note'),
    by: text,
    words: z.string().min(1).max(400),
    signed: z.array(z.custom<Uint8Array>(value => value instanceof Uint8Array)).max(4),
  }),
  z.strictObject({
    event: z.literal('metering-changed'),
    was: metering.exactOptional(),
    is: metering.exactOptional(),
    hash: text,
  }),
])
export type MaintenanceEvent = z.infer<typeof maintenance>
export const maintenanceCodec = codec<MaintenanceEvent>('maintenance', maintenance, 16_384)

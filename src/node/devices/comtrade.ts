// Driver `comtrade`: a recording, played as a device.

import { z } from 'zod'
import { type Driver, polled } from './driver.ts'

/** By its name in the recording, or its number. */
const recordedChannel = z.union([z.string().min(1).max(64), z.number().int().min(1)])
const recordedPhases = z
  .object({
    a: recordedChannel.exactOptional(),
    b: recordedChannel.exactOptional(),
    c: recordedChannel.exactOptional(),
  })
  .strict()

const schema = z
  .object({
    driver: z.literal('comtrade'),
    /** A .cfg, with its .dat beside it, or a .cff. */
    file: z.string().min(1),
    /** 1: real time; fast: at once. */
    speed: z.union([z.literal(1), z.literal('fast')]).default(1),
    loop: z.boolean().default(false),
    startAfterMs: z.number().int().min(0).max(86_400_000).default(0),
    /** By the usual names where nothing is said: Va, IL2, F6-VB. */
    channels: z
      .object({ volts: recordedPhases.exactOptional(), amps: recordedPhases.exactOptional() })
      .strict()
      .exactOptional(),
    /** Digital channels that are the device's status. */
    status: z
      .object({
        pickup: recordedChannel.exactOptional(),
        groundPickup: recordedChannel.exactOptional(),
        tripped: recordedChannel.exactOptional(),
        sag: recordedChannel.exactOptional(),
        dead: recordedChannel.exactOptional(),
        /** 1 is closed. */
        closed: recordedChannel.exactOptional(),
      })
      .strict()
      .exactOptional(),
    /** RMS that the mean of the record's first cycle becomes: volts line to neutral, amperes, both primary. */
    scaleTo: z
      .object({ volts: z.number().positive().exactOptional(), amps: z.number().positive().exactOptional() })
      .strict()
      .exactOptional(),
    /** For a file that does not say it. */
    nominalHz: z.number().min(10).max(400).exactOptional(),
    ...polled,
  })
  .strict()
  .refine(({ speed, loop }) => !(loop && speed === 'fast'), {
    path: ['loop'],
    message: 'only at speed 1: at once it would never end',
  })

export const comtrade: Driver<typeof schema> = {
  name: 'comtrade',
  schema,
  filesAt: (device, at) => ({ ...device, file: at(device.file) }),
  async open(device, { now, utc, wakeAt }) {
    const { readComtrade, replayHal } = await import('../../hal/comtrade/index.ts')
    return replayHal({ ...device, record: readComtrade(device.file), now, utc, wakeAt })
  },
}

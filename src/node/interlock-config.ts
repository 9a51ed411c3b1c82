// The section `interlock` of an agent's configuration: the fast trip by answer. All of it has a default; what starts it is
// `relay.highSet` of the device in the feeder file.

import { z } from 'zod'

const schema = z
  .object({
    /** False: this IED trips nothing fast. It answers others all the same. */
    fastTrip: z.boolean().default(true),
    /** In less than this a relay picks up, and a current that has gone shows as gone. */
    windowMs: z.number().int().min(5).max(1000).default(30),
    /** From a question to the last answer that counts. Where answers take longer, there is no fast trip. */
    answerWaitMs: z.number().int().min(20).max(2000).default(200),
    /** On top of what a fuse below takes to clear the measured current. */
    fuseMarginMs: z.number().int().min(0).max(2000).default(100),
    /** So many trips in a row spare the fuses below: they do not wait for them. `reclose.fastShots` of the feeder file by default. */
    fuseSavingShots: z.number().int().min(0).max(4).optional(),
    /** No fast trip for so long after it has been closed, or has had voltage again. */
    coldLoadMs: z.number().int().min(0).max(600_000).default(2000),
    /** A device that recloses by itself, and cannot be told to trip as its own relay does: open it all the same, to stay so. */
    opensForGood: z.boolean().default(false),
  })
  .strict()
  .refine(({ windowMs, answerWaitMs }) => 2 * windowMs <= answerWaitMs, {
    path: ['answerWaitMs'],
    message: 'twice windowMs or more: whoever answers needs one window, and a question may have to be put again',
  })

export const interlockSchema = schema.default(schema.parse({}))
export type InterlockConfig = z.infer<typeof schema>

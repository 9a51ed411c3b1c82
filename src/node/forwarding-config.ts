// The section `forwarding` of an agent's configuration: how often an aggregator collects, and how long records of each
// class may wait for that.

import { z } from 'zod'
import { type RecordClass, recordClasses } from '../aggregation/record.ts'
import { type ClassMode, type ClassModes, defaultModes } from '../aggregation/release.ts'

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'want a time of the day in UTC, such as 06:00')

const classMode = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('realTime') }).strict(),
  z.object({ mode: z.literal('event') }).strict(),
  z.object({ mode: z.literal('polled') }).strict(),
  z
    .object({
      mode: z.literal('scheduled'),
      /** Ends of periods on UTC. Without it and `at`, the next round. */
      everySeconds: z.number().int().min(1).max(86_400).optional(),
      at: z.array(timeOfDay).min(1).max(24).optional(),
    })
    .strict(),
])

export const forwardingSchema = z
  .object({
    intervalSeconds: z.number().min(0.2).max(3600).default(10),
    classes: z.partialRecord(z.enum(recordClasses), classMode).optional(),
  })
  .strict()
  .default({ intervalSeconds: 10 })

export const modesOf = ({ classes }: z.infer<typeof forwardingSchema>): ClassModes => ({
  ...defaultModes,
  ...(classes as Partial<Record<RecordClass, ClassMode>> | undefined),
})

export const modeWords = (mode: ClassMode): string => {
  if (mode.mode !== 'scheduled') return { realTime: 'real time', event: 'event', polled: 'polled' }[mode.mode]
  const when = [
    ...(mode.everySeconds === undefined ? [] : [`every ${mode.everySeconds} s`]),
    ...(mode.at === undefined ? [] : [`at ${mode.at.join(', ')} UTC`]),
  ]
  return when.length === 0 ? 'with the next round' : when.join(' and ')
}

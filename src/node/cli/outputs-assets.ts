// What `feedermesh inventory`, `maintenance` and `fraud` print with --json.

import { z } from 'zod'
import { meteringSchema } from '../../aggregation/assets/asset-records.ts'

const utc = z.iso.datetime()
const text = z.string().nullable()
const whole = z.number().int().nonnegative()
const place = z.array(z.number()).length(2).nullable()

export const inventoryOutput = z.object({
  inventory: z.array(
    z.object({
      ied: z.string(),
      organisation: text,
      kind: text,
      operates: text,
      feeder: text,
      node: text,
      /** Version of the agent. */
      program: text,
      /** Of the enclosure, as its credential has it. */
      serial: text,
      /** Of the metering device. */
      model: text,
      deviceSerial: text,
      firmware: text,
      peerId: text,
      /** Latitude and longitude. */
      registered: place,
      registeredIn: z.enum(['credential', 'feeder']).nullable(),
      measured: place,
      measuredBy: text,
      distanceM: z.number().nullable(),
      place: z.enum(['confirmed', 'elsewhere', 'unknown']),
      accuracyClass: z.number().nullable(),
      multiplier: z.number().nullable(),
      meteringHash: text,
      /** When it last said what it is. */
      factsUtc: utc.nullable(),
      firstSeenUtc: utc.nullable(),
      lastSeenUtc: utc.nullable(),
    }),
  ),
  /** IEDs beyond the limit, or what one answer holds. */
  leftOut: whole,
})

export const maintenanceOutput = z.object({
  equipment: z.array(
    z.object({
      ied: z.string(),
      equipment: text,
      position: z.enum(['open', 'closed']).nullable(),
      openings: whole,
      closings: whole,
      /** Openings of whose current nothing is known: the wear is at least what it says. */
      unknownCurrents: whole,
      largestAmps: z.number(),
      kiloAmpsSquared: z.number(),
      /** Null without ratings in the configuration. */
      contactWearPercent: z.number().nullable(),
    }),
  ),
  maintenance: z.array(
    z.object({ utc, ied: z.string(), number: whole, what: z.string(), by: text, words: z.string() }),
  ),
  /** Older entries beyond the limit, or what one answer holds. */
  leftOut: whole,
})

export const fraudOutput = z.object({
  fromUtc: utc,
  toUtc: utc,
  /** Whose days dates that were asked for are. */
  timeZone: z.string(),
  fraud: z.array(
    z.object({
      ied: z.string(),
      /** Two independent signs are an alarm. */
      state: z.enum(['lead', 'alarm']),
      /** The latest. */
      evidence: z.array(z.object({ kind: z.string(), fromUtc: utc, toUtc: utc, words: z.string() })),
      evidenceLeftOut: whole,
    }),
  ),
  /** Meters of which nothing came while energy flowed in their zone: unknown energy, no suspicion. */
  withheld: z.array(
    z.object({
      /** Together, where there are several. */
      ieds: z.array(z.string()),
      below: z.string(),
      sinceUtc: utc,
      /** Until then all others' readings are here. */
      untilUtc: utc,
      /** The one before it, in the time looked at. */
      lastReadingUtc: utc.nullable(),
      /** Readings of later came. */
      isOver: z.boolean(),
      intervals: whole,
      /** What flowed in, less the others' and the loss. */
      estimateKwh: text,
      limitKwh: text,
    }),
  ),
  leftOut: z.object({ suspicions: whole, withheld: whole }),
  zones: z.array(
    z.object({
      /** The IED whose meter counts what flows in. */
      below: z.string(),
      periods: whole,
      /** Of the latest periods, how many in a row are beyond the limit. */
      beyond: whole,
      /** Of the last period. */
      inKwh: text,
      meteredKwh: text,
      lossKwh: text,
      residualKwh: text,
      limitKwh: text,
      /** Why nothing, or less, can be said. */
      gaps: z.array(z.string()),
    }),
  ),
})

export const proofOutput = z.object({
  ied: z.string(),
  organisation: z.string(),
  holds: z.boolean(),
  faults: z.array(z.string()),
  /** What to know of readings that do hold. */
  remarks: z.array(z.string()),
  readings: whole,
  fromUtc: utc.nullable(),
  toUtc: utc.nullable(),
  importKwh: z.string(),
  exportKwh: z.string(),
  /** What the registers said. */
  rawImportKwh: z.string(),
  rawExportKwh: z.string(),
  metering: meteringSchema.nullable(),
  meteringChanges: whole,
})

// What must follow from a scenario's steps. Each expectation counts from a step, by the step's name; without one it is
// about the whole run.

import { z } from 'zod'

const name = z.string().min(1).max(64)
const names = z.array(name).min(1)
const ms = z.number().positive().max(31_622_400_000)
const seconds = z.number().positive().max(31_622_400)

/** The step's name. The time of `end: NAME` steps counts too, so they may have names of their own. */
const after = name
const head = {
  /** In the results; by default what is expected, in words. */
  name: z.string().min(1).max(200).exactOptional(),
}

/** Any event of the trace. `where` compares the event's fields as they stand in the trace. */
const matcher = z
  .object({
    event: name,
    /** An agent, `field` or `world`. */
    by: name.exactOptional(),
    where: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).exactOptional(),
  })
  .strict()
export type EventMatcher = z.infer<typeof matcher>

const kinds = {
  /** The relay of the device decides to open it, or the fuse blows. */
  trips: z.object({ ...head, trips: name, after, withinMs: ms, notBeforeMs: z.number().nonnegative().default(0) }),
  /** None of them opens. `others`: all devices but those that `trips`, `opens` and `locksOut` name for the same step. */
  staysClosed: z.object({
    ...head,
    staysClosed: z.union([z.literal('others'), names], { error: 'a list of devices, or others' }),
    after,
    /** By default to the end of the run. */
    forSeconds: seconds.exactOptional(),
  }),
  /** Contacts part, whoever told them to. */
  opens: z.object({ ...head, opens: name, after, withinMs: ms }),
  /** Contacts close, whoever told them to. */
  closes: z.object({ ...head, closes: name, after, withinMs: ms }),
  /** The last shot is spent. */
  locksOut: z.object({ ...head, locksOut: name, after, withinMs: ms }),
  /** Exactly these IEDs, or those fed through the step's section then; the origin of the warning not counted. */
  warned: z.object({
    ...head,
    warned: z.union([z.literal('downstream'), z.array(name)], { error: 'a list of IEDs, or downstream' }),
    after,
    /** After the origin's detection. */
    withinMs: ms.default(200),
  }),
  /** Exactly these IEDs are told that a device has tripped. */
  told: z.object({
    ...head,
    told: z.array(name),
    after,
    /** After the announcement. */
    withinMs: ms.default(200),
  }),
  /** Each has supply at the end of that time, however often it lost it before. */
  restored: z.object({
    ...head,
    restored: z.union([z.literal('all'), names], { error: 'a list of loads, or all' }),
    after,
    withinSeconds: seconds,
  }),
  /** Exactly these loads are without supply for at least so long at a stretch. */
  interrupted: z.object({
    ...head,
    interrupted: z.array(name),
    after,
    /** By default to the end of the run. */
    withinSeconds: seconds.exactOptional(),
    forAtLeastSeconds: z.number().nonnegative().default(0),
  }),
  /** So many customers at most are without supply, each counted once. */
  customersInterrupted: z.object({
    ...head,
    customersInterrupted: z.object({ atMost: z.number().int().nonnegative() }).strict(),
    after: after.exactOptional(),
    forAtLeastSeconds: z.number().nonnegative().default(0),
  }),
  /** The step crashes an aggregator: somebody else aggregates. */
  aggregatorReplaced: z.object({ ...head, aggregatorReplaced: z.literal(true), after, withinMs: ms }),
  /**
   * Each reading that these IEDs have in their ledgers when the scenario's time is over reaches each back end that is
   * entitled to it, exactly once, while the run goes on to settle; those collected before stay.
   */
  readingsDelivered: z.object({
    ...head,
    readingsDelivered: z.union([z.literal('all'), names], { error: 'a list of IEDs, or all' }),
  }),
  /** What the meter's register counted of the energy that really passed, over the whole run. */
  registeredShare: z.object({
    ...head,
    registeredShare: z.object({ meter: name, atLeast: z.number().default(0), atMost: z.number().default(1) }).strict(),
  }),
  /** Their agents run when the scenario's time is over. */
  running: z.object({
    ...head,
    running: z.union([z.literal('all'), names], { error: 'a list of agents, or all' }),
  }),
  happens: z.object({
    ...head,
    happens: matcher,
    after: after.exactOptional(),
    withinMs: ms.exactOptional(),
    atLeast: z.number().int().min(1).default(1),
    atMost: z.number().int().min(1).exactOptional(),
  }),
  doesNotHappen: z.object({
    ...head,
    doesNotHappen: matcher,
    after: after.exactOptional(),
    withinMs: ms.exactOptional(),
  }),
} as const

export const EXPECTATIONS = Object.keys(kinds) as ExpectationName[]
export type ExpectationName = keyof typeof kinds

export const expectationSchema = z.union(
  [
    kinds.trips.strict(),
    kinds.staysClosed.strict(),
    kinds.opens.strict(),
    kinds.closes.strict(),
    kinds.locksOut.strict(),
    kinds.warned.strict(),
    kinds.told.strict(),
    kinds.restored.strict(),
    kinds.interrupted.strict(),
    kinds.customersInterrupted.strict(),
    kinds.aggregatorReplaced.strict(),
    kinds.readingsDelivered.strict(),
    kinds.registeredShare.strict(),
    kinds.running.strict(),
    kinds.happens.strict(),
    kinds.doesNotHappen.strict(),
  ],
  { error: `one of ${EXPECTATIONS.join(', ')}` },
)

/** Those that can be judged by what devices did and agents reported. */
export const fieldExpectationSchema = z.union(
  [
    kinds.trips.strict(),
    kinds.staysClosed.strict(),
    kinds.opens.strict(),
    kinds.closes.strict(),
    kinds.locksOut.strict(),
    kinds.told.strict(),
    kinds.restored.strict(),
    kinds.interrupted.strict(),
    kinds.happens.strict(),
    kinds.doesNotHappen.strict(),
  ],
  {
    error:
      'one of trips, staysClosed, opens, closes, locksOut, told, restored, interrupted, happens or doesNotHappen, with the keys that belong to it',
  },
)

/** Exactly one kind, so `'trips' in expectation` tells which. */
export type ExpectationEntry = z.infer<typeof expectationSchema>
export type ExpectationOf<K extends ExpectationName> = Extract<ExpectationEntry, { readonly [P in K]: unknown }>

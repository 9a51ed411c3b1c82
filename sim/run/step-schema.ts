// The steps of a scenario: what happens to the feeder, its devices, its network and its agents, and when.
//
// A step that lasts (a fault, a cut link, a crash …) ends after its `forSeconds`, or by a step `end` that names it, or not
// at all. Ending a crash is a restart, ending a cut mends the link, and so on.

import { z } from 'zod'
import { LIES } from '../runtime/liar.ts'

const name = z.string().min(1).max(64)
const seconds = z.number().nonnegative().max(31_622_400)
const share = z.number().min(0).max(1)
/** By default until the end of the run, or until a step `end` names this one. */
const forSeconds = z.number().min(0.001).max(31_622_400).exactOptional()
const loads = z.union([z.literal('all'), z.array(name).min(1)], { error: 'a list of loads, or all' })

const head = {
  /** Virtual seconds since the run began. */
  atSeconds: seconds,
  /** What expectations and `end` call this step. */
  name: name.exactOptional(),
}

/** A short circuit on a section or at a node: exactly one of the two. */
const fault = z
  .object({
    section: name.exactOptional(),
    /** Along the section: 0 at its `from`, 1 at its `to`; by default in the middle. */
    position: share.exactOptional(),
    node: name.exactOptional(),
    /** By default three-phase, or whatever a place with fewer phases can have at the most. */
    kind: z.enum(['line-ground', 'line-line', 'line-line-ground', 'three-phase']).exactOptional(),
    phases: z
      .array(z.enum(['a', 'b', 'c']))
      .min(1)
      .max(3)
      .exactOptional(),
    resistanceOhm: z.number().nonnegative().max(10_000).exactOptional(),
    forSeconds,
  })
  .strict()
  .refine(({ section, node }) => (section === undefined) !== (node === undefined), 'a section or a node, one of them')

/** A voltage that everything fed through the section is held down to, whatever its cause. */
const disturb = z.object({ section: name, residualPu: share, forSeconds }).strict()

export const networkSchema = z
  .object({
    /** One way. Most messages take a little more than the least; the most is rare. */
    latencyMinMs: z.number().nonnegative().max(60_000).exactOptional(),
    latencyMaxMs: z.number().nonnegative().max(60_000).exactOptional(),
    /** Shares of the messages. */
    lossShare: share.exactOptional(),
    duplicateShare: share.exactOptional(),
    /** A link on which nothing is heard for so long is down. */
    silenceMs: z.number().positive().max(600_000).exactOptional(),
  })
  .strict()

const actions = {
  fault,
  disturb,
  /** A device that does not move (`contacts`), or whose relay sees nothing (`relay`). */
  stuck: z.object({ device: name, what: z.enum(['contacts', 'relay']).default('contacts'), forSeconds }).strict(),
  /** A field device that does not answer its IED; its relay works on. */
  silent: z.object({ ied: name, forSeconds }).strict(),
  /** An agent by name, or `aggregator`: whoever most agents follow then. A process (kill -9) or its machine (no power). */
  crash: z.object({ agent: name, what: z.enum(['process', 'machine']).default('process'), forSeconds }).strict(),
  /** Nothing passes between these two agents. */
  cut: z.object({ between: z.tuple([name, name]), forSeconds }).strict(),
  /** Nothing passes between agents of different groups. Those that are in none are one more group. */
  partition: z.object({ groups: z.array(z.array(name).min(1)).min(1), forSeconds }).strict(),
  /** What is given changes; afterwards it is what the head of the scenario says. */
  network: networkSchema.extend({ forSeconds }).strict(),
  clockJump: z.object({ agent: name, bySeconds: z.number().min(-31_622_400).max(31_622_400) }).strict(),
  /** The agent knows that its UTC is not to be trusted. */
  clockBad: z.object({ agent: name, forSeconds }).strict(),
  diskFull: z.object({ agent: name, forSeconds }).strict(),
  /** An IED's agent that says what is not so, see `sim/runtime/liar.ts`. */
  lie: z.object({ agent: name, about: z.array(z.enum(LIES)).min(1).max(LIES.length), forSeconds }).strict(),
  /** What the meter registers of each kWh that passes it: 1 when it is whole, 0 when it is stopped. */
  tamper: z.object({ meter: name, registersShare: share, forSeconds }).strict(),
  /** What customers without load management make of a price: this share of what they would draw. */
  price: z
    .object({ perKwh: z.string().regex(/^\d+(\.\d+)?$/, 'want a decimal number in quotes'), loads, share, forSeconds })
    .strict(),
  /** Multiplies what these loads would draw. */
  load: z.object({ loads, share: z.number().min(0).max(10), forSeconds }).strict(),
  /** Somebody at the device opens or closes it by hand; for a fuse, takes the links out or puts new ones in. */
  operate: z.object({ device: name, to: z.enum(['open', 'closed']) }).strict(),
  generator: z.object({ generator: name, connected: z.boolean() }).strict(),
  /** The name of an earlier step that lasts. */
  end: name,
} as const

export const ACTIONS = Object.keys(actions) as ActionName[]
export type ActionName = keyof typeof actions

const one = <K extends ActionName>(key: K) =>
  z.object({ ...head, [key]: actions[key] } as typeof head & { [P in K]: (typeof actions)[P] }).strict()

export const stepSchema = z.union(
  [
    one('fault'),
    one('disturb'),
    one('stuck'),
    one('silent'),
    one('crash'),
    one('cut'),
    one('partition'),
    one('network'),
    one('clockJump'),
    one('clockBad'),
    one('diskFull'),
    one('lie'),
    one('tamper'),
    one('price'),
    one('load'),
    one('operate'),
    one('generator'),
    one('end'),
  ],
  { error: `atSeconds and one of ${ACTIONS.join(', ')}` },
)

/** What happens in the field, for who plays on real devices. */
export const fieldStepSchemas = [one('fault'), one('stuck'), one('operate'), one('end')] as const
export type FieldStep = z.infer<(typeof fieldStepSchemas)[number]>

/** Exactly one of the actions, so `'fault' in step` tells what it is. */
export type Step = z.infer<typeof stepSchema>
export const actionOf = (step: Step): ActionName => ACTIONS.find(action => action in step) ?? 'end'
export type StepOf<K extends ActionName> = Extract<Step, { readonly [P in K]: unknown }>
export type NetworkSettings = z.infer<typeof networkSchema>

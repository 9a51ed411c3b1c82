// The section `earlyWarning` of an agent's configuration: what it does about warnings beyond the plain `reactions`, and with
// what.

import { z } from 'zod'
import { warningKinds } from '../protection/messages.ts'
import { reactionWords } from '../protection/warning-policy.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const output = z.string().min(1).max(32)
const priority = z.number().int().min(1).max(9)

const rule = z
  .object({
    severity: z.enum(['severe', 'catastrophic']).optional(),
    kinds: z.array(z.enum(warningKinds)).min(1).optional(),
    do: z
      .union([z.enum(reactionWords).transform(word => [word]), z.array(z.enum(reactionWords)).min(1)])
      .refine(words => !words.includes('none') || words.length === 1, { message: 'none stands alone' }),
    /** Sheds the loads of this priority and those less important; 1 is shed last. All of them when absent. */
    upTo: priority.optional(),
  })
  .strict()
  .refine(each => each.upTo === undefined || each.do.includes('shed'), {
    path: ['upTo'],
    message: 'nothing is shed, want shed in do',
  })

export const earlyWarningSchema = z
  .object({
    /** The first that fits counts; where none does, `reactions`. */
    rules: z.array(rule).max(32).default([]),
    /** Loads beside the sheddable one of the feeder file: off while the output of the device map is on. */
    loads: z
      .array(z.object({ name, output, priority: priority.default(5) }).strict())
      .max(16)
      .refine(list => new Set(list.map(each => each.output)).size === list.length, { message: 'each output once' })
      .default([]),
    /** Its transfer switch goes to the second source while this output is on. */
    transferOutput: output.optional(),
    /** The generator is wanted while this output is on. */
    startOutput: output.optional(),
    /** A reaction ends so long after the last copy of its warning. */
    holdSeconds: z.number().min(1).max(60).default(5),
    minOffSeconds: z.number().min(0).max(3600).default(2),
    minOnSeconds: z.number().min(0).max(3600).default(0),
    /** Loads return one after the other within so long: each agent draws its place at its start. */
    staggerSeconds: z.number().min(0).max(3600).default(1),
    /** A person wants warnings recorded, and nothing done. */
    ignore: z.boolean().default(false),
    /** Back-end peers of the own organisation that are told of warnings, and pass them on. */
    backEnds: z.array(name).max(8).default([]),
  })
  .strict()
  .superRefine(({ rules, transferOutput, startOutput }, context) => {
    const wants = (word: string): number => rules.findIndex(each => (each.do as readonly string[]).includes(word))
    const complain = (word: string, key: string): void => {
      if (wants(word) < 0) return
      context.addIssue({ code: 'custom', path: ['rules', wants(word), 'do'], message: `${word} wants ${key}` })
    }
    if (transferOutput === undefined) complain('transfer', 'transferOutput, the output of its transfer switch')
    if (startOutput === undefined) complain('start', 'startOutput, the output that starts the generator')
  })
  .prefault({})
export type EarlyWarningConfig = z.infer<typeof earlyWarningSchema>

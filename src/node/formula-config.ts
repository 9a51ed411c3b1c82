// The sections `formulas` and `setpoints` of an agent's configuration. Every text is compiled when the file is read, so
// that what is wrong in one is said with its line, before anything starts. The parser is only loaded where there is one.

import { createRequire } from 'node:module'
import { z } from 'zod'
import { severities } from '../protection/alert.ts'
import {
  compileFormula,
  type Formula,
  type FormulaType,
  type Parse,
  reservedNames,
  withHysteresis,
} from '../protection/formula.ts'
import { automaticVerbs } from './automatic-operation.ts'
import { measuredNames } from './formula-values.ts'

const text = z.string().min(1)
const duration = z.number().int().min(0).max(86_400_000).default(0)

export const formulasSchema = z
  .array(
    z
      .object({
        name: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9_]{0,31}$/, 'want a letter, then letters, digits or "_", 32 at the most'),
        is: text,
        /** Shown beside it. */
        unit: z.string().max(16).default(''),
      })
      .strict(),
  )
  .max(64)
  .default([])

export const setpointsSchema = z
  .array(
    z
      .object({
        name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"'),
        when: text,
        /** For so long, from look to look. */
        delayMs: duration,
        /** When it is over: another condition, or `when` by so much less. Otherwise as soon as `when` is false. */
        until: text.optional(),
        hysteresis: z.number().positive().optional(),
        dropoutMs: duration,
        /** It stands until a person has reset it. */
        latches: z.boolean().default(false),
        severity: z.enum([...severities, 'none']).default('alarm'),
        /** For people; the condition by default. */
        text: z.string().min(1).max(200).optional(),
        /** Operates what the IED operates; or keeps an output of its device map on while it stands. */
        drive: z
          .union([z.enum(automaticVerbs), z.object({ output: z.string().min(1).max(32) }).strict()], {
            error: `want one of ${automaticVerbs.join(', ')}, or an output as in { output: lamp1 }`,
          })
          .optional(),
        /** Does the opposite at its end, if it has driven the output at its beginning. */
        driveBack: z.boolean().default(false),
      })
      .strict(),
  )
  .max(64)
  .default([])

export type FormulaConfig = z.infer<typeof formulasSchema>[number]
export type SetpointConfig = z.infer<typeof setpointsSchema>[number]
interface Sections {
  readonly formulas: readonly FormulaConfig[]
  readonly setpoints: readonly SetpointConfig[]
}

export interface Compiled {
  readonly formulas: readonly { readonly config: FormulaConfig; readonly formula: Formula }[]
  readonly setpoints: readonly { readonly config: SetpointConfig; readonly begins: Formula; readonly ends?: Formula }[]
}

let loaded: Parse | undefined
/** The library takes a second to load and 50 MB, which agents without formulas do without. */
function parser(): Parse {
  loaded ??= (createRequire(import.meta.url)('mathjs/number') as { readonly parse: Parse }).parse
  return loaded
}

/** @param complain path within the sections, and what is wrong there */
export function compileSections(
  { formulas, setpoints }: Sections,
  complain: (path: (string | number)[], message: string) => void,
): Compiled {
  if (formulas.length + setpoints.length === 0) return { formulas: [], setpoints: [] }
  const names = new Map(measuredNames)
  const compile = (path: (string | number)[], given: string, wanted?: FormulaType): Formula | undefined => {
    const result = compileFormula(given, parser(), names)
    if ('wrong' in result) return void complain(path, result.wrong)
    if (wanted === undefined || result.gives === wanted) return result
    return void complain(path, `it is a ${result.gives}, want a ${wanted}, as in "Va > 550"`)
  }
  const done: { config: FormulaConfig; formula: Formula }[] = []
  for (const [n, config] of formulas.entries()) {
    if (names.has(config.name) || reservedNames.has(config.name)) {
      complain(['formulas', n, 'name'], 'there is something of this name already, want another one')
      continue
    }
    // Only what comes before it is known to it, so there are no circles.
    const formula = compile(['formulas', n, 'is'], config.is)
    if (formula === undefined) continue
    names.set(config.name, formula.gives)
    done.push({ config, formula })
  }
  const seen = new Set<string>()
  const drivenBy = new Map<string, string>()
  const watched: { config: SetpointConfig; begins: Formula; ends?: Formula }[] = []
  for (const [n, config] of setpoints.entries()) {
    const at = (key: string): (string | number)[] => ['setpoints', n, key]
    if (seen.has(config.name)) complain(at('name'), 'want each name once')
    seen.add(config.name)
    if (config.driveBack && config.drive === undefined)
      complain(at('driveBack'), 'there is nothing to drive, want drive')
    if (typeof config.drive === 'object') {
      const { output } = config.drive
      const other = drivenBy.get(output)
      if (other !== undefined)
        complain(at('drive'), `${output} is driven by ${other} already, want one condition with or`)
      drivenBy.set(output, config.name)
      if (config.driveBack) complain(at('driveBack'), 'an output goes off by itself at the end, want none')
    }
    if (config.driveBack && config.latches)
      complain(at('driveBack'), 'what latches is not driven back, want one of both')
    const begins = compile(at('when'), config.when, 'condition')
    const ends = begins && endOf(config, begins)
    if (begins !== undefined) watched.push({ config, begins, ...(ends === undefined ? {} : { ends }) })

    function endOf({ until, hysteresis }: SetpointConfig, whole: Formula): Formula | undefined {
      if (until !== undefined && hysteresis !== undefined) return void complain(at('until'), 'want until or hysteresis')
      if (until !== undefined) return compile(at('until'), until, 'condition')
      if (hysteresis === undefined) return undefined
      const { comparison } = whole
      if (comparison === undefined) {
        return void complain(at('hysteresis'), 'it needs a single comparison, as "Va > 550"; want until instead')
      }
      return compile(at('hysteresis'), `not (${withHysteresis(comparison, hysteresis)})`, 'condition')
    }
  }
  return { formulas: done, setpoints: watched }
}

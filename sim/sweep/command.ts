// `feedermesh sim sweep`: plays all faults and prints or writes the coordination matrix.

import { writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { csv, table } from '../../src/node/cli/table.ts'
import { exitCodes, NodeError } from '../../src/node/node-error.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { readFeederFile } from '../../topology/read-any.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import { isFault, parseAllowed } from './allowed.ts'
import { type EnergisedCase, energisedCase, energisedRows, energisings, usualEnergising } from './energising.ts'
import type { Comms } from './fault-case.ts'
import { matrixPage } from './matrix-page.ts'
import { notSooner } from './not-sooner.ts'
import { progressBar } from './progress.ts'
import { sweep } from './sweep.ts'
import type { CaseResult } from './sweep-case.ts'
import { csvRows, findings, summary, tableRows } from './text.ts'

export interface SimSweepArguments {
  readonly feederPath: string
  readonly sections: readonly string[] | undefined
  /** The first of them, in the order of the file. */
  readonly from: string | undefined
  readonly kinds: readonly FaultKind[]
  readonly comms: readonly Comms[]
  /** Also opens and closes each switching device: what its load draws then is no fault. */
  readonly energises: boolean
  readonly resistanceOhm: number
  readonly seed: string
  readonly limitSeconds: number
  readonly jobs: number | undefined
  readonly alwaysWithAgents: boolean
  /** `SECTION[:KIND]=DEVICE`, as `parseAllowed` reads it. */
  readonly allow: readonly string[]
  /** `.html` or `.csv`. */
  readonly output: string | undefined
  readonly json: boolean
  readonly replay: string
  readonly out: Writable
  readonly error: Writable & { readonly isTTY?: boolean }
  readonly signal: AbortSignal
}

/** @returns the exit code. @throws NodeError or TopologyError before anything has run, for bad input */
export async function simSweep(given: SimSweepArguments): Promise<number> {
  const { feeder } = readFeederFile(given.feederPath)
  const allowed = given.allow.map(text => parseAllowed(text, feeder))
  const { output } = given
  if (output !== undefined && !/\.(html|csv)$/.test(output)) {
    throw new NodeError('BAD_INPUT', `-o ${output}: want a name that ends in .html or .csv`)
  }
  const { jobs, kinds, comms, resistanceOhm, seed, alwaysWithAgents, signal } = given
  const sections = sectionsFrom(feeder, given.sections, given.from)
  const began = performance.now()
  const bar = progressBar(given.error, () => performance.now())
  const played: CaseResult[] = []
  let goOnFrom = sections?.[0] ?? feeder.sections[0]?.name
  const done = await sweep(feeder, {
    kinds,
    // Without agents there is nobody to talk.
    comms: feeder.ieds.length === 0 ? ['down'] : comms,
    resistanceOhm,
    seed,
    limitMs: given.limitSeconds * 1000,
    alwaysWithAgents,
    ...(sections === undefined ? {} : { sections }),
    ...(jobs === undefined ? {} : { jobs }),
    onProgress: bar.update,
    onPlayed(results, firstLeft) {
      played.push(...results)
      goOnFrom = firstLeft ?? goOnFrom
    },
    signal,
  })
    .catch(error => {
      // What it came to so far is not lost, and need not be played again.
      if (signal.aborted) {
        const { kinds, comms, resistanceOhm, seed } = given
        const part = { feeder: feeder.name, kinds, comms, resistanceOhm, seed, limitMs: given.limitSeconds * 1000 }
        const words = summary({ ...part, cases: played }, allowed)
        given.error.write(`\n${feeder.name}: ${words}; ended before its end, to go on: --from ${goOnFrom}\n`)
      }
      throw error
    })
    .finally(bar.end)
  const energised: EnergisedCase[] = []
  for (const device of given.energises ? energisings(feeder) : []) {
    signal.throwIfAborted()
    energised.push(await energisedCase(feeder, device, usualEnergising, seed))
  }
  const toSee = findings(done, allowed)
  const slow = notSooner(done, feeder)
  const ok = !done.cases.some(each => isFault(each, allowed)) && energised.every(each => each.ok)
  if (output?.endsWith('.html')) write(output, matrixPage(done, feeder, { allowed, replay: given.replay }))
  if (output?.endsWith('.csv')) write(output, csv(csvRows(done, allowed)))
  if (given.json) {
    const cases = done.cases.map(each => ({ ...each, ok: !isFault(each, allowed) }))
    given.out.write(
      `${JSON.stringify({ ...done, ok, summary: summary(done, allowed), cases, ...(given.energises ? { energised } : {}) })}\n`,
    )
  } else {
    if (feeder.ieds.length === 0) given.out.write(`${feeder.name} has no IEDs: its relays and fuses alone\n\n`)
    given.out.write(`${table(tableRows(done))}\n`)
    for (const line of [...toSee, ...slow]) given.out.write(`${line}\n`)
    if (given.energises)
      given.out.write(`${toSee.length + slow.length > 0 ? '\n' : ''}${table(energisedRows(energised))}`)
    if (output !== undefined) given.out.write(`written: ${output}\n`)
    // The last line: of several sweeps one after the other these are what is looked for.
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const closed =
      energised.length === 0 ? '' : `; ${energised.filter(each => each.ok).length} of ${energised.length} closings well`
    const start = given.from === undefined ? '' : ` from ${given.from} on`
    given.out.write(`\n${feeder.name}${start}: ${summary(done, allowed)}${closed}; took ${seconds} s\n`)
  }
  return ok ? exitCodes.done : exitCodes.expectationFailed
}

/** @throws NodeError BAD_INPUT for a section to begin with that is not among them */
function sectionsFrom(
  file: FeederFile,
  wanted: readonly string[] | undefined,
  from: string | undefined,
): readonly string[] | undefined {
  if (from === undefined) return wanted
  const names = file.sections.map(({ name }) => name)
  const place = names.indexOf(from)
  if (place < 0) throw new NodeError('BAD_INPUT', `--from ${from}: ${file.name} has no such section`)
  return names.slice(place).filter(name => wanted === undefined || wanted.includes(name))
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `-o ${path}: ${(cause as Error).message}, want a file that can be written`, {
      cause,
    })
  }
}

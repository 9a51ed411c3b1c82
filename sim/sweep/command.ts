// `feedermesh sim sweep`: plays all faults and prints or writes the coordination matrix.

import { writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { csv, table } from '../../src/node/cli/table.ts'
import { exitCodes, NodeError } from '../../src/node/node-error.ts'
import { readFeederFile } from '../../topology/read-any.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import { isFault, parseAllowed } from './allowed.ts'
import { type EnergisedCase, energisedCase, energisedRows, energisings, usualEnergising } from './energising.ts'
import type { Comms } from './fault-case.ts'
import { matrixPage } from './matrix-page.ts'
import { progressBar } from './progress.ts'
import { sweep } from './sweep.ts'
import { csvRows, findings, summary, tableRows } from './text.ts'

export interface SimSweepArguments {
  readonly feederPath: string
  readonly sections: readonly string[] | undefined
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
  const { sections, jobs, kinds, comms, resistanceOhm, seed, alwaysWithAgents, signal } = given
  const began = performance.now()
  const bar = progressBar(given.error, () => performance.now())
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
    signal,
  }).finally(bar.end)
  const energised: EnergisedCase[] = []
  for (const device of given.energises ? energisings(feeder) : []) {
    signal.throwIfAborted()
    energised.push(await energisedCase(feeder, device, usualEnergising, seed))
  }
  const toSee = findings(done, allowed)
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
    for (const line of toSee) given.out.write(`${line}\n`)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    given.out.write(`${toSee.length > 0 ? '\n' : ''}${summary(done, allowed)}; took ${seconds} s\n`)
    if (given.energises) given.out.write(`\n${table(energisedRows(energised))}`)
    if (output !== undefined) given.out.write(`written: ${output}\n`)
  }
  return ok ? exitCodes.done : exitCodes.expectationFailed
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

// `feedermesh sim restoration`: a fault that stays on each section, with and without restoration.

import type { Writable } from 'node:stream'
import { table } from '../../src/node/cli/table.ts'
import { exitCodes } from '../../src/node/node-error.ts'
import { readShippedFeeder } from '../fuzz/shipped-feeder.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import { progressBar } from '../sweep/progress.ts'
import { restorationStudy } from './study.ts'
import { PUBLISHED, studyRows, summary, totalsOf } from './text.ts'

export interface SimRestorationArguments {
  readonly feeder: string
  readonly sections: readonly string[] | undefined
  readonly kind: FaultKind | undefined
  readonly seed: string
  readonly byHandMinutes: number
  readonly repairMinutes: number
  /** Without device travel; more than this fails. */
  readonly withinMs: number
  readonly json: boolean
  readonly out: Writable
  readonly error: Writable & { readonly isTTY?: boolean }
  readonly signal: AbortSignal
}

/** @returns the exit code. @throws NodeError or TopologyError before anything has run, for bad input */
export async function simRestoration(given: SimRestorationArguments): Promise<number> {
  const { sections, kind, seed, byHandMinutes, repairMinutes, withinMs, json, out, error, signal } = given
  const feeder = readShippedFeeder(given.feeder)
  const bar = progressBar(error, () => performance.now())
  const study = await restorationStudy(feeder, {
    seed,
    byHandMinutes,
    repairMinutes,
    onProgress: bar.update,
    signal,
    ...(sections === undefined ? {} : { sections }),
    ...(kind === undefined ? {} : { kind }),
  }).finally(bar.end)
  const totals = totalsOf(study)
  const ok =
    (totals.slowestWithoutTravelMs ?? 0) <= withinMs && totals.customerMinutes.with <= totals.customerMinutes.byHand
  if (json) out.write(`${JSON.stringify({ ...study, totals, ok })}\n`)
  else {
    out.write(`${table(studyRows(study))}\n${summary(study).join('\n')}\n\n`)
    out.write(`Published of other systems, travel included (docs/protection.md):\n${table(PUBLISHED)}`)
  }
  return ok ? exitCodes.done : exitCodes.expectationFailed
}

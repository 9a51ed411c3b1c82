// `feedermesh sim report`: plays a scenario and writes its page.

import { readFileSync, writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { exitCodes, NodeError } from '../../src/node/node-error.ts'
import { replayCommand } from '../run/command.ts'
import { readScenario, runScenario } from '../run/index.ts'
import type { SignatureKind } from '../runtime/virtual-trust.ts'
import { progressBar } from '../sweep/progress.ts'
import { reportPage } from './report-page.ts'
import { recordVoltages, type VoltageRecord } from './voltage-record.ts'

export interface SimReportArguments {
  readonly scenarioPath: string
  readonly outputPath: string
  readonly seed: string | undefined
  readonly signatures: SignatureKind
  readonly out: Writable
  readonly error: Writable & { readonly isTTY?: boolean }
  readonly signal: AbortSignal
}

/** @returns the exit code, as `sim run` has it. @throws NodeError BAD_INPUT */
export async function simReport(given: SimReportArguments): Promise<number> {
  const { scenarioPath, outputPath, signatures, signal } = given
  const { scenario, feeder } = readScenario(scenarioPath)
  const seed = given.seed ?? scenario.seed
  let voltages: VoltageRecord | undefined
  const bar = progressBar(given.error, () => performance.now())
  const run = await runScenario(scenario, feeder, {
    seed,
    signatures,
    signal,
    voltages: false,
    onWorld: world => {
      voltages = recordVoltages(world)
    },
    onProgress: (atMs, endMs) => bar.update(Math.round(atMs / 1000), Math.round(endMs / 1000)),
  }).finally(bar.end)
  const text = reportPage({
    run,
    voltages: voltages?.courses() ?? [],
    voltagesEndMs: voltages?.fullAtMs,
    scenarioText: readFileSync(scenarioPath, 'utf8'),
    replay: replayCommand(scenarioPath, seed, signatures),
  })
  write(outputPath, text)
  const met = run.expectations.filter(({ ok }) => ok).length
  given.out.write(
    `${outputPath}: ${met} of ${run.expectations.length} expectations met, ${(text.length / 1000).toFixed(0)} kB\n`,
  )
  return run.ok ? exitCodes.done : exitCodes.expectationFailed
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

// `feedermesh sim run`: reads a scenario, plays it while it tells what happens, and prints what came of each expectation.

import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { exitCodes, NodeError } from '../../src/node/node-error.ts'
import { type TraceEvent, traceLine } from '../runtime/trace.ts'
import type { SignatureKind } from '../runtime/virtual-trust.ts'
import { sentenceOf } from './narrate.ts'
import { readScenario, shippedDir } from './read-scenario.ts'
import type { RunResult } from './result.ts'
import { runScenario } from './run-scenario.ts'

export interface SimRunArguments {
  readonly scenarioPath: string
  readonly seed: string | undefined
  readonly signatures: SignatureKind
  readonly json: boolean
  /** Where the trace goes, one JSON object a line. */
  readonly tracePath: string | undefined
  readonly quiet: boolean
  readonly out: Writable
  readonly signal: AbortSignal
}

/** @returns the exit code. @throws NodeError BAD_INPUT before anything has run */
export async function simRun(given: SimRunArguments): Promise<number> {
  const { scenario, feeder } = readScenario(given.scenarioPath)
  const seed = given.seed ?? scenario.seed
  const trace = given.tracePath === undefined ? undefined : traceFile(given.tracePath)
  const say = (line: string): void => void given.out.write(`${line}\n`)
  if (!given.json) {
    say(`${scenario.simulation}: ${feeder.name}, ${feeder.ieds.length} IEDs, ${scenario.forSeconds} s, seed ${seed}`)
    if (scenario.description !== undefined) say(scenario.description)
    say('')
  }
  const onEvent = (event: TraceEvent): void => {
    if (trace !== undefined) writeSync(trace, `${traceLine(event)}\n`)
    if (given.json) return say(traceLine(event))
    const sentence = given.quiet ? '' : sentenceOf(event)
    if (sentence !== '') say(`${(event.atMs / 1000).toFixed(3).padStart(10)} s  ${sentence}`)
  }
  try {
    const { signatures, signal } = given
    const played = await runScenario(scenario, feeder, { seed, signatures, signal, onEvent })
    const result = scenario.invariants ? await withInvariants(played) : played
    if (given.json) say(summaryLine(result, given))
    else for (const line of account(result, given)) say(line)
    return result.ok ? exitCodes.done : exitCodes.expectationFailed
  } finally {
    if (trace !== undefined) closeSync(trace)
  }
}

/** Plays it again, with all of them watched: as often as they need it played. */
async function withInvariants(result: RunResult): Promise<RunResult> {
  const { invariantsExpected } = await import('../fuzz/expected.ts')
  const expectation = await invariantsExpected({ ...result.scenario, seed: result.seed }, result.feeder)
  return { ...result, ok: result.ok && expectation.ok, expectations: [...result.expectations, expectation] }
}

function traceFile(path: string): number {
  try {
    return openSync(path, 'w')
  } catch (cause) {
    const reason = (cause as Error).message
    throw new NodeError('BAD_INPUT', `--trace ${path}: ${reason}, want a file that can be written`, { cause })
  }
}

/** How the run is had again. */
export function replayCommand(scenarioPath: string, seed: string, signatures: SignatureKind): string {
  const kind = signatures === 'keyed-hash' ? '' : ` --signatures ${signatures}`
  return `feedermesh sim run ${scenarioPath} --seed ${seed}${kind}`
}

function summaryLine(result: RunResult, { scenarioPath, signatures }: SimRunArguments): string {
  const { ok, seed, expectations, settledMs, realMs, counts, trace } = result
  const commit = ok ? undefined : commitHere()
  return JSON.stringify({
    event: 'summary',
    atMs: settledMs,
    ok,
    seed,
    ...(ok ? {} : { replay: replayCommand(scenarioPath, seed, signatures) }),
    ...(commit === undefined ? {} : { commit }),
    traceHash: trace.hash(),
    virtualSeconds: settledMs / 1000,
    realSeconds: Math.round(realMs) / 1000,
    events: counts.events,
    expectations,
  })
}

function account(result: RunResult, { scenarioPath, signatures, signal }: SimRunArguments): readonly string[] {
  const { ok, seed, expectations, settledMs, realMs, counts, trace } = result
  const met = expectations.filter(each => each.ok).length
  const faster = realMs > 0 ? `, ${(settledMs / realMs).toFixed(1)} times faster than real time` : ''
  const commit = commitHere()
  return [
    '',
    ...expectations.map(each => `${each.ok ? 'ok  ' : 'FAIL'}  ${each.name}: ${each.measured}`),
    '',
    `${met} of ${expectations.length} expectations met${signal.aborted ? ' when the run was ended by hand' : ''}`,
    `${(settledMs / 1000).toFixed(1)} s of virtual time in ${(realMs / 1000).toFixed(1)} s${faster}; ` +
      `${counts.events} events, ${counts.sent} messages, ${counts.lost} lost; trace ${trace.hash().slice(0, 12)}`,
    ...(ok
      ? []
      : [
          `seed ${seed}${commit === undefined ? '' : `, commit ${commit}`}; the same run again:`,
          `  ${replayCommand(scenarioPath, seed, signatures)}`,
        ]),
  ]
}

/** Of the checkout that this runs from, if it is one. */
export function commitHere(): string | undefined {
  try {
    const said = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: shippedDir(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return said.trim() || undefined
  } catch {
    return undefined
  }
}

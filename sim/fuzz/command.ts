// `feedermesh sim fuzz`: checks seeds in worker processes, prints those in which something did not hold with the command
// that replays each, and makes the first of them smaller.

import { writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { exitCodes, NodeError } from '../../src/node/node-error.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { TopologyError } from '../../topology/topology-error.ts'
import { commitHere } from '../run/command.ts'
import { writeScenario } from '../run/index.ts'
import { checkStory, type SeedResult } from './check-seed.ts'
import { DEFAULT_SECONDS, drawStory } from './draw-story.ts'
import { type Story, scenarioOf } from './happening.ts'
import { invariants, type Violation } from './invariant.ts'
import { checkSeeds } from './pool.ts'
import { createProgress, type Progress } from './progress.ts'
import { readShippedFeeder } from './shipped-feeder.ts'
import { shrink } from './shrink.ts'

export interface SimFuzzArguments {
  readonly feeder: string
  readonly from: number
  readonly count: number
  readonly seconds: number
  readonly jobs: number
  /** Whether the first failing seed is made smaller and written to a file. */
  readonly shrinks: boolean
  /** Where to; by default named after feeder and seed, in the working directory. */
  readonly writeTo: string | undefined
  readonly json: boolean
  readonly out: Writable & { readonly isTTY?: boolean }
  readonly signal: AbortSignal
}

const SHRINK_BUDGET = 150

/** @returns the exit code. @throws NodeError BAD_INPUT */
export async function simFuzz(given: SimFuzzArguments): Promise<number> {
  const { from, count, seconds, jobs, json, out, signal } = given
  const feeder = feederOf(given.feeder)
  const began = performance.now()
  const progress = json ? silent : createProgress(out, count, 'seeds', () => performance.now())
  const print = (event: Record<string, unknown>): void => void out.write(`${JSON.stringify(event)}\n`)
  const failed: SeedResult[] = []
  let done = 0
  let events = 0

  const workers = `${jobs} worker process${jobs === 1 ? '' : 'es'}`
  progress.say(`${feeder.name}: seeds ${from} to ${from + count - 1}, ${seconds} virtual seconds each, ${workers}`)
  await checkSeeds({
    feeder: given.feeder,
    seeds: numbers(from, count),
    seconds,
    jobs: Math.min(jobs, count),
    signal,
    onResult(result) {
      done++
      events += result.events
      if (result.violation !== undefined) {
        failed.push(result)
        for (const line of failure(given, result.seed, result.violation)) progress.say(line)
      }
      if (json) print(seedEvent(given, result))
      progress.step(done, failed.length === 0 ? '' : `${failed.length} failed`)
    },
  })
  progress.end()
  failed.sort((one, other) => one.seed - other.seed)
  const [first] = failed
  const written =
    first?.violation === undefined || !given.shrinks || signal.aborted
      ? undefined
      : await shrinkSeed(given, feeder, first.seed, first.violation, progress)

  const minutes = (performance.now() - began) / 60_000
  const perMinute = done / minutes
  if (json) {
    const seeds = failed.map(({ seed }) => seed)
    print({ event: 'summary', ok: seeds.length === 0, seeds: done, failed: seeds, events, perMinute, ...written })
  } else {
    const took = `${minutes.toFixed(1)} min, ${perMinute.toFixed(1)} seeds/min, ${events} events`
    progress.say(
      `${done} seeds, ${done - failed.length} ok, ${failed.length} failed${signal.aborted ? ', ended by hand' : ''}; ${took}`,
    )
  }
  return failed.length === 0 ? exitCodes.done : exitCodes.expectationFailed
}

function* numbers(from: number, count: number): Generator<number> {
  for (let number = from; number < from + count; number++) yield number
}

function feederOf(named: string): FeederFile {
  try {
    const feeder = readShippedFeeder(named)
    if (feeder.ieds.length > 0) return feeder
    throw new NodeError('BAD_INPUT', `feeder ${named}: has no IEDs, want one at least under "ieds"`)
  } catch (cause) {
    if (cause instanceof TopologyError) throw new NodeError('BAD_INPUT', cause.message, { cause })
    throw cause
  }
}

/** How the seed is had again. */
function replay({ feeder, seconds }: SimFuzzArguments, seed: number): string {
  const length = seconds === DEFAULT_SECONDS ? '' : ` --seconds ${seconds}`
  return `feedermesh sim fuzz ${feeder} --seed ${seed}${length}`
}

function failure(given: SimFuzzArguments, seed: number, { invariant, atMs, what }: Violation): string[] {
  const commit = commitHere()
  const when = Number.isFinite(atMs) ? ` at ${(atMs / 1000).toFixed(3)} s` : ''
  return [
    `seed ${seed} fails${when}: ${what}`,
    `  ${invariant}: ${invariants[invariant]}`,
    `  ${commit === undefined ? '' : `commit ${commit}; `}the same again: ${replay(given, seed)}`,
  ]
}

function seedEvent(
  given: SimFuzzArguments,
  { seed, violation, events, happenings }: SeedResult,
): Record<string, unknown> {
  const ok = violation === undefined
  if (ok) return { event: 'seed', seed, ok, events, happenings }
  const { invariant, what } = violation
  const atMs = Number.isFinite(violation.atMs) ? { atMs: violation.atMs } : {}
  const commit = commitHere()
  return {
    event: 'seed',
    seed,
    ok,
    events,
    happenings,
    invariant,
    ...atMs,
    what,
    ...(commit === undefined ? {} : { commit }),
    replay: replay(given, seed),
  }
}

async function shrinkSeed(
  given: SimFuzzArguments,
  feeder: FeederFile,
  seed: number,
  { invariant }: Violation,
  progress: Progress,
): Promise<{ readonly scenario: string; readonly happenings: number }> {
  const story = drawStory(feeder, seed, given.seconds)
  const before = story.happenings.length
  const { story: small, tries } = await shrink(story, {
    budget: SHRINK_BUDGET,
    fails: async candidate =>
      !given.signal.aborted && (await checkStory(feeder, candidate)).violation?.invariant === invariant,
    onTry: (done, happenings) =>
      progress.note(`making seed ${seed} smaller: ${happenings} of ${before} left, run ${done}`),
  })
  progress.end()
  const path = given.writeTo ?? `fuzz-${feeder.name}-${seed}.yaml`
  writeFileSync(path, scenarioText(given, small, seed, invariant))
  const after = small.happenings.length
  progress.say(`seed ${seed} made smaller: ${after} of ${before} happenings, in ${tries} runs`)
  progress.say(`  written to ${path}: feedermesh sim run ${path}`)
  return { scenario: path, happenings: after }
}

function scenarioText({ feeder }: SimFuzzArguments, story: Story, seed: number, invariant: string): string {
  const scenario = { ...scenarioOf(story), feeder, invariants: true }
  return `# Seed ${seed} of the fuzzer, made smaller. It breaks: ${invariant}.\n${writeScenario(scenario)}`
}

const silent: Progress = { step: () => {}, note: () => {}, say: () => {}, end: () => {} }

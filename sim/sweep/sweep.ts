// All faults of a sweep, in several processes at once when there are many.

import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import { type Comms, type FaultCase, faultCases } from './fault-case.ts'
import { type CaseOptions, type CaseResult, sweepCase } from './sweep-case.ts'

export interface SweepOptions extends CaseOptions {
  /** By name; absent: all. */
  readonly sections?: readonly string[]
  readonly kinds: readonly FaultKind[]
  /** Processes; 1 plays all of it in this one. By default as many as the machine runs at once, for many faults. */
  readonly jobs?: number
  readonly onProgress?: (done: number, of: number) => void
  /** What one fault came to, and the first section of which not everything has been played yet. */
  readonly onPlayed?: (results: readonly CaseResult[], firstLeft: string | undefined) => void
  readonly signal?: AbortSignal
}

export interface Sweep {
  readonly feeder: string
  readonly kinds: readonly FaultKind[]
  readonly comms: readonly Comms[]
  readonly resistanceOhm: number
  readonly seed: string
  readonly limitMs: number
  /** Section by section in the order of the file, then by kind, then by communications. */
  readonly cases: readonly CaseResult[]
}

/** To and from a process of a sweep. */
export type ToSweepProcess =
  | { readonly kind: 'begin'; readonly file: FeederFile; readonly options: CaseOptions }
  | { readonly kind: 'play'; readonly index: number; readonly fault: FaultCase }
export type FromSweepProcess =
  | { readonly kind: 'ready' }
  | { readonly kind: 'played'; readonly index: number; readonly results: readonly CaseResult[] }
  | { readonly kind: 'failed'; readonly message: string }

const ENTRY = fileURLToPath(new URL(`sweep-process${import.meta.url.slice(-3)}`, import.meta.url))
/** A process starts in half a second, which is worth it for so many faults each. */
const WORTH_A_PROCESS = 6
const MOST_JOBS = 16

/**
 * Deterministic: the feeder and the options decide the result, whatever the number of jobs.
 *
 * @throws NodeError BAD_INPUT for a section that the feeder does not have; the signal's reason when it is aborted
 */
export async function sweep(file: FeederFile, options: SweepOptions): Promise<Sweep> {
  const { kinds, comms, resistanceOhm, seed, limitMs, alwaysWithAgents } = options
  const faults = faultCases(file, options.sections, kinds)
  const own: CaseOptions = { comms, resistanceOhm, seed, limitMs, alwaysWithAgents }
  const usual = Math.min(availableParallelism(), Math.ceil(faults.length / WORTH_A_PROCESS))
  const jobs = Math.max(1, Math.min(options.jobs ?? usual, faults.length, MOST_JOBS))
  const results =
    jobs === 1 ? await inThisProcess(file, faults, own, options) : await inProcesses(jobs, file, faults, own, options)
  return { feeder: file.name, kinds, comms, resistanceOhm, seed, limitMs, cases: results.flat() }
}

type Look = Pick<SweepOptions, 'onProgress' | 'onPlayed' | 'signal'>

const firstLeft = (faults: readonly FaultCase[], results: readonly unknown[]): string | undefined =>
  faults.find((_, n) => results[n] === undefined)?.section

async function inThisProcess(
  file: FeederFile,
  faults: readonly FaultCase[],
  own: CaseOptions,
  { onProgress, onPlayed, signal }: Look,
): Promise<CaseResult[][]> {
  const results: CaseResult[][] = []
  onProgress?.(0, faults.length)
  for (const fault of faults) {
    signal?.throwIfAborted()
    const played = await sweepCase(file, fault, own)
    results.push(played)
    onPlayed?.(played, firstLeft(faults, results))
    onProgress?.(results.length, faults.length)
  }
  return results
}

/** Each process gets the next fault when it has played one. */
async function inProcesses(
  jobs: number,
  file: FeederFile,
  faults: readonly FaultCase[],
  own: CaseOptions,
  { onProgress, onPlayed, signal }: Look,
): Promise<(readonly CaseResult[])[]> {
  const results: (readonly CaseResult[])[] = []
  const children = Array.from({ length: jobs }, () => fork(ENTRY, [], { serialization: 'advanced', execArgv: [] }))
  let next = 0
  let done = 0
  onProgress?.(0, faults.length)
  try {
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => reject(signal?.reason as Error)
      if (signal?.aborted) giveUp()
      signal?.addEventListener('abort', giveUp, { once: true })
      for (const child of children) {
        const ask = (message: ToSweepProcess): void => void child.send(message)
        const hand = (): void => {
          const fault = faults[next]
          if (fault !== undefined) ask({ kind: 'play', index: next++, fault })
        }
        child.on('error', reject)
        child.on('exit', code => done < faults.length && reject(new Error(`a process of the sweep ended (${code})`)))
        child.on('message', (message: FromSweepProcess) => {
          if (message.kind === 'failed') return reject(new Error(message.message))
          // It listens only when all of it is loaded.
          if (message.kind === 'ready') ask({ kind: 'begin', file, options: own })
          if (message.kind === 'played') {
            results[message.index] = message.results
            done++
            onPlayed?.(message.results, firstLeft(faults, results))
            onProgress?.(done, faults.length)
            if (done === faults.length) return resolve()
          }
          hand()
        })
      }
    })
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
  return results
}

// The feeder's states through a run, for the diagram: before, and after each change of switching or of a fault.

import type { FaultPlace, Overlay } from '../../topology/diagram/index.ts'
import type { DevicePosition } from '../../topology/feeder.ts'
import type { RunResult } from '../run/index.ts'

export interface Moment {
  readonly atMs: number
  /** What changed, in a few words. */
  readonly words: string
  readonly positions: ReadonlyMap<string, DevicePosition>
  readonly overlay: Overlay
}

type Run = Pick<RunResult, 'scenario' | 'feeder' | 'steps' | 'switching' | 'endMs'>

interface FaultSpan {
  readonly place: FaultPlace
  readonly words: string
  readonly fromMs: number
  readonly toMs: number
}

/** @param most how many are kept: the first, then evenly */
export function momentsOf(run: Run, most: number): Moment[] {
  const faults = faultsOf(run)
  const changes = new Map<number, string[]>()
  const note = (atMs: number, words: string): void => void changes.set(atMs, [...(changes.get(atMs) ?? []), words])
  for (const { fromMs, toMs, words } of faults) {
    note(fromMs, words)
    if (toMs <= run.endMs) note(toMs, 'the fault is gone')
  }
  for (const { atMs, device, kind } of run.switching) note(atMs, `${device} ${VERB[kind] ?? kind}`)
  const times = [...changes.keys()].filter(atMs => atMs > 0).sort((one, other) => one - other)
  const moments = [0, ...times].map(atMs => momentAt(run, faults, atMs, changes.get(atMs) ?? ['before']))
  if (moments.length <= most) return moments
  const step = (moments.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, index) => moments[Math.round(index * step)] as Moment)
}

const VERB: Readonly<Record<string, string>> = {
  open: 'open',
  'fuse blown': 'blown',
  close: 'closed',
  reclose: 'recloses',
}

function momentAt(run: Run, faults: readonly FaultSpan[], atMs: number, words: readonly string[]): Moment {
  const past = run.switching.filter(change => change.atMs <= atMs)
  const positions = new Map<string, DevicePosition>(Object.entries(run.scenario.positions))
  for (const { device, position } of past) positions.set(device, position)
  // What operated belongs to the last fault; without one, all that has.
  const since = Math.max(0, ...faults.map(({ fromMs }) => fromMs).filter(fromMs => fromMs <= atMs))
  const operated = new Map<string, string>()
  for (const change of past.filter(each => each.atMs >= since)) {
    const ms = change.atMs - since
    const when = since > 0 && ms < 10_000 ? `after ${ms.toFixed(0)} ms` : `at ${(change.atMs / 1000).toFixed(2)} s`
    operated.set(change.device, `${VERB[change.kind] ?? change.kind} ${when}`)
  }
  return {
    atMs,
    words: words.join(', '),
    positions,
    overlay: {
      faults: faults.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs).map(({ place }) => place),
      operated: [...operated].map(([device, label]) => ({ device, label })),
    },
  }
}

function faultsOf({ scenario, steps, endMs }: Run): FaultSpan[] {
  return steps.flatMap(({ name, atMs, endMs: over, words }) => {
    const step = scenario.steps.find((each, index) => (each.name ?? `step-${index + 1}`) === name)
    if (step === undefined || !('fault' in step)) return []
    const { section, node, position = 0.5, kind } = step.fault
    const label = kind ?? 'fault'
    const place: FaultPlace = section === undefined ? { node: node ?? '', label } : { section, at: position, label }
    return [{ place, words, fromMs: atMs, toMs: over ?? endMs + 1 }]
  })
}

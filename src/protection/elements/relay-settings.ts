// A relay as the feeder file has it, as the stages of its elements.

import type {
  InstantaneousEntry,
  RecloseEntry,
  RelayEntry,
  SectionalizerEntry,
  StageEntry,
} from '../../../topology/relay-file.ts'
import { duration } from '../../../topology/units.ts'
import type { Reset } from './curve.ts'
import type { OvercurrentSettings, OvercurrentStage } from './overcurrent.ts'
import type { SectionalizerSettings } from './sectionalizer.ts'
import { operatingSeconds, type StageSettings, type StageTiming } from './stage.ts'

/** One stage of the file. @param dropoutRatio of the pickup; 1: it drops out where it picks up */
export function stageSettings(entry: StageEntry, dropoutRatio = 1): StageSettings {
  const { pickupAmps, reset } = entry
  return {
    pickup: pickupAmps,
    ...(dropoutRatio === 1 ? {} : { dropout: pickupAmps * dropoutRatio }),
    timing: timingOf(entry),
    ...(reset === undefined ? {} : { reset: resetOf(reset) }),
  }
}

/** Seconds from pickup to trip by this stage alone, without the breaker's own time; infinite at or below its pickup. */
export const stageSeconds = (entry: StageEntry | InstantaneousEntry, amps: number): number =>
  operatingSeconds(stageSettings(entry), amps)

/** All stages of a relay; the fast ones only where its reclosing has fast shots. */
export function overcurrentSettings(
  relay: RelayEntry,
  reclose: RecloseEntry | undefined,
  dropoutRatio = 1,
): OvercurrentSettings {
  const { ground, instantaneous, fast } = relay
  const stages: OvercurrentStage[] = []
  const add = (name: string, quantity: 'phase' | 'ground', entry?: StageEntry, isFast = false): void => {
    const isHigh = name.startsWith('50')
    if (entry !== undefined) stages.push({ name, quantity, isFast, isHigh, stage: stageSettings(entry, dropoutRatio) })
  }
  add('51P', 'phase', relay)
  add('51N', 'ground', ground)
  add('50P', 'phase', instantaneous)
  add('50N', 'ground', ground?.instantaneous)
  if ((reclose?.fastShots ?? 0) > 0) {
    add('51P fast', 'phase', fast, true)
    add('51N fast', 'ground', fast?.ground, true)
  }
  return stages
}

export const sectionalizerSettings = (entry: SectionalizerEntry): SectionalizerSettings => ({
  actuatingAmps: entry.actuatingAmps,
  counts: entry.counts,
  memory: duration(entry.memoryMs),
  restraintAmps: entry.restraintAmps,
  inrushRestraint: duration(entry.inrushRestraintMs),
})

function timingOf({ delayMs = 0, curve, timeMultiplier = 1, maxMultiple, minimumMs }: StageEntry): StageTiming {
  if (curve === undefined) return { kind: 'definite', delay: duration(delayMs) }
  return {
    kind: 'inverse',
    curve,
    timeMultiplier,
    ...(maxMultiple === undefined ? {} : { maxMultiple }),
    ...(minimumMs === undefined ? {} : { minimumSeconds: minimumMs / 1000 }),
  }
}

function resetOf(reset: NonNullable<StageEntry['reset']>): Reset {
  if (reset === 'instantaneous' || reset === 'inverse') return { kind: reset }
  return 'afterMs' in reset ? { kind: 'definite', seconds: reset.afterMs / 1000 } : { kind: 'inverse', ...reset }
}

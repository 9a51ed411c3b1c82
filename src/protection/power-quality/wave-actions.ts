// Transients, wave shapes and rapid voltage changes, as they are told: found in samples, told in time and per unit.

import { type Instant, instant } from '../../../topology/units.ts'
import type { ExcursionAction } from './excursion.ts'
import type { RapidChange } from './rapid-voltage-change.ts'
import { transientSeverity } from './severity.ts'
import type { WaveEvent } from './wave-event.ts'

export interface WaveTimes {
  readonly atOf: (sample: number) => Instant
  readonly samplesPerSecond: number
}

interface Begun {
  readonly id: string
  readonly startedAt: Instant
  readonly detectedAt: Instant
}

/** Holds which events of the waves are open: one of each kind and channel. */
export function waveActions() {
  const begun = new Map<string, Begun>()
  let count = 0

  return {
    /** @param crest the nominal one, in the unit of the samples */
    ofWave(
      kind: 'transient' | 'waveShape',
      channel: string,
      { phase, from, to, extreme, isCutOff }: WaveEvent,
      crest: number,
      { atOf, samplesPerSecond }: WaveTimes,
    ): ExcursionAction {
      const extremePu = extreme / crest
      const severity = kind === 'transient' ? transientSeverity(extremePu) : 'status'
      const key = `${kind} ${channel}`
      const known = begun.get(key) ?? { id: `${kind}-${++count}`, startedAt: atOf(from), detectedAt: atOf(to) }
      const common = { ...known, kind, channels: [channel], severity, extremePu } as const
      if (phase === 'begins') {
        begun.set(key, known)
        return { phase, ...common }
      }
      begun.delete(key)
      const durationMs = Math.max(0, ((to - from) * 1000) / samplesPerSecond)
      return { phase, ...common, durationMs, outerDurationMs: durationMs, ...(isCutOff ? { isCutOff } : {}) }
    },
    /** Known only when it is over: its begin and its end at once. */
    ofRapidChange(
      channel: string,
      { from, to, extremePu }: RapidChange,
      detectedAt: Instant,
      { atOf }: Pick<WaveTimes, 'atOf'>,
    ): readonly ExcursionAction[] {
      const startedAt = atOf(from)
      const durationMs = Math.max(0, instant(atOf(to)) - startedAt)
      const id = `rapidVoltageChange-${++count}`
      const kind = 'rapidVoltageChange'
      const common = { id, kind, severity: 'status', channels: [channel], startedAt, detectedAt, extremePu } as const
      return [
        { phase: 'begins', ...common },
        { phase: 'ends', ...common, durationMs, outerDurationMs: durationMs },
      ]
    },
  }
}

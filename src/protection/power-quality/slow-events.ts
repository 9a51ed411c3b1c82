// What goes on rather than happens: distortion, unbalance, frequency off nominal. Distortion and unbalance are judged over
// three seconds without a sag in them, frequency over a fifth of a second; each has to come back by a fifth of its limit.

import type { Instant } from '../../../topology/units.ts'
import type { Values } from './aggregates.ts'
import { type ExcursionAction, type ExcursionState, excursion, noExcursion } from './excursion.ts'
import { type PhaseName, phaseNames } from './samples.ts'
import type { QualitySettings } from './settings.ts'
import { frequencySeverity } from './severity.ts'

const BACK = 0.8
const THREE = ['volts.a', 'volts.b', 'volts.c'].join(' ')

export function slowEvents({ thd, unbalance, frequency, assumedMs }: QualitySettings) {
  const above = (limit: number) => ({
    begins: 'any' as const,
    isBeyond: (value: number, was: boolean) => value > (was ? BACK * limit : limit),
    isFarther: (value: number, than: number) => value > than,
    severityOf: () => 'warning' as const,
    assumedMs,
  })
  const off = (pu: number): number => Math.abs(pu - 1)
  const machines = {
    harmonics: excursion({ kind: 'harmonics', ...above(thd) }),
    unbalance: excursion({ kind: 'unbalance', ...above(unbalance) }),
    frequency: excursion({
      ...above(frequency),
      kind: 'frequency',
      isBeyond: (pu, was) => off(pu) > (was ? BACK * frequency : frequency),
      isFarther: (pu, than) => off(pu) > off(than),
      severityOf: frequencySeverity,
    }),
  }
  type Kind = keyof typeof machines
  const states: Record<Kind, ExcursionState> = {
    harmonics: noExcursion,
    unbalance: noExcursion,
    frequency: noExcursion,
  }

  function hear(
    kind: Kind,
    channel: string,
    value: number | undefined,
    from: Instant,
    to: Instant,
  ): readonly ExcursionAction[] {
    const isKnown = value !== undefined && Number.isFinite(value)
    const next = isKnown
      ? machines[kind].hear(states[kind], { channel, value, from, to })
      : machines[kind].lose(states[kind], channel, to)
    states[kind] = next.state
    return next.actions.map(action => ({ ...action, channels: action.channels.flatMap(each => each.split(' ')) }))
  }

  return {
    /** @param values over three seconds */
    hear: (values: Values, from: Instant, to: Instant): readonly ExcursionAction[] => [
      ...phaseNames.flatMap((phase: PhaseName) =>
        hear('harmonics', `volts.${phase}`, values[`thd.${phase}`], from, to),
      ),
      ...hear('unbalance', THREE, values.u2, from, to),
    ],
    /** @param pu of nominal */
    hearFrequency: (pu: number, from: Instant, to: Instant): readonly ExcursionAction[] =>
      hear('frequency', 'hz', pu, from, to),
    /** Nothing is measured any more. */
    cut: (at: Instant): readonly ExcursionAction[] =>
      (Object.keys(machines) as Kind[]).flatMap(kind =>
        [...states[kind].known.keys()].flatMap(channel => hear(kind, channel, undefined, at, at)),
      ),
  }
}

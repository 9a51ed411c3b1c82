// Sags, swells and interruptions as IEC 61000-4-30 defines them, from RMS values per unit of the declared voltage.
//
// A polyphase sag or swell begins when any channel crosses its threshold and ends when all are back by the hysteresis; an
// interruption begins when all are below and ends when any is back. An interruption is also a sag: both run side by side.

import type { Instant } from '../../../topology/units.ts'
import { type ExcursionAction, type ExcursionState, excursion, type Measured, noExcursion } from './excursion.ts'
import type { QualitySettings } from './settings.ts'
import { interruptionSeverity, sagSeverity, swellSeverity } from './severity.ts'

export interface VoltageState {
  readonly sag: ExcursionState
  readonly swell: ExcursionState
  readonly interruption: ExcursionState
}

export const steadyVoltage: VoltageState = { sag: noExcursion, swell: noExcursion, interruption: noExcursion }

interface Step {
  readonly state: VoltageState
  readonly actions: readonly ExcursionAction[]
}

const isLower = (value: number, than: number): boolean => value < than
const isHigher = (value: number, than: number): boolean => value > than

export function voltageEvents(settings: QualitySettings) {
  const { sagPu, swellPu, interruptionPu, hysteresisPu, assumedMs } = settings
  const machines = {
    sag: excursion({
      kind: 'sag',
      begins: 'any',
      isBeyond: (pu, was) => pu < (was ? sagPu + hysteresisPu : sagPu),
      isFarther: isLower,
      severityOf: sagSeverity,
      assumedMs,
    }),
    swell: excursion({
      kind: 'swell',
      begins: 'any',
      isBeyond: (pu, was) => pu > (was ? swellPu - hysteresisPu : swellPu),
      isFarther: isHigher,
      severityOf: swellSeverity,
      assumedMs,
    }),
    interruption: excursion({
      kind: 'interruption',
      begins: 'all',
      isBeyond: (pu, was) => pu < (was ? interruptionPu + hysteresisPu : interruptionPu),
      isFarther: isLower,
      severityOf: interruptionSeverity,
      assumedMs,
    }),
  }
  const each = (
    step: (kind: keyof VoltageState) => { state: ExcursionState; actions: readonly ExcursionAction[] },
  ): Step => {
    const sag = step('sag')
    const swell = step('swell')
    const interruption = step('interruption')
    const actions = [...sag.actions, ...swell.actions, ...interruption.actions]
    return { state: { sag: sag.state, swell: swell.state, interruption: interruption.state }, actions }
  }

  return {
    /** These are measured from now on: an interruption needs to know how many there are. */
    expect(state: VoltageState, channels: readonly string[]): VoltageState {
      const next = (of: ExcursionState): ExcursionState => ({
        ...of,
        known: new Map(channels.map(channel => [channel, of.known.get(channel)])),
      })
      return { sag: next(state.sag), swell: next(state.swell), interruption: next(state.interruption) }
    },
    /** @param measured whose value is a number */
    hear: (state: VoltageState, measured: Measured): Step => each(kind => machines[kind].hear(state[kind], measured)),
    lose: (state: VoltageState, channel: string, at: Instant): Step =>
      each(kind => machines[kind].lose(state[kind], channel, at)),
  }
}

/** Something runs that makes values of this time flagged (IEC 61000-4-30 §4.7). */
export const isDisturbed = ({ sag, swell, interruption }: VoltageState): boolean =>
  sag.running !== undefined || swell.running !== undefined || interruption.running !== undefined

// The elements beside overcurrent: each compares one measured quantity with its pickup, for its time.
//
//   27   undervoltage       lowest phase, or all phases       46   negative-sequence current
//   59   overvoltage        highest phase                     47   negative-sequence voltage
//   59N  residual voltage   3V0                               81U, 81O   frequency   81R   its rate of change
//
// All of them are secure by default: what is not measured picks nothing up. 27 and 81 are blocked while there is next to no
// voltage, and so is 27 while the device is open or the instrument transformer's fuse has gone: an open feeder is dead, and
// that is no fault. 81 wants several estimates in a row that agree.

import type { Duration, Instant } from '../../../topology/units.ts'
import { largest, negativeSequence, type Quantities, residual, sizeOf, smallest } from './quantities.ts'
import { noRate, type RateState, rateOfChange } from './rate-of-change.ts'
import { restingStage, type StageAction, type StageState, type StageTiming, stage } from './stage.ts'

export type MeasuredKind = '27' | '59' | '59N' | '46' | '47' | '81U' | '81O' | '81R'

export interface MeasuredSettings {
  readonly name: string
  readonly kind: MeasuredKind
  /** Volts line to neutral, amps, Hz, Hz/s. */
  readonly pickup: number
  /** By default 5 % towards normal; of frequencies 0.05 Hz, of rates a fifth. */
  readonly dropout?: number
  readonly timing: StageTiming
  /** 27: whether one phase is enough. By default it is. */
  readonly phases?: 'any' | 'all'
  /** 27 and 81: no voltage above this, no pickup. */
  readonly leastVolts?: number
  /** 81R: over how long. */
  readonly window?: Duration
}

export interface MeasuredState {
  readonly stage: StageState
  readonly rate: RateState
  /** How many estimates of frequency in a row were beyond. */
  readonly inARow: number
}

export interface Surroundings {
  readonly isOpen: boolean
  /** The voltage transformer's fuse has gone, or the measurement is doubted. */
  readonly isVoltageDoubted: boolean
}

/** Estimates that must agree: three cycles' worth, taken each half cycle. */
const IN_A_ROW = 6

export const restingMeasured = (at: Instant): MeasuredState => ({ stage: restingStage(at), rate: noRate, inARow: 0 })

export function measured(settings: MeasuredSettings) {
  const { kind, pickup, timing } = settings
  const side = kind === '27' || kind === '81U' ? 'under' : 'over'
  const step = stage({ pickup, dropout: settings.dropout ?? dropoutOf(kind, pickup), side, timing })

  return (
    state: MeasuredState,
    quantities: Quantities,
    surroundings: Surroundings,
    now: Instant,
  ): { readonly state: MeasuredState; readonly actions: readonly StageAction[] } => {
    const rate =
      kind === '81R'
        ? rateOfChange(settings.window ?? (500 as Duration), state.rate, quantities.hz, now)
        : { state: noRate, hzPerS: undefined }
    const isBlocked = blocked(settings, quantities, surroundings)
    const value = isBlocked ? undefined : measuredValue(settings, quantities, rate.hzPerS)
    const isFrequency = kind === '81U' || kind === '81O'
    const isBeyond = value !== undefined && (side === 'under' ? value < pickup : value > pickup)
    const inARow = isFrequency && isBeyond ? Math.min(IN_A_ROW, state.inARow + 1) : 0
    // Until enough of them agree, the pickup itself waits; once it stands, the dropout decides.
    const counts = !isFrequency || state.stage.isPickedUp || inARow >= IN_A_ROW
    const next = step(state.stage, { kind: 'value', value: counts ? value : undefined }, now)
    return { state: { stage: next.state, rate: rate.state, inARow }, actions: next.actions }
  }
}

function dropoutOf(kind: MeasuredKind, pickup: number): number {
  if (kind === '81U') return pickup + 0.05
  if (kind === '81O') return pickup - 0.05
  if (kind === '81R') return pickup * 0.8
  return kind === '27' ? pickup * 1.05 : pickup * 0.95
}

function blocked(
  { kind, leastVolts = 0 }: MeasuredSettings,
  { volts }: Quantities,
  { isOpen, isVoltageDoubted }: Surroundings,
): boolean {
  if (kind === '46') return false
  if (isVoltageDoubted) return true
  if (kind === '27' && isOpen) return true
  if (kind === '59' || kind === '59N' || kind === '47') return false
  return (largest(volts) ?? 0) < leastVolts
}

function measuredValue(
  { kind, phases = 'any' }: MeasuredSettings,
  { volts, amps, hz }: Quantities,
  hzPerS: number | undefined,
): number | undefined {
  switch (kind) {
    case '27':
      return phases === 'any' ? smallest(volts) : largest(volts)
    case '59':
      return largest(volts)
    case '59N':
      return sizeOf(residual(volts))
    case '46':
      return sizeOf(negativeSequence(amps))
    case '47':
      return sizeOf(negativeSequence(volts))
    case '81U':
    case '81O':
      return hz
    case '81R':
      return hzPerS === undefined ? undefined : Math.abs(hzPerS)
  }
}

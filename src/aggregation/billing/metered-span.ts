// What a bill says of multipliers: from when to when which ones held, what the registers said in that time, and what energy
// follows from it. Of what was measured alone: estimates and edits have no registers.

import { isSameMultiplier, type Multiplier } from '../multiplier.ts'
import { intervalsIn, type Period } from './interval.ts'
import type { RawInterval } from './vee.ts'

export interface MeteredSpan extends Period {
  /** Undefined: registers are primary energy. */
  readonly multiplier: Multiplier | undefined
  readonly rawImportWh: bigint
  readonly rawExportWh: bigint
  readonly importWh: bigint
  readonly exportWh: bigint
}

/** More changes in one bill are a fault of the configuration; the rest is summed with the last. */
export const MOST_SPANS = 64

/** In order. Empty where nothing is multiplied. */
export function meteredSpans(raw: readonly RawInterval[], period: Period): MeteredSpan[] {
  const spans: MeteredSpan[] = []
  for (const each of intervalsIn(raw, period).toSorted((a, b) => a.startUtcMs - b.startUtcMs)) {
    const { startUtcMs, endUtcMs, importWh, exportWh, multiplier, onRegisters = each } = each
    const last = spans.at(-1)
    const goesOn = last !== undefined && (isSameMultiplier(last.multiplier, multiplier) || spans.length >= MOST_SPANS)
    const before = goesOn ? last : { rawImportWh: 0n, rawExportWh: 0n, importWh: 0n, exportWh: 0n }
    if (goesOn) spans.pop()
    spans.push({
      fromUtcMs: goesOn ? last.fromUtcMs : startUtcMs,
      toUtcMs: endUtcMs,
      multiplier: goesOn ? last.multiplier : multiplier,
      rawImportWh: before.rawImportWh + onRegisters.importWh,
      rawExportWh: before.rawExportWh + onRegisters.exportWh,
      importWh: before.importWh + importWh,
      exportWh: before.exportWh + exportWh,
    })
  }
  return spans.some(({ multiplier }) => multiplier !== undefined) ? spans : []
}

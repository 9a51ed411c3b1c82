// The readings of a ledger as a meter's intervals. They tile and carry the registers, so their differences are the energy. This
// is the one place where a reading becomes usage: by its multipliers, with what the registers said beside it.

import { factorOf, multiplied } from '../multiplier.ts'
import { type Reading, voltageIn } from '../reading.ts'
import { type Exact, one } from './exact.ts'
import type { Energy } from './interval.ts'
import type { RawInterval } from './vee.ts'

export function rawInterval(reading: Reading): RawInterval {
  const { startUtcMs, endUtcMs, importWhEnd, exportWhEnd, importVarhEnd, exportVarhEnd } = reading
  const { volts, hasVoltage, flags, multiplier } = reading
  const factor = factorOf(multiplier)
  return {
    startUtcMs,
    endUtcMs,
    ...usageOf(reading),
    ...(multiplier === undefined ? {} : { multiplier, onRegisters: energyBy(reading, one) }),
    importRegisterWh: multiplied(importWhEnd, factor),
    exportRegisterWh: multiplied(exportWhEnd, factor),
    ...(importVarhEnd === undefined ? {} : { importRegisterVarh: multiplied(importVarhEnd, factor) }),
    ...(exportVarhEnd === undefined ? {} : { exportRegisterVarh: multiplied(exportVarhEnd, factor) }),
    ...(hasVoltage === undefined ? voltageIn(volts) : { hasVoltage }),
    flags,
  }
}

/** Primary energy of a reading. */
export const usageOf = (reading: Reading): Energy => energyBy(reading, factorOf(reading.multiplier))

function energyBy(reading: Reading, factor: Exact): Energy {
  const { importWhStart, importWhEnd, exportWhStart, exportWhEnd } = reading
  const { importVarhStart, importVarhEnd, exportVarhStart, exportVarhEnd } = reading
  const between = (start: bigint, end: bigint): bigint => multiplied(end, factor) - multiplied(start, factor)
  return {
    importWh: between(importWhStart, importWhEnd),
    exportWh: between(exportWhStart, exportWhEnd),
    ...(importVarhStart === undefined || importVarhEnd === undefined
      ? {}
      : { importVarh: between(importVarhStart, importVarhEnd) }),
    ...(exportVarhStart === undefined || exportVarhEnd === undefined
      ? {}
      : { exportVarh: between(exportVarhStart, exportVarhEnd) }),
  }
}

/** The usual length of the readings: what most of them have. */
export function usualIntervalMs(
  intervals: readonly Pick<RawInterval, 'startUtcMs' | 'endUtcMs'>[],
  otherwise: number,
): number {
  const counts = new Map<number, number>()
  for (const { startUtcMs, endUtcMs } of intervals) {
    const length = endUtcMs - startUtcMs
    if (length > 0) counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? otherwise
}

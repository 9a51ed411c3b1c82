// The readings of a ledger as a meter's intervals. They tile and carry the registers, so their differences are the energy.

import { type Reading, voltageIn } from '../reading.ts'
import type { RawInterval } from './vee.ts'

export function rawInterval(reading: Reading): RawInterval {
  const { startUtcMs, endUtcMs, importWhStart, importWhEnd, exportWhStart, exportWhEnd, volts, hasVoltage, flags } =
    reading
  return {
    startUtcMs,
    endUtcMs,
    importWh: importWhEnd - importWhStart,
    exportWh: exportWhEnd - exportWhStart,
    ...reactive(reading),
    importRegisterWh: importWhEnd,
    ...(hasVoltage === undefined ? voltageIn(volts) : { hasVoltage }),
    flags,
  }
}

function reactive({ importVarhStart, importVarhEnd, exportVarhStart, exportVarhEnd }: Reading): Partial<RawInterval> {
  return {
    ...(importVarhStart === undefined || importVarhEnd === undefined
      ? {}
      : { importVarh: importVarhEnd - importVarhStart }),
    ...(exportVarhStart === undefined || exportVarhEnd === undefined
      ? {}
      : { exportVarh: exportVarhEnd - exportVarhStart }),
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

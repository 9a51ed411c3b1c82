// What a meter's register counted between two looks: modulo its digits or bits, times its multipliers.

import { decimal, type Exact, exact, times } from './exact.ts'

export interface RegisterSettings {
  /** Of a mechanical or decimal display: 5 digits begin again after 99999. */
  readonly digits?: number
  /** Of a binary register: modulo 2^bits, before scaling. */
  readonly bits?: 16 | 32 | 64
  /** Watt-hours of one step on the secondary side. */
  readonly stepWh: string
  /** Current and voltage transformers: primary = secondary × CT × VT. Both are 1 where the register shows primary values. */
  readonly ctRatio?: string
  readonly vtRatio?: string
}

/**
 * Primary watt-hours. Rolls over at most once.
 *
 * @param mostWh what can flow in the time, on the primary side
 * @returns `impossible` when it would be more than that: the register was reset or exchanged
 */
export function registerDelta(
  previous: bigint,
  next: bigint,
  { digits, bits, stepWh, ctRatio = '1', vtRatio = '1' }: RegisterSettings,
  mostWh?: bigint,
): Exact | 'impossible' {
  const modulus = digits !== undefined ? 10n ** BigInt(digits) : bits !== undefined ? 1n << BigInt(bits) : undefined
  const isOutside = (value: bigint): boolean => value < 0n || (modulus !== undefined && value >= modulus)
  if (isOutside(previous) || isOutside(next)) return 'impossible'
  const steps = next >= previous || modulus === undefined ? next - previous : next - previous + modulus
  if (steps < 0n) return 'impossible'
  const primary = times(times(exact(steps), decimal(stepWh)), times(decimal(ctRatio), decimal(vtRatio)))
  return mostWh !== undefined && primary.top > mostWh * primary.bottom ? 'impossible' : primary
}

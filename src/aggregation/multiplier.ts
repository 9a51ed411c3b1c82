// From what a meter's registers show to primary energy: times the ratios of its transformers and its constant, and corrected
// by the error of these ratios. A reading keeps the registers as they were read, and the multipliers that hold for it beside
// them; whoever computes with energy multiplies, here, and has both. So a change of multipliers counts from the reading on
// that names the new ones, everywhere, and whoever may read a meter's billing records needs nothing else.
//
// Exact: factors are fractions. Registers are multiplied and then rounded to whole watt-hours, half-up, before differences are
// taken, so that the energies of readings add up to that of their registers.

import { z } from 'zod'
import type { Metering } from './assets/asset-records.ts'
import { compare, decimal, type Exact, one, over, plus, rounded, times } from './billing/exact.ts'

const ratio = z.string().regex(/^(?=.*[1-9])\d{1,7}(\.\d{1,9})?$/)

export const multiplierSchema = z.strictObject({
  /** Primary per secondary; both are 1 where the driver gives primary values. */
  ctRatio: ratio,
  vtRatio: ratio,
  /** Watt-hours of one step of the registers as they come from the driver. */
  constant: ratio,
  /** By how much the transformers together show too much, in percent; negative: too little. */
  ratioErrorPercent: z
    .string()
    .regex(/^-?\d(\.\d{1,6})?$/)
    .exactOptional(),
})
export type Multiplier = z.output<typeof multiplierSchema>

const keyOf = (given: Multiplier | undefined): string =>
  given === undefined ? '' : [given.ctRatio, given.vtRatio, given.constant, given.ratioErrorPercent ?? '0'].join(' ')

export const isSameMultiplier = (a: Multiplier | undefined, b: Multiplier | undefined): boolean => keyOf(a) === keyOf(b)

/** Readings by the ten thousand have the same few; beyond these they are computed anew. */
const MOST_KNOWN = 256
const known = new Map<string, Exact>()

export function factorOf(given: Multiplier | undefined): Exact {
  if (given === undefined) return one
  const key = keyOf(given)
  const found = known.get(key)
  if (found !== undefined) return found
  const ratios = times(times(decimal(given.ctRatio), decimal(given.vtRatio)), decimal(given.constant))
  const shown = plus(one, over(decimal(given.ratioErrorPercent ?? '0'), decimal('100')))
  const factor = over(ratios, shown)
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(key, factor)
  return factor
}

/** Whole primary watt-hours (or varh) of a register. */
export const multiplied = (register: bigint, factor: Exact): bigint =>
  factor.top === factor.bottom ? register : rounded({ top: register * factor.top, bottom: factor.bottom }, 0, 'half-up')

/** What the registers show at the least when so much flows on the primary side; rounded up. */
export const onRegisters = (primaryWh: bigint, { top, bottom }: Exact): bigint => (primaryWh * bottom + top - 1n) / top

/** What readings say of their registers by these settings; undefined where registers are primary energy as they stand. */
export function multiplierOf(metering: Metering | undefined): Multiplier | undefined {
  if (metering === undefined) return undefined
  const { ctRatio, vtRatio, multiplier, registers, ratioErrorPercent } = metering
  const isSecondary = registers !== 'primary'
  const made: Multiplier = {
    ctRatio: String(isSecondary ? ctRatio : 1),
    vtRatio: String(isSecondary ? vtRatio : 1),
    constant: String(multiplier),
    ...(ratioErrorPercent === undefined ? {} : { ratioErrorPercent: String(ratioErrorPercent) }),
  }
  return compare(factorOf(made), one) === 0 ? undefined : made
}

/** For people: `CT 40, VT 1, constant 1, ratio error -0.2 %`. */
export const multiplierWords = (given: Multiplier | undefined): string =>
  given === undefined
    ? 'none'
    : [
        `CT ${given.ctRatio}, VT ${given.vtRatio}, constant ${given.constant}`,
        ...(given.ratioErrorPercent === undefined ? [] : [`ratio error ${given.ratioErrorPercent} %`]),
      ].join(', ')

// Exact numbers for money and energy: fractions of whole numbers. Nothing is rounded but where a rule says so, once.

import { BillingError } from './billing-error.ts'

/** `top / bottom`, with a positive bottom; not always in lowest terms. */
export interface Exact {
  readonly top: bigint
  readonly bottom: bigint
}

/** Half away from zero, or half to the even neighbour. */
export type Rounding = 'half-up' | 'half-even'

export const exact = (top: bigint | number, bottom: bigint | number = 1n): Exact =>
  bottom < 0 ? { top: -BigInt(top), bottom: -BigInt(bottom) } : { top: BigInt(top), bottom: BigInt(bottom) }

export const zero = exact(0n)
export const one = exact(1n)

const FORM = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/

/** @throws BillingError BAD_TARIFF for what is no decimal number */
export function decimal(text: string): Exact {
  const [, sign, whole, part = '', exponent = '0'] = FORM.exec(text) ?? []
  if (whole === undefined) throw new BillingError('BAD_TARIFF', `"${text}", want a decimal number such as "0.1234"`)
  const digits = BigInt(whole + part) * (sign === '-' ? -1n : 1n)
  const places = part.length - Number(exponent)
  return places >= 0 ? exact(digits, 10n ** BigInt(places)) : exact(digits * 10n ** BigInt(-places))
}

export const plus = (a: Exact, b: Exact): Exact =>
  a.bottom === b.bottom
    ? { top: a.top + b.top, bottom: a.bottom }
    : lowest({ top: a.top * b.bottom + b.top * a.bottom, bottom: a.bottom * b.bottom })
export const minus = (a: Exact, b: Exact): Exact => plus(a, { top: -b.top, bottom: b.bottom })
export const times = (a: Exact, b: Exact): Exact => lowest({ top: a.top * b.top, bottom: a.bottom * b.bottom })
export const over = (a: Exact, b: Exact): Exact => lowest(exact(a.top * b.bottom, a.bottom * b.top))
export const compare = (a: Exact, b: Exact): number => {
  const difference = a.top * b.bottom - b.top * a.bottom
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
export const greatest = (a: Exact, b: Exact): Exact => (compare(a, b) < 0 ? b : a)

function lowest(value: Exact): Exact {
  let [a, b] = [value.top < 0n ? -value.top : value.top, value.bottom]
  while (b > 0n) [a, b] = [b, a % b]
  return a <= 1n ? value : { top: value.top / a, bottom: value.bottom / a }
}

/** In units of 10^-places, as a whole number. */
export function rounded({ top, bottom }: Exact, places: number, rule: Rounding): bigint {
  const scaled = top * 10n ** BigInt(places)
  const amount = scaled < 0n ? -scaled : scaled
  const [whole, left] = [amount / bottom, (amount % bottom) * 2n]
  const isUp = left > bottom || (left === bottom && (rule === 'half-up' || whole % 2n === 1n))
  const result = whole + (isUp ? 1n : 0n)
  return scaled < 0n ? -result : result
}

/** A whole number of 10^-places as a decimal with that many places. */
export function placed(value: bigint, places: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  return `${value < 0n ? '-' : ''}${whole}${places === 0 ? '' : `.${digits.slice(digits.length - places)}`}`
}

/** Twelve places at the most, no zeros behind: what is longer is cut, and only for people to read. */
export function shown(value: Exact, least = 0): string {
  const [whole = '0', part = ''] = placed(rounded(value, 12, 'half-even'), 12).split('.')
  const places = part.replace(/0+$/, '').padEnd(least, '0')
  return places === '' ? whole : `${whole}.${places}`
}

// Exact scale factors: a register holds whole numbers, and energy must stay whole on its way to a bill.

/** A reduced fraction; the denominator is positive. */
export interface Rational {
  readonly numerator: bigint
  readonly denominator: bigint
}

export const ONE: Rational = { numerator: 1n, denominator: 1n }
export const ZERO: Rational = { numerator: 0n, denominator: 1n }

/** Reads `10`, `0.001`, `1e-3` or `1/3` exactly. `undefined` when the text is none of these, or divides by zero. */
export function parseRational(text: string | number): Rational | undefined {
  const [top = '', bottom, ...rest] = String(text).split('/')
  if (rest.length > 0) return undefined
  const numerator = parseDecimal(top.trim())
  const denominator = bottom === undefined ? ONE : parseDecimal(bottom.trim())
  if (numerator === undefined || denominator === undefined || denominator.numerator === 0n) return undefined
  return reduce(numerator.numerator * denominator.denominator, numerator.denominator * denominator.numerator)
}

export const plus = (one: Rational, other: Rational): Rational =>
  reduce(one.numerator * other.denominator + other.numerator * one.denominator, one.denominator * other.denominator)

export const times = (one: Rational, other: Rational): Rational =>
  reduce(one.numerator * other.numerator, one.denominator * other.denominator)

/** 10 to this power, which may be negative. */
export const tenTo = (power: number): Rational =>
  power < 0
    ? { numerator: 1n, denominator: 10n ** BigInt(-power) }
    : { numerator: 10n ** BigInt(power), denominator: 1n }

/** To the nearest whole number, halves away from zero. */
export function roundedWhole({ numerator, denominator }: Rational): bigint {
  const half = (abs(numerator) * 2n + denominator) / (denominator * 2n)
  return numerator < 0n ? -half : half
}

export const isWhole = (r: Rational): boolean => r.denominator === 1n

/** Nearest double to `value × factor`: one rounding at the end, so 2301 × 1/10 reads 230.1. */
export const timesNumber = (value: number, factor: Rational): number =>
  (value * Number(factor.numerator)) / Number(factor.denominator)

function parseDecimal(text: string): Rational | undefined {
  const match = /^([+-]?)(\d{1,30})(?:\.(\d{1,30}))?(?:e([+-]?\d{1,2}))?$/i.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n)
  const power = Number(exponent) - fraction.length
  return power >= 0 ? reduce(digits * 10n ** BigInt(power), 1n) : reduce(digits, 10n ** BigInt(-power))
}

function reduce(numerator: bigint, denominator: bigint): Rational {
  const divisor = gcd(abs(numerator), abs(denominator)) * (denominator < 0n ? -1n : 1n)
  return { numerator: numerator / divisor, denominator: denominator / divisor }
}

const abs = (n: bigint): bigint => (n < 0n ? -n : n)
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))

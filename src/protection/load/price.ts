// Prices, exactly: whole millionths of the currency, per kWh. Never a binary float: 0.1 + 0.2 has to be 0.3.

declare const price: unique symbol
/** Millionths of the currency per kWh. */
export type Price = bigint & { readonly [price]: true }
declare const money: unique symbol
/** Thousand-millionths of the currency: a price times watt-hours, without a remainder. */
export type Money = bigint & { readonly [money]: true }

const FORM = /^(-?)(\d{1,9})(?:\.(\d{1,6}))?$/
const SCALE = 1_000_000n

/** @returns undefined for what is no decimal number of six places at most */
export function priceOf(text: string): Price | undefined {
  const [, sign, whole, part = ''] = FORM.exec(text) ?? []
  if (whole === undefined) return undefined
  const value = BigInt(whole) * SCALE + BigInt(part.padEnd(6, '0'))
  return (sign === '-' ? -value : value) as Price
}

/** As short as it is exact, with two places at least: `0.80`. */
export function priceText(value: Price): string {
  const amount = value < 0n ? -value : value
  const places = (amount % SCALE)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '')
  return `${value < 0n ? '-' : ''}${amount / SCALE}.${places}`
}

const MONEY_SCALE = 1_000_000_000n
export function moneyText(value: Money): string {
  const amount = value < 0n ? -value : value
  const places = (amount % MONEY_SCALE)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '')
  return `${value < 0n ? '-' : ''}${amount / MONEY_SCALE}.${places}`
}

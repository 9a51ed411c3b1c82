// Bills, reliability and readable portions of the back-end peers, as a small table below the feeder.

import type { Account } from './account.ts'
import type { Palette } from './palette.ts'

const WIDE = 28

/**
 * @param room lines that there are for it: with too few the bills are summed up, with fewer still there is nothing
 */
export function accountLines(accounts: readonly Account[], p: Palette, room = Number.POSITIVE_INFINITY): string[] {
  if (accounts.length === 0) return []
  const organisations = accounts.map(({ organisation }) => organisation)
  const rest = [
    ...accounts.map(each => reliabilityLine(each, p)),
    ...accounts.map(each => portionsLine(each, organisations, p)),
  ]
  const meters = meterRows(accounts, p)
  if (meters.length + rest.length <= room) return [...meters, ...rest]
  const sums = accounts.map(each => `${label('bills', p)}${each.backEnd}: ${billSum(each)}`)
  return sums.length + rest.length <= room ? [...sums, ...rest] : []
}

const label = (text: string, p: Palette): string => p.strong(text.padEnd(13))

function meterRows(accounts: readonly Account[], p: Palette): string[] {
  const meters = [...new Set(accounts.flatMap(({ bills }) => bills.map(({ meter }) => meter)))].sort()
  const since = accounts
    .map(({ sinceUtc }) => sinceUtc)
    .sort()[0]
    ?.slice(11, 19)
  const head = `${label('bills', p)}${accounts.map(({ backEnd }) => backEnd.padEnd(WIDE)).join('')}${p.dim(`since ${since} UTC`)}`
  const rows = meters.map(meter => {
    const cells = accounts.map(({ bills }) => {
      const bill = bills.find(each => each.meter === meter)
      return bill === undefined ? p.dim('—'.padEnd(WIDE)) : billText(bill).padEnd(WIDE)
    })
    return `${meter.padEnd(13)}${cells.join('')}`.trimEnd()
  })
  const sum = `${'all'.padEnd(13)}${accounts.map(each => billSum(each).padEnd(WIDE)).join('')}`.trimEnd()
  return [head, ...rows, p.dim(sum)]
}

const billText = ({ importKwh, consumerPays, currency }: Account['bills'][number]): string =>
  `${importKwh.padStart(9)} kWh ${consumerPays.padStart(7)} ${currency}`

/** Exact: sums of whole watt-hours, and of the currency's smallest unit. */
function billSum({ bills }: Account): string {
  const first = bills[0]
  if (first === undefined) return 'none yet'
  const importKwh = sumOf(bills.map(each => each.importKwh))
  return billText({ ...first, importKwh, consumerPays: sumOf(bills.map(each => each.consumerPays)) })
}

/** Of decimals that all have the same number of places. */
export function sumOf(decimals: readonly string[]): string {
  const places = decimals[0]?.split('.')[1]?.length ?? 0
  const sum = decimals.reduce((total, each) => total + BigInt(each.replace('.', '')), 0n)
  const digits = String(sum < 0n ? -sum : sum).padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  return `${sum < 0n ? '-' : ''}${whole}${places === 0 ? '' : `.${digits.slice(-places)}`}`
}

/** Names of more than these would not fit on a line. */
const NAMED = 3

function reliabilityLine({ backEnd, reliability }: Account, p: Palette): string {
  const { ieds, power, leastReliable, blamed } = reliability
  const out = ieds.filter(({ sustained, momentary }) => sustained + momentary > 0).map(({ ied }) => ied)
  const nines = power.nines === undefined ? '' : `, ${power.isAtLeast ? 'over ' : ''}${power.nines.toFixed(2)} nines`
  const who = out.length === 0 ? 'none' : out.length > NAMED ? String(out.length) : out.join(', ')
  const worst = blamed.find(({ name }) => name === leastReliable)
  const least =
    worst === undefined
      ? ''
      : `; least reliable: ${p.bad(`${worst.kind} ${worst.name}`)}, ${(worst.downMs / 1000).toFixed(0)} s`
  return `${label('reliability', p)}${backEnd}: ${ieds.length} IEDs${nines}, interrupted: ${who}${least}`
}

/** @param organisations all that have a back end */
function portionsLine({ backEnd, readable }: Account, organisations: readonly string[], p: Palette): string {
  const words = organisations.map(owner => {
    const rows = readable.filter(({ organisation }) => organisation === owner)
    if (rows.length === 0) return p.dim(`nothing of ${owner}'s`)
    const classes = (isWanted: (row: Account['readable'][number]) => boolean): string[] => [
      ...new Set(rows.filter(isWanted).map(row => row.class)),
    ]
    const open = classes(row => row.readable > 0)
    const shut = classes(row => row.readable === 0 && row.headersOnly > 0).filter(each => !open.includes(each))
    const count = new Set(rows.map(({ ied }) => ied)).size
    const only = shut.length === 0 ? '' : p.dim(` (of ${shut.join(', ')} headers alone)`)
    return `${p.good(`${open.length} classes`)} of ${owner}'s ${count} IEDs${only}`
  })
  return `${label('portions', p)}${backEnd} reads ${words.join(', ')}`
}

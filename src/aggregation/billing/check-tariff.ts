// What is wrong with a tariff that its shape does not show: gaps and overlaps over a whole year, unknown zones and names,
// dates that are none. All faults at once, each with where it stands.

import { zoneClock } from '../local-time.ts'
import { courseOf, periodNames, seasonOf } from './schedule.ts'
import { type DayType, dayTypes, type ScheduleFile, type Tariff } from './tariff.ts'

export interface TariffFault {
  readonly path: readonly (string | number)[]
  /** What is wrong, and what is wanted. */
  readonly message: string
}

type Complain = (path: readonly (string | number)[], message: string) => void

/** Of one schedule so many gaps and overlaps are told; who mends those finds the rest. */
const MOST_FAULTS = 8

export function tariffFaults(tariff: Tariff): TariffFault[] {
  const faults: TariffFault[] = []
  const complain: Complain = (path, message) => faults.push({ path, message })
  if (zoneClock(tariff.timeZone) === undefined) {
    complain(['timeZone'], `no time zone "${tariff.timeZone}" is known, want a name such as America/Chicago`)
  }
  checkDates(tariff, complain)
  const areSeasonsSound = checkSeasons(tariff, complain)
  for (const [name, schedule] of Object.entries(tariff.schedules)) {
    if (checkNames(name, schedule, tariff, complain) && areSeasonsSound) checkCoverage(name, schedule, tariff, complain)
  }
  checkCharges(tariff, complain)
  return faults
}

const isDate = (text: string): boolean => {
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

function checkDates({ from, to, holidays, criticalPeak, prices }: Tariff, complain: Complain): void {
  for (const [key, text] of Object.entries({ from, to })) {
    if (text !== undefined && !isDate(text)) complain([key], `no such day: ${text}`)
  }
  if (from !== undefined && to !== undefined && from > to) complain(['to'], `ends before it begins on ${from}`)
  for (const [n, text] of holidays.entries()) if (!isDate(text)) complain(['holidays', n], `no such day: ${text}`)
  for (const [n, event] of (criticalPeak?.events ?? []).entries()) {
    if (Date.parse(event.to) <= Date.parse(event.from))
      complain(['criticalPeak', 'events', n, 'to'], 'ends before it begins')
  }
  const starts = prices.map(price => Date.parse(price.from))
  const seen = new Set<number>()
  for (const [n, start] of starts.entries()) {
    if (seen.has(start)) complain(['prices', n, 'from'], 'there is another price from then on, want one')
    seen.add(start)
  }
}

/** 2024 has each month and day that there is. */
const LEAP_YEAR = Date.UTC(2024, 0, 1)
const yearDays = Array.from({ length: 366 }, (_, n) => {
  const date = new Date(LEAP_YEAR + n * 86_400_000)
  return { month: date.getUTCMonth() + 1, day: date.getUTCDate() }
})
const dayText = ({ month, day }: { month: number; day: number }): string =>
  `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`

function checkSeasons({ seasons }: Tariff, complain: Complain): boolean {
  let isSound = true
  const say: Complain = (path, message) => {
    isSound = false
    complain(path, message)
  }
  for (const [n, season] of seasons.entries()) {
    for (const key of ['from', 'to'] as const) {
      if (!isDate(`2024-${season[key]}`)) say(['seasons', n, key], `no such day of a year: ${season[key]}`)
    }
  }
  if (!isSound || seasons.length === 0) return isSound
  const gaps = ranges(yearDays, at => seasonOf(seasons, at.month, at.day).length === 0)
  for (const [first, last] of gaps) {
    say(['seasons'], `no season has ${dayText(first)} to ${dayText(last)}, want each day in one`)
  }
  const overlaps = ranges(yearDays, at => seasonOf(seasons, at.month, at.day).length > 1)
  for (const [first, last] of overlaps) {
    const names = seasonOf(seasons, first.month, first.day).join(' and ')
    say(['seasons'], `${names} both have ${dayText(first)} to ${dayText(last)}, want each day in one`)
  }
  return isSound
}

function ranges<T>(all: readonly T[], holds: (each: T) => boolean): [T, T][] {
  const found: [T, T][] = []
  let isOpen = false
  for (const each of all) {
    const holdsNow = holds(each)
    const current = found.at(-1)
    if (holdsNow && isOpen && current !== undefined) current[1] = each
    else if (holdsNow) found.push([each, each])
    isOpen = holdsNow
  }
  return found
}

function checkNames(name: string, { periods }: ScheduleFile, { seasons }: Tariff, complain: Complain): boolean {
  let isSound = true
  const known = new Set(seasons.map(season => season.name))
  for (const [period, rules] of Object.entries(periods)) {
    for (const [n, rule] of rules.entries()) {
      for (const season of rule.seasons ?? []) {
        if (known.has(season)) continue
        isSound = false
        const want = known.size === 0 ? 'want it among the seasons' : `want one of ${[...known].join(', ')}`
        complain(['schedules', name, 'periods', period, n, 'seasons'], `no season "${season}", ${want}`)
      }
      if (rule.from === rule.to)
        complain(['schedules', name, 'periods', period, n, 'to'], 'ends when it begins, want another time')
    }
  }
  return isSound
}

function checkCoverage(name: string, schedule: ScheduleFile, { seasons, holidays }: Tariff, complain: Complain): void {
  const namesHoliday = Object.values(schedule.periods).some(rules => rules.some(rule => rule.days?.includes('holiday')))
  const types = dayTypes.filter(type => type !== 'holiday' || holidays.length > 0 || namesHoliday)
  const classes = new Map<string, { season: string | undefined; month: number }>()
  for (const { month, day } of yearDays) {
    const [season] = seasonOf(seasons, month, day)
    classes.set(`${season}/${month}`, { season, month })
  }
  /** The same fault of many months and days is told once. */
  const told = new Map<string, { readonly months: Set<number>; readonly days: Set<DayType> }>()
  for (const { season, month } of classes.values()) {
    for (const dayType of types) {
      for (const fault of faultsOfDay(courseOf(schedule, { season, month, dayType }))) {
        const known = told.get(fault) ?? { months: new Set(), days: new Set() }
        told.set(fault, known)
        known.months.add(month)
        known.days.add(dayType)
      }
    }
  }
  for (const [fault, { months, days }] of [...told].slice(0, MOST_FAULTS)) {
    const when = `${months.size === 12 ? 'all months' : `months ${[...months].join(', ')}`}, ${[...days].join(', ')}`
    complain(['schedules', name, 'periods'], `${fault} (${when}), want each minute in one period`)
  }
  if (told.size > MOST_FAULTS) {
    complain(['schedules', name, 'periods'], `and ${told.size - MOST_FAULTS} more gaps and overlaps`)
  }
}

function faultsOfDay(course: readonly (readonly string[])[]): string[] {
  const faults: string[] = []
  for (let from = 0; from < course.length; ) {
    const names = (course[from] ?? []).join(' and ')
    let to = from + 1
    while (to < course.length && (course[to] ?? []).join(' and ') === names) to++
    const span = `${clock(from)}-${clock(to)}`
    if (names === '') faults.push(`gap: ${span} is in no period`)
    else if ((course[from] ?? []).length > 1) faults.push(`overlap: ${span} is in ${names}`)
    from = to
  }
  return faults
}

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

// Charges -------------------------------------------------------------------------------------------------------------

type Rates = { readonly [key: string]: unknown }

function checkCharges(tariff: Tariff, complain: Complain): void {
  const { energy, demand, reactive, netMetering, criticalPeak, fixed, minimum, taxes } = tariff
  for (const [n, charge] of energy.entries()) {
    checkRates(tariff, charge, ['energy', n], ['perKwh', 'tiers', 'realTime'], complain)
  }
  for (const [n, charge] of demand.entries()) {
    checkRates(tariff, charge, ['demand', n], ['perKw', 'tiers'], complain)
    if (charge.method === 'rolling' && charge.minutes % charge.stepMinutes !== 0) {
      complain(['demand', n, 'stepMinutes'], `want a part of ${charge.minutes} min without remainder`)
    }
  }
  for (const [n, { perKvarh, perKvar }] of reactive.entries()) {
    oneOf(['reactive', n], { perKvarh, perKvar }, complain)
  }
  if (netMetering !== undefined) {
    const { method, export: given } = netMetering
    if (method === 'period' ? given !== undefined : given === undefined) {
      const want = method === 'period' ? 'left out: credit is at the price of use' : 'the price of what is given'
      complain(['netMetering', 'export'], `by the method "${method}" want it ${want}`)
    } else if (given !== undefined) {
      checkRates(tariff, given, ['netMetering', 'export'], ['perKwh', 'tiers', 'realTime'], complain)
    }
  }
  if (criticalPeak !== undefined && !energy.some(({ name }) => name === criticalPeak.charge)) {
    complain(['criticalPeak', 'charge'], `no energy charge "${criticalPeak.charge}"`)
  }
  for (const [n, { name: _, ...per }] of fixed.entries()) oneOf(['fixed', n], per, complain)
  if (minimum !== undefined) {
    const { name: _, ...per } = minimum
    oneOf(['minimum'], per, complain)
  }
  for (const [n, { percent, perKwh }] of taxes.entries()) oneOf(['taxes', n], { percent, perKwh }, complain)
  const names = [...energy, ...demand, ...reactive, ...fixed, ...taxes].map(({ name }) => name)
  for (const name of new Set(names.filter((each, n) => names.indexOf(each) !== n))) {
    complain([], `two charges are named "${name}", want each name once`)
  }
}

function oneOf(path: readonly (string | number)[], among: Rates, complain: Complain): void {
  const given = Object.values(among).filter(value => value !== undefined).length
  if (given !== 1) complain(path, `has ${given} of ${Object.keys(among).join(', ')}, want one`)
}

function checkRates(
  tariff: Tariff,
  charge: Rates & {
    readonly schedule?: string | undefined
    readonly periods?: Readonly<Record<string, Rates>> | undefined
  },
  path: readonly (string | number)[],
  kinds: readonly string[],
  complain: Complain,
): void {
  const ratesOf = (given: Rates): Rates => Object.fromEntries(kinds.map(kind => [kind, given[kind]]))
  oneOf(path, { ...ratesOf(charge), periods: charge.periods }, complain)
  checkTiers(charge.tiers, path, complain)
  const { schedules } = tariff
  if (charge.schedule !== undefined && schedules[charge.schedule] === undefined) {
    return complain([...path, 'schedule'], `no schedule "${charge.schedule}", want one of ${Object.keys(schedules)}`)
  }
  if (charge.periods === undefined) return
  const only = Object.keys(schedules).length === 1 ? Object.keys(schedules)[0] : undefined
  const schedule = schedules[charge.schedule ?? only ?? '']
  if (schedule === undefined) {
    return complain(
      [...path, 'schedule'],
      `want one of ${Object.keys(schedules).join(', ') || 'the schedules, of which there are none'}`,
    )
  }
  const names = periodNames(schedule)
  for (const [period, rate] of Object.entries(charge.periods)) {
    if (!names.includes(period)) {
      complain([...path, 'periods', period], `no such period in the schedule, want one of ${names.join(', ')}`)
    }
    oneOf([...path, 'periods', period], ratesOf(rate), complain)
    checkTiers(rate.tiers, [...path, 'periods', period], complain)
  }
  for (const period of names.filter(each => charge.periods?.[each] === undefined)) {
    complain([...path, 'periods'], `gap: nothing for the period "${period}", want a price for each`)
  }
}

function checkTiers(tiers: unknown, path: readonly (string | number)[], complain: Complain): void {
  if (!Array.isArray(tiers)) return
  let previous = 0
  for (const [n, tier] of tiers.entries()) {
    const limits = ['upToKwh', 'upToKwhPerDay', 'upToKw'].filter(each => tier[each] !== undefined)
    const isLast = n === tiers.length - 1
    if (limits.length !== (isLast ? 0 : 1)) {
      complain([...path, 'tiers', n], isLast ? 'the last has a limit, want it without' : 'want one limit')
      continue
    }
    // Only alike limits compare without the length of the bill.
    const limit = Number(tier[limits[0] ?? ''])
    const isAlike = n > 0 && tiers[n - 1]?.[limits[0] ?? ''] !== undefined
    if (!isLast && isAlike && limit <= previous) complain([...path, 'tiers', n], `overlap: want more than ${previous}`)
    previous = limit
  }
}

// Tariffs of OpenEI's Utility Rate Database (URDB, its JSON form) as tariffs of ours.
//
// URDB numbers months and hours from 0, has a schedule of hours for weekdays and one for weekends, knows no holidays and no
// time zone: the zone is given. Prices are `rate` + `adj`, both decimals as they are printed. What this cannot express is
// said in the notes of the tariff, and printed on its bills. Its dates become the first and last day on which the tariff holds:
// a bill of another time says so.

import { z } from 'zod'
import { BillingError } from './billing-error.ts'
import { decimal, exact, over, plus, shown } from './exact.ts'
import type { TariffInput } from './tariff.ts'

const tier = z.object({
  max: z.number().positive().optional(),
  rate: z.number().optional(),
  adj: z.number().optional(),
  sell: z.number().optional(),
  unit: z.string().optional(),
})
const structure = z.array(z.array(tier).min(1).max(20)).max(100)
const hours = z.array(z.array(z.int().nonnegative()).length(24)).length(12)

const item = z.object({
  utility: z.string().max(200).default(''),
  name: z.string().min(1).max(300),
  startdate: z.number().optional(),
  enddate: z.number().optional(),
  energyratestructure: structure.optional(),
  energyweekdayschedule: hours.optional(),
  energyweekendschedule: hours.optional(),
  demandratestructure: structure.optional(),
  demandweekdayschedule: hours.optional(),
  demandweekendschedule: hours.optional(),
  demandrateunit: z.string().optional(),
  demandRateUnits: z.string().optional(),
  flatdemandstructure: structure.optional(),
  flatdemandmonths: z.array(z.int().nonnegative()).length(12).optional(),
  flatdemandunit: z.string().optional(),
  flatDemandUnits: z.string().optional(),
  demandratchetpercentage: z.array(z.number()).length(12).optional(),
  demandwindow: z.number().positive().optional(),
  demandreactivepowercharge: z.number().optional(),
  demandReactPwrCharge: z.number().optional(),
  fixedchargefirstmeter: z.number().optional(),
  fixedchargeunits: z.string().optional(),
  fixedmonthlycharge: z.number().optional(),
  mincharge: z.number().optional(),
  minchargeunits: z.string().optional(),
  minmonthlycharge: z.number().optional(),
  dgrules: z.string().optional(),
  dgRules: z.string().optional(),
  coincidentratestructure: z.unknown().optional(),
  fueladjustmentsmonthly: z.unknown().optional(),
})
type Item = z.infer<typeof item>
const file = z.object({ items: z.array(item).min(1) }).transform(({ items }) => items[0] as Item)

const DAYS = { weekday: ['mon', 'tue', 'wed', 'thu', 'fri'], weekend: ['sat', 'sun'] } as const
type Rule = {
  months?: number[]
  days: ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[]
  from: string
  to: string
}

/**
 * @param content what the JSON file holds: `{ items: [tariff] }`, or the tariff itself
 * @throws BillingError BAD_TARIFF
 */
export function urdbTariff(content: unknown, timeZone: string): TariffInput {
  const parsed = z.union([file, item]).safeParse(content)
  if (!parsed.success) {
    const said = item.safeParse((content as { items?: unknown[] } | null)?.items?.[0] ?? content)
    const words = said.error?.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
    throw new BillingError('BAD_TARIFF', `no URDB tariff: ${words.join('; ') || 'want { "items": [ … ] }'}`)
  }
  const rate = parsed.data
  const notes: string[] = []
  const schedules: NonNullable<TariffInput['schedules']> = {}
  const energy = energyOf(rate, schedules, notes)
  const demand = [...touDemand(rate, schedules, notes), ...flatDemand(rate, schedules, notes)]
  const fixed = fixedOf(rate)
  const reactive = rate.demandreactivepowercharge ?? rate.demandReactPwrCharge
  for (const key of ['coincidentratestructure', 'fueladjustmentsmonthly'] as const) {
    if (rate[key] !== undefined) notes.push(`URDB: ${key} is not applied`)
  }
  const rules = rate.dgrules ?? rate.dgRules
  if (rules !== undefined) notes.push(`URDB: for generation "${rules}"; what is credited is set by netMetering`)
  const minimum = rate.mincharge ?? rate.minmonthlycharge
  return {
    tariff: rate.name.slice(0, 80),
    ...(rate.utility === '' ? {} : { supplier: rate.utility.slice(0, 80) }),
    currency: 'USD',
    timeZone,
    ...(rate.startdate === undefined ? {} : { from: dayOf(rate.startdate) }),
    ...(rate.enddate === undefined ? {} : { to: dayOf(rate.enddate) }),
    schedules,
    energy,
    demand,
    ...(reactive === undefined ? {} : { reactive: [{ name: 'Reactive demand', perKvar: text(reactive) }] }),
    ...(rules?.toLowerCase() === 'net metering' ? { netMetering: { method: 'period' } } : {}),
    fixed,
    ...(minimum === undefined || minimum === 0 ? {} : { minimum: perOf(minimum, rate.minchargeunits) }),
    notes,
  }
}

const DAY_SECONDS = 86_400
/** Seconds since 1970 of a local midnight, by the clock of whoever entered it: of the nearest day in UTC. */
function dayOf(seconds: number): string {
  const at = new Date(Math.round(seconds / DAY_SECONDS) * DAY_SECONDS * 1_000)
  if (!Number.isNaN(at.getTime()) && /^\d{4}-/.test(at.toISOString())) return at.toISOString().slice(0, 10)
  throw new BillingError('BAD_TARIFF', `no date: ${seconds}, want seconds since 1970`)
}

type PeriodRate = NonNullable<NonNullable<TariffInput['energy']>[number]['periods']>[string]
type PeriodDemand = NonNullable<NonNullable<TariffInput['demand']>[number]['periods']>[string]

const text = (value: number): string => shown(decimal(String(value)))
const priceOf = ({ rate = 0, adj = 0 }: z.infer<typeof tier>): string =>
  shown(plus(decimal(String(rate)), decimal(String(adj))))

/** Periods are named `p0`, `p1`, … as URDB numbers them. */
function scheduleOf(
  weekday: readonly (readonly number[])[],
  weekend: readonly (readonly number[])[],
  count: number,
  what: string,
) {
  const periods: Record<string, Rule[]> = {}
  for (const [kind, months] of Object.entries({ weekday, weekend }) as [
    'weekday' | 'weekend',
    readonly (readonly number[])[],
  ][]) {
    // Months of one course stand in one rule.
    const alike = new Map<string, number[]>()
    for (const [n, day] of months.entries()) alike.set(day.join(), [...(alike.get(day.join()) ?? []), n + 1])
    for (const [course, among] of alike) {
      const day = course.split(',').map(Number)
      for (let from = 0; from < 24; ) {
        const period = day[from] as number
        if (period >= count)
          throw new BillingError('BAD_TARIFF', `${what}: period ${period} in the schedule, want less than ${count}`)
        let to = from + 1
        while (to < 24 && day[to] === period) to++
        const rules = periods[`p${period}`] ?? []
        periods[`p${period}`] = rules
        rules.push({
          ...(among.length === 12 ? {} : { months: among }),
          days: [...DAYS[kind]],
          from: clock(from),
          to: clock(to),
        })
        from = to
      }
    }
  }
  return { periods }
}

const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`

function energyOf(
  rate: Item,
  schedules: NonNullable<TariffInput['schedules']>,
  notes: string[],
): NonNullable<TariffInput['energy']> {
  const { energyratestructure: rates, energyweekdayschedule: weekday, energyweekendschedule: weekend } = rate
  if (rates === undefined || rates.length === 0) return []
  if (weekday === undefined || weekend === undefined)
    throw new BillingError('BAD_TARIFF', 'energy rates without a schedule')
  schedules.energy = scheduleOf(weekday, weekend, rates.length, 'energy')
  const used = Object.keys(schedules.energy.periods)
  if (rates.flat().some(({ sell }) => sell !== undefined)) notes.push('URDB: sell rates are not applied')
  const units = new Set(rates.flat().flatMap(({ unit }) => (unit === undefined ? [] : [unit])))
  const odd = [...units].filter(unit => unit !== 'kWh' && unit !== 'kWh daily')
  if (odd.length > 0) throw new BillingError('BAD_TARIFF', `energy tiers by ${odd.join(', ')}, want kWh or kWh daily`)
  const periods = Object.fromEntries(
    rates.flatMap((tiers, n): [string, PeriodRate][] => {
      if (!used.includes(`p${n}`)) return []
      const [only] = tiers
      if (tiers.length === 1 && only !== undefined) return [[`p${n}`, { perKwh: priceOf(only) }]]
      const steps = tiers.map((each, k) => ({
        ...(k === tiers.length - 1 || each.max === undefined
          ? {}
          : { [each.unit === 'kWh daily' ? 'upToKwhPerDay' : 'upToKwh']: text(each.max) }),
        perKwh: priceOf(each),
      }))
      return [[`p${n}`, { tiers: steps }]]
    }),
  )
  return [{ name: 'Energy', schedule: 'energy', periods }]
}

function kilowatts(unit: string | undefined, what: string): void {
  if (unit !== undefined && unit !== 'kW') throw new BillingError('BAD_TARIFF', `${what} by ${unit}, want kW`)
}

const demandPeriods = (rates: z.infer<typeof structure>, used: readonly string[]) =>
  Object.fromEntries(
    rates.flatMap((tiers, n): [string, PeriodDemand][] => {
      if (!used.includes(`p${n}`)) return []
      const [only] = tiers
      if (tiers.length === 1 && only !== undefined) return [[`p${n}`, { perKw: priceOf(only) }]]
      const steps = tiers.map((each, k) => ({
        ...(k === tiers.length - 1 || each.max === undefined ? {} : { upToKw: text(each.max) }),
        perKw: priceOf(each),
      }))
      return [[`p${n}`, { tiers: steps }]]
    }),
  )

const windowOf = ({ demandwindow = 15 }: Item) => ({ minutes: demandwindow })

function touDemand(
  rate: Item,
  schedules: NonNullable<TariffInput['schedules']>,
  notes: string[],
): NonNullable<TariffInput['demand']> {
  const { demandratestructure: rates, demandweekdayschedule: weekday, demandweekendschedule: weekend } = rate
  if (rates === undefined || rates.length === 0) return []
  if (weekday === undefined || weekend === undefined)
    throw new BillingError('BAD_TARIFF', 'demand rates without a schedule')
  kilowatts(rate.demandrateunit ?? rate.demandRateUnits, 'demand')
  schedules.demand = scheduleOf(weekday, weekend, rates.length, 'demand')
  const periods = demandPeriods(rates, Object.keys(schedules.demand.periods))
  return [{ name: 'Demand by time of use', schedule: 'demand', ...windowOf(rate), periods, ...ratchetOf(rate, notes) }]
}

function flatDemand(
  rate: Item,
  schedules: NonNullable<TariffInput['schedules']>,
  notes: string[],
): NonNullable<TariffInput['demand']> {
  const { flatdemandstructure: rates, flatdemandmonths: months } = rate
  if (rates === undefined || rates.length === 0) return []
  kilowatts(rate.flatdemandunit ?? rate.flatDemandUnits, 'flat demand')
  const numbers = months ?? Array.from({ length: 12 }, () => 0)
  const days = numbers.map(number => Array.from({ length: 24 }, () => number))
  schedules['flat demand'] = scheduleOf(days, days, rates.length, 'flat demand')
  const periods = demandPeriods(rates, Object.keys(schedules['flat demand'].periods))
  return [{ name: 'Demand', schedule: 'flat demand', ...windowOf(rate), periods, ...ratchetOf(rate, notes) }]
}

function ratchetOf({ demandratchetpercentage: percents }: Item, notes: string[]): { ratchet?: { percent: string } } {
  const [first = 0] = percents ?? []
  if (percents === undefined || percents.every(each => each === 0)) return {}
  if (percents.some(each => each !== first))
    notes.push('URDB: the ratchet differs by month, that of January is applied')
  return first > 0 ? { ratchet: { percent: shown(decimal(String(first * 100))) } } : {}
}

/** @throws BillingError for a unit that nothing here is billed by: another one in its place would be another amount */
function perOf(amount: number, unit = '$/month'): { perMonth: string } | { perDay: string } {
  if (unit === '$/month') return { perMonth: text(amount) }
  if (unit === '$/day') return { perDay: text(amount) }
  if (unit === '$/year') return { perMonth: shown(over(decimal(String(amount)), exact(12n))) }
  throw new BillingError('BAD_TARIFF', `a charge in ${unit}, want $/month, $/day or $/year`)
}

function fixedOf({
  fixedchargefirstmeter,
  fixedmonthlycharge,
  fixedchargeunits,
}: Item): NonNullable<TariffInput['fixed']> {
  const amount = fixedchargefirstmeter ?? fixedmonthlycharge
  if (amount === undefined || amount === 0) return []
  return [{ name: 'Fixed charge', ...perOf(amount, fixedchargeunits) }]
}

// Expectations about readings: nothing lost and nothing doubled on the way from the IEDs' ledgers to the back ends, and how
// much of the energy the meters' registers counted at all.

import { recipientsOf } from '../agent-settings.ts'
import { type Evidence, listOf, type Verdict } from './evidence.ts'
import type { ExpectationOf } from './expectation-schema.ts'
import type { Registers } from './ledger-watch.ts'

export function judgeReadings(evidence: Evidence, { readingsDelivered }: ExpectationOf<'readingsDelivered'>): Verdict {
  const { feeder, readings } = evidence
  const ieds = feeder.ieds.filter(({ name }) => readingsDelivered === 'all' || readingsDelivered.includes(name))
  const arrived = arrivals(evidence)
  const wrong: string[] = []
  let count = 0
  for (const ied of ieds) {
    const appended = readings.get(ied.name) ?? new Map<number, Registers>()
    count += appended.size
    if (appended.size === 0) wrong.push(`${ied.name} took no reading`)
    for (const { backEnd } of recipientsOf(feeder, ied)) {
      const came = arrived.get(backEnd)?.get(ied.name) ?? new Map<number, number>()
      const has = evidence.stored.get(backEnd)?.get(ied.name)
      const missing = [...appended].filter(([number, own]) => !isSame(has?.get(number), own)).map(([number]) => number)
      const twice = [...came].filter(([, times]) => times > 1).map(([number]) => number)
      const gone = [...came.keys()].filter(number => has?.has(number) !== true)
      if (has === undefined) wrong.push(`${backEnd} does not run or has nothing of ${ied.name}`)
      else if (missing.length > 0) wrong.push(`${backEnd} lacks ${missing.length} of ${ied.name}`)
      if (twice.length > 0) wrong.push(`${backEnd} took ${twice.length} of ${ied.name} twice`)
      if (has !== undefined && gone.length > 0) wrong.push(`${backEnd} has lost ${gone.length} of ${ied.name}`)
    }
  }
  wrong.push(...strangers(evidence, arrived))
  const backEnds = new Set(ieds.flatMap(ied => recipientsOf(feeder, ied).map(({ backEnd }) => backEnd)))
  return {
    ok: wrong.length === 0,
    measured:
      wrong.length === 0
        ? `${count} readings of ${ieds.length} IEDs at ${listOf(backEnds)}: none lost, none twice`
        : wrong.join('; '),
  }
}

export function judgeRegistered(evidence: Evidence, { registeredShare }: ExpectationOf<'registeredShare'>): Verdict {
  const { meter, atLeast, atMost } = registeredShare
  const { trueWh, registeredWh } = evidence.energy(meter)
  if (trueWh === 0n) return { ok: false, measured: 'no energy passed' }
  const share = Number(registeredWh) / Number(trueWh)
  return {
    ok: share >= atLeast && share <= atMost,
    measured: `${registeredWh} of ${trueWh} Wh, a share of ${share.toFixed(3)}`,
  }
}

const isSame = (one: Registers | undefined, other: Registers): boolean =>
  one !== undefined && one.start === other.start && one.end === other.end

/** How often each reading came in, by back end, IED and number. */
function arrivals({ events }: Evidence): ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const all = new Map<string, Map<string, Map<number, number>>>()
  for (const event of events) {
    if (event.event !== 'collected') continue
    const byIed = all.get(event.by) ?? new Map<string, Map<number, number>>()
    all.set(event.by, byIed)
    const ied = String(event.ied)
    const counts = byIed.get(ied) ?? new Map<number, number>()
    byIed.set(ied, counts)
    for (const { number } of event.readings as readonly { readonly number: number }[]) {
      counts.set(number, (counts.get(number) ?? 0) + 1)
    }
  }
  return all
}

/** Back ends that have readings which are not theirs to have. */
function strangers({ feeder }: Evidence, arrived: ReturnType<typeof arrivals>): readonly string[] {
  const entitled = new Map(
    feeder.ieds.map(ied => [ied.name, new Set(recipientsOf(feeder, ied).map(({ backEnd }) => backEnd))]),
  )
  return [...arrived].flatMap(([backEnd, byIed]) =>
    [...byIed.keys()].filter(ied => entitled.get(ied)?.has(backEnd) !== true).map(ied => `${backEnd} has ${ied}'s`),
  )
}

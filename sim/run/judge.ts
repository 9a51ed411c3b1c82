// Each expectation with its verdict: what was expected in words, whether it is met, and the measured figure.

import type { Evidence, Verdict } from './evidence.ts'
import type { ExpectationEntry } from './expectation-schema.ts'
import { judgeCloses, judgeLockout, judgeOpens, judgeStaysClosed, judgeTrips, othersThan } from './judge-devices.ts'
import { judgeDoesNotHappen, judgeHappens, judgeRunning } from './judge-events.ts'
import { judgeReplaced, judgeTold, judgeWarned } from './judge-messages.ts'
import { judgeReadings, judgeRegistered } from './judge-readings.ts'
import { judgeCustomers, judgeInterrupted, judgeRestored } from './judge-supply.ts'
import type { Expectation } from './result.ts'

export const judge = (evidence: Evidence): readonly Expectation[] =>
  evidence.scenario.expect.map(entry => ({
    name: entry.name ?? wordsOf(evidence, entry),
    ...verdictOf(evidence, entry),
  }))

function verdictOf(evidence: Evidence, entry: ExpectationEntry): Verdict {
  const after = 'after' in entry ? entry.after : undefined
  if (after !== undefined && !evidence.steps.has(after)) return { ok: false, measured: `the run ended before ${after}` }
  if ('trips' in entry) return judgeTrips(evidence, entry)
  if ('staysClosed' in entry) return judgeStaysClosed(evidence, entry)
  if ('opens' in entry) return judgeOpens(evidence, entry)
  if ('closes' in entry) return judgeCloses(evidence, entry)
  if ('locksOut' in entry) return judgeLockout(evidence, entry)
  if ('warned' in entry) return judgeWarned(evidence, entry)
  if ('told' in entry) return judgeTold(evidence, entry)
  if ('restored' in entry) return judgeRestored(evidence, entry)
  if ('interrupted' in entry) return judgeInterrupted(evidence, entry)
  if ('customersInterrupted' in entry) return judgeCustomers(evidence, entry)
  if ('aggregatorReplaced' in entry) return judgeReplaced(evidence, entry)
  if ('readingsDelivered' in entry) return judgeReadings(evidence, entry)
  if ('registeredShare' in entry) return judgeRegistered(evidence, entry)
  if ('running' in entry) return judgeRunning(evidence, entry)
  if ('happens' in entry) return judgeHappens(evidence, entry)
  return judgeDoesNotHappen(evidence, entry)
}

function wordsOf(evidence: Evidence, entry: ExpectationEntry): string {
  const after = 'after' in entry && entry.after !== undefined ? `${entry.after}: ` : ''
  return `${after}${expected(evidence, entry)}`
}

function expected(evidence: Evidence, entry: ExpectationEntry): string {
  if ('trips' in entry) {
    const between = entry.notBeforeMs > 0 ? `${entry.notBeforeMs} to ${entry.withinMs}` : `within ${entry.withinMs}`
    return `${entry.trips} trips ${between} ms`
  }
  if ('staysClosed' in entry) {
    return entry.staysClosed === 'others'
      ? `the other ${othersThan(evidence, entry.after).length} devices do not open`
      : `${entry.staysClosed.join(', ')} do not open`
  }
  if ('opens' in entry) return `${entry.opens} opens within ${entry.withinMs} ms`
  if ('closes' in entry) return `${entry.closes} closes within ${entry.withinMs} ms`
  if ('locksOut' in entry) return `${entry.locksOut} locks out within ${entry.withinMs} ms`
  if ('warned' in entry) {
    const who = entry.warned === 'downstream' ? 'the IEDs downstream' : entry.warned.join(', ') || 'nobody'
    return `warned are exactly ${who}, within ${entry.withinMs} ms`
  }
  if ('told' in entry) return `told are exactly ${entry.told.join(', ') || 'nobody'}, within ${entry.withinMs} ms`
  if ('restored' in entry) {
    const what = entry.restored === 'all' ? 'all loads' : entry.restored.join(', ')
    return `${what} have supply within ${entry.withinSeconds} s`
  }
  if ('interrupted' in entry) {
    const least = entry.forAtLeastSeconds > 0 ? ` for ${entry.forAtLeastSeconds} s or more` : ''
    return `interrupted${least} are exactly ${entry.interrupted.join(', ') || 'none'}`
  }
  if ('customersInterrupted' in entry) {
    const least = entry.forAtLeastSeconds > 0 ? ` for ${entry.forAtLeastSeconds} s or more` : ''
    return `customers interrupted${least}: ${entry.customersInterrupted.atMost} at most`
  }
  if ('aggregatorReplaced' in entry) return `the aggregator is replaced within ${entry.withinMs} ms`
  if ('readingsDelivered' in entry) {
    const whose = entry.readingsDelivered === 'all' ? 'all IEDs' : entry.readingsDelivered.join(', ')
    return `no reading of ${whose} is lost or doubled`
  }
  if ('registeredShare' in entry) {
    const { meter, atLeast, atMost } = entry.registeredShare
    return `${meter} registers ${atLeast} to ${atMost} of the energy`
  }
  if ('running' in entry) return `${entry.running === 'all' ? 'all agents' : entry.running.join(', ')} run at the end`
  if ('happens' in entry) return `${matched(entry.happens)}${entry.atLeast > 1 ? ` ${entry.atLeast} times` : ''}`
  return `no ${matched(entry.doesNotHappen)}`
}

function matched({ event, by, where = {} }: { event: string; by?: string; where?: object }): string {
  const fields = Object.entries(where).map(([key, value]) => `${key} ${String(value)}`)
  return [by === undefined ? event : `${by}: ${event}`, ...fields].join(', ')
}

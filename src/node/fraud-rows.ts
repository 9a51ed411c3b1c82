// What a back-end peer answers to `fraud`: who is suspected, with the evidence, and the balance of each zone.

import type { Audit } from '../aggregation/audit/audit-feeder.ts'

/** Of one meter, or of one kind of row, the latest: what signs itself each quarter hour needs no list of all. */
const MOST_EVIDENCE = 50
const MOST_WITHHELD = 500

export const fraudAnswer = (
  { suspicions, balances, withheld }: Audit,
  {
    from,
    to,
    limit,
    timeZone,
  }: { readonly from: number; readonly to: number; readonly limit: number; readonly timeZone: string },
) => ({
  fromUtc: new Date(from).toISOString(),
  toUtc: new Date(to).toISOString(),
  timeZone,
  leftOut: {
    suspicions: Math.max(0, suspicions.length - limit),
    withheld: Math.max(0, withheld.length - MOST_WITHHELD),
  },
  fraud: suspicions.slice(0, limit).map(({ ied, state, evidence }) => ({
    ied,
    state,
    evidenceLeftOut: Math.max(0, evidence.length - MOST_EVIDENCE),
    evidence: evidence.slice(-MOST_EVIDENCE).map(({ kind, fromUtcMs, toUtcMs, words }) => ({
      kind,
      fromUtc: new Date(fromUtcMs).toISOString(),
      toUtc: new Date(toUtcMs).toISOString(),
      words,
    })),
  })),
  zones: balances.map(({ zone, periods, beyondInARow, gaps }) => {
    const last = periods.at(-1)
    return {
      below: zone.top,
      periods: periods.length,
      beyond: beyondInARow,
      inKwh: kwh(last?.inWh),
      meteredKwh: kwh(last?.meteredWh),
      lossKwh: kwh(last?.lossWh),
      residualKwh: kwh(last?.residualWh),
      limitKwh: kwh(last?.limitWh),
      gaps: [...gaps],
    }
  }),
  withheld: withheld.slice(-MOST_WITHHELD).map(each => ({
    ieds: [...each.ieds],
    below: each.top,
    sinceUtc: new Date(each.sinceUtcMs).toISOString(),
    untilUtc: new Date(each.untilUtcMs).toISOString(),
    lastReadingUtc: each.lastReadingUtcMs === undefined ? null : new Date(each.lastReadingUtcMs).toISOString(),
    isOver: each.isOver,
    intervals: each.intervals,
    estimateKwh: kwh(each.estimateWh),
    limitKwh: kwh(each.limitWh),
  })),
})

const kwh = (wh: bigint | undefined): string | null => (wh === undefined ? null : (Number(wh) / 1000).toFixed(1))

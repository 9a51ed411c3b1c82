// What a back-end peer answers to `fraud`: who is suspected, with the evidence, and the balance of each zone.

import type { Audit } from '../aggregation/audit/audit-feeder.ts'

export const fraudAnswer = (
  { suspicions, balances }: Audit,
  { from, to, limit }: { readonly from: number; readonly to: number; readonly limit: number },
) => ({
  fromUtc: new Date(from).toISOString(),
  toUtc: new Date(to).toISOString(),
  fraud: suspicions.slice(0, limit).map(({ ied, state, evidence }) => ({
    ied,
    state,
    evidence: evidence.map(({ kind, fromUtcMs, toUtcMs, words }) => ({
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
})

const kwh = (wh: bigint | undefined): string | null => (wh === undefined ? null : (Number(wh) / 1000).toFixed(1))

// Findings and usage as read-outs show them.

import { placed } from '../aggregation/billing/exact.ts'
import { type Bill, billRow, type Finding } from '../aggregation/billing/index.ts'

export interface FindingRow {
  readonly check: string
  readonly count: number
  readonly firstUtc: string
  readonly words: string
}

/** One row for each check: how often, and the first one in words. */
export function findingRows(findings: readonly Finding[]): FindingRow[] {
  const byCheck = new Map<string, { count: number; first: Finding }>()
  for (const finding of findings) {
    const known = byCheck.get(finding.check)
    if (known === undefined) byCheck.set(finding.check, { count: 1, first: finding })
    else known.count++
  }
  return [...byCheck].map(([check, { count, first }]) => ({
    check,
    count,
    firstUtc: new Date(first.utcMs).toISOString(),
    words: first.words,
  }))
}

const kwh = (spans: Bill['metering'], of: 'rawImportWh' | 'rawExportWh'): string =>
  placed(
    (spans ?? []).reduce((sum, span) => sum + span[of], 0n),
    3,
  )

/** For each meter and bill: what was used, what the consumer pays, and what of it stays with the provider. */
export const usageRows = (
  meters: readonly { readonly meter: string | undefined; readonly bills: readonly Bill[]; readonly peakKw?: string }[],
) =>
  meters.flatMap(({ meter, bills, peakKw }) =>
    bills.map(bill => {
      const { fromUtc, toUtc, importKwh, exportKwh, currency, subtotal, tax, total, quality, metering } = billRow(bill)
      return {
        meter: meter ?? '',
        fromUtc,
        toUtc,
        importKwh,
        exportKwh,
        ...(metering === undefined
          ? {}
          : {
              rawImportKwh: kwh(bill.metering, 'rawImportWh'),
              rawExportKwh: kwh(bill.metering, 'rawExportWh'),
              multiplier: metering.map(({ factor }) => factor).join(' then '),
            }),
        ...(bills.length === 1 && peakKw !== undefined ? { peakKw } : {}),
        currency,
        consumerPays: total,
        providerRevenue: subtotal,
        tax,
        notMeasured: quality.estimated + quality.edited + quality.questionable,
        missingSeconds: quality.missingSeconds,
      }
    }),
  )

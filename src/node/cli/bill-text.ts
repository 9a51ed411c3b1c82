// A bill for people: each line as quantity × rate = amount, with what it was measured in and what is not plain about it.

import type { z } from 'zod'
import type { billOutputs } from './outputs-bills.ts'
import { table } from './table.ts'

type Answer = z.infer<(typeof billOutputs)['bill']>
type Row = Answer['bills'][number]

export const billText = ({
  bills,
  findings,
  leftOut,
}: Pick<Answer, 'bills' | 'findings'> & Partial<Pick<Answer, 'leftOut'>>): string =>
  `${bills.map(oneBill).join('\n')}${findings.length === 0 ? '' : `\nValidation found\n${table(findings)}`}${leftOut === undefined ? '' : leftOutText(leftOut)}`

/** Also of `usage`. */
export const leftOutText = ({ meters, fromMeter, periods, fromUtc }: Answer['leftOut']): string =>
  [
    ...(periods === 0
      ? []
      : [`left out: ${periods} more of the periods, from ${fromUtc} on: want --from, or a shorter time\n`]),
    ...(meters === 0 ? [] : [`left out: ${meters} more of the meters, from ${fromMeter} on: want --meter\n`]),
  ].join('')

function oneBill(bill: Row): string {
  const { meter, tariff, supplier, currency, rounding, timeZone, fromUtc, toUtc, days, quality } = bill
  const head = [
    `Bill${meter === undefined ? '' : ` of ${meter}`}: ${tariff}${supplier === undefined ? '' : ` of ${supplier}`}`,
    `${fromUtc} to ${toUtc} (${days} days in ${timeZone})`,
    `${bill.importKwh} kWh taken, ${bill.exportKwh} kWh given${bill.importKvarh === undefined ? '' : `, ${bill.importKvarh} kvarh`}`,
    ...(bill.metering ?? []).map(meteringText),
    qualityText(quality),
    `Exact until each line is rounded once, ${rounding}; the total is the sum of the lines.`,
  ]
  const rows = bill.lines.map(line => ({
    line: [line.name, line.period, line.tier === undefined ? undefined : `tier ${line.tier}`]
      .filter(Boolean)
      .join(', '),
    quantity: line.unit === '' ? '' : `${line.quantity} ${line.unit === 'percent' ? currency : line.unit}`,
    rate: line.rate === '' ? '' : `× ${line.rate}${line.unit === 'percent' ? ' %' : ''}`,
    [currency]: line.amount,
    measured: measured(line.intervals),
    notes: line.notes.join('; '),
  }))
  const sums = [`before tax ${bill.subtotal}`, `tax ${bill.tax}`, `total ${bill.total} ${currency}`]
  const carried = /[1-9]/.test(bill.carried) ? [`carried to the next bill: ${bill.carried} ${currency}`] : []
  return `${[...head, '', table(rows).trimEnd(), '', sums.join(', '), ...carried, ...bill.notes.map(note => `note: ${note}`)].join('\n')}\n`
}

const meteringText = ({ fromUtc, toUtc, ...span }: NonNullable<Row['metering']>[number]): string =>
  `registers ${span.rawImportKwh} kWh taken, ${span.rawExportKwh} given, × ${span.factor} (${span.multiplier}) = ` +
  `${span.importKwh} and ${span.exportKwh} kWh, ${fromUtc} to ${toUtc}`

function measured({ count, firstUtc = '', lastEndUtc = '', notMeasured }: Row['lines'][number]['intervals']): string {
  if (count === 0) return ''
  const doubt = notMeasured === 0 ? '' : `, ${notMeasured} of them not as measured`
  return `${count} intervals ${firstUtc.slice(0, 16)} to ${lastEndUtc.slice(0, 16)}${doubt}`
}

function qualityText({ intervals, estimated, edited, questionable, missingSeconds }: Row['quality']): string {
  const parts = Object.entries({ estimated, edited, questionable }).filter(([, count]) => count > 0)
  const words = parts.map(([name, count]) => `${count} ${name}`).join(', ') || 'all as measured'
  return `${intervals} intervals: ${words}${missingSeconds === 0 ? '' : `; nothing is known of ${missingSeconds} s, which are not billed`}`
}

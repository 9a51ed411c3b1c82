// `feedermesh bill` and `feedermesh usage`: from a running peer, or from a file of intervals. The computing is the same.

import { readFileSync, writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { NodeError } from '../node-error.ts'
import { billText, leftOutText } from './bill-text.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { csv, table } from './table.ts'
import { usageEditCommand } from './usage-edit.ts'

interface Arguments {
  readonly at?: string
  readonly as?: string
  readonly data?: string
  readonly readings?: string
  readonly meter?: string
  readonly from?: string
  readonly to?: string
  readonly cycle: 'once' | 'monthly' | 'daily'
  readonly tariff?: string
  readonly proof?: string
  readonly json: boolean
  readonly csv?: boolean
}
type What = 'bill' | 'usage'

const descriptions: Record<What, string> = {
  bill: 'a bill by a tariff, which shows how each line came about',
  usage: 'consumption, what consumers pay and what providers earn, of each meter',
}

export const billCommands = (): Command[] =>
  (Object.keys(descriptions) as What[]).map(what => {
    const command = new Command(what)
      .description(descriptions[what])
      .option('--at <address>', 'multiaddress, or the name of a peer that "up" runs: an IED or a back-end peer')
      .addOption(new Option('--readings <file>', 'a CSV file of intervals instead').conflicts('at'))
      .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
      .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
      .option('--meter <name>', 'of this IED')
      .option('--from <date>', "first day, in the tariff's time zone, or a time with its zone (default: all there is)")
      .option('--to <date>', 'the day after the last')
      .addOption(
        new Option('--cycle <how>', 'one bill, or one for each').choices(['once', 'monthly', 'daily']).default('once'),
      )
      .option('--tariff <file>', "a tariff file (default: that of the peer's configuration)")
      .option('--json', 'one JSON object', false)
      .addOption(new Option('--csv', 'comma-separated values').conflicts('json'))
      .action(async (options: Arguments) => {
        const given = await (options.readings === undefined ? ask(what, options) : compute(what, options))
        const answer = outputs[what].parse(given)
        if (options.proof !== undefined) writeFileSync(options.proof, provenIn.parse(given).proof)
        process.stdout.write(render(answer, options))
      })
    // What stands behind `edit` is its own, whatever the two have in common.
    if (what === 'usage') command.enablePositionalOptions().addCommand(usageEditCommand())
    if (what === 'bill')
      command.option('--proof <file>', 'writes the proof from the meter to this bill: "proof verify" checks it')
    return command
  })

function render(answer: object, options: Arguments): string {
  if (options.json) return `${JSON.stringify(answer)}\n`
  if ('usage' in answer) {
    const { usage, notBilled, leftOut } = outputs.usage.parse(answer)
    const lacking = notBilled.map(({ meter, reason }) => `not billed: ${meter}: ${reason}\n`).join('')
    if (options.csv === true) process.stderr.write(leftOutText(leftOut)) // rows alone go into a file
    return options.csv === true ? csv(usage) : `${table(usage)}${lacking}${leftOutText(leftOut)}`
  }
  const bill = outputs.bill.parse(answer)
  if (options.csv !== true) return billText(bill)
  process.stderr.write(leftOutText(bill.leftOut))
  return csv(
    bill.bills.flatMap(({ meter = '', fromUtc, toUtc, currency, lines }) =>
      lines.map(({ intervals, notes, period = '', tier = '', ...line }) => ({
        meter,
        fromUtc,
        toUtc,
        ...line,
        period,
        tier,
        currency,
        intervals: intervals.count,
        notMeasured: intervals.notMeasured,
        notes: notes.join('; '),
      })),
    ),
  )
}

async function ask(what: What, options: Arguments): Promise<unknown> {
  const { at, meter, from, to, cycle, tariff } = options
  if (at === undefined) throw new NodeError('BAD_INPUT', `${what}: want --at PEER or --readings FILE`)
  const text = tariff === undefined ? undefined : readText(tariff)
  if (tariff !== undefined && text !== undefined) {
    const { parseTariff } = await import('../tariff-file.ts')
    parseTariff(text, tariff) // its faults with the name of the file, before anybody is asked
  }
  const wants = options.proof === undefined ? {} : { proof: true }
  const parameters = { ...given({ meter, from, to, tariff: text }), cycle, ...wants }
  const login = loginOf(options)
  const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
  return askReadout(addressOf({ at, ...given({ data: options.data }) }), login, what, parameters)
}

const given = <T extends Record<string, string | undefined>>(all: T): { [K in keyof T]?: string } =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: string }

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: the tariff cannot be read: ${(cause as Error).message}`, { cause })
  }
}

const provenIn = z.object({ proof: z.custom<Uint8Array>(value => value instanceof Uint8Array) })

const MOST_CSV_BYTES = 200_000_000

async function compute(
  what: What,
  { readings = '', tariff: file, meter, from, to, cycle, proof }: Arguments,
): Promise<unknown> {
  if (proof !== undefined)
    throw new NodeError('BAD_INPUT', 'bill --proof: a file of intervals is signed by nobody, want --at PEER')
  if (file === undefined) throw new NodeError('BAD_INPUT', `${what}: want --tariff FILE`)
  const { BillingError, billRow, compileTariff, intervalsInCsv, meterBills } = await import(
    '../../aggregation/billing/index.ts'
  )
  const { findingRows, usageRows } = await import('../bill-rows.ts')
  const { readLarge, readTariff } = await import('../tariff-file.ts')
  const tariff = readTariff(file)
  try {
    const text = readLarge(readings, 'file of intervals', MOST_CSV_BYTES)
    const found = intervalsInCsv(text, readings, compileTariff(tariff).zone, meter)
    const name = meter ?? found.meter
    const made = meterBills(name, found.intervals, { tariff, cycle, nowUtcMs: Date.now(), ...given({ from, to }) })
    if (what === 'usage') return { usage: usageRows([{ meter: name, ...made }]) }
    return { bills: made.bills.map(billRow), findings: findingRows(made.findings) }
  } catch (cause) {
    if (cause instanceof BillingError) throw new NodeError('BAD_INPUT', cause.message, { cause })
    throw cause
  }
}

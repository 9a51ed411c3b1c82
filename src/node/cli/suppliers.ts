// `feedermesh suppliers` and `feedermesh cost`.

import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import type { z } from 'zod'
import { NodeError } from '../node-error.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly json: boolean
  readonly poll?: boolean
  readonly meter?: string
  readonly watch?: boolean
  readonly every?: string
}

const common = (command: Command): Command =>
  command
    .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs: an IED or a back-end peer')
    .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object, for each look with --watch', false)

export const supplierCommands = (): Command[] => [
  common(
    new Command('suppliers').description(
      'what suppliers offer, what the own usage costs with each, who is chosen and why',
    ),
  )
    .option('--poll', 'the IED asks them anew first')
    .action(async (options: Arguments) => {
      const answer = outputs.suppliers.parse(await ask('suppliers', options, { poll: options.poll === true }))
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : suppliersText(answer))
    }),
  common(
    new Command('cost').description('what the energy of each load costs now, today and this month, with each supplier'),
  )
    .option('--meter <name>', 'of a back-end peer: this one alone')
    .option('--watch', 'again and again, until it is stopped')
    .option('--every <seconds>', 'between two looks', '2')
    .action(async (options: Arguments) => {
      const seconds = Number(options.every)
      if (!(seconds >= 0.5 && seconds <= 3600))
        throw new NodeError('BAD_INPUT', `--every ${options.every}: want 0.5 to 3600`)
      do {
        const parameters = options.meter === undefined ? {} : { meter: options.meter }
        const answer = outputs.cost.parse(await ask('cost', options, parameters))
        process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : costText(answer))
        if (options.watch === true) await sleep(seconds * 1000)
      } while (options.watch === true)
    }),
]

async function ask(what: string, options: Arguments, parameters: Record<string, unknown>): Promise<unknown> {
  const login = loginOf(options)
  const address = addressOf({ at: options.at, ...(options.data === undefined ? {} : { data: options.data }) })
  const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
  return askReadout(address, login, what, parameters)
}

export function costText({ cost, loads, notSplit, leftOut }: z.infer<typeof outputs.cost>): string {
  const rows = loads.map(({ kind: _, measuredBy, untilUtc, ...row }) => ({
    ...row,
    measuredBy: measuredBy ?? '',
    untilUtc: untilUtc ?? '',
  }))
  return [
    table(cost),
    ...(rows.length === 0 ? [] : [`load by load\n${table(rows)}`]),
    ...(notSplit.length === 0 ? [] : [`for the loads of ${notSplit.join(', ')}: one of them with --meter\n`]),
    ...(leftOut === 0 ? [] : [`left out: ${leftOut} more meters: one of them with --meter\n`]),
  ].join('\n')
}

export function suppliersText({ offers, suppliers, polled, choice }: z.infer<typeof outputs.suppliers>): string {
  const parts: string[] = []
  if (offers.length > 0)
    parts.push(`it offers\n${table(offers.map(({ sha256, ...row }) => ({ ...row, sha256: sha256.slice(0, 12) })))}`)
  if (suppliers.length > 0) {
    const rows = suppliers.map(
      ({ supplier, current, by, tariff = 'not offered yet', perKwh = '', cost = '', currency = '', ...row }) => ({
        supplier,
        current: current ? 'yes' : '',
        by,
        tariff,
        perKwh,
        cost,
        currency,
        switchingCost: row.switchingCost,
        stayDays: row.minimumStayDays,
        comparedFrom: row.fromUtc ?? '',
        comparedTo: row.toUtc ?? '',
      }),
    )
    parts.push(table(rows))
  }
  if (choice !== null) {
    const { supplier, stayed, switchingTo, reduced, off, usage, stayUntilUtc } = choice
    const words = [
      `buys from ${supplier}`,
      ...(switchingTo === null ? [] : [`is changing to ${switchingTo}`]),
      ...(stayed === '' ? [] : [`stayed: ${stayed}`, ...(stayed === 'minimumStay' ? [`until ${stayUntilUtc}`] : [])]),
      reduced ? `all are too dear: ${off.join(', ') || 'nothing'} off` : 'the price is within its limit',
      `usage ${usage}`,
    ]
    parts.push(`${words.join('; ')}\n`)
  }
  if (polled.length > 0) parts.push(table(polled))
  return parts.length === 0 ? 'it neither offers nor chooses\n' : parts.join('\n')
}

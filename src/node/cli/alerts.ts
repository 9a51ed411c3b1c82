// `feedermesh alerts`: what needs somebody, as it is and as it comes, and the word that somebody has seen it.

import { join } from 'node:path'
import { Command } from 'commander'
import type { z } from 'zod'
import { NodeError } from '../node-error.ts'
import { CODES, loginFile } from './command.ts'
import { print, untilEnded } from './long-output.ts'
import { outputs } from './outputs.ts'
import { addressOf, lastUsed } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at?: string
  readonly as?: string
  readonly data?: string
  readonly ied?: string
  readonly limit: string
  readonly follow: boolean
  readonly mine: boolean
  readonly all: boolean
  readonly json: boolean
}
interface Acknowledgement {
  readonly at?: string
  readonly as?: string
  readonly data?: string
  readonly cause?: string
  readonly timeout: string
  readonly json: boolean
}
type AlertRow = z.infer<(typeof outputs)['alerts-follow']>

export const alertsCommand = (): Command =>
  new Command('alerts')
    .description('what needs somebody at an IED, or at all IEDs of which a back-end peer collects')
    .enablePositionalOptions()
    .option('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
    .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--ied <name>', 'of this IED alone')
    .option('--limit <n>', 'at most so many, the latest', '100')
    .option('--all', 'those that are over too', false)
    .option('--mine', 'those alone that the configuration gives to you, by your name or role', false)
    .option('--follow', 'go on with each change, until Ctrl-C', false)
    .option('--json', 'one JSON object; with --follow one a line', false)
    .addHelpText(
      'after',
      `
  feedermesh alerts --at utility-backend                what stands, and what nobody has acknowledged
  feedermesh alerts --at recloser-675 --follow --mine   what concerns you, as it comes
  feedermesh alerts acknowledge recloser-675/1764181836/3 --at utility-backend --as ada.yaml`,
    )
    .action((options: Arguments) => list(options))
    .addCommand(
      new Command('acknowledge')
        .description('somebody has seen it: it is not repeated to anybody any more (right CONTROL)')
        .argument('<alert>', 'its id')
        .option('--at <address>', 'a peer that passes it on (default: the IED of the alert)')
        .option('--as <file>', 'login of the person (default: FEEDERMESH_AS, then the operator that "up" made, if one)')
        .option('--cause <text>', 'what was found or done, for the records')
        .option('--timeout <seconds>', 'how long to wait for the outcome', '20')
        .option('--data <dir>', "data directory of 'up' (default: the one under .feedermesh last used)")
        .option('--json', 'one JSON object, as of "command"', false)
        .action((id: string, options: Acknowledgement) => acknowledge(id, options)),
    )

async function acknowledge(id: string, options: Acknowledgement): Promise<void> {
  const [ied = '', ...rest] = id.split('/')
  if (ied === '' || rest.length !== 2)
    throw new NodeError(
      'BAD_INPUT',
      `"${id}" is no alert, want an id that "feedermesh alerts" shows: IED/NUMBER/NUMBER`,
    )
  const seconds = Number(options.timeout)
  if (!(seconds > 0 && seconds <= 900))
    throw new NodeError('BAD_INPUT', `--timeout ${options.timeout}: want more than 0 and at most 900 seconds`)
  const { giveOrder } = await import('../person-orders.ts') // libp2p takes its time to load
  const given = await giveOrder({
    order: { ied, what: { verb: 'acknowledge', alert: id } },
    login: loginFile(options),
    cosign: false,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
    lifetimeMs: 60_000,
    timeoutMs: Math.round(seconds * 1000),
    addressOf: to => addressOf({ at: options.at ?? to, ...(options.data === undefined ? {} : { data: options.data }) }),
  })
  if (!('outcome' in given)) throw new Error('invariant: an acknowledgement is not saved')
  const { outcome } = given
  process.stdout.write(
    options.json
      ? `${JSON.stringify(outputs.command.parse({ ...outcome, order: `acknowledge ${id}` }))}\n`
      : `${id}: ${outcome.result === 'done' ? '' : `${outcome.result}: `}${outcome.words}\n`,
  )
  process.exitCode = CODES[outcome.result]
}

async function list(options: Arguments): Promise<void> {
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1)
    throw new NodeError('BAD_INPUT', `--limit ${options.limit}: want 1 or more`)
  if (options.at === undefined) throw new NodeError('BAD_INPUT', '--at: want the address of a peer, or its name')
  const { ied, follow, mine, all, data } = options
  const parameters = { limit, follow, mine, all, ...(ied === undefined ? {} : { ied }) }
  const login = options.as ?? process.env.FEEDERMESH_AS ?? join(data ?? lastUsed(), 'viewer.yaml')
  const address = addressOf({ at: options.at, ...(data === undefined ? {} : { data }) })
  const { askRows } = await import('../readout-rows-client.ts') // libp2p takes its time to load

  await untilEnded(async signal => {
    const found: AlertRow[] = []
    for await (const { rows } of askRows(address, login, 'alerts', parameters, signal)) {
      for (const each of rows) {
        const row = outputs['alerts-follow'].parse(each)
        if (follow) await print(`${options.json ? JSON.stringify(row) : lineOf(row)}\n`)
        else found.push(row)
      }
    }
    if (!follow)
      await print(`${options.json ? JSON.stringify({ alerts: found }) : table(found.map(shown)).trimEnd()}\n`)
  })
}

const shown = (row: AlertRow) => ({
  raised: row.raisedUtc,
  severity: row.severity,
  ied: row.ied,
  kind: row.kind,
  text: row.text,
  state: stateOf(row),
  count: row.count,
  id: row.id,
})

const stateOf = ({ phase, acknowledgedBy }: AlertRow): string =>
  [phase === 'momentary' ? 'happened' : phase, ...(acknowledgedBy === null ? [] : [`seen by ${acknowledgedBy}`])].join(
    ', ',
  )

function lineOf(row: AlertRow): string {
  const fields = Object.entries(row.fields).map(([key, value]) => `${key}=${value}`)
  return [row.lastUtc, row.notice, row.severity, row.ied, row.text, ...fields, stateOf(row), row.id].join('  ')
}

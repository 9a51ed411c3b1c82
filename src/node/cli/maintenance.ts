// `feedermesh maintenance`: what was done with each IED and the equipment it operates, and how worn that is; and
// `maintenance add`, which lets a person write down, signed, what he did.

import { Command } from 'commander'
import { NodeError } from '../node-error.ts'
import { maintenanceText } from './asset-text.ts'
import { CODES, loginFile } from './command.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'

interface Arguments {
  readonly at?: string
  readonly as?: string
  readonly data?: string
  readonly ied?: string
  readonly limit: string
  readonly json: boolean
}

interface AddArguments {
  readonly ied: string
  readonly text: string
  readonly at?: string
  readonly as?: string
  readonly data?: string
  readonly json: boolean
}

export const maintenanceCommand = (): Command =>
  new Command('maintenance')
    .enablePositionalOptions() // what stands behind `add` is its own, whatever the two have in common
    .description('what was done with each IED and its equipment, by whom, and how worn it is')
    .option('--at <address>', 'an IED or back-end peer: multiaddress, or a name that "up" runs')
    .option('--ied <name>', 'of this IED alone')
    .option('--limit <n>', 'the latest so many entries', '100')
    .option('--as <file>', 'login: key, credential and whom to trust (default: FEEDERMESH_AS, then the viewer of "up")')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .action(async (options: Arguments) => {
      const { at } = options
      if (at === undefined) throw new NodeError('BAD_INPUT', '--at is missing, want an IED or back-end peer')
      const limit = Number(options.limit)
      if (!Number.isInteger(limit) || limit < 1)
        throw new NodeError('BAD_INPUT', `--limit ${options.limit}: want 1 or more`)
      const login = loginOf(options)
      const address = addressOf({ ...options, at })
      const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
      const { ied } = options
      const parameters = { limit, ...(ied === undefined ? {} : { ied }) }
      const answer = outputs.maintenance.parse(await askReadout(address, login, 'maintenance', parameters))
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : maintenanceText(answer))
    })
    .addCommand(addCommand())

const addCommand = (): Command =>
  new Command('add')
    .description('writes down what a person did at a device, signed by him, in its ledger')
    .requiredOption('--ied <name>', 'at which IED, or the equipment that it operates')
    .requiredOption('--text <words>', 'what was done, 400 characters at the most')
    .option('--at <address>', 'an agent that passes it on (default: the IED)')
    .option('--as <file>', 'login of the person (default: FEEDERMESH_AS, then the operator that "up" made, if one)')
    .option('--data <dir>', "data directory of 'up' (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .action(async ({ ied, text, ...options }: AddArguments) => {
      const words = text.trim()
      if (words.length === 0 || words.length > 400)
        throw new NodeError('BAD_INPUT', `--text: ${words.length} characters, want 1 to 400`)
      const { giveOrder } = await import('../person-orders.ts')
      const done = await giveOrder({
        order: { ied, what: { verb: 'note', words } },
        login: loginFile(options),
        cosign: false,
        lifetimeMs: 60_000,
        timeoutMs: 20_000,
        addressOf: to =>
          addressOf({ at: options.at ?? to, ...(options.data === undefined ? {} : { data: options.data }) }),
      })
      if ('saved' in done) throw new Error('invariant: nothing was to be saved')
      const { outcome, words: order } = done
      const said = outputs.command.parse({ ...outcome, order })
      process.stdout.write(options.json ? `${JSON.stringify(said)}\n` : `${ied}: ${outcome.result}: ${outcome.words}\n`)
      process.exitCode = CODES[outcome.result]
    })

// `feedermesh usage edit`: a person puts other energy in the place of one interval, signed, with the reason.

import { Command } from 'commander'
import { NodeError } from '../node-error.ts'
import { CODES, loginFile } from './command.ts'
import { moment } from './fraud.ts'
import { outputs } from './outputs.ts'
import { addressOf } from './readouts.ts'

interface Arguments {
  readonly ied: string
  readonly start: string
  readonly importKwh: string
  readonly exportKwh: string
  readonly why: string
  readonly by?: string
  readonly as?: string
  readonly data?: string
  readonly json: boolean
}

export const usageEditCommand = (): Command =>
  new Command('edit')
    .description('puts other energy in the place of one interval of a meter, signed by a person; the reading stays')
    .requiredOption('--ied <name>', 'whose meter')
    .requiredOption('--start <utc>', 'when the interval begins')
    .requiredOption('--import-kwh <kWh>', 'taken in it, up to three places')
    .option('--export-kwh <kWh>', 'given in it', '0')
    .requiredOption('--why <words>', '200 characters at the most')
    .option('--by <address>', 'an agent that passes it on (default: the IED)')
    .option(
      '--as <file>',
      'login of the person, who needs the right CONFIG (default: FEEDERMESH_AS, then that of "up")',
    )
    .option('--data <dir>', "data directory of 'up' (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .action(async ({ ied, start, importKwh, exportKwh, why, by, ...options }: Arguments) => {
      const words = why.trim()
      if (words.length === 0 || words.length > 200)
        throw new NodeError('BAD_INPUT', `--why: ${words.length} characters, want 1 to 200`)
      const energy = { importWh: wattHours('--import-kwh', importKwh), exportWh: wattHours('--export-kwh', exportKwh) }
      const { giveOrder } = await import('../person-orders.ts')
      const done = await giveOrder({
        order: { ied, what: { verb: 'edit-reading', startUtcMs: moment('--start', start) ?? 0, ...energy, words } },
        login: loginFile(options),
        cosign: false,
        lifetimeMs: 60_000,
        timeoutMs: 20_000,
        addressOf: to => addressOf({ at: by ?? to, ...(options.data === undefined ? {} : { data: options.data }) }),
      })
      if ('saved' in done) throw new Error('invariant: nothing was to be saved')
      const { outcome, words: order } = done
      const said = outputs.command.parse({ ...outcome, order })
      process.stdout.write(options.json ? `${JSON.stringify(said)}\n` : `${ied}: ${outcome.result}: ${outcome.words}\n`)
      process.exitCode = CODES[outcome.result]
    })

/** Whole watt-hours of a decimal: never by way of a binary fraction. */
function wattHours(option: string, text: string): number {
  const [, whole, part = ''] = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(text) ?? []
  if (whole === undefined) throw new NodeError('BAD_INPUT', `${option} ${text}: want kWh with three places at most`)
  return Number(`${whole}${part.padEnd(3, '0')}`)
}

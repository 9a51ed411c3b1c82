// `feedermesh fraud`: who is suspected of drawing energy that is not registered, and what speaks for it.

import { Command } from 'commander'
import { NodeError } from '../node-error.ts'
import { fraudText } from './asset-text.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly from?: string
  readonly to?: string
  readonly json: boolean
}

export const fraudCommand = (): Command =>
  new Command('fraud')
    .description('energy balance and signs of tampering: who is suspected, with the evidence')
    .requiredOption('--at <address>', 'a back-end peer: multiaddress, or its name where "up" runs it')
    .option('--from <date>', "readings that start at or after it: a date in the site's zone, or a time with its own")
    .option(
      '--to <date>',
      'readings that end before or at it (default: now, and as far back as its configuration says)',
    )
    .option('--as <file>', 'login: key, credential and whom to trust (default: FEEDERMESH_AS, then the viewer of "up")')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .action(async (options: Arguments) => {
      const { from, to } = options
      const login = loginOf(options)
      const address = addressOf(options)
      const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
      const parameters = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      const answer = outputs.fraud.parse(await askReadout(address, login, 'fraud', parameters))
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : fraudText(answer))
    })

export function moment(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    throw new NodeError('BAD_INPUT', `${option} ${text}: want a day, 2026-06-01, or 2026-06-01T12:00:00Z`)
  return at
}

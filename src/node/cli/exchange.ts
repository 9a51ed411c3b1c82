// `feedermesh exchange`: what a back-end peer has issued to other organisations' back ends, and what came from them.

import { Command } from 'commander'
import type { z } from 'zod'
import { readDocument } from '../exchange-protocol.ts'
import { billText } from './bill-text.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly ask: boolean
  readonly show?: string
  readonly limit: string
  readonly json: boolean
}

export const exchangeCommand = (): Command =>
  new Command('exchange')
    .description('bills, prices and reliability that back ends of other organisations sent, and were sent')
    .requiredOption('--at <address>', 'a back-end peer: multiaddress, or a name that "up" runs')
    .option('--ask', 'issues what is due, and asks the partners for theirs first', false)
    .option('--show <about>', 'one received document, by the column "about"')
    .option('--limit <n>', 'at most so many rows', '100')
    .option('--as <file>', 'login: key, credential and whom to trust (default: FEEDERMESH_AS, then the viewer of "up")')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .action(async (options: Arguments) => {
      const { show } = options
      const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
      const login = loginOf(options)
      const parameters = show === undefined ? { ask: options.ask, limit: Number(options.limit) } : { about: show }
      const answer = await askReadout(addressOf(options), login, 'exchange', parameters)
      if (show !== undefined) {
        const { document } = outputs['exchange-document'].parse(answer)
        return void process.stdout.write(
          options.json ? `${JSON.stringify({ document })}\n` : documentText(document.jws),
        )
      }
      const output = outputs.exchange.parse(answer)
      process.stdout.write(options.json ? `${JSON.stringify(output)}\n` : exchangeText(output))
    })

function documentText(jws: string): string {
  const read = readDocument(jws, () => true)
  if (typeof read === 'string') return `${read}\n`
  const { document } = read
  const head = `from ${document.from} to ${document.to}, issued ${document.issuedUtc}, revision ${document.revision}\n`
  if (document.kind !== 'bill') return `${head}${JSON.stringify(document, undefined, 2)}\n`
  return `${head}tariff SHA-256 ${document.tariffSha256}\n\n${billText({ bills: [document.bill], findings: [] })}`
}

function exchangeText({ partners, issued, received }: z.infer<(typeof outputs)['exchange']>): string {
  const plain = partners.map(({ gives, takes, ...rest }) => ({
    ...rest,
    gives: gives.join(' '),
    takes: takes.join(' '),
  }))
  const parts = [table(plain)]
  if (issued.length > 0) parts.push(`issued\n${table(issued)}`)
  if (received.length > 0) {
    const rows = received.map(({ from, about, revision, issuedUtc, says, ownKwh, agrees }) => ({
      from,
      about,
      revision,
      issuedUtc,
      says,
      'own readings': ownKwh === undefined ? '' : agrees === true ? 'agree' : `differ: ${ownKwh} kWh`,
    }))
    parts.push(`received\n${table(rows)}`)
  }
  return parts.join('\n')
}

// `feedermesh portions orders`: orders with parts for several readers, as a peer's records have them. The tool checks the
// signatures itself, and opens with the keys in the files that it is given; what the peer's own keys open, the peer says.

import type { Command } from 'commander'
import { z } from 'zod'
import { readerText } from '../../protection/order-portion.ts'
import { NodeError } from '../node-error.ts'
import { outputs } from './outputs.ts'
import { AS, DATA, type PortionArguments, placed, viewer } from './portion-options.ts'
import { table } from './table.ts'

interface Arguments extends PortionArguments {
  readonly ied?: string
  readonly limit: string
  readonly key: string[]
}

const answerSchema = z.object({
  orders: z.array(
    z.object({
      ied: z.string(),
      number: z.number(),
      utc: z.string(),
      by: z.string(),
      envelopes: z.array(z.string()).min(1).max(2),
      credentials: z.array(z.string()).min(1).max(2),
      portions: z.array(z.object({ text: z.string().nullable() })),
    }),
  ),
})
type Told = z.infer<typeof answerSchema>['orders'][number]

export function addOrderPortions(command: Command): void {
  command
    .command('orders')
    .description(
      'orders with parts for several readers: whether they are signed as a whole, and what can be read of them',
    )
    .requiredOption('--at <address>', 'an IED or a back-end peer that has records of class operation')
    .option('--ied <name>', 'of this IED alone, further back')
    .option('--limit <count>', 'the latest so many', '20')
    .option(
      '--key <file>',
      'a private sealing key to open with here, as "portions key" makes it',
      (value, before: string[]) => [...before, value],
      [],
    )
    .option(AS, 'login (default: FEEDERMESH_AS, then the viewer that "up" made)')
    .option(...DATA)
    .option('--json', 'one JSON object', false)
    .action(orders)
}

async function orders(options: Arguments): Promise<void> {
  const { at = '', ied } = options
  const limit = Number(options.limit)
  if (!Number.isInteger(limit)) throw new NodeError('BAD_INPUT', `--limit ${options.limit}: want a whole number`)
  const { askReadout, readLogin } = await import('../readout-client.ts')
  const { readSealingKey } = await import('../sealing-key-file.ts')
  const { joseSealing } = await import('../jose-sealing.ts')
  const login = await readLogin(viewer(options))
  const { open } = joseSealing(options.key.map(readSealingKey))
  const parameters = { limit, ...(ied === undefined ? {} : { ied }) }
  const told = answerSchema.parse(await askReadout(placed(at, options), viewer(options), 'order-portions', parameters))
  const rows = await Promise.all(told.orders.map(each => checked(each, login.authorities, open)))
  const answer = outputs['order-portions'].parse({ orders: rows })
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : ordersText(answer.orders))
}

async function checked(
  told: Told,
  authorities: Parameters<typeof import('../../mesh/credential.ts').verifyCredential>[1],
  open: (sealed: Uint8Array) => Promise<Uint8Array | undefined>,
) {
  const { verifyCredential } = await import('../../mesh/credential.ts')
  const { verifyPeer } = await import('../../mesh/identity.ts')
  const { readEnvelope } = await import('../../mesh/envelope.ts')
  const { decodeOrder } = await import('../../protection/command.ts')
  const { checkSignatures, portionText } = await import('../portioned-orders.ts')
  const { openOrderPortion } = await import('../order-sealing.ts')
  const { ied, number, utc, by, credentials } = told
  const envelopes = told.envelopes.map(each => new Uint8Array(Buffer.from(each, 'base64url')))
  const order = decodeOrder(readEnvelope(envelopes[0] as Uint8Array).envelope.payload)
  const fault = await checkSignatures({ ied, order, envelopes, credentials }, verifyPeer, (token, at) =>
    verifyCredential(token, authorities, at),
  )
  const portions = (order.portions ?? []).map(async (portion, n) => {
    const opened = await openOrderPortion(order, portion, open).catch(() => undefined)
    return {
      part: portion.part,
      for: portion.for.map(readerText).join(', '),
      bytes: portion.sealed.length,
      text: opened === undefined ? (told.portions[n]?.text ?? null) : portionText(opened),
    }
  })
  return {
    ied,
    number,
    utc,
    by,
    verified: fault === undefined,
    fault: fault ?? null,
    portions: await Promise.all(portions),
  }
}

function ordersText(found: z.infer<(typeof outputs)['order-portions']>['orders']): string {
  if (found.length === 0) return 'no order with portions is among the latest records\n'
  return table(
    found.flatMap(({ ied, number, by, fault, portions }) =>
      portions.map(portion => ({
        ied,
        number,
        by,
        signed: fault ?? 'as a whole',
        part: portion.part,
        for: portion.for,
        text: portion.text ?? `(sealed, ${portion.bytes} bytes)`,
      })),
    ),
  )
}

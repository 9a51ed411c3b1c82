// What a person wants sealed of an order, in the words of the command line: `customer/accounting=contract 4711`.

import type { SealingKey } from '../aggregation/portion.ts'
import { type SignedWords, unsealable, type What } from '../protection/command.ts'
import {
  MAX_PORTION_READERS,
  MAX_PORTION_WORDS,
  type OrderPortion,
  type PortionReader,
} from '../protection/order-portion.ts'
import { joseSealing } from './jose-sealing.ts'
import { NodeError } from './node-error.ts'
import { type PortionTo, sealOrderPortion } from './order-sealing.ts'

export interface WantedPortions {
  /** The operation is for the IED, and for these beside it. */
  readonly operationFor?: readonly PortionReader[]
  readonly words: readonly {
    readonly part: 'reason' | 'commercial'
    readonly for: readonly PortionReader[]
    readonly words: string
  }[]
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/** `utility`, `customer/accounting`, with commas between. @throws NodeError BAD_INPUT */
export function parseReaders(option: string, text: string): PortionReader[] {
  const readers = text.split(',').map(each => {
    const [organisation = '', ...rest] = each.trim().split('/')
    const department = rest.length === 0 ? undefined : rest.join('/')
    if (!NAME.test(organisation) || department === '') {
      throw new NodeError(
        'BAD_INPUT',
        `${option} ${text}: want ORGANISATION or ORGANISATION/DEPARTMENT, with commas between`,
      )
    }
    return { organisation, ...(department === undefined ? {} : { department }) }
  })
  if (readers.length < MAX_PORTION_READERS) return readers
  throw new NodeError('BAD_INPUT', `${option}: ${readers.length} readers, want ${MAX_PORTION_READERS - 1} at most`)
}

/** @throws NodeError BAD_INPUT */
export function parsePortion(part: 'reason' | 'commercial', text: string): WantedPortions['words'][number] {
  const at = text.indexOf('=')
  const words = text.slice(at + 1).trim()
  if (at < 1 || words === '' || words.length > MAX_PORTION_WORDS) {
    throw new NodeError(
      'BAD_INPUT',
      `--${part} ${text.slice(0, 40)}: want READERS=TEXT, of ${MAX_PORTION_WORDS} characters at most`,
    )
  }
  return { part, for: parseReaders(`--${part}`, text.slice(0, at)), words }
}

/** @throws NodeError BAD_INPUT */
export function checkSealable({ verb }: What): void {
  const why = unsealable[verb]
  if (why === undefined) return
  throw new NodeError(
    'BAD_INPUT',
    `--sealed: ${verb} can't be sealed: ${why}; want it without --sealed, and what is confidential in --reason or --commercial`,
  )
}

/** @param keysOf asked once for each reader */
export async function sealWanted(
  wanted: WantedPortions,
  order: Pick<SignedWords, 'by' | 'id'> & { readonly to: string; readonly what: What },
  keysOf: (reader: PortionReader) => Promise<readonly SealingKey[]>,
): Promise<OrderPortion[]> {
  const sealing = joseSealing([])
  const known = new Map<string, PortionTo>()
  async function to(readers: readonly PortionReader[]): Promise<PortionTo[]> {
    const found: PortionTo[] = []
    for (const reader of readers) {
      const name = JSON.stringify(reader)
      const each = known.get(name) ?? { reader, keys: await keysOf(reader) }
      known.set(name, each)
      found.push(each)
    }
    return found
  }
  const portions: OrderPortion[] = []
  if (wanted.operationFor !== undefined) {
    const readers = await to([{ ied: order.to }, ...wanted.operationFor])
    portions.push(await sealOrderPortion(order, { part: 'operation', what: order.what }, readers, sealing))
  }
  for (const { part, for: readers, words } of wanted.words) {
    portions.push(await sealOrderPortion(order, { part, words }, await to(readers), sealing))
  }
  return portions
}

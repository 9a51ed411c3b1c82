// By which tariffs a back-end peer bills a meter: the contracts that the customer's IED has recorded, which came with its
// readings. A contract names its tariff by the SHA-256 of the document, which the own supplier's desk may have, the customer's
// IED has, or some other peer; what was fetched is checked by its hash and kept.
//
// A tariff that nobody has is an error that says so: a bill by another one would be wrong, and nobody would see it.

import { createHash } from 'node:crypto'
import type { Collector } from '../aggregation/collector.ts'
import { contractIn } from '../aggregation/suppliers/contract.ts'
import { MAX_TARIFF_BYTES, tariffQuestion } from '../aggregation/suppliers/supplier-message.ts'
import type { ComponentContext, ContractSpan } from './component.ts'
import { NodeError } from './node-error.ts'
import { hexOf, TARIFF_PROTOCOL } from './tariff-shelf.ts'

const PATIENCE_MS = 5_000
/** Beside the customer's IED. */
const OTHERS_ASKED = 4
/** Of one meter: the latest. A customer that changes more often is broken. */
const MOST = 64
const documentKey = (sha256Hex: string): string => `contracts/document/${sha256Hex}`

export interface CollectedContracts {
  /** The earliest first. @throws NodeError UNREACHABLE when a tariff can't be had now */
  of(meter: string): Promise<readonly ContractSpan[]>
}

export function collectedContracts(
  { bus, feeder, links, store }: Pick<ComponentContext, 'bus' | 'feeder' | 'links' | 'store'>,
  collector: Pick<Collector, 'billingWords'>,
): CollectedContracts {
  async function documentOf(meter: string, sha256: Uint8Array): Promise<string> {
    const hex = hexOf(sha256)
    const isIt = (bytes: Uint8Array): boolean => createHash('sha256').update(bytes).digest('hex') === hex
    const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const kept = await store.get(documentKey(hex))
    if (kept !== undefined) return textOf(kept)
    const keep = async (bytes: Uint8Array): Promise<string> => {
      await store.batch([{ put: documentKey(hex), value: bytes }], { durable: true })
      return textOf(bytes)
    }
    let own: Uint8Array | undefined
    bus.emit('tariff-document-asked', {
      sha256: hex,
      answer: found => {
        own = found
      },
    })
    if (own !== undefined && isIt(own)) return keep(own)
    const owner = feeder.file.ieds.find(({ name }) => name === meter)?.organisation
    const isMeter = ({ name, organisation }: { name: string; organisation: string }): boolean =>
      name === meter && organisation === owner
    const peers = links.peers()
    const machines = peers.filter(({ credential }) => credential.roles.some(role => role === 'BACKEND'))
    const asked = [
      ...peers.filter(({ credential }) => isMeter(credential)),
      ...machines.filter(({ credential }) => !isMeter(credential)).slice(0, OTHERS_ASKED),
    ]
    const question = tariffQuestion.encode({ want: 'document', sha256 })
    for (const { peerId } of asked) {
      const bytes = await links
        .request(peerId, TARIFF_PROTOCOL, question, { timeoutMs: PATIENCE_MS, lane: 'bulk' })
        .catch(() => undefined)
      if (bytes !== undefined && bytes.length <= MAX_TARIFF_BYTES && isIt(bytes)) return keep(bytes)
    }
    throw new NodeError(
      'UNREACHABLE',
      `the tariff that ${meter} has agreed on (SHA-256 ${hex}) is not here, and none of ${asked.length} peers that were asked ` +
        'has it: want it connected, or --tariff FILE',
    )
  }

  return {
    async of(meter) {
      const found = []
      for await (const { header, body } of collector.billingWords(meter)) {
        const contract = body && contractIn(body.content)
        if (contract !== undefined) found.push({ header, contract, fromUtcMs: Date.parse(contract.fromUtc) })
      }
      found.sort((a, b) => a.header.utcMs - b.header.utcMs)
      // A device begins with a contract for whatever came before it. One that has replaced another came after that one's.
      const first = found[0]?.header.ledgerId
      const inOrder = found
        .map(({ header, contract, fromUtcMs }) => ({
          ...contract,
          fromUtcMs: fromUtcMs === 0 && header.ledgerId !== first ? header.utcMs : fromUtcMs,
        }))
        .sort((a, b) => a.fromUtcMs - b.fromUtcMs)
        .slice(-MOST)
      const spans: ContractSpan[] = []
      for (const { to, fromUtcMs, sha256 } of inOrder) {
        let prices: ContractSpan['prices']
        bus.emit('prices-asked', {
          supplier: to,
          answer: series => {
            prices = series
          },
        })
        const text = await documentOf(meter, sha256)
        spans.push({ supplier: to, fromUtcMs, text, prices })
      }
      return spans
    },
  }
}

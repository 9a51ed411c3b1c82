// An aggregator that means no good. It holds batches in its hands, and may do with them whatever its own key permits.

import type { Batch, Destination, Outcome } from '../../src/aggregation/delivery.ts'
import type { Portion } from '../../src/aggregation/portion.ts'
import { signReceipt } from '../../src/aggregation/receipt.ts'
import type { LedgerRecord } from '../../src/aggregation/record.ts'
import type { RollUpPorts } from '../../src/aggregation/roll-up.ts'
import type { Chance } from './chance.ts'
import { keysOf } from './chance.ts'

export const malices = [
  'drops',
  'withholds',
  'alters',
  'reorders',
  'strips',
  'replays',
  'forges',
  'drips',
  'mixed',
] as const
export type Malice = (typeof malices)[number]

type Ports = Pick<RollUpPorts, 'pull' | 'deliver' | 'carry'>

/** The same ports, in bad hands. `old` are batches of before, which it keeps to use them again. */
export function inBadHands(ports: Ports, malice: Malice, name: string, chance: Chance, old: Batch[]): Ports {
  const now = (): Malice => (malice === 'mixed' ? (malices[chance.below(malices.length - 1)] as Malice) : malice)
  let dripped = false
  return {
    async pull(member, pull) {
      const forged = now() === 'forges' ? [forgery(pull.recipient, member, old, name, chance)] : []
      const outcomes = [...pull.outcomes, ...forged.filter(each => each !== undefined)]
      const answer = await ports.pull(member, {
        ...pull,
        outcomes,
        ...(now() === 'reorders' && chance.happens(0.3) ? { after: chance.below(50) } : {}),
      })
      if (answer.kind === 'batch' && answer.records.length > 0) {
        if (old.length < 60) old.push(answer)
        else old[chance.below(60)] = answer
      }
      return answer
    },
    async deliver(to, batch) {
      switch (now()) {
        case 'drops':
          throw new Error('dropped')
        case 'withholds':
          await ports.deliver(to, batch)
          throw new Error('withheld')
        case 'alters':
          return ports.deliver(to, {
            ...batch,
            records: batch.records.map((each, n) => (n === 0 && chance.happens(0.5) ? altered(each) : each)),
            ...(batch.portions === undefined ? {} : { portions: batch.portions.map(scratched) }),
          })
        case 'reorders':
          return ports.deliver(to, { ...batch, records: batch.records.toReversed() })
        case 'strips': {
          const { portions: _, ...stripped } = batch
          return ports.deliver(to, { ...stripped, records: batch.records.map(({ header }) => ({ header })) })
        }
        case 'replays': {
          const again = old[chance.below(old.length)]
          return ports.deliver(to, again ?? batch)
        }
        case 'forges':
          return forgery(to, batch.ied, [batch], name, chance) ?? ports.deliver(to, batch)
        case 'drips':
          // One batch of each round gets through, as it is.
          dripped = !dripped
          if (!dripped) throw new Error('not this one')
          return ports.deliver(to, batch)
        default:
          return ports.deliver(to, batch)
      }
    },
    async carry(member, outcomes) {
      if (now() === 'withholds') return
      await ports.carry(member, now() === 'reorders' ? outcomes.toReversed() : outcomes)
    },
  }
}

/** A receipt over more than was delivered, signed with a key that it has; or a refusal, which nobody signs. */
function forgery(
  to: Destination,
  ied: string,
  old: readonly Batch[],
  name: string,
  chance: Chance,
): Outcome | undefined {
  const batch = old.find(each => each.ied === ied)
  if (batch === undefined) return undefined
  const { ledgerId, head } = batch
  const { chainHash } = head
  const about = { backEnd: to.backEnd, organisation: to.organisation, ied, ledgerId, chainHash }
  if (chance.happens(0.5)) {
    return { kind: 'refusal', reason: chance.happens(0.5) ? 'gap' : 'fork', haveUpTo: chance.below(20), ...about }
  }
  return signReceipt({ ...about, upTo: head.number, lacking: {}, utcMs: batch.head.utcMs }, keysOf(name).sign)
}

const scratched = (portion: Portion): Portion => ({
  ...portion,
  sealed: portion.sealed.map((byte, n) => (n === portion.sealed.length >> 1 ? byte ^ 1 : byte)),
})

function altered(record: LedgerRecord): LedgerRecord {
  const { header, body } = record
  if (body === undefined) return { header: { ...header, number: header.number + 1 } }
  return { header, body: { ...body, content: Uint8Array.from(body.content, byte => byte ^ 1) } }
}

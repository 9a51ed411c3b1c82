// An IED that tells one back end this and another one that contradicts itself nowhere, as either sees it. So back ends show
// each other the newest head that an IED signed for what they have: a batch without records, which the other one takes like any
// other. It meets the chain that is stored there, and is receipted, or is of what does not reach there yet, or is the second
// history: then it is evidence there, and the other one's own head, shown in the other direction, is evidence here. What a back
// end has of evidence it shows as well, headers alone, so that all learn of it that hold the ledger.

import type { KeptHistory } from './collected-evidence.ts'
import type { Collector } from './collector.ts'
import type { Batch, Outcome } from './delivery.ts'
import type { LedgerId, SignedHead } from './record.ts'

export interface Differs {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly number: number
}

export interface HeadComparison {
  /**
   * One round with one other back end, a ledger after the other.
   * @param show rejects where it is away: the round ends, and the next one begins where this one stopped
   * @returns ledgers of which the other one says for the first time that it has another history, each as soon as it says so
   */
  round(peer: string, show: (batch: Batch) => Promise<Outcome>): AsyncGenerator<Differs>
  forget(peer: string): void
}

/** A back end that has nothing of an IED is shown its head once in so many rounds. */
const SELDOM = 12

interface Shown {
  /** The head that was answered last. */
  number: number
  /** Rounds to leave out. */
  rest: number
  differs: boolean
}

/** Of one peer, ledgers of which it is told that it has another history: for more than that it is said no more. */
const MOST_DIFFERING = 1_000

export function headComparison(collector: Pick<Collector, 'heads' | 'signedHead' | 'evidence'>): HeadComparison {
  const shown = new Map<string, Map<string, Shown>>()
  /** Evidence that was answered, by peer: there is a bounded number of it. */
  const evidenceShown = new Map<string, Set<string>>()
  /** By peer, and not forgotten with it: one that comes and goes makes no new alarms. */
  const saidToDiffer = new Map<string, Set<string>>()

  return {
    async *round(peer, show) {
      const known = shown.get(peer) ?? new Map<string, Shown>()
      shown.set(peer, known)
      const told = evidenceShown.get(peer) ?? new Set<string>()
      evidenceShown.set(peer, told)
      const said = saidToDiffer.get(peer) ?? new Set<string>()
      saidToDiffer.set(peer, said)
      const ledgerOf = (ied: string, ledgerId: LedgerId): Shown => {
        const at = `${ied} ${ledgerId}`
        const found = known.get(at) ?? { number: 0, rest: 0, differs: false }
        known.set(at, found)
        return found
      }
      /** @param batch of the history that is stored here */
      const askOfOwn = async (batch: Batch): Promise<{ outcome: Outcome; differs?: Differs }> => {
        const { ied, ledgerId } = batch
        const outcome = await show(batch)
        if (outcome.kind !== 'refusal' || outcome.reason !== 'fork') return { outcome }
        ledgerOf(ied, ledgerId).differs = true
        const at = `${ied} ${ledgerId}`
        if (said.has(at) || said.size >= MOST_DIFFERING) return { outcome }
        said.add(at)
        return { outcome, differs: { ied, ledgerId, number: Math.min(outcome.haveUpTo, batch.head.number) } }
      }

      for (const { ied, ledgerId } of await collector.heads()) {
        const ledger = ledgerOf(ied, ledgerId)
        if (ledger.differs) continue // what proves it goes by itself, below
        if (ledger.rest > 0) {
          ledger.rest--
          continue
        }
        const kept = await collector.signedHead(ied, ledgerId)
        if (kept === undefined || kept.head.number <= ledger.number) continue
        const { head, credentialHash } = kept
        const { outcome, differs } = await askOfOwn(headAlone(head, credentialHash))
        if (differs !== undefined) yield differs
        // One that has not come so far is asked again; it shows its own head meanwhile, which is compared here.
        if (outcome.kind === 'receipt' || outcome.reason === 'fork') ledger.number = head.number
        else if (outcome.reason !== 'gap' || outcome.haveUpTo === 0) ledger.rest = SELDOM - 1
      }
      for await (const evidence of collector.evidence()) {
        const at = `${evidence.ied} ${evidence.ledgerId} ${evidence.number}`
        if (told.has(at) || ledgerOf(evidence.ied, evidence.ledgerId).rest > 0) continue
        const outcomes: Outcome[] = []
        if (evidence.first !== undefined) {
          const { outcome, differs } = await askOfOwn(headersOf(evidence.first))
          if (differs !== undefined) yield differs
          outcomes.push(outcome)
        }
        outcomes.push(await show(headersOf(evidence.second)))
        if (outcomes.every(outcome => outcome.kind === 'receipt' || outcome.reason === 'fork')) told.add(at)
      }
    },
    forget(peer) {
      shown.delete(peer)
      evidenceShown.delete(peer)
    },
  }
}

const headAlone = (head: SignedHead, credentialHash?: Uint8Array): Batch => ({
  kind: 'batch',
  ied: head.ied,
  ledgerId: head.ledgerId,
  ...(credentialHash === undefined ? {} : { credentialHash }),
  records: [],
  head,
  remaining: 0,
})

/** Contents are not for everybody who has the ledger. */
const headersOf = ({ head, records, credentialHash }: KeptHistory): Batch => ({
  ...headAlone(head, credentialHash),
  records: records.map(({ header }) => ({ header })),
})

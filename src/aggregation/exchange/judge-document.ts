// Whether a document that came from another organisation counts here. Pure: its signature has been looked at already, and whose
// credential signed it. What is refused changes nothing, whatever it is about; what comes twice or late neither.

import { decimal, minus, plus, zero } from '../billing/exact.ts'
import { type ExchangeDocument, type ExchangeKind, subjectOf } from './exchange-document.ts'

export interface Exchanged {
  readonly kind: ExchangeKind
  readonly subject: string
  readonly revision: number
  /** SHA-256 of the content, hexadecimal. */
  readonly digest: string
}

export interface ExchangePolicy {
  /** The own organisation. */
  readonly organisation: string
  /** What is taken from the signer's organisation; undefined: it is no partner here. */
  readonly takes: readonly ExchangeKind[] | undefined
  /** Whose bills count here: of these meters. */
  readonly meters: ReadonlySet<string>
  readonly nowUtcMs: number
}

/** `known`: it is here already. `older`: a later one is here. Both are as good as taken for who sent it. */
export type ExchangeVerdict =
  | { readonly verdict: 'new' | 'known' | 'older' }
  | { readonly verdict: 'refused' | 'conflict'; readonly words: string }

/** A document of later than that is of a clock that is wrong. */
const MOST_AHEAD_MS = 3_600_000

export function judgeDocument(
  document: ExchangeDocument,
  digest: string,
  signer: { readonly organisation: string; readonly roles: readonly string[] },
  known: Exchanged | undefined,
  policy: ExchangePolicy,
): ExchangeVerdict {
  const refused = (words: string): ExchangeVerdict => ({ verdict: 'refused', words })
  const { kind, from, to, issuedUtc, revision } = document
  const subject = subjectOf(document)
  if (!signer.roles.includes('BACKEND')) return refused(`signed by ${signer.roles.join(', ')}, want a back-end peer`)
  if (from !== signer.organisation)
    return refused(`it says that it is from ${from}, and ${signer.organisation} signed it`)
  if (to !== policy.organisation) return refused(`it is for ${to}, want ${policy.organisation}`)
  if (policy.takes === undefined) return refused(`${from} is no partner under exchange.partners here`)
  if (!policy.takes.includes(kind)) return refused(`${kind} is not taken from ${from} here`)
  if (Date.parse(issuedUtc) > policy.nowUtcMs + MOST_AHEAD_MS)
    return refused(`it is issued at ${issuedUtc}, which is to come`)
  if (document.kind === 'bill') {
    if (!policy.meters.has(document.meter))
      return refused(`${document.meter} is not a meter whose bills are taken here`)
    const fault = billFault(document)
    if (fault !== undefined) return refused(`${subject}: ${fault}`)
  }
  if (known === undefined || revision > known.revision) return { verdict: 'new' }
  if (digest === known.digest) return { verdict: 'known' }
  if (revision < known.revision) return { verdict: 'older' }
  return {
    verdict: 'conflict',
    words: `${subject}: revision ${revision} is here with other content (SHA-256 ${known.digest.slice(0, 16)}…, came ${digest.slice(0, 16)}…)`,
  }
}

/** Whoever issued it: a bill whose lines do not make its total is none. */
function billFault({ meter, bill }: Extract<ExchangeDocument, { kind: 'bill' }>): string | undefined {
  if (bill.meter !== undefined && bill.meter !== meter) return `the bill within is of ${bill.meter}`
  if (Date.parse(bill.toUtc) <= Date.parse(bill.fromUtc)) return 'it ends before it begins'
  const sum = (isTax: boolean) =>
    bill.lines
      .filter(({ kind }) => (kind === 'tax') === isTax)
      .reduce((all, { amount }) => plus(all, decimal(amount)), zero)
  const isSame = (text: string, value: ReturnType<typeof sum>): boolean => minus(decimal(text), value).top === 0n
  if (!isSame(bill.subtotal, sum(false))) return `its lines before tax do not make ${bill.subtotal}`
  if (!isSame(bill.tax, sum(true))) return `its tax lines do not make ${bill.tax}`
  if (!isSame(bill.total, plus(decimal(bill.subtotal), decimal(bill.tax)))) return `its parts do not make ${bill.total}`
  return undefined
}

/** What a partner may have. Its own meters are those of its organisation in the feeder file, and those that are named. */
export function mayHave(
  { kind, ...document }: Pick<ExchangeDocument, 'kind'> & { readonly meter?: string },
  partner: { readonly gives: readonly ExchangeKind[]; readonly meters: ReadonlySet<string> },
): boolean {
  return (
    partner.gives.includes(kind) &&
    (kind !== 'bill' || (document.meter !== undefined && partner.meters.has(document.meter)))
  )
}

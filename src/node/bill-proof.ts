// Makes and checks the proof from a meter to its bill. Both compute from the proven readings alone, by the same way as every
// bill; so nothing that is not in the file can have gone into a bill that holds.

import { createHash } from 'node:crypto'
import { utcMs } from '../../topology/units.ts'
import { placed } from '../aggregation/billing/exact.ts'
import { type BillRow, billRow, editOf, historyMs, wishedPeriod } from '../aggregation/billing/index.ts'
import {
  type BilledStatement,
  type BillProof,
  billDifferences,
  billedStatementSchema,
  billProofCodec,
} from '../aggregation/certification/bill-proof.ts'
import {
  checkProof,
  type MeterProof,
  type ProofVerdict,
  type ProvingLedger,
  proofCodec,
  proveReadings,
} from '../aggregation/certification/meter-proof.ts'
import type { KeptHead } from '../aggregation/collected-heads.ts'
import type { Collector } from '../aggregation/collector.ts'
import { type TrustedAuthority, verifyCredential } from '../mesh/credential.ts'
import { type VerifySignature, verifyPeer } from '../mesh/identity.ts'
import {
  type BilledPart,
  type BillQuestion,
  billedParts,
  billQuestion,
  checkMeter,
  type ReadingSource,
} from './bill-answer.ts'
import { findingRows } from './bill-rows.ts'
import { type JwsSigner, readJws, signJws } from './compact-jws.ts'
import { NodeError } from './node-error.ts'
import { checkCounted, checkEdits, editsIn } from './proven-edits.ts'
import { checkWords, pricesIn, pricesText, sha256Of } from './proven-words.ts'
import type { SupplierWords } from './supplier-words.ts'
import { verifyProof } from './verify-proof.ts'

const TYPE = 'feedermesh-bill+jws'

/** Readings and edits that the proof shows; contracts only while it is made. */
const provenSource = (
  { ied }: MeterProof,
  { readings, edits }: ProofVerdict,
  contracts?: ReadingSource['contracts'],
): ReadingSource => ({
  meters: async () => [ied],
  async *readings(_, fromUtcMs, toUtcMs) {
    for (const { reading } of readings)
      if (reading.startUtcMs >= fromUtcMs && reading.startUtcMs < toUtcMs) yield reading
  },
  edits: async () => edits.map(({ edit }) => editOf(edit)),
  ...(contracts === undefined ? {} : { contracts }),
})

export interface ProvenBills {
  readonly parts: readonly BilledPart[]
  readonly proof: Uint8Array
}

/** @throws NodeError BAD_INPUT where there is no proof, in words */
export async function proveBills(
  question: BillQuestion & { readonly meter: string },
  {
    ledger,
    credential,
    configured,
    source,
    signer,
    nowUtcMs,
    words,
  }: {
    readonly ledger: ProvingLedger
    /** Of the IED. */
    readonly credential: string
    readonly configured: string | undefined
    readonly source: ReadingSource
    readonly signer: JwsSigner
    readonly nowUtcMs: number
    readonly words?: SupplierWords | undefined
  },
): Promise<ProvenBills> {
  const { meter, from, to, cycle } = question
  if (cycle !== 'once')
    throw new NodeError('BAD_INPUT', 'bill --proof: want --cycle once: each bill has a proof of its own')
  if (from === undefined || to === undefined) throw new NodeError('BAD_INPUT', 'bill --proof: want --from and --to')
  // The wish is known with its tariff: what it says of the time comes from the bills themselves.
  const parts = await billedParts('bill', question, configured, source, nowUtcMs)
  const [whole] = parts
  if (whole === undefined) throw new NodeError('BAD_INPUT', `bill --proof: nothing is billed of ${meter} in this time`)
  const { fromUtcMs = 0 } = wishedPeriod({ ...whole.wish, from })
  const { toUtcMs = nowUtcMs } = wishedPeriod({ ...whole.wish, to })
  const earliest = Math.max(0, fromUtcMs - historyMs(...parts.map(({ wish }) => wish.tariff)))
  let readings = await proveReadings(ledger, credential, utcMs(earliest), utcMs(toUtcMs), true)
  if (typeof readings === 'string')
    readings = await proveReadings(ledger, credential, utcMs(fromUtcMs), utcMs(toUtcMs), true)
  if (typeof readings === 'string') throw new NodeError('BAD_INPUT', `bill --proof: ${meter}: ${readings}`)
  const evidence = checkProof(readings, () => true)
  const found = await billedParts(
    'bill',
    question,
    configured,
    provenSource(readings, evidence, source.contracts),
    nowUtcMs,
  )
  const proven = provenSource(readings, evidence)
  const made: (BilledPart & Pick<BillProof['parts'][number], 'offer' | 'prices' | 'pushes'>)[] = []
  // Each once more as whoever checks it does: by its own times, its own tariff and its own prices alone.
  for (const { bills, document, wish } of found) {
    for (const { fromUtc, toUtc } of bills.map(billRow)) {
      const [start, end] = [Date.parse(fromUtc), Date.parse(toUtc)]
      const prices = wish.prices === undefined ? undefined : pricesText(wish.prices, start, end)
      const series = prices === undefined ? undefined : pricesIn(prices)
      const own = { meter, from: fromUtc, to: toUtc, cycle, tariff: document.text }
      const again = { ...own, ...(series === undefined ? {} : { prices: series }) }
      const offer = words?.offer(document.sha256)
      const pushes = words?.prices(document.supplier ?? '', start, end) ?? []
      const credit = { amount: wish.carried ?? 0n }
      for (const each of await billedParts('bill', again, undefined, proven, nowUtcMs, credit))
        made.push({
          ...each,
          ...(offer === undefined ? {} : { offer }),
          ...(prices === undefined ? {} : { prices, pushes: [...pushes] }),
        })
    }
  }
  const proof: BillProof = {
    version: 1,
    readings: proofCodec.encode(readings),
    parts: made.flatMap(({ bills, document, wish, ...signed }) =>
      bills.map(bill => ({
        statement: signJws(
          TYPE,
          {
            kind: 'billed',
            meter,
            bill: billRow(bill),
            tariffSha256: document.sha256,
            ...(signed.prices === undefined ? {} : { pricesSha256: sha256Of(signed.prices) }),
            ...(wish.carried ? { carriedIn: placed(wish.carried, wish.tariff.decimals) } : {}),
            issuedUtcMs: Math.floor(nowUtcMs),
            edits: editsIn(evidence.edits, billRow(bill)),
            ledgerNumber: ledger.head().number,
          } satisfies BilledStatement,
          signer,
        ),
        tariff: document.text,
        ...(signed.offer === undefined ? {} : { offer: signed.offer }),
        ...(signed.prices === undefined ? {} : { prices: signed.prices, pushes: signed.pushes ?? [] }),
      })),
    ),
  }
  return { parts: made, proof: billProofCodec.encode(proof) }
}

export interface BillVerdict {
  readonly faults: readonly string[]
  readonly remarks: readonly string[]
  readonly bills: readonly BillRow[]
  /** Who issued each. */
  readonly issuers: readonly string[]
  readonly tariffs: readonly string[]
}

/** @param authorities the IED owner's first; of the issuer's organisation any */
export async function verifyBillProof(
  { readings: encoded, parts }: BillProof,
  authorities: readonly [TrustedAuthority, ...TrustedAuthority[]],
): Promise<BillVerdict & { readonly meter: string; readonly readings: ProofVerdict }> {
  const readings = proofCodec.decode(encoded)
  const { verdict } = await verifyProof(readings, authorities[0])
  const faults = verdict.faults.map(fault => `readings: ${fault}`)
  const remarks = [...verdict.remarks]
  const edited = await checkEdits(readings, verdict, authorities)
  faults.push(...edited.faults.map(fault => `readings: ${fault}`))
  remarks.push(...edited.remarks)
  const found: { bills: BillRow[]; issuers: string[]; tariffs: string[] } = { bills: [], issuers: [], tariffs: [] }
  const proven = provenSource(readings, verdict)
  for (const [n, part] of parts.entries()) {
    const { statement, tariff, prices } = part
    const where = parts.length === 1 ? 'bill' : `bill ${n + 1}`
    const read = readJws(statement, TYPE, 1024 * 1024, verifyPeer satisfies VerifySignature)
    const said = typeof read === 'string' ? undefined : billedStatementSchema.safeParse(read.payload)
    if (typeof read === 'string' || !said?.success) {
      faults.push(`${where}: ${typeof read === 'string' ? read : 'it is no statement of a bill'}`)
      continue
    }
    const { bill, meter, tariffSha256, issuedUtcMs } = said.data
    const signer = await verifyCredential(read.token, authorities, utcMs(issuedUtcMs))
    const isSigned = !('refused' in signer) && signer.peerId === read.peerId && read.verify()
    if (!isSigned)
      faults.push(
        `${where}: ${'refused' in signer ? `its issuer: ${signer.refused}` : 'the signature of its issuer does not hold'}`,
      )
    if (meter !== readings.ied) faults.push(`${where}: it is of ${meter}, the readings are of ${readings.ied}`)
    if (createHash('sha256').update(tariff).digest('hex') !== tariffSha256)
      faults.push(`${where}: the tariff is not the one that its issuer signed (SHA-256 ${tariffSha256})`)
    const counted = checkCounted(said.data, verdict)
    faults.push(...counted.faults.map(fault => `${where}: ${fault}`))
    remarks.push(...counted.remarks.map(remark => `${where}: ${remark}`))
    found.bills.push(bill)
    found.issuers.push('refused' in signer ? 'nobody who is trusted' : `${signer.name} of ${signer.organisation}`)
    const words = await checkWords(said.data, part, authorities)
    faults.push(...words.faults.map(fault => `${where}: ${fault}`))
    remarks.push(...words.remarks.map(remark => `${where}: ${remark}`))
    found.tariffs.push(`${bill.tariff}, SHA-256 ${tariffSha256}, ${words.tariffBy}`)
    const { edited, estimated, questionable } = bill.quality
    if (edited + estimated + questionable > 0)
      remarks.push(`${where}: ${edited} intervals edited, ${estimated} estimated, ${questionable} questionable`)
    if (bill.quality.missingSeconds > 0) remarks.push(`${where}: nothing is known of ${bill.quality.missingSeconds} s`)
    const { carriedIn = '0' } = said.data
    const before = found.bills.at(-2)
    if (/[1-9]/.test(carriedIn) && before?.toUtc === bill.fromUtc && before.carried !== carriedIn)
      faults.push(`${where}: credit of ${carriedIn} went into it, and the bill before left ${before.carried}`)
    else if (/[1-9]/.test(carriedIn) && before?.toUtc !== bill.fromUtc)
      remarks.push(`${where}: credit of ${carriedIn} of the bill before on the issuer's word`)
    try {
      const own = { meter: readings.ied, from: bill.fromUtc, to: bill.toUtc, cycle: 'once' as const, tariff }
      const series = prices === undefined ? undefined : pricesIn(prices)
      const wish = { ...own, ...(series === undefined ? {} : { prices: series }) }
      const credit = { amount: BigInt(carriedIn.replace('.', '')) }
      const [again] = await billedParts('bill', wish, undefined, proven, issuedUtcMs, credit)
      const computed = again?.bills[0]
      if (computed === undefined) faults.push(`${where}: nothing can be computed of its readings`)
      else faults.push(...billDifferences(bill, billRow(computed)).map(difference => `${where}: ${difference}`))
    } catch (error) {
      faults.push(`${where}: it can't be computed again: ${(error as Error).message}`)
    }
  }
  return { meter: readings.ied, readings: verdict, faults, remarks, ...found }
}

/** What a peer answers to `bill` with a proof. @throws NodeError BAD_INPUT */
export async function answerBillProof(parameters: Record<string, unknown>, ports: ProofPorts): Promise<unknown> {
  const asked = billQuestion('bill', parameters)
  const known = await ports.source.meters()
  checkMeter('bill', asked.meter, known)
  const meter = asked.meter ?? (known[0] as string)
  const { ledger, credential } = await ports.ledgerOf(meter)
  const { parts, proof } = await proveBills({ ...asked, meter }, { ...ports, ledger, credential })
  return {
    bills: parts.flatMap(({ bills }) => bills).map(billRow),
    findings: findingRows(parts.flatMap(({ findings }) => findings)),
    proof,
  }
}

export interface ProofPorts {
  readonly configured: string | undefined
  readonly source: ReadingSource
  readonly signer: JwsSigner
  readonly nowUtcMs: number
  readonly words?: SupplierWords | undefined
  /** @throws NodeError BAD_INPUT where there is none, or nobody knows the IED's credential */
  ledgerOf(meter: string): Promise<{ readonly ledger: ProvingLedger; readonly credential: string }>
}

/** Of what a back end has collected: the ledger that grew last, as far as the IED's latest signature goes. */
export async function collectedProvingLedger(
  collector: Pick<Collector, 'heads' | 'records' | 'signedHead'>,
  ied: string,
): Promise<{ readonly ledger: ProvingLedger; readonly kept: KeptHead }> {
  const [latest] = (await collector.heads(ied)).sort((one, other) => other.utcMs - one.utcMs)
  const kept = latest && (await collector.signedHead(ied, latest.ledgerId))
  if (latest === undefined || kept === undefined)
    throw new NodeError('BAD_INPUT', `bill --proof: no signed ledger of ${ied} is here`)
  const { ledgerId } = latest
  return {
    kept,
    ledger: {
      ied,
      head: () => kept.head,
      async read({ after, limit }) {
        const records = []
        for await (const record of collector.records({ ied, ledgerId, after, limit })) records.push(record)
        return records.filter(({ header }) => header.number <= kept.head.number)
      },
      signedHead: async () => kept.head,
    },
  }
}

// `feedermesh ledger` of second histories: shown, written to a file, and verified by whoever gets the file.

import type { z } from 'zod'
import type { LedgerRecord } from '../../aggregation/record.ts'
import { type ReadEvidence, readEvidence } from '../evidence-lines.ts'
import { type HeadRow, recordRow } from '../ledger-lines.ts'
import { exitCodes, NodeError } from '../node-error.ts'
import { verifyEquivocation } from '../verify-equivocation.ts'
import { print } from './long-output.ts'
import { outputs } from './outputs.ts'
import { table } from './table.ts'

export interface TrustArguments {
  readonly authority?: string
  readonly organisation?: string
  readonly peerId?: string
}

type Output = z.infer<(typeof outputs)['ledger-evidence']>
type Verified = Output['evidence'][number]

export async function showEvidence({ evidence, drops }: z.infer<(typeof outputs)['ledger-heads']>): Promise<void> {
  const placeOf = (head: HeadRow | null): string =>
    head === null ? '' : `${head.number} ${head.chainHash.slice(0, 12)}`
  const rows = evidence.map(({ ied, ledgerId, number, utc, first, second }) => ({
    ied,
    ledgerId,
    record: number,
    utc,
    first: placeOf(first),
    second: placeOf(second),
  }))
  const gone = drops.map(({ ied, class: of, from, to, lacked, reason }) => ({
    ied,
    class: of,
    from,
    to,
    lacked,
    reason,
  }))
  await print(rows.length === 0 ? 'no second history was told\n' : table(rows))
  await print(gone.length === 0 ? '' : `\ngone before it came here, by the word of the IED:\n${table(gone)}`)
}

/** @throws NodeError BAD_INPUT */
export async function verifyEvidence(
  file: string,
  lines: AsyncIterable<{ readonly text: string; readonly line: number }>,
  { ied, json, ...given }: TrustArguments & { readonly ied?: string; readonly json: boolean },
): Promise<void> {
  const trusted = trustedOf(given)
  const evidence: Verified[] = []
  for await (const each of readEvidence(file, lines)) {
    if (ied !== undefined && each.ied !== ied) continue
    evidence.push(rowOf(each, await verifyEquivocation(each, trusted)))
  }
  if (evidence.length === 0) throw new NodeError('BAD_INPUT', `${file}: no evidence against ${ied} in it`)
  const proven = evidence.every(each => each.proven)
  const answer = outputs['ledger-evidence'].parse({ proven, evidence } satisfies Output)
  await print(json ? `${JSON.stringify(answer)}\n` : answer.evidence.map(inWords).join(''))
  if (!proven) process.exitCode = exitCodes.badInput
}

function trustedOf({ authority, organisation, peerId }: TrustArguments) {
  if (peerId !== undefined && authority === undefined) return { peerId }
  if (authority === undefined || organisation === undefined || peerId !== undefined) {
    throw new NodeError(
      'BAD_INPUT',
      "ledger verify --evidence: want --authority KEY --organisation NAME of the IED's owner, or --peer-id of the IED",
    )
  }
  return { authority: { organisation, publicKey: authority, roles: ['IED'] as const } }
}

function rowOf(
  { ied, ledgerId, number, histories }: ReadEvidence,
  { proven, faults, remarks, peerIds, isFirstDifference, records }: Awaited<ReturnType<typeof verifyEquivocation>>,
): Verified {
  const [first, second] = histories.map(({ head }, at) => {
    const record: LedgerRecord | undefined = at === 0 ? records.first : records.second
    return {
      signedUpTo: head.number,
      signedUtc: new Date(head.utcMs).toISOString(),
      chainHash: Buffer.from(head.chainHash).toString('base64url'),
      record: record === undefined ? null : recordRow(record),
    }
  })
  return {
    ied,
    ledgerId,
    number,
    proven,
    faults: [...faults],
    remarks: [...remarks],
    peerIds: [...peerIds],
    isFirstDifference,
    first: first ?? null,
    second: second ?? null,
  }
}

function inWords(given: Verified): string {
  const { ied, ledgerId, number, proven, faults, remarks, peerIds, isFirstDifference, first, second } = given
  const which = isFirstDifference ? `record ${number}` : `record ${number}, or one before it`
  const said = proven
    ? `PROOF  ${ied} ${ledgerId}: its key (${peerIds.join(', ')}) has signed two histories; they differ in ${which}`
    : `no proof  ${ied} ${ledgerId}, record ${number}`
  const history = (name: string, of: Verified['first']): string[] => {
    if (of === null) return []
    const { record } = of
    const content =
      record?.content === undefined
        ? 'content not in it'
        : `${Buffer.from(record.content, 'base64url').length} bytes of content`
    const about =
      record === null
        ? ''
        : `: record ${number} is of ${record.class}, ${new Date(record.utcMs).toISOString()}, ${content}`
    return [`  ${name}, signed up to ${of.signedUpTo} at ${of.signedUtc}${about}`]
  }
  return [
    said,
    ...faults.map(fault => `  fault: ${fault}`),
    ...history('first', first),
    ...history('second', second),
    ...remarks.map(remark => `  remark: ${remark}`),
    '',
  ].join('\n')
}

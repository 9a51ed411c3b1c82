// What the proof of a bill shows of edits: that a person with the right signed each as it stands there, and that none of those
// that the issuer counted, or should have counted, was left out.
//
// Within the records that are shown nothing can be left out, since the chain has each of them. Behind them it can: the bill's
// issuer signs which edits it counted and how far it had the ledger, and whoever checks is told what lies beyond.

import { utcMs } from '../../topology/units.ts'
import type { ReadingEdit } from '../aggregation/billing/index.ts'
import type { BilledStatement } from '../aggregation/certification/bill-proof.ts'
import type { MeterProof, ProofVerdict, ProvenEdit } from '../aggregation/certification/meter-proof.ts'
import { roles, type TrustedAuthority, verifyCredential } from '../mesh/credential.ts'
import { verifyPeer } from '../mesh/identity.ts'
import { whoIs } from './command-authority.ts'
import { isMachine, mayOrder } from './command-rights.ts'
import { checkSignedOrder } from './signed-order.ts'

/** Edits of the time of a bill, by their records. */
export const editsIn = (
  edits: readonly ProvenEdit[],
  { fromUtc, toUtc }: { readonly fromUtc: string; readonly toUtc: string },
): number[] =>
  edits
    .filter(({ edit }) => edit.startUtcMs >= Date.parse(fromUtc) && edit.startUtcMs < Date.parse(toUtc))
    .map(({ number }) => number)

export interface EditVerdict {
  readonly faults: readonly string[]
  readonly remarks: readonly string[]
}

/** @param authorities the IED owner's first */
export async function checkEdits(
  { ied }: MeterProof,
  { edits }: ProofVerdict,
  authorities: readonly [TrustedAuthority, ...TrustedAuthority[]],
): Promise<EditVerdict> {
  const faults: string[] = []
  const remarks: string[] = []
  for (const { number, edit } of edits) {
    const where = `record ${number}: the edit of ${new Date(edit.startUtcMs).toISOString()} by ${edit.by}`
    try {
      remarks.push(`${where} (${edit.reason}): ${await signersOf(ied, edit, authorities)}`)
    } catch (error) {
      faults.push(`${where}: ${(error as Error).message}`)
    }
  }
  return { faults, remarks }
}

/** @returns in words who signed it @throws Error in words what is wrong with it */
async function signersOf(
  ied: string,
  edit: ReadingEdit,
  authorities: readonly [TrustedAuthority, ...TrustedAuthority[]],
): Promise<string> {
  // Here it is people who are vouched for.
  const trusted = authorities.map(each => ({ ...each, roles: [...roles] }))
  const { order, signers } = await checkSignedOrder(edit, {
    verify: verifyPeer,
    checkCredential: token => verifyCredential(token, trusted, utcMs(edit.atUtcMs)),
  })
  const { what } = order
  if (what.verb !== 'edit-reading' || order.to !== ied)
    throw new Error(`what was signed is "${what.verb}" for ${order.to}, not an edit of ${ied}`)
  const isSame =
    what.startUtcMs === edit.startUtcMs &&
    BigInt(what.importWh) === edit.is.importWh &&
    BigInt(what.exportWh) === edit.is.exportWh &&
    what.words === edit.reason
  if (!isSame)
    throw new Error(
      `it puts ${edit.is.importWh} Wh taken and ${edit.is.exportWh} Wh given there; signed was ` +
        `${what.importWh} and ${what.exportWh} Wh for ${new Date(what.startUtcMs).toISOString()}: ${what.words}`,
    )
  for (const signer of signers) {
    if (isMachine(signer.roles) || !mayOrder(signer.roles, 'edit-reading'))
      throw new Error(`${whoIs(signer)} may not edit readings: ${signer.roles.join(', ')}`)
  }
  return `signed by ${signers.map(whoIs).join(' and ')}`
}

/** Holds what an issuer said it counted against what is shown. */
export function checkCounted(
  { bill, edits, ledgerNumber }: BilledStatement,
  verdict: Pick<ProofVerdict, 'edits' | 'shownUpTo'>,
): EditVerdict {
  const { shownUpTo } = verdict
  const shown = editsIn(verdict.edits, bill)
  const faults = [
    ...(edits ?? [])
      .filter(number => !shown.includes(number))
      .map(number => `the edit of record ${number}, which its issuer counted, is left out of the file`),
    ...(edits === undefined ? [] : shown.filter(number => !edits.includes(number))).map(
      number => `its issuer left out the edit of record ${number}`,
    ),
  ]
  const remarks =
    ledgerNumber !== undefined && ledgerNumber > shownUpTo
      ? [`edits behind record ${shownUpTo} of the meter's ledger, which went to ${ledgerNumber}, would not be seen`]
      : []
  return { faults, remarks }
}

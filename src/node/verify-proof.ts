// Checks a proof with nothing but the authority's public key: the authority vouches for the IED's key, the IED's key for the
// chain, the chain for the readings.

import { checkProof, type MeterProof, type ProofVerdict } from '../aggregation/certification/meter-proof.ts'
import { type TrustedAuthority, verifyCredential } from '../mesh/credential.ts'
import { verifyPeer } from '../mesh/identity.ts'

export interface VerifiedProof {
  readonly organisation: string
  readonly verdict: ProofVerdict
}

/** @returns also for a proof that does not hold: `verdict.faults` says why */
export async function verifyProof(proof: MeterProof, authority: TrustedAuthority): Promise<VerifiedProof> {
  // By the time at which the IED signed: a proof stays one when the credential has been renewed since.
  const signedAt = proof.segments.at(-1)?.head.utcMs
  const credential =
    signedAt === undefined
      ? { refused: 'it has no signed head' }
      : await verifyCredential(proof.credential, [authority], signedAt)
  if ('refused' in credential) {
    const verdict = checkProof(proof, () => false)
    return {
      organisation: authority.organisation,
      verdict: { ...verdict, faults: [`credential: ${credential.refused}`] },
    }
  }
  const verdict = checkProof(proof, (bytes, signature) => verifyPeer(credential.peerId, bytes, signature))
  const faults = [
    ...(credential.name === proof.ied && credential.roles.includes('IED')
      ? []
      : [`its credential is of ${credential.name} (${credential.roles.join(', ')}), want the IED ${proof.ied}`]),
    ...verdict.faults,
  ]
  return { organisation: credential.organisation, verdict: { ...verdict, faults } }
}

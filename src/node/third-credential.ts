// What admission asks of a credential, and whether that of a peer that is not connected counts here.

import type { Feeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { type AdmissionPolicy, refusalOf } from '../mesh/admission.ts'
import type { Credential } from '../mesh/credential.ts'
import type { RevocationList } from '../mesh/revocation-list.ts'
import type { AgentPorts } from './run-agent.ts'

/** What admission at this peer asks of a credential, beside its signature. */
export function admissionPolicy(feeder: Feeder, revocations: RevocationList): Omit<AdmissionPolicy, 'peerId'> {
  const owners = ownersOf(feeder.file)
  return {
    feeder: feeder.file.name,
    ownerOf: ied => owners.get(ied),
    isRevoked: credential => revocations.of(credential) !== undefined,
  }
}

const ownersByFile = new WeakMap<FeederFile, ReadonlyMap<string, string>>()

/** By IED; once for all agents of this process. */
function ownersOf(file: FeederFile): ReadonlyMap<string, string> {
  const owners = ownersByFile.get(file) ?? new Map(file.ieds.map(({ name, organisation }) => [name, organisation]))
  ownersByFile.set(file, owners)
  return owners
}

/** A third peer's credential must pass what admission asks of a connected one's. */
export async function checkOther(
  token: string,
  { checkCredential, identity, revocations }: Pick<AgentPorts, 'checkCredential' | 'identity' | 'revocations'>,
  feeder: Feeder,
): Promise<Credential | { readonly refused: string }> {
  const result = await checkCredential(token)
  if ('refused' in result) return result
  const refused = refusalOf(result, result.peerId, { peerId: identity.peerId, ...admissionPolicy(feeder, revocations) })
  return refused === undefined ? result : { refused }
}

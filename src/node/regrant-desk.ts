// What this back-end peer gives on to departments, as its organisation has signed it. As with sharing policies only a later
// version takes the place of the one in force, it is durable before it counts, and what does not count changes nothing.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { RegrantDepartment } from '../aggregation/regrant.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Store } from '../aggregation/store.ts'
import type { Credential } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { whoIs } from './command-authority.ts'
import type { AuditEntry } from './component.ts'
import { notOfTheOrganisation, readRegrant, type SignedRegrant } from './signed-regrant.ts'

const KEY = 'sharing/regrants'

export interface RegrantDesk {
  departments(): readonly RegrantDepartment[]
  /** For people; undefined while none was accepted. */
  inForce(): { readonly version: number; readonly signedBy: string; readonly acceptedUtcMs: number } | undefined
  /** @throws Error in one line why it is refused; it stands in the audit log then */
  take(jws: string, from: string): Promise<{ readonly version: number; readonly isKnown: boolean }>
}

export interface RegrantDeskPorts {
  readonly backEnd: { readonly name: string; readonly organisation: string }
  readonly store: Store
  readonly verifySignature: VerifySignature
  checkCredential(token: string): Promise<Credential | { readonly refused: string }>
  utcNow(): number
  audit(entry: AuditEntry): void
  /** It counts from now on. */
  changed(): void
}

const keptSchema = z.strictObject({ jws: z.string(), by: z.string(), acceptedUtcMs: z.number() })
type Known = SignedRegrant & Omit<z.infer<typeof keptSchema>, 'jws'>

export async function openRegrants(ports: RegrantDeskPorts): Promise<RegrantDesk> {
  const { backEnd, store, verifySignature } = ports
  const inTurn = serialQueue()
  let known = await kept()

  async function kept(): Promise<Known | undefined> {
    const bytes = await store.get(KEY)
    if (bytes === undefined) return undefined
    const { jws, ...rest } = keptSchema.parse(fromCbor(bytes))
    const signed = readRegrant(jws, verifySignature)
    return signed.verify() ? { ...signed, ...rest } : undefined
  }

  async function judge(jws: string, from: string) {
    const signed = readRegrant(jws, verifySignature)
    const { document, digest } = signed
    if (known?.digest === digest) return { version: document.version, isKnown: true }
    if (!signed.verify()) throw new Error('regrant: the signature is not by the key that it names')
    const signer = await ports.checkCredential(signed.token)
    if ('refused' in signer) throw new Error(`regrant: ${signer.refused}`)
    if (signer.peerId !== signed.peerId) throw new Error('regrant: the credential is not that of its signer')
    const stranger = notOfTheOrganisation(signer, backEnd)
    if (stranger !== undefined) throw new Error(`regrant: ${stranger}`)
    if (document.regives !== backEnd.name) {
      throw new Error(`regrant: for ${document.regives}, want one for ${backEnd.name}`)
    }
    if (known !== undefined && document.version <= known.document.version) {
      const { version } = known.document
      throw new Error(`regrant: version ${document.version}, version ${version} is in force, want a later one`)
    }
    const rest = { by: whoIs(signer), acceptedUtcMs: ports.utcNow() }
    await store.batch([{ put: KEY, value: toCbor({ jws, ...rest }) }], { durable: true })
    known = { ...signed, ...rest }
    const words = `regrant version ${document.version} signed by ${rest.by}, brought by ${from}`
    ports.audit({ kind: 'configuration', subject: rest.by, allowed: true, words })
    ports.changed()
    return { version: document.version, isKnown: false }
  }

  return {
    departments: () => known?.document.departments ?? [],
    inForce: () => known && { version: known.document.version, signedBy: known.by, acceptedUtcMs: known.acceptedUtcMs },
    async take(jws, from) {
      try {
        return await inTurn(() => judge(jws, from))
      } catch (error) {
        const words = (error as Error).message.slice(0, 200)
        ports.audit({ kind: 'configuration', subject: from, allowed: false, words })
        throw error
      }
    },
  }
}

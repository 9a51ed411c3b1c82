// Who may read this IED's records, as far as it knows: the newest policy that its owner has signed, and without one the
// `recipients` of its configuration.
//
//   file at the start, a person's tool ──► signature, owner, role, version ──► durable in the store ──► counts from now on
//
// An accepted policy rules for good: only a newer one of the same owner takes its place, whoever signed the one before may
// have left by then. What is forged, of somebody else, or older than what is known is refused, and changes nothing. Where
// the configuration names a file and none was ever accepted, nobody is given anything: records stay here, and are given
// out once a policy is there.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { SealingKey } from '../aggregation/portion.ts'
import { grantsIn, readerKey, type SharingDocument, type SharingReader } from '../aggregation/sharing-document.ts'
import type { Grant, Reader, SharingPolicy } from '../aggregation/sharing-policy.ts'
import type { Store } from '../aggregation/store.ts'
import type { Credential } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import type { AuditEntry } from './component.ts'
import type { AgentConfig } from './config.ts'
import { sealingKey } from './jose-sealing.ts'
import { notTheOwner, readSharing } from './signed-sharing.ts'

export const SHARING_PROTOCOL = '/feedermesh/sharing/1.0.0'
const KEY = 'sharing/policy'

export interface BackEndOf extends Reader {
  readonly backEnd: string
}

export interface Sharing {
  /** As it is now: ask each time. */
  policy(): SharingPolicy
  /** The back ends that records go to, each with the reader that it is of. */
  backEnds(): readonly BackEndOf[]
  /** The key that the policy gives the reader; without one, its back end's own counts. */
  keyOf(reader: Reader): SealingKey | undefined
  /** Departments without a back end, whose portions lie in those of this organisation. */
  within(organisation: string): readonly { readonly reader: Reader; readonly key: SealingKey }[]
  /** Where the policy comes from, for people. */
  shown(): SharingShown
  /** @returns what came of it. @throws Error in one line why it is refused; it stands in the audit log then */
  take(jws: string, from: string): Promise<{ readonly version: number; readonly isKnown: boolean }>
}

export interface SharingShown {
  readonly source: 'policy' | 'configuration' | 'none'
  readonly version?: number
  readonly signedBy?: string
  readonly acceptedUtcMs?: number
  readonly readers: readonly SharingReader[]
}

export interface SharingPorts {
  readonly ied: { readonly name: string; readonly organisation: string }
  readonly config: Pick<AgentConfig, 'recipients' | 'sharing'>
  readonly store: Store
  readonly verifySignature: VerifySignature
  checkCredential(token: string): Promise<Credential | { readonly refused: string }>
  utcNow(): number
  audit(entry: AuditEntry): void
  /** It counts from now on. */
  changed(version: number): void
}

const keptSchema = z.strictObject({
  jws: z.string(),
  /** Who signed it, in words. */
  by: z.string(),
  acceptedUtcMs: z.number(),
})

interface Known extends z.infer<typeof keptSchema> {
  readonly document: SharingDocument
  readonly digest: string
}

/** @throws NodeError BAD_INPUT when what the store has is no policy of this program's */
export async function openSharing(ports: SharingPorts): Promise<Sharing> {
  const { ied, config, store } = ports
  let known = await kept(ports)
  let grants: SharingPolicy = grantsNow()
  let backEnds = backEndsNow()
  let queue: Promise<unknown> = Promise.resolve()

  function grantsNow(): SharingPolicy {
    if (known !== undefined) return grantsIn(known.document)
    return config.sharing === undefined ? configured(config) : []
  }

  function backEndsNow(): readonly BackEndOf[] {
    const named = (known?.document.readers ?? []).flatMap(({ backEnd, organisation, department }) =>
      backEnd === undefined ? [] : [{ backEnd, organisation, department }],
    )
    const names = new Set(named.map(({ backEnd }) => backEnd))
    const others = config.recipients.filter(({ backEnd }) => !names.has(backEnd))
    return [...named, ...others.map(({ backEnd, organisation, department }) => ({ backEnd, organisation, department }))]
  }

  async function judge(jws: string, from: string) {
    const signed = readSharing(jws, ports.verifySignature)
    const { document, digest } = signed
    if (known?.digest === digest) return { version: document.version, isKnown: true }
    if (!signed.verify()) throw new Error('sharing policy: the signature is not by the key that it names')
    const signer = await ports.checkCredential(signed.token)
    if ('refused' in signer) throw new Error(`sharing policy: ${signer.refused}`)
    if (signer.peerId !== signed.peerId) throw new Error('sharing policy: the credential is not that of its signer')
    const stranger = notTheOwner(signer, ied)
    if (stranger !== undefined) throw new Error(`sharing policy: ${stranger}`)
    if (!document.ieds.includes(ied.name)) {
      throw new Error(`sharing policy: for ${document.ieds.slice(0, 5).join(', ')}, want one for ${ied.name}`)
    }
    if (known !== undefined && document.version <= known.document.version) {
      const { version } = known.document
      throw new Error(`sharing policy: version ${document.version}, version ${version} is in force, want a later one`)
    }
    const by = `${signer.name} of ${signer.organisation}`
    const next = { jws, by, acceptedUtcMs: ports.utcNow() }
    await store.batch([{ put: KEY, value: toCbor(next) }], { durable: true })
    known = { ...next, document, digest }
    grants = grantsNow()
    backEnds = backEndsNow()
    const words = `sharing policy version ${document.version} signed by ${by}, brought by ${from}`
    ports.audit({ kind: 'configuration', subject: by, allowed: true, words })
    ports.changed(document.version)
    return { version: document.version, isKnown: false }
  }

  return {
    policy: () => grants,
    backEnds: () => backEnds,
    keyOf(reader) {
      const found = known?.document.readers.find(each => readerKey(each) === readerKey(reader))
      return found?.sealingKey === undefined ? undefined : sealingKey(found.sealingKey)
    },
    within: organisation =>
      (known?.document.readers ?? []).flatMap(({ within, sealingKey: x, ...reader }) =>
        within === true && x !== undefined && reader.organisation === organisation
          ? [{ reader, key: sealingKey(x) }]
          : [],
      ),
    shown() {
      if (known === undefined) {
        const source = config.sharing === undefined ? 'configuration' : 'none'
        return { source, readers: source === 'none' ? [] : config.recipients.map(asReader) }
      }
      const { by, acceptedUtcMs, document } = known
      return { source: 'policy', version: document.version, signedBy: by, acceptedUtcMs, readers: document.readers }
    },
    async take(jws, from) {
      const turn = queue.then(() => judge(jws, from))
      queue = turn.catch(() => {})
      try {
        return await turn
      } catch (error) {
        const { message } = error as Error
        ports.audit({ kind: 'configuration', subject: from, allowed: false, words: message.slice(0, 200) })
        throw error
      }
    },
  }
}

/** Its signature is looked at again; the signer's credential is not: that it counted then is what accepting it said. */
async function kept({ store, verifySignature }: SharingPorts): Promise<Known | undefined> {
  const bytes = await store.get(KEY)
  if (bytes === undefined) return undefined
  const entry = keptSchema.parse(fromCbor(bytes))
  const { document, digest, verify } = readSharing(entry.jws, verifySignature)
  return verify() ? { ...entry, document, digest } : undefined
}

const configured = ({ recipients }: Pick<AgentConfig, 'recipients'>): Grant[] =>
  recipients.map(({ organisation, department, classes, required }) => ({
    organisation,
    ...(department === undefined ? {} : { department }),
    classes,
    required,
  }))

const asReader = ({
  backEnd,
  organisation,
  department,
  classes,
  required,
}: AgentConfig['recipients'][number]): SharingReader => ({
  organisation,
  ...(department === undefined ? {} : { department }),
  backEnd,
  shares: [{ classes, required }],
})

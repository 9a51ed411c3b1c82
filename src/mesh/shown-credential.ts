// The credential that this peer shows, and the renewed ones that connected peers show: taken on the connection that
// stands, so that a renewal cuts nothing.

import { setTimeout as delay } from 'node:timers/promises'
import type { UtcMs } from '../../topology/units.ts'
import { type AdmissionPolicy, admissionRefusal, renewalRefusal } from './admission.ts'
import type { AdmissionRecord } from './admission-record.ts'
import type { BulkPace } from './bulk-pace.ts'
import { type Credential, decodeToken, encodeToken, type TrustedAuthority, verifyCredential } from './credential.ts'
import { MeshError } from './mesh-error.ts'
import type { AdmittedPeer, PeerTable } from './peer-table.ts'
import { ask } from './request.ts'

/** The renewed credential of an admitted peer, on the connection that it has. */
export const RENEWAL_PROTOCOL = '/feedermesh/renewal/1.0.0'

export interface ShownCredentialOptions {
  readonly token: string | undefined
  readonly authorities: readonly TrustedAuthority[]
  readonly policy: AdmissionPolicy
  readonly peers: PeerTable
  readonly record: AdmissionRecord
  readonly pace: BulkPace
  /** A peer that is up has renewed its credential. */
  renewed(peerId: string, peer: AdmittedPeer): void
  utc(): UtcMs
  log(event: string, fields: Record<string, unknown>): void
}

export interface ShownCredential {
  token(): string | undefined
  /** What this peer shows, while it counts. */
  own(): Promise<Credential | undefined>
  /** From now on, to the connected peers too. */
  show(token: string): void
  /** @throws MeshError MESH_REFUSED */
  take(peerId: string, question: Uint8Array): Promise<Uint8Array>
  stop(): void
}

const SHOW_AGAIN_MS = [0, 500, 2000, 8000]

export function shownCredential(options: ShownCredentialOptions): ShownCredential {
  const { authorities, peers, record, utc, log } = options
  let shown = options.token
  let stopping = false

  /** Who does not answer in the end sees it at its next admission. */
  async function showTo(peerId: string, token: string): Promise<void> {
    for (const waitMs of SHOW_AGAIN_MS) {
      if (waitMs > 0) await delay(waitMs, undefined, { ref: false })
      const peer = peers.get(peerId)
      if (stopping || shown !== token || peer?.up !== true) return
      const signal = AbortSignal.timeout(3000)
      try {
        return void (await ask(peer.connection, RENEWAL_PROTOCOL, encodeToken(token), signal, options.pace))
      } catch (error) {
        log('renewal-not-taken', { peerId, reason: (error as Error).message })
        if ((error as MeshError).code === 'MESH_REFUSED') return
      }
    }
  }

  return {
    token: () => shown,
    async own() {
      const own = await verifyCredential(shown ?? '', authorities, utc())
      return 'reason' in own ? undefined : own
    },
    show(token) {
      shown = token
      for (const [peerId, { up }] of peers.entries()) if (up) void showTo(peerId, token)
    },
    /** On the live connection, checked as at admission. */
    async take(peerId, question) {
      const result = await verifyCredential(decodeToken(question), authorities, utc())
      const peer = peers.get(peerId)
      if (peer === undefined) throw new MeshError('MESH_REFUSED', 'not admitted')
      const refused =
        'refused' in result
          ? result
          : (admissionRefusal(result, peerId, options.policy) ?? renewalRefusal(result, peer.credential))
      if (refused !== undefined) {
        log('renewal-refused', { peerId, reason: refused.reason, words: refused.refused })
        throw new MeshError('MESH_REFUSED', refused.refused)
      }
      peer.credential = result as Credential
      record.admitted(peerId, peer.credential, 'credential renewed')
      if (peer.up) options.renewed(peerId, peer)
      return new Uint8Array()
    },
    stop() {
      stopping = true
    },
  }
}

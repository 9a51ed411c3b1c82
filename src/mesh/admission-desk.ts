// The talk of admission on one connection, from either end. Who is a peer, and what comes of a refusal, is decided by the
// links; this says only when.

import type { Connection, Stream } from '@libp2p/interface'
import type { UtcMs } from '../../topology/units.ts'
import {
  ADMISSION_PROTOCOL,
  type AdmissionMessage,
  type AdmissionPolicy,
  admissionRefusal,
  decodeAdmission,
  encodeAdmission,
  MAX_ADMISSION_FRAME,
} from './admission.ts'
import { type Credential, claimedIdentity, type TrustedAuthority, verifyCredential } from './credential.ts'
import { framed } from './frames.ts'
import { type Refused, refusal } from './refusal.ts'

export interface AdmissionDeskOptions {
  /** What this peer shows now. */
  credential(): string | undefined
  readonly authorities: readonly TrustedAuthority[]
  readonly policy: AdmissionPolicy
  utc(): UtcMs
  /** How long the talk may take on this connection. */
  patienceMs(connection: Connection): number
  /** The other side's credential counts here: it may be served. */
  admit(credential: Credential, connection: Connection): void
  /** Both sides have admitted each other. */
  bringUp(connection: Connection): void
  /** The other side is not admitted here, and has been told so. `who`: as far as its credential could be read. */
  refuse(why: Refused, connection: Connection, who: Partial<Pick<Credential, 'name' | 'organisation'>>): void
  /** The talk ended without a result, after the other side may have been admitted here. */
  drop(why: Refused, connection: Connection): void
}

export function admissionDesk(options: AdmissionDeskOptions) {
  const { admit, bringUp, refuse, drop } = options
  const shown = () => encodeAdmission({ credential: options.credential() ?? '' })

  /** Whom a message says that it is from, whether or not that holds. */
  const claimed = (message: AdmissionMessage) => ('credential' in message ? claimedIdentity(message.credential) : {})

  async function judge(message: AdmissionMessage, connection: Connection): Promise<Credential | Refused> {
    if ('refused' in message) return refusedThere(message.refused)
    if (!('credential' in message) || message.credential === '') return refusal('shows no credential')
    const result = await verifyCredential(message.credential, options.authorities, options.utc())
    if ('refused' in result) return result
    return admissionRefusal(result, connection.remotePeer.toString(), options.policy) ?? result
  }

  async function serve(stream: Stream, connection: Connection): Promise<void> {
    const frames = framed(stream, MAX_ADMISSION_FRAME)
    const signal = AbortSignal.timeout(options.patienceMs(connection))
    const read = async () => decodeAdmission((await frames.read({ signal })).subarray())
    const message = await read()
    const verdict = await judge(message, connection)
    if ('refused' in verdict) {
      await frames.write(encodeAdmission({ refused: verdict.refused }), { signal }).catch(() => {})
      await stream.close({ signal }).catch(() => {})
      return refuse(verdict, connection, claimed(message))
    }
    admit(verdict, connection)
    await frames.write(shown(), { signal })
    const last = await read()
    if (!('admitted' in last)) {
      return drop('refused' in last ? refusedThere(last.refused) : refusal('no answer'), connection)
    }
    await stream.close({ signal })
    bringUp(connection)
  }

  async function seek(connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(options.patienceMs(connection))
    const stream = await connection.newStream(ADMISSION_PROTOCOL, { signal, runOnLimitedConnection: true })
    const frames = framed(stream, MAX_ADMISSION_FRAME)
    await frames.write(shown(), { signal })
    const message = decodeAdmission((await frames.read({ signal })).subarray())
    const verdict = await judge(message, connection)
    if ('refused' in verdict) {
      await frames.write(encodeAdmission({ refused: verdict.refused }), { signal }).catch(() => {})
      stream.abort(new Error(verdict.reason))
      return refuse(verdict, connection, claimed(message))
    }
    admit(verdict, connection)
    await frames.write(encodeAdmission({ admitted: true }), { signal })
    await stream.close({ signal })
    bringUp(connection)
  }

  return {
    /** Answers who has dialled. Never throws. */
    serve(stream: Stream, connection: Connection): void {
      serve(stream, connection).catch((error: Error) => {
        stream.abort(error)
        drop(unfinished(error), connection)
      })
    },
    /** Shows the credential to whom this peer has dialled. Never rejects. */
    seek: (connection: Connection): Promise<void> =>
      seek(connection).catch(error => drop(unfinished(error as Error), connection)),
  }
}

const refusedThere = (said: string): Refused =>
  refusal('refused by the other side', `refused by the other side: ${said}`)

const unfinished = ({ message }: Error): Refused =>
  refusal('admission did not finish', `admission did not finish: ${message}`)

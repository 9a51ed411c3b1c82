// What this back-end peer's organisation, or its department, may itself read of each IED, as the IEDs say: asked again and again,
// the last word durable. It holds while an IED is out of reach; of an IED that never said anything it is nothing.

import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { OwnGrants } from '../aggregation/regrant.ts'
import { key } from '../aggregation/store-keys.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext } from './component.ts'
import { SHARING_PROTOCOL } from './sharing-desk.ts'
import { decodeOwnGrants, encodeSharingQuestion, ownGrantsSchema } from './sharing-protocol.ts'

/** What an IED said, before it is asked again. */
const OLD_MS = 5_000
/** Who waits for it has others to serve. */
const PATIENCE_MS = 3_000

export interface OwnGrantsOf {
  /** The last word. */
  known(ied: string): Promise<OwnGrants>
  /** Asks first, where the last answer, or the last attempt, is some seconds old. */
  now(ied: string): Promise<OwnGrants>
  /** Asks. An IED that does not answer is no error. */
  ask(ied: string): Promise<void>
}

/** @param changed an IED says something else than before */
export function ownGrantsOf(context: ComponentContext, changed: (ied: string) => void): OwnGrantsOf {
  const { clock, feeder, links, log, messenger, store } = context
  const owners = new Map(feeder.file.ieds.map(ied => [ied.name, ied.organisation]))
  const own = new Map<string, OwnGrants>()
  const askedAt = new Map<string, number>()
  const keyOf = (ied: string) => key('sharing', 'own', ied)

  async function known(ied: string): Promise<OwnGrants> {
    const before = own.get(ied)
    if (before !== undefined) return before
    const bytes = await store.get(keyOf(ied))
    const kept: OwnGrants = bytes === undefined ? [] : ownGrantsSchema.parse(fromCbor(bytes)).grants
    own.set(ied, kept)
    return kept
  }

  async function learn(ied: string): Promise<void> {
    const isOfIed = (peer: Credential): boolean => peer.organisation === owners.get(ied) && peer.roles.includes('IED')
    const peerId = messenger.peerOf(ied, isOfIed)
    if (peerId === undefined) return
    askedAt.set(ied, clock.now())
    const question = encodeSharingQuestion({ want: 'mine' })
    const bytes = await links.request(peerId, SHARING_PROTOCOL, question, { timeoutMs: PATIENCE_MS, lane: 'bulk' })
    const { grants } = decodeOwnGrants(bytes)
    if (JSON.stringify(grants) === JSON.stringify(await known(ied))) return
    await store.batch([{ put: keyOf(ied), value: toCbor({ grants }) }], { durable: true })
    own.set(ied, grants)
    changed(ied)
  }

  const ask = (ied: string): Promise<void> =>
    learn(ied).catch(error => log.debug('own-grants-unknown', { ied, reason: (error as Error).message }))
  return {
    known,
    async now(ied) {
      const last = askedAt.get(ied)
      if (last === undefined || clock.now() - last >= OLD_MS) await ask(ied)
      return known(ied)
    },
    ask,
  }
}

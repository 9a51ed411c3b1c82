// The shell of `key-desk.ts`: serves questions about sealing keys, tells neighbours what is new, and shows who seals to which
// key.

import type { Credential } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import { whoIs } from './command-authority.ts'
import { isMachine } from './command-rights.ts'
import { kidOf } from './jose-sealing.ts'
import type { KeyDesk, KnownKey } from './key-desk.ts'
import {
  KEYS_AT_ONCE,
  SEALING_PROTOCOL,
  sealingProofs,
  sealingQuestion,
  sealingRotated,
  sealingTaken,
} from './key-protocol.ts'
import { memberOf } from './signed-key.ts'
import { SHARING_ROLES } from './signed-sharing.ts'

/** Over a link with seconds of delay. Who is not reached hears it when he is connected again. */
const PATIENCE_MS = 20_000

export interface KeyServicePorts {
  readonly links: Pick<Links, 'serve' | 'request' | 'peers' | 'onPeer'>
  readonly desk: KeyDesk
  /** This agent's own. */
  credential(): Credential
  /** Of peers that are connected or have shown themselves. */
  credentialsOf(fits: (credential: Credential) => boolean): readonly Credential[]
  readout(what: string, answer: () => Promise<unknown>): void
  log(event: string, fields: Record<string, unknown>): void
}

export interface KeyService {
  /** To all connected machines but the one that it came from. */
  spread(known: KnownKey, from: string): void
}

export function serveKeys({ links, desk, credential, credentialsOf, readout, log }: KeyServicePorts): KeyService {
  const tell = (peerId: string, announcements: readonly string[]): void => {
    const question = sealingQuestion.encode({ want: 'take', announcements: [...announcements] })
    links
      .request(peerId, SEALING_PROTOCOL, question, { timeoutMs: PATIENCE_MS, lane: 'bulk' })
      .catch(error => log('sealing-key-not-told', { peerId, reason: (error as Error).message }))
  }

  async function tellAll(peerId: string): Promise<void> {
    await desk.renew()
    const all = desk.known().map(({ jws }) => jws)
    for (let at = 0; at < all.length; at += KEYS_AT_ONCE) tell(peerId, all.slice(at, at + KEYS_AT_ONCE))
  }

  /** Who administers the security of this back end, and of no other department. */
  function mayRotate(from: Credential): string | undefined {
    const own = credential()
    if (from.organisation === own.organisation && from.department === own.department) {
      if (SHARING_ROLES.some(role => from.roles.includes(role))) return undefined
      return `${whoIs(from)} is ${from.roles.join(', ')}, want ${SHARING_ROLES.join(' or ')}`
    }
    return `${from.name} is of ${memberOf(from)}, want somebody of ${memberOf(own)}, whose ${own.name} is`
  }

  links.serve(SEALING_PROTOCOL, async (from, bytes) => {
    const question = sealingQuestion.decode(bytes)
    switch (question.want) {
      case 'take': {
        const taken = []
        for (const jws of question.announcements) {
          const { isForged, ...each } = await desk.take(jws, whoIs(from))
          taken.push(each)
          if (isForged) break
        }
        return sealingTaken.encode({ taken })
      }
      case 'rotate': {
        const refused = mayRotate(from)
        if (refused !== undefined) throw new Error(refused)
        const { epoch, sealingKey } = await desk.rotate(whoIs(from))
        return sealingRotated.encode({ kid: kidOf(sealingKey), epoch })
      }
      case 'proofs': {
        const { organisation, department, name } = question
        if (name !== undefined) {
          const found = credentialsOf(each => each.name === name && isMachine(each.roles))
          return sealingProofs.encode({ announcements: [], credentials: tokensOf(found) })
        }
        const isOf = (each: { readonly organisation: string; readonly department?: string | undefined }): boolean =>
          each.organisation === organisation && each.department === department
        const announced = desk.known().filter(({ announcement }) => isOf(announcement))
        const backEnds = credentialsOf(each => isOf(each) && each.roles.includes('BACKEND'))
        return sealingProofs.encode({
          announcements: announced.slice(0, KEYS_AT_ONCE).map(({ jws }) => jws),
          credentials: tokensOf(backEnds),
        })
      }
    }
  })
  links.onPeer(({ peerId, credential: theirs }, state) => {
    // Persons' tools come and go, and are told nothing.
    if (state !== 'up' || !isMachine(theirs.roles) || desk.known().length === 0) return
    void tellAll(peerId).catch(error => log('sealing-keys-not-told', { peerId, reason: (error as Error).message }))
  })
  readout('sealing-keys', async () => ({ keys: desk.known().map(rowOf) }))

  return {
    spread({ jws }, from) {
      for (const { peerId, credential: theirs } of links.peers()) {
        if (isMachine(theirs.roles) && whoIs(theirs) !== from) tell(peerId, [jws])
      }
    },
  }
}

const tokensOf = (some: readonly Credential[]): string[] => some.slice(0, KEYS_AT_ONCE).map(({ token }) => token)

const rowOf = ({ announcement, signedBy, isHeldHere }: KnownKey) => ({
  organisation: announcement.organisation,
  department: announcement.department ?? null,
  backEnd: announcement.backEnd ?? null,
  epoch: announcement.epoch,
  kid: kidOf(announcement.sealingKey),
  signedBy,
  heldHere: isHeldHere,
})

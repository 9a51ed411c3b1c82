// One of those that are on the virtual network, as the network itself sees it.

import type { Credential } from '../../src/mesh/credential.ts'
import type { LinkPeer, Verdict } from '../../src/mesh/links.ts'
import type { Refused } from '../../src/mesh/refusal.ts'
import type { Chance } from './chance.ts'
import type { Membership } from './network-port.ts'
import type { VirtualProducers } from './virtual-streams.ts'

export interface Member extends Omit<Membership, 'credential'> {
  /** What it shows now. */
  credential: Credential
  readonly name: string
  readonly peerId: string
  readonly chance: Chance
  /** Its connections, by peer id. */
  readonly near: Map<string, Connection>
  readonly topics: Set<string>
  held: ReadonlySet<string>
  /** By name. */
  acquaintances: ReadonlySet<string>
  /** What was last told of each held neighbour. */
  readonly liveness: Map<string, 'up' | 'silent'>
  started: boolean
  frame(from: string, frame: Uint8Array, ageMs: number | undefined, label: number): void
  asked(from: string, question: Uint8Array): Uint8Array | undefined
  published(from: string, topic: string, frame: Uint8Array): Verdict
  answer(from: Credential, protocol: string, question: Uint8Array): Promise<Uint8Array>
  readonly producers: VirtualProducers
  change(peer: LinkPeer, state: 'up' | 'down'): void
  link(peerId: string, state: 'up' | 'silent'): void
  renewed(peer: LinkPeer): void
  refused(refusal: Refused, shown: Credential): void
}

export interface Connection {
  readonly member: Member
  peer: LinkPeer
}

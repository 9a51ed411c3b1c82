// The virtual world's network as the world sees it: who joins and leaves, what is cut, how messages fare.

import type { AdmissionPolicy } from '../../src/mesh/admission.ts'
import type { Credential } from '../../src/mesh/credential.ts'
import type { Links } from '../../src/mesh/links.ts'
import type { Refused } from '../../src/mesh/refusal.ts'
import type { Life } from './virtual-clock.ts'

export interface NetworkOptions {
  /** One way. Most messages take a little more than the least; the most is rare. */
  readonly latency: { readonly minMs: number; readonly maxMs: number }
  /** Shares of the messages, 0 to 1. */
  readonly lossShare: number
  readonly duplicateShare: number
  /** A link on which nothing is heard for so long is down. */
  readonly silenceMs: number
  /** Beats stay out for so long until a held neighbour counts as silent. */
  readonly linkSilenceMs: number
}

export const networkDefaults: NetworkOptions = {
  latency: { minMs: 1, maxMs: 10 },
  lossShare: 0,
  duplicateShare: 0,
  silenceMs: 3000,
  linkSilenceMs: 750,
}

export interface Membership {
  readonly credential: Credential
  readonly policy: Omit<AdmissionPolicy, 'peerId'>
  readonly check: (token: string) => Credential | Refused
  readonly life: Life
}

export interface VirtualNetwork {
  /** Links for one life of a member. */
  join(membership: Membership): Links
  /** The member's process has ended: its sockets close. With `silently` its machine has, and nobody is told. */
  leave(peerId: string, how: { readonly silently: boolean }): void
  /** By members' names. Nothing passes between two that are cut from each other. */
  cut(one: string, other: string): void
  mend(one: string, other: string): void
  /** Nothing passes between members of different groups; who is in none is with nobody. */
  partition(groups: readonly ReadonlySet<string>[]): void
  heal(): void
  /** From now on, everywhere. */
  set(options: Partial<NetworkOptions>): void
  /** Whether a message would pass now, but for chance. */
  passes(one: string, other: string): boolean
  /** Messages handed to links so far, and how many of them were lost. */
  readonly sent: number
  readonly lost: number
}

// What the messenger offers to what stands above it, and what it needs of the world.

import type { Duration, UtcMs } from '../../topology/units.ts'
import type { AuthorityPolicy, AuthorityRow, Place } from './authority.ts'
import type { Credential } from './credential.ts'
import type { FloodLimits } from './flood-guard.ts'
import type { Identity, VerifySignature } from './identity.ts'
import type { Links, Way } from './links.ts'
import type { MisconductLimits } from './misconduct.ts'
import type { ReplayMark } from './replay-window.ts'

export interface Received {
  readonly origin: Credential
  readonly payload: Uint8Array
  readonly epoch: number
  readonly sequence: number
  readonly via: Way | 'gossip'
  /** How old this copy is at the most, ms, where the links measured it. */
  readonly ageMs: number | undefined
  readonly lifetime: Duration
  /** False for a copy by gossip of a type that only warns there: tell people, and do nothing. */
  readonly mayAct: boolean
  /** Where the receiver's live feeder puts what the message is about, for types whose place is asked. */
  readonly place: Place
  /** The admitted peer that delivered this copy. */
  readonly from: string
  /** The envelope as it came. */
  readonly raw: Uint8Array
}

export interface Outgoing {
  readonly type: string
  readonly payload: Uint8Array
  readonly lifetime: Duration
  /** Peers to send to at once over held streams. */
  readonly to?: Iterable<string>
  readonly topics?: Iterable<string>
}

export interface Messenger {
  /** @returns to how many peers it went at once over held streams */
  say(message: Outgoing): number
  /** Registers a type: its row of the authority table and what to do with a message. One handler a type. */
  on(row: AuthorityRow, handle: (message: Received) => void): void
  /** A message like this one may come: another about the same thing need not be read before it goes on. */
  expects(message: Pick<Outgoing, 'type' | 'payload' | 'lifetime'>): void
  /** The rows registered so far. */
  table(): readonly AuthorityRow[]
  /** Whose protection messages are obeyed here. */
  policy(): AuthorityPolicy
  /** This peer's boot epoch: it grows when others remember a greater one. */
  epoch(): number
  refusals(): ReadonlyMap<string, number>
  /** Names of those whose latest protection message was refused because they go by another feeder file. */
  otherFeeder(): readonly string[]
  /** That neighbour has sent what no honest peer sends, as a question that is none. Who goes on so is cut off. */
  blame(from: string): void
  credentialOf(peerId: string): Credential | undefined
  /** By the SHA-256 that envelopes and batches carry. */
  credentialByHash(hash: Uint8Array): Credential | undefined
  /**
   * The peer of this name, a connected one if there is one, the one with the newest credential if there are several.
   * Names are unique within an organisation only: whoever sends records or secrets says in `fits` whom it means.
   */
  peerOf(name: string, fits?: (credential: Credential) => boolean): string | undefined
  /** The own credential with which it seals now. */
  credential(): Credential
  /** Seals with this one of its own credentials from now on. */
  renew(credential: Credential): void
  /** How far each origin has been seen; only those that moved since the last call. */
  movedReplayMarks(): ReadonlyMap<string, ReplayMark>
}

export interface MessengerOptions {
  readonly links: Links
  readonly identity: Identity
  readonly credential: Credential
  readonly epoch: number
  /** First 16 bytes of the feeder's hash. */
  readonly feeder: Uint8Array
  readonly policy: AuthorityPolicy
  readonly replayMarks?: ReadonlyMap<string, ReplayMark>
  readonly verifySignature?: VerifySignature
  readonly floodLimits?: FloodLimits
  readonly misconductLimits?: MisconductLimits
  /** Makes a greater epoch durable, see `own-epoch.ts`. Without it the epoch stays. */
  persistEpoch?(epoch: number): Promise<void>
  /** What a person should know. */
  alarm?(alarm: string, fields: Record<string, unknown>): void
  /** Checks a credential that a peer handed on for a third one. */
  verify(token: string): Promise<Credential | { readonly refused: string }>
  /** Whether its authority has taken a credential back. This peer's own too: it then says nothing and believes nothing. */
  isRevoked?(credential: Credential): boolean
  /** Two peers have live credentials for one name of one organisation. */
  onRival?(one: Credential, other: Credential): void
  /** Somebody else seals with this peer's own key: what this peer never said came in, signed with it. */
  onOwnKeyElsewhere?(): void
  /** Monotonic, ms. */
  now(): number
  utc(): UtcMs
  utcGood(): boolean
  /**
   * Runs something after what this turn sends has gone out: signatures are checked then. Without it they are checked in
   * the same turn, after the sending.
   */
  soon?(run: () => void): void
  log(event: string, fields: Record<string, unknown>): void
}

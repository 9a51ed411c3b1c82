// Who may open which protocol: one row for each, asked before a handler sees the question. What a handler asks besides
// (the own group, a signature, the aggregator that it follows) it asks itself. docs/security.md shows this table.

import type { Credential, Role } from './credential.ts'
import { type FloodLimits, floodGuard, floodLimits } from './flood-guard.ts'
import { MAX_FRAME } from './frames.ts'
import type { Links } from './links.ts'
import { MeshError } from './mesh-error.ts'
import { rolesWith } from './rights.ts'

export interface ProtocolRow {
  /** Between `/feedermesh/` and the version: the same for all versions. */
  readonly purpose: string
  /** One of these is needed; `any` admits every admitted peer. */
  readonly roles: readonly Role[] | 'any'
  /** `own`: this peer's organisation alone. */
  readonly organisation: 'own' | 'any'
  /** Bytes of a question; 256 KiB where nothing is said. */
  readonly question?: number
}

const MACHINES: readonly Role[] = ['IED', 'BACKEND']

export const protocolTable: readonly ProtocolRow[] = [
  { purpose: 'protection', roles: MACHINES, organisation: 'any' },
  { purpose: 'keys', roles: MACHINES, organisation: 'any' },
  { purpose: 'peers', roles: MACHINES, organisation: 'any' },
  { purpose: 'credential', roles: 'any', organisation: 'any' },
  { purpose: 'epoch', roles: MACHINES, organisation: 'any' },
  { purpose: 'clock', roles: MACHINES, organisation: 'any' },
  // What is handed on is believed for its authority's signature, whoever brings it.
  { purpose: 'renewal', roles: 'any', organisation: 'any' },
  { purpose: 'revocations', roles: 'any', organisation: 'any' },
  // The owner's signature in it is what counts.
  { purpose: 'sharing', roles: 'any', organisation: 'any' },
  // The reader's signature in it is what counts; a key is rotated for whom the back end lets.
  { purpose: 'sealing', roles: 'any', organisation: 'any' },
  // The order in it is signed by a person, and judged by that.
  { purpose: 'command', roles: 'any', organisation: 'any' },
  // Whose counts is the receiver's own configuration: the authority table has it.
  { purpose: 'restoration', roles: ['IED'], organisation: 'any', question: 2048 },
  // The same between those that take part in a site test.
  { purpose: 'site-test/restoration', roles: ['IED'], organisation: 'any', question: 2064 },
  { purpose: 'query', roles: rolesWith('READ'), organisation: 'own' },
  { purpose: 'query/rows', roles: rolesWith('READ'), organisation: 'own' },
  { purpose: 'readings/pull', roles: MACHINES, organisation: 'any' },
  // A batch, and room.
  { purpose: 'readings/deliver', roles: MACHINES, organisation: 'any', question: 2 * 1024 * 1024 },
  // The same for one that delivers for others.
  { purpose: 'readings/relay', roles: ['IED'], organisation: 'any', question: 2 * 1024 * 1024 + 1024 },
  // A back end's question, straight or passed on by an aggregator.
  { purpose: 'readings/range', roles: MACHINES, organisation: 'any', question: 64 * 1024 },
  { purpose: 'readings/carry', roles: MACHINES, organisation: 'any' },
  { purpose: 'readings/ask', roles: ['IED'], organisation: 'any' },
  // Of another organisation only those that the IED's own configuration grants the class to.
  { purpose: 'reliability', roles: MACHINES, organisation: 'any', question: 1024 },
  { purpose: 'warned', roles: ['IED'], organisation: 'own', question: 1024 },
  // A document is known by its hash, whoever has it; offers are for who is asked.
  { purpose: 'tariff', roles: MACHINES, organisation: 'any', question: 128 },
  // A document in it counts by its signer; what is asked for goes to who is a partner in the configuration.
  { purpose: 'exchange', roles: ['BACKEND'], organisation: 'any', question: 1024 * 1024 + 1024 },
  { purpose: 'phasors', roles: ['BACKEND'], organisation: 'any' },
]

/** Of a protocol that no row names, as a component from elsewhere may serve one. */
const unnamed = (purpose: string): ProtocolRow => ({
  purpose,
  roles: MACHINES,
  organisation: 'own',
  question: MAX_FRAME,
})

/** All revocations that a peer may have, by their ids, and room. */
const MAX_QUESTION = 256 * 1024

const PURPOSE = /^\/feedermesh\/(.+)\/\d+\.\d+\.\d+$/
const rows = new Map(protocolTable.map(row => [row.purpose, row]))

export function protocolRow(protocol: string): ProtocolRow {
  const purpose = PURPOSE.exec(protocol)?.[1] ?? protocol
  return rows.get(purpose) ?? unnamed(purpose)
}

/** A longer question is cut off before a byte of it is kept. */
export const maxQuestion = (protocol: string): number => protocolRow(protocol).question ?? MAX_QUESTION

/** @returns in words why a peer may not open the protocol, or undefined when it may */
export function refusedToOpen(
  { purpose, roles, organisation }: ProtocolRow,
  { name, roles: held, organisation: of }: Pick<Credential, 'name' | 'roles' | 'organisation'>,
  own: string,
): string | undefined {
  if (roles !== 'any' && !held.some(role => roles.includes(role))) {
    return `${held.join(', ')} may not open ${purpose}, want ${roles.join(' or ')}`
  }
  if (organisation === 'own' && of !== own) return `${name} of ${of} may not open ${purpose} here: it is ${own}'s alone`
  return undefined
}

/** Whether a handler threw this because the question was none. */
const isMalformed = (error: unknown): boolean => {
  const { name, code, message } = error as { name?: string; code?: string; message?: string }
  return (
    name === 'ZodError' || code === 'MESH_BAD_MESSAGE' || code === 'MALFORMED' || message?.startsWith('CBOR:') === true
  )
}

/** Of one peer, all protocols together: an aggregator's busiest second stays far below. */
export const questionLimits: FloodLimits = {
  ...floodLimits,
  framesPerSecond: 200,
  frameBurst: 2000,
  bytesPerSecond: 32 * 1024 * 1024,
  byteBurst: 128 * 1024 * 1024,
}

export interface Guard {
  /** Of this peer. */
  readonly organisation: string
  readonly limits?: FloodLimits
  /** Monotonic, ms. */
  now(): number
  /** Hears of each who was not served, and why. */
  onRefused?(from: Credential, words: string): void
  /** A peer has asked what no honest peer asks. */
  onMalformed?(from: Credential): void
}

/** The same links, on which each protocol is served to those alone that its row names, and so often. */
export const guarded = (links: Links, { organisation, limits, now, onRefused, onMalformed }: Guard): Links => {
  const flood = floodGuard(limits ?? questionLimits)

  /** @throws MeshError MESH_REFUSED */
  function ask(protocol: string, from: Credential, question: Uint8Array): void {
    const refused = refusedToOpen(protocolRow(protocol), from, organisation)
    if (refused !== undefined) {
      onRefused?.(from, refused)
      throw new MeshError('MESH_REFUSED', refused)
    }
    if (from.peerId === links.peerId) return
    const verdict = flood.take(from.peerId, question.length, now())
    if (verdict === 'pass') return
    if (verdict === 'cut') links.expel(from.peerId, 'sends more than it may')
    throw new MeshError('MESH_REFUSED', 'asks more than it may')
  }
  function judge(error: unknown, from: Credential): void {
    if (isMalformed(error)) onMalformed?.(from)
  }
  return {
    ...links,
    serve: (protocol, answer) =>
      links.serve(protocol, async (from, question) => {
        ask(protocol, from, question)
        try {
          return await answer(from, question)
        } catch (error) {
          judge(error, from)
          throw error
        }
      }),
    serveStream: (protocol, answer) =>
      links.serveStream(protocol, async function* (from, question, signal) {
        ask(protocol, from, question)
        try {
          yield* answer(from, question, signal)
        } catch (error) {
          judge(error, from)
          throw error
        }
      }),
  }
}

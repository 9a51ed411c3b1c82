// Tickets: by them a command desk knows on its own clock how old an order is.
//
// Whoever wants to order asks for one first. It holds the time on the desk's monotonic clock and is signed with the
// agent's key for its issuer and this start of the agent, so nothing has to be remembered of it, however many are asked
// for, and none outlives a restart. To everybody else it is a number of bytes without meaning.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Instant } from '../../topology/units.ts'

const ticket = z.tuple([
  z.number().int().nonnegative(),
  z.custom<Uint8Array>(value => value instanceof Uint8Array, 'want bytes'),
])
const CONTEXT = 'feedermesh command ticket 1'

export interface TicketPorts {
  readonly peerId: string
  readonly epoch: number
  now(): Instant
  sign(bytes: Uint8Array): Uint8Array
  verify(peerId: string, bytes: Uint8Array, signature: Uint8Array): boolean
}

export function commandTickets({ peerId, epoch, now, sign, verify }: TicketPorts) {
  const bytesFor = (at: number, issuer: string): Uint8Array => toCbor([CONTEXT, epoch, at, issuer])
  return {
    /** @param issuer peer id of who will order */
    give(issuer: string): Uint8Array {
      const at = Math.floor(now())
      return toCbor([at, sign(bytesFor(at, issuer))])
    },
    /** ms since it was given to this issuer; undefined for what this start of the agent did not give to it. */
    age(given: Uint8Array, issuer: string): number | undefined {
      try {
        const [at, signature] = ticket.parse(fromCbor(given))
        return verify(peerId, bytesFor(at, issuer), signature) ? Math.max(0, now() - at) : undefined
      } catch {
        return undefined
      }
    },
  }
}
export type CommandTickets = ReturnType<typeof commandTickets>

// Read-outs: a person's tool asks, the agent answers. Only a person's role of the agent's own organisation may read here.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Credential, Role } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import { type Listing, oneAnswer, ROWS_PROTOCOL, rowItems } from './readout-rows.ts'

export const READOUT_PROTOCOL = '/feedermesh/query/1.0.0'
const READERS: readonly Role[] = ['VIEWER', 'OPERATOR', 'ENGINEER', 'SECADM', 'SECAUD']

const question = z.object({ what: z.string().max(64), parameters: z.record(z.string(), z.unknown()) }).strict()
export type ReadoutQuestion = z.infer<typeof question>

export function serveReadouts(links: Pick<Links, 'serve' | 'serveStream'>, organisation: string) {
  const answers = new Map<string, (parameters: Record<string, unknown>) => Promise<unknown>>()
  const listings = new Map<string, Listing>()

  /** @returns the question, of somebody who may ask it */
  function admit(from: Credential, bytes: Uint8Array): ReadoutQuestion {
    if (!from.roles.some(role => READERS.includes(role))) throw new Error(`${from.roles.join(', ')} may not read out`)
    if (from.organisation !== organisation) {
      throw new Error(`${from.name} of ${from.organisation} may not read what is ${organisation}'s`)
    }
    return question.parse(fromCbor(bytes))
  }

  function found<T>(what: string, among: ReadonlyMap<string, T>): T {
    const wanted = among.get(what)
    if (wanted !== undefined) return wanted
    throw new Error(`no read-out "${what}" here, want ${[...among.keys()].sort().join(', ')}`)
  }

  links.serve(READOUT_PROTOCOL, async (from, bytes) => {
    const { what, parameters } = admit(from, bytes)
    return toCbor(await found(what, answers)(parameters))
  })

  return {
    answer(what: string, answer: (parameters: Record<string, unknown>) => Promise<unknown>): void {
      answers.set(what, answer)
    },
    /** Rows without end: streamed, and as many as fit in one answer to who asks without streams. */
    list(what: string, listing: Listing): void {
      if (listings.size === 0) {
        links.serveStream(ROWS_PROTOCOL, async function* (from, bytes, signal) {
          const asked = admit(from, bytes)
          yield* rowItems(found(asked.what, listings)(asked.parameters, signal))
        })
      }
      listings.set(what, listing)
      answers.set(what, parameters => oneAnswer(what, listing(parameters, new AbortController().signal)))
    },
    /** All that may be asked here. */
    names: (): string[] => [...answers.keys()].sort(),
  }
}

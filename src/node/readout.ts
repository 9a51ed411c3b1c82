// Read-outs: a person's tool asks, the agent answers. Only a person's role of the agent's own organisation may read here.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Credential, Role } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import { rolesWith } from '../mesh/rights.ts'
import { MOST_ANSWER_BYTES } from './fitting-rows.ts'
import { type Listing, oneAnswer, ROWS_PROTOCOL, rowItems } from './readout-rows.ts'

export const READOUT_PROTOCOL = '/feedermesh/query/1.0.0'
const READERS: readonly Role[] = rolesWith('READ')

const question = z.object({ what: z.string().max(64), parameters: z.record(z.string(), z.unknown()) }).strict()
export type ReadoutQuestion = z.infer<typeof question>

/** @throws when the bytes are none */
export const decodeReadoutQuestion = (bytes: Uint8Array): ReadoutQuestion => question.parse(fromCbor(bytes))

type Answer = (parameters: Record<string, unknown>, from: Credential) => Promise<unknown>

/**
 * @param used called for each question that could be read, with what came of it
 * @param refusal why who may read here may not read this
 * @param lacks in words why a read-out that there is elsewhere is not here
 */
export function serveReadouts(
  links: Pick<Links, 'serve' | 'serveStream'>,
  organisation: string,
  used: (from: Credential, what: string, refused: string | undefined) => void = () => {},
  refusal: (from: Credential, what: string) => string | undefined = () => undefined,
  lacks: (what: string) => string | undefined = () => undefined,
) {
  const answers = new Map<string, Answer>()
  const listings = new Map<string, Listing>()

  /** @throws Error, in words for whoever may not read here */
  function admit(from: Credential, what: string): void {
    if (!from.roles.some(role => READERS.includes(role))) throw new Error(`${from.roles.join(', ')} may not read out`)
    if (from.organisation !== organisation) {
      throw new Error(`${from.name} of ${from.organisation} may not read what is ${organisation}'s`)
    }
    const refused = refusal(from, what)
    if (refused !== undefined) throw new Error(refused)
  }

  function found<T>(what: string, among: ReadonlyMap<string, T>): T {
    const wanted = among.get(what)
    if (wanted !== undefined) return wanted
    const why = answers.has(what) ? undefined : lacks(what)
    if (why !== undefined) throw new Error(`no read-out "${what}" here: ${why}`)
    throw new Error(`no read-out "${what}" here, want ${[...among.keys()].sort().join(', ')}`)
  }

  links.serve(READOUT_PROTOCOL, async (from, bytes) => {
    const { what, parameters } = decodeReadoutQuestion(bytes)
    try {
      admit(from, what)
      const answered = toCbor(await found(what, answers)(parameters, from))
      // In words rather than as a stream that breaks off at the asker's. Whoever answers by rows bounds them himself.
      if (answered.length > MOST_ANSWER_BYTES)
        throw new Error(
          `${what}: an answer of ${answered.length} bytes, want ${MOST_ANSWER_BYTES} at the most: ask for less`,
        )
      used(from, what, undefined)
      return answered
    } catch (error) {
      used(from, what, (error as Error).message)
      throw error
    }
  })

  async function* stream(from: Credential, bytes: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { what, parameters } = decodeReadoutQuestion(bytes)
    try {
      admit(from, what)
      const rows = rowItems(found(what, listings)(parameters, signal, from))
      used(from, what, undefined)
      for await (const item of rows) {
        // A listing that follows has no end; what its reader may read can have one.
        admit(from, what)
        yield item
      }
    } catch (error) {
      used(from, what, (error as Error).message)
      throw error
    }
  }

  return {
    answer(what: string, answer: Answer): void {
      answers.set(what, answer)
    },
    /** Rows without end: streamed, and as many as fit in one answer to who asks without streams. */
    list(what: string, listing: Listing): void {
      if (listings.size === 0) links.serveStream(ROWS_PROTOCOL, stream)
      listings.set(what, listing)
      answers.set(what, (parameters, from) => oneAnswer(what, listing(parameters, new AbortController().signal, from)))
    },
    /** All that may be asked here. */
    names: (): string[] => [...answers.keys()].sort(),
  }
}

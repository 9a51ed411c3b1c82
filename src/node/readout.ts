// Read-outs: a person's tool asks, the agent answers. Only a person's role of the agent's own organisation may read here.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Credential, Role } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import { rolesWith } from '../mesh/rights.ts'

export const READOUT_PROTOCOL = '/feedermesh/query/1.0.0'
const READERS: readonly Role[] = rolesWith('READ')

const question = z.object({ what: z.string().max(64), parameters: z.record(z.string(), z.unknown()) }).strict()
export type ReadoutQuestion = z.infer<typeof question>

type Answer = (parameters: Record<string, unknown>, from: Credential) => Promise<unknown>

/** @param used called for each question that could be read, with what came of it */
export function serveReadouts(
  links: Links,
  organisation: string,
  used: (from: Credential, what: string, refused: string | undefined) => void = () => {},
) {
  const answers = new Map<string, Answer>()
  links.serve(READOUT_PROTOCOL, async (from, bytes) => {
    const { what, parameters } = question.parse(fromCbor(bytes))
    try {
      const answered = await answerTo(from, what, parameters)
      used(from, what, undefined)
      return toCbor(answered)
    } catch (error) {
      used(from, what, (error as Error).message)
      throw error
    }
  })

  async function answerTo(from: Credential, what: string, parameters: Record<string, unknown>): Promise<unknown> {
    if (!from.roles.some(role => READERS.includes(role))) throw new Error(`${from.roles.join(', ')} may not read out`)
    if (from.organisation !== organisation) {
      throw new Error(`${from.name} of ${from.organisation} may not read what is ${organisation}'s`)
    }
    const answer = answers.get(what)
    if (answer === undefined)
      throw new Error(`no read-out "${what}" here, want ${[...answers.keys()].sort().join(', ')}`)
    return answer(parameters, from)
  }

  return {
    answer(what: string, answer: Answer): void {
      answers.set(what, answer)
    },
  }
}

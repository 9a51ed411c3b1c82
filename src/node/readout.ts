// Read-outs: a person's tool asks, the agent answers. Only a person's role of the agent's own organisation may read here.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Role } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import { rolesWith } from '../mesh/rights.ts'

export const READOUT_PROTOCOL = '/feedermesh/query/1.0.0'
const READERS: readonly Role[] = rolesWith('READ')

const question = z.object({ what: z.string().max(64), parameters: z.record(z.string(), z.unknown()) }).strict()
export type ReadoutQuestion = z.infer<typeof question>

export function serveReadouts(links: Links, organisation: string) {
  const answers = new Map<string, (parameters: Record<string, unknown>) => Promise<unknown>>()
  links.serve(READOUT_PROTOCOL, async (from, bytes) => {
    if (!from.roles.some(role => READERS.includes(role))) throw new Error(`${from.roles.join(', ')} may not read out`)
    if (from.organisation !== organisation) {
      throw new Error(`${from.name} of ${from.organisation} may not read what is ${organisation}'s`)
    }
    const { what, parameters } = question.parse(fromCbor(bytes))
    const answer = answers.get(what)
    if (answer === undefined)
      throw new Error(`no read-out "${what}" here, want ${[...answers.keys()].sort().join(', ')}`)
    return toCbor(await answer(parameters))
  })
  return {
    answer(what: string, answer: (parameters: Record<string, unknown>) => Promise<unknown>): void {
      answers.set(what, answer)
    },
  }
}

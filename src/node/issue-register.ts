// What an authority has issued and revoked: append-only JSON lines, so that a kill at any instant leaves at most half a last
// line, which counts as not written. A credential stands here before its token leaves the authority; a revocation's token
// stands here itself, to be delivered again.

import { existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { roles } from '../mesh/credential.ts'
import { NodeError } from './node-error.ts'

const utc = z.iso.datetime()
const issued = z.object({
  event: z.literal('issued'),
  at: utc,
  id: z.string(),
  name: z.string(),
  roles: z.array(z.enum(roles)),
  feeders: z.array(z.string()),
  peerId: z.string(),
  from: utc,
  until: utc,
  department: z.string().optional(),
  serial: z.string().optional(),
  sealingKey: z.string().optional(),
  place: z.tuple([z.number(), z.number()]).optional(),
})
const revoked = z.object({
  event: z.literal('revoked'),
  at: utc,
  peerId: z.string(),
  /** Of the one credential that is meant; absent when all of the key's are. */
  id: z.string().optional(),
  reason: z.string(),
  token: z.string(),
})
const entry = z.union([issued, revoked])

export type Issued = z.infer<typeof issued>
export type Revoked = z.infer<typeof revoked>
export type RegisterEntry = Issued | Revoked

/** @throws NodeError BAD_INPUT with the line that is none of ours */
export function readRegister(file: string): RegisterEntry[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [entry.parse(JSON.parse(line))]
    } catch (cause) {
      if (isTorn(line)) return []
      throw new NodeError('BAD_INPUT', `${file}:${index + 1}: no entry of a register of credentials`, { cause })
    }
  })
}

/** Half a line, as a kill leaves it: the next entry began on a line of its own. */
function isTorn(line: string): boolean {
  try {
    JSON.parse(line)
    return false
  } catch {
    return line.startsWith('{')
  }
}

/** Durable when it resolves. */
export async function appendToRegister(file: string, value: RegisterEntry): Promise<void> {
  const isTornAtEnd = existsSync(file) && !/(^|\n)$/.test(readFileSync(file, 'utf8'))
  const handle = await open(file, 'a', 0o600)
  try {
    await handle.writeFile(`${isTornAtEnd ? '\n' : ''}${JSON.stringify(value)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export type CredentialState = 'live' | 'not yet' | 'expired' | 'revoked'

export const isIssued = (each: RegisterEntry): each is Issued => each.event === 'issued'
export const isRevoked = (each: RegisterEntry): each is Revoked => each.event === 'revoked'

/** The revocation that is about this one, if there is one. */
export const revocationOf = (register: readonly RegisterEntry[], { id, peerId }: Issued): Revoked | undefined =>
  register.filter(isRevoked).find(each => each.peerId === peerId && (each.id === undefined || each.id === id))

export function stateOf(register: readonly RegisterEntry[], credential: Issued, nowMs: number): CredentialState {
  if (revocationOf(register, credential) !== undefined) return 'revoked'
  if (Date.parse(credential.until) <= nowMs) return 'expired'
  return Date.parse(credential.from) > nowMs ? 'not yet' : 'live'
}

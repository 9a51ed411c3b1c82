// What an authority does: issues credentials, for a peer id or for a person whose key it makes, takes them back, and keeps
// the register. Used by `feedermesh authority`, and by `up` for the authorities of a feeder on one machine.

import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { stringify } from 'yaml'
import { utcMs } from '../../topology/units.ts'
import type { Authority, Claim, TrustedAuthority } from '../mesh/credential.ts'
import { loadOrCreateIdentity } from '../mesh/identity.ts'
import type { AuthorityPlace } from './authority-key.ts'
import {
  appendToRegister,
  type Issued,
  isIssued,
  isRevoked,
  type RegisterEntry,
  type Revoked,
  readRegister,
  stateOf,
} from './issue-register.ts'
import { NodeError } from './node-error.ts'

const DAY_MS = 86_400_000

export interface IssueRequest extends Omit<Claim, 'id'> {
  readonly days: number
  /** Where the token goes. */
  readonly out: string
}

/**
 * Signs a credential, registers it, and writes it to its file, whole or not at all.
 *
 * @throws NodeError BAD_INPUT when the key is revoked, or another key holds a live credential for the name
 */
export async function issueCredential(
  authority: Authority,
  place: AuthorityPlace,
  { days, out, ...claim }: IssueRequest,
  nowMs: number,
  { replacing = false }: { readonly replacing?: boolean } = {},
): Promise<Issued> {
  const register = readRegister(place.register)
  if (register.some(each => isRevoked(each) && each.peerId === claim.peerId && each.id === undefined)) {
    throw new NodeError('BAD_INPUT', `peer id ${claim.peerId}: this key is revoked, want a new one`)
  }
  const rival = register
    .filter(isIssued)
    .find(each => each.name === claim.name && each.peerId !== claim.peerId && stateOf(register, each, nowMs) === 'live')
  if (rival !== undefined && !replacing) {
    throw new NodeError(
      'BAD_INPUT',
      `name ${claim.name}: key ${rival.peerId} has a live credential for it; revoke that one, or say --replace`,
    )
  }
  const id = randomUUID()
  const from = Math.floor(nowMs / 1000) * 1000
  const token = await authority.issue({ ...claim, id }, { from: utcMs(from), days })
  const entry: Issued = {
    event: 'issued',
    at: iso(nowMs),
    id,
    name: claim.name,
    roles: [...claim.roles],
    feeders: [...claim.feeders],
    peerId: claim.peerId,
    from: iso(from),
    until: iso(from + Math.round(days * 86_400) * 1000),
    ...(claim.department === undefined ? {} : { department: claim.department }),
    ...(claim.serial === undefined ? {} : { serial: claim.serial }),
    ...(claim.sealingKey === undefined ? {} : { sealingKey: claim.sealingKey }),
    ...(claim.place === undefined ? {} : { place: [claim.place[0], claim.place[1]] }),
  }
  await appendToRegister(place.register, entry)
  await writeWhole(out, `${token}\n`)
  return entry
}

/** @returns the person's login file, for `--as`: key, credential, whom to trust */
export async function makeLogin(
  authority: Authority,
  place: AuthorityPlace,
  {
    outDir,
    trusted,
    ...request
  }: Omit<IssueRequest, 'peerId' | 'out'> & {
    readonly outDir: string
    readonly trusted: readonly TrustedAuthority[]
  },
  nowMs: number,
): Promise<{ readonly login: string; readonly issued: Issued }> {
  const home = join(outDir, request.name)
  await mkdir(home, { recursive: true, mode: 0o700 })
  const { peerId } = await loadOrCreateIdentity(join(home, 'key'))
  const out = join(home, 'credential.jwt')
  const issued = await issueCredential(authority, place, { ...request, peerId, out }, nowMs)
  const login = join(outDir, `${request.name}.yaml`)
  await writeWhole(login, loginText(relative(outDir, home), trusted))
  return { login, issued }
}

export const loginText = (home: string, authorities: readonly unknown[]): string =>
  stringify({ key: `${home}/key`, credential: `${home}/credential.jwt`, authorities })

/**
 * Takes back what `which` names: all keys of a name, or the one credential of an id. What is taken back already is not
 * signed again, so that the same revocation can be delivered once more.
 *
 * @throws NodeError BAD_INPUT when the register knows nothing of it
 */
export async function revoke(
  authority: Authority,
  place: AuthorityPlace,
  which: { readonly nameOrId: string } | { readonly peerId: string },
  reason: string,
  nowMs: number,
): Promise<readonly Revoked[]> {
  const register = readRegister(place.register)
  const made: Revoked[] = []
  for (const { peerId, id } of targets(register, which, nowMs)) {
    const before = register
      .filter(isRevoked)
      .find(each => each.peerId === peerId && (each.id === undefined || each.id === id))
    if (before !== undefined) {
      made.push(before)
      continue
    }
    const until = lastEnd(register, peerId, id, nowMs)
    const token = await authority.revoke({ peerId, credential: id, reason, at: utcMs(nowMs), until: utcMs(until) })
    const entry: Revoked = {
      event: 'revoked',
      at: iso(nowMs),
      peerId,
      ...(id === undefined ? {} : { id }),
      reason,
      token,
    }
    await appendToRegister(place.register, entry)
    made.push(entry)
  }
  const all = readRegister(place.register).filter(isRevoked)
  await writeWhole(place.revocations, all.map(({ token }) => `${token}\n`).join(''))
  return made
}

function targets(
  register: readonly RegisterEntry[],
  which: { readonly nameOrId: string } | { readonly peerId: string },
  nowMs: number,
): readonly { readonly peerId: string; readonly id?: string }[] {
  if ('peerId' in which) return [{ peerId: which.peerId }]
  const known = register.filter(isIssued)
  const one = known.find(({ id }) => id === which.nameOrId)
  if (one !== undefined) return [{ peerId: one.peerId, id: one.id }]
  const named = known.filter(({ name }) => name === which.nameOrId)
  // Keys whose credentials have all expired have nothing left to be taken back.
  const keys = new Set(named.filter(each => Date.parse(each.until) > nowMs).map(({ peerId }) => peerId))
  if (keys.size > 0) return [...keys].map(peerId => ({ peerId }))
  const names = [...new Set(known.map(({ name }) => name))].sort()
  const some =
    names.length > 20 ? `one of ${names.length} names, see "authority list"` : names.join(', ') || 'an issued one'
  throw new NodeError(
    'BAD_INPUT',
    named.length > 0
      ? `${which.nameOrId}: all of its credentials have expired, nothing is left to be taken back`
      : `${which.nameOrId}: no credential of that name or id was issued here, want ${some}, or --peer-id`,
  )
}

/** Nothing that this authority does not know of counts for longer than it may issue. */
const LONGEST_MS = 36_500 * DAY_MS

function lastEnd(register: readonly RegisterEntry[], peerId: string, id: string | undefined, nowMs: number): number {
  const ends = register
    .filter(isIssued)
    .filter(each => each.peerId === peerId && (id === undefined || each.id === id))
    .map(({ until }) => Date.parse(until))
  return ends.length === 0 ? nowMs + LONGEST_MS : Math.max(...ends)
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** A reader sees the old content or the new one. */
async function writeWhole(file: string, content: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    const part = `${file}.part`
    await writeFile(part, content, { mode: 0o644 })
    const handle = await open(part, 'r+')
    await handle.sync().finally(() => handle.close())
    await rename(part, file)
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: ${(cause as Error).message}; want a file that can be written`, { cause })
  }
}

// The organisations' authorities of a feeder on this machine, and who holds a credential of theirs: agents, and people with
// a login file. Made once and kept. What was taken back is replaced at the next start: a new key and a new credential under
// the same name, as for a device or a person that got a new one. So a feeder comes up again after `authority revoke`.

import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Authority, Role } from '../../src/mesh/credential.ts'
import { loadOrCreateIdentity } from '../../src/mesh/identity.ts'
import { issueCredential, loginText } from '../../src/node/authority-desk.ts'
import { type AuthorityPlace, authorityPlace, createAuthority, openAuthority } from '../../src/node/authority-key.ts'
import { isRevoked, type RegisterEntry, readRegister } from '../../src/node/issue-register.ts'

const VALID_DAYS = 365
const DAY_MS = 86_400_000

/** An organisation's authority with its register, as `feedermesh authority` finds them under `authorities/`. */
export interface Issuer extends Authority {
  readonly place: AuthorityPlace
}

export async function issuerOf(dataDir: string, organisation: string): Promise<Issuer> {
  const path = join(dataDir, 'authorities', `${organisation}.jwk`)
  const place = authorityPlace(path)
  await mkdir(join(dataDir, 'authorities'), { recursive: true })
  const made = existsSync(path)
    ? await openAuthority(place, () => Promise.reject(new Error('invariant: its key is plain')))
    : await createAuthority(place, organisation, undefined)
  return { ...made, place }
}

/** Sees to it that there is a key in `home`, and a credential for it that counts for another month. */
export async function liveCredential(
  issuer: Issuer,
  home: string,
  claim: { name: string; roles: Role[]; feeders: string[] },
): Promise<void> {
  const out = join(home, 'credential.jwt')
  const key = join(home, 'key')
  const register = readRegister(issuer.place.register)
  let { peerId } = await loadOrCreateIdentity(key)
  if (register.some(each => isRevoked(each) && each.peerId === peerId && each.id === undefined)) {
    await rename(key, `${key}.revoked`)
    peerId = (await loadOrCreateIdentity(key)).peerId
  } else if (existsSync(out) && isFresh(await readFile(out, 'utf8'), register)) return
  await issueCredential(issuer, issuer.place, { ...claim, peerId, days: VALID_DAYS, out }, Date.now())
}

/** More than a month left, and not taken back. */
function isFresh(token: string, register: readonly RegisterEntry[]): boolean {
  try {
    const { exp, jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number
      jti?: string
    }
    const isTakenBack = register.some(each => isRevoked(each) && each.id !== undefined && each.id === jti)
    return !isTakenBack && exp * 1000 > Date.now() + 30 * DAY_MS
  } catch {
    return false
  }
}

/** What `feedermesh … --as FILE` needs: a key, a credential of a person's role, and whom to trust. @returns the file */
export async function login(
  issuer: Issuer,
  {
    dataDir,
    feeder,
    trusted,
    folder,
    id,
    role,
  }: {
    readonly dataDir: string
    readonly feeder: string
    readonly trusted: readonly unknown[]
    readonly folder: string
    readonly id: string
    readonly role: Role
  },
): Promise<string> {
  const home = join(dataDir, folder, id)
  await mkdir(home, { recursive: true })
  await liveCredential(issuer, home, { name: `${id}-${role.toLowerCase()}`, roles: [role], feeders: [feeder] })
  const path = join(dataDir, folder, `${id}.yaml`)
  await writeFile(path, loginText(id, trusted))
  return path
}

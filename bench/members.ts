// Members of the IEEE 13-node feeder for measuring the mesh without the rest of an agent: keys, credentials by the
// organisations' authorities, and real links.

import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AdmissionPolicy, refusalOf } from '../src/mesh/admission.ts'
import { type Credential, newAuthority, type TrustedAuthority, verifyCredential } from '../src/mesh/credential.ts'
import { type Identity, loadOrCreateIdentity } from '../src/mesh/identity.ts'
import { type Libp2pLinksOptions, libp2pLinks } from '../src/mesh/libp2p-links.ts'
import type { Links } from '../src/mesh/links.ts'
import { joinProcess } from '../src/node/after-arrivals.ts'
import { monotonicMs as nowMs } from '../src/node/clock.ts'
import { readText } from '../src/node/config.ts'
import { createFeeder, type Feeder } from '../topology/feeder.ts'
import { parseFeeder } from '../topology/load-feeder.ts'
import { utcMs } from '../topology/units.ts'

export { nowMs }

export interface Member {
  readonly name: string
  readonly identity: Identity
  readonly credential: Credential
  readonly links: Links
  /** As an agent checks a third peer's credential. */
  verify(token: string): Promise<Credential | { readonly refused: string }>
}

/** The project's own folder, from bench/ or from dist/bench/. */
export const ROOT = [new URL('../', import.meta.url), new URL('../../', import.meta.url)]
  .map(url => fileURLToPath(url))
  .find(folder => existsSync(join(folder, 'package.json'))) as string

export const FEEDER_PATH = join(ROOT, 'topology/feeders/ieee13.yaml')
export const readFeeder = (): Feeder => createFeeder(parseFeeder(readText(FEEDER_PATH, 'feeder file'), FEEDER_PATH))

/** An authority for each organisation, and a key and a credential for each of these IEDs. */
export async function issueMembers(dir: string, { file }: Feeder, names: readonly string[]): Promise<void> {
  const organisations = [...new Set(file.ieds.map(({ organisation }) => organisation))]
  const authorities = await Promise.all(organisations.map(newAuthority))
  const from = utcMs(Date.now())
  for (const { name, organisation } of file.ieds.filter(ied => names.includes(ied.name))) {
    const issuer = authorities.find(authority => authority.organisation === organisation)
    if (issuer === undefined) throw new Error(`organisation ${organisation}: has no authority`)
    const home = join(dir, name)
    await mkdir(home, { recursive: true })
    const { peerId } = await loadOrCreateIdentity(join(home, 'key'))
    const token = await issuer.issue({ peerId, name, roles: ['IED'], feeders: [file.name] }, { from, days: 1 })
    await writeFile(join(home, 'credential.jwt'), token)
  }
  const trusted = authorities.map(({ organisation, publicKey }) => ({ organisation, publicKey, roles: ['IED'] }))
  await writeFile(join(dir, 'authorities.json'), JSON.stringify(trusted))
}

export async function openMember(
  dir: string,
  { file }: Feeder,
  name: string,
  links: Partial<Libp2pLinksOptions> = {},
): Promise<Member> {
  const identity = await loadOrCreateIdentity(join(dir, name, 'key'))
  const token = await readFile(join(dir, name, 'credential.jwt'), 'utf8')
  const authorities = JSON.parse(await readFile(join(dir, 'authorities.json'), 'utf8')) as TrustedAuthority[]
  const owners = new Map(file.ieds.map(ied => [ied.name, ied.organisation]))
  const policy: AdmissionPolicy = { peerId: identity.peerId, feeder: file.name, ownerOf: ied => owners.get(ied) }
  const utc = () => utcMs(Date.now())

  async function verify(other: string): Promise<Credential | { readonly refused: string }> {
    const result = await verifyCredential(other, authorities, utc())
    if ('refused' in result) return result
    const refused = refusalOf(result, result.peerId, policy)
    return refused === undefined ? result : { refused }
  }

  const credential = await verifyCredential(token, authorities, utc())
  if ('refused' in credential) throw new Error(`${name}: ${credential.refused}`)
  // As agents do; a member ends with its process.
  joinProcess()
  return {
    name,
    identity,
    credential,
    verify,
    links: await libp2pLinks({
      identity,
      credential: token,
      authorities,
      policy,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      seeds: [],
      mdns: false,
      now: nowMs,
      utc,
      chance: () => randomInt(2 ** 32) / 2 ** 32,
      log: (event, fields) => {
        if (process.env.BENCH_LOGS !== undefined)
          process.stderr.write(`${JSON.stringify({ name, event, ...fields })}\n`)
      },
      ...links,
    }),
  }
}

export async function until(what: string, fact: () => boolean, withinMs = 10_000): Promise<void> {
  const end = nowMs() + withinMs
  while (!fact()) {
    if (nowMs() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

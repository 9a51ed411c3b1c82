// Keys, credentials and configurations of many IEDs and one back-end peer, all of one organisation.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newAuthority } from '../src/mesh/credential.ts'
import { loadOrCreateIdentity } from '../src/mesh/identity.ts'
import { utcMs } from '../topology/units.ts'
import { BACK_END } from './recorded-batches.ts'

/** @returns the configuration file of the back-end peer, and what those of the IEDs have in common with it */
export async function issueCrowd(
  dir: string,
  feederPath: string,
  feeder: string,
  names: readonly string[],
  more: Readonly<Record<string, unknown>>,
) {
  const { backEnd, organisation } = BACK_END
  const authority = await newAuthority(organisation)
  const from = utcMs(Date.now())
  for (const name of [...names, backEnd]) {
    const home = join(dir, name)
    await mkdir(home, { recursive: true })
    const { peerId } = await loadOrCreateIdentity(join(home, 'key'))
    const roles = [name === backEnd ? ('BACKEND' as const) : ('IED' as const)]
    const token = await authority.issue({ peerId, name, roles, feeders: [feeder] }, { from, days: 1 })
    await writeFile(join(home, 'credential.jwt'), token)
  }
  const trusted = { organisation, publicKey: authority.publicKey, roles: ['IED', 'BACKEND'] }
  await writeFile(join(dir, 'authorities.json'), JSON.stringify([trusted]))
  const config = join(dir, 'back-end.yaml')
  const common = {
    feeder: feederPath,
    authorities: [trusted],
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    log: 'warn',
  }
  const settings = { ...common, ...homeOf(dir, backEnd), role: 'BACKEND', ...more }
  await writeFile(config, JSON.stringify(settings, undefined, 2))
  return { backEnd: config, common }
}

export const homeOf = (dir: string, name: string) => ({
  name,
  dataDir: join(dir, name),
  credential: join(dir, name, 'credential.jwt'),
})

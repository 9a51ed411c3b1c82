// A small feeder's site in a temporary directory: feeder file, authorities, and a configuration, key and credential for
// each agent and person that a test asks for.
//
//   S ══CB══ s1 ══ N1 ══R2══ s2 ══ N2        relay at S, recloser at N1, meter (of load L2) at N2; all of "u"

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { type Authority, newAuthority, type Role } from '../../src/mesh/credential.ts'
import { loadOrCreateIdentity } from '../../src/mesh/identity.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { utcMs } from '../../topology/units.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

export const IEDS = [
  { name: 'relay', kind: 'relay', node: 'S', organisation: 'u', operates: 'CB', observes: ['s1', 's3'] },
  { name: 'recloser', kind: 'recloser', node: 'N1', organisation: 'u', operates: 'R2', observes: ['s2'] },
  { name: 'meter', kind: 'meter', node: 'N2', organisation: 'u', meters: ['L2'] },
]
export const DEVICE_MAP = resolve('sim/maps/feedermesh-device.yaml')

export interface Issue {
  readonly by?: Authority
  readonly name?: string
  readonly roles?: Role[]
  readonly feeders?: string[]
  readonly daysAgo?: number
  readonly days?: number
  readonly department?: string
}

export interface Site {
  readonly dir: string
  readonly file: FeederFile
  readonly authority: Authority
  /** Of another organisation, "c", trusted here. */
  readonly customer: Authority
  path(...parts: string[]): string
  /** Writes a configuration, and a credential unless `issue` is `none`. @returns the configuration's path */
  agent(name: string, config?: Record<string, unknown>, issue?: Issue | 'none'): Promise<string>
  /** @returns the login file of a person of this organisation */
  viewer(by: Authority, role?: Role, name?: string, department?: string): Promise<string>
  remove(): Promise<void>
}

export async function makeSite(ieds: readonly Record<string, unknown>[] = IEDS): Promise<Site> {
  const dir = await mkdtemp(join(tmpdir(), 'feedermesh-site-'))
  const path = (...parts: string[]): string => join(dir, ...parts)
  const file = smallFeeder({ ieds })
  await writeFile(path('small.yaml'), stringify(file))
  const [authority, customer] = [await newAuthority('u'), await newAuthority('c')]
  const trusted = [authority, customer].map(({ organisation, publicKey }) => ({
    organisation,
    publicKey,
    roles: ['IED', 'BACKEND', 'VIEWER', 'OPERATOR', 'ENGINEER', 'SECAUD'],
    protection: organisation === 'u',
  }))

  async function credential(to: string, keyFile: string, claim: Required<Pick<Issue, 'name' | 'roles'>> & Issue) {
    const { by = authority, name, roles, feeders = ['small'], daysAgo = 0, days = 30, department } = claim
    const { peerId } = await loadOrCreateIdentity(keyFile)
    const from = utcMs(Date.now() - daysAgo * 86_400_000)
    await writeFile(to, `${await by.issue({ peerId, name, roles, feeders, department }, { from, days })}\n`)
  }

  return {
    dir,
    file,
    authority,
    customer,
    path,
    async agent(name, config = {}, issue = {}) {
      const dataDir = String(config.dataDir ?? `${name}-data`)
      const whole = {
        name,
        feeder: 'small.yaml',
        dataDir,
        credential: `${dataDir}.jwt`,
        authorities: trusted,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        mdns: false,
        ...config,
      } as { credential: string; role?: Role }
      const configFile = path(`${name}-${Math.random().toString(36).slice(2)}.yaml`)
      await writeFile(configFile, stringify(whole))
      if (issue !== 'none') {
        const claim = { name, roles: [whole.role ?? 'IED'], ...issue }
        await credential(resolve(dir, whole.credential), resolve(dir, dataDir, 'key'), claim)
      }
      return configFile
    },
    async viewer(
      by,
      role = 'VIEWER',
      name = `${by.organisation}-person-${Math.random().toString(36).slice(2)}`,
      department,
    ) {
      const claim = { by, name, roles: [role], ...(department === undefined ? {} : { department }) }
      await credential(path(`${name}.jwt`), path(`${name}.key`), claim)
      await writeFile(
        path(`${name}.yaml`),
        stringify({ key: `${name}.key`, credential: `${name}.jwt`, authorities: trusted }),
      )
      return path(`${name}.yaml`)
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  }
}

/** Patient: a machine that is busy with other tests is not a device that is silent, and a late answer is not a lost one. */
export const modbus = (port: number, changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  device: { driver: 'modbus-tcp', host: '127.0.0.1', port, map: DEVICE_MAP, timeoutMs: 5000, ...changes },
})

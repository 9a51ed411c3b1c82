// Agents with command desks over links in memory, each with a device in memory: real credentials and signatures, no network.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { type Hal, type MemoryHal, memoryHal } from '../../src/hal/index.ts'
import { type Authority, type Role, verifyCredential } from '../../src/mesh/credential.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { verifyRevocation } from '../../src/mesh/revocation.ts'
import { revocationList } from '../../src/mesh/revocation-list.ts'
import { systemClock } from '../../src/node/clock.ts'
import { COMMAND_PROTOCOL, encodeQuestion } from '../../src/node/command-protocol.ts'
import type { Report } from '../../src/node/component.ts'
import { type AgentConfig, agentConfigSchema } from '../../src/node/config.ts'
import type { OrderWay } from '../../src/node/give-order.ts'
import { type Agent, runAgent } from '../../src/node/run-agent.ts'
import { NO_FEEDER, type OrderSigner } from '../../src/node/signed-order.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { type Person, person } from '../mesh/fixtures.ts'
import { type MemoryLinks, memoryMesh } from '../mesh/memory-links.ts'
import { trust } from '../mesh/real-links.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

export const ALL_ROLES: readonly Role[] = ['IED', 'BACKEND', 'VIEWER', 'OPERATOR', 'ENGINEER', 'SECAUD']
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export interface Desk {
  readonly agent: Agent
  readonly hal: MemoryHal
  readonly links: MemoryLinks
  readonly reports: Report[]
  readonly who: Person
  readonly disk: MemoryDisk
}

export interface DeskOptions {
  readonly config?: Partial<Record<keyof AgentConfig, unknown>>
  readonly hal?: (own: MemoryHal) => Hal
  readonly store?: (own: Store) => Store
  readonly links?: (own: MemoryLinks) => MemoryLinks
  /** Another start of this one. */
  readonly again?: Desk
  readonly positions?: Record<string, 'open' | 'closed' | 'unknown'>
  readonly by?: Authority
  /** Lamps and the like of its device. */
  readonly outputs?: readonly string[]
}

export function commandSite(authorities: readonly Authority[]) {
  const mesh = memoryMesh()
  const trusted = authorities.map(authority => trust(authority, ALL_ROLES))
  const clock = systemClock()
  const now = (): UtcMs => utcMs(Date.now())
  const check = (token: string) => verifyCredential(token, trusted, now())
  const dir = mkdtempSync(join(tmpdir(), 'feedermesh-desk-'))
  const [first] = authorities as [Authority]

  async function somebody(name: string, roles: readonly Role[], by = first): Promise<Person> {
    return person(by, name, { roles, feeders: ['small'], from: utcMs(Date.now() - 3_600_000), days: 1 })
  }

  async function desk(name: string, options: DeskOptions = {}): Promise<Desk> {
    const who = options.again?.who ?? (await somebody(name, ['IED'], options.by))
    const disk = options.again?.disk ?? memoryDisk()
    const links = mesh.join(who.credential)
    const hal = options.again?.hal ?? memoryHal({ now: clock.now, utc: now, outputs: options.outputs ?? [] })
    if (options.again === undefined) hal.show({ status: { position: 'closed', pickup: false, shed: false } })
    const feeder = createFeeder(smallFeeder())
    for (const [device, position] of Object.entries(options.positions ?? {})) feeder.setPosition(device, position)
    const reports: Report[] = []
    const store = openMemoryStore(disk)
    const config = agentConfigSchema.parse({
      name,
      feeder: 'small',
      dataDir: dir,
      credential: 'none',
      authorities: trusted.map(each => ({ ...each, roles: [...each.roles], protection: true })),
      device: { driver: 'modbus-tcp', host: 'memory', map: 'memory' },
      components: ['audit', 'commands'],
      ...options.config,
    })
    const agent = await runAgent(config, feeder, {
      clock,
      log: quiet,
      store: options.store?.(store) ?? store,
      identity: who.identity,
      credential: who.credential,
      checkRevocation: token => verifyRevocation(token, trusted, utcMs(now())),
      revocations: revocationList(),
      hal: options.hal?.(hal) ?? { ...hal, close: async () => {} },
      links: options.links?.(links) ?? links,
      checkCredential: check,
      verifySignature: verifyPeer,
      chance: Math.random,
      randomBytes: count => crypto.getRandomValues(new Uint8Array(count)),
      onReport: report => void reports.push(report),
    })
    return {
      agent: {
        ...agent,
        async stop() {
          await agent.stop()
          await store.close()
        },
      },
      hal,
      links,
      reports,
      who,
      disk,
    }
  }

  /** A tool of somebody, joined at one agent. */
  function toolOf(who: Person, at: Desk): OrderWay {
    const links = mesh.join(who.credential)
    mesh.connect(who.identity.peerId, at.who.identity.peerId)
    return {
      ask: (question, timeoutMs) =>
        links.request(at.who.identity.peerId, COMMAND_PROTOCOL, encodeQuestion(question), { timeoutMs }),
      checkCredential: check,
      verify: verifyPeer,
      now: clock.now,
      pause: ms => new Promise(wake => setTimeout(wake, ms)),
    }
  }

  const signer = ({ identity, credential }: Person, changes: Partial<OrderSigner> = {}): OrderSigner => ({
    credential,
    epoch: 1,
    sequence: 0,
    feeder: NO_FEEDER,
    utc: now(),
    utcGood: true,
    sign: identity.sign,
    ...changes,
  })

  return {
    mesh,
    check,
    somebody,
    desk,
    toolOf,
    signer,
    connect: (one: Desk, other: Desk) => mesh.connect(one.who.identity.peerId, other.who.identity.peerId),
    write: (name: string, text: string): string => {
      const path = join(dir, name)
      writeFileSync(path, text)
      return path
    },
  }
}

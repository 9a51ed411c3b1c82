// The data directory of a feeder on this machine: an authority for each organisation, and for each agent a key, a
// credential and a configuration. Made once and kept, so that the next start goes on with the same identities and
// ledgers; only ports are new each time.

import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { Role } from '../../src/mesh/credential.ts'
import { loginText } from '../../src/node/authority-desk.ts'
import { NodeError } from '../../src/node/node-error.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile, IedEntry } from '../../topology/feeder-file.ts'
import {
  backEndComponents,
  backEndOf,
  fitnessOf,
  isController,
  operatorOf,
  organisationsOf,
  protectionFor,
  reactionsOf,
  recipientsOf,
  reliabilityOf,
} from '../agent-settings.ts'
import type { Computers } from './computers.ts'
import { type Issuer, issuerOf, liveCredential, login } from './issuers.ts'
import type { Scenario } from './scenario.ts'

const PROTECTS: ReadonlySet<string> = new Set(['relay', 'recloser', 'switch', 'generator'])

export interface BackEndPlan {
  readonly name: string
  readonly organisation: string
  readonly config: string
  readonly port: number
  /** Where others reach it: the near end of its link. */
  readonly linkPort: number
}

export interface Plan {
  readonly dataDir: string
  readonly operator: string
  readonly ieds: readonly { readonly name: string; readonly config: string; readonly ownProcess: boolean }[]
  readonly backEnds: readonly BackEndPlan[]
  /** By IED, the back ends to which its readings go. */
  readonly recipients: ReadonlyMap<string, readonly string[]>
  /** Login files, by organisation. */
  readonly viewers: ReadonlyMap<string, string>
  /** By name, of agents and back ends. */
  readonly addresses: Readonly<Record<string, string>>
}

export interface PrepareOptions {
  readonly feederPath: string
  readonly file: FeederFile
  readonly dataDir: string
  readonly fresh: boolean
  readonly scenario: Scenario
  readonly devicePorts: ReadonlyMap<string, number>
  readonly deviceMap: string
  /** By which meters and back-end peers bill. Without it they do not. */
  readonly tariff?: string
  /** Every agent in a process of its own. */
  readonly allOwn: boolean
  /** What is attached to IEDs. */
  readonly computers?: Computers
  /** By IED, what its configuration has instead of what is prepared here. */
  readonly configured?: ReadonlyMap<string, Record<string, unknown>>
}

/**
 * Claims the data directory for this feeder and this process.
 *
 * @returns what gives it back
 * @throws NodeError BAD_INPUT when it is another feeder's, in use, or, with `fresh`, not a data directory at all
 */
export async function prepareDataDir(dataDir: string, feeder: string, fresh: boolean): Promise<() => Promise<void>> {
  const marker = join(dataDir, 'feeder')
  const lock = join(dataDir, 'up.pid')
  const owner = await readFile(lock, 'utf8').then(Number, () => undefined)
  if (owner !== undefined && owner !== process.pid && isAlive(owner)) {
    throw new NodeError(
      'BAD_INPUT',
      `--data ${dataDir}: process ${owner} runs on it, want another directory or that one stopped`,
    )
  }
  if (fresh) {
    if (!existsSync(marker) && (await readdir(dataDir).catch(() => [])).length > 0) {
      throw new NodeError('BAD_INPUT', `--data ${dataDir}: not a data directory of feedermesh, --fresh won't empty it`)
    }
    await rm(dataDir, { recursive: true, force: true })
  }
  await mkdir(dataDir, { recursive: true })
  if (!existsSync(marker)) await writeFile(marker, `${feeder}\n`)
  const known = (await readFile(marker, 'utf8')).trim()
  if (known !== feeder) {
    throw new NodeError(
      'BAD_INPUT',
      `--data ${dataDir}: belongs to feeder "${known}", want one of "${feeder}", or --fresh to begin anew`,
    )
  }
  await writeFile(lock, String(process.pid))
  return () => rm(lock, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    return Number.isInteger(pid) && pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export async function prepare(options: PrepareOptions): Promise<Plan> {
  const { file, dataDir, scenario } = options
  const organisations = organisationsOf(file)
  const operator = operatorOf(file)
  const authorities = new Map<string, Issuer>()
  for (const organisation of organisations) authorities.set(organisation, await issuerOf(dataDir, organisation))
  const trusting = (obeyed: ReadonlySet<string>) =>
    [...authorities.values()].map(({ organisation, publicKey }) => ({
      organisation,
      publicKey,
      roles: ['IED', 'BACKEND', 'VIEWER', 'OPERATOR', 'SECAUD'],
      protection: obeyed.has(organisation),
    }))
  const trusted = trusting(new Set([operator]))
  const feeder = createFeeder(file)

  const ports = await freePorts(file.ieds.length + 2 * organisations.length)
  const port = (): number => ports.pop() as number
  const sink = [...organisations].map(organisation => ({
    name: backEndOf(organisation),
    organisation,
    port: port(),
    linkPort: port(),
  }))
  const iedPorts = new Map(file.ieds.map(ied => [ied.name, port()]))
  const top = file.ieds.find(ied => file.sources.some(({ node }) => node === ied.node)) ?? file.ieds[0]
  const seeds = [
    `/ip4/127.0.0.1/tcp/${iedPorts.get(top?.name ?? '')}`,
    ...sink.map(({ linkPort }) => `/ip4/127.0.0.1/tcp/${linkPort}`),
  ]

  async function agent(
    name: string,
    organisation: string,
    role: Role,
    config: Record<string, unknown>,
  ): Promise<string> {
    const home = join(dataDir, 'agents', name)
    await mkdir(home, { recursive: true })
    const issuer = authorities.get(organisation) as Issuer
    await liveCredential(issuer, home, { name, roles: [role], feeders: [file.name] })
    const path = join(home, 'agent.yaml')
    const whole = {
      name,
      role,
      feeder: relative(home, resolve(options.feederPath)),
      dataDir: '.',
      store: { keyFile: relative(home, join(dataDir, 'store-keys', name)) },
      credential: 'credential.jwt',
      authorities: trusted,
      ...config,
      log: 'info',
    }
    await writeFile(path, stringify(whole))
    return path
  }

  const { tariff } = options
  const billingAt = (name: string, more: { cycle?: 'daily' } = {}): Record<string, unknown> =>
    tariff === undefined
      ? {}
      : { billing: { tariff: relative(join(dataDir, 'agents', name), resolve(tariff)), ...more } }
  const recipients = new Map<string, string[]>()
  const ieds = []
  for (const ied of file.ieds) {
    const to = recipientsOf(file, ied)
    recipients.set(
      ied.name,
      to.map(({ backEnd }) => backEnd),
    )
    const hosts = options.computers?.hostsOf(ied.name) ?? []
    const config = await agent(ied.name, ied.organisation, 'IED', {
      authorities: trusting(protectionFor(feeder, ied)),
      listen: [`/ip4/127.0.0.1/tcp/${iedPorts.get(ied.name)}`],
      seeds: ied === top ? seeds.slice(1) : seeds,
      mdns: true,
      otherPeers: file.ieds.length + organisations.length,
      device: {
        driver: 'modbus-tcp',
        host: '127.0.0.1',
        port: options.devicePorts.get(ied.name),
        unitId: 1,
        // What protects is looked at as a device of its own would be; the others do not take the processors from it.
        ...(PROTECTS.has(ied.kind) ? {} : { statusPollMs: 60 }),
        // All of the feeder shares this machine's processors: patience for a stall is not for a device's silence.
        timeoutMs: 1000,
        map: relative(join(dataDir, 'agents', ied.name), options.deviceMap),
      },
      reactions: reactionsOf(file, ied),
      reliability: reliabilityOf(file, ied),
      readings: { intervalSeconds: scenario.readingSeconds },
      forwarding: { intervalSeconds: scenario.forwardingSeconds },
      recipients: to,
      aggregation: { fitness: fitnessOf(ied) },
      commands: { twoPerson: scenario.twoPerson },
      restoration: { automatic: scenario.restoration },
      interlock: { answerWaitMs: ANSWER_WAIT_MS },
      ...(hosts.length === 0 ? {} : { hosts }),
      ...(ied.kind === 'meter' ? billingAt(ied.name, { cycle: 'daily' }) : {}),
      ...scenario.agents[ied.name],
      ...options.configured?.get(ied.name),
    })
    // A generator must be gone in time: in its process it waits for no other agent.
    const ownProcess = options.allOwn || ied.kind === 'generator' || mayBeKilled(scenario, ied)
    ieds.push({ name: ied.name, config, ownProcess })
  }
  const backEnds: BackEndPlan[] = []
  for (const each of sink) {
    const config = await agent(each.name, each.organisation, 'BACKEND', {
      listen: [`/ip4/127.0.0.1/tcp/${each.port}`],
      announce: [`/ip4/127.0.0.1/tcp/${each.linkPort}`],
      seeds: [],
      mdns: false,
      passive: true,
      components: backEndComponents(each.organisation, operator),
      ...billingAt(each.name),
    })
    backEnds.push({ ...each, config })
  }
  const viewers = new Map<string, string>()
  for (const [organisation, issuer] of authorities) {
    const person = (folder: string, id: string, role: Role): Promise<string> =>
      login(issuer, { dataDir, feeder: file.name, trusted, folder, id, role })
    viewers.set(organisation, await person('viewers', organisation, 'VIEWER'))
    // Two, for commands that two persons must sign.
    await person('operators', organisation, 'OPERATOR')
    await person('operators', `${organisation}-2`, 'OPERATOR')
    await person('auditors', organisation, 'SECAUD')
  }
  // The logins that read-outs take by default.
  await writeFile(join(dataDir, 'viewer.yaml'), loginText(`viewers/${operator}`, trusted))
  await writeFile(join(dataDir, 'auditor.yaml'), loginText(`auditors/${operator}`, trusted))
  const addresses = Object.fromEntries([
    ...[...iedPorts].map(([name, p]) => [name, `/ip4/127.0.0.1/tcp/${p}`]),
    ...backEnds.map(({ name, port: p }) => [name, `/ip4/127.0.0.1/tcp/${p}`]),
  ])
  await writeFile(join(dataDir, 'addresses.json'), `${JSON.stringify(addresses, null, 2)}\n`)
  return { dataDir, operator, ieds, backEnds, recipients, viewers, addresses }
}

/**
 * All of the feeder shares this machine's processors. An answer that waits for its turn is none that was lost; the shipped
 * feeders' curves leave more time than this.
 */
const ANSWER_WAIT_MS = 700

/** Any of the fittest may be the aggregator when its time comes. */
function mayBeKilled({ steps }: Scenario, ied: IedEntry): boolean {
  return steps.some(
    step => 'kill' in step && (step.kill === ied.name || (step.kill === 'aggregator' && isController(ied))),
  )
}

/** Below the range from which the kernel takes ports for outgoing connections, so that none of those is in the way. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000

async function freePorts(count: number): Promise<number[]> {
  const found: number[] = []
  let port = FIRST_PORT + Math.floor(Math.random() * 6000)
  while (found.length < count && port < LAST_PORT) {
    if (await isFree(port)) found.push(port)
    port++
  }
  if (found.length < count)
    throw new NodeError('BAD_INPUT', `ports: fewer than ${count} free ones between ${FIRST_PORT} and ${LAST_PORT}`)
  return found.reverse()
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolveFree => {
    const server = createServer()
    server.once('error', () => resolveFree(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolveFree(true)))
  })

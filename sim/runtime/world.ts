// A virtual world: one feeder, its field devices, its network, and on each IED the project's own agent, unmodified.
//
// Deterministic: the feeder, the options and the seed decide everything. Each part draws its chance from the seed and its
// own name.

import { revocationList } from '../../src/mesh/revocation-list.ts'
import type { Report } from '../../src/node/component.ts'
import { type AgentConfig, agentConfigSchema } from '../../src/node/config.ts'
import { keyForSealing } from '../../src/node/jose-sealing.ts'
import type { Log } from '../../src/node/log.ts'
import { type Agent, type AgentPorts, runAgent } from '../../src/node/run-agent.ts'
import { admissionPolicy } from '../../src/node/third-credential.ts'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { groupBy } from '../../topology/group-by.ts'
import {
  backEndComponents,
  backEndOf,
  fitnessOf,
  operatorOf,
  organisationsOf,
  protectionFor,
  reactionsOf,
  recipientsOf,
  reliabilityOf,
} from '../agent-settings.ts'
import { type Chance, createChance } from './chance.ts'
import { type Lie, lyingLinks } from './liar.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { createSite, type Site } from './site.ts'
import { createTrace, type Trace, type TraceEvent } from './trace.ts'
import { type ClockErrors, type Life, newLife, type VirtualMachineClock, virtualMachineClock } from './virtual-clock.ts'
import { type VirtualDisk, virtualDisk } from './virtual-disk.ts'
import { type NetworkOptions, type VirtualNetwork, virtualNetwork } from './virtual-network.ts'
import { virtualSealing } from './virtual-sealing.ts'
import { type Enrolled, type SignatureKind, type VirtualTrust, virtualTrust } from './virtual-trust.ts'

export interface WorldOptions {
  readonly feeder: FeederFile
  readonly seed: string
  readonly startUtcMs?: number
  readonly startSecondsOfDay?: number
  readonly readingSeconds?: number
  readonly forwardingSeconds?: number
  /** The IEDs of switching devices restore after a fault. */
  readonly restoration?: boolean
  /** How often an IED looks at its device's values, and whether the device is still there. */
  readonly valuesPollMs?: number
  readonly network?: Partial<NetworkOptions>
  /** By agent: sections of its configuration. */
  readonly settings?: ReadonlyMap<string, Readonly<Record<string, unknown>>>
  /** By agent. */
  readonly clocks?: ReadonlyMap<string, ClockErrors>
  readonly signatures?: SignatureKind
  /** Agents that may be made to lie. */
  readonly liars?: ReadonlySet<string>
  /** Agents start one after the other within so long. */
  readonly startWithinMs?: number
  readonly keep?: (event: TraceEvent) => boolean
  /** May wrap what an agent is given at each start: for a check that listens, or for a test that breaks something. */
  readonly ports?: (name: string, ports: AgentPorts) => AgentPorts
  /** With `none` no agent ever runs: what is left is the field by itself. */
  readonly agents?: 'all' | 'none'
  /** What agents log besides their reports, for looking into a run. */
  readonly onLog?: (by: string, level: string, event: string, fields: Record<string, unknown>) => void
}

export interface World {
  readonly file: FeederFile
  readonly feeder: Feeder
  readonly scheduler: Scheduler
  readonly network: VirtualNetwork
  readonly site: Site
  readonly trace: Trace
  readonly chance: Chance
  /** All agents: those of the IEDs, then the back ends'. */
  readonly names: readonly string[]
  isRunning(name: string): boolean
  /** Ends an agent's process (`process`: as kill -9 does) or its whole machine (`machine`: as power loss does). */
  crash(name: string, what: 'process' | 'machine'): void
  /** Starts an agent that is not running. */
  start(name: string): void
  jumpUtc(name: string, byMs: number): void
  setUtcGood(name: string, isGood: boolean): void
  setDiskFull(name: string, isFull: boolean): void
  /** What it lies about from now on, over restarts too; nothing when that is empty. One of `liars`. */
  lie(name: string, about: ReadonlySet<Lie>): void
  /** @throws the first error that an agent's code threw outside of its own handling */
  runUntil(ms: number): Promise<void>
  /** Lets every agent stop in order. */
  stop(): Promise<void>
}

interface Machine {
  readonly name: string
  readonly config: AgentConfig
  readonly enrolled: Enrolled
  readonly disk: VirtualDisk
  readonly clock: VirtualMachineClock
  readonly chance: Chance
  starts: number
  lies: ReadonlySet<Lie>
  life: Life | undefined
  agent: Agent | undefined
  cancelRetry(): void
}

const START_UTC = Date.UTC(2026, 5, 1, 16)
const EVENING_PEAK = 18 * 3600
const DAY_STEP_MS = 60_000
/** In a larger feeder an agent connects with those that it has to do with. */
const FULL_MESH = 64
/** What starts an agent's process again waits so long. */
const RESTART_MS = 10_000

export async function createWorld(options: WorldOptions): Promise<World> {
  const { feeder: file, startUtcMs = START_UTC } = options
  const chance = createChance(options.seed)
  const scheduler = createScheduler()
  const trace = createTrace(scheduler.now, options.keep)
  const feeder = createFeeder(file)
  const trust = await virtualTrust(
    organisationsOf(file),
    startUtcMs,
    options.signatures ?? 'keyed-hash',
    chance.of('trust'),
  )
  const configs = agentConfigs(feeder, options, trust)
  const machines = new Map<string, Machine>()
  for (const { config, organisation } of configs) {
    const own = chance.of(`agent/${config.name}`)
    machines.set(config.name, {
      name: config.name,
      config,
      enrolled: await trust.enrol(organisation, { name: config.name, roles: [config.role], feeders: [file.name] }),
      disk: virtualDisk(scheduler, own.of('disk'), { syncMs: 1 }),
      clock: virtualMachineClock(scheduler, startUtcMs, options.clocks?.get(config.name) ?? {}),
      chance: own,
      starts: 0,
      lies: new Set(),
      life: undefined,
      agent: undefined,
      cancelRetry: () => {},
    })
  }
  const network = virtualNetwork(
    scheduler,
    chance.of('network'),
    acquaintancesOf(feeder, [...machines.keys()]),
    options.network,
  )
  const site = createSite(file, scheduler, chance.of('site'), { statusPollMs: 20, answerMs: 2, timeoutMs: 500 })
  site.onSettled(events => {
    for (const { device, kind } of events) trace.add('field', kind, { device })
  })
  let failure: Error | undefined

  function start(name: string): void {
    const machine = machineOf(name)
    if (machine.life !== undefined || options.agents === 'none') return
    const life = newLife()
    machine.life = life
    machine.starts++
    launch(machine, life).then(
      agent => {
        if (machine.life === life) machine.agent = agent
      },
      (error: Error) => {
        if (life.isOver) return
        if (isFullDisk(error)) return giveUpStarting(machine, error.message)
        failure ??= new Error(`${name}: did not start: ${error.message}`, { cause: error })
      },
    )
  }

  /** Its process ends with an error, and is started again by what looks after it, until there is room. */
  function giveUpStarting(machine: Machine, reason: string): void {
    const { name } = machine
    end(machine, 'process')
    trace.add('world', 'not-started', { ied: name, reason })
    machine.cancelRetry = scheduler.at(scheduler.now() + RESTART_MS, () => start(name))
  }

  async function launch(machine: Machine, life: Life): Promise<Agent> {
    const { name, config, enrolled } = machine
    const clock = machine.clock.clockOf(life)
    const own = machine.chance.of(`start/${machine.starts}`)
    const live = createFeeder(file)
    const check = (token: string) => trust.check(token, clock.utc())
    const revocations = revocationList()
    const policy = admissionPolicy(live, revocations)
    const joined = network.join({ credential: enrolled.credential, policy, check, life })
    const { identity } = enrolled
    const { verifySignature } = trust
    const links = options.liars?.has(name)
      ? lyingLinks(joined, { name, file, identity, verifySignature, scheduler, life, lies: () => machine.lies })
      : joined
    const ports: AgentPorts = {
      clock,
      log: logOf(name, life),
      store: machine.disk.open(life),
      identity: enrolled.identity,
      credential: enrolled.credential,
      hal: config.device === undefined ? undefined : site.hal(name, life, clock),
      links,
      checkCredential: async token => check(token),
      checkRevocation: async token => trust.checkRevocation(token, clock.utc()),
      revocations,
      verifySignature: trust.verifySignature,
      sealing: virtualSealing([keyForSealing(enrolled.identity)?.kid ?? '']),
      chance: own,
      randomBytes: own.of('bytes').bytes,
      onReport: report => {
        if (!life.isOver) tell(name, report)
      },
    }
    return runAgent(config, live, options.ports?.(name, ports) ?? ports)
  }

  function tell(name: string, { event, atMs: _, ...fields }: Report): void {
    trace.add(name, event, fields)
  }

  function logOf(name: string, life: Life): Log {
    const at =
      (level: string) =>
      (event: string, fields: Record<string, unknown> = {}) => {
        if (life.isOver) return
        options.onLog?.(name, level, event, fields)
        if (level === 'error' && event === 'handler-failed') failure ??= new Error(`${name}: ${fields.stack}`)
      }
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }

  function crash(name: string, what: 'process' | 'machine'): void {
    const machine = machineOf(name)
    machine.cancelRetry()
    if (machine.life === undefined) return
    end(machine, what)
    trace.add('world', 'crashed', { ied: name, what })
  }

  function end(machine: Machine, what: 'process' | 'machine'): void {
    machine.life?.end()
    machine.life = undefined
    machine.agent = undefined
    machine.disk.crash(what)
    network.leave(machine.enrolled.credential.peerId, { silently: what === 'machine' })
  }

  function machineOf(name: string): Machine {
    const machine = machines.get(name)
    if (machine === undefined) throw new RangeError(`agent ${name}: not in this world`)
    return machine
  }

  function day(): void {
    const seconds = (options.startSecondsOfDay ?? EVENING_PEAK) + scheduler.now() / 1000
    site.change(plant => plant.setTimeOfDay(seconds))
    scheduler.at(scheduler.now() + DAY_STEP_MS, day)
  }
  day()
  for (const { name, chance: own } of machines.values()) {
    scheduler.at(own.of('boot')() * (options.startWithinMs ?? 1000), () => start(name))
  }

  return {
    file,
    feeder,
    scheduler,
    network,
    site,
    trace,
    chance,
    names: [...machines.keys()],
    isRunning: name => machineOf(name).life !== undefined,
    crash,
    start(name) {
      if (machineOf(name).life !== undefined) return
      trace.add('world', 'restarted', { ied: name })
      start(name)
    },
    jumpUtc: (name, byMs) => machineOf(name).clock.jumpUtc(byMs),
    setUtcGood: (name, isGood) => machineOf(name).clock.setUtcGood(isGood),
    lie(name, about) {
      if (!options.liars?.has(name)) throw new RangeError(`agent ${name}: is not one that may lie`)
      machineOf(name).lies = about
    },
    setDiskFull: (name, isFull) => machineOf(name).disk.setFull(isFull),
    async runUntil(ms) {
      await scheduler.runUntil(ms)
      if (failure !== undefined) throw failure
    },
    async stop() {
      const stopping = [...machines.values()].map(async machine => {
        await machine.agent?.stop()
        machine.life?.end()
      })
      await scheduler.runUntil(scheduler.now() + 30_000)
      await Promise.all(stopping)
    },
  }
}

const isFullDisk = (error: unknown): boolean =>
  error instanceof Error && (Reflect.get(error, 'code') === 'STORE_FULL' || isFullDisk(error.cause))

function agentConfigs(
  feeder: Feeder,
  { readingSeconds = 60, forwardingSeconds = 10, valuesPollMs = 5000, restoration = false, settings }: WorldOptions,
  trust: VirtualTrust,
): { readonly config: AgentConfig; readonly organisation: string }[] {
  const { file } = feeder
  const operator = operatorOf(file)
  const common = {
    // Nothing is read from these: feeder, store and credential are handed over.
    feeder: file.name,
    dataDir: file.name,
    credential: file.name,
    readings: { intervalSeconds: readingSeconds },
    forwarding: { intervalSeconds: forwardingSeconds },
  }
  const trusting = (obeyed: ReadonlySet<string>) =>
    trust.authorities.map(authority => ({
      ...authority,
      roles: [...authority.roles],
      protection: obeyed.has(authority.organisation),
    }))
  const ieds = file.ieds.map(ied => ({
    organisation: ied.organisation,
    config: agentConfigSchema.parse({
      ...common,
      authorities: trusting(protectionFor(feeder, ied)),
      name: ied.name,
      device: { driver: 'modbus-tcp', host: 'virtual', map: 'virtual', valuesPollMs },
      reactions: reactionsOf(file, ied),
      reliability: reliabilityOf(file, ied),
      recipients: recipientsOf(file, ied),
      aggregation: { fitness: fitnessOf(ied) },
      restoration: { automatic: restoration },
      ...settings?.get(ied.name),
    }),
  }))
  const backEnds = organisationsOf(file).map(organisation => ({
    organisation,
    config: agentConfigSchema.parse({
      ...common,
      authorities: trusting(new Set([operator])),
      name: backEndOf(organisation),
      role: 'BACKEND',
      components: backEndComponents(organisation, operator),
      ...settings?.get(backEndOf(organisation)),
    }),
  }))
  return [...ieds, ...backEnds]
}

/**
 * Who connects with whom: everybody on a small feeder; on a large one an IED with its group, its neighbours on the feeder
 * and its back ends.
 */
function acquaintancesOf(feeder: Feeder, names: readonly string[]): (name: string) => Iterable<string> {
  if (names.length <= FULL_MESH) return () => names
  const { file } = feeder
  const groups = groupBy(file.ieds, ied => ied.group ?? file.name)
  const backEnds = organisationsOf(file).map(backEndOf)
  const ieds = new Set(file.ieds.map(({ name }) => name))
  return name => {
    if (!ieds.has(name)) return names
    const parent = feeder.parent(name)
    const neighbours = [...(parent === undefined ? [] : [parent]), ...feeder.children(name)]
    const { group = file.name } = feeder.ied(name)
    return new Set([...(groups.get(group) ?? []).map(ied => ied.name), ...neighbours, ...backEnds])
  }
}

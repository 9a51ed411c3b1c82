// The whole feeder in one test process: true Modbus servers, real agents over real libp2p, nothing virtual but the plant.

import { readFileSync } from 'node:fs'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Plan, prepare, prepareDataDir } from '../../sim/up/prepare.ts'
import { quietScenario } from '../../sim/up/scenario.ts'
import { startWanLink } from '../../sim/up/wan-link.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'

export interface RunningFeeder {
  readonly dir: string
  readonly feeder: Feeder
  readonly plan: Plan
  readonly devices: DeviceHost
  readonly agents: ReadonlyMap<string, Agent>
  /** Everything that the agents reported, in order of arrival. */
  readonly reports: { ied: string; report: Report }[]
  stop(): Promise<void>
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface FeederOptions {
  /** By its name among the shipped ones. */
  readonly feeder?: string
  readonly restoration?: boolean
  readonly backEnds?: boolean
  /** These agents alone; all by default. */
  readonly only?: ReadonlySet<string>
  /** By agent: YAML behind its configuration. */
  readonly more?: Readonly<Record<string, string>>
}

export async function startFeeder({
  feeder: shipped = 'ieee13',
  restoration = false,
  backEnds = false,
  only,
  more = {},
}: FeederOptions = {}): Promise<RunningFeeder> {
  const feederPath = resolve(`topology/feeders/${shipped}.yaml`)
  const file = parseFeeder(readFileSync(feederPath, 'utf8'), feederPath)
  const feeder = createFeeder(file)
  const dir = await mkdtemp(join(tmpdir(), 'feedermesh-'))
  await prepareDataDir(dir, file.name, false)
  const devices = await startDeviceHost({ file })
  const plan = await prepare({
    feederPath,
    file,
    dataDir: dir,
    fresh: false,
    scenario: { ...quietScenario(file.name), readingSeconds: 5, forwardingSeconds: 1, restoration },
    devicePorts: devices.ports,
    deviceMap: resolve('sim/maps/feedermesh-device.yaml'),
    allOwn: false,
  })
  const links = backEnds
    ? await Promise.all(plan.backEnds.map(({ linkPort, port }) => startWanLink(linkPort, port)))
    : []
  const reports: RunningFeeder['reports'] = []
  const agents = new Map<string, Agent>()
  for (const { name, config } of [...plan.ieds, ...(backEnds ? plan.backEnds : [])]) {
    if (only?.has(name) === false) continue
    await appendFile(config, more[name] ?? '')
    const onReport = (report: Report): void => void reports.push({ ied: name, report })
    agents.set(name, await startAgent(readAgentConfig(config), { onReport, log: silent }))
  }
  return {
    dir,
    feeder,
    plan,
    devices,
    agents,
    reports,
    async stop() {
      await Promise.all([...agents.values()].map(agent => agent.stop()))
      await Promise.all(links.map(link => link.stop()))
      await devices.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/**
 * Resolves once every IED below the source acts on a warning. Whoever does not know the positions on its way to the source
 * does not, and they are told only when all have met.
 */
export async function allAct({ devices, feeder, reports }: RunningFeeder): Promise<void> {
  const below = (section: string): ReadonlySet<string> => feeder.downstreamIeds(section).certain
  const [section] = feeder.file.sections.map(({ name }) => name).sort((a, b) => below(b).size - below(a).size)
  if (section === undefined) return
  const since = (from: number, event: string): ReadonlySet<string> =>
    new Set(reports.slice(from).flatMap(({ ied, report }) => (report.event === event ? [ied] : [])))
  const all = below(section).size
  for (let tries = 0; tries < 10; tries++) {
    const from = reports.length
    devices.disturb({ section, residualPu: 0.2 })
    await until('all are warned', () => since(from, 'warned').size >= all, 2000).catch(() => {})
    devices.clearDisturbance(section)
    const warned = since(from, 'warned').size
    await until('it is over', () => since(from, 'warning-ended').size >= warned, 30_000)
    if (warned >= all) return
  }
  throw new Error(`not all ${all} below ${section} act on its warning`)
}

/** A machine that is busy with other things may take so many times as long as one that is not. */
const BUSY = 6

/** @param ms what it may take when the machine has nothing else to do */
export async function until(what: string, fact: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms * BUSY
  while (!fact()) {
    if (Date.now() > end) throw new Error(`not within ${ms * BUSY} ms: ${what}`)
    await pause(20)
  }
}

/** The same of what must be asked for. */
export async function untilAnswered(what: string, fact: () => Promise<boolean>, ms = 30_000): Promise<void> {
  const end = Date.now() + ms * BUSY
  while (!(await fact())) {
    if (Date.now() > end) throw new Error(`not within ${ms * BUSY} ms: ${what}`)
    await pause(100)
  }
}

export const pause = (ms: number): Promise<void> => new Promise(wake => setTimeout(wake, ms))

/** All of these have met each other, and some seconds have gone by for their positions and held links. */
export async function allMet({ reports }: RunningFeeder, names: readonly string[]): Promise<void> {
  const met = (name: string): number =>
    new Set(reports.flatMap(({ ied, report }) => (ied === name && report.event === 'peer-up' ? [report.peer] : [])))
      .size
  await until('all have met', () => names.every(name => met(name) >= names.length - 1), 30_000)
  await pause(5000)
}

// `feedermesh up`: a whole feeder on this machine. Simulated field devices behind true Modbus TCP servers, one real
// agent for each IED in worker processes, a back-end peer for each organisation behind a link that can be cut, and a
// scenario that is played and checked.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from '../../src/node/config.ts'
import { exitCodes } from '../../src/node/node-error.ts'
import type { WorkerMessage } from '../../src/node/worker.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { forkDeviceHost } from '../devices/device-host-client.ts'
import { TARIFF } from './account.ts'
import { startComputers } from './computers.ts'
import { configuredIeds } from './configured.ts'
import type { Expectation } from './expectations.ts'
import { happened } from './happened.ts'
import { loadRegisters, saveRegisters } from './kept-registers.ts'
import { narrate } from './narrate.ts'
import { play } from './play.ts'
import { type Plan, prepare, prepareDataDir } from './prepare.ts'
import { parseScenario, quietScenario } from './scenario.ts'
import { nowMs, type Stage, until } from './stage.ts'
import { emptyStory, killed, tell } from './story.ts'
import { jsonView, linesView, liveView } from './view.ts'
import { startWanLink, type WanLink } from './wan-link.ts'
import { type WorkerProcess, workerProcess } from './worker-process.ts'

export interface UpOptions {
  readonly feederPath: string
  readonly scenarioPath: string | undefined
  readonly dataDir: string | undefined
  readonly fresh: boolean
  readonly json: boolean
  /** Worker processes for the agents that the scenario does not kill. One per agent when 'each'. */
  readonly processes: number | 'each'
  /** Ends by itself so long after the mesh is ready; else it goes on until it is told to stop. */
  readonly forSeconds: number | undefined
  /** Steps that `forSeconds` leaves no time for are left out without that counting as a failure. */
  readonly partial: boolean
  /** `IED=FILE` each: what that agent's configuration has instead. */
  readonly configs: readonly string[]
  /** Where shipped files are: scenarios and the device map. */
  readonly shippedDir: string
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean }
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

const READY_WITHIN_MS = 90_000
const STOP_WITHIN_MS = 1600
const RESTART_MS = 1000
/** So that meters lose little when all of this is killed outright. */
const SAVE_REGISTERS_MS = 5000

/** @returns the exit code */
export async function up(options: UpOptions): Promise<number> {
  const began = nowMs()
  const file = parseFeeder(readText(options.feederPath, 'feeder file'), options.feederPath)
  const feeder = createFeeder(file)
  const scenario = findScenario(options, file.name)
  const scenarioNow =
    scenario === undefined ? quietScenario(file.name) : parseScenario(scenario.text, scenario.path, file)
  const configured = configuredIeds(options.configs, file)
  const dataDir = options.dataDir ?? join('.feedermesh', file.name)
  const undo: (() => Promise<unknown> | unknown)[] = []
  undo.push(await prepareDataDir(dataDir, file.name, options.fresh))
  const registers = await loadRegisters(dataDir)
  const devices = await forkDeviceHost({ file, ...(registers ? { registers } : {}) })
  const meters = file.ieds.map(({ name }) => name)
  const save = (): Promise<void> => saveRegisters(dataDir, devices, meters)
  const saving = setInterval(() => void save().catch(() => {}), SAVE_REGISTERS_MS)
  undo.push(async () => {
    clearInterval(saving)
    await save()
    await devices.stop()
  })
  try {
    const seen = happened(scenarioNow)
    const computers = await startComputers(scenarioNow.computers, dataDir, (ied, report) => seen.note(ied, report))
    undo.push(() => computers.stop())
    const plan = await prepare({
      feederPath: options.feederPath,
      file,
      dataDir,
      fresh: options.fresh,
      scenario: scenarioNow,
      devicePorts: devices.ports,
      deviceMap: join(options.shippedDir, 'sim/maps/feedermesh-device.yaml'),
      tariff: join(options.shippedDir, TARIFF),
      allOwn: options.processes === 'each',
      computers,
      configured,
    })
    const story = emptyStory([...plan.ieds.map(({ name }) => name), ...plan.backEnds.map(({ name }) => name)])
    const viewOptions = {
      story,
      feeder,
      backEnds: plan.backEnds.map(({ name }) => name),
      out: options.out,
      elapsed: () => nowMs() - began,
    }
    const view = options.json
      ? jsonView(viewOptions)
      : options.out.isTTY === true
        ? liveView(viewOptions)
        : linesView(viewOptions)
    undo.push(() => view.stop())
    const links = new Map<string, WanLink>()
    for (const { name, port, linkPort } of plan.backEnds) links.set(name, await startWanLink(linkPort, port))
    undo.push(() => Promise.all([...links.values()].map(link => link.stop())))

    const failures: string[] = []
    let closing = false
    const onMessage = (message: WorkerMessage): void => {
      if (closing) return
      if (message.kind === 'failed') {
        failures.push(`${message.agent}: ${message.message}`)
        view.say('agent-failed', `${message.agent}: ${message.message}`, { ...message })
      }
      if (message.kind !== 'report') return
      tell(story, message.agent, message.report)
      seen.note(message.agent, message.report)
      narrate(view, story, message.agent, message.report)
    }
    // Killed from outside, a process is started again, as a device's service manager would; its own exit is a failure.
    const onDeath = (worker: WorkerProcess, how: string): void => {
      view.say('process-died', `process ${worker.label} ended: ${how}`, { process: worker.label, how })
      for (const name of worker.agents) {
        const seen = story.agents.get(name)
        if (seen !== undefined) killed(seen)
      }
      if (how !== 'SIGKILL') return void failures.push(`process ${worker.label} ended: ${how}`)
      setTimeout(() => {
        if (closing) return
        worker.start()
        view.say('process-started', `process ${worker.label} starts again`, processFields(worker))
      }, RESTART_MS)
    }
    const workers = await startWorkers(plan, options.processes, dataDir, onMessage, onDeath)
    let unclean = 0
    undo.push(async () => {
      const clean = await Promise.all(workers.map(worker => worker.stop(STOP_WITHIN_MS)))
      unclean = clean.filter(went => !went).length
    })
    for (const worker of workers) view.say('process-started', '', processFields(worker))
    view.say(
      'starting',
      `feeder ${file.name}: ${file.ieds.length} IEDs, ${plan.backEnds.length} back-end peers, ${workers.length + 2} processes; data in ${dataDir}`,
      { feeder: file.name, ieds: file.ieds.length, processes: workers.length + 2, dataDir },
    )

    const stage: Stage = {
      signal: options.signal,
      scenario: scenarioNow,
      feeder,
      plan,
      story,
      view,
      devices,
      links,
      workers,
      computers,
      happened: seen,
    }
    const ready = await becomeReady(stage, began, failures)
    const expectations = [ready, ...(ready.ok ? await play(stage, options.forSeconds, options.partial) : [])]
    const last = view.picture()
    closing = true
    if (failures.length > 0)
      expectations.push({ name: 'every process stays up', ok: false, measured: failures.join('; ') })
    for (const end of undo.splice(0).reverse()) await end()
    if (unclean > 0)
      expectations.push({
        name: 'all processes end within two seconds',
        ok: false,
        measured: `${unclean} had to be killed`,
      })
    const ok = expectations.every(each => each.ok)
    view.summary(ok, expectations, last, (nowMs() - began) / 1000)
    return ok ? exitCodes.done : exitCodes.expectationFailed
  } finally {
    for (const end of undo.splice(0).reverse()) await end()
  }
}

const processFields = (worker: WorkerProcess) => ({ process: worker.label, pid: worker.pid(), agents: worker.agents })

function findScenario(
  { scenarioPath, shippedDir }: UpOptions,
  feeder: string,
): { path: string; text: string } | undefined {
  if (scenarioPath !== undefined) return { path: scenarioPath, text: readText(scenarioPath, 'scenario') }
  const path = join(shippedDir, 'sim/scenarios', `${feeder}.yaml`)
  try {
    return { path, text: readFileSync(path, 'utf8') }
  } catch {
    return undefined // a feeder without a shipped scenario simply runs
  }
}

async function startWorkers(
  plan: Plan,
  processes: number | 'each',
  dataDir: string,
  onMessage: (message: WorkerMessage) => void,
  onDeath: (worker: WorkerProcess, how: string) => void,
): Promise<WorkerProcess[]> {
  const shared = plan.ieds.filter(({ ownProcess }) => !ownProcess)
  const count = processes === 'each' ? 0 : Math.min(processes, shared.length)
  const crews = Array.from({ length: count }, (_, index) => ({
    label: `agents-${index + 1}`,
    agents: shared.filter((_ied, position) => position % count === index),
  }))
  const alone = [...plan.backEnds, ...plan.ieds.filter(({ ownProcess }) => ownProcess)].map(agent => ({
    label: agent.name,
    agents: [agent],
  }))
  const workers: WorkerProcess[] = []
  for (const crew of [...alone, ...crews]) {
    workers.push(await workerProcess({ ...crew, logDir: join(dataDir, 'logs'), onMessage, onDeath }))
  }
  for (const worker of workers) worker.start()
  return workers
}

/** All agents up, each with all the others for peers, and an aggregator. */
async function becomeReady(stage: Stage, began: number, failures: readonly string[]): Promise<Expectation> {
  const { story, view, signal } = stage
  const all = story.agents.size
  const iedCount = stage.plan.ieds.length
  const found = (): boolean =>
    [...story.agents.values()].every(({ name, state, peers }) => {
      const isIed = stage.feeder.file.ieds.some(ied => ied.name === name)
      return state === 'up' && peers >= (isIed ? all - 1 : iedCount)
    })
  const ready = (): boolean => found() && story.aggregator?.followers === iedCount
  await until(() => ready() || failures.length > 0, READY_WITHIN_MS, signal)
  const seconds = ((nowMs() - began) / 1000).toFixed(1)
  const ok = ready() && failures.length === 0
  const missing = [...story.agents.values()].filter(({ state, peers }) => state !== 'up' || peers < iedCount)
  const measured = ok
    ? `${all} agents up, each with all others admitted, aggregator ${story.aggregator?.name}, after ${seconds} s`
    : failures.length > 0
      ? failures.join('; ')
      : `after ${seconds} s: ${missing.map(({ name, state, peers }) => `${name} ${state} with ${peers} peers`).join(', ') || 'no aggregator'}`
  view.say('ready', ok ? `mesh ready: ${measured}` : measured, { ok, agents: all, seconds: Number(seconds) })
  return { name: 'the agents find each other and elect an aggregator', ok, measured }
}

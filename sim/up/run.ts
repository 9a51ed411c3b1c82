// `feedermesh up`: a whole feeder on this machine. Simulated field devices behind true Modbus TCP servers, one real
// agent for each IED in worker processes, a back-end peer for each organisation behind a link that can be cut, and a
// scenario that is played and checked.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hrtime } from 'node:process'
import { readText } from '../../src/node/config.ts'
import { exitCodes } from '../../src/node/node-error.ts'
import type { WorkerMessage } from '../../src/node/worker.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { forkDeviceHost, type RemoteDeviceHost } from '../devices/device-host-client.ts'
import {
  checkCut,
  checkDisturbance,
  checkFault,
  checkNothingLost,
  checkReplaced,
  type Expectation,
  table,
} from './expectations.ts'
import { loadRegisters, saveRegisters } from './kept-registers.ts'
import { type Plan, prepare, prepareDataDir } from './prepare.ts'
import {
  type CutStep,
  type DisturbStep,
  type FaultStep,
  type KillStep,
  lengthSeconds,
  parseScenario,
  quietScenario,
  type Scenario,
  type Step,
  settleSeconds,
} from './scenario.ts'
import { settle } from './settle.ts'
import { emptyStory, readingsAt, tell } from './story.ts'
import { jsonView, linesView, liveView, type View } from './view.ts'
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
  /** Ends by itself after so long; else it goes on until it is told to stop. */
  readonly forSeconds: number | undefined
  /** Where shipped files are: scenarios and the device map. */
  readonly shippedDir: string
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean }
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

const READY_WITHIN_MS = 90_000
const STOP_WITHIN_MS = 1600
const RESTART_MS = 1000
const HAND_OVER_MS = 12_000

/** @returns the exit code */
export async function up(options: UpOptions): Promise<number> {
  const began = nowMs()
  const file = parseFeeder(readText(options.feederPath, 'feeder file'), options.feederPath)
  const feeder = createFeeder(file)
  const scenario = findScenario(options, file.name)
  const scenarioNow =
    scenario === undefined ? quietScenario(file.name) : parseScenario(scenario.text, scenario.path, file)
  const dataDir = options.dataDir ?? join('.feedermesh', file.name)
  await prepareDataDir(dataDir, file.name, options.fresh)

  const undo: (() => Promise<unknown> | unknown)[] = []
  const registers = await loadRegisters(dataDir)
  const devices = await forkDeviceHost({ file, ...(registers ? { registers } : {}) })
  undo.push(async () => {
    await saveRegisters(
      dataDir,
      devices,
      file.ieds.map(ied => ied.name),
    )
    await devices.stop()
  })
  try {
    const plan = await prepare({
      feederPath: options.feederPath,
      file,
      dataDir,
      fresh: options.fresh,
      scenario: scenarioNow,
      devicePorts: devices.ports,
      deviceMap: join(options.shippedDir, 'sim/maps/feedermesh-device.yaml'),
      allOwn: options.processes === 'each',
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
      narrate(view, story, message.agent, message.report)
    }
    // Killed from outside, a process is started again, as a device's service manager would; its own exit is a failure.
    const onDeath = (worker: WorkerProcess, how: string): void => {
      view.say('process-died', `process ${worker.label} ended: ${how}`, { process: worker.label, how })
      for (const name of worker.agents) {
        const seen = story.agents.get(name)
        if (seen !== undefined) seen.state = 'killed'
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

    const stage: Stage = { options, scenario: scenarioNow, feeder, plan, story, view, devices, links, workers }
    const expectations: Expectation[] = [await becomeReady(stage, began, failures)]
    if (expectations[0]?.ok === true) expectations.push(...(await play(stage, began)))
    if (!options.signal.aborted) {
      expectations.push(...checkNothingLost(story, plan.recipients))
      if (expectations[0]?.ok === true && scenarioNow.settle) expectations.push(...(await settle(stage)))
    }
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

export interface Stage {
  readonly options: UpOptions
  readonly scenario: Scenario
  readonly feeder: ReturnType<typeof createFeeder>
  readonly plan: Plan
  readonly story: ReturnType<typeof emptyStory>
  readonly view: View
  readonly devices: RemoteDeviceHost
  readonly links: ReadonlyMap<string, WanLink>
  readonly workers: readonly WorkerProcess[]
}

const processFields = (worker: WorkerProcess) => ({ process: worker.label, pid: worker.pid(), agents: worker.agents })

const nowMs = (): number => Number(hrtime.bigint()) / 1e6

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
  const { story, view, options } = stage
  const all = story.agents.size
  const iedCount = stage.plan.ieds.length
  const found = (): boolean =>
    [...story.agents.values()].every(({ name, state, peers }) => {
      const isIed = stage.feeder.file.ieds.some(ied => ied.name === name)
      return state === 'up' && peers >= (isIed ? all - 1 : iedCount)
    })
  const ready = (): boolean => found() && story.aggregator?.followers === iedCount
  await until(() => ready() || failures.length > 0, READY_WITHIN_MS, options.signal)
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

/** Plays the scenario, then goes on until the time is over or somebody stops it. */
async function play(stage: Stage, began: number): Promise<Expectation[]> {
  const { scenario, options, view } = stage
  const start = nowMs()
  const settling = scenario.settle ? settleSeconds(scenario) : 0
  const deadline =
    options.forSeconds === undefined ? Number.POSITIVE_INFINITY : began + (options.forSeconds - settling) * 1000
  const fits = (step: Step): boolean => start + lengthSeconds({ ...scenario, steps: [step] }) * 1000 <= deadline
  const skipped = scenario.steps.filter(step => !fits(step))
  if (skipped.length > 0) {
    view.say('steps-skipped', `--for leaves no time for ${skipped.length} of ${scenario.steps.length} steps`, {
      skipped: skipped.length,
    })
  }
  const expectations: Expectation[] = []
  const running = scenario.steps.filter(fits).map(async step => {
    await until(() => false, start + step.atSeconds * 1000 - nowMs(), options.signal)
    if (!options.signal.aborted) expectations.push(...(await perform(stage, step)))
  })
  await Promise.all(running)
  if (scenario.steps.length > 0 && !options.signal.aborted) {
    view.say('scenario-done', 'scenario played; the mesh goes on', {})
  }
  await until(() => false, deadline - nowMs(), options.signal)
  return expectations
}

async function perform(stage: Stage, step: Step): Promise<Expectation[]> {
  const expectations =
    'disturb' in step
      ? await disturb(stage, step)
      : 'fault' in step
        ? await fault(stage, step)
        : 'kill' in step
          ? await kill(stage, step)
          : await cut(stage, step)
  // Ended by hand in the middle: what had no time to happen is not held against it.
  if (stage.options.signal.aborted) return []
  for (const { name, ok, measured, detail } of expectations) {
    stage.view.say('expectation', `${ok ? 'ok' : 'FAIL'}: ${name}: ${measured}`, {
      name,
      ok,
      measured,
      ...(detail ? { detail } : {}),
    })
  }
  return expectations
}

const toMs = (ns: bigint): number => Number(ns) / 1e6

async function disturb(
  { devices, feeder, plan, story, view, options }: Stage,
  step: DisturbStep,
): Promise<Expectation[]> {
  const { section, residualPu, forSeconds } = step.disturb
  const fed = feeder.downstreamIeds(section).certain
  view.say('disturbance', `>>> sag to ${residualPu} pu on ${section} for ${forSeconds} s`, {
    section,
    residualPu,
    forSeconds,
  })
  const atMs = toMs(await devices.disturb({ section, residualPu }))
  await until(() => false, forSeconds * 1000, options.signal)
  const clearedAtMs = toMs(await devices.clearDisturbance(section))
  view.say('disturbance-over', `>>> sag on ${section} is over`, { section })
  const shedding = new Set(
    feeder.file.ieds
      .filter(
        ied =>
          fed.has(ied.name) &&
          feeder.file.loads.some(load => ied.meters.includes(load.name) && load.sheddableShare > 0),
      )
      .map(ied => ied.name),
  )
  const sheds = new Set([...shedding].filter(ied => plan.ieds.some(({ name }) => name === ied)))
  await until(
    () =>
      story.warnings.some(
        warning =>
          warning.section === section &&
          [...sheds].every(ied => warning.receivers.get(ied)?.restoredAtMs !== undefined),
      ),
    3000,
    options.signal,
  )
  const warning = story.warnings.find(each => each.section === section && each.detectedAtMs >= atMs)
  if (warning !== undefined)
    view.say('warned-table', `each receiver of ${warning.origin}'s warning:\n${indent(table(warning, atMs))}`, {})
  return checkDisturbance(story, step, { atMs, clearedAtMs }, fed, sheds)
}

const indent = (lines: readonly string[]): string => lines.map(line => `             ${line}`).join('\n')

async function fault({ devices, feeder, view, story, options }: Stage, step: FaultStep): Promise<Expectation[]> {
  const { section } = step.fault
  view.say('fault', `>>> permanent fault on ${section}`, { section })
  const atMs = toMs(await devices.fault({ section }))
  await until(() => story.trips.some(trip => trip.atMs >= atMs && trip.told.size > 0), step.withinMs, options.signal)
  await until(() => false, 1500, options.signal)
  return checkFault(story, step, atMs, feeder)
}

async function kill({ workers, story, view, options }: Stage, step: KillStep): Promise<Expectation[]> {
  const target = (): string | undefined => (step.kill === 'aggregator' ? story.aggregator?.name : step.kill)
  const processOf = (ied: string | undefined): WorkerProcess | undefined =>
    workers.find(each => each.agents.length === 1 && each.agents[0] === ied)
  // Soon after the start a meter may still aggregate; it hands over to a fitter controller.
  await until(() => processOf(target()) !== undefined, HAND_OVER_MS, options.signal)
  const ied = target()
  const worker = processOf(ied)
  const seen = ied === undefined ? undefined : story.agents.get(ied)
  if (ied === undefined || worker === undefined || seen === undefined) {
    return [{ name: `kill ${step.kill}`, ok: false, measured: `${ied ?? 'nobody'} has no process of its own` }]
  }
  const killed = {
    ied,
    atMs: nowMs(),
    term: story.aggregator?.term ?? 0,
    wasAggregator: story.aggregator?.name === ied,
  }
  view.say('kill', `>>> kill -9 ${ied}${killed.wasAggregator ? ', the aggregator' : ''}`, { ied })
  seen.state = 'killed'
  await worker.kill()
  await until(() => false, step.restartAfterSeconds * 1000, options.signal)
  if (options.signal.aborted) return []
  const before = seen.ledger
  view.say('restart', `>>> ${ied} starts again`, { ied })
  worker.start()
  await until(() => story.agents.get(ied)?.state === 'up', 15_000, options.signal)
  const back = story.agents.get(ied)
  const wentOn = back?.state === 'up' && back.ledger >= before
  return [
    ...checkReplaced(story, step, killed),
    {
      name: `${ied} starts again on its own ledger`,
      ok: wentOn,
      measured: wentOn ? `goes on after record ${back.ledger}` : `agent is ${back?.state}, ledger at ${back?.ledger}`,
    },
  ]
}

async function cut({ links, story, view, plan, options }: Stage, step: CutStep): Promise<Expectation[]> {
  const link = links.get(step.cut)
  if (link === undefined) return [{ name: `cut ${step.cut}`, ok: false, measured: 'no such link' }]
  view.say('cut', `>>> link to ${step.cut} is cut`, { backEnd: step.cut })
  link.cut()
  await until(() => false, 300, options.signal) // what was on the way has arrived by then
  const before = readingsAt(story, step.cut)
  await until(() => false, step.forSeconds * 1000, options.signal)
  const duringCut = readingsAt(story, step.cut) - before
  // The other back end had no cut: what it has of these IEDs is what this one must have.
  const wantUpTo = new Map<string, number>()
  for (const [ied, to] of plan.recipients) {
    if (!to.includes(step.cut)) continue
    const others = to.filter(backEnd => backEnd !== step.cut)
    const numbers = others.flatMap(backEnd => [...(story.collected.get(backEnd)?.get(ied)?.readings.keys() ?? [])])
    if (numbers.length > 0) wantUpTo.set(ied, Math.max(...numbers))
  }
  link.restore()
  const restoredAtMs = nowMs()
  view.say('restored', `>>> link to ${step.cut} is whole again, ${duringCut} readings came meanwhile`, {
    backEnd: step.cut,
    duringCut,
  })
  const level = (): boolean =>
    [...wantUpTo].every(([ied, number]) => story.collected.get(step.cut)?.get(ied)?.readings.has(number) === true)
  await until(level, step.caughtUpWithinSeconds * 1000, options.signal)
  const caughtUpAtMs = level() && wantUpTo.size > 0 ? nowMs() : undefined
  return checkCut(story, step, { duringCut, wantUpTo, restoredAtMs, caughtUpAtMs })
}

/** Until the fact, the time, or the end of everything. */
async function until(fact: () => boolean, forMs: number, signal: AbortSignal): Promise<void> {
  const end = nowMs() + forMs
  while (!fact() && nowMs() < end && !signal.aborted) {
    await new Promise(resolve => setTimeout(resolve, Math.max(1, Math.min(20, end - nowMs()))))
  }
}

/** What people should read as it happens; programs get every report. */
function narrate(
  view: View,
  story: ReturnType<typeof emptyStory>,
  ied: string,
  report: { event: string; [key: string]: unknown },
): void {
  const { event, atMs: at, ...fields } = report
  view.say(event, sentence(story, ied, report), { ied, reportedAtMs: at, ...fields })
}

function sentence(
  story: ReturnType<typeof emptyStory>,
  ied: string,
  report: { event: string; [key: string]: unknown },
): string {
  const text = (key: string): string => String(report[key] ?? '')
  switch (report.event) {
    case 'started':
      return `${ied} is up (ledger at ${text('ledger')})`
    case 'aggregator':
      return report.self === true ? `${ied} aggregates, term ${text('term')}` : ''
    case 'warning-sent':
      return `${ied} warns of a ${text('severity')} sag on ${text('section')} (${text('directly')} neighbours at once)`
    case 'warned': {
      const warning = story.warnings.find(({ id }) => id === report.id)
      const after = Number(report.atMs) - (warning?.detectedAtMs ?? Number.NaN)
      return `${ied} is warned${Number.isNaN(after) ? '' : ` after ${after.toFixed(1)} ms`} by ${text('via')}: ${text('reaction')}`
    }
    case 'operated':
      return `${ied} did ${text('operation')} (${text('cause')})`
    case 'tripped':
      return `${ied}: ${text('device')} has tripped; tells up and down the feeder`
    case 'told':
      return `${ied} is told of ${text('device')}${report.holds === true ? ', its own fault element is picked up: holds as backup' : ': holds'}`
    case 'outage-expected':
      return `${ied} expects an outage below ${text('device')}`
    case 'position':
      return `${ied}: ${text('device')} is ${text('position')}`
    case 'alarm':
      return `${ied} ALARM ${text('alarm')} ${['origin', 'device', 'reason'].map(text).filter(Boolean).join(' ')}`
    case 'device-silent':
      return `${ied}: field device does not answer: ${text('reason')}`
    case 'fallback':
      return `${ied}: records for ${text('backEnd')} are stuck: ${text('kind')}`
    default:
      return ''
  }
}

// Start-up time and resident memory: a worker process with one agent and with four, beside bare libp2p nodes with the
// same modules. Each start is of a new process with new data; the four kinds take turns.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { forkDeviceHost } from '../sim/devices/device-host-client.ts'
import { prepare } from '../sim/up/prepare.ts'
import { quietScenario } from '../sim/up/scenario.ts'
import { agentNodeOptions } from '../src/node/node-options.ts'
import type { WorkerMessage } from '../src/node/worker.ts'
import type { FromBareNodes } from './bare-nodes.ts'
import { type Child, startChild } from './child.ts'
import { FEEDER_PATH, nowMs, ROOT, readFeeder } from './members.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row } from './table.ts'

const MANY = ['relay-650', 'recloser-632', 'meter-645', 'meter-646']
const ONE = MANY.slice(0, 1)
/** No further repetition begins after this. */
const ENOUGH_MS = 42_000

interface Start {
  readonly firstMs: number
  readonly furtherMs: readonly number[]
  readonly rssMb: number
}

export const starts: Section = { title: 'Start-up and resident memory', measure }

async function measure({ dir, quick }: SectionOptions): Promise<SectionResult> {
  const { file } = readFeeder()
  const devices = await forkDeviceHost({ file })
  const settleMs = quick ? 500 : 3000
  const began = nowMs()
  const runs = { bare: [] as Start[], bareMany: [] as Start[], agent: [] as Start[], agentMany: [] as Start[] }
  try {
    for (let repetition = 0; repetition < (quick ? 1 : 5) && nowMs() - began < ENOUGH_MS; repetition++) {
      const configs = async (kind: string, names: readonly string[]): Promise<string[]> => {
        const plan = await prepare({
          feederPath: FEEDER_PATH,
          file,
          dataDir: join(dir, `${repetition}-${kind}`),
          fresh: true,
          scenario: quietScenario(file.name),
          devicePorts: devices.ports,
          deviceMap: join(ROOT, 'sim/maps/feedermesh-device.yaml'),
          allOwn: false,
        })
        return names.map(name => plan.ieds.find(ied => ied.name === name)?.config as string)
      }
      const one = await configs('one', ONE)
      const many = await configs('many', MANY)
      runs.bare.push(await startBare(1, settleMs))
      runs.agent.push(await startAgents(one, settleMs))
      runs.bareMany.push(await startBare(MANY.length, settleMs))
      runs.agentMany.push(await startAgents(many, settleMs))
    }
  } finally {
    await devices.stop()
  }
  return { rows: rowsOf(runs), notes: [`memory ${settleMs / 1000} s after the last start of the process`] }
}

function rowsOf({
  bare,
  bareMany,
  agent,
  agentMany,
}: Readonly<Record<'bare' | 'bareMany' | 'agent' | 'agentMany', Start[]>>) {
  const first = (starts: Start[]) => starts.map(({ firstMs }) => firstMs)
  const further = (starts: Start[]) => starts.flatMap(({ furtherMs }) => furtherMs)
  const rss = (starts: Start[]) => starts.map(({ rssMb }) => rssMb)
  // Repetition by repetition, what the process with several has more, shared among those that came after the first.
  const rssFurther = (several: Start[], single: Start[]) =>
    several.map(({ rssMb }, index) => (rssMb - (single[index]?.rssMb ?? 0)) / (MANY.length - 1))

  const bareFirst = row('start: process with a libp2p node', 'ms', first(bare))
  const bareFurther = row('start: further libp2p node in it', 'ms', further(bareMany))
  const bareRss = row('memory: process with a libp2p node', 'MB', rss(bare))
  const bareRssFurther = row('memory: further libp2p node in it', 'MB', rssFurther(bareMany, bare))
  return [
    bareFirst,
    row('start: process with an agent', 'ms', first(agent), bareFirst),
    bareFurther,
    row('start: further agent in it', 'ms', further(agentMany), bareFurther),
    bareRss,
    row('memory: process with an agent', 'MB', rss(agent), bareRss),
    bareRssFurther,
    row('memory: further agent in it', 'MB', rssFurther(agentMany, agent), bareRssFurther),
  ]
}

function startBare(count: number, settleMs: number): Promise<Start> {
  const child = startChild('bare-nodes', [String(count)])
  return observe(child, count, settleMs, async () => {
    type Started = Extract<FromBareNodes, { kind: 'started' }>
    return (await child.next<Started>(({ kind }) => kind === 'started')).message.atMs
  })
}

function startAgents(configs: readonly string[], settleMs: number): Promise<Start> {
  const child = startChild('../src/node/worker', configs, agentNodeOptions)
  return observe(child, configs.length, settleMs, async () => {
    const { message } = await child.next<WorkerMessage>(
      told => told.kind === 'failed' || (told.kind === 'report' && told.report.event === 'started'),
    )
    if (message.kind === 'failed') throw new Error(`${message.agent}: ${message.message}`)
    return message.kind === 'report' ? message.report.atMs : Number.NaN
  })
}

async function observe(
  child: Child,
  count: number,
  settleMs: number,
  startedAtMs: () => Promise<number>,
): Promise<Start> {
  try {
    const times = [child.forkedAtMs]
    for (let index = 0; index < count; index++) times.push(await startedAtMs())
    const [firstMs = 0, ...furtherMs] = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))
    await sleep(settleMs)
    child.send('memory')
    type Memory = Extract<WorkerMessage, { kind: 'memory' }>
    const { message } = await child.next<Memory>(({ kind }) => kind === 'memory')
    return { firstMs, furtherMs, rssMb: message.rssBytes / 1e6 }
  } finally {
    await child.stop()
  }
}

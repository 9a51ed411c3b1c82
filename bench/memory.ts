// What an idle agent occupies, beside a process with a bare libp2p node of the same modules; what each further one in the
// same process adds; both after a forced collection. The kinds take turns, each time in a new process with new data.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { forkDeviceHost } from '../sim/devices/device-host-client.ts'
import { prepare } from '../sim/up/prepare.ts'
import { quietScenario } from '../sim/up/scenario.ts'
import { agentNodeOptions } from '../src/node/node-options.ts'
import type { WorkerMessage } from '../src/node/worker.ts'
import { type Child, startChild } from './child.ts'
import { FEEDER_PATH, ROOT, readFeeder } from './members.ts'
import { occupied, probeArgv } from './memory-of.ts'
import type { Occupied } from './memory-probe.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { over, row, target } from './table.ts'

/** Enough further ones that what the first one's process has in reserve does not hide them. */
const MANY = ['relay-650', 'recloser-632', 'meter-645', 'meter-646', 'meter-611', 'meter-652', 'meter-675', 'meter-634']
const SETTLE_MS = 4000

/** `bareSmall`: with the options that an agent's process is given. */
type Kind = 'bare' | 'bareSmall' | 'bareMany' | 'agent' | 'agentMany'

export const memory: Section = {
  title: 'Memory of idle agents, after a forced collection',
  withinMs: 180_000,
  measure,
}

async function measure({ dir, quick }: SectionOptions): Promise<SectionResult> {
  const { file } = readFeeder()
  const names = MANY.filter(name => file.ieds.some(ied => ied.name === name))
  const devices = await forkDeviceHost({ file })
  const found: Record<Kind, Occupied[]> = { bare: [], bareSmall: [], bareMany: [], agent: [], agentMany: [] }
  try {
    for (let repetition = 0; repetition < (quick ? 1 : 3); repetition++) {
      const plan = await prepare({
        feederPath: FEEDER_PATH,
        file,
        dataDir: join(dir, String(repetition)),
        fresh: true,
        scenario: quietScenario(file.name),
        devicePorts: devices.ports,
        deviceMap: join(ROOT, 'sim/maps/feedermesh-device.yaml'),
        allOwn: false,
      })
      const configs = names.map(name => plan.ieds.find(ied => ied.name === name)?.config as string)
      const settleMs = quick ? 500 : SETTLE_MS
      found.bare.push(await occupiedBy('bare-nodes', ['1'], 1, settleMs))
      found.bareSmall.push(await occupiedBy('bare-nodes', ['1'], 1, settleMs, agentNodeOptions))
      found.agent.push(await occupiedBy('../src/node/worker', configs.slice(0, 1), 1, settleMs, agentNodeOptions))
      found.bareMany.push(await occupiedBy('bare-nodes', [String(names.length)], names.length, settleMs))
      found.agentMany.push(await occupiedBy('../src/node/worker', configs, names.length, settleMs, agentNodeOptions))
    }
  } finally {
    await devices.stop()
  }
  return resultOf(found, names.length - 1)
}

async function occupiedBy(
  entry: string,
  args: readonly string[],
  count: number,
  settleMs: number,
  options: readonly string[] = [],
): Promise<Occupied> {
  const child = startChild(entry, args, [...options, ...probeArgv()])
  try {
    for (let started = 0; started < count; started++) await hasStarted(child)
    await sleep(settleMs)
    return await occupied(child)
  } finally {
    await child.stop()
  }
}

/** Bare nodes and agents say it alike enough. */
async function hasStarted(child: Child): Promise<void> {
  type Told = WorkerMessage | { readonly kind: 'started' }
  const { message } = await child.next<Told>(
    told =>
      told.kind === 'started' || told.kind === 'failed' || (told.kind === 'report' && told.report.event === 'started'),
    60_000,
  )
  if (message.kind === 'failed') throw new Error(`${message.agent}: ${message.message}`)
}

function resultOf(found: Readonly<Record<Kind, readonly Occupied[]>>, further: number): SectionResult {
  const mb = (bytes: number): number => bytes / 1e6
  const of = (kind: Kind, what: (each: Occupied) => number | undefined): number[] =>
    found[kind].flatMap(each => {
      const bytes = what(each)
      return bytes === undefined ? [] : [mb(bytes)]
    })
  // Repetition by repetition, what the process with many has more, shared among those that came after the first.
  const each = (many: Kind, one: Kind, what: (each: Occupied) => number): number[] =>
    found[many].map((each, index) => mb(what(each) - what(found[one][index] as Occupied)) / further)
  const heap = ({ heapBytes }: Occupied): number => heapBytes
  const rss = ({ rssBytes }: Occupied): number => rssBytes
  const pss = ({ pssBytes }: Occupied): number | undefined => pssBytes

  const bareRss = row('resident: process with a bare libp2p node', 'MB', of('bare', rss))
  const agentRss = row('resident: process with an agent', 'MB', of('agent', rss), bareRss)
  const bareSmallRss = row('resident: a bare libp2p node, with an agent’s options', 'MB', of('bareSmall', rss), bareRss)
  const bareHeap = row('heap: process with a bare libp2p node', 'MB', of('bare', heap))
  const bareFurther = row('heap: each further libp2p node in it', 'MB', each('bareMany', 'bare', heap))
  const bareFurtherRss = row('resident: each further libp2p node in it', 'MB', each('bareMany', 'bare', rss))
  const agentFurther = row('heap: each further agent in it', 'MB', each('agentMany', 'agent', heap), bareFurther)
  const agentFurtherRss = row(
    'resident: each further agent in it',
    'MB',
    each('agentMany', 'agent', rss),
    bareFurtherRss,
  )
  const proportional = of('bare', pss).length === 0 ? [] : pssRows(of('bare', pss), of('agent', pss))
  const difference = (one: typeof agentFurther, other: typeof agentFurther): number => one.figure.p50 - other.figure.p50
  return {
    rows: [
      bareRss,
      bareSmallRss,
      agentRss,
      ...proportional,
      bareHeap,
      row('heap: process with an agent', 'MB', of('agent', heap), bareHeap),
      bareFurtherRss,
      agentFurtherRss,
      bareFurther,
      agentFurther,
    ],
    targets: [
      target('idle agent process over a bare libp2p node, resident, p50', over(agentRss, bareRss), 1.25),
      target('further agent less a further node, resident, p50', difference(agentFurtherRss, bareFurtherRss), 2, 'MB'),
      target('further agent less a further node, heap, p50', difference(agentFurther, bareFurther), 2, 'MB'),
    ],
    notes: [
      `${further} further ones; those of one process are connected to each other`,
      `agents run with ${agentNodeOptions.join(' ')}, as "up" starts them; the bare nodes with what Node does by itself, or as said`,
    ],
  }
}

function pssRows(bare: readonly number[], agent: readonly number[]) {
  const base = row('proportional: process with a bare libp2p node', 'MB', bare)
  return [base, row('proportional: process with an agent', 'MB', agent, base)]
}

// A thousand IEDs at one real back-end peer, all connected at once: how long until they are, what it costs the back-end
// peer in memory, and how long a batch takes to its receipt when all of them deliver at the same moment, beside one alone.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFeeder } from '../topology/write-feeder.ts'
import { agentsFeeder } from './agents-feeder.ts'
import { type Child, startChild } from './child.ts'
import type { CrowdPlan, FromBackEnd, FromCrowd, ToBackEnd } from './crowd-messages.ts'
import { issueCrowd } from './crowd-site.ts'
import { nowMs } from './members.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row, target } from './table.ts'

const MANY = 1000
const PROCESSES = 4
const READINGS = 100
/** Of each step, on a machine that does other things as well: the figures say how long it took. */
const PATIENCE_MS = 480_000

export const crowd: Section = {
  title: 'Back end: a thousand IEDs connected, all delivering at once',
  withinMs: 1_500_000,
  measure,
}

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const count = quick ? 100 : MANY
  const generated = agentsFeeder(count, chance)
  // Nobody protects anything here.
  const file = { ...generated, ieds: generated.ieds.map(ied => ({ ...ied, observes: [] })) }
  const feederPath = join(dir, 'feeder.yaml')
  await writeFile(feederPath, writeFeeder(file))
  const names = file.ieds.map(({ name }) => name)
  const { backEnd: config } = await issueCrowd(dir, feederPath, file.name, names, {
    components: ['peers', 'collector'],
  })

  const backEnd = startChild('./crowd-backend', [config])
  const { message: ready } = await backEnd.next<FromBackEnd>(orFailed('ready'), 60_000)
  if (ready.kind !== 'ready') throw new Error(wordsOf(ready))
  const before = await memoryOf(backEnd)

  const shares = Array.from({ length: PROCESSES }, (_, n) => names.filter((_name, at) => at % PROCESSES === n))
  const processes = shares.map(share => {
    const plan: CrowdPlan = { dir, feederPath, names: share, readings: READINGS }
    return startChild('./crowd-ieds', [JSON.stringify(plan)])
  })
  await all(processes, 'open', PATIENCE_MS)
  const began = nowMs()
  for (const each of processes) each.send({ kind: 'connect', peerId: ready.peerId, addresses: ready.addresses })
  const connected = (await all(processes, 'connected', PATIENCE_MS)).reduce((sum, each) => sum + each.connected, 0)
  const connectMs = nowMs() - began
  const held = await memoryOf(backEnd)

  const start = nowMs()
  for (const each of processes) each.send({ kind: 'deliver' })
  const delivered = await all(processes, 'delivered', PATIENCE_MS)
  const seconds = (nowMs() - start) / 1000
  const after = await memoryOf(backEnd)
  const ms = delivered.flatMap(each => each.ms)
  const readings = ms.length * READINGS
  return {
    rows: [row('batch to receipt, all at once', 'ms', ms)],
    targets: [
      target('IEDs that could not connect', count - connected, 0),
      target('batches without a receipt', count - ms.length, 0),
    ],
    notes: [
      `${connected} of ${count} IEDs connected within ${(connectMs / 1000).toFixed(1)} s, in ${PROCESSES} processes`,
      `${readings} readings verified and durable in ${seconds.toFixed(1)} s: ${Math.round(readings / seconds)} a second`,
      `memory of the back-end peer: ${mb(before)} alone, ${mb(held)} with all connected, ${mb(after)} afterwards`,
      ...delivered.flatMap(each => each.refused),
    ],
  }
}

const mb = ({ rssMb }: { readonly rssMb: number }): string => `${Math.round(rssMb)} MB`

type Of<K extends FromCrowd['kind']> = Extract<FromCrowd, { readonly kind: K }>

const orFailed = (kind: string) => (message: { readonly kind: string }) =>
  message.kind === kind || message.kind === 'failed'
const wordsOf = (message: object): string => ('message' in message ? String(message.message) : 'failed')

async function all<K extends FromCrowd['kind']>(children: readonly Child[], kind: K, ms: number): Promise<Of<K>[]> {
  return Promise.all(
    children.map(async child => {
      const { message } = await child.next<FromCrowd>(orFailed(kind), ms)
      if (message.kind === 'failed') throw new Error(message.message)
      return message as Of<K>
    }),
  )
}

async function memoryOf(backEnd: Child): Promise<{ readonly rssMb: number }> {
  backEnd.send({ kind: 'state' } satisfies ToBackEnd)
  const { message } = await backEnd.next<FromBackEnd>(({ kind }) => kind === 'state')
  return message as Extract<FromBackEnd, { readonly kind: 'state' }>
}

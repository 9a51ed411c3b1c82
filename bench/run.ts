// `npm run bench`: all sections in one run. See README.md for what is measured.
//
//   node dist/bench/run.js [--quick] [--json] [--seed N] [--only WORD] [--strict]

import '../src/node/polyfill.ts'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chain } from './chain.ts'
import { chanceFrom } from './chance.ts'
import { stopChildren } from './child.ts'
import { crowd } from './crowd.ts'
import { decisions } from './decisions.ts'
import { fanOuts } from './fan-out.ts'
import { growth } from './growth.ts'
import { ingest } from './ingest.ts'
import { loss } from './loss.ts'
import { memory } from './memory.ts'
import { modbusDevices } from './modbus.ts'
import { powerQuality } from './power-quality.ts'
import { publishing } from './publish.ts'
import { push } from './push.ts'
import { quality } from './quality.ts'
import { reaction } from './reaction.ts'
import { restoration } from './restoration.ts'
import { rollUp } from './roll-up.ts'
import { pacedRoundTrips, roundTrips } from './rtt.ts'
import { sealedStores } from './sealed-store.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { simulator } from './simulator.ts'
import { networkSolutions } from './solver.ts'
import { starts } from './start.ts'
import { machine, machineLine, table, targetLine } from './table.ts'
import { topology } from './topology.ts'
import { warnings, warningsOverTree } from './warning.ts'

const SECTION_WITHIN_MS = 60_000

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    /** Sections whose title has the word. */
    only: { type: 'string', default: '' },
    /** Exit code 2 when a target is missed. */
    strict: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
if (!Number.isInteger(seed)) throw new RangeError(`--seed ${values.seed}: want a whole number`)

const dir = await mkdtemp(join(tmpdir(), 'feedermesh-bench-'))
/** Synchronous at its end, so that a section under way makes nothing new between this and the exit. */
async function leave(exitCode: number): Promise<never> {
  await stopChildren()
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  process.exit(exitCode)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(1))

async function bounded(
  { measure, withinMs = SECTION_WITHIN_MS }: Section,
  options: SectionOptions,
): Promise<SectionResult> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${withinMs} ms`)), withinMs)
  })
  try {
    return await Promise.race([measure(options), late])
  } finally {
    clearTimeout(timer)
    await stopChildren()
  }
}

const all: readonly Section[] = [
  roundTrips,
  pacedRoundTrips,
  chain,
  ...fanOuts,
  publishing,
  loss,
  quality,
  sealedStores,
  ingest,
  rollUp,
  crowd,
  push,
  warnings,
  warningsOverTree,
  starts,
  memory,
  growth,
  networkSolutions,
  simulator,
  powerQuality,
  topology,
  decisions,
  restoration,
  modbusDevices,
  reaction,
]
const chosen = all.filter(
  section =>
    !(values.quick && section === warningsOverTree) && section.title.toLowerCase().includes(values.only.toLowerCase()),
)
const about = machine(seed)
const say = (line: string): void => void (values.json || process.stdout.write(`${line}\n`))
const sections: (SectionResult & { title: string; seconds: number; failed?: string })[] = []
say(machineLine(about))
for (const [index, section] of chosen.entries()) {
  const { title } = section
  say(`\n${title}`)
  const began = performance.now()
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10
  const own = join(dir, String(index))
  await mkdir(own)
  try {
    const options = { dir: own, quick: values.quick, chance: chanceFrom(seed + index) }
    const { rows, targets = [], notes } = await bounded(section, options)
    sections.push({ title, rows, targets, notes, seconds: seconds() })
    say(table(rows))
    for (const each of targets) say(`  ${targetLine(each)}`)
    for (const note of [...notes, `took ${seconds()} s`]) say(`  ${note}`)
  } catch (error) {
    const failed = (error as Error).message
    sections.push({ title, rows: [], notes: [], seconds: seconds(), failed })
    say(`  failed: ${failed}`)
  }
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine: about, quick: values.quick, sections }, null, 2)}\n`)
const hasFailed = sections.some(({ failed }) => failed !== undefined)
const isMissed = sections.some(({ targets = [] }) => targets.some(({ ok }) => !ok))
await leave(hasFailed ? 1 : values.strict && isMissed ? 2 : 0)

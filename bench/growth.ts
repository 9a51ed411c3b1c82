// Whether warnings leave anything behind: the heap of who sends, of who relays and of who only receives, each in a process
// of its own, after forced collections, before and after ten thousand of them. What is remembered of messages is bounded, so
// as many go before, until those memories are full.

import { setTimeout as sleep } from 'node:timers/promises'
import { issueMembers } from './members.ts'
import { occupied, probeArgv } from './memory-of.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { collect, type Group, openGroup, send } from './spread.ts'
import { type Row, row, type Target, target } from './table.ts'
import { HEAD, receiverNames, treeFeeder } from './tree-feeder.ts'

const SHAPE = { receivers: 2, degree: 1 }
const MESSAGES = 10_000
const ROUNDS = 4
const WARM_UP = 6000
/** Below any limit on what one neighbour may send. */
const BURST = 10
const BURST_MS = 10
/** The bounded memories are emptied whole when they are full: where in that a measurement falls is chance. */
const LIMIT_MB = 1

const NAMES = ['sends', 'relays and receives', 'receives']

export const growth: Section = {
  title: `Memory left by ${MESSAGES} warnings, after forced collections`,
  withinMs: 180_000,
  measure,
}

async function measure({ dir, quick }: SectionOptions): Promise<SectionResult> {
  const feeder = treeFeeder(SHAPE)
  await issueMembers(dir, feeder, [HEAD, ...receiverNames(SHAPE.receivers)])
  const group = await openGroup('mesh', dir, SHAPE, undefined, probeArgv())
  const messages = quick ? MESSAGES / 20 : MESSAGES
  await warn(group, quick ? WARM_UP / 20 : WARM_UP)
  const before = await heaps(group)
  const after: number[][] = []
  let verified = 0
  for (let round = 0; round < ROUNDS; round++) {
    verified += await warn(group, messages / ROUNDS)
    after.push(await heaps(group))
  }
  const rows: Row[] = []
  const targets: Target[] = []
  for (const [index, name] of NAMES.entries()) {
    const of = (heapsNow: readonly number[]): number => heapsNow[index] as number
    const base = row(`heap before: who ${name}`, 'MB', [of(before)])
    rows.push(base, row(`heap after each quarter: who ${name}`, 'MB', after.map(of), base))
    targets.push(target(`growth of who ${name}`, of(after.at(-1) as number[]) - of(before), LIMIT_MB, 'MB'))
  }
  return { rows, targets, notes: [`${verified} of ${messages * SHAPE.receivers} verified and handled`] }
}

/** @returns how many were handled, all receivers together */
async function warn({ head, all }: Group, count: number): Promise<number> {
  for (let sent = 0; sent < count; sent++) {
    await send(head)
    if (sent % BURST === BURST - 1) await sleep(BURST_MS)
  }
  await sleep(500)
  const collected = await Promise.all(all.map(collect))
  return collected.flatMap(({ times }) => [...times.verified.values()]).reduce((sum, copies) => sum + copies.length, 0)
}

async function heaps({ all }: Group): Promise<number[]> {
  const found: number[] = []
  for (const child of all) found.push((await occupied(child)).heapBytes / 1e6)
  return found
}

// What the origin of a warning does to know whom to send it to, with few IEDs below it and with many: it must not grow with
// the feeder. Once for a topology it is worked out (`Neighbourhood.refresh`, when peers or switches change), and then asked
// for with each message.

import { type Neighbourhood, neighbourhood } from '../src/node/neighbourhood.ts'
import type { Section, SectionResult } from './section.ts'
import { over, type Row, row, target } from './table.ts'
import { HEAD, SECTION, treeFeeder } from './tree-feeder.ts'

const SIZES = [100, 10_000] as const
const DEGREE = 8
/** One of them takes less than the clock resolves. */
const AT_ONCE = 1000
/** Noise of the machine; growth with the feeder would be by a factor of a hundred. */
const LIMIT = 3

export const publishing: Section = {
  title: `Whom a warning goes to from its origin, with ${SIZES.join(' and ')} IEDs below it`,
  withinMs: 120_000,
  measure: async ({ quick }) => measure(quick ? 50 : 500),
}

function measure(repetitions: number): SectionResult {
  const origins = SIZES.map(receivers => originOf(receivers))
  const times: number[][] = SIZES.map(() => [])
  for (let repetition = 0; repetition < repetitions; repetition++)
    for (const [index, near] of origins.entries()) times[index]?.push(forMany(near))
  const rows: Row[] = []
  for (const [index, size] of SIZES.entries())
    rows.push(row(`${size} IEDs below, ${AT_ONCE} times`, 'ms', times[index]?.slice(repetitions / 10) ?? [], rows[0]))
  const [few, many] = rows as [Row, Row]
  return {
    rows,
    targets: [target(`${SIZES[1]} IEDs over ${SIZES[0]}, p50`, over(many, few), LIMIT)],
    notes: [`it goes to ${origins[1]?.aboutSection(SECTION).fromOrigin().length} neighbours; the rest is up to them`],
  }
}

/** The head of the tree, to whom everybody is known. */
function originOf(receivers: number): Neighbourhood {
  const links = { hold: () => {} }
  const messenger = { peerOf: (name: string) => name }
  const near = neighbourhood(HEAD, treeFeeder({ receivers, degree: DEGREE }), links, messenger)
  near.refresh()
  return near
}

function forMany(near: Neighbourhood): number {
  const began = performance.now()
  for (let n = 0; n < AT_ONCE; n++) near.aboutSection(SECTION).fromOrigin()
  return performance.now() - began
}

// The decision of a restoration, without messages and device travel: from the facts to a plan, on generated networks of
// 10, 100 and 10,000 switching devices. Beside it one walk over the same network, which whoever decides must make anyway.

import { planRestoration } from '../src/protection/restoration/plan.ts'
import { createFeeder, type Feeder } from '../topology/feeder.ts'
import { restorationFeeder } from './restoration-feeder.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { type Row, row, type Target, target } from './table.ts'

/** Devices, and what the project asks of the decision. */
const SIZES = [
  { switches: 10, aFeeder: 4, askedMs: 50 },
  { switches: 100, aFeeder: 40, askedMs: 300 },
  { switches: 10_000, aFeeder: 40, askedMs: 2000 },
] as const
/** So heavy that one tie seldom carries all: then the search goes through parts, up to its bound. */
const HEAVINESS = 0.6

export const restoration: Section = { title: 'Restoration, decision', measure, withinMs: 120_000 }

async function measure({ quick, chance }: SectionOptions): Promise<SectionResult> {
  const rows: Row[] = []
  const targets: Target[] = []
  const notes: string[] = []
  for (const { switches, aFeeder, askedMs } of SIZES) {
    const networks = quick ? 2 : 4
    const walks: number[] = []
    const first: number[] = []
    const plans: number[] = []
    let [restored, left, cutShort] = [0, 0, 0]
    for (let n = 0; n < networks; n++) {
      const { file, faulted, breaker } = restorationFeeder(switches, chance, { heaviness: HEAVINESS, aFeeder })
      const feeder = createFeeder(file)
      feeder.setPosition(breaker, 'open')
      const decide = () => planRestoration({ feeder, suspect: [faulted] })
      first.push(timed(decide))
      for (let turn = 0; turn < (quick ? 2 : 5); turn++) {
        walks.push(timed(() => walkOver(feeder, file.devices[(7 * turn + n) % file.devices.length]?.name ?? breaker)))
        plans.push(timed(decide))
      }
      const plan = decide()
      restored += plan.restored.length
      left += plan.left.reduce((sum, { zones }) => sum + zones.length, 0)
      if (plan.isCutShort) cutShort++
    }
    const base = row(`${switches} switches: one walk over the network`, 'ms', walks)
    const planned = row(`${switches} switches: from the facts to the plan`, 'ms', plans, base)
    const anew = row(`${switches} switches: the same, with the file's figures read first`, 'ms', first, base)
    rows.push(base, planned, anew)
    targets.push(target(`${switches} switches: decision, p99`, planned.figure.p99, askedMs, 'ms'))
    notes.push(
      `${switches} switches: ${networks} networks, ${restored} zones fed again, ${left} left dark, the search cut short in ${cutShort}`,
    )
  }
  return { rows, targets, notes }
}

/** A switching, and who has a source now. */
function walkOver(feeder: Feeder, device: string): void {
  const was = feeder.position(device)
  feeder.setPosition(device, was === 'closed' ? 'open' : 'closed')
  feeder.islands()
  feeder.setPosition(device, was)
}

function timed(run: () => unknown): number {
  const began = performance.now()
  run()
  return performance.now() - began
}

// What the parts of `up` share while a feeder runs.

import { hrtime } from 'node:process'
import type { Feeder } from '../../topology/feeder.ts'
import type { RemoteDeviceHost } from '../devices/device-host-client.ts'
import type { Computers } from './computers.ts'
import type { Happened } from './happened.ts'
import type { Plan } from './prepare.ts'
import type { Scenario } from './scenario.ts'
import type { Story } from './story.ts'
import type { View } from './view.ts'
import type { WanLink } from './wan-link.ts'
import type { WorkerProcess } from './worker-process.ts'

export interface Stage {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  readonly scenario: Scenario
  readonly feeder: Feeder
  readonly plan: Plan
  readonly story: Story
  readonly view: View
  readonly devices: RemoteDeviceHost
  readonly links: ReadonlyMap<string, WanLink>
  readonly workers: readonly WorkerProcess[]
  readonly computers: Computers
  /** What agents reported of what the scenario expects. */
  readonly happened: Happened
}

/** This machine's monotonic clock, one for all of its processes. */
export const nowMs = (): number => Number(hrtime.bigint()) / 1e6

/** Until the fact, the time, or the end of everything. */
export async function until(fact: () => boolean, forMs: number, signal: AbortSignal): Promise<void> {
  const end = nowMs() + forMs
  while (!fact() && nowMs() < end && !signal.aborted) {
    await new Promise(resolve => setTimeout(resolve, Math.max(1, Math.min(20, end - nowMs()))))
  }
}

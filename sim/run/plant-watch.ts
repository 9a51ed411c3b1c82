// Watches the plant through a run: which contacts moved, who lost supply, and voltages whenever something changed.

import type { Feeder } from '../../topology/feeder.ts'
import type { World } from '../runtime/world.ts'
import type { SupplyChange, SwitchingChange, VoltageSample } from './result.ts'
import { supplyWatch } from './supply-watch.ts'

export interface PlantWatch {
  /** As the contacts really stand. */
  readonly feeder: Feeder
  readonly switching: readonly SwitchingChange[]
  readonly supply: readonly SupplyChange[]
  readonly voltages: readonly VoltageSample[]
  /** Takes the voltages now. */
  sample(): void
}

const MOVES = { open: 'open', 'fuse blown': 'open', close: 'closed', reclose: 'closed' } as const

/** Figures of all nodes together; after that a run keeps no more voltages. */
const MOST_FIGURES = 1_000_000

export function plantWatch({ file, site, scheduler }: World, { voltages }: { readonly voltages: boolean }): PlantWatch {
  const watch = supplyWatch(file)
  const switching: SwitchingChange[] = []
  const samples: VoltageSample[] = []
  const supply: SupplyChange[] = []
  const mostSamples = voltages ? Math.ceil(MOST_FIGURES / file.nodes.length) : 0
  const now = (): number => Math.round(scheduler.now() * 1000) / 1000

  function sample(): void {
    const atMs = now()
    if (samples.length >= mostSamples) return
    if (samples.at(-1)?.atMs === atMs) samples.pop()
    samples.push({ atMs, voltsPu: site.plant.snapshot().voltsPu })
  }

  function look(): void {
    supply.push(...watch.update(site.plant, now()))
  }

  site.onSettled(events => {
    let hasMoved = false
    for (const { device, kind } of events) {
      if (!(kind in MOVES)) continue
      hasMoved = true
      switching.push({ atMs: now(), device, position: MOVES[kind as keyof typeof MOVES], kind })
    }
    look()
    if (hasMoved) sample()
  })
  look()
  sample()
  return { feeder: watch.feeder, switching, supply, voltages: samples, sample }
}

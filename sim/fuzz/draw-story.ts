// Draws a story from a seed: some happenings within a busy time, then a quiet end in which all has healed.
//
//   0 s       12 s                         busy until                     end
//   agents up, settled     happenings      everything ends    readings settle

import type { FeederFile } from '../../topology/feeder-file.ts'
import { backEndOf, organisationsOf } from '../agent-settings.ts'
import { between, type Chance, createChance, pick } from '../runtime/chance.ts'
import { type Drawer, drawers, lies } from './draw-happening.ts'
import { endOf, type Happening, QUIET_SECONDS, type Story } from './happening.ts'

/** Agents have found each other, elected an aggregator and know all positions. */
export const SETTLED_SECONDS = 12
export const DEFAULT_SECONDS = 65
export const LEAST_SECONDS = SETTLED_SECONDS + QUIET_SECONDS + 5 // something must have room

/** What is drawn with: names to choose from, and the time in which things may happen. */
export interface Palette {
  readonly chance: Chance
  readonly feeder: FeederFile
  readonly agents: readonly string[]
  readonly fromSeconds: number
  readonly quietSeconds: number
}

/** What a happening keeps to itself while it lasts, so that no other one of the same kind and place overlaps it. */
export interface Drawn {
  readonly happening: Happening
  readonly keeps: readonly string[]
}

export function drawStory(feeder: FeederFile, seed: number, seconds: number = DEFAULT_SECONDS): Story {
  const chance = createChance(`fuzz/${feeder.name}/${seed}`)
  const agents = [...feeder.ieds.map(({ name }) => name), ...organisationsOf(feeder).map(backEndOf)]
  const quietSeconds = seconds - QUIET_SECONDS
  const palette: Palette = {
    chance: chance.of('happenings'),
    feeder,
    agents,
    fromSeconds: SETTLED_SECONDS,
    quietSeconds,
  }
  const taken: { readonly key: string; readonly from: number; readonly to: number }[] = []
  const happenings: Happening[] = []
  const count = between(palette.chance, 2, 14)
  const choices = drawers(feeder)
  const weight = choices.reduce((sum, each) => sum + each.weight, 0)

  function take({ happening, keeps }: Drawn): void {
    const from = Math.min(...happening.map(({ atSeconds }) => atSeconds))
    const to = Math.max(...happening.map(endOf))
    if (taken.some(each => keeps.includes(each.key) && each.from <= to && from <= each.to)) return
    for (const key of keeps) taken.push({ key, from, to })
    happenings.push(happening)
  }
  for (let tries = 0; happenings.length < count && tries < 10 * count; tries++) {
    take(weighted(choices, palette.chance() * weight)?.draw(palette) ?? { happening: [], keeps: [] })
  }
  // From a chance of their own: with lies or without, the rest of a seed's story is the same.
  for (const lie of lies({ ...palette, chance: chance.of('lies') })) take(lie)
  return { frame: frameOf(feeder, agents, seed, seconds, chance.of('conditions')), happenings }
}

function weighted(choices: readonly Drawer[], at: number): Drawer | undefined {
  let sum = 0
  return choices.find(({ weight }) => {
    sum += weight
    return at < sum
  })
}

function frameOf(
  feeder: FeederFile,
  agents: readonly string[],
  seed: number,
  seconds: number,
  chance: Chance,
): Story['frame'] {
  const clocks = agents
    .filter(() => chance() < 0.3)
    .map(agent => [agent, { driftPpm: between(chance, -100, 100), utcOffsetMs: between(chance, -2000, 2000) }] as const)
  return {
    feedermesh: 1,
    simulation: `fuzz ${feeder.name} seed ${seed}`,
    feeder: feeder.name,
    seed,
    forSeconds: seconds,
    settleSeconds: 0,
    startTimeOfDay: `${String(between(chance, 0, 23)).padStart(2, '0')}:00`,
    readingSeconds: 5,
    forwardingSeconds: 2,
    restoration: true,
    network: {
      latencyMinMs: 1,
      latencyMaxMs: pick(chance, [5, 10, 40, 150]),
      duplicateShare: pick(chance, [0, 0, 0.05]),
      // A mesh that loses all the time; most runs have loss for a while only.
      ...(chance() < 0.1 ? { lossShare: 0.03 } : {}),
    },
    clocks: Object.fromEntries(clocks),
  }
}

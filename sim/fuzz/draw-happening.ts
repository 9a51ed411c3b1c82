// What can happen in a fuzzed run, and how often: one drawer for each kind of thing.

import type { FeederFile, Phase } from '../../topology/feeder-file.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import { pick } from '../runtime/chance.ts'
import { LIES } from '../runtime/liar.ts'
import type { Drawn, Palette } from './draw-story.ts'
import type { Happening } from './happening.ts'

export interface Drawer {
  /** How often, compared with the others. */
  readonly weight: number
  draw(palette: Palette): Drawn
}

const FAULTS: Readonly<Record<number, readonly FaultKind[]>> = {
  1: ['line-ground'],
  2: ['line-ground', 'line-line', 'line-line-ground'],
  3: ['line-ground', 'line-ground', 'line-line', 'line-line-ground', 'three-phase'],
}
const OHMS = [0, 0, 0, 0.1, 1, 5, 20, 100]

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000

/** When something begins, within the busy time. */
const start = ({ chance, fromSeconds, quietSeconds }: Palette): number =>
  rounded(fromSeconds + chance() * (quietSeconds - fromSeconds - 1))

/** Short ones are more likely than long ones; all are over by the quiet end. */
const lasting = ({ chance, quietSeconds }: Palette, atSeconds: number, least: number, most: number): number =>
  rounded(Math.max(0.05, Math.min(quietSeconds - atSeconds, least * (most / least) ** chance())))

const single = (step: Happening[number], ...keeps: string[]): Drawn => ({ happening: [step], keeps })

function fault(palette: Palette): Drawn {
  const { chance, feeder } = palette
  const atSeconds = start(palette)
  const forSeconds = lasting(palette, atSeconds, 0.05, 25)
  const resistanceOhm = pick(chance, OHMS)
  const kindOf = (phases: readonly Phase[]): FaultKind => pick(chance, FAULTS[phases.length] ?? ['three-phase'])
  if (chance() < 0.3) {
    const { name, phases } = pick(chance, feeder.nodes)
    return single(
      { atSeconds, fault: { node: name, kind: kindOf(phases), resistanceOhm, forSeconds } },
      `place ${name}`,
    )
  }
  const { name, phases } = pick(chance, feeder.sections)
  const position = rounded(chance())
  const step = { atSeconds, fault: { section: name, position, kind: kindOf(phases), resistanceOhm, forSeconds } }
  return single(step, `place ${name}`)
}

/** It stays until its device has locked out, and restoration has had its time. */
function lastingFault(palette: Palette): Drawn {
  const { chance, feeder, quietSeconds } = palette
  const { name, phases } = pick(chance, feeder.sections)
  const atSeconds = rounded(palette.fromSeconds + chance() * (quietSeconds - palette.fromSeconds) * 0.4)
  const kind = pick<FaultKind>(chance, FAULTS[phases.length] ?? ['three-phase'])
  const position = rounded(chance())
  const step = { atSeconds, fault: { section: name, position, kind, forSeconds: rounded(quietSeconds - atSeconds) } }
  return single(step, `place ${name}`)
}

function disturb(palette: Palette): Drawn {
  const { chance, feeder } = palette
  const atSeconds = start(palette)
  const section = pick(chance, feeder.sections).name
  const residualPu = pick(chance, [0, 0.1, 0.3, 0.45, 0.5, 0.55, 0.7, 0.89])
  const step = { atSeconds, disturb: { section, residualPu, forSeconds: lasting(palette, atSeconds, 0.05, 20) } }
  return single(step, `place ${section}`)
}

function stuck(palette: Palette): Drawn {
  const device = pick(palette.chance, palette.feeder.devices).name
  const what = pick(palette.chance, ['contacts', 'relay'] as const)
  const atSeconds = start(palette)
  return single(
    { atSeconds, stuck: { device, what, forSeconds: lasting(palette, atSeconds, 1, 30) } },
    `stuck ${device}`,
  )
}

function silent(palette: Palette): Drawn {
  const ied = pick(palette.chance, palette.feeder.ieds).name
  const atSeconds = start(palette)
  return single({ atSeconds, silent: { ied, forSeconds: lasting(palette, atSeconds, 0.1, 20) } }, `silent ${ied}`)
}

function crash(palette: Palette): Drawn {
  const { chance, agents } = palette
  const agent = chance() < 0.3 ? 'aggregator' : pick(chance, agents)
  const what = pick(chance, ['process', 'machine'] as const)
  const atSeconds = start(palette)
  return single(
    { atSeconds, crash: { agent, what, forSeconds: lasting(palette, atSeconds, 0.2, 20) } },
    `agent ${agent}`,
  )
}

function cut(palette: Palette): Drawn {
  const one = pick(palette.chance, palette.agents)
  const other = pick(
    palette.chance,
    palette.agents.filter(agent => agent !== one),
  )
  const between: [string, string] = one < other ? [one, other] : [other, one]
  const atSeconds = start(palette)
  return single({ atSeconds, cut: { between, forSeconds: lasting(palette, atSeconds, 0.2, 25) } }, `cut ${between}`)
}

/** One agent alone, or the agents in two or three parts. */
function partition(palette: Palette): Drawn {
  const { chance, agents } = palette
  const atSeconds = start(palette)
  const parts = pick(chance, [1, 2, 2, 3])
  const drawn = agents.map(agent => ({ agent, part: Math.floor(chance() * parts) }))
  const groups = [...Array(parts).keys()]
    .map(part => drawn.filter(each => each.part === part).map(({ agent }) => agent))
    .filter(group => group.length > 0)
  const alone = [[pick(chance, agents)]]
  const forSeconds = lasting(palette, atSeconds, 0.5, 25)
  return single({ atSeconds, partition: { groups: parts === 1 ? alone : groups, forSeconds } }, 'partition')
}

function network(palette: Palette): Drawn {
  const { chance } = palette
  const atSeconds = start(palette)
  const settings = pick(chance, [
    { lossShare: 0.02 },
    { lossShare: 0.2 },
    { lossShare: 0.5 },
    { duplicateShare: 0.3 },
    { latencyMinMs: 20, latencyMaxMs: 400 },
    { lossShare: 0.1, duplicateShare: 0.1, latencyMinMs: 5, latencyMaxMs: 200 },
  ])
  return single({ atSeconds, network: { ...settings, forSeconds: lasting(palette, atSeconds, 0.5, 20) } }, 'network')
}

/** It jumps back before the quiet end. */
function clockJump(palette: Palette): Drawn {
  const { chance, agents } = palette
  const agent = pick(chance, agents)
  const bySeconds = pick(chance, [0.5, 7, 60, 3600]) * pick(chance, [-1, 1])
  const atSeconds = start(palette)
  const backAt = rounded(atSeconds + lasting(palette, atSeconds, 0.5, 20))
  return {
    happening: [
      { atSeconds, clockJump: { agent, bySeconds } },
      { atSeconds: backAt, clockJump: { agent, bySeconds: -bySeconds } },
    ],
    keeps: [`clock ${agent}`],
  }
}

function clockBad(palette: Palette): Drawn {
  const agent = pick(palette.chance, palette.agents)
  const atSeconds = start(palette)
  return single({ atSeconds, clockBad: { agent, forSeconds: lasting(palette, atSeconds, 0.5, 20) } }, `good ${agent}`)
}

/** What met the full disk takes nothing more until it is started again; nothing starts on a full disk. */
function diskFull(palette: Palette): Drawn {
  const agent = pick(palette.chance, palette.agents)
  const atSeconds = start(palette)
  const forSeconds = lasting(palette, atSeconds, 0.5, 15)
  const restartAt = rounded(atSeconds + forSeconds + 0.1)
  return {
    happening: [
      { atSeconds, diskFull: { agent, forSeconds } },
      { atSeconds: restartAt, crash: { agent, what: 'process', forSeconds: 0.5 } },
    ],
    keeps: [`agent ${agent}`, 'agent aggregator'],
  }
}

function tamper(palette: Palette): Drawn {
  const { chance, feeder } = palette
  const meter = pick(
    chance,
    feeder.ieds.filter(({ meters }) => meters.length > 0),
  ).name
  const atSeconds = start(palette)
  const registersShare = pick(chance, [0, 0.5])
  const step = { atSeconds, tamper: { meter, registersShare, forSeconds: lasting(palette, atSeconds, 1, 20) } }
  return single(step, `tamper ${meter}`)
}

function load(palette: Palette): Drawn {
  const { chance, feeder } = palette
  const atSeconds = start(palette)
  const loads = chance() < 0.3 ? ('all' as const) : [pick(chance, feeder.loads).name]
  const share = pick(chance, [0, 0.3, 0.7, 1.2, 1.5])
  return single({ atSeconds, load: { loads, share, forSeconds: lasting(palette, atSeconds, 0.5, 25) } })
}

/** Mostly somebody puts it back. */
function operate(palette: Palette): Drawn {
  const { chance, feeder } = palette
  const { name, normal } = pick(chance, feeder.devices)
  const atSeconds = start(palette)
  const [to, back] = normal === 'closed' ? (['open', 'closed'] as const) : (['closed', 'open'] as const)
  const first = { atSeconds, operate: { device: name, to } }
  if (chance() < 0.2) return single(first, `operate ${name}`)
  const backAt = rounded(atSeconds + lasting(palette, atSeconds, 0.2, 20))
  return { happening: [first, { atSeconds: backAt, operate: { device: name, to: back } }], keeps: [`operate ${name}`] }
}

function generator(palette: Palette): Drawn {
  const { chance, feeder } = palette
  const { name } = pick(chance, feeder.generators)
  const atSeconds = start(palette)
  const backAt = rounded(atSeconds + lasting(palette, atSeconds, 0.5, 20))
  return {
    happening: [
      { atSeconds, generator: { generator: name, connected: false } },
      { atSeconds: backAt, generator: { generator: name, connected: true } },
    ],
    keeps: [`generator ${name}`],
  }
}

/** One IED at the most lies in a run: against two that agree, what holds of one does not hold. */
export function lies(palette: Palette): readonly Drawn[] {
  const { chance, feeder } = palette
  if (chance() >= LYING_SHARE) return []
  const agent = pick(
    chance,
    feeder.ieds.some(hasDevice) && chance() < 0.8 ? feeder.ieds.filter(hasDevice) : feeder.ieds,
  ).name
  return Array.from({ length: pick(chance, [1, 1, 2, 3]) }, () => {
    const about = LIES.filter(() => chance() < 0.3)
    const atSeconds = start(palette)
    const step = { atSeconds, lie: { agent, about: about.length === 0 ? [pick(chance, LIES)] : about } }
    const forSeconds = lasting(palette, atSeconds, 0.5, 25)
    return single({ ...step, lie: { ...step.lie, forSeconds } }, `lie ${agent}`)
  })
}

/** Of the runs, those in which somebody lies. */
const LYING_SHARE = 0.4
const hasDevice = ({ operates }: FeederFile['ieds'][number]): boolean => operates !== undefined

/** Those for which the feeder has something to choose from. */
export function drawers({ devices, ieds, loads, generators }: FeederFile): Drawer[] {
  const operated = new Set(ieds.map(({ operates }) => operates))
  const hasTie = devices.some(({ name, normal }) => normal === 'open' && operated.has(name))
  const isMetered = ieds.some(({ meters }) => meters.length > 0)
  return [
    { weight: 4, draw: fault },
    { weight: hasTie ? 1.5 : 4, draw: disturb },
    ...(hasTie ? [{ weight: 5, draw: lastingFault }] : []),
    ...(devices.length > 0 ? [{ weight: 1.5, draw: stuck }] : []),
    { weight: 1.5, draw: silent },
    { weight: 3, draw: crash },
    { weight: 1.5, draw: cut },
    { weight: 1.2, draw: partition },
    { weight: 1, draw: network },
    { weight: 0.8, draw: clockJump },
    { weight: 0.5, draw: clockBad },
    { weight: 0.7, draw: diskFull },
    ...(isMetered ? [{ weight: 0.4, draw: tamper }] : []),
    ...(loads.length > 0 ? [{ weight: 0.8, draw: load }] : []),
    ...(devices.length > 0 ? [{ weight: 1.2, draw: operate }] : []),
    ...(generators.length > 0 ? [{ weight: 0.4, draw: generator }] : []),
  ]
}

// A generated network for restoration: substations with radial feeders, a switch at the head of each zone, ties between
// feeders, conductors that carry their own load easily and not always a neighbour's as well.

import { type FeederFile, feederFileSchema } from '../topology/feeder-file.ts'

const PHASES = ['a', 'b', 'c'] as const
const SWITCHES_A_FEEDER = 12

export interface RestorationFeeder {
  readonly file: FeederFile
  /** A zone behind the breaker of some feeder, with zones below it. */
  readonly faulted: string
  readonly breaker: string
}

export interface RestorationFeederOptions {
  /** How many there are: 1 gives all loads the same. */
  readonly priorities?: number
  /** 1 leaves most feeders room for a neighbour's load, 2 none. */
  readonly heaviness?: number
}

/** @param switches switching devices, ties included */
export function restorationFeeder(
  switches: number,
  chance: () => number,
  { priorities = 9, heaviness = 1 }: RestorationFeederOptions = {},
): RestorationFeeder {
  const below = (limit: number): number => Math.floor(chance() * limit)
  const tieCount = Math.max(1, Math.round(switches * 0.2))
  const inFeeders = switches - tieCount
  const feeders = Math.max(2, Math.round(inFeeders / SWITCHES_A_FEEDER))
  const nodes: unknown[] = []
  const sections: unknown[] = []
  const devices: unknown[] = []
  const loads: unknown[] = []
  const ieds: unknown[] = []
  const sources: unknown[] = []
  const zonesOf: string[][] = Array.from({ length: feeders }, () => [])
  const node = (name: string): string => {
    nodes.push({ name, phases: PHASES })
    return name
  }
  const line = (name: string, from: string, to: string, lengthM: number, lineCode: string): void => {
    sections.push({ name, from, to, phases: PHASES, lengthM, lineCode })
  }
  const device = (name: string, kind: string, section: string, at: string, normal = 'closed'): void => {
    devices.push({ name, kind, section, normal, at: 'from' })
    ieds.push({ name: `ied-${name}`, kind: 'switch', node: at, organisation: 'utility', operates: name })
  }
  const load = (at: string): void => {
    const kw = heaviness * (40 + below(220))
    const each = { a: kw * (0.8 + chance() * 0.4), b: kw, c: kw * (0.8 + chance() * 0.4) }
    const kvar = { a: each.a * 0.3, b: each.b * 0.3, c: each.c * 0.3 }
    loads.push({
      name: `load-${at}`,
      node: at,
      kw: each,
      kvar,
      customers: 1 + below(90),
      priority: 1 + below(priorities),
    })
  }

  for (let feeder = 0; feeder < feeders; feeder++) {
    const own = zonesOf[feeder] as string[]
    const source = node(`f${feeder}`)
    sources.push({ name: `sub${feeder}`, node: source, voltagePu: 1.02 })
    const count = Math.floor(inFeeders / feeders) + (feeder < inFeeders % feeders ? 1 : 0)
    for (let zone = 0; zone < count; zone++) {
      const from = zone === 0 ? source : (own[chance() < 0.6 ? zone - 1 : below(zone)] as string)
      const head = node(`f${feeder}z${zone}`)
      const code = zone < count / 2 ? 'main' : 'lateral'
      line(`to-${head}`, from, head, 300 + below(900), code)
      device(`d-${head}`, zone === 0 ? 'breaker' : 'switch', `to-${head}`, from)
      load(head)
      if (chance() < 0.5) {
        const tail = node(`${head}x`)
        line(`in-${head}`, head, tail, 100 + below(400), code)
        load(tail)
      }
      own.push(head)
    }
  }
  for (let tie = 0; tie < tieCount; tie++) {
    const one = tie === 0 ? 0 : below(feeders)
    // Mostly to the feeder beside it.
    const other = chance() < 0.8 ? (one + 1) % feeders : below(feeders)
    const ends = [one, other].map(feeder => {
      const zones = zonesOf[feeder] as string[]
      return zones[below(zones.length)] as string
    }) as [string, string]
    if (ends[0] === ends[1]) continue
    line(`tie${tie}`, ends[0], ends[1], 100 + below(300), 'main')
    device(`t${tie}`, 'tie', `tie${tie}`, ends[0], 'open')
  }
  const code = (name: string, r: number, ampacityAmps: number) => ({
    name,
    phases: PHASES,
    rOhmPerKm: [0, 1, 2].map(row => [0, 1, 2].map(column => (row === column ? r : 0.09))),
    xOhmPerKm: [0, 1, 2].map(row => [0, 1, 2].map(column => (row === column ? 0.64 : 0.26))),
    ampacityAmps,
  })
  const file = feederFileSchema.parse({
    feedermesh: 1,
    name: `restoration-${switches}`,
    nominalKv: 12.47,
    frequencyHz: 60,
    sources,
    nodes,
    lineCodes: [code('main', 0.21, 380), code('lateral', 0.46, 240)],
    sections,
    devices,
    loads,
    ieds,
  })
  return { file, faulted: 'f0z0', breaker: 'd-f0z0' }
}

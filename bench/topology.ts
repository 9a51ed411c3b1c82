// The feeder model on a generated feeder of 10,000 nodes: loading it, asking what is downstream, following a device.
// Each figure stands beside a plain thing done in the same run: JSON.parse of the same data, a breadth-first search over
// the same graph, and a question with a small answer beside one with a large answer, each per 1000 IEDs answered.

import { createFeeder, type Feeder } from '../topology/feeder.ts'
import { parseFeeder } from '../topology/load-feeder.ts'
import { type GeneratedFeeder, generateFeeder } from './generated-feeder.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { type Row, row } from './table.ts'

const NODES = 10_000
/** A small answer is this small, a large one at least this large, in IEDs. */
const SMALL = 20
const LARGE = 400

export const topology: Section = { title: `Feeder model, ${NODES} nodes`, measure }

async function measure({ quick, chance }: SectionOptions): Promise<SectionResult> {
  const generated = generateFeeder(NODES, chance)
  const feeder = createFeeder(parseFeeder(generated.yaml, 'generated.yaml'))
  const sizes = `${Math.round(generated.yaml.length / 1e5) / 10} MB of YAML`
  const counts = (['sections', 'devices', 'loads', 'ieds'] as const).map(list => `${feeder.file[list].length} ${list}`)
  const rows = [
    ...loading(generated, quick ? 3 : 12),
    ...downstream(feeder, quick ? 50 : 500),
    ...switching(feeder, quick ? 50 : 500, chance),
  ]
  return { rows, notes: [`${sizes}, ${counts.join(', ')}`] }
}

function timed(times: number, run: (turn: number) => void): number[] {
  return Array.from({ length: times }, (_, turn) => {
    const began = performance.now()
    run(turn)
    return performance.now() - began
  })
}

function loading({ yaml, json }: GeneratedFeeder, times: number): Row[] {
  const base = row(
    'load: JSON.parse of the same data',
    'ms',
    timed(times, () => void JSON.parse(json)),
  )
  const load = timed(times, () => void createFeeder(parseFeeder(yaml, 'generated.yaml')))
  return [base, row('load: YAML to a feeder', 'ms', load, base)]
}

/** Sections by the number of IEDs that they feed: the time per IED is to be the same for few and for many. */
function downstream(feeder: Feeder, times: number): Row[] {
  const answers = feeder.file.sections.map(({ name }) => ({ name, size: feeder.downstreamIeds(name).certain.size }))
  const small = answers.filter(({ size }) => size > 0 && size <= SMALL)
  const large = answers.filter(({ size }) => size >= LARGE)
  const perThousand = (chosen: typeof answers): number[] =>
    Array.from({ length: times }, (_, turn) => {
      // Several at once: the clock is too coarse for one small answer.
      const asked = Array.from({ length: 50 }, (_, n) => chosen[(turn * 50 + n) % chosen.length] as (typeof answers)[0])
      const began = performance.now()
      for (const { name } of asked) feeder.downstreamIeds(name)
      return ((performance.now() - began) / asked.reduce((sum, { size }) => sum + size, 0)) * 1000
    })
  const few = perThousand(small)
  const base = row(`downstream: per 1000 IEDs, ${SMALL} or fewer a question`, 'ms', few)
  return [base, row(`downstream: per 1000 IEDs, ${LARGE} or more a question`, 'ms', perThousand(large), base)]
}

/** A device operates, and the next question is asked, what is prepared for it included. */
function switching(feeder: Feeder, times: number, chance: () => number): Row[] {
  const { devices, sections } = feeder.file
  const draw = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T
  const operate = (to: 'open' | 'unknown'): number[] =>
    timed(times, () => {
      const { name, normal } = draw(devices)
      feeder.setPosition(name, feeder.position(name) === normal ? to : normal)
      feeder.downstreamIeds(draw(sections).name)
    })
  const search = plainSearch(feeder)
  const base = row('switching: plain search from the source', 'ms', timed(times, search))
  const open = row('switching: position, then downstream', 'ms', operate('open'), base)
  for (const { name, normal } of devices) feeder.setPosition(name, normal)
  return [base, open, row('switching: the same, unknown positions', 'ms', operate('unknown'), base)]
}

/** A breadth-first search over nodes in lists, prepared once: the least that any answer from scratch costs. */
function plainSearch({ file }: Feeder): () => void {
  const numbers = new Map(file.nodes.map(({ name }, n) => [name, n]))
  const neighbours: number[][] = file.nodes.map(() => [])
  const open = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ section }) => section))
  for (const { name, from, to } of file.sections) {
    const [one, other] = [numbers.get(from) as number, numbers.get(to) as number]
    if (open.has(name)) continue
    neighbours[one]?.push(other)
    neighbours[other]?.push(one)
  }
  return () => {
    const seen = new Set([0])
    for (const node of seen) for (const next of neighbours[node] ?? []) seen.add(next)
  }
}

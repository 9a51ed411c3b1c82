// Voltages at each IED, phase by phase, through a run: a sample whenever something changed.

import type { Phase } from '../../topology/feeder-file.ts'
import { nominalVolts } from '../../topology/nominal-volts.ts'
import type { World } from '../runtime/world.ts'

/** From that moment on, per unit of the node's nominal voltage. */
export interface PhaseSample {
  readonly atMs: number
  readonly pu: number
}

export interface VoltageCourse {
  readonly ied: string
  readonly node: string
  readonly phases: ReadonlyMap<Phase, readonly PhaseSample[]>
}

/** Samples of all IEDs together; after that the record ends, and says when. */
const MOST_SAMPLES = 300_000
/** Smaller changes are not seen on any chart. */
const SEEN_PU = 0.0005

export interface VoltageRecord {
  courses(): readonly VoltageCourse[]
  /** When the record was full, if it was. */
  readonly fullAtMs: number | undefined
}

export function recordVoltages({ file, site, scheduler }: World): VoltageRecord {
  const nominal = nominalVolts(file)
  const courses = file.ieds.map(ied => ({
    ied: ied.name,
    node: ied.node,
    volts: nominal.get(ied.node) ?? Number.NaN,
    phases: new Map<Phase, PhaseSample[]>(),
  }))
  let revision = -1
  let count = 0
  let fullAtMs: number | undefined

  function look(): void {
    if (site.plant.revision === revision || fullAtMs !== undefined) return
    revision = site.plant.revision
    const atMs = Math.round(scheduler.now() * 1000) / 1000
    if (count > MOST_SAMPLES) {
      fullAtMs = atMs
      return
    }
    for (const { ied, volts, phases } of courses) {
      for (const [phase, value] of Object.entries(site.plant.shows(ied).volts) as [Phase, number][]) {
        count += put(phases, phase, atMs, value / volts)
      }
    }
  }

  site.onSettled(look)
  look()
  return {
    courses: () => courses,
    get fullAtMs() {
      return fullAtMs
    },
  }
}

/** Of several at one time the last one holds. @returns how many samples there are more */
function put(phases: Map<Phase, PhaseSample[]>, phase: Phase, atMs: number, pu: number): number {
  const samples = phases.get(phase) ?? []
  phases.set(phase, samples)
  const before = samples.length
  if (samples.at(-1)?.atMs === atMs) samples.pop()
  const last = samples.at(-1)
  if (last === undefined || Math.abs(last.pu - pu) >= SEEN_PU) samples.push({ atMs, pu })
  return samples.length - before
}

export interface Worst {
  readonly course: VoltageCourse
  readonly lowestPu: number
  readonly phase: Phase
  readonly atMs: number
  /** IEEE 1159: below 0.9 pu in at least one phase, an interruption included. */
  readonly sagMs: number
  /** Below 0.1 pu in all phases. */
  readonly deadMs: number
}

/** Those that went lowest first, then those that were low for longest, then by name. IEDs without voltage are left out. */
export function worstFirst(courses: readonly VoltageCourse[], endMs: number): Worst[] {
  return courses
    .flatMap(course => worstOf(course, endMs) ?? [])
    .sort(
      (one, other) =>
        Math.round(1000 * (one.lowestPu - other.lowestPu)) ||
        other.sagMs - one.sagMs ||
        (one.course.ied < other.course.ied ? -1 : 1),
    )
}

function worstOf(course: VoltageCourse, endMs: number): Worst | undefined {
  let lowest: (PhaseSample & { readonly phase: Phase }) | undefined
  for (const [phase, samples] of course.phases) {
    for (const sample of samples) if (lowest === undefined || sample.pu < lowest.pu) lowest = { ...sample, phase }
  }
  if (lowest === undefined) return undefined
  const times = [...new Set([...course.phases.values()].flat().map(({ atMs }) => atMs))].sort((a, b) => a - b)
  const cursors = [...course.phases.values()].map(samples => ({ samples, next: 0, pu: Number.NaN }))
  let sagMs = 0
  let deadMs = 0
  times.forEach((atMs, index) => {
    for (const cursor of cursors) {
      for (; (cursor.samples[cursor.next]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs; cursor.next++) {
        cursor.pu = cursor.samples[cursor.next]?.pu ?? cursor.pu
      }
    }
    const lasts = Math.max(0, (times[index + 1] ?? endMs) - atMs)
    if (cursors.some(({ pu }) => pu < 0.9)) sagMs += lasts
    if (cursors.every(({ pu }) => pu < 0.1)) deadMs += lasts
  })
  return { course, lowestPu: lowest.pu, phase: lowest.phase, atMs: lowest.atMs, sagMs, deadMs }
}

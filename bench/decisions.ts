// How many decisions of protection one core makes in a second: whole courses through the pure cores, each a fault from its
// pickup to its end, with the answers and announcements that belong to it. A decision is one step: an event taken, what to do
// returned. By processor time, so that other work on the machine does not count.

import { calm, type EarlyWarningEvent, earlyWarning } from '../src/protection/early-warning.ts'
import { type InterlockEvent, interlock, interlockAtRest } from '../src/protection/interlock.ts'
import { type TripEvent, tripCoordination, untripped } from '../src/protection/trip-coordination.ts'
import { duration, type Instant, instant } from '../topology/units.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row } from './table.ts'

/** Of one measurement, so that it is far above what the clock of processor time resolves. */
const COURSES = 20_000

export const decisions: Section = { title: 'Decisions a second on one core', measure }

/** What one fault brings, at ms from its beginning; `n` names it. */
type Course<E> = (n: number) => readonly (readonly [number, E])[]

async function measure({ quick }: SectionOptions): Promise<SectionResult> {
  const rows = []
  const notes: string[] = []
  for (const [what, play, wanted] of [
    ['interlock: question, two answers, trip', courseOf(interlockStep, interlockAtRest, interlockCourse), 'trip'],
    ['trip coordination: announced, held, backed up', courseOf(tripStep, untripped, tripCourse), 'open'],
    ['early warning: warned, shed, confirmed, all-clear', courseOf(warningStep, calm, warningCourse), 'operate'],
  ] as const) {
    const figures: number[] = []
    let done = 0
    play(COURSES / 10, wanted) // compiled by then
    for (let turn = 0; turn < (quick ? 5 : 25); turn++) {
      const before = process.cpuUsage()
      const { steps, acted } = play(COURSES, wanted)
      const { user, system } = process.cpuUsage(before)
      figures.push((steps * 1e6) / (user + system))
      done += acted
    }
    if (done < figures.length * COURSES) throw new Error(`${what}: decided only ${done} times`)
    rows.push(row(what, '/s', figures))
    notes.push(`${what}: ${(1e6 / (rows.at(-1)?.figure.p50 ?? 1)).toFixed(2)} µs of processor time each`)
  }
  return { rows, notes: [...notes, 'p50 and so on are of rates: the slow ones are the small ones'] }
}

type Decide<S, E> = (
  state: S,
  event: E,
  now: Instant,
) => { readonly state: S; readonly actions: readonly { readonly kind: string }[] }

/** @returns plays so many courses, one after the other; `acted` counts what was to come of each */
function courseOf<S, E>(decide: Decide<S, E>, start: S, course: Course<E>) {
  return (courses: number, wanted: string): { readonly steps: number; readonly acted: number } => {
    let state = start
    let [steps, acted] = [0, 0]
    for (let n = 0; n < courses; n++) {
      for (const [atMs, event] of course(n)) {
        const next = decide(state, event, instant(n * 60_000 + atMs))
        state = next.state
        steps++
        for (const { kind } of next.actions) if (kind === wanted) acted++
      }
    }
    return { steps, acted }
  }
}

const interlockStep = interlock({ window: duration(30), answerWait: duration(200), fuseMargin: duration(100) })
const interlockCourse: Course<InterlockEvent> = n => {
  const event = `R0/1/r${n}`
  const begin = n * 60_000
  const sees = (at: number): readonly [number, InterlockEvent] => [
    at,
    { kind: 'status', at: instant(begin + at), highSet: true, event, around: { ask: ['R1', 'R2'], waits: false } },
  ]
  const answers = (at: number, device: string): readonly [number, InterlockEvent] => [
    at,
    { kind: 'answer', event, number: n + 1, device, sees: 'no' },
  ]
  return [
    sees(0),
    sees(20),
    answers(33, 'R1'),
    answers(35, 'R2'),
    sees(40),
    sees(60),
    [80, { kind: 'status', at: instant(begin + 80), highSet: false }],
  ]
}

const tripStep = tripCoordination({
  device: 'R0',
  breakerFailureMs: 200,
  window: duration(30),
  eventPrefix: 'relay/1',
})
const tripCourse: Course<TripEvent> = n => {
  const begin = n * 60_000
  const status = (at: number, pickup: boolean): readonly [number, TripEvent] => [
    at,
    { kind: 'status', at: instant(begin + at), pickup, tripped: false },
  ]
  const message = { event: `below/1/r${n}`, device: 'R1', breakerFailureMs: 200 }
  const announced: TripEvent = { kind: 'announced', message, origin: 'below', device: 'below', mayAct: true }
  return [
    status(0, true),
    status(20, true),
    [30, announced],
    [40, announced], // the repeat
    status(60, true),
    status(140, true),
    status(260, true),
    status(300, false),
  ]
}

const warningStep = earlyWarning({
  reactions: { severe: 'none', catastrophic: 'shed' },
  hold: duration(5000),
  minOff: duration(0),
  stagger: duration(0),
})
const warningCourse: Course<EarlyWarningEvent> = n => {
  const [event, origin, section] = [`above/1/${n}`, 'above', 's1']
  const heard: EarlyWarningEvent = {
    kind: 'warning',
    event,
    origin,
    section,
    severity: 'catastrophic',
    downstream: 'yes',
  }
  return [
    [0, heard],
    [10, heard],
    [30, heard],
    [50, { kind: 'own-sag', present: true }],
    [70, heard],
    [400, { kind: 'all-clear', event, origin }],
    [420, { kind: 'own-sag', present: false }],
    [500, { kind: 'tick' }],
  ]
}

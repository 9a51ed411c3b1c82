// What a scenario's steps must have led to, checked against the story. Each check gives one line with its measured
// figure; a check that fails says what was missing.

import type { Feeder } from '../../topology/feeder.ts'
import type { CutStep, DisturbStep, FaultStep, KillStep } from './scenario.ts'
import type { Story, WarningSeen } from './story.ts'

export interface Expectation {
  readonly name: string
  readonly ok: boolean
  /** In words, with units. */
  readonly measured: string
  readonly detail?: readonly string[]
}

const ms = (value: number): string => `${value.toFixed(1)} ms`

/** Exactly the IEDs fed through the section were warned, soon enough; what they shed came back. */
export function checkDisturbance(
  story: Story,
  step: DisturbStep,
  applied: { atMs: number; clearedAtMs: number },
  fed: ReadonlySet<string>,
  shedding: ReadonlySet<string>,
): Expectation[] {
  const { section } = step.disturb
  const warnings = story.warnings.filter(
    warning =>
      warning.section === section &&
      warning.detectedAtMs >= applied.atMs &&
      warning.detectedAtMs <= applied.clearedAtMs,
  )
  const others = story.warnings.filter(
    warning =>
      warning.section !== section &&
      warning.detectedAtMs >= applied.atMs &&
      warning.detectedAtMs <= applied.clearedAtMs,
  )
  const warning = warnings[0]
  const name = `sag on ${section}`
  if (warning === undefined) return [{ name: `${name}: warned`, ok: false, measured: 'nobody warned' }]
  const receivers = new Map(warnings.flatMap(each => [...each.receivers]))
  const want = [...fed].filter(ied => ied !== warning.origin)
  const missing = want.filter(ied => !receivers.has(ied))
  const extra = [...receivers.keys(), ...others.flatMap(each => [...each.receivers.keys()])].filter(
    ied => !want.includes(ied),
  )
  const latencies = [...receivers.values()].map(({ warnedAtMs }) => warnedAtMs - warning.detectedAtMs)
  const slowest = Math.max(0, ...latencies)
  const ahead = [...receivers.values()].filter(
    ({ warnedAtMs, ownAtMs }) => ownAtMs === undefined || warnedAtMs < ownAtMs,
  )
  const shed = [...shedding].filter(ied => receivers.get(ied)?.shedAtMs !== undefined)
  const restored = [...shedding].filter(ied => receivers.get(ied)?.restoredAtMs !== undefined)
  return [
    {
      name: `${name}: exactly the ${want.length} IEDs downstream are warned`,
      ok: missing.length === 0 && extra.length === 0,
      measured:
        missing.length + extra.length === 0
          ? `${receivers.size} of ${want.length}, nobody else`
          : `missing ${missing.join(', ') || 'none'}; not downstream ${extra.join(', ') || 'none'}`,
      detail: table(warning, applied.atMs, receivers),
    },
    {
      name: `${name}: all warned within ${step.warnedWithinMs} ms of the origin's detection`,
      ok: receivers.size > 0 && slowest <= step.warnedWithinMs,
      measured: `last after ${ms(slowest)}; ${ahead.length} of ${receivers.size} before their own measurement`,
    },
    {
      name: `${name}: sheddable loads dropped and came back`,
      ok: shed.length === shedding.size && restored.length === shedding.size,
      measured: `${shed.length} of ${shedding.size} shed, ${restored.length} restored${restoredAfter(receivers, applied.clearedAtMs)}`,
    },
  ]
}

function restoredAfter(receivers: WarningSeen['receivers'], clearedAtMs: number): string {
  const times = [...receivers.values()].flatMap(({ restoredAtMs }) =>
    restoredAtMs === undefined ? [] : [restoredAtMs],
  )
  return times.length === 0 ? '' : `, last ${ms(Math.max(...times) - clearedAtMs)} after the sag ended`
}

/** For each receiver, both times from the moment of the disturbance, side by side. */
export function table(warning: WarningSeen, appliedAtMs: number, receivers = warning.receivers): string[] {
  const rows = [...receivers].sort(([, a], [, b]) => a.warnedAtMs - b.warnedAtMs)
  const from = (at: number | undefined): string => (at === undefined ? '—' : ms(at - appliedAtMs)).padStart(10)
  return [
    `${'from the onset'.padEnd(16)}${'warned'.padStart(10)}${'own poll'.padStart(10)}${'ahead by'.padStart(10)}${'shed'.padStart(10)}  way`,
    `${`${warning.origin} *`.padEnd(16)}${from(warning.detectedAtMs)}${' '.repeat(30)}  * origin: detected it`,
    ...rows.map(([ied, seen]) => {
      const ahead = seen.ownAtMs === undefined ? '—' : ms(seen.ownAtMs - seen.warnedAtMs)
      return `${ied.padEnd(16)}${from(seen.warnedAtMs)}${from(seen.ownAtMs)}${ahead.padStart(10)}${from(seen.shedAtMs)}  ${seen.via}`
    }),
  ]
}

/** The named device trips and no other; upstream operators are told and hold; generators below leave. */
export function checkFault(story: Story, step: FaultStep, appliedAtMs: number, feeder: Feeder): Expectation[] {
  const { section } = step.fault
  const trips = story.trips.filter(trip => trip.atMs >= appliedAtMs && trip.atMs <= appliedAtMs + step.withinMs + 1000)
  const trip = trips.find(each => each.device === step.trips)
  const name = `fault on ${section}`
  if (trip === undefined) return [{ name: `${name}: ${step.trips} trips`, ok: false, measured: 'it did not trip' }]
  const upstream = step.told
  const others = [...trip.told.keys()].filter(ied => !upstream.includes(ied))
  const untold = upstream.filter(ied => !trip.told.has(ied))
  const toldAfter = Math.max(0, ...[...trip.told.values()].map(({ atMs }) => atMs - trip.atMs))
  const opened = story.positions.filter(
    ({ device, position, atMs }) =>
      position === 'open' &&
      device !== step.trips &&
      atMs >= appliedAtMs &&
      atMs <= appliedAtMs + 4000 &&
      feeder.file.devices.some(each => each.name === device),
  )
  const left = step.leaves.filter(ied => trip.left.has(ied))
  const leftAfter = Math.max(0, ...[...trip.left.values()].map(at => at - trip.atMs))
  return [
    {
      name: `${name}: ${step.trips} trips, and no other device`,
      ok: trips.length === 1 && opened.length === 0 && trip.atMs - appliedAtMs <= step.withinMs,
      measured:
        `known ${ms(trip.atMs - appliedAtMs)} after the fault began` +
        (opened.length === 0 ? '' : `; also opened: ${opened.map(({ device }) => device).join(', ')}`),
    },
    {
      name: `${name}: ${upstream.length} upstream operators are told, and hold`,
      ok: untold.length + others.length === 0 && toldAfter <= step.toldWithinMs && opened.length === 0,
      measured:
        untold.length + others.length === 0
          ? `${upstream.join(', ')}; last after ${ms(toldAfter)}`
          : `not told: ${untold.join(', ') || 'none'}; told as well: ${others.join(', ') || 'none'}`,
    },
    ...(step.leaves.length === 0
      ? []
      : [
          {
            name: `${name}: ${step.leaves.join(', ')} below leaves`,
            ok: left.length === step.leaves.length && leftAfter <= step.leavesWithinMs,
            measured:
              left.length === step.leaves.length ? `open and read back after ${ms(leftAfter)}` : 'it did not leave',
          },
        ]),
  ]
}

export function checkReplaced(
  story: Story,
  step: KillStep,
  killed: { ied: string; atMs: number; term: number; wasAggregator: boolean },
): Expectation[] {
  if (!killed.wasAggregator) return []
  const next = story.aggregators.find(
    ({ name, atMs, term }) => name !== killed.ied && atMs > killed.atMs && term > killed.term,
  )
  const after = (next?.atMs ?? Number.POSITIVE_INFINITY) - killed.atMs
  return [
    {
      name: `aggregator ${killed.ied} killed: replaced within ${step.replacedWithinMs} ms`,
      ok: after <= step.replacedWithinMs,
      measured: next === undefined ? 'no new aggregator' : `${next.name}, term ${next.term}, after ${ms(after)}`,
    },
  ]
}

export function checkCut(
  story: Story,
  step: CutStep,
  cut: {
    duringCut: number
    wantUpTo: ReadonlyMap<string, number>
    restoredAtMs: number
    caughtUpAtMs: number | undefined
  },
): Expectation[] {
  const behind = [...cut.wantUpTo].filter(
    ([ied, number]) => Math.max(0, ...(story.collected.get(step.cut)?.get(ied)?.readings.keys() ?? [])) < number,
  )
  const after = cut.caughtUpAtMs === undefined ? undefined : (cut.caughtUpAtMs - cut.restoredAtMs) / 1000
  return [
    {
      name: `${step.cut} cut off for ${step.forSeconds} s: catches up within ${step.caughtUpWithinSeconds} s`,
      ok: cut.duringCut === 0 && behind.length === 0 && after !== undefined && after <= step.caughtUpWithinSeconds,
      measured:
        after === undefined
          ? `still behind: ${behind.map(([ied]) => ied).join(', ') || 'unknown'}`
          : `${cut.duringCut} readings came during the cut; level again after ${after.toFixed(1)} s`,
    },
  ]
}

/** Each meter's readings at each back end follow each other without gap or overlap, and none came twice. */
export function checkNothingLost(story: Story, recipients: ReadonlyMap<string, readonly string[]>): Expectation[] {
  const backEnds = [...new Set([...recipients.values()].flat())].sort()
  return backEnds.map(backEnd => {
    const byIed = story.collected.get(backEnd) ?? new Map()
    const entitled = [...recipients].filter(([, to]) => to.includes(backEnd)).map(([ied]) => ied)
    const strangers = [...byIed.keys()].filter(ied => !entitled.includes(ied))
    const broken: string[] = []
    let count = 0
    for (const ied of entitled) {
      const seen = byIed.get(ied)
      const readings = [...(seen?.readings ?? [])].sort(([a], [b]) => a - b).map(([, reading]) => reading)
      count += readings.length
      if (readings.length === 0) broken.push(`${ied} has none`)
      if ((seen?.doubled ?? 0) > 0) broken.push(`${ied} came twice`)
      readings.slice(1).forEach((reading, index) => {
        if (reading.start !== readings[index]?.end) broken.push(`${ied} has a gap`)
      })
    }
    return {
      name: `${backEnd}: readings of its ${entitled.length} IEDs, none lost, none twice, nobody else's`,
      ok: broken.length === 0 && strangers.length === 0,
      measured: broken.length + strangers.length === 0 ? `${count} readings` : [...broken, ...strangers].join(', '),
    }
  })
}

// What hinders agents from hearing of each other, and when: read from the scenario alone, except that agents that do not
// run are seen in the trace, as a step may crash whoever aggregates then.
//
// Invariants that promise something ask here whether a promise holds. So "reachable" is defined by what the scenario does
// to the world, not by what the agents make of it.

import type { SimScenario } from '../run/index.ts'
import type { ActionName, Step, StepOf } from '../run/step-schema.ts'
import type { TraceEvent } from '../runtime/trace.ts'
import { networkDefaults } from '../runtime/virtual-network.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export interface Conditions {
  /** Hears of agents that start and end. */
  event(event: TraceEvent): void
  /** The agent runs all that time. */
  runs(agent: string, span: Span): boolean
  /** No cut, partition or loss stands between the two for all of that time, and their clocks agree. */
  linked(one: string, other: string, span: Span): boolean
  /** What a message takes at the most at some time of this, ms. */
  latencyMs(span: Span): number
  /** A partition keeps it from everybody for all of that time. */
  cutOff(agent: string, span: Span): boolean
  /** The IED's field device answers it all that time. */
  deviceAnswers(ied: string, span: Span): boolean
  /** Something injected into the device keeps it from working at some time of this. */
  deviceFailed(device: string, span: Span): boolean
  /** Faults and disturbances, by section or node. */
  disturbed(place: string, span: Span): boolean
  /** The IED's agent lies at some time of this. */
  lies(ied: string, span: Span): boolean
  /** Those that lie at some time of this. */
  liars(span: Span): ReadonlySet<string>
  /** A person operates it then. */
  operatedByHand(device: string, atMs: number): boolean
}

/** Messages are refused when clocks differ by two minutes. */
const CLOCKS_AGREE_WITHIN_MS = 100_000

export function conditionsOf(scenario: SimScenario, agents: readonly string[]): Conditions {
  const { steps } = scenario
  const ended = new Map<string, number>()
  const lives = new Map<string, { fromMs: number; toMs: number }[]>()

  const all = <K extends ActionName>(action: K): StepOf<K>[] =>
    steps.filter((step): step is StepOf<K> => action in step)
  const byAction = {
    cut: all('cut'),
    partition: all('partition'),
    network: all('network'),
    clockJump: all('clockJump'),
    silent: all('silent'),
    stuck: all('stuck'),
    fault: all('fault'),
    disturb: all('disturb'),
    operate: all('operate'),
    lie: all('lie'),
  }
  for (const { end, atSeconds } of all('end')) ended.set(end, atSeconds * 1000)

  function spanOf(step: Step, lasts: number | undefined): Span {
    const fromMs = step.atSeconds * 1000
    const byName = step.name === undefined ? undefined : ended.get(step.name)
    const toMs = Math.min(
      lasts === undefined ? Number.POSITIVE_INFINITY : fromMs + lasts * 1000,
      byName ?? Number.POSITIVE_INFINITY,
    )
    return { fromMs, toMs }
  }

  const cutBetween = (one: string, other: string, span: Span): boolean =>
    byAction.cut.some(step => {
      const { between, forSeconds } = step.cut
      return between.includes(one) && between.includes(other) && overlaps(spanOf(step, forSeconds), span)
    }) ||
    byAction.partition.some(step => {
      const { groups, forSeconds } = step.partition
      return overlaps(spanOf(step, forSeconds), span) && groupIn(groups, one) !== groupIn(groups, other)
    })

  const loses = (span: Span): boolean =>
    (scenario.network.lossShare ?? 0) > 0 ||
    byAction.network.some(
      step => (step.network.lossShare ?? 0) > 0 && overlaps(spanOf(step, step.network.forSeconds), span),
    )

  /** The furthest that the clock is off at some time of the span. */
  function clockOffMs(agent: string, { fromMs, toMs }: Span): number {
    let off = scenario.clocks[agent]?.utcOffsetMs ?? 0
    let most = Math.abs(off)
    for (const { atSeconds, clockJump } of byAction.clockJump) {
      if (clockJump.agent !== agent || atSeconds * 1000 > toMs) continue
      const before = off
      off += clockJump.bySeconds * 1000
      most = atSeconds * 1000 < fromMs ? Math.abs(off) : Math.max(most, Math.abs(before), Math.abs(off))
    }
    return most
  }

  function event({ by, event: what, atMs, ...fields }: TraceEvent): void {
    if (what === 'started') lives.set(by, [...(lives.get(by) ?? []), { fromMs: atMs, toMs: Number.POSITIVE_INFINITY }])
    if (by !== 'world' || what !== 'crashed') return
    const life = lives.get(String(fields['ied']))?.at(-1)
    if (life !== undefined) life.toMs = Math.min(life.toMs, atMs)
  }

  const liarsIn = (span: Span): ReadonlySet<string> =>
    new Set(byAction.lie.filter(step => overlaps(spanOf(step, step.lie.forSeconds), span)).map(({ lie }) => lie.agent))

  return {
    event,
    runs: (agent, span) =>
      (lives.get(agent) ?? []).some(({ fromMs, toMs }) => fromMs <= span.fromMs && toMs > span.toMs),
    linked: (one, other, span) =>
      one === other ||
      (!cutBetween(one, other, span) &&
        !loses(span) &&
        clockOffMs(one, span) + clockOffMs(other, span) < CLOCKS_AGREE_WITHIN_MS),
    latencyMs: span =>
      Math.max(
        scenario.network.latencyMaxMs ?? networkDefaults.latency.maxMs,
        ...byAction.network
          .filter(step => overlaps(spanOf(step, step.network.forSeconds), span))
          .map(step => step.network.latencyMaxMs ?? 0),
      ),
    cutOff: (agent, span) =>
      byAction.partition.some(step => {
        const { groups, forSeconds } = step.partition
        const group = groupIn(groups, agent)
        const isAlone = agents.every(other => other === agent || groupIn(groups, other) !== group)
        return isAlone && covers(spanOf(step, forSeconds), span)
      }),
    deviceAnswers: (ied, span) =>
      !byAction.silent.some(step => step.silent.ied === ied && overlaps(spanOf(step, step.silent.forSeconds), span)),
    deviceFailed: (device, span) =>
      byAction.stuck.some(step => step.stuck.device === device && overlaps(spanOf(step, step.stuck.forSeconds), span)),
    disturbed: (place, span) =>
      byAction.fault.some(
        step =>
          (step.fault.section === place || step.fault.node === place) &&
          overlaps(spanOf(step, step.fault.forSeconds), span),
      ) ||
      byAction.disturb.some(
        step => step.disturb.section === place && overlaps(spanOf(step, step.disturb.forSeconds), span),
      ),
    lies: (ied, span) => liarsIn(span).has(ied),
    liars: liarsIn,
    operatedByHand: (device, atMs) =>
      byAction.operate.some(
        ({ operate, atSeconds }) => operate.device === device && Math.abs(atSeconds * 1000 - atMs) < 0.01,
      ),
  }
}

const overlaps = (one: Span, other: Span): boolean => one.fromMs <= other.toMs && other.fromMs <= one.toMs
const covers = (outer: Span, inner: Span): boolean => outer.fromMs <= inner.fromMs && outer.toMs >= inner.toMs

/** Those that are in no group are one more: -1. */
const groupIn = (groups: readonly (readonly string[])[], agent: string): number =>
  groups.findIndex(group => group.includes(agent))

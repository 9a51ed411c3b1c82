// Plays a scenario's steps on a running feeder and checks what each must lead to.

import {
  checkCut,
  checkDisturbance,
  checkFault,
  checkNothingLost,
  checkReplaced,
  type Expectation,
  table,
} from './expectations.ts'
import { isFieldStep } from './field-names.ts'
import { type FieldSteps, fieldSteps } from './field-step.ts'
import { judgeHappened } from './happened.ts'
import { order } from './order-step.ts'
import { revokeIed } from './revoke-step.ts'
import {
  type CutStep,
  type DisturbStep,
  type FaultStep,
  type KillStep,
  lengthSeconds,
  type Step,
  settleSeconds,
} from './scenario.ts'
import { settle } from './settle.ts'
import { nowMs, type Stage, until } from './stage.ts'
import { killed, readingsAt, type Story } from './story.ts'
import { watchAccounts } from './watch-accounts.ts'
import type { WorkerProcess } from './worker-process.ts'

const HAND_OVER_MS = 12_000
const FAULT_WATCH_MS = 1500
/** For the back ends to tell their bills, and so on. */
const ACCOUNTS_MS = 15_000
const ACCOUNTS_LEAST_MS = 5000

/**
 * Plays the scenario, then goes on for `forSeconds` in all, or until somebody stops it. When that leaves the time, the
 * last thing is the final account.
 */
export async function play(stage: Stage, forSeconds: number | undefined, partial: boolean): Promise<Expectation[]> {
  const { scenario, view, signal } = stage
  const start = nowMs()
  const deadline = forSeconds === undefined ? Number.POSITIVE_INFINITY : start + forSeconds * 1000
  const settlesAt = deadline - settleSeconds(scenario) * 1000
  const settles = scenario.settle && Number.isFinite(deadline) && start + lengthSeconds(scenario) * 1000 <= settlesAt
  const end = settles ? settlesAt : deadline
  const fits = (step: Step): boolean => start + lengthSeconds({ ...scenario, steps: [step] }) * 1000 <= end
  const field = fieldSteps(stage)
  const accounts = watchAccounts(stage)
  const steps = scenario.steps.filter(fits)
  const expectations = skipped(stage, scenario.steps.length - steps.length, partial)
  /** Of the people: whoever orders waits for what came of the order before, however slow the machine is. */
  let people: Promise<unknown> = Promise.resolve()
  await Promise.all(
    steps.map(async step => {
      const before = people
      const done = 'command' in step || 'revoke' in step ? withResolver() : undefined
      if (done !== undefined) people = done.promise
      try {
        await until(() => false, start + step.atSeconds * 1000 - nowMs(), signal)
        if (done !== undefined) await before
        if (!signal.aborted) expectations.push(...(await perform(stage, step, field)))
      } finally {
        done?.resolve()
      }
    }),
  )
  if (scenario.expect.length > 0 && !signal.aborted) {
    await until(() => false, Math.min(end, start + lengthSeconds({ ...scenario, steps }) * 1000) - nowMs(), signal)
    expectations.push(...said(stage, await whatHappened(stage, field, start)))
  }
  // Time for a reading or two of every meter, however short the scenario was.
  const enough = start + 2000 * (scenario.readingSeconds + scenario.forwardingSeconds)
  await until(() => false, Math.min(end, enough) - nowMs(), signal)
  if (nowMs() >= enough) expectations.push(...checkNothingLost(stage.story, stage.plan.recipients))
  if (!signal.aborted) {
    view.say('scenario-done', 'scenario played; the mesh goes on', {})
    // Where there is a final account, it comes there. Else it takes none of the time that something else has.
    const leftMs = Math.min(ACCOUNTS_MS, end - nowMs())
    if (!settles && leftMs >= ACCOUNTS_LEAST_MS) await accounts.tell(leftMs)
    if (!Number.isFinite(deadline)) view.results(expectations)
  }
  await until(() => false, end - nowMs(), signal)
  accounts.stop()
  if (settles && !signal.aborted) expectations.push(...(await settle(stage, accounts)))
  return expectations
}

function withResolver(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}

/** A step without its time is something expected that did not happen, unless that was asked for. */
function skipped({ view, scenario }: Stage, count: number, partial: boolean): Expectation[] {
  if (count === 0) return []
  const measured = `${count} of ${scenario.steps.length} left out: --for is too short for them`
  view.say('steps-skipped', measured, { skipped: count })
  return [
    {
      name: partial ? 'the steps that --for leaves time for are played' : 'every step is played',
      ok: partial,
      measured,
    },
  ]
}

async function perform(stage: Stage, step: Step, field: FieldSteps): Promise<readonly Expectation[]> {
  if (isFieldStep(step)) {
    await field.play(step, stage.scenario.steps.indexOf(step))
    return []
  }
  const expectations =
    'disturb' in step
      ? await disturb(stage, step)
      : 'fault' in step
        ? await fault(stage, step)
        : 'kill' in step
          ? await kill(stage, step)
          : 'cut' in step
            ? await cut(stage, step)
            : 'command' in step
              ? await order(stage, step)
              : await revokeIed(stage, step)
  return said(stage, expectations)
}

/** Of the field's steps, all together: one may follow from another. */
async function whatHappened(stage: Stage, { played }: FieldSteps, beganMs: number): Promise<Expectation[]> {
  const { scenario, feeder, devices, computers, happened } = stage
  for (const { ied, report } of await computers.programsTold()) happened.note(ied, report)
  const history = await devices.history()
  const { events } = happened
  return judgeHappened({ scenario, feeder: feeder.file, played, events, history, beganMs, endMs: nowMs() })
}

function said(stage: Stage, expectations: readonly Expectation[]): readonly Expectation[] {
  // Ended by hand in the middle: what had no time to happen is not held against it.
  if (stage.signal.aborted) return []
  for (const { name, ok, measured, detail } of expectations) {
    stage.view.say('expectation', `${ok ? 'ok' : 'FAIL'}: ${name}: ${measured}`, {
      name,
      ok,
      measured,
      ...(detail ? { detail } : {}),
    })
  }
  return expectations
}

const toMs = (ns: bigint): number => Number(ns) / 1e6

async function disturb(
  { devices, feeder, plan, story, view, signal }: Stage,
  step: DisturbStep,
): Promise<Expectation[]> {
  const { section, residualPu, forSeconds } = step.disturb
  const fed = step.warns === undefined ? feeder.downstreamIeds(section).certain : new Set(step.warns)
  view.say('disturbance', `>>> sag to ${residualPu} pu on ${section} for ${forSeconds} s`, {
    section,
    residualPu,
    forSeconds,
  })
  const atMs = toMs(await devices.disturb({ section, residualPu }))
  await until(() => false, forSeconds * 1000, signal)
  const clearedAtMs = toMs(await devices.clearDisturbance(section))
  view.say('disturbance-over', `>>> sag on ${section} is over`, { section })
  const shedding = new Set(
    feeder.file.ieds
      .filter(
        ied =>
          fed.has(ied.name) &&
          feeder.file.loads.some(load => ied.meters.includes(load.name) && load.sheddableShare > 0),
      )
      .map(ied => ied.name),
  )
  const sheds = new Set([...shedding].filter(ied => plan.ieds.some(({ name }) => name === ied)))
  await until(
    () =>
      story.warnings.some(
        warning =>
          warning.section === section &&
          [...sheds].every(ied => warning.receivers.get(ied)?.restoredAtMs !== undefined),
      ),
    3000,
    signal,
  )
  const warning = story.warnings.find(each => each.section === section && each.detectedAtMs >= atMs)
  if (warning !== undefined)
    view.say('warned-table', `each receiver of ${warning.origin}'s warning:\n${indent(table(warning, atMs))}`, {})
  return checkDisturbance(story, step, { atMs, clearedAtMs }, fed, sheds)
}

const indent = (lines: readonly string[]): string => lines.map(line => `             ${line}`).join('\n')

async function fault({ devices, feeder, view, story, signal }: Stage, step: FaultStep): Promise<Expectation[]> {
  const { section } = step.fault
  view.say('fault', `>>> permanent fault on ${section}`, { section })
  const atMs = toMs(await devices.fault({ section }))
  await until(() => story.trips.some(trip => trip.atMs >= atMs && trip.told.size > 0), step.withinMs, signal)
  // So long nobody else may open.
  await until(() => false, FAULT_WATCH_MS, signal)
  const left = (): boolean =>
    step.leaves.every(ied => story.trips.some(({ left: gone, atMs: of }) => of >= atMs && gone.has(ied)))
  await until(left, step.leavesWithinMs - FAULT_WATCH_MS, signal)
  return checkFault(story, step, atMs, feeder)
}

const highestCollected = (story: Story, ied: string): number =>
  Math.max(0, ...[...story.collected.values()].flatMap(byIed => [...(byIed.get(ied)?.readings.keys() ?? [])]))

async function kill({ workers, story, view, signal }: Stage, step: KillStep): Promise<Expectation[]> {
  const target = (): string | undefined => (step.kill === 'aggregator' ? story.aggregator?.name : step.kill)
  const processOf = (ied: string | undefined): WorkerProcess | undefined =>
    workers.find(each => each.agents.length === 1 && each.agents[0] === ied)
  // Soon after the start a meter may still aggregate; it hands over to a fitter controller.
  await until(() => processOf(target()) !== undefined, HAND_OVER_MS, signal)
  const ied = target()
  const worker = processOf(ied)
  const seen = ied === undefined ? undefined : story.agents.get(ied)
  if (ied === undefined || worker === undefined || seen === undefined) {
    return [{ name: `kill ${step.kill}`, ok: false, measured: `${ied ?? 'nobody'} has no process of its own` }]
  }
  const before = {
    ied,
    atMs: nowMs(),
    term: story.aggregator?.term ?? 0,
    wasAggregator: story.aggregator?.name === ied,
  }
  view.say('kill', `>>> kill -9 ${ied}${before.wasAggregator ? ', the aggregator' : ''}`, { ied })
  killed(seen)
  await worker.kill()
  await until(() => false, step.restartAfterSeconds * 1000, signal)
  if (signal.aborted) return []
  const ledger = { id: seen.ledgerId, number: highestCollected(story, ied) }
  worker.start()
  view.say('restart', `>>> ${ied} starts again`, { ied, process: worker.label, pid: worker.pid() })
  await until(() => story.agents.get(ied)?.state === 'up', 15_000, signal)
  const back = story.agents.get(ied)
  const wentOn = back?.state === 'up' && back.ledgerId === ledger.id && back.ledger >= ledger.number
  return [
    ...checkReplaced(story, step, before),
    {
      name: `${ied} starts again on its own ledger`,
      ok: wentOn,
      measured: wentOn
        ? `same ledger, goes on after record ${back.ledger}; the back ends had ${ledger.number}`
        : `agent is ${back?.state}, ledger ${back?.ledgerId} at ${back?.ledger}, was ${ledger.id} with ${ledger.number} collected`,
    },
  ]
}

async function cut({ links, story, view, plan, signal }: Stage, step: CutStep): Promise<Expectation[]> {
  const link = links.get(step.cut)
  if (link === undefined) return [{ name: `cut ${step.cut}`, ok: false, measured: 'no such link' }]
  view.say('cut', `>>> link to ${step.cut} is cut`, { backEnd: step.cut })
  link.cut()
  await until(() => false, 300, signal) // what was on the way has arrived by then
  const before = readingsAt(story, step.cut)
  await until(() => false, step.forSeconds * 1000, signal)
  const duringCut = readingsAt(story, step.cut) - before
  // The other back end had no cut: what it has of these IEDs is what this one must have.
  const wantUpTo = new Map<string, number>()
  for (const [ied, to] of plan.recipients) {
    if (!to.includes(step.cut)) continue
    const others = to.filter(backEnd => backEnd !== step.cut)
    const numbers = others.flatMap(backEnd => [...(story.collected.get(backEnd)?.get(ied)?.readings.keys() ?? [])])
    if (numbers.length > 0) wantUpTo.set(ied, Math.max(...numbers))
  }
  link.restore()
  const restoredAtMs = nowMs()
  view.say('restored', `>>> link to ${step.cut} is whole again, ${duringCut} readings came meanwhile`, {
    backEnd: step.cut,
    duringCut,
  })
  const level = (): boolean =>
    [...wantUpTo].every(([ied, number]) => story.collected.get(step.cut)?.get(ied)?.readings.has(number) === true)
  await until(level, step.caughtUpWithinSeconds * 1000, signal)
  const caughtUpAtMs = level() && wantUpTo.size > 0 ? nowMs() : undefined
  return checkCut(story, step, { duringCut, wantUpTo, restoredAtMs, caughtUpAtMs })
}

// A feeder's settings as a whole: what of them contradicts what, in the normal state and fed over each tie.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { createSolver } from '../solver/solver.ts'
import { interruptsByItself } from '../sweep/way-of-fault.ts'
import { blindSpots } from './blind-spots.ts'
import { amperes, type Contradiction } from './contradiction.ts'
import { type FaultStudy, studyFaults } from './fault-study.ts'
import { highSetFindings } from './high-set-findings.ts'
import { loadAgainstPickup } from './load-against-pickup.ts'
import { type Margin, marginsOf } from './margins.ts'
import { type StudyState, stateWith, tieStates } from './study-state.ts'
import { tieCapacity } from './tie-capacity.ts'

/** Warnings first, then by state, as they were found. The same of one device is said of the first state only. */
export function judgeSettings(file: FeederFile): Contradiction[] {
  const ties = tieCapacity(file)
  if (!file.devices.some(interruptsByItself)) return ties
  const solver = createSolver(file)
  const states = [stateWith(file, [], []), ...tieStates(file)]
  const all = states.flatMap((state, n) => {
    const study = studyFaults(state.feeder, { solver })
    const found = [
      ...grading(marginsOf(study, state.title)),
      ...loadAgainstPickup(study, state),
      ...blindSpots(study, state),
      ...highSetFindings(study, state),
      ...notJudged(study, state),
    ]
    return n === 0 ? found : found.map(asOverTie)
  })
  const seen = new Set<string>()
  const first = [...ties, ...all].filter(({ kind, devices }) => {
    const key = `${kind}\n${devices.slice(0, 2).join('\n')}`
    return !seen.has(key) && seen.add(key)
  })
  return [...first.filter(({ severity }) => severity === 'warning'), ...first.filter(each => each.severity === 'note')]
}

/** What does not fit while a tie feeds is often a choice: grading can be right for one direction only. Load is not. */
const asOverTie = (found: Contradiction): Contradiction =>
  found.kind === 'pickup under load' ? found : { ...found, severity: 'note' }

/** One for each pair: the worst of it. */
export function grading(margins: readonly Margin[]): Contradiction[] {
  const worst = new Map<string, Margin>()
  for (const margin of margins.filter(({ finding }) => finding === 'violated')) {
    const key = `${margin.lower}\n${margin.upper}`
    const before = worst.get(key)
    if (before === undefined || shortBy(margin) > shortBy(before)) worst.set(key, margin)
  }
  return [...worst.values()].map(margin => ({
    severity: 'warning',
    kind: 'grading',
    devices: [margin.upper, margin.lower],
    state: margin.state,
    text: gradingText(margin),
  }))
}

const worstPoint = ({ tightest, least, largest }: Margin) =>
  [tightest, least, largest]
    .filter(point => point !== undefined)
    .reduce((worst, each) => (each.marginMs < worst.marginMs ? each : worst))
const shortBy = (margin: Margin): number => margin.wantedMs - worstPoint(margin).marginMs

function gradingText(margin: Margin): string {
  const { marginMs, lowerMs, upperMs, lowerAmps, fault } = worstPoint(margin)
  const { wantedMs, lower, upper, rule } = margin
  const at = `at ${amperes(lowerAmps.phase)}${fault === 'between' ? '' : ` (${fault})`}`
  const want = wantedMs === 0 ? 'not to be later' : `${wantedMs.toFixed(0)} ms`
  return `${lower} ${lowerMs.toFixed(0)} ms, ${upper} ${upperMs.toFixed(0)} ms ${at}: margin ${marginMs.toFixed(0)} ms, want ${want} (${rule})`
}

function notJudged(study: FaultStudy, { title, feeder }: StudyState): Contradiction[] {
  const judged = new Set(study.stretches.map(({ device }) => device.name))
  const looped = new Set(feeder.loops().certain.flatMap(loop => [...loop]))
  const left = feeder.file.devices.filter(
    device => interruptsByItself(device) && !judged.has(device.name) && looped.has(device.section),
  )
  const common = { severity: 'note', kind: 'not judged', state: title } as const
  return [
    ...(left.length === 0
      ? []
      : [{ ...common, devices: left.map(({ name }) => name), text: 'part of a loop: grading is not judged there' }]),
    ...(study.converged
      ? []
      : [{ ...common, devices: [], text: 'the feeder cannot carry its load in this state: currents are not exact' }]),
  ]
}

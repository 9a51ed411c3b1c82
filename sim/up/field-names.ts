// What a scenario of `up` says of the field: the simulator's steps (a fault, stuck contacts, a hand at a device, their ends) and
// what must follow from them. Every name is one of the feeder's, and every expectation counts from a step that there is.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { ACTIONS, type FieldStep } from '../run/step-schema.ts'
import type { Scenario, Step } from './scenario.ts'

type Expected = Scenario['expect'][number]

/** A `fault` with `trips` is `up`'s own step, which says itself what must follow. */
export const isFieldStep = (step: Step): step is FieldStep =>
  ['stuck', 'operate', 'end'].some(key => key in step) || ('fault' in step && !('trips' in step))

/** From the last thing that is expected until it is judged, so that reports are in. */
const REPORTS_SECONDS = 1

/** When what it leads to has been seen, in seconds from ready. */
export function fieldSeconds(step: FieldStep, expect: readonly Expected[]): number {
  const lasts = 'fault' in step ? (step.fault.forSeconds ?? 0) : 'stuck' in step ? (step.stuck.forSeconds ?? 0) : 0
  const waits = expect.filter(each => afterOf(each) === step.name && step.name !== undefined).map(lengthOf)
  return step.atSeconds + Math.max(lasts, ...waits, 0) + REPORTS_SECONDS
}

export const afterOf = (expected: Expected): string | undefined => ('after' in expected ? expected.after : undefined)

function lengthOf(expected: Expected): number {
  const { withinMs, withinSeconds, forSeconds, forAtLeastSeconds } = expected as {
    readonly withinMs?: number
    readonly withinSeconds?: number
    readonly forSeconds?: number
    readonly forAtLeastSeconds?: number
  }
  return withinMs !== undefined ? withinMs / 1000 : (withinSeconds ?? forSeconds ?? forAtLeastSeconds ?? 0)
}

/** @returns one line for each mistake */
export function wrongInField({ steps, expect, agents, computers }: Scenario, feeder: FeederFile): string[] {
  const wrong: string[] = []
  const names = (entries: readonly { readonly name: string }[]) => new Set(entries.map(({ name }) => name))
  const [devices, loads, ieds] = [names(feeder.devices), names(feeder.loads), names(feeder.ieds)]
  const check = (known: ReadonlySet<string>, path: string, value: string, kind: string): void => {
    if (!known.has(value)) wrong.push(`${path}: "${value}" is no ${kind} of feeder ${feeder.name}`)
  }
  for (const name of Object.keys(agents)) check(ieds, `agents.${name}`, name, 'IED')
  for (const name of computers) check(ieds, 'computers', name, 'IED')

  const begun = new Map<string, FieldStep>()
  for (const [index, step] of steps.entries()) {
    if (!isFieldStep(step)) continue
    const path = `steps.${index}`
    if ('fault' in step) {
      const { section, node } = step.fault
      if (section !== undefined) check(names(feeder.sections), `${path}.fault.section`, section, 'section')
      if (node !== undefined) check(names(feeder.nodes), `${path}.fault.node`, node, 'node')
    }
    if ('stuck' in step) {
      check(devices, `${path}.stuck.device`, step.stuck.device, 'switching device')
      if (step.stuck.what !== 'contacts') wrong.push(`${path}.stuck.what: "${step.stuck.what}", want contacts`)
    }
    if ('operate' in step) check(devices, `${path}.operate.device`, step.operate.device, 'switching device')
    if (step.name === undefined) continue
    if (begun.has(step.name)) wrong.push(`${path}.name: "${step.name}" is the name of an earlier step too`)
    begun.set(step.name, step)
  }
  steps.forEach((step, index) => {
    if (!('end' in step)) return
    const ended = begun.get(step.end)
    const isLasting = ended !== undefined && ('fault' in ended || 'stuck' in ended) && ended.atSeconds < step.atSeconds
    if (!isLasting) wrong.push(`steps.${index}.end: "${step.end}" is no fault or stuck device that has begun by then`)
  })
  expect.forEach((each, index) => {
    const path = `expect.${index}`
    const after = afterOf(each)
    if (after !== undefined && !begun.has(after)) {
      const known = [...begun.keys()].join(', ') || 'none has a name'
      wrong.push(`${path}.after: no step has the name "${after}", want one of ${ACTIONS_IN_FIELD} (${known})`)
    }
    for (const [key, value] of Object.entries(each)) {
      const list = Array.isArray(value) ? value.map(String) : [String(value)]
      if (['trips', 'opens', 'closes', 'locksOut'].includes(key) || (key === 'staysClosed' && value !== 'others'))
        for (const name of list) check(devices, `${path}.${key}`, name, 'switching device')
      if (key === 'told') for (const name of list) check(ieds, `${path}.told`, name, 'IED')
      if (key === 'interrupted' || (key === 'restored' && value !== 'all'))
        for (const name of list) check(loads, `${path}.${key}`, name, 'load')
    }
  })
  return wrong
}

const ACTIONS_IN_FIELD = ACTIONS.filter(each => ['fault', 'stuck', 'operate', 'end'].includes(each)).join(', ')

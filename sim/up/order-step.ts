// A step of a scenario: a person's order, signed with an operator's login of `up` and given as `feedermesh command` gives
// it. The IED's signed answer says what became of it; its own reports say how often it operated.

import { join } from 'node:path'
import { parseWhat } from '../../src/node/order-words.ts'
import { type Given, giveOrder } from '../../src/node/person-orders.ts'
import { type Outcome, wordsOf } from '../../src/protection/command.ts'
import type { Expectation } from './expectations.ts'
import type { CommandStep } from './scenario.ts'
import { nowMs, type Stage, until } from './stage.ts'

type Answer = { readonly outcome?: Outcome; readonly failure?: string; readonly afterMs: number }

/** Reports come over another way than the answer: so long they may take. */
const REPORT_WITHIN_MS = 500
const SWITCHED = { open: 'open', close: 'closed' } as const

export async function order(stage: Stage, step: CommandStep): Promise<Expectation[]> {
  const { feeder, plan, story, view, signal } = stage
  const { ied, by = feeder.ied(step.command.ied).organisation, people, through, twice } = step.command
  const what = parseWhat(step.command.order.trim().split(/\s+/))
  const who = people === 2 ? `two of ${by}'s operators` : `${by}'s operator`
  const name = `${who} to ${ied}: ${wordsOf(what)}`
  // Told apart from all other operations of this IED, in its records too.
  const cause = `order at ${step.atSeconds} s of the scenario`
  const operations = (): number => story.operations.filter(each => each.ied === ied && each.cause === cause).length
  const logins = (id: string): string => join(plan.dataDir, 'operators', `${id}.yaml`)
  const common = {
    login: logins(by),
    cosign: false,
    timeoutMs: step.withinMs,
    lifetimeMs: 60_000,
    addressOf: (to: string) => plan.addresses[through ?? to] ?? '',
  }

  view.say('order', `>>> ${name}${through === undefined ? '' : `, through ${through}`}`, { ied, by, people, through })
  const began = nowMs()
  const second = people === 2 ? { second: logins(`${by}-2`) } : {}
  const signed = await tried(giveOrder({ ...common, ...second, order: { ied, what }, cause, save: true }))
  const saved = 'given' in signed && 'saved' in signed.given ? signed.given.saved : undefined
  if (saved === undefined) return [{ name: `${name}: ${step.result}`, ok: false, measured: failureOf(signed) }]
  const send = async (): Promise<Answer> => {
    const sent = await tried(giveOrder({ ...common, order: { saved } }))
    const afterMs = nowMs() - began
    return 'given' in sent && 'outcome' in sent.given
      ? { outcome: sent.given.outcome, afterMs }
      : { failure: failureOf(sent), afterMs }
  }
  const first = await send()
  const wantsOperation = step.result === 'done' && ['open', 'close', 'connect', 'disconnect'].includes(what.verb)
  await until(() => wantsOperation && operations() > 0, REPORT_WITHIN_MS, signal)
  const count = operations()
  const wanted = step.result === 'done' && what.verb in SWITCHED ? SWITCHED[what.verb as 'open'] : undefined
  const expectations = [checkAnswer(name, step, first, count, wanted)]
  if (!twice || signal.aborted) return expectations
  view.say('order', `>>> the same order to ${ied} once more`, { ied, by, people, through })
  const again = await send()
  await until(() => false, REPORT_WITHIN_MS, signal)
  return [...expectations, checkAgain(name, first, again, { before: count, after: operations(), wantsOperation })]
}

function checkAnswer(
  name: string,
  step: CommandStep,
  { outcome, failure, afterMs }: Answer,
  operations: number,
  position: 'open' | 'closed' | undefined,
): Expectation {
  const isDone = step.result === 'done'
  const ok =
    outcome?.result === step.result &&
    (step.reason === undefined || outcome.reason === step.reason) &&
    (position === undefined || outcome.position === position) &&
    (isDone || operations === 0) &&
    afterMs <= step.withinMs
  const says =
    outcome === undefined
      ? failure
      : `${outcome.result}${outcome.words === outcome.result ? '' : `: ${outcome.words}`}${position === undefined ? '' : `, reads ${outcome.position}`}`
  const operated = isDone || operations === 0 ? '' : `, and yet it operated ${operations} times`
  return {
    name: `${name}: ${isDone ? 'done and read back' : `refused${step.reason === undefined ? '' : ` (${step.reason})`}`}`,
    ok,
    measured: `${says}${operated}; after ${afterMs.toFixed(0)} ms, joining the mesh included`,
  }
}

function checkAgain(
  name: string,
  first: Answer,
  again: Answer,
  { before, after, wantsOperation }: { before: number; after: number; wantsOperation: boolean },
): Expectation {
  const isSame = first.outcome !== undefined && first.outcome.command === again.outcome?.command
  const ok =
    isSame && again.outcome?.result === first.outcome?.result && after === before && (!wantsOperation || after === 1)
  return {
    name: `${name}: the same order once more operates nothing`,
    ok,
    measured:
      again.outcome === undefined
        ? `${again.failure}`
        : `${again.outcome.result}; operated ${after === 1 ? 'once' : `${after} times`} in all`,
  }
}

type Tried = { readonly given: Given } | { readonly failure: string }

const tried = (giving: Promise<Given>): Promise<Tried> =>
  giving.then(
    given => ({ given }),
    error => ({ failure: (error as Error).message }),
  )

const failureOf = (done: Tried): string => ('failure' in done ? done.failure : 'no answer')

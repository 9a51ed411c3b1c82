// A back-end peer asks IEDs for ranges of their ledgers: the shell of src/aggregation/range-course.ts. What is under way is in
// the store, and goes on after the process ended, whenever that was.

import { duration, instant } from '../../topology/units.ts'
import type { Collector } from '../aggregation/collector.ts'
import type { Batch, Outcome } from '../aggregation/delivery.ts'
import type { RangeAnswer, RangeAsk, RecordRange } from '../aggregation/range.ts'
import {
  type RangeAction,
  type RangeCourse,
  type RangeEvent,
  rangeCourse,
  rangeStart,
} from '../aggregation/range-course.ts'
import { faultOfPart } from '../aggregation/range-taken.ts'
import type { Verify } from '../aggregation/record.ts'
import type { ComponentContext } from './component.ts'
import { idOf, type KeptAsk, MOST_GOING, openKeptAsks } from './kept-asks.ts'
import { NodeError } from './node-error.ts'
import type { AskRange } from './range-questions.ts'

/** Questions under way, over all ranges. */
const AT_ONCE = 2
/** Headers are some 250 bytes each, whatever the size of the bodies. */
const HEADER_BYTES = 250
const MOST_WORDS = 500

export interface HistoryAsks {
  /** Begins it, or joins it if it is under way. Durable when it resolves. @throws NodeError */
  ask(wanted: { ied: string; range: RecordRange; by: string }): Promise<string>
  of(id: string): KeptAsk | undefined
  all(): readonly KeptAsk[]
  stop(): Promise<void>
}

export interface HistoryAskPorts {
  readonly collector: Collector
  readonly accept: (batch: Batch) => Promise<Outcome>
  readonly keyOf: (ied: string, credentialHash?: Uint8Array) => Verify | undefined
  readonly askRange: AskRange
}

export async function openHistoryAsks(
  context: Pick<ComponentContext, 'store' | 'clock' | 'log' | 'report' | 'name' | 'credential'>,
  ports: HistoryAskPorts,
): Promise<HistoryAsks> {
  const { clock, log, name, credential } = context
  const { collector, accept, keyOf, askRange } = ports
  const kept = await openKeptAsks(context.store)
  const going = new Map<string, Promise<void>>()
  const stopping = new AbortController()
  const asking = atMost(AT_ONCE)

  function begin(job: KeptAsk): void {
    const id = idOf(job)
    const run = follow(job)
      .catch(error => log.error('history-ask', { ied: job.ied, reason: (error as Error).message }))
      .finally(() => going.delete(id))
    going.set(id, run)
  }

  async function follow(job: KeptAsk): Promise<void> {
    let state = rangeStart(clock.now())
    let words = ''
    let outcomes: readonly Outcome[] = []
    let actions: readonly RangeAction[] = [{ kind: 'wake', at: clock.now() }]
    while (!stopping.signal.aborted) {
      const [action] = actions
      if (action === undefined) return
      if (action.kind === 'end') return finish(job, state, words)
      const event = await perform(action).catch(error => failed(`it could not be kept: ${(error as Error).message}`))
      if (stopping.signal.aborted) return
      const step = rangeCourse(state, event, clock.now())
      state = step.state
      actions = step.actions
    }

    async function perform(action: Exclude<RangeAction, { kind: 'end' }>): Promise<RangeEvent> {
      if (action.kind === 'wake') {
        await waitUntil(action.at)
        return { kind: 'tick' }
      }
      const at = await place()
      if (action.kind === 'look') {
        const lacking = at === undefined ? undefined : await collector.firstLacking(at, action.after)
        return { kind: 'looked', chainEnd: at?.chainEnd ?? 0, lacking }
      }
      return asking(() => askOnce(action, at))
    }

    async function askOnce(
      { after: behind, also, bytes, way }: Extract<RangeAction, { kind: 'ask' }>,
      at: Awaited<ReturnType<typeof place>>,
    ): Promise<RangeEvent> {
      const ask: RangeAsk = {
        ied: job.ied,
        recipient: { backEnd: name, organisation: credential.organisation },
        range: job.range,
        ...(at === undefined ? {} : { ledgerId: at.ledgerId }),
        after: behind,
        ...(also === undefined ? {} : { also }),
        have: at?.chainEnd ?? 0,
        want: { records: Math.max(8, Math.floor(bytes / HEADER_BYTES)), bytes },
        outcomes,
      }
      const began = clock.now()
      let answer: RangeAnswer
      try {
        answer = await askRange(ask, way, stopping.signal)
      } catch (error) {
        return failed((error as Error).message)
      }
      const took = duration(clock.now() - began)
      if (answer.kind === 'later') return { kind: 'later' }
      if (answer.kind === 'pullRefusal') {
        const said =
          answer.reason === 'notEntitled' ? 'it is not entitled to any of these classes' : 'it is no recipient'
        // Whoever passes answers on may say so of anybody; and who has just met this back end may not know it yet.
        if (way === 'through' || (answer.reason === 'unknownRecipient' && state.failures < 6)) return failed(said)
        words = said
        return { kind: 'refused' }
      }
      const { batch, end } = answer
      const verify = keyOf(job.ied, batch.credentialHash)
      const fault = verify === undefined ? `the key of ${job.ied} is not known` : faultOfPart(ask, answer, verify)
      if (fault !== undefined) return failed(fault)
      const before = at === undefined ? undefined : await collector.firstLacking(at, 0)
      let hasGained = false
      if (batch.records.length > 0) {
        const outcome = await accept(batch)
        if (outcome.kind === 'refusal') return failed(`the batch does not count: ${outcome.reason}`)
        outcomes = [outcome]
        const now = await place()
        hasGained =
          now?.ledgerId !== at?.ledgerId ||
          (now?.chainEnd ?? 0) > (at?.chainEnd ?? 0) ||
          (at !== undefined &&
            ((await collector.firstLacking(at, behind)) !== behind + 1 ||
              (await collector.firstLacking(at, 0)) !== before))
      }
      words = ''
      const reached = batch.records.length > 0 ? batch.head.number : undefined
      return { kind: 'taken', took, reached, hasGained, end: end.number, words: answer.words }
    }

    function failed(why: string): RangeEvent {
      words = why.slice(0, MOST_WORDS)
      log.info('range-not-answered', { ied: job.ied, reason: words })
      return { kind: 'failed' }
    }

    /** Of the ledger that grew last: of an earlier one there is nothing at the IED any more. */
    async function place() {
      const [head] = (await collector.heads(job.ied)).sort((one, other) => other.utcMs - one.utcMs)
      if (head === undefined) return undefined
      return { ied: job.ied, ledgerId: head.ledgerId, range: job.range, chainEnd: head.number }
    }

    async function finish(asked: KeptAsk, { phase, until = 0 }: RangeCourse, why: string): Promise<void> {
      const at = await place()
      const { lacking, gone } = at === undefined ? { lacking: 0, gone: 0 } : await collector.countAbsent(at)
      const ended = phase === 'lacking' && lacking === 0 ? 'whole' : phase
      const done = { ...asked, state: ended, upTo: until, lacking, gone, words: wordsOf(ended, gone, why) }
      await kept.put(done)
      const { ied, state: said, words: told } = done
      context.report('history-asked', { ied, state: said, upTo: until, lacking, gone, words: told })
    }
  }

  function waitUntil(at: number): Promise<void> {
    return new Promise(resume => {
      const cancel = clock.wakeAt(instant(at), end)
      stopping.signal.addEventListener('abort', end)
      function end(): void {
        cancel()
        stopping.signal.removeEventListener('abort', end)
        resume()
      }
    })
  }

  for (const each of kept.all()) if (each.state === 'going') begin(each)

  return {
    async ask({ ied, range, by }) {
      const fresh = { ied, range, askedUtcMs: clock.utc(), by, state: 'going', upTo: 0, lacking: 0, gone: 0, words: '' }
      const job = fresh as KeptAsk
      const id = idOf(job)
      if (going.has(id)) return id
      if (going.size >= MOST_GOING)
        throw new NodeError('REFUSED', `history: ${MOST_GOING} ranges are asked for already: want one of them to end`)
      await kept.put(job)
      begin(job)
      return id
    },
    of: kept.of,
    all: kept.all,
    async stop() {
      stopping.abort(new Error('stopping'))
      await Promise.all(going.values())
    },
  }
}

function wordsOf(state: KeptAsk['state'], gone: number, why: string): string {
  const lost = gone === 0 ? '' : `${gone} bodies are kept no more at the IED, by its own word`
  if (state === 'whole') return lost
  if (state === 'lacking') return ['the IED gave no more: it may not share the rest', lost].filter(Boolean).join('; ')
  return why
}

/** In the order of the calls. */
function atMost(count: number): <T>(job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = count
  return async job => {
    if (free === 0) await new Promise<void>(begin => void waiting.push(begin))
    else free--
    try {
      return await job()
    } finally {
      const begin = waiting.shift()
      if (begin === undefined) free++
      else begin()
    }
  }
}

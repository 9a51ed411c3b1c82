// Back-end peers show each other the heads of the ledgers that they collect, in rounds, and as soon as one of them notices a
// second history: the shell of `head-comparison.ts`. What the other one sends is taken where all batches are.

import { duration, instant } from '../../topology/units.ts'
import type { Collector } from '../aggregation/collector.ts'
import { type Batch, batchCodec, type Outcome, outcomeCodec } from '../aggregation/delivery.ts'
import { headComparison } from '../aggregation/head-comparison.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext, Running } from './component.ts'

const PATIENCE_MS = 15_000
/** After a start others are to be found first; what one notices goes around at once. */
const FIRST_MS = 30_000
const SOON_MS = 1_000
/** One that answers slowly, by its nature or on purpose, holds up no other one: what is left has its turn in the next round. */
const MOST_OF_ONE_MS = 60_000

export interface ComparingHeads extends Running {
  /** A second history was told here. */
  noticed(): void
}

type Context = Pick<ComponentContext, 'clock' | 'links' | 'log' | 'report' | 'isRevoked'>

export function startComparing(
  { clock, links, log, report, isRevoked }: Context,
  collector: Collector,
  deliverProtocol: string,
  everyMs: number,
): ComparingHeads {
  const comparison = headComparison(collector)
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let isWanted = false
  let cancel = (): void => {}

  async function round(): Promise<void> {
    const others = links
      .peers()
      .filter(({ credential }) => credential.roles.includes('BACKEND') && !isRevoked(credential))
    await Promise.all(others.map(({ credential }) => roundWith(credential)))
  }

  async function roundWith({ peerId, name }: Credential): Promise<void> {
    const began = clock.now()
    const show = async (batch: Batch): Promise<Outcome> => {
      if (clock.now() - began > MOST_OF_ONE_MS) throw new Error('it takes too long')
      const answer = await links.request(peerId, deliverProtocol, batchCodec.encode(batch), {
        timeoutMs: PATIENCE_MS,
        lane: 'bulk',
        signal: stopping.signal,
      })
      return outcomeCodec.decode(answer)
    }
    try {
      for await (const differs of comparison.round(peerId, show))
        report('alarm', { alarm: 'forkElsewhere', backEnd: name, ...differs })
    } catch (error) {
      // It is away, or collects nothing: it is asked again in the next round.
      log.debug('heads-not-compared', { backEnd: name, reason: (error as Error).message })
    }
  }

  function at(waitMs: number): void {
    cancel()
    if (stopping.signal.aborted) return
    cancel = clock.wakeAt(instant(clock.now() + duration(waitMs)), () => {
      if (running !== undefined) {
        isWanted = true
        return
      }
      running = round()
        .catch(error => log.warn('heads-not-compared', { reason: (error as Error).message }))
        .finally(() => {
          running = undefined
          at(isWanted ? SOON_MS : everyMs)
          isWanted = false
        })
    })
  }
  at(Math.min(FIRST_MS, everyMs))
  links.onPeer(({ credential }, state) => {
    if (state === 'down') comparison.forget(credential.peerId)
  })
  return {
    noticed() {
      if (running === undefined) at(SOON_MS)
      else isWanted = true
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      cancel()
      await running
    },
  }
}

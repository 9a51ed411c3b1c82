// Back-end peers show each other the heads of the ledgers that they collect, in rounds, and as soon as one of them notices a
// second history: the shell of `head-comparison.ts`. What the other one sends is taken where all batches are.

import { duration, instant } from '../../topology/units.ts'
import type { Collector } from '../aggregation/collector.ts'
import { batchCodec, outcomeCodec } from '../aggregation/delivery.ts'
import { headComparison } from '../aggregation/head-comparison.ts'
import type { ComponentContext, Running } from './component.ts'

const PATIENCE_MS = 15_000
/** After a start others are to be found first; what one notices goes around at once. */
const FIRST_MS = 30_000
const SOON_MS = 1_000

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
    for (const { credential } of others) {
      const { peerId, name } = credential
      if (stopping.signal.aborted) return
      const show = async (batch: Parameters<typeof batchCodec.encode>[0]) =>
        outcomeCodec.decode(
          await links.request(peerId, deliverProtocol, batchCodec.encode(batch), {
            timeoutMs: PATIENCE_MS,
            lane: 'bulk',
            signal: stopping.signal,
          }),
        )
      try {
        for (const differs of await comparison.round(peerId, show))
          report('alarm', { alarm: 'forkElsewhere', backEnd: name, ...differs })
      } catch (error) {
        // It is away, or collects nothing: it is asked again in the next round.
        log.debug('heads-not-compared', { backEnd: name, reason: (error as Error).message })
      }
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

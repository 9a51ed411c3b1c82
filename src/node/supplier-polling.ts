// When a customer's IED asks suppliers what they offer: once after its start, and whenever one comes, or comes back. What that
// one said meanwhile was not heard here, and is said again only each `announceSeconds`.
//
// A thousand customers may see it come at one moment, so each asks at a time drawn, and one that got no answer asks again, later
// and later. Of each supplier one question is due at a time, however often it comes and goes.

import { instant } from '../../topology/units.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext } from './component.ts'
import type { SuppliersConfig } from './supplier-config.ts'

/** Peers are to be found first. */
const POLL_AFTER_MS = 5_000
/** The first wait before one that did not answer is asked again, if the spread is shorter; each further one is twice as long. */
const AGAIN_MS = 10_000
const TRIES = 6

/**
 * @param poll asks all, or those at this back end; never rejects
 * @returns what ends it
 */
export function pollSuppliers(
  { bus, chance, clock, links }: Pick<ComponentContext, 'bus' | 'chance' | 'clock' | 'links'>,
  { accept, fetchSpreadSeconds }: Pick<SuppliersConfig, 'accept' | 'fetchSpreadSeconds'>,
  poll: (
    at?: Pick<Credential, 'name' | 'organisation'>,
  ) => Promise<ReadonlyMap<string, { readonly isAnswered: boolean }>>,
): () => void {
  /** By whom it asks: what cancels it. */
  const due = new Map<string, () => void>()
  let stopped = false

  function after(waitMs: number, whom: string, run: () => Promise<unknown>): void {
    if (stopped || due.has(whom)) return
    const wake = (): void => {
      due.delete(whom)
      void run()
    }
    due.set(whom, clock.wakeAt(instant(clock.now() + waitMs), wake))
  }

  links.onPeer(({ credential: { name, organisation } }, state) => {
    if (state === 'down') return
    if (!accept.some(each => each.backEnd === name && each.organisation === organisation)) return
    after(chance() * fetchSpreadSeconds * 1000, `${organisation}/${name}`, () => askOne({ name, organisation }, 1))
  })

  async function askOne(at: Pick<Credential, 'name' | 'organisation'>, attempt: number): Promise<void> {
    const came = await poll(at)
    if (attempt >= TRIES || [...came.values()].every(({ isAnswered }) => isAnswered)) return
    const waitMs = Math.max(AGAIN_MS, fetchSpreadSeconds * 1000) * 2 ** (attempt - 1) * (0.5 + chance())
    after(waitMs, `${at.organisation}/${at.name}`, () => askOne(at, attempt + 1))
  }

  const cancel = bus.on('components-started', () => after(POLL_AFTER_MS, 'all', () => poll()))
  return () => {
    stopped = true
    cancel()
    for (const each of due.values()) each()
  }
}

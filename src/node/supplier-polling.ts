// When a customer's IED asks suppliers what they offer: once after its start, and whenever one comes, or comes back. What that
// one said meanwhile was not heard here, and is said again only each `announceSeconds`.
//
// A thousand customers may see it come at one moment, so each asks at a time drawn. Of each supplier one question is due at a
// time, however often it comes and goes.

import { instant } from '../../topology/units.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext } from './component.ts'
import type { SuppliersConfig } from './supplier-config.ts'

/** Peers are to be found first. */
const POLL_AFTER_MS = 5_000

/**
 * @param poll asks all, or those at this back end; never rejects
 * @returns what ends it
 */
export function pollSuppliers(
  { bus, chance, clock, links }: Pick<ComponentContext, 'bus' | 'chance' | 'clock' | 'links'>,
  { accept, fetchSpreadSeconds }: Pick<SuppliersConfig, 'accept' | 'fetchSpreadSeconds'>,
  poll: (at?: Pick<Credential, 'name' | 'organisation'>) => Promise<unknown>,
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
    const waitMs = chance() * fetchSpreadSeconds * 1000
    after(waitMs, `${organisation}/${name}`, () => poll({ name, organisation }))
  })
  const cancel = bus.on('components-started', () => after(POLL_AFTER_MS, 'all', () => poll()))
  return () => {
    stopped = true
    cancel()
    for (const each of due.values()) each()
  }
}

// This IED's ledger as its aggregator pulls it: by the sharing policy that holds, sealed to the back ends that are known.

import { createSource, type Recipient } from '../aggregation/source.ts'
import type { Credential } from '../mesh/credential.ts'
import { collectsAs } from './collecting-peers.ts'
import type { ComponentContext } from './component.ts'

export function openSource(context: ComponentContext, members: ReadonlySet<string>, releasedUpTo: () => number) {
  const { ledger, store, messenger, sharing, keys } = context
  return createSource({
    ledger,
    store,
    get policy() {
      return sharing.policy()
    },
    within: organisation =>
      sharing.within(organisation).map(({ reader, key }) => ({ reader, key: keys.keyOf(reader) ?? key })),
    sealing: context.sealing,
    utcNow: () => context.clock.utc(),
    recipients: recipientsOf(context),
    releasedUpTo,
    // Asked for with each batch: it may have been renewed.
    get credentialHash() {
      return context.credential.hash
    },
    alarm: alarm => context.report('alarm', { ...alarm, alarm: alarm.kind, members: members.size }),
  })

  /**
   * A back end counts once its credential is known; its key then checks receipts, connected or not. A department's back end
   * has that department in its credential: nobody gets what is a department's by being called so in a configuration here.
   */
  function recipientsOf({ links, bus }: ComponentContext): Map<string, Recipient> {
    const known = new Map<string, Recipient>()
    const mistaken = new Set<string>()
    const learn = (): void => {
      const wanted = sharing.backEnds()
      for (const backEnd of known.keys()) if (!wanted.some(each => each.backEnd === backEnd)) known.delete(backEnd)
      for (const { backEnd, organisation, department } of wanted) {
        const fits = collectsAs({ backEnd, organisation }, sharing)
        let shown: Credential | undefined
        const peerId = messenger.peerOf(backEnd, peer => {
          if (!fits(peer)) return false
          shown = peer
          return peer.department === department
        })
        if (peerId === undefined) {
          if (shown !== undefined) tellMistaken(backEnd, department, shown.department)
          known.delete(backEnd)
          continue
        }
        const reader = { organisation, department }
        const sealingKey = keys.keyOf(reader, backEnd) ?? sharing.keyOf(reader) ?? context.sealingKeyOf({ peerId })
        if (sealingKey === undefined) continue // never in clear instead
        known.set(backEnd, {
          organisation,
          department,
          sealingKey,
          verify: (bytes, signature) => context.verify(peerId, bytes, signature),
        })
      }
    }
    /** Once for each: it stays so until somebody changes the one or the other. */
    function tellMistaken(backEnd: string, wanted: string | undefined, has: string | undefined): void {
      const words = `its credential is of ${has ?? 'no department'}, want ${wanted ?? 'none'}`
      if (mistaken.has(`${backEnd} ${words}`) || mistaken.size > 256) return
      mistaken.add(`${backEnd} ${words}`)
      context.report('not-shared', { backEnd, words })
    }
    learn() // this one too, where an IED collects its own records
    links.onPeer((_, state) => state === 'up' && learn())
    links.onAnnounced(learn) // one that this IED is not connected to gets its records by the aggregator
    bus.on('sharing', learn)
    bus.on('sealing-key', learn)
    return known
  }
}

// Tariffs that suppliers offered before they begin: until then the one before holds, and from then on the new one, however late
// its document comes. A supplier cannot set a time afterwards: what counts is the time that was announced before it came. It may
// announce another one, or go back to what holds; then what was announced is withdrawn.

import { instant } from '../../topology/units.ts'
import type { TariffOffer } from '../aggregation/suppliers/supplier-message.ts'
import type { Clock } from './clock.ts'

/** A clock that is set meanwhile is looked at again. */
const LONGEST_WAIT_MS = 86_400_000

export interface AnnouncedTariffs {
  /** @param due when it begins, or sooner to look again */
  wait(offer: TariffOffer, due: () => void): void
  /** This document, with this beginning, is waited for. */
  has(offer: TariffOffer): boolean
  /** One that is not waited for was offered. */
  heard(offer: TariffOffer): void
  /** It is here now. @returns from when on it holds, where that was announced before */
  taken(offer: TariffOffer): number | undefined
  stop(): void
}

export function announcedTariffs(clock: Pick<Clock, 'now' | 'utc' | 'wakeAt'>): AnnouncedTariffs {
  /** One of each supplier: the last that it said. */
  const announced = new Map<string, { readonly offer: TariffOffer; readonly cancel: () => void }>()
  const isSame = (one: TariffOffer, other: TariffOffer): boolean =>
    one.fromUtcMs === other.fromUtcMs && Buffer.compare(one.sha256, other.sha256) === 0
  const has = (offer: TariffOffer): boolean => {
    const known = announced.get(offer.supplier)
    return known !== undefined && isSame(known.offer, offer)
  }
  return {
    has,
    wait(offer, due) {
      const known = announced.get(offer.supplier)
      if (known !== undefined && known.offer.issuedUtcMs > offer.issuedUtcMs) return
      known?.cancel()
      const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(0, offer.fromUtcMs - clock.utc()))
      announced.set(offer.supplier, { offer, cancel: clock.wakeAt(instant(clock.now() + waitMs), due) })
    },
    heard(offer) {
      const known = announced.get(offer.supplier)
      if (known === undefined || has(offer) || known.offer.issuedUtcMs >= offer.issuedUtcMs) return
      // A supplier with several tariffs goes on saying the others.
      if (known.offer.tariff !== offer.tariff) return
      known.cancel()
      announced.delete(offer.supplier)
    },
    taken(offer) {
      if (!has(offer)) return undefined
      announced.get(offer.supplier)?.cancel()
      announced.delete(offer.supplier)
      return offer.fromUtcMs
    },
    stop() {
      for (const { cancel } of announced.values()) cancel()
    },
  }
}

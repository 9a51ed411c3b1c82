// Where peers may be reached, and when to try next. Addresses are hints from anybody; who answers there is found out by
// noise and admission.

export interface Contact {
  readonly peerId: string | undefined
  readonly addresses: ReadonlySet<string>
  readonly failures: number
  /** Somebody with this peer id has answered and was admitted. */
  readonly reached: boolean
  readonly notBefore: number
}

const KEPT = 2048
/** Of one contact, the latest learnt first. */
const ADDRESSES_KEPT = 8
const FIRST_RETRY_MS = 500
/** Of a neighbour, a seed or a back end. */
export const LAST_RETRY_MS = 5000

const distinct = (addresses: readonly string[]): string[] => [...new Set(addresses)].slice(0, ADDRESSES_KEPT)

/**
 * @param chance uniform in [0, 1): the jitter that keeps peers that lost power together from returning in step
 */
export function addressBook(chance: () => number) {
  const contacts = new Map<string, Contact>()
  /** Room for one more: the oldest of those that were only heard of goes. Seeds, without a peer id, are configured. */
  function makeRoom(): boolean {
    if (contacts.size < KEPT) return true
    for (const [key, { peerId, reached }] of contacts) {
      if (peerId !== undefined && !reached) return contacts.delete(key)
    }
    return false
  }

  const keyOf = (peerId: string | undefined, addresses: readonly string[]): string => peerId ?? addresses.join()

  return {
    learn(peerId: string | undefined, addresses: readonly string[], now: number, waitMs = 0): void {
      if (addresses.length === 0) return
      const key = keyOf(peerId, distinct(addresses))
      const known = contacts.get(key)
      if (known === undefined && !makeRoom()) return
      const merged = new Set(distinct([...addresses, ...(known?.addresses ?? [])]))
      contacts.set(key, {
        peerId,
        addresses: merged,
        failures: known?.failures ?? 0,
        reached: known?.reached ?? false,
        notBefore: known?.notBefore ?? now + waitMs,
      })
    },
    of: (peerId: string): Contact | undefined => contacts.get(peerId),
    /** Contacts whose time has come: those that failed less often first, so that dead ones hold nobody up. */
    due(now: number): Contact[] {
      return [...contacts.values()]
        .filter(contact => contact.notBefore <= now)
        .sort((a, b) => a.failures - b.failures || a.notBefore - b.notBefore)
    },
    /** @param lastRetryMs to which the wait between two tries grows */
    trying(contact: Contact, now: number, lastRetryMs = LAST_RETRY_MS): void {
      const failures = contact.failures + 1
      const wait = Math.min(lastRetryMs, FIRST_RETRY_MS * 2 ** Math.min(contact.failures, 10))
      const notBefore = now + wait * (0.5 + chance())
      contacts.set(keyOf(contact.peerId, [...contact.addresses]), { ...contact, failures, notBefore })
    },
    /** @param address by which; it is tried first from now on */
    reached(peerId: string, now: number, address?: string): void {
      const known = contacts.get(peerId)
      if (known === undefined) return
      const addresses =
        address !== undefined && known.addresses.has(address) ? new Set([address, ...known.addresses]) : known.addresses
      const notBefore = now + FIRST_RETRY_MS * chance()
      contacts.set(peerId, { ...known, addresses, failures: 0, reached: true, notBefore })
    },
    /** The address is tried last from now on, and the contact at once. */
    failed(peerId: string, address: string): void {
      const known = contacts.get(peerId)
      if (known === undefined || !known.addresses.has(address)) return
      const others = [...known.addresses].filter(each => each !== address)
      contacts.set(peerId, { ...known, addresses: new Set([...others, address]), notBefore: 0 })
    },
    get size() {
      return contacts.size
    },
  }
}

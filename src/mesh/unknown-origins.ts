// Messages from origins whose credential is not known yet. They wait, and are neither used nor forwarded, while those that
// delivered them are asked for it, one after the other.
//
// What waits is bounded: so many origins, so many of them by one deliverer, and so many copies of each. Beyond that a
// message is dropped, and counts again when it is repeated: a deliverer that invents origins holds nobody else up.

export interface UnknownOriginsOptions<Copy, Found> {
  /** Never rejects. */
  ask(peerId: string, from: string): Promise<Found | undefined>
  /** Uses the copies that waited. */
  learnt(found: Found, copies: readonly Copy[]): void
}

export const ORIGINS_KEPT = 32
export const ORIGINS_BY_ONE = 8
const COPIES_KEPT = 32

interface Waiting<Copy> {
  /** Who delivered the first copy. */
  readonly by: string
  readonly copies: Copy[]
}

export function unknownOrigins<Copy extends { readonly from: string }, Found>(
  options: UnknownOriginsOptions<Copy, Found>,
) {
  const waiting = new Map<string, Waiting<Copy>>()

  function hasRoomFor(from: string): boolean {
    const byIt = [...waiting.values()].filter(({ by }) => by === from).length
    return waiting.size < ORIGINS_KEPT && byIt < ORIGINS_BY_ONE
  }

  async function firstFound(peerId: string, copies: readonly Copy[]): Promise<Found | undefined> {
    const asked = new Set<string>()
    // Further copies come while one deliverer is asked.
    for (const { from } of copies) {
      if (asked.has(from)) continue
      asked.add(from)
      const found = await options.ask(peerId, from)
      if (found !== undefined) return found
    }
    return undefined
  }

  return {
    /** @returns whether it waits */
    async wait(peerId: string, copy: Copy): Promise<boolean> {
      const known = waiting.get(peerId)
      if (known !== undefined) return known.copies.length < COPIES_KEPT && known.copies.push(copy) > 0
      if (!hasRoomFor(copy.from)) return false
      const copies = [copy]
      waiting.set(peerId, { by: copy.from, copies })
      const found = await firstFound(peerId, copies)
      waiting.delete(peerId)
      if (found !== undefined) options.learnt(found, copies)
      return true
    },
  }
}

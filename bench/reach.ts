// When a message had reached everybody, from what each receiver noted.

/**
 * For each message that everybody got: from its sending to the last receiver's first copy, ms.
 *
 * @param sentMs when each message was sent, by its number
 * @param noted by receiver, which message came and when, copy by copy in the order of their coming
 */
export function lastAfter(
  sentMs: ReadonlyMap<number, number>,
  noted: readonly (readonly (readonly [message: number, atMs: number])[])[],
): number[] {
  const reached = new Map<number, { receivers: number; lastMs: number }>()
  for (const copies of noted) {
    // Later entries would win in a Map, and the first copy is the one that counts.
    for (const [message, atMs] of new Map([...copies].reverse())) {
      const { receivers, lastMs } = reached.get(message) ?? { receivers: 0, lastMs: atMs }
      reached.set(message, { receivers: receivers + 1, lastMs: Math.max(lastMs, atMs) })
    }
  }
  return [...sentMs].flatMap(([message, atMs]) => {
    const seen = reached.get(message)
    return seen?.receivers === noted.length ? [seen.lastMs - atMs] : []
  })
}

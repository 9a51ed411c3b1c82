// Which addresses of a peer are tried, and in which order.

const HOST = String.raw`/(?:ip4|ip6|dns|dns4|dns6)/[^/]+/tcp/\d{1,5}`
const PEER = `/p2p/[A-Za-z0-9]{1,128}`
const DIALABLE = new RegExp(`^${HOST}(?:${PEER})?(?:${PEER}/p2p-circuit(?:${PEER})?|/p2p-circuit${PEER})?$`)

export const isRelayed = (address: string): boolean => address.includes('/p2p-circuit')

const isLoopback = (address: string): boolean => /^\/(?:ip4\/127\.|ip6\/::1\/)/.test(address)

/**
 * With the peer's id at the end; undefined for what leads elsewhere or is no address of ours to try: somebody else wrote
 * it.
 */
export function addressOf(peerId: string, address: string): string | undefined {
  if (!DIALABLE.test(address)) return undefined
  const [, last] = /\/p2p\/([A-Za-z0-9]+)$/.exec(address) ?? []
  if (last === peerId) return address
  if (last !== undefined) return undefined
  return `${address}/p2p/${peerId}`
}

/** Loopback leads another machine to itself, so it is announced only where there is nothing else. */
export function addressesToAnnounce(addresses: readonly string[]): string[] {
  const elsewhere = addresses.filter(address => !isLoopback(address))
  return [...new Set(elsewhere.length > 0 ? elsewhere : addresses)]
}

/** Without the id of the peer that is expected there. */
export const hostOf = (address: string): string => address.replace(/\/p2p\/[A-Za-z0-9]+$/, '')

/** Direct ones first: a relay is for where none of them gets through. */
export const inTurn = (addresses: Iterable<string>): string[] =>
  [...addresses].sort((a, b) => Number(isRelayed(a)) - Number(isRelayed(b)))

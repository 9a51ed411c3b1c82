// Where datagrams are received: on the addresses that TCP listens on, and on its port numbers where those are free.

import type { Place } from './datagram-keys.ts'

/** A wildcard and a few addresses are what configurations have. Further ones are served by the stream. */
const MAX_SOCKETS = 8
const TCP = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/

/**
 * @param listen addresses as configured, where port 0 takes a free one
 * @param listening what came of them, in the same notation
 * @param port for all of them, in place of TCP's
 */
export function protectionPlaces(listen: readonly string[], listening: readonly string[], port?: number): Place[] {
  const places = new Map<string, Place>()
  for (const each of listen) {
    const [, address, configured] = TCP.exec(each) ?? []
    if (address === undefined) continue
    const taken = listening.map(one => TCP.exec(one)).find(one => one?.[1] === address)?.[2]
    const chosen = port ?? (Number(configured) || Number(taken ?? 0))
    if (!places.has(address)) places.set(address, { address, port: chosen })
  }
  return [...places.values()].slice(0, MAX_SOCKETS)
}

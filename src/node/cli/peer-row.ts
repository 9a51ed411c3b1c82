// A peer in the table of `feedermesh peers`.

type Row = Record<string, unknown>

/**
 * For a terminal of 160 columns; `--json` has all of it. What is measured of the link stands in columns of its own, the end
 * of a peer id tells peers apart, and a relayed peer's address has the relay in it.
 */
export const peerRow = ({ link, peerId, address, relayed: _, connectedSeconds, ...peer }: Row): Row => {
  const { name, organisation, roles, ...measured } = peer
  const own = `/p2p/${peerId}`
  return {
    name,
    organisation,
    roles,
    peerId: shortId(String(peerId)),
    address: String(address).replace(own, '').replace(PEER_ID, shortId),
    seconds: connectedSeconds,
    ...measured,
    ...(link as object | undefined),
  }
}

const PEER_ID = /(?:12D3|Qm)[1-9A-HJ-NP-Za-km-z]{30,}/g
const shortId = (id: string): string => (id.length > 9 ? `…${id.slice(-8)}` : id)

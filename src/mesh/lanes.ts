// Two lanes to a neighbour. TCP delivers in order, so on one connection a protection frame waits behind all the bulk that
// was written before it, and one lost segment of bulk holds it up by a retransmission time. So where a connection carries
// the pair's protection stream, bulk goes on a second connection to the same peer. It is dialled when the first bulk is to
// go, stays while the peer does, and both sides use the same one. Where no second one can be had (the peer can't be
// dialled, this one never dials), bulk shares the first, in small pieces: see `bulk-pace.ts`.

import type { Connection } from '@libp2p/interface'
import { PROTECTION_PROTOCOL } from './held-stream.ts'

export interface LanesOptions {
  /** A further connection to the peer of this one. Rejects when there is none to be had. */
  dialAgain(primary: Connection, signal: AbortSignal): Promise<Connection>
  /** Whether this peer keeps a protection link to that one, up or not. */
  isHeld(peerId: string): boolean
}

export interface Lanes {
  /** The connection on which bulk goes, given the one on which all else does. Never rejects. */
  forBulk(primary: Connection): Promise<Connection>
  /** A question came in on this connection: when it is none of protection's, the other side has it for its bulk. */
  heardOn(connection: Connection, primary: Connection): void
}

const carriesProtection = ({ streams }: Connection): boolean =>
  streams.some(({ protocol }) => protocol === PROTECTION_PROTOCOL)

const DIAL_MS = 2000
/** After a dial that failed. */
const DIAL_AGAIN_MS = 30_000

export function lanes({ dialAgain, isHeld }: LanesOptions): Lanes {
  /** By peer; entries go when the peer has no open connection in them. */
  const lane = new Map<string, Connection>()
  const dialling = new Map<string, Promise<Connection | undefined>>()
  /** Whom a dial failed to reach lately. */
  const unreachable = new Set<string>()

  const known = (primary: Connection): Connection | undefined => {
    const found = lane.get(String(primary.remotePeer))
    const isFree =
      found !== undefined && found.status === 'open' && found.id !== primary.id && !carriesProtection(found)
    return isFree ? found : undefined
  }

  function keep(peerId: string, connection: Connection): void {
    lane.set(peerId, connection)
    connection.addEventListener('close', () => {
      if (lane.get(peerId) === connection) lane.delete(peerId)
    })
  }

  async function dial(peerId: string, primary: Connection): Promise<Connection | undefined> {
    try {
      const opened = await dialAgain(primary, AbortSignal.timeout(DIAL_MS))
      if (opened.id === primary.id) return undefined
      keep(peerId, opened)
      return opened
    } catch {
      unreachable.add(peerId)
      setTimeout(() => unreachable.delete(peerId), DIAL_AGAIN_MS).unref()
      return undefined
    } finally {
      dialling.delete(peerId)
    }
  }

  return {
    async forBulk(primary) {
      const peerId = String(primary.remotePeer)
      if (!isHeld(peerId) && !carriesProtection(primary)) return primary
      const ready = known(primary)
      if (ready !== undefined) return ready
      if (unreachable.has(peerId)) return primary
      const under = dialling.get(peerId) ?? dial(peerId, primary)
      dialling.set(peerId, under)
      return (await under) ?? primary
    },
    heardOn(connection, primary) {
      if (connection.id === primary.id || carriesProtection(connection) || known(primary) !== undefined) return
      keep(String(primary.remotePeer), connection)
    },
  }
}

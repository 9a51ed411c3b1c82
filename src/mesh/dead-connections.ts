// Connections over which nothing comes any more. TCP alone would notice after minutes that the other side has gone, or the
// network in between: a connection that is suspected, or whose turn it is, is asked a question that any live one answers.
// What is dead is cut, so that the peer's other addresses are tried at once.

import type { Connection } from '@libp2p/interface'
import type { MeshError } from './mesh-error.ts'

export interface DeadConnectionsOptions {
  /** Any answer within this time will do. Rejects without one. */
  ask(connection: Connection, withinMs: number): Promise<unknown>
  /** What admission may take on it, which grows with the delay of the link. */
  patienceMs(connection: Connection): number
  cut(connection: Connection): void
  now(): number
  log(event: string, fields: Record<string, unknown>): void
}

export interface DeadConnections {
  /** Something on it did not come in time. */
  suspect(connection: Connection): void
  /** Now and then, without a reason. */
  routine(connection: Connection): void
  stop(): void
}

/** What is asked of a suspected connection gets no less time than this; as a matter of routine, than that. */
const SUSPECT_MS = 2000
const ROUTINE_MS = 6000

/** Who refuses, or says that it does not speak the protocol, is alive. */
const isAnswer = ({ code, cause }: MeshError): boolean =>
  code === 'MESH_REFUSED' || (cause as Error | undefined)?.name === 'UnsupportedProtocolError'

export function deadConnections({ ask, patienceMs, cut, now, log }: DeadConnectionsOptions): DeadConnections {
  const asked = new WeakSet<Connection>()
  let stopping = false

  async function check(connection: Connection, leastMs: number): Promise<void> {
    if (asked.has(connection) || connection.status !== 'open') return
    asked.add(connection)
    const withinMs = Math.max(leastMs, patienceMs(connection))
    const began = now()
    try {
      await ask(connection, withinMs)
    } catch (error) {
      if (isAnswer(error as MeshError) || connection.status !== 'open' || stopping) return
      // A time-out that comes late says that this process was held up, and nothing of the other side.
      if (now() - began > 1.5 * withinMs) return
      log('connection-dead', { peerId: connection.remotePeer.toString(), address: connection.remoteAddr.toString() })
      cut(connection)
    } finally {
      asked.delete(connection)
    }
  }

  return {
    suspect: connection => void check(connection, SUSPECT_MS),
    routine: connection => void check(connection, ROUTINE_MS),
    stop() {
      stopping = true
    },
  }
}

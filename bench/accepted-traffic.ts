// What this process sends over the TCP connections that it has accepted, with all that noise, yamux and libp2p add to it.
// TCP's own headers, and what it sends again, are the kernel's and not in it.

import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** To be called before anybody connects. @returns the bytes so far */
export function acceptedTraffic(): () => number {
  const open = new Set<Socket>()
  let closed = 0
  subscribe('net.server.socket', message => {
    const { socket } = message as { readonly socket: Socket }
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      closed += socket.bytesWritten
    })
  })
  return () => [...open].reduce((sum, { bytesWritten }) => sum + bytesWritten, closed)
}

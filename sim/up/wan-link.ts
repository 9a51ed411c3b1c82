// The link to a back-end peer, as a TCP forwarder that can be cut: what was open breaks, and nobody gets through until
// it is whole again.

import { createConnection, createServer, type Socket } from 'node:net'

export interface WanLink {
  readonly port: number
  cut(): void
  restore(): void
  stop(): Promise<void>
}

export async function startWanLink(port: number, toPort: number): Promise<WanLink> {
  const sockets = new Set<Socket>()
  let whole = true
  const track = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer(near => {
    if (!whole) return void near.destroy()
    const far = track(createConnection({ host: '127.0.0.1', port: toPort }))
    track(near).pipe(far).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    cut() {
      whole = false
      breakAll()
    },
    restore() {
      whole = true
    },
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        breakAll()
      }),
  }
}

// A slow link in front of a port: TCP connections are forwarded with a rate that all of them share, a delay each way, and
// silences in which nothing passes and nothing is lost. What does not fit into its small queue is held back at the sender,
// as a modem does.

import { createConnection, createServer, type Socket } from 'node:net'

export interface SlowLinkOptions {
  readonly bitsPerSecond: number
  /** One way. */
  readonly delayMs: number
}

export interface SlowLink {
  readonly port: number
  /** Nothing passes for so long; connections stay open. */
  silence(ms: number): void
  /** Bytes that came out at the other end so far, to the port and from it. */
  readonly carried: { readonly to: number; readonly from: number }
  stop(): Promise<void>
}

/** One direction waits when so much is under way: about a second's worth at 20 kbit/s. */
const QUEUE_BYTES = 4096
const PIECE_BYTES = 512

export async function startSlowLink(port: number, toPort: number, options: SlowLinkOptions): Promise<SlowLink> {
  const sockets = new Set<Socket>()
  let silentUntil = 0
  const carried = { to: 0, from: 0 }
  const free = { to: 0, from: 0 }

  /** When the last byte of this piece is at the other end. */
  function arrival(way: 'to' | 'from', bytes: number): number {
    const begins = Math.max(performance.now(), free[way], silentUntil)
    free[way] = begins + (bytes * 8000) / options.bitsPerSecond
    return free[way] + options.delayMs
  }

  function carry(source: Socket, sink: Socket, way: 'to' | 'from'): void {
    // One queue and one timer: timers of different lengths need not end in the order of their ends, and a byte out of its
    // place ends an encrypted connection.
    const queue: { readonly piece: Buffer; readonly at: number }[] = []
    let underWay = 0
    let timer: NodeJS.Timeout | undefined
    source.on('data', data => {
      for (let at = 0; at < data.length; at += PIECE_BYTES) {
        const piece = data.subarray(at, at + PIECE_BYTES)
        underWay += piece.length
        queue.push({ piece, at: arrival(way, piece.length) })
      }
      if (underWay > QUEUE_BYTES) source.pause()
      if (timer === undefined) deliver()
    })
    function deliver(): void {
      timer = undefined
      for (let first = queue[0]; first !== undefined; first = queue[0]) {
        // A silence that began meanwhile holds back what is on the way too.
        const waitMs = Math.max(first.at, silentUntil) - performance.now()
        if (waitMs > 0) {
          timer = setTimeout(deliver, waitMs)
          return
        }
        queue.shift()
        underWay -= first.piece.length
        carried[way] += first.piece.length
        if (!sink.destroyed) sink.write(first.piece)
        if (underWay <= QUEUE_BYTES) source.resume()
      }
    }
    source.on('error', () => sink.destroy())
    source.on('close', () => setTimeout(() => sink.destroy(), options.delayMs))
  }

  const track = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer(near => {
    track(near)
    const far = track(createConnection({ host: '127.0.0.1', port: toPort }))
    carry(near, far, 'to')
    carry(far, near, 'from')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as { port: number }
  return {
    port: address.port,
    silence(ms) {
      silentUntil = performance.now() + ms
    },
    carried,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

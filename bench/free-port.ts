// A TCP port of loopback that nobody listens on, for who must know its port before it starts.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const given = new Set<number>()

/** Below those that systems give out for port 0, so that nobody gets it before it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + randomInt(12_000)
    if (given.has(port)) continue
    const server = createServer()
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise(resolve => server.close(resolve))
    given.add(port)
    return port
  }
}

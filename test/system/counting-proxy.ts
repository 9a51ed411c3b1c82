// Stands between an agent and its Modbus device, and counts what is written: what really reached the device.

import { connect, createServer, type Socket } from 'node:net'

export interface CountingProxy {
  readonly port: number
  /** Coils written so far, in order: address and whether it was set. */
  readonly writes: readonly string[]
  stop(): Promise<void>
}

const WRITE_COIL = 5

export async function startCountingProxy(devicePort: number): Promise<CountingProxy> {
  const writes: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const device = connect(devicePort, '127.0.0.1')
    for (const socket of [client, device]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        device.destroy()
      })
    }
    let rest = Buffer.alloc(0)
    client.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      // MBAP: transaction, protocol, length of what follows; then unit, function, and for a coil its address and value.
      while (rest.length >= 6 && rest.length >= 6 + rest.readUInt16BE(4)) {
        const frame = rest.subarray(0, 6 + rest.readUInt16BE(4))
        rest = rest.subarray(frame.length)
        if (frame[7] === WRITE_COIL)
          writes.push(`${frame.readUInt16BE(8)} ${frame.readUInt16BE(10) === 0xff00 ? 'on' : 'off'}`)
      }
      device.write(chunk)
    })
    device.on('data', chunk => client.write(chunk))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    writes,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

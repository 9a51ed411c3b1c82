// Fifty simulated meters: the library's own Modbus TCP servers, with the register image of an Eastron SDM630 each, in a
// process of their own.

import { ServerTCP } from 'modbus-serial'
import { freePort } from './free-port.ts'

export interface ServersReady {
  readonly kind: 'ready'
  readonly ports: readonly number[]
}

const count = Number(process.argv[2])
/** 0x43660000 is 230.0 as a float: something that every quantity may be. */
const register = (address: number): number => (address % 2 === 0 ? 0x4366 : 0)

const ports: number[] = []
for (let each = 0; each < count; each++) {
  const port = await freePort() // the library takes port 0 for 502
  const server = new ServerTCP(
    { getInputRegister: register, getHoldingRegister: register },
    { host: '127.0.0.1', port, unitID: 255 },
  )
  await new Promise<void>(resolve => server.on('initialized', () => resolve()))
  ports.push(port)
}
process.on('disconnect', () => process.exit(0))
process.send?.({ kind: 'ready', ports } satisfies ServersReady)

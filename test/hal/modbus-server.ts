// Real Modbus TCP servers (the library's own) with register images that a test writes down.

import { type AddressInfo, createServer } from 'node:net'
import { ServerTCP } from 'modbus-serial'

export interface Image {
  readonly holding?: ReadonlyMap<number, number>
  readonly input?: ReadonlyMap<number, number>
}

export interface ModbusServer {
  readonly port: number
  stop(): Promise<void>
}

/** `{ 3027: '4366 0000' }`: from this address on these registers, in hexadecimal. */
export function registers(dump: { readonly [address: number]: string }): Map<number, number> {
  const image = new Map<number, number>()
  for (const [address, words] of Object.entries(dump)) {
    for (const [index, word] of words.trim().split(/\s+/).entries())
      image.set(Number(address) + index, parseInt(word, 16))
  }
  return image
}

/** Registers that are not in the image are refused (exception 2), but for those in a gap of up to `maxGap` between two that are. */
export async function serveImage(image: Image, maxGap = 16): Promise<ModbusServer> {
  const at = (table: ReadonlyMap<number, number> | undefined, address: number): number => {
    const value = table?.get(address)
    if (value !== undefined) return value
    const isNear = (step: 1 | -1): boolean =>
      Array.from({ length: maxGap }, (_, i) => address + step * (i + 1)).some(near => table?.has(near))
    if (isNear(1) && isNear(-1)) return 0
    throw Object.assign(new Error('no such register'), { modbusErrorCode: 2 })
  }
  const vector = {
    getHoldingRegister: (address: number) => at(image.holding, address),
    getInputRegister: (address: number) => at(image.input, address),
  }
  for (let left = 20; ; left--) {
    const port = await freePort() // the library takes port 0 for 502
    const server = new ServerTCP(vector, { host: '127.0.0.1', port, unitID: 255 })
    const isUp = await new Promise<boolean>(resolve => {
      server.on('initialized', () => resolve(true))
      server.on('serverError', () => resolve(false)) // somebody else has got it meanwhile
    })
    if (isUp) return { port, stop: () => new Promise(resolve => server.close(() => resolve())) }
    if (left === 0) throw new Error('no port for a server')
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

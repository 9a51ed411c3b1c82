// Real Modbus TCP servers (the library's own) with register images that a test writes down.

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
  const server = new ServerTCP(
    {
      getHoldingRegister: (address: number) => at(image.holding, address),
      getInputRegister: (address: number) => at(image.input, address),
    },
    { host: '127.0.0.1', port: 0, unitID: 255 },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.on('initialized', () =>
      resolve((server as unknown as { _server: { address(): { port: number } } })._server.address().port),
    )
    server.on('serverError', reject)
  })
  return { port, stop: () => new Promise(resolve => server.close(() => resolve())) }
}

// A SunSpec device: the library's own Modbus TCP server over a register image.

import type { AddressInfo, Server, Socket } from 'node:net'
import { ServerTCP } from 'modbus-serial'

export interface SunspecDevice {
  readonly port: number
  /** What it serves; a register that is not in it is refused. */
  registers: ReadonlyMap<number, number>
  /** Reads so far. */
  reads(): number
  stop(): Promise<void>
}

export async function startSunspecDevice(registers: ReadonlyMap<number, number>): Promise<SunspecDevice> {
  let reads = 0
  const read = (address: number, count: number): number[] => {
    reads++
    const values = Array.from({ length: count }, (_, i) => device.registers.get(address + i))
    // The library sends what is thrown with a code as that exception.
    if (values.includes(undefined)) throw { modbusErrorCode: 2 }
    return values as number[]
  }
  const vector = {
    getHoldingRegister: (address: number) => read(address, 1)[0] as number,
    getMultipleHoldingRegisters: (address: number, length: number) => read(address, length),
  }
  // The library takes a port of 0 for "none given", hence the text, which the net module reads as 0.
  const server = new ServerTCP(vector, { host: '127.0.0.1', port: '0' as unknown as number, unitID: 255 })
  server.on('socketError', () => {})
  server.on('error', () => {})
  await new Promise<void>(resolve => server.on('initialized', () => resolve()))
  const listening = Reflect.get(server, '_server') as Server
  const device: SunspecDevice = {
    port: (listening.address() as AddressInfo).port,
    registers,
    reads: () => reads,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of server.socks.keys() as IterableIterator<Socket>) socket.destroy()
      }),
  }
  return device
}

// One field device: a Modbus TCP server on the loopback whose registers are computed when they are read.

import type { AddressInfo, Server, Socket } from 'node:net'
import { ServerTCP } from 'modbus-serial'
import { COILS, type DeviceView, METER_BLOCK, meterRegisters, STATUS_BLOCK, statusRegisters } from './registers.ts'

export interface SimulatedDeviceOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Called for each request: what the device shows now. */
  readonly look: () => DeviceView
  /** A coil was written. Not called for a coil that the device lacks. */
  readonly write: (coil: keyof typeof COILS, value: boolean) => void
}

export interface SimulatedDevice {
  readonly port: number
  /** Resolves when the port is free and every connection has gone. Idempotent. */
  stop(): Promise<void>
}

/** Modbus exceptions. The library sends what is thrown with a code; silence would look like a dead device. */
const ILLEGAL_ADDRESS = { modbusErrorCode: 2 }
const MAX_REGISTERS = 125
const ILLEGAL_VALUE = { modbusErrorCode: 3 }

/** @throws Error when the port is taken */
export async function startSimulatedDevice({ port, look, write }: SimulatedDeviceOptions): Promise<SimulatedDevice> {
  const vector = {
    getInputRegister: (address: number) => readInput(look(), address, 1)[0] ?? refuse(ILLEGAL_ADDRESS),
    getMultipleInputRegisters: (address: number, length: number) => readInput(look(), address, length),
    getHoldingRegister: () => refuse(ILLEGAL_ADDRESS),
    getDiscreteInput: () => refuse(ILLEGAL_ADDRESS),
    getCoil: (address: number) => readCoil(look(), address),
    setCoil(address: number, value: boolean) {
      const coil = coilAt(look(), address)
      // Open, trip and close are pulses: writing 0 to them is allowed and does nothing.
      if (coil === 'shed' || value) write(coil, value)
    },
    setRegister: () => refuse(ILLEGAL_ADDRESS),
  }
  // The library takes a port of 0 for "none given", hence the text, which the net module reads as 0.
  const server = new ServerTCP(vector, { host: '127.0.0.1', port: String(port) as unknown as number, unitID: 255 })
  await new Promise<void>((resolve, reject) => {
    server.on('initialized', () => resolve())
    server.on('serverError', error => reject(error ?? new Error('server error')))
  })
  server.on('socketError', () => {}) // a client that vanished
  server.on('error', () => {})
  const listening = netServerOf(server)
  const address = listening.address() as AddressInfo

  let stopped: Promise<void> | undefined
  return {
    port: address.port,
    stop() {
      stopped ??= new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of server.socks.keys() as IterableIterator<Socket>) socket.destroy()
      })
      return stopped
    },
  }
}

/** The library does not show the port it listens on. */
function netServerOf(server: ServerTCP): Server {
  return Reflect.get(server, '_server') as Server
}

function refuse(exception: { readonly modbusErrorCode: number }): never {
  throw exception
}

function readInput(view: DeviceView, address: number, length: number): number[] {
  if (length > MAX_REGISTERS) refuse(ILLEGAL_VALUE)
  for (const [block, registers] of [
    [METER_BLOCK, meterRegisters],
    [STATUS_BLOCK, statusRegisters],
  ] as const) {
    if (address >= block.start && address + length <= block.end) {
      return [...registers(view).slice(address - block.start, address - block.start + length)]
    }
  }
  return refuse(ILLEGAL_ADDRESS)
}

/** The coil at an address, if this device has it. */
function coilAt({ shown }: DeviceView, address: number): keyof typeof COILS {
  if (address === COILS.shed && shown.shed !== undefined) return 'shed'
  if (address === COILS.open && shown.position !== undefined) return 'open'
  if (address === COILS.close && shown.position !== undefined) return 'close'
  if (address === COILS.trip && shown.position !== undefined) return 'trip'
  return refuse(ILLEGAL_ADDRESS)
}

/** Open, trip and close read as the position that they lead to. */
function readCoil(view: DeviceView, address: number): boolean {
  const status = statusRegisters(view)
  switch (coilAt(view, address)) {
    case 'open':
    case 'trip':
      return status[0] === 1
    case 'close':
      return status[0] === 2
    case 'shed':
      return status[1] === 1
  }
}

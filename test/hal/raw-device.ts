// A Modbus TCP server on a bare socket, so that a test can answer anything at all.

import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface RawRequest {
  readonly transaction: number
  readonly unit: number
  readonly code: number
  readonly address: number
  /** Count for a read, value for a write. */
  readonly operand: number
  /** What follows them. */
  readonly rest: Buffer
}

export interface RawDevice {
  readonly port: number
  readonly requests: RawRequest[]
  /** Input registers and coils that it serves when nothing else is told. */
  readonly registers: Map<number, number>
  readonly coils: Map<number, boolean>
  readonly holding: Map<number, number>
  /** Replaces the honest answer. Returns bytes to send, or nothing for silence. */
  answer: ((request: RawRequest, socket: Socket, honest: () => Buffer) => Buffer | undefined) | undefined
  /** Called after a coil was written. */
  onWrite: ((address: number, value: boolean) => void) | undefined
  /** Called after a holding register was written. */
  onRegister: ((address: number, value: number) => void) | undefined
  connections(): number
  stop(): Promise<void>
}

export const frame = (request: Pick<RawRequest, 'transaction' | 'unit'>, ...pdu: number[]): Buffer => {
  const bytes = Buffer.alloc(7 + pdu.length)
  bytes.writeUInt16BE(request.transaction, 0)
  bytes.writeUInt16BE(pdu.length + 1, 4)
  bytes.writeUInt8(request.unit, 6)
  bytes.set(pdu, 7)
  return bytes
}

export const exception = (request: RawRequest, code: number): Buffer => frame(request, request.code | 0x80, code)

export async function startRawDevice(port = 0): Promise<RawDevice> {
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer(socket => {
    count++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let received = Buffer.alloc(0)
    socket.on('data', data => {
      received = Buffer.concat([received, data])
      for (let end = lengthOf(received); received.length >= end; end = lengthOf(received)) {
        const request: RawRequest = {
          transaction: received.readUInt16BE(0),
          unit: received.readUInt8(6),
          code: received.readUInt8(7),
          address: received.readUInt16BE(8),
          operand: received.readUInt16BE(10),
          rest: Buffer.from(received.subarray(12, end)),
        }
        received = received.subarray(end)
        device.requests.push(request)
        const bytes = device.answer ? device.answer(request, socket, () => honest(request)) : honest(request)
        if (bytes !== undefined && !socket.destroyed) socket.write(bytes)
      }
    })
  })
  const setRegister = (address: number, value: number): void => {
    device.holding.set(address, value)
    device.onRegister?.(address, value)
  }
  const honest = (request: RawRequest): Buffer => {
    const { code, address, operand, rest } = request
    const addresses = Array.from({ length: operand }, (_, i) => address + i)
    switch (code) {
      case 1: {
        const bytes = Array.from({ length: Math.ceil(operand / 8) }, (_, n) =>
          addresses
            .slice(8 * n, 8 * n + 8)
            .reduce((byte, a, i) => byte | (Number(device.coils.get(a) ?? false) << i), 0),
        )
        return frame(request, 1, bytes.length, ...bytes)
      }
      case 4: {
        if (addresses.some(a => !device.registers.has(a))) return exception(request, 2)
        const bytes = addresses.flatMap(a => twoBytes(device.registers.get(a) ?? 0))
        return frame(request, 4, bytes.length, ...bytes)
      }
      case 3: {
        if (addresses.some(a => !device.holding.has(a))) return exception(request, 2)
        const bytes = addresses.flatMap(a => twoBytes(device.holding.get(a) ?? 0))
        return frame(request, 3, bytes.length, ...bytes)
      }
      case 6:
        setRegister(address, operand)
        return frame(request, 6, ...twoBytes(address), ...twoBytes(operand))
      case 16:
        for (const a of addresses) setRegister(a, rest.readUInt16BE(1 + 2 * (a - address)))
        return frame(request, 16, ...twoBytes(address), ...twoBytes(operand))
      case 22: {
        const or = rest.readUInt16BE(0)
        setRegister(address, ((device.holding.get(address) ?? 0) & operand) | (or & ~operand))
        return frame(request, 22, ...twoBytes(address), ...twoBytes(operand), ...twoBytes(or))
      }
      case 5: {
        device.coils.set(address, operand === 0xff00)
        device.onWrite?.(address, operand === 0xff00)
        return frame(request, 5, address >> 8, address & 0xff, operand >> 8, operand & 0xff)
      }
      default:
        return exception(request, 1)
    }
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const device: RawDevice = {
    port: (server.address() as AddressInfo).port,
    requests: [],
    registers: new Map(),
    coils: new Map(),
    holding: new Map(),
    answer: undefined,
    onWrite: undefined,
    onRegister: undefined,
    connections: () => count,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return device
}

const twoBytes = (value: number): [number, number] => [value >> 8, value & 0xff]

/** Of the frame at the start; at least 12, as every request here has. */
const lengthOf = (received: Buffer): number => Math.max(12, received.length < 6 ? 12 : 6 + received.readUInt16BE(4))

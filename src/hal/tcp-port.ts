// A Modbus TCP connection as modbus-serial wants its ports: a whole frame in, a whole frame out, with the checksum of a
// serial line at its end, and one request at a time.
//
// The library's own port is not used: it hands on what answers an older request, takes lengths that no frame has, keeps the
// state of 256 requests, and spends as long on each answer as the system takes to bring it.

import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { crc16 } from './rtu-port.ts'

/** Transaction, protocol and length; unit and function follow. */
const HEAD_BYTES = 6
/** Unit, function and what belongs to it: the protocol's longest. */
const MAX_LENGTH = 254
const CRC_BYTES = 2
const NOTHING = Buffer.alloc(0)

/** Emits `data` with each answer to the last request. What answers another one is thrown away. */
export function tcpPort(socket: Socket) {
  let received: Buffer = NOTHING
  let transaction = 0
  let isOutOfStep = false

  const port = Object.assign(new EventEmitter(), {
    open: (done: () => void) => done(),
    close: (done?: () => void) => void socket.end(done),
    destroy: () => void socket.destroy(),
    write(request: Buffer) {
      transaction = (transaction + 1) & 0xffff
      const length = request.length - CRC_BYTES
      const frame = Buffer.allocUnsafe(HEAD_BYTES + length)
      frame.writeUInt32BE(transaction * 0x10000, 0) // the protocol is 0
      frame.writeUInt16BE(length, 4)
      request.copy(frame, HEAD_BYTES, 0, length)
      socket.write(frame)
    },
  })
  Object.defineProperty(port, 'isOpen', { get: () => socket.writable })

  socket.on('data', (bytes: Buffer) => {
    if (isOutOfStep) return
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
    let start = 0
    while (received.length - start > HEAD_BYTES) {
      const length = received.readUInt16BE(start + 4)
      if (length > MAX_LENGTH) {
        // Not Modbus, or no longer in step with it: nothing that follows can be trusted. The request runs into its time-out.
        isOutOfStep = true
        received = NOTHING
        return
      }
      const end = start + HEAD_BYTES + length
      if (received.length < end) break
      if (received.readUInt16BE(start) === transaction) handOn(received, start + HEAD_BYTES, end)
      start = end
    }
    if (start > 0) received = start === received.length ? NOTHING : received.subarray(start)
  })

  function handOn(from: Buffer, start: number, end: number): void {
    const frame = Buffer.allocUnsafe(end - start + CRC_BYTES)
    from.copy(frame, 0, start, end)
    frame.writeUInt16LE(crc16(from.subarray(start, end)), end - start)
    port.emit('data', frame)
  }

  return port
}

// A serial line as modbus-serial wants its ports: requests go out after the silence that separates frames, and an answer
// is what has the asked unit, the asked function (or its exception) and a right checksum, wherever in the noise it begins.
//
// The library's own port is not used: it hands on whatever has the right length, does not know function 22, keeps what
// came late for the next request, and says nothing of an answer that is cut off until the time-out.

import { EventEmitter } from 'node:events'
import type { SerialPort } from 'serialport'

export type Parity = 'none' | 'even' | 'odd'

export interface SerialLine {
  readonly path: string
  readonly baudRate: number
  readonly parity: Parity
  readonly dataBits: 7 | 8
  readonly stopBits: 1 | 2
}

/** The longest frame of the protocol. What a line has beyond it is noise, of which the oldest bytes give way. */
const MAX_FRAME = 256
const EXCEPTION_BYTES = 5
/** USB converters pass on what they have every 16 ms or so: a frame with a pause this long in it will not go on. */
const BROKEN_OFF_MS = 60

/** Silence between two frames: 3.5 characters, and 1.75 ms above 19200 Bd. */
export function silenceMs({ baudRate, parity, dataBits, stopBits }: Omit<SerialLine, 'path'>): number {
  if (baudRate > 19_200) return 1.75
  const bitsOfCharacter = 1 + dataBits + (parity === 'none' ? 0 : 1) + stopBits
  return (3.5 * bitsOfCharacter * 1000) / baudRate
}

/** Bytes of the answer to a request, with unit and checksum. */
export function answerBytes(request: Buffer): number {
  const operand = request.readUInt16BE(4)
  switch (request[1]) {
    case 1:
    case 2:
      return 5 + Math.ceil(operand / 8)
    case 3:
    case 4:
      return 5 + 2 * operand
    case 22:
      return 10
    default:
      return 8
  }
}

/** The first frame in `received` that answers `request`. */
export function findAnswer(received: Buffer, request: Buffer): Buffer | undefined {
  const [unit, code = 0] = request
  const wanted = answerBytes(request)
  for (let start = 0; start + EXCEPTION_BYTES <= received.length; start++) {
    if (received[start] !== unit) continue
    const length = received[start + 1] === code ? wanted : received[start + 1] === (code | 0x80) ? EXCEPTION_BYTES : 0
    if (length === 0 || start + length > received.length) continue
    const frame = received.subarray(start, start + length)
    if (frame.readUInt16LE(length - 2) === crc16(frame.subarray(0, -2))) return frame
  }
  return undefined
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1
  return crc
})

export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) crc = (crc >> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] as number)
  return crc
}

/** Emits `data` with whole answers, `error`, and `close` when the line is gone. */
export function rtuPort(serial: SerialPort, silence: number) {
  let received: Buffer = Buffer.alloc(0)
  let request: Buffer | undefined
  let lastByteAt = Number.NEGATIVE_INFINITY
  let brokenOff: NodeJS.Timeout | undefined
  let sending: NodeJS.Timeout | undefined

  const port = Object.assign(new EventEmitter(), {
    open: (done: (error?: Error | null) => void) => serial.open(done),
    close: (done?: () => void) => {
      clear()
      if (serial.isOpen) serial.close(() => done?.())
      else done?.()
    },
    destroy: () => {
      clear()
      if (serial.isOpen) serial.close(() => {})
    },
    write(bytes: Buffer) {
      clear()
      request = bytes
      const wait = silence - (performance.now() - lastByteAt)
      if (wait > 0) sending = setTimeout(send, Math.ceil(wait))
      else send()
    },
  })
  Object.defineProperty(port, 'isOpen', { get: () => serial.isOpen })

  function send(): void {
    received = Buffer.alloc(0) // what came since the last answer belongs to nobody who still waits
    if (request !== undefined && serial.isOpen) serial.write(request)
  }

  function clear(): void {
    clearTimeout(brokenOff)
    clearTimeout(sending)
    request = undefined
  }

  serial.on('data', (bytes: Buffer) => {
    lastByteAt = performance.now()
    clearTimeout(brokenOff)
    if (request === undefined) return
    received = Buffer.concat([received, bytes]).subarray(-2 * MAX_FRAME)
    const answer = findAnswer(received, request)
    if (answer === undefined) brokenOff = setTimeout(breakOff, BROKEN_OFF_MS)
    else handOn(answer)
  })
  serial.on('error', error => port.emit('error', error))
  serial.on('close', () => port.emit('close'))

  function handOn(answer: Buffer): void {
    clear()
    port.emit('data', Buffer.from(answer))
  }

  /** Not a frame, and nothing follows: the library says what is wrong with it. Too short or of others, it is only noise. */
  function breakOff(): void {
    if (request === undefined || received[0] !== request[0]) return
    handOn(received.subarray(0, answerBytes(request)))
  }

  return port
}

// A serial line between two pseudo terminals, by socat; and a device at its other end that answers as a test tells it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SerialPort } from 'serialport'
import { crc16 } from '../../src/hal/rtu-port.ts'

/** Why there are no serial lines here, for the title of what is skipped. */
export const noSerialLines = spawnSync('socat', ['-V']).error === undefined ? undefined : 'socat is not installed'

export interface SerialPair {
  readonly near: string
  readonly far: string
  /** Both ends vanish, as when a converter is pulled out. */
  cut(): Promise<void>
  /** They are there again, under the same names. */
  join(): Promise<void>
}

export async function serialPair(): Promise<SerialPair> {
  const folder = mkdtempSync(join(tmpdir(), 'feedermesh-line-'))
  const [near, far] = [join(folder, 'near'), join(folder, 'far')]
  let socat: ChildProcess | undefined
  const end = (link: string): string => `pty,raw,echo=0,link=${link}`
  const pair: SerialPair = {
    near,
    far,
    async cut() {
      const running = socat
      if (running === undefined) return
      socat = undefined
      await new Promise(resolve => {
        running.once('exit', resolve)
        running.kill()
      })
    },
    async join() {
      socat = spawn('socat', [end(near), end(far)], { stdio: 'ignore' })
      for (let left = 250; !(existsSync(near) && existsSync(far)); left--) {
        if (left === 0) throw new Error('socat made no line')
        await pause(20)
      }
    },
  }
  await pair.join()
  return pair
}

export const withCrc = (...bytes: number[]): Buffer => {
  const frame = Buffer.alloc(bytes.length + 2)
  frame.set(bytes)
  frame.writeUInt16LE(crc16(Uint8Array.from(bytes)), bytes.length)
  return frame
}

export interface RtuRequest {
  readonly unit: number
  readonly code: number
  readonly address: number
  readonly operand: number
  readonly at: number
}

export interface RtuDevice {
  readonly requests: RtuRequest[]
  /** What it sends back, now or whenever `send` is called. */
  answer: (request: RtuRequest, send: (bytes: Buffer) => void) => void
  stop(): Promise<void>
}

/** Answers every read with registers that hold their unit's number times 100, until told otherwise. */
export async function rtuDevice(path: string): Promise<RtuDevice> {
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false })
  await new Promise<void>((resolve, reject) => port.open(error => (error ? reject(error) : resolve())))
  let received: Buffer = Buffer.alloc(0)
  const device: RtuDevice = {
    requests: [],
    answer: (request, send) => send(honest(request)),
    stop: () => new Promise(resolve => (port.isOpen ? port.close(() => resolve()) : resolve())),
  }
  port.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    for (; received.length >= 8; received = received.subarray(8)) {
      const [unit = 0, code = 0] = received
      const request = {
        unit,
        code,
        address: received.readUInt16BE(2),
        operand: received.readUInt16BE(4),
        at: performance.now(),
      }
      device.requests.push(request)
      device.answer(request, frame => void (port.isOpen && port.write(frame)))
    }
  })
  return device
}

export function honest({ unit, code, address, operand }: RtuRequest): Buffer {
  if (code === 5 || code === 6) return withCrc(unit, code, address >> 8, address & 0xff, operand >> 8, operand & 0xff)
  const words = Array.from({ length: operand }, () => [(100 * unit) >> 8, (100 * unit) & 0xff]).flat()
  return withCrc(unit, code, words.length, ...words)
}

// A phasor measurement unit as a server of IEEE C37.118.2 over TCP: sends its configuration when it is asked, and, from the
// command to start on, a data frame at each multiple of its period in UTC, of what a given course says for that moment.

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { COMMANDS, type Frame } from '../../src/hal/c37118/frame.ts'
import { frameReader } from '../../src/hal/c37118/frame-reader.ts'
import {
  encodeConfiguration2,
  encodeConfiguration3,
  encodeData,
  type PmuValues,
  type StreamShape,
} from './pmu-frames.ts'

export interface PmuServerOptions {
  /** 0 takes a free one. */
  readonly port: number
  readonly idCode: number
  readonly stream: StreamShape
  /** One entry for each unit. Called once for each frame. */
  readonly course: (utcMicros: bigint) => readonly PmuValues[]
  /** UTC in ms. */
  readonly utc: () => number
  readonly timeQuality?: number
}

export interface PmuServer {
  readonly port: number
  /** Commands that came, oldest first; the latest 100. */
  readonly commands: readonly number[]
  connections(): number
  /** From now on with this configuration. Connected receivers are not told but by the change bit of the course. */
  reconfigure(stream: StreamShape): void
  /** Sends any bytes to whoever is connected. */
  send(bytes: Uint8Array): void
  /** Sends nothing more of its own accord, or does again. */
  mute(isMute: boolean): void
  /** Ends all connections; further ones are accepted. */
  cut(): void
  /** Idempotent. */
  stop(): Promise<void>
}

const MOST_COMMANDS = 100

export async function startPmuServer(options: PmuServerOptions): Promise<PmuServer> {
  const { idCode, course, utc, timeQuality = 0 } = options
  let { stream } = options
  const streaming = new Map<Socket, boolean>()
  const commands: number[] = []
  let count = 0
  let isMute = false

  const stampOf = (micros: number) => ({
    idCode,
    soc: Math.floor(micros / 1e6),
    fraction: Math.floor(((micros % 1e6) * stream.timeBase) / 1e6),
    timeQuality,
  })

  const server = createServer(socket => {
    count++
    streaming.set(socket, false)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => streaming.delete(socket))
    const reader = frameReader()
    socket.on('data', piece => {
      try {
        for (const frame of reader.take(piece)) obey(socket, frame)
      } catch {
        socket.destroy() // nothing of what it says is a command
      }
    })
  })

  function obey(socket: Socket, { kind, idCode: to, content }: Frame): void {
    if (kind !== 'command' || to !== idCode) return
    const command = ((content[0] ?? 0) << 8) | (content[1] ?? 0)
    commands.push(command)
    if (commands.length > MOST_COMMANDS) commands.shift()
    if (isMute) return
    const stamp = stampOf(utc() * 1000)
    if (command === COMMANDS.stop) streaming.set(socket, false)
    if (command === COMMANDS.start) streaming.set(socket, true)
    if (command === COMMANDS.sendConfig2) socket.write(encodeConfiguration2(stream, stamp))
    if (command === COMMANDS.sendConfig3) socket.write(encodeConfiguration3(stream, stamp))
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })

  let frames = Math.floor((utc() * stream.framesPerSecond) / 1000)
  let timer: NodeJS.Timeout | undefined
  /** A frame is due at a whole number of periods since 1970, and goes at that moment or just after it. */
  function beat(): void {
    const { framesPerSecond } = stream
    const due = Math.floor((utc() * framesPerSecond) / 1000)
    if (due !== frames) {
      frames = due
      const micros = Math.round((due * 1e6) / framesPerSecond)
      if (!isMute && [...streaming.values()].includes(true)) {
        const bytes = encodeData(stream, course(BigInt(micros)), stampOf(micros))
        for (const [socket, wants] of streaming) if (wants) socket.write(bytes)
      }
    }
    timer = setTimeout(beat, Math.max(1, Math.min(1000, ((due + 1) * 1000) / framesPerSecond - utc())))
  }
  beat()

  return {
    port: (server.address() as AddressInfo).port,
    commands,
    connections: () => count,
    reconfigure(next) {
      stream = next
    },
    send(bytes) {
      for (const socket of streaming.keys()) socket.write(bytes)
    },
    mute(mute) {
      isMute = mute
    },
    cut() {
      for (const socket of streaming.keys()) socket.destroy()
    },
    stop: () =>
      new Promise(resolve => {
        clearTimeout(timer)
        server.close(() => resolve())
        for (const socket of streaming.keys()) socket.destroy()
      }),
  }
}

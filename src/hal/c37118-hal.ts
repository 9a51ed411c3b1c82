// A source of synchrophasors: a client of IEEE C37.118.2 over TCP.
//
//   idle ─ first use ─► connecting ─► configuring ─ configuration ─► streaming
//                          ▲  │            │                             │
//                          └──┴── pause ◄──┴── silent, garbage, closed ──┘
//
// It tells the stream to stop, asks for the configuration and starts it. A unit whose configuration is about to change, or
// whose data do not fit it any more, is asked again, at most once a second; until the answer its data are dropped. Whoever
// sends no frame in time, or nothing that is one, is cut off and tried again after a pause that grows to 5 s. Nothing is
// repeated as if it were new: a measurement is of the latest frame, and without a fresh one there is none.

import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import type { Instant, UtcMs } from '../../topology/units.ts'
import { decodeConfiguration, type PmuConfiguration, type StreamConfiguration } from './c37118/configuration.ts'
import { dataLength, decodeData } from './c37118/data.ts'
import { C37118Error, encodeCommand, type Frame, type PmuCommand } from './c37118/frame.ts'
import { type FrameReader, frameReader } from './c37118/frame-reader.ts'
import {
  type ChosenChannels,
  chooseChannels,
  measurementOfFrame,
  NoSuchChannel,
  phasorFrameOf,
  type WantedChannels,
} from './c37118/phasor-frame.ts'
import { type DeviceIdentity, type Hal, HalError, type Measurement, type PhasorFrame } from './port.ts'

export interface C37118HalOptions {
  readonly host: string
  readonly port: number
  /** The stream's, in commands to it. */
  readonly idCode: number
  /** The unit's, in the stream of a concentrator. */
  readonly pmuId?: number
  readonly phasors: WantedChannels
  readonly reverse: boolean
  /** Which configuration is asked for; frame 3 is of the edition of 2011. */
  readonly configuration: 2 | 3
  /** For connecting, for the configuration, and how long a frame may be late. */
  readonly timeoutMs: number
  readonly now: () => Instant
  readonly utc: () => UtcMs
}

const MIN_BACK_OFF_MS = 100
const MAX_BACK_OFF_MS = 5_000
const ASK_AGAIN_MS = 1_000

interface Stream {
  readonly socket: Socket
  readonly reader: FrameReader
  configured?: { readonly configuration: StreamConfiguration; readonly channels: ChosenChannels } | undefined
  announcesChange: boolean
  askedAt: number
  lastMicros: bigint
  timer: NodeJS.Timeout | undefined
}

interface Waiting {
  readonly resolve: (frame: PhasorFrame) => void
  readonly reject: (error: HalError) => void
  readonly timer: NodeJS.Timeout
}

export function c37118Hal(options: C37118HalOptions): Hal {
  const { host, port, idCode, timeoutMs, now, utc } = options
  const place = `${host}:${port} stream ${idCode}`
  const listeners = new Set<(frame: PhasorFrame) => void>()
  const waiting = new Set<Waiting>()
  let stream: Stream | undefined
  let retry: NodeJS.Timeout | undefined
  let failures = 0
  let isStarted = false
  let isClosed = false
  let latest: { readonly frame: PhasorFrame; readonly utc: UtcMs } | undefined
  let periodMs = 1000
  let identity: DeviceIdentity | undefined
  let lastTrouble: HalError | undefined

  const error = (code: HalError['code'], text: string, cause?: unknown): HalError =>
    new HalError(code, `${place}: ${text}`, cause === undefined ? undefined : { cause })

  // The connection ----------------------------------------------------------------------------------------------------

  function start(): void {
    if (isStarted || isClosed) return
    isStarted = true
    connect()
  }

  function connect(): void {
    const socket = new Socket()
    const opened: Stream = {
      socket,
      reader: frameReader(),
      announcesChange: false,
      askedAt: now(),
      lastMicros: -1n,
      timer: undefined,
    }
    stream = opened
    expectFrame(opened, timeoutMs, () => error('HAL_UNREACHABLE', `no connection within ${timeoutMs} ms`))
    socket.on('error', cause => end(opened, error('HAL_UNREACHABLE', cause.message, cause)))
    socket.on('close', () => end(opened, error('HAL_UNREACHABLE', 'connection closed')))
    socket.on('data', piece => receive(opened, piece))
    socket.connect({ host, port, noDelay: true }, () => {
      tell(opened, 'stop')
      ask(opened)
      expectFrame(opened, timeoutMs, () => error('HAL_TIMEOUT', `no configuration within ${timeoutMs} ms`))
    })
  }

  function end(old: Stream, trouble: HalError): void {
    clearTimeout(old.timer)
    old.socket.destroy()
    if (stream !== old) return
    stream = undefined
    lastTrouble = trouble
    for (const each of waiting) settle(each, trouble)
    if (isClosed) return
    failures++
    const limit = Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** Math.min(failures - 1, 10))
    retry = setTimeout(connect, limit * (0.5 + Math.random() / 2))
  }

  function expectFrame(on: Stream, withinMs: number, trouble: () => HalError): void {
    clearTimeout(on.timer)
    on.timer = setTimeout(() => end(on, trouble()), withinMs)
  }

  function tell({ socket }: Stream, command: PmuCommand): void {
    if (socket.writable) socket.write(encodeCommand(command, idCode, utc()))
  }

  function ask(on: Stream): void {
    on.askedAt = now()
    tell(on, options.configuration === 3 ? 'sendConfig3' : 'sendConfig2')
  }

  function askAgain(on: Stream): void {
    // Twice before it counts as silent.
    if (now() - on.askedAt >= Math.min(ASK_AGAIN_MS, timeoutMs / 2)) ask(on)
  }

  // What comes --------------------------------------------------------------------------------------------------------

  function receive(on: Stream, piece: Uint8Array): void {
    if (stream !== on) return
    try {
      for (const frame of on.reader.take(piece)) take(on, frame)
    } catch (cause) {
      if (!(cause instanceof C37118Error)) throw cause
      end(on, error(cause instanceof NoSuchChannel ? 'HAL_REFUSED' : 'HAL_BAD_FRAME', cause.message, cause))
    }
  }

  function take(on: Stream, frame: Frame): void {
    if (frame.idCode !== idCode) return // another stream on the same connection
    if (frame.kind === 'config2' || frame.kind === 'config3') configure(on, frame)
    if (frame.kind === 'data') hear(on, frame)
  }

  /** @throws C37118Error where it cannot be used */
  function configure(on: Stream, frame: Frame): void {
    const configuration = decodeConfiguration(frame)
    const channels = chooseChannels(configuration, options.pmuId, options.phasors)
    on.configured = { configuration, channels }
    periodMs = 1000 / configuration.framesPerSecond
    const unit = configuration.pmus[channels.pmu] as PmuConfiguration
    const configurationHash = createHash('sha256').update(JSON.stringify(unit)).digest('hex')
    identity = { ...(unit.station === '' ? {} : { model: unit.station }), configurationHash }
    tell(on, 'start')
    expectFrame(on, lateAfterMs(), silent)
  }

  function hear(on: Stream, frame: Frame): void {
    const { configured } = on
    if (configured === undefined) return
    if (frame.content.length !== dataLength(configured.configuration)) {
      // The configuration has changed. The stream lives, but what it says has no meaning until the new one is here.
      return askAgain(on)
    }
    const data = decodeData(frame, configured.configuration)
    // A unit whose clock stands still has nothing new to say; when it goes on so, it counts as silent.
    if (data.utcMicros <= on.lastMicros) return
    on.lastMicros = data.utcMicros
    expectFrame(on, lateAfterMs(), silent)
    failures = 0
    const { configurationChanges } = data.pmus[configured.channels.pmu] as { configurationChanges: boolean }
    if (configurationChanges !== on.announcesChange) {
      on.announcesChange = configurationChanges
      ask(on)
    }
    const phasors = phasorFrameOf(data, configured.channels, { reverse: options.reverse, at: now() })
    latest = { frame: phasors, utc: utc() }
    for (const each of waiting) settle(each, phasors)
    for (const run of listeners) run(phasors)
  }

  const lateAfterMs = (): number => timeoutMs + 2 * periodMs
  const silent = (): HalError => error('HAL_TIMEOUT', `no frame within ${Math.round(lateAfterMs())} ms`)

  // What is asked -----------------------------------------------------------------------------------------------------

  function settle(one: Waiting, outcome: PhasorFrame | HalError): void {
    clearTimeout(one.timer)
    waiting.delete(one)
    if (outcome instanceof HalError) one.reject(outcome)
    else one.resolve(outcome)
  }

  /** The latest frame where it is fresh, else the next one. */
  function freshFrame(): Promise<PhasorFrame> {
    if (isClosed) return Promise.reject(error('HAL_UNREACHABLE', 'closed'))
    start()
    if (stream === undefined && lastTrouble !== undefined) return Promise.reject(lastTrouble)
    if (latest !== undefined && now() - latest.frame.at <= timeoutMs + periodMs) return Promise.resolve(latest.frame)
    return new Promise((resolve, reject) => {
      const late = (): void => settle(one, lastTrouble ?? error('HAL_TIMEOUT', `no frame within ${timeoutMs} ms`))
      const one: Waiting = { resolve, reject, timer: setTimeout(late, timeoutMs) }
      waiting.add(one)
    })
  }

  return {
    async measure(): Promise<Measurement> {
      const frame = await freshFrame()
      return measurementOfFrame(frame, latest?.utc ?? utc())
    },
    async status() {
      if (isClosed) throw error('HAL_UNREACHABLE', 'closed')
      start()
      return { at: now() } // it knows of no switch and no relay
    },
    async identity() {
      await freshFrame()
      return identity ?? {}
    },
    onPhasors(run) {
      listeners.add(run)
      start()
      return () => void listeners.delete(run)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      clearTimeout(retry)
      if (stream !== undefined) end(stream, error('HAL_UNREACHABLE', 'closed'))
    },
  }
}

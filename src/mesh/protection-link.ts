// The protection link to one neighbour: frames, questions and answers, by datagram and by the held stream, and the beats
// that say which of them gets through, how long it takes, and how far the two clocks are apart.

import { type BeatSettings, beats } from './link-beats.ts'
import { boundedBy, type ClockBounds, flightAtMost } from './link-clock.ts'
import {
  ANSWER,
  ASK,
  BEAT,
  beatPacket,
  ECHO,
  echoPacket,
  FRAME,
  framePacket,
  NOBODY,
  numberedPacket,
  readPacket,
} from './link-packet.ts'
import { questions } from './link-questions.ts'
import {
  BY_BOTH,
  BY_DATAGRAM,
  BY_NONE,
  livenessNow,
  type WayFacts,
  type WaySettings,
  type Ways,
  waysNow,
} from './link-way.ts'
import type { Arrival, LinkQuality, Patience, Way } from './links.ts'
import { MeshError } from './mesh-error.ts'

export interface Carriers {
  hasKeys(): boolean
  isAwaitingConfirmation(): boolean
  /** With confirmed keys. False: dropped. */
  datagram(packet: Buffer): boolean
  /** To each place where the neighbour may be. */
  probe(packet: Buffer): void
  isStreamOpen(): boolean
  stream(packet: Buffer): boolean
}

export interface LinkOptions {
  readonly peerId: string
  readonly settings: BeatSettings
  readonly carriers: Carriers
  isMarked(): boolean
  /** Whether this side keeps the link; else it lasts as long as the other side does. */
  isHeld(): boolean
  now(): number
  onFrame(frame: Uint8Array, arrival: Arrival): void
  /** 'nobody' when there is no answerer at all. */
  onAsk(question: Uint8Array): Uint8Array | 'nobody' | undefined
  onLiveness(state: 'up' | 'silent'): void
}

export interface ProtectionLink {
  send(frame: Uint8Array, ageMs: number | undefined, label: number | undefined): Way | false
  ask(question: Uint8Array, patience: Patience): Promise<Uint8Array>
  /** Round trip of one beat over the held stream, ms. */
  probe(padding?: Uint8Array): Promise<number>
  /** @param reply sends on the stream that it came by; absent for a datagram */
  receive(packet: Buffer, reply?: (packet: Buffer) => boolean): boolean
  /**
   * Sends the beats that are due, and notices silence.
   * @param isLate this process was held up: what came meanwhile is read only after this turn, and silence proves nothing
   */
  tick(now: number, isLate?: boolean): void
  /** Something may become due before the next beat: an echo is out, or keys wait to be confirmed. */
  isRestless(now: number): boolean
  /** When the next beat is due, on whichever way there is. */
  nextBeatAt(now: number): number
  quality(): LinkQuality
  /** Whether the other side has kept the link within the last ten seconds. */
  isWanted(now: number): boolean
  /** When UDP was last known to get through; undefined while it never did. */
  readonly datagramEcho: number | undefined
  readonly streamEcho: number | undefined
  readonly streamRttMs: number | undefined
  /** By the way that is used now. */
  readonly rttMs: number | undefined
  close(): void
}

const WANTED_MS = 10_000
/** While datagrams get through, one beat in so many goes over the stream as well. */
const SPARE_BEATS = 4
/** Before a round trip is known. */
const FIRST_REPEAT_MS = 20
/** A stream loses nothing while it stands, so that repeating serves only when it is replaced. */
const STREAM_REPEAT_MS = 100

export function protectionLink(options: LinkOptions): ProtectionLink {
  const { peerId, settings, carriers, now } = options
  const { beatMs, silenceMs } = settings
  const overDatagrams = beats(settings)
  const overStream = beats(settings)
  const probes = new Map<number, (rttMs: number) => void>()
  let bounds: ClockBounds | undefined
  let counter = 0
  let wantedAt = Number.NEGATIVE_INFINITY
  let liveness: 'up' | 'silent' | undefined
  /** As of the last tick, echo or change of carrier: looking costs a datagram a good part of its time. */
  let ways: Ways = BY_NONE

  /** What is doubt and silence where a beat goes each `paceMs`. */
  function settingsAt(paceMs: number): WaySettings {
    const silence = (silenceMs * paceMs) / beatMs
    // One beat and two fast ones: a single lost packet is no doubt.
    return { silenceMs: silence, doubtMs: Math.min(silence, paceMs * 1.6) }
  }

  const facts = (): WayFacts => ({
    hasKeys: carriers.hasKeys(),
    isStreamOpen: carriers.isStreamOpen(),
    datagramEcho: overDatagrams.lastEcho,
    streamEcho: overStream.lastEcho,
  })

  function look(at: number): void {
    ways = waysNow(facts(), at, settingsAt(overDatagrams.paceMs))
  }

  const stateAt = (at: number) =>
    livenessNow(facts(), at, settingsAt(Math.max(overDatagrams.paceMs, overStream.paceMs)))

  function carry(packet: Buffer, by: Ways): Way | false {
    const wentByStream = by.stream && carriers.stream(packet)
    if (by.datagram && carriers.datagram(packet)) return 'datagram'
    // It is too long for a datagram, or the system takes no more of them; or what was open when last looked is no more.
    if (wentByStream || (!by.stream && carriers.stream(packet))) return 'stream'
    return !by.datagram && carriers.datagram(packet) && 'datagram'
  }

  const asked = questions({
    neighbour: peerId,
    now,
    firstRepeatMs() {
      if (!ways.datagram) return Math.max(STREAM_REPEAT_MS, 2 * (overStream.rttMs ?? 0))
      const { leastRttMs } = overDatagrams
      return leastRttMs === undefined ? FIRST_REPEAT_MS : Math.max(2, 2 * leastRttMs)
    },
    put(number, question, isUrgent) {
      carry(numberedPacket(ASK, number, question), isUrgent ? BY_BOTH : ways)
    },
  })

  function nextNumber(): number {
    counter = (counter + 1) >>> 0
    return counter
  }

  function beatByDatagram(at: number): void {
    const number = nextNumber()
    const packet = beatPacket(number, at, options.isHeld())
    const isSent = carriers.datagram(packet)
    const quietMs = at - (overDatagrams.lastEcho ?? Number.NEGATIVE_INFINITY)
    overDatagrams.sent(number, at, isSent)
    if (quietMs > settingsAt(overDatagrams.paceMs).silenceMs || carriers.isAwaitingConfirmation())
      carriers.probe(packet)
  }

  const everyByStream = (): number => (ways === BY_DATAGRAM ? SPARE_BEATS : 1)

  function beatByStream(at: number): void {
    const number = nextNumber()
    if (carriers.stream(beatPacket(number, at, options.isHeld()))) overStream.sent(number, at)
  }

  function echoed(number: number, heardAt: number, at: number): void {
    const rttMs = overDatagrams.echoed(number, at) ?? overStream.echoed(number, at)
    if (rttMs === undefined) return
    bounds = boundedBy(bounds, at - rttMs, heardAt, at)
    probes.get(number)?.(rttMs)
    probes.delete(number)
    look(at)
    if (liveness !== 'up') turn('up')
  }

  function turn(state: 'up' | 'silent'): void {
    liveness = state
    options.onLiveness(state)
  }

  function answer(number: number, question: Uint8Array, reply: (packet: Buffer) => unknown): void {
    const said = options.onAsk(question)
    if (said === 'nobody') reply(numberedPacket(NOBODY, number))
    else if (said !== undefined) reply(numberedPacket(ANSWER, number, said))
  }

  return {
    send: (frame, ageMs, label) => carry(framePacket(now(), ageMs, frame, label), ways),
    ask: asked.ask,
    probe(padding) {
      return new Promise((resolve, reject) => {
        const number = nextNumber()
        const at = now()
        if (!carriers.stream(beatPacket(number, at, options.isHeld(), padding))) {
          return reject(new MeshError('MESH_UNREACHABLE', `${peerId}: no stream is open`))
        }
        overStream.sent(number, at)
        probes.set(number, resolve)
        setTimeout(() => {
          if (probes.delete(number)) reject(new MeshError('MESH_UNREACHABLE', `${peerId}: no echo`))
        }, silenceMs * 4).unref()
      })
    },
    receive(bytes, reply) {
      const packet = readPacket(bytes)
      if (packet === undefined) return false
      const back = reply ?? (answered => carriers.datagram(answered) || carriers.stream(answered))
      const at = now()
      switch (packet.kind) {
        case BEAT:
          if (packet.holds) wantedAt = at
          back(echoPacket(bytes, at))
          break
        case ECHO:
          echoed(packet.number, packet.heardAt, at)
          break
        case FRAME: {
          const flight = flightAtMost(bounds, packet.sentAt, at)
          const ageMs = packet.ageMs === undefined || flight === undefined ? undefined : packet.ageMs + flight
          options.onFrame(packet.body, { way: reply === undefined ? 'datagram' : 'stream', ageMs, label: packet.label })
          break
        }
        case ASK:
          answer(packet.number, packet.body, back)
          break
        case ANSWER:
          asked.answered(packet.number, packet.body)
          break
        case NOBODY:
          asked.answered(packet.number, undefined)
          break
      }
      return true
    },
    tick(at, isLate = false) {
      const isDatagramDue = (carriers.hasKeys() || carriers.isAwaitingConfirmation()) && overDatagrams.isDue(at)
      if (isDatagramDue) beatByDatagram(at)
      look(at)
      if (carriers.isStreamOpen() && overStream.isDue(at, everyByStream())) beatByStream(at)
      if (isLate) return
      if (liveness === 'up' && stateAt(at) === 'silent') turn('silent')
    },
    isRestless: at => overDatagrams.isOut(at) || overStream.isOut(at) || carriers.isAwaitingConfirmation(),
    nextBeatAt(at) {
      const byDatagram = carriers.hasKeys() ? overDatagrams.dueAt(at) : Number.POSITIVE_INFINITY
      const byStream = carriers.isStreamOpen() ? overStream.dueAt(at, everyByStream()) : Number.POSITIVE_INFINITY
      return Math.min(byDatagram, byStream)
    },
    quality() {
      const at = now()
      look(at)
      const isUp = stateAt(at) === 'up'
      const way = !isUp ? undefined : ways.datagram ? 'datagram' : 'stream'
      const measured = ways.datagram ? overDatagrams : overStream
      return {
        way,
        rttMs: measured.rttMs,
        rttP99Ms: measured.p99(at),
        lossShare: measured.lossShare(at),
        bitsPerSecond: undefined,
        marked: options.isMarked(),
      }
    },
    isWanted: at => at - wantedAt <= WANTED_MS,
    get datagramEcho() {
      return overDatagrams.lastEcho
    },
    get streamEcho() {
      return overStream.lastEcho
    },
    get rttMs() {
      return ways.datagram ? overDatagrams.rttMs : overStream.rttMs
    },
    get streamRttMs() {
      return overStream.rttMs
    },
    close() {
      asked.close()
    },
  }
}

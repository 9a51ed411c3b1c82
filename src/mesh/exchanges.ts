// Questions and answers with admitted peers: one answer, or a streamed one; small, or bulk on its own lane. What others may
// ask of this peer, it may ask of itself, with its own credential.

import type { Connection, Stream } from '@libp2p/interface'
import { answerStream, askStream } from './answer-stream.ts'
import type { BulkPace } from './bulk-pace.ts'
import type { Credential } from './credential.ts'
import { type LanesOptions, lanes } from './lanes.ts'
import type { Links, StreamPatience } from './links.ts'
import { streamLocally } from './local-stream.ts'
import { MeshError } from './mesh-error.ts'
import { maxQuestion } from './protocols.ts'
import { rateMeter } from './rate-meter.ts'
import { answer, ask } from './request.ts'
import { streamPlaces } from './stream-places.ts'

/** Of one peer; each may hold as many bytes as its protocol's questions have. One that comes on top is cut off unread. */
const QUESTIONS_AT_ONCE = 64

export interface ExchangesOptions extends LanesOptions {
  readonly peerId: string
  readonly pace: BulkPace
  /** An admitted peer; `up` once it has admitted this one too. */
  peer(
    peerId: string,
  ): { readonly credential: Credential; readonly connection: Connection; readonly up: boolean } | undefined
  /** Connects with a peer that is not connected, if one of its addresses answers. Never rejects. */
  reach(peerId: string, timeoutMs: number, signal?: AbortSignal): Promise<unknown>
  /** Nothing came in time on this connection: it may be dead. */
  onTimeout(connection: Connection): void
  /** This peer's own credential, while it counts. */
  self(): Promise<Credential | undefined>
  handle(protocol: string, onStream: (stream: Stream, connection: Connection) => void): void
  now(): number
}

export interface Exchanges extends Pick<Links, 'request' | 'serve' | 'stream' | 'serveStream'> {
  /** What bulk achieved with this peer lately. */
  bitsPerSecond(peerId: string): number | undefined
}

export function exchanges(options: ExchangesOptions): Exchanges {
  const { pace, now } = options
  const twoLanes = lanes(options)
  const rates = rateMeter()
  const places = streamPlaces()
  const answers = new Map<string, Parameters<Links['serve']>[1]>()
  const producers = new Map<string, Parameters<Links['serveStream']>[1]>()

  async function connected(peerId: string, timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    if (options.peer(peerId)?.up !== true) await options.reach(peerId, timeoutMs, signal)
    const peer = options.peer(peerId)
    if (peer?.up === true) return peer.connection
    throw new MeshError('MESH_UNREACHABLE', `${peerId} is not connected, and no address of it answers`)
  }

  async function asSelf<T>(protocol: string, handler: T | undefined): Promise<[T, Credential]> {
    const self = await options.self()
    if (handler !== undefined && self !== undefined) return [handler, self]
    throw new MeshError('MESH_UNREACHABLE', `${protocol} is not served by this peer`)
  }

  async function askSelf(protocol: string, question: Uint8Array): Promise<Uint8Array> {
    const [handler, self] = await asSelf(protocol, answers.get(protocol))
    try {
      return await handler(self, question)
    } catch (cause) {
      throw new MeshError('MESH_REFUSED', (cause as Error).message, { cause })
    }
  }

  async function* streamFromSelf(protocol: string, question: Uint8Array, patience: StreamPatience) {
    const [handler, self] = await asSelf(protocol, producers.get(protocol))
    yield* streamLocally(signal => handler(self, question, signal), protocol, patience)
  }

  /** How many questions of each peer are being read or answered, on all its connections. */
  const open = new Map<string, number>()

  function handle(protocol: string, serve: (stream: Stream, from: Credential) => Promise<void>): void {
    options.handle(protocol, (stream, connection) => {
      const peer = options.peer(connection.remotePeer.toString())
      if (peer === undefined) return stream.abort(new Error('not admitted'))
      const { peerId } = peer.credential
      const before = open.get(peerId) ?? 0
      if (before >= QUESTIONS_AT_ONCE) return stream.abort(new Error('too many questions at once'))
      open.set(peerId, before + 1)
      twoLanes.heardOn(connection, peer.connection)
      void serve(stream, peer.credential).finally(() => {
        const left = (open.get(peerId) ?? 1) - 1
        if (left > 0) open.set(peerId, left)
        else open.delete(peerId)
      })
    })
  }

  return {
    async request(peerId, protocol, question, { timeoutMs, signal, lane }) {
      if (peerId === options.peerId) return askSelf(protocol, question)
      const end = now() + timeoutMs
      const primary = await connected(peerId, timeoutMs, signal)
      const timeout = AbortSignal.timeout(Math.max(0, Math.ceil(end - now())))
      const until = signal ? AbortSignal.any([timeout, signal]) : timeout
      const connection = lane === 'bulk' ? await twoLanes.forBulk(primary) : primary
      const began = now()
      try {
        const answered = await ask(connection, protocol, question, until, pace)
        if (lane === 'bulk') rates.took(peerId, question.length + answered.length, now() - began)
        return answered
      } catch (error) {
        if (timeout.aborted) options.onTimeout(connection)
        throw error
      }
    },
    serve(protocol, handler) {
      answers.set(protocol, handler)
      handle(protocol, (stream, from) =>
        answer(stream, question => handler(from, question), pace, maxQuestion(protocol)),
      )
    },
    async *stream(peerId, protocol, question, patience) {
      if (peerId === options.peerId) return yield* streamFromSelf(protocol, question, patience)
      const primary = await connected(peerId, patience.itemMs, patience.signal)
      const open = async (signal: AbortSignal) =>
        (await twoLanes.forBulk(primary)).newStream(protocol, { signal, runOnLimitedConnection: true })
      const began = now()
      let bytes = 0
      try {
        for await (const item of askStream(open, protocol, question, patience, pace)) {
          bytes += item.length
          yield item
        }
      } finally {
        rates.took(peerId, bytes, now() - began)
      }
    },
    serveStream(protocol, handler) {
      producers.set(protocol, handler)
      handle(protocol, async (stream, from) => {
        const place = places.take(from.peerId)
        const produce = (question: Uint8Array, signal: AbortSignal) => handler(from, question, signal)
        if (typeof place === 'string') return answerStream(stream, { answer: produce, pace, refused: place })
        await answerStream(stream, { answer: produce, pace })
        place()
      })
    },
    bitsPerSecond: rates.bitsPerSecond,
  }
}

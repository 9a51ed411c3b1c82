// The protection links of one agent: to those that it holds, and to those that hold it. It agrees keys over the admitted
// connection, keeps a stream open beside them, and closes and erases what nobody wants, or nobody vouches for, any more.
//
// The end of a connection alone ends nothing: datagrams go on under their keys. Keys are erased at once when the peer is
// expelled or refused, when its credential expires, and when neither side holds the link.

import type { Connection, Stream } from '@libp2p/interface'
import type { Credential } from './credential.ts'
import { KEYS_PROTOCOL, type Place } from './datagram-keys.ts'
import { type DatagramPort, datagramPort, type KeyLimits } from './datagram-port.ts'
import type { DatagramRefusal } from './datagram-session.ts'
import { type HeldStream, holdStream, serveHeldStream } from './held-stream.ts'
import type { LinkQuality, Links, Patience } from './links.ts'
import { MeshError } from './mesh-error.ts'
import { type ProtectionLink, protectionLink } from './protection-link.ts'

export interface ProtectionSettings {
  /** False: everything goes by the stream. */
  readonly datagrams: boolean
  /** The UDP port; by default that of TCP on the same address. */
  readonly port?: number
  readonly beatMs: number
  /** A way without an echo for so long is not used; a neighbour without one on either way is silent. */
  readonly silenceMs: number
  /** Marks datagrams for routers. */
  readonly dscp: boolean
  /** Where others send datagrams to, when it is not where they are received. */
  readonly announce?: readonly Place[]
  readonly keyLimits?: Partial<KeyLimits>
}

export const protectionDefaults: ProtectionSettings = { datagrams: true, beatMs: 250, silenceMs: 750, dscp: true }

export interface ProtectionLinksOptions {
  readonly self: string
  readonly settings: ProtectionSettings
  now(): number
  log(event: string, fields: Record<string, unknown>): void
  /** Open, and admitted by both sides. */
  connection(peerId: string): Connection | undefined
  /** Neither expired nor revoked: asked of peers of which datagrams alone are left as well. */
  counts(credential: Credential): boolean
  /** What an admitted and connected peer shows now. */
  credential(peerId: string): Credential | undefined
  request(peerId: string, protocol: string, question: Uint8Array, patience: Patience): Promise<Uint8Array>
  /** The held stream echoes no more: the connection below may be dead. */
  onStreamSilent(peerId: string): void
}

export interface ProtectionLinks {
  readonly hold: Links['hold']
  readonly send: Links['send']
  readonly ask: Links['ask']
  readonly onAsk: Links['onAsk']
  readonly probe: Links['probe']
  readonly onFrame: Links['onFrame']
  readonly onLink: Links['onLink']
  quality(peerId: string): LinkQuality | undefined
  rttMs(peerId: string): number | undefined
  /** The peer is connected anew: it may have started anew as well. */
  up(peerId: string): void
  answerKeys(from: Credential, offer: Uint8Array): Promise<Uint8Array>
  serve(stream: Stream, from: string): void
  erase(peerId: string): void
  /** Datagrams that did not count, by reason. */
  refusals(): ReadonlyMap<DatagramRefusal, number>
  /** @param places where datagrams are received */
  start(places: readonly Place[]): Promise<void>
  stop(): void
}

interface Kept {
  readonly link: ProtectionLink
  readonly stream: HeldStream
  readonly madeAt: number
  credential: Credential | undefined
  /** Connected anew since the last agreement; when. */
  freshAt: number | undefined
  isAgreeing: boolean
  agreedAt: number
  /** Agreements since datagrams last got through. */
  attempts: number
}

/** Admitted peers are fewer. */
const MAX_LINKS = 1024
const NEW_MS = 10_000
/** Of two that hold each other the one with the lower id begins; the other, when nothing came. */
const SECOND_WAITS_MS = 200
const AGREE_AGAIN_MS = 1000
const AGREE_AT_LEAST_EVERY_MS = 60_000
/** Keys over which nothing has been echoed for so long may be ours alone. */
const QUIET_MS = 5000
const STREAM_SILENCE_MS = 3000

export function protectionLinks(options: ProtectionLinksOptions): ProtectionLinks {
  const { self, settings, now, log } = options
  const { beatMs } = settings
  const lookMs = beatMs / 5
  const kept = new Map<string, Kept>()
  let held: ReadonlySet<string> = new Set()
  let port: DatagramPort | undefined
  let timer: NodeJS.Timeout | undefined
  let dueAt = Number.POSITIVE_INFINITY
  let isStopped = false
  let isStarted = (): void => {}
  /** A neighbour may connect, and offer keys, before the sockets are bound. */
  const started = new Promise<void>(resolve => {
    isStarted = resolve
  })
  let onFrame: Parameters<Links['onFrame']>[0] = () => {}
  let onAsk: Parameters<Links['onAsk']>[0] | undefined
  const linkListeners: Parameters<Links['onLink']>[0][] = []

  function keep(peerId: string): Kept | undefined {
    const known = kept.get(peerId)
    if (known !== undefined) return known
    if (kept.size >= MAX_LINKS || peerId === self || isStopped) return undefined
    const stream = holdStream({
      connection: () => options.connection(peerId),
      now,
      receive: (packet, reply) => void link.receive(packet, reply),
    })
    const link = protectionLink({
      peerId,
      settings,
      carriers: {
        hasKeys: () => port?.hasKeys(peerId) === true,
        isAwaitingConfirmation: () => port?.keys(peerId, now()).areAwaited === true,
        datagram: packet => port?.send(peerId, packet) === true,
        probe: packet => port?.probe(peerId, packet),
        isStreamOpen: () => stream.isOpen,
        stream: packet => stream.send(packet),
      },
      isMarked: () => port?.marked === true,
      isHeld: () => held.has(peerId),
      now,
      onFrame: (frame, arrival) => onFrame(peerId, frame, arrival),
      onAsk: question => (onAsk === undefined ? 'nobody' : onAsk(peerId, question)),
      onLiveness(state) {
        if (held.has(peerId)) for (const listener of linkListeners) listener(peerId, state)
      },
    })
    const fresh: Kept = {
      link,
      stream,
      madeAt: now(),
      credential: options.credential(peerId),
      freshAt: now(),
      isAgreeing: false,
      agreedAt: Number.NEGATIVE_INFINITY,
      attempts: 0,
    }
    kept.set(peerId, fresh)
    lookSoon()
    return fresh
  }

  function erase(peerId: string): void {
    port?.erase(peerId)
    const gone = kept.get(peerId)
    if (gone === undefined) return
    kept.delete(peerId)
    gone.stream.close()
    gone.link.close()
  }

  /** Something may change that no beat tells: keys are to be agreed, or a stream to be opened. */
  function isRestless(peerId: string, { link, stream, freshAt, isAgreeing }: Kept, at: number): boolean {
    if (isAgreeing || link.isRestless(at)) return true
    if (options.connection(peerId) === undefined) return false
    return !stream.isOpen || (freshAt !== undefined && held.has(peerId) && (port?.bound.length ?? 0) > 0)
  }

  /** Until the next look: the next beat, and no less than a fifth of the time between two beats. */
  function restMs(at: number): number {
    let until = at + beatMs - lookMs
    for (const [peerId, each] of kept) {
      if (isRestless(peerId, each, at)) return lookMs
      until = Math.min(until, each.link.nextBeatAt(at))
    }
    return Math.max(lookMs, until - at)
  }

  /**
   * Looks after all links, and then again when beats are due; while a beat is out, or something else is unsettled, five times
   * between two beats. A device whose links are at rest is woken eight times a second and not twenty.
   */
  function lookIn(ms: number): void {
    clearTimeout(timer)
    dueAt = now() + ms
    timer = setTimeout(() => {
      const at = now()
      try {
        tick(at, at - dueAt > beatMs - lookMs)
      } finally {
        if (!isStopped) lookIn(restMs(at))
      }
    }, ms)
  }

  function lookSoon(): void {
    if (timer !== undefined && dueAt - now() > lookMs) lookIn(lookMs)
  }

  function tick(at: number, isLate: boolean): void {
    port?.tick(at)
    for (const [peerId, each] of kept) {
      each.credential = options.credential(peerId) ?? each.credential
      const isWanted = held.has(peerId) || each.link.isWanted(at)
      if (each.credential !== undefined && !options.counts(each.credential)) erase(peerId)
      else if (!isWanted && at - each.madeAt > NEW_MS) erase(peerId)
      else attend(peerId, each, isWanted, at, isLate)
    }
    // A neighbour that was erased is kept anew once it is admitted again.
    for (const peerId of held) if (!kept.has(peerId) && options.connection(peerId) !== undefined) keep(peerId)
  }

  function attend(peerId: string, each: Kept, isWanted: boolean, at: number, isLate: boolean): void {
    const { link, stream } = each
    const echo = Math.max(link.streamEcho ?? 0, stream.openSince ?? 0)
    const patience = Math.max(STREAM_SILENCE_MS, 4 * settings.silenceMs, 4 * (link.streamRttMs ?? 0))
    if (stream.isOpen && at - echo > patience) {
      stream.lose('neighbour is silent')
      options.onStreamSilent(peerId)
    }
    if (isWanted) stream.ensure()
    if (held.has(peerId) && isAgreementDue(peerId, each, at)) void agree(peerId, each)
    link.tick(at, isLate)
  }

  // Keys -------------------------------------------------------------------------------------------------------------

  function isAgreementDue(peerId: string, each: Kept, at: number): boolean {
    if (port === undefined || port.bound.length === 0 || each.isAgreeing) return false
    if (options.connection(peerId) === undefined) return false
    const echo = each.link.datagramEcho ?? Number.NEGATIVE_INFINITY
    if (echo > each.agreedAt) each.attempts = 0
    const again = Math.min(AGREE_AT_LEAST_EVERY_MS, AGREE_AGAIN_MS * 2 ** Math.max(0, each.attempts - 1))
    if (at - each.agreedAt < again) return false
    if (each.freshAt !== undefined) return self < peerId || at - each.freshAt >= SECOND_WAITS_MS
    return port.keys(peerId, at).areDue || at - Math.max(echo, each.agreedAt) > QUIET_MS
  }

  async function agree(peerId: string, each: Kept): Promise<void> {
    if (port === undefined) return
    each.isAgreeing = true
    each.agreedAt = now()
    each.attempts++
    each.freshAt = undefined
    try {
      const offer = port.offer(peerId)
      const answer = await options.request(peerId, KEYS_PROTOCOL, offer.message, { timeoutMs: 10_000 })
      // Erased meanwhile: an answer that was on its way brings no keys back.
      if (kept.get(peerId) !== each) return
      offer.complete(answer, addressOf(peerId))
      // Whether the neighbour is silent is for the next look to say: this may be before what came meanwhile is read.
      each.link.tick(now(), true)
    } catch (error) {
      log('keys-not-agreed', { peerId, reason: (error as Error).message })
    } finally {
      each.isAgreeing = false
    }
  }

  const addressOf = (peerId: string): string | undefined => {
    const address = options.connection(peerId)?.remoteAddr.toString() ?? ''
    return address.includes('p2p-circuit') ? undefined : /^\/ip[46]\/([^/]+)\//.exec(address)?.[1]
  }

  const noLink = (peerId: string): Promise<never> =>
    Promise.reject(new MeshError('MESH_UNREACHABLE', `${peerId}: no protection link to it`))

  return {
    hold(wanted) {
      held = new Set(wanted)
      for (const peerId of wanted) keep(peerId)
    },
    send: (peerId, frame, ageMs, label) => kept.get(peerId)?.link.send(frame, ageMs, label) ?? false,
    ask: (peerId, question, patience) => kept.get(peerId)?.link.ask(question, patience) ?? noLink(peerId),
    onAsk: answer => {
      onAsk = answer
    },
    probe: (peerId, padding) => kept.get(peerId)?.link.probe(padding) ?? noLink(peerId),
    onFrame: receive => {
      onFrame = receive
    },
    onLink: listener => void linkListeners.push(listener),
    rttMs: peerId => kept.get(peerId)?.link.rttMs,
    quality: peerId => kept.get(peerId)?.link.quality(),
    up(peerId) {
      const each = held.has(peerId) ? keep(peerId) : kept.get(peerId)
      if (each === undefined) return
      each.freshAt = now()
      each.stream.ensure()
      lookSoon()
    },
    async answerKeys({ peerId }, offer) {
      await started
      const admitted = options.credential(peerId)
      // Expelled since it sent this: it gets no keys any more.
      if (admitted === undefined) throw new MeshError('MESH_REFUSED', 'keys: not admitted')
      const each = keep(peerId)
      if (port === undefined || port.bound.length === 0 || each === undefined) {
        throw new MeshError('MESH_REFUSED', 'keys: no datagrams here')
      }
      const answer = port.answer(peerId, offer, addressOf(peerId))
      each.credential = admitted
      each.freshAt = undefined
      return answer
    },
    serve(stream, from) {
      void serveHeldStream(stream, (packet, reply) => {
        const each = options.credential(from) === undefined ? undefined : keep(from)
        if (each?.link.receive(packet, reply) !== true) stream.abort(new Error('no packet of this protocol'))
      })
    },
    erase,
    refusals: () => port?.refusals() ?? new Map(),
    async start(places) {
      if (settings.datagrams) {
        const opened = await datagramPort({
          self,
          places,
          ...(settings.announce ? { announce: settings.announce } : {}),
          ...(settings.keyLimits ? { limits: settings.keyLimits } : {}),
          isMarked: settings.dscp,
          now,
          onPacket: (from, packet) => kept.get(from)?.link.receive(packet) === true,
          log,
        })
        if (isStopped) opened.close()
        else port = opened
      }
      isStarted()
      if (isStopped) return
      lookIn(lookMs)
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      timer = undefined
      for (const peerId of [...kept.keys()]) erase(peerId)
      port?.close()
      held = new Set()
    },
  }
}

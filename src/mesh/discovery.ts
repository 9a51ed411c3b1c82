// Finding peers and keeping connected to them, over libp2p: carries out what `dialling.ts` chooses, and feeds it what is
// learnt from mDNS, seeds, announcements and peers' answers. Found addresses are hints: who answers there is proved by
// noise and by the credential.

import type { Connection, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { addressBook, type Contact } from './address-book.ts'
import { addressOf, hostOf, inTurn, isRelayed } from './dial-addresses.ts'
import { addressPatienceMs, type DialSettings, dialDefaults, dialling } from './dialling.ts'

interface Dialler {
  readonly status: string
  dial(address: Multiaddr, options: { signal: AbortSignal; force?: boolean }): Promise<Connection>
  getConnections(peerId?: PeerId): Connection[]
}

export interface DiscoveryOptions {
  readonly node: Dialler
  readonly peerId: string
  /** Admitted both ways, and connected. */
  isUp(peerId: string): boolean
  /** How many are. */
  peers(): number
  wanted(): ReadonlySet<string>
  isBackEnd(peerId: string): boolean
  readonly settings?: Partial<DialSettings> | undefined
  now(): number
  chance(): number
  /** Who answers at this address proved to hold this peer's own key. */
  metOwnKey(address: string): void
  log(event: string, fields: Record<string, unknown>): void
}

const DIAL_EVERY_MS = 250
const DIALS_AT_ONCE = 16
/** Both of a pair hear of each other at about the same time; the one with the lower id dials first. */
const HIGHER_ID_WAITS_MS = 2000
const DIRECT_AGAIN_MS = 30_000
const FIRST_DIRECT_MS = 1000

export function discovery(options: DiscoveryOptions) {
  const { node, peerId: self, now, log } = options
  const book = addressBook(options.chance)
  const dials = dialling(book, { ...dialDefaults, ...options.settings })
  /** By peer id, or a seed's addresses. */
  const underWay = new Set<string>()
  /** Addresses that are being dialled, without the peer's id. */
  const dialled = new Set<string>()
  const waiting = new Map<string, Set<() => void>>()
  /** When a direct connection to a relayed peer is tried next, and the wait after that. */
  const directAt = new Map<string, { readonly at: number; readonly waitMs: number }>()
  let timer: NodeJS.Timeout | undefined
  const stopping = new AbortController()

  const keyOf = ({ peerId, addresses }: Pick<Contact, 'peerId' | 'addresses'>): string =>
    peerId ?? [...addresses].join()

  function learn(peerId: string | undefined, addresses: readonly string[], waitMs = 0): void {
    if (peerId === self) return
    if (peerId === undefined) return book.learn(undefined, addresses, now(), waitMs)
    const usable = addresses.flatMap(address => addressOf(peerId, address) ?? [])
    book.learn(peerId, usable, now(), waitMs)
  }

  /** Of whom is connected now. Listed once for all contacts: with a thousand peers that list is long, and so are those. */
  function connectedNow(): (contact: Contact) => boolean {
    const connections = node.getConnections()
    const ids = new Set(connections.map(({ remotePeer }) => remotePeer.toString()))
    return ({ peerId, addresses }) =>
      peerId === undefined
        ? connections.some(({ remoteAddr }) =>
            [...addresses].some(address => `${remoteAddr}/`.startsWith(`${address}/`)),
          )
        : ids.has(peerId)
  }

  /** A seed and a peer may have the same address. */
  function isUnderWay(contact: Contact): boolean {
    return underWay.has(keyOf(contact)) || [...contact.addresses].some(address => dialled.has(hostOf(address)))
  }

  function dialDue(): void {
    if (stopping.signal.aborted || node.status !== 'started' || underWay.size >= DIALS_AT_ONCE) return
    const isConnected = connectedNow()
    const view = {
      isTaken: (contact: Contact) => isUnderWay(contact) || isConnected(contact),
      wanted: options.wanted(),
      isBackEnd: options.isBackEnd,
      peers: options.peers(),
    }
    for (const contact of dials.choose(view, now())) void dial(contact)
  }

  /** One address after the other, each with its own short time. Never rejects. */
  async function dial(contact: Contact, direct = false): Promise<boolean> {
    const key = keyOf(contact)
    if (underWay.has(key)) return false
    underWay.add(key)
    try {
      for (const address of inTurn(contact.addresses)) {
        if (stopping.signal.aborted || (direct && isRelayed(address))) return false
        const signal = AbortSignal.any([
          AbortSignal.timeout(addressPatienceMs(contact.failures, contact.addresses.size)),
          stopping.signal,
        ])
        dialled.add(hostOf(address))
        try {
          await node.dial(multiaddr(address), direct ? { signal, force: true } : { signal })
          return true
        } catch (error) {
          log('dial-failed', { to: address, reason: (error as Error).message })
          if (/dial self/.test((error as Error).message)) options.metOwnKey(address)
        } finally {
          dialled.delete(hostOf(address))
        }
      }
      return false
    } finally {
      underWay.delete(key)
    }
  }

  function settle(peerId: string): void {
    for (const each of waiting.get(peerId) ?? []) each()
    waiting.delete(peerId)
  }

  return {
    learn,
    /** Of a third peer, heard from others: so that not both dial at once. */
    heardOf: (peerId: string, addresses: readonly string[], waitMs = 0): void =>
      learn(peerId, addresses, waitMs + (self < peerId ? 0 : HIGHER_ID_WAITS_MS)),
    /** The connection by this address turned out to be dead: the others are tried first. */
    wasDead: (peerId: string, address: string): void => book.failed(peerId, address),
    /** A peer was admitted both ways on this connection. */
    reached(peerId: string, connection: Connection): void {
      book.reached(peerId, now(), connection.remoteAddr.toString())
      settle(peerId)
    },
    /**
     * A connection to a peer that is needed now, where an address of it is known.
     * @returns whether it is up
     */
    async reach(peerId: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
      const contact = book.of(peerId)
      if (contact === undefined || node.status !== 'started') return options.isUp(peerId)
      let wake = (): void => {}
      const up = new Promise<void>(resolve => {
        wake = resolve
      })
      waiting.set(peerId, (waiting.get(peerId) ?? new Set()).add(wake))
      const over = AbortSignal.any([AbortSignal.timeout(timeoutMs), stopping.signal, ...(signal ? [signal] : [])])
      over.addEventListener('abort', wake, { once: true })
      if (!connectedNow()(contact) && !isUnderWay(contact)) {
        book.trying(contact, now())
        // Connected is not yet up: admission follows.
        void dial(contact).then(connected => connected || wake())
      }
      await up
      waiting.get(peerId)?.delete(wake)
      return options.isUp(peerId)
    },
    /** Tries for a direct connection to a peer that is reached through a relay only, now and then. */
    direct(peerId: string): void {
      const { at, waitMs } = directAt.get(peerId) ?? { at: now() + FIRST_DIRECT_MS, waitMs: FIRST_DIRECT_MS }
      directAt.set(peerId, { at, waitMs })
      const contact = book.of(peerId)
      if (now() < at || contact === undefined || underWay.has(peerId)) return
      const next = Math.min(DIRECT_AGAIN_MS, waitMs * 2)
      directAt.set(peerId, { at: now() + next * (0.5 + options.chance()), waitMs: next })
      void dial(contact, true)
    },
    /** No longer reached through a relay. */
    noLongerRelayed: (peerId: string): void => void directAt.delete(peerId),
    /** Where a peer may be reached directly. */
    addressesOf: (peerId: string): string[] =>
      [...(book.of(peerId)?.addresses ?? [])].filter(address => !isRelayed(address)),
    dialNow: dialDue,
    start(): void {
      timer = setInterval(dialDue, DIAL_EVERY_MS)
      dialDue()
    },
    stop(): void {
      stopping.abort(new Error('stopping'))
      clearInterval(timer)
    },
    get known() {
      return book.size
    },
  }
}

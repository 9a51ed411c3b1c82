// Messages of its own, before any real one: a warning's whole way through this code (sign, seal, send, open, relay, seal,
// read, check, use), and a question's and its answer's, again and again between three members that exist in this process
// alone, over sockets of the loopback address. Code that has never run takes ten times as long: tens of milliseconds for the
// first warning of a feeder, which is the one that matters.
//
// They have keys, feeder and ports of their own, so nobody else hears of them, and nothing of the agent's is touched. Each
// round is begun in a turn of its own, after a pause, so that what is real is served in between. Where the loopback has no
// UDP, or a round stays out, it ends at once: a rehearsal is worth no alarm.

import type { Connection } from '@libp2p/interface'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { feederFileSchema } from '../../topology/feeder-file.ts'
import { duration, utcMs } from '../../topology/units.ts'
import type { Credential } from '../mesh/credential.ts'
import { type Identity, newIdentity } from '../mesh/identity.ts'
import type { Links } from '../mesh/links.ts'
import { type Messenger, messenger } from '../mesh/messenger.ts'
import { type ProtectionLinks, protectionDefaults, protectionLinks } from '../mesh/protection-links.ts'
import { warningMessage } from '../protection/messages.ts'
import { afterArrivals } from './after-arrivals.ts'
import { authorityTable } from './authority-table.ts'
import { feederMark } from './feeder-mark.ts'
import { neighbourhood } from './neighbourhood.ts'

export interface RehearsalOptions {
  /** Monotonic, ms. */
  now(): number
  readonly rounds?: number
  /** Between one round and the next. */
  readonly pauseMs?: number
  readonly signal?: AbortSignal
}

/**
 * After so many a round takes half of what the third one took, and after a thousand a third; they are some 0.2 s of
 * processor time in all, on a processor of 2020.
 */
const ROUNDS = 150
const PAUSE_MS = 3
const READY_WITHIN_MS = 5000
const ROUND_WITHIN_MS = 500
const NAMES = ['first', 'second', 'third'] as const
const SECTION = 'line'

interface Member {
  readonly identity: Identity
  readonly credential: Credential
  readonly links: ProtectionLinks
  readonly messages: Messenger
  readonly fromOrigin: () => string[]
}

/** @returns how many rounds came through */
export async function rehearse(options: RehearsalOptions): Promise<number> {
  const { now, rounds = ROUNDS, pauseMs = PAUSE_MS, signal } = options
  const feeder = chainOfThree()
  const shown = await Promise.all(NAMES.map(name => credentialOf(name, feeder)))
  const heard = new Map<string, () => void>()
  const members: Member[] = []
  const find = (peerId: string): Member | undefined => members.find(({ identity }) => identity.peerId === peerId)
  for (const [place, one] of shown.entries())
    members.push(memberOf(one, place, { feeder, now, shown, find, heard: event => heard.get(event)?.() }))
  const [first, second, third] = members as [Member, Member, Member]
  second.links.onAsk((_from, question) => question)
  let through = 0
  try {
    await Promise.all(members.map(({ links }) => links.start([{ address: '127.0.0.1', port: 0 }])))
    const isReady = (one: Member, other: Member): boolean =>
      one.links.quality(other.identity.peerId)?.way === 'datagram'
    const end = now() + READY_WITHIN_MS
    while (!isReady(first, second) || !isReady(second, third)) {
      if (now() > end || signal?.aborted) return 0
      await pause(20)
    }
    while (through < rounds && !signal?.aborted) {
      const event = `first/1/${through}`
      const arrived = new Promise<boolean>(resolve => {
        const timer = setTimeout(resolve, ROUND_WITHIN_MS, false)
        heard.set(event, () => {
          clearTimeout(timer)
          resolve(true)
        })
      })
      first.messages.say({
        type: warningMessage.type,
        payload: warningMessage.encode({ event, section: SECTION, severity: 'severe', kind: 'sag', residualPu: 0.5 }),
        lifetime: duration(2000),
        to: first.fromOrigin(),
      })
      if (!(await arrived)) return through
      heard.delete(event)
      await first.links.ask(second.identity.peerId, new Uint8Array(100), { timeoutMs: ROUND_WITHIN_MS })
      through++
      await pause(pauseMs)
    }
    return through
  } catch {
    return through
  } finally {
    for (const { links } of members) links.stop()
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

interface Stage {
  readonly feeder: Feeder
  readonly shown: readonly { readonly identity: Identity; readonly credential: Credential }[]
  now(): number
  find(peerId: string): Member | undefined
  heard(event: string): void
}

function memberOf(
  { identity, credential }: { readonly identity: Identity; readonly credential: Credential },
  place: number,
  { feeder, shown, now, find, heard }: Stage,
): Member {
  const { peerId } = identity
  const near = new Map(
    [shown[place - 1], shown[place + 1]].flatMap(other => (other ? [[other.identity.peerId, other] as const] : [])),
  )
  const links = protectionLinks({
    self: peerId,
    // The first look at the keys comes with the first tick.
    settings: { ...protectionDefaults, beatMs: 100, dscp: false },
    now,
    log: () => {},
    connection: other => (near.has(other) ? NO_STREAMS : undefined),
    counts: () => true,
    credential: other => near.get(other)?.credential,
    async request(other, _protocol, question) {
      const answer = await find(other)?.links.answerKeys(credential, question)
      if (answer === undefined) throw new Error('nobody there')
      return answer
    },
    onStreamSilent: () => {},
  })
  const messages = messenger({
    links: messengerLinks(
      peerId,
      links,
      shown.filter(({ identity: other }) => other !== identity),
    ),
    identity,
    credential,
    epoch: 1,
    feeder: feederMark(feeder),
    policy: { protection: new Set(['utility']) },
    verify: async () => ({ refused: 'nobody is handed on here' }),
    now,
    utc: () => utcMs(credential.notBefore * 1000),
    utcGood: () => true,
    soon: afterArrivals,
    log: () => {},
  })
  const self = NAMES[place] as string
  const way = neighbourhood(self, feeder, links, messages)
  messages.on(
    {
      ...authorityTable.warning,
      where: payload =>
        feeder.isDownstream(self, warningMessage.decode(payload).section) === 'yes' ? 'upstream' : 'elsewhere',
      claim: (payload, origin) =>
        feeder.observerOf(warningMessage.decode(payload).section) === origin.name ? undefined : 'not-the-observer',
      about: payload => warningMessage.decode(payload).section,
      onward: payload => way.aboutSection(warningMessage.decode(payload).section).onward,
    },
    ({ payload }) => {
      if (place === NAMES.length - 1) heard(warningMessage.decode(payload).event)
    },
  )
  way.refresh()
  return { identity, credential, links, messages, fromOrigin: () => way.aboutSection(SECTION).fromOrigin() }
}

/** What a messenger asks of links, where nothing is published and nobody comes or goes. */
function messengerLinks(
  peerId: string,
  links: ProtectionLinks,
  others: readonly { readonly credential: Credential }[],
): Links {
  const nothing = (): void => {}
  const part: Partial<Links> = {
    peerId,
    peers: () => others.map(({ credential }) => peerOf(credential)),
    send: links.send,
    onFrame: links.onFrame,
    onPublished: nothing,
    onRenewed: nothing,
    onAnnounced: nothing,
    serve: nothing,
    expel: nothing,
    onPeer(change) {
      for (const { credential } of others) change(peerOf(credential), 'up')
    },
  }
  return part as Links
}

const peerOf = (credential: Credential) => ({
  peerId: credential.peerId,
  credential,
  addresses: [],
  connectedSince: 0,
  rttMs: undefined,
})

/** All goes by datagram; an address is what the agreement of keys asks for. */
const NO_STREAMS = {
  remoteAddr: { toString: () => '/ip4/127.0.0.1/tcp/1' },
  newStream: () => Promise.reject(new Error('no streams')),
} as unknown as Connection

async function credentialOf(name: string, feeder: Feeder) {
  const identity = await newIdentity()
  const notBefore = 1_767_225_600
  const credential: Credential = {
    peerId: identity.peerId,
    organisation: 'utility',
    name,
    roles: ['IED'],
    feeders: [feeder.file.name],
    notBefore,
    expires: notBefore + 86_400,
    token: name,
    hash: Buffer.from(name.padEnd(16)),
  }
  return { identity, credential }
}

/** The first observes the line at the source; the second hangs below it, and the third below the second. */
function chainOfThree(): Feeder {
  const phases = ['a', 'b', 'c'] as const
  const rows = [1, 2, 3].map(() => [0.1, 0.1, 0.1] as const)
  const nodes = ['source', 'near', 'middle', 'far']
  const section = (name: string, from: string, to: string) => ({
    name,
    from,
    to,
    phases,
    lengthM: 50,
    lineCode: 'wire',
  })
  return createFeeder(
    feederFileSchema.parse({
      feedermesh: 1,
      name: 'rehearsal',
      nominalKv: 12.47,
      frequencyHz: 60,
      sources: [{ name: 'substation', node: 'source' }],
      nodes: nodes.map(name => ({ name, phases })),
      lineCodes: [{ name: 'wire', phases, rOhmPerKm: rows, xOhmPerKm: rows }],
      sections: [
        section(SECTION, 'source', 'near'),
        section('line-2', 'near', 'middle'),
        section('line-3', 'middle', 'far'),
      ],
      devices: [{ name: 'R1', kind: 'recloser', section: SECTION, relay: { pickupAmps: 600, delayMs: 300 } }],
      loads: [],
      ieds: [
        {
          name: 'first',
          kind: 'recloser',
          node: 'source',
          organisation: 'utility',
          operates: 'R1',
          observes: [SECTION],
        },
        { name: 'second', kind: 'rtu', node: 'middle', organisation: 'utility' },
        { name: 'third', kind: 'rtu', node: 'far', organisation: 'utility' },
      ],
    }),
  )
}

// A few real agents in one process, on links in memory, with everything recorded that they serve and say: what a hostile
// peer can reach at them. What is registered is found by itself, so that a new protocol or message type is fuzzed without
// anybody having to remember it.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { exchangeKinds } from '../../src/aggregation/exchange/exchange-document.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type MemoryHal, memoryHal, type ShownStatus } from '../../src/hal/memory-hal.ts'
import {
  type Authority,
  type Credential,
  newAuthority,
  type Role,
  verifyCredential,
} from '../../src/mesh/credential.ts'
import { floodLimits } from '../../src/mesh/flood-guard.ts'
import { type Identity, newIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import type { Arrival, Links, Verdict } from '../../src/mesh/links.ts'
import { verifyRevocation } from '../../src/mesh/revocation.ts'
import { revocationList } from '../../src/mesh/revocation-list.ts'
import { systemClock } from '../../src/node/clock.ts'
import { agentConfigSchema } from '../../src/node/config.ts'
import type { Log } from '../../src/node/log.ts'
import { type Agent, runAgent } from '../../src/node/run-agent.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { utcMs } from '../../topology/units.ts'
import { type MemoryMesh, memoryMesh } from '../mesh/memory-links.ts'
import { trust } from '../mesh/real-links.ts'

export const FILE = 'topology/feeders/ieee13.yaml'
export const feederFile = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const IEDS = ['relay-650', 'recloser-632', 'recloser-675', 'meter-675']
const BACK_END = 'utility-backend'
const SECOND_BACK_END = 'second-backend'
const all = [...exchangeKinds]

export type Handler = Parameters<Links['serve']>[1]
export type StreamHandler = Parameters<Links['serveStream']>[1]

/** What a peer can reach at one agent, and valid examples of what comes there. */
export interface Reachable {
  readonly protocols: ReadonlyMap<string, Handler>
  /** Those that answer with a stream. */
  readonly streams: ReadonlyMap<string, StreamHandler>
  frame(from: string, frame: Uint8Array, arrival: Arrival): void
  published(from: string, topic: string, frame: Uint8Array): Verdict
  asked(from: string, question: Uint8Array): Uint8Array | undefined
  readonly topics: ReadonlySet<string>
}

export interface Inhabitant {
  readonly name: string
  readonly identity: Identity
  readonly credential: Credential
  readonly reachable: Reachable
  readonly agent: Agent
  /** What its log calls an error: a handler that threw. */
  readonly errors: readonly string[]
  refusedMessages(): number
}

export interface Village {
  readonly authority: Authority
  readonly inhabitants: readonly Inhabitant[]
  /** Who may read out and order. */
  readonly person: { readonly identity: Identity; readonly credential: Credential }
  /** Admitted, and partner of the other one in exchanging documents. */
  readonly backEnd: { readonly identity: Identity; readonly credential: Credential }
  /** Valid questions by protocol, and whole envelopes by topic or from links. */
  readonly questions: ReadonlyMap<string, readonly Uint8Array[]>
  readonly frames: readonly Uint8Array[]
  /** What the field device of that IED says from now on. */
  show(name: string, status: ShownStatus): void
  stop(): Promise<void>
}

const KEPT = 200

export async function startVillage(): Promise<Village> {
  const authority = await newAuthority('utility')
  const granted: Role[] = ['IED', 'BACKEND', 'VIEWER', 'OPERATOR', 'ENGINEER', 'SECADM', 'SECAUD']
  const trusted = [trust(authority, granted)]
  const clock = systemClock()
  const mesh = memoryMesh()
  const questions = new Map<string, Uint8Array[]>()
  const frames: Uint8Array[] = []
  const keep = (list: Uint8Array[], bytes: Uint8Array): void => void (list.length < KEPT && list.push(bytes.slice()))

  async function enrol(name: string, roles: Role[]) {
    const identity = await newIdentity()
    const claim = { peerId: identity.peerId, name, roles, feeders: [feederFile.name] }
    const token = await authority.issue(claim, { from: utcMs(Date.now() - 60_000), days: 10 })
    const credential = await verifyCredential(token, trusted, utcMs(Date.now()))
    if ('refused' in credential) throw new Error(credential.refused)
    return { identity, credential }
  }

  async function settle(name: string, roles: Role[]): Promise<Inhabitant> {
    const enrolled = await enrol(name, roles)
    const { links, reachable } = recorded(mesh, enrolled.credential, {
      question: (protocol, bytes) => {
        const known = questions.get(protocol) ?? []
        questions.set(protocol, known)
        keep(known, bytes)
      },
      frame: bytes => keep(frames, bytes),
    })
    const errors: string[] = []
    const refusedMessages = { count: 0 }
    const log: Log = {
      debug: () => {},
      info: event => void (event === 'message-refused' && refusedMessages.count++),
      warn: () => {},
      error: (event, fields = {}) => void errors.push(`${event} ${JSON.stringify(fields)}`),
    }
    const isIed = roles.includes('IED')
    const config = agentConfigSchema.parse({
      name,
      role: isIed ? 'IED' : 'BACKEND',
      feeder: FILE,
      dataDir: name,
      credential: name,
      authorities: [{ organisation: 'utility', publicKey: authority.publicKey, roles: granted, protection: true }],
      readings: { intervalSeconds: 1 },
      forwarding: { intervalSeconds: 0.5 },
      earlyWarning: { backEnds: [BACK_END] },
      ...(isIed
        ? {
            device: { driver: 'modbus-tcp', host: 'memory', map: 'memory' },
            recipients: [{ backEnd: BACK_END, organisation: 'utility' }],
          }
        : {
            exchange: {
              partners: [{ organisation: 'utility', backEnd: SECOND_BACK_END, gives: all, takes: all }],
            },
          }),
      log: 'silent',
    })
    const hal = memoryHal({ now: clock.now, utc: clock.utc })
    hal.show({ measurement: { importWh: 1n, exportWh: 0n, kw: { a: 1 } }, status: { position: 'closed' } })
    hals.set(name, hal)
    const agent = await runAgent(config, createFeeder(feederFile), {
      clock,
      log,
      store: openMemoryStore(),
      ...enrolled,
      hal: isIed ? hal : undefined,
      links,
      checkCredential: token => verifyCredential(token, trusted, utcMs(Date.now())),
      checkRevocation: token => verifyRevocation(token, trusted, utcMs(Date.now())),
      revocations: revocationList(),
      verifySignature: verifyPeer,
      chance: Math.random,
      randomBytes: count => randomBytes(count),
      // Else most of what is sent would be refused unread.
      questionLimits: { ...floodLimits, framesPerSecond: 1e9, frameBurst: 1e9, bytesPerSecond: 1e12, byteBurst: 1e12 },
    })
    return { name, ...enrolled, reachable, agent, errors, refusedMessages: () => refusedMessages.count }
  }

  const hals = new Map<string, MemoryHal>()
  const inhabitants: Inhabitant[] = []
  for (const name of IEDS) inhabitants.push(await settle(name, ['IED']))
  inhabitants.push(await settle(BACK_END, ['BACKEND']))
  const person = await enrol('operator-1', ['VIEWER', 'OPERATOR', 'ENGINEER', 'SECADM', 'SECAUD'])
  const backEnd = await enrol(SECOND_BACK_END, ['BACKEND'])
  inhabitants.forEach((one, index) => {
    for (const other of inhabitants.slice(index + 1)) mesh.connect(one.agent.peerId, other.agent.peerId)
  })
  return {
    authority,
    inhabitants,
    person,
    backEnd,
    questions,
    frames,
    show: (name, status) => hals.get(name)?.show({ status }),
    async stop() {
      for (const { agent } of inhabitants) await agent.stop()
    },
  }
}

interface Recorder {
  question(protocol: string, bytes: Uint8Array): void
  frame(bytes: Uint8Array): void
}

function recorded(mesh: MemoryMesh, credential: Credential, record: Recorder) {
  const links = mesh.join(credential)
  const protocols = new Map<string, Handler>()
  const streams = new Map<string, StreamHandler>()
  const topics = new Set<string>()
  let onFrame: Parameters<Links['onFrame']>[0] = () => {}
  let onPublished: Parameters<Links['onPublished']>[0] = () => 'ignore'
  let onAsk: Parameters<Links['onAsk']>[0] = () => undefined
  const wrapped: Links = {
    ...links,
    serve(protocol, ...rest) {
      protocols.set(protocol, rest[0])
      links.serve(protocol, ...rest)
    },
    serveStream(protocol, answer) {
      streams.set(protocol, answer)
      links.serveStream(protocol, answer)
    },
    onFrame(receive) {
      onFrame = receive
      links.onFrame(receive)
    },
    onPublished(check) {
      onPublished = check
      links.onPublished(check)
    },
    onAsk(answer) {
      onAsk = answer
      links.onAsk(answer)
    },
    subscribe(topic) {
      topics.add(topic)
      links.subscribe(topic)
    },
    send(to, frame, ...rest) {
      record.frame(frame)
      return links.send(to, frame, ...rest)
    },
    publish(topic, frame) {
      record.frame(frame)
      return links.publish(topic, frame)
    },
    request(to, protocol, question, patience) {
      record.question(protocol, question)
      return links.request(to, protocol, question, patience)
    },
  }
  const reachable: Reachable = {
    protocols,
    streams,
    topics,
    frame: (from, frame, arrival) => onFrame(from, frame, arrival),
    published: (from, topic, frame) => onPublished(from, topic, frame),
    asked: (from, question) => onAsk(from, question),
  }
  return { links: wrapped, reachable }
}

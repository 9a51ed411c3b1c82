// Links within one process, for tests of what stands above them: a graph of members, each with a credential. Nothing is
// lost, and frames arrive in the order in which they were sent, though never inside the call that sends them.

import { createHash } from 'node:crypto'
import type { Credential } from '../../src/mesh/credential.ts'
import type { LinkPeer, Links, StreamPatience, Verdict } from '../../src/mesh/links.ts'
import { streamLocally } from '../../src/mesh/local-stream.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import { streamPlaces } from '../../src/mesh/stream-places.ts'

export interface MemoryLinks extends Links {
  /** What was delivered here by gossip, and what came of it. */
  readonly verdicts: readonly { readonly from: string; readonly verdict: Verdict }[]
  /** Questions that this member asked. */
  readonly asked: readonly { readonly to: string; readonly protocol: string }[]
}

interface Member {
  readonly links: MemoryLinks
  credential: Credential
  readonly near: Set<string>
  readonly topics: Set<string>
  frame(from: string, frame: Uint8Array, ageMs: number | undefined, label: number): void
  asked(from: string, question: Uint8Array): Uint8Array | undefined
  gossip(from: string, topic: string, frame: Uint8Array): void
  answer(from: Credential, protocol: string, question: Uint8Array): Promise<Uint8Array>
  produce(from: Credential, protocol: string, question: Uint8Array, patience: StreamPatience): AsyncIterable<Uint8Array>
  change(peer: LinkPeer, state: 'up' | 'down'): void
  renewed(peer: LinkPeer): void
}

export interface MemoryMesh {
  join(credential: Credential): MemoryLinks
  connect(one: string, other: string): void
  /** Counts other work as on its way: a credential that is being verified. */
  during<T>(work: Promise<T>): Promise<T>
  /** Resolves once nothing is on its way any more. */
  settle(): Promise<void>
}

export function memoryMesh(): MemoryMesh {
  const members = new Map<string, Member>()
  let onTheWay = 0

  function later(run: () => void): void {
    onTheWay++
    setImmediate(() => {
      try {
        run()
      } finally {
        onTheWay--
      }
    })
  }

  async function during<T>(work: Promise<T>): Promise<T> {
    onTheWay++
    try {
      return await work
    } finally {
      later(() => onTheWay--)
    }
  }

  const seenFrom = (credential: Credential): LinkPeer => {
    return { peerId: credential.peerId, credential, addresses: [], connectedSince: 0, rttMs: undefined }
  }

  function join(credential: Credential): MemoryLinks {
    const { peerId } = credential
    const near = new Set<string>()
    const topics = new Set<string>()
    const seen = new Set<string>()
    const verdicts: { from: string; verdict: Verdict }[] = []
    const asked: { to: string; protocol: string }[] = []
    const answers = new Map<string, Parameters<Links['serve']>[1]>()
    const producers = new Map<string, Parameters<Links['serveStream']>[1]>()
    const places = streamPlaces()
    const changes: Parameters<Links['onPeer']>[0][] = []
    const renewals: Parameters<Links['onRenewed']>[0][] = []
    const linkListeners: Parameters<Links['onLink']>[0][] = []
    const told = new Set<string>()
    let held: ReadonlySet<string> = new Set()
    let onFrame: Parameters<Links['onFrame']>[0] = () => {}
    let onAsk: Parameters<Links['onAsk']>[0] = () => undefined
    let check: Parameters<Links['onPublished']>[0] = () => 'ignore'

    function flood(topic: string, frame: Uint8Array, except?: string): number {
      const to = [...near].filter(other => other !== except && members.get(other)?.topics.has(topic))
      for (const other of to) later(() => members.get(other)?.gossip(peerId, topic, frame))
      return to.length
    }

    /** A link that stands and is held is up; nothing here ever falls silent. */
    function tellLinks(): void {
      for (const other of held) {
        if (!near.has(other) || told.has(other)) continue
        told.add(other)
        for (const listener of linkListeners) later(() => listener(other, 'up'))
      }
    }

    const links: MemoryLinks = {
      peerId,
      verdicts,
      asked,
      addresses: () => [],
      peers: () =>
        [...near].flatMap(other => (members.has(other) ? [seenFrom((members.get(other) as Member).credential)] : [])),
      hold: peerIds => {
        held = peerIds
        tellLinks()
      },
      send(to, frame, ageMs, label = 0) {
        if (!near.has(to) || !held.has(to)) return false
        later(() => members.get(to)?.frame(peerId, frame, ageMs, label))
        return 'stream'
      },
      async ask(to, question) {
        const answer = near.has(to) ? members.get(to)?.asked(peerId, question) : undefined
        if (answer === undefined) throw new MeshError('MESH_UNREACHABLE', `${to} does not answer`)
        return answer
      },
      onAsk: answer => {
        onAsk = answer
      },
      probe: () => Promise.resolve(1),
      onFrame: receive => {
        onFrame = receive
      },
      subscribe: topic => void topics.add(topic),
      unsubscribe: topic => void topics.delete(topic),
      async publish(topic, frame) {
        seen.add(`${topic} ${Buffer.from(frame).toString('base64')}`)
        return flood(topic, frame)
      },
      onPublished: receive => {
        check = receive
      },
      async request(to, protocol, question) {
        asked.push({ to, protocol })
        if (!near.has(to)) throw new MeshError('MESH_UNREACHABLE', `${to} is not connected`)
        try {
          const shown = (members.get(peerId) as Member).credential
          return await during((members.get(to) as Member).answer(shown, protocol, question))
        } catch (cause) {
          throw new MeshError('MESH_REFUSED', (cause as Error).message, { cause })
        }
      },
      serve: (protocol, answer) => void answers.set(protocol, answer),
      onLink: listener => void linkListeners.push(listener),
      async *stream(to, protocol, question, patience) {
        asked.push({ to, protocol })
        if (to !== peerId && !near.has(to)) throw new MeshError('MESH_UNREACHABLE', `${to} is not connected`)
        yield* (members.get(to) as Member).produce(credential, protocol, question, patience)
      },
      serveStream: (protocol, answer) => void producers.set(protocol, answer),
      onPeer: change => void changes.push(change),
      onAnnounced: () => {},
      knownPeers: () => 0,
      learn: () => {},
      onDecision: () => {},
      decisions: () => [],
      show(token) {
        const self = members.get(peerId) as Member
        // Nothing is verified here: that is for the real links.
        const { nbf, exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
        const hash = createHash('sha256').update(token).digest().subarray(0, 16)
        self.credential = { ...self.credential, token, hash, notBefore: nbf, expires: exp }
        for (const other of near) later(() => members.get(other)?.renewed(seenFrom(self.credential)))
      },
      onRenewed: listener => void renewals.push(listener),
      onMalformed() {}, // no protocols of its own
      expel(to) {
        const other = members.get(to)
        if (other === undefined || !near.delete(to)) return
        other.near.delete(peerId)
        members.get(peerId)?.change(seenFrom(other.credential), 'down')
        other.change(seenFrom((members.get(peerId) as Member).credential), 'down')
      },
      refusals: () => new Map(),
      lastRefusal: () => undefined,
      start: async () => {},
      stop: async () => {},
    }
    members.set(peerId, {
      links,
      credential,
      near,
      topics,
      frame: (from, frame, ageMs, label) => onFrame(from, frame, { way: 'stream', ageMs, label }),
      asked: (from, question) => onAsk(from, question),
      gossip(from, topic, frame) {
        const id = `${topic} ${Buffer.from(frame).toString('base64')}`
        if (seen.has(id)) return
        seen.add(id)
        const verdict = check(from, topic, frame)
        verdicts.push({ from, verdict })
        if (verdict === 'accept') flood(topic, frame, from)
      },
      answer: async (from, protocol, question) => {
        const handler = answers.get(protocol)
        if (handler === undefined) throw new Error(`no protocol ${protocol}`)
        return handler(from, question)
      },
      change(peer, state) {
        for (const change of changes) change(peer, state)
        tellLinks()
      },
      renewed: peer => renewals.forEach(listener => void listener(peer)),
      async *produce(from, protocol, question, patience) {
        const producer = producers.get(protocol)
        if (producer === undefined) throw new MeshError('MESH_UNREACHABLE', `no protocol ${protocol}`)
        const place = places.take(from.peerId)
        if (typeof place === 'string') throw new MeshError('MESH_REFUSED', place)
        try {
          yield* streamLocally(signal => producer(from, question, signal), protocol, patience)
        } finally {
          place()
        }
      },
    })
    return links
  }

  return {
    join,
    during,
    connect(one, other) {
      const [a, b] = [members.get(one), members.get(other)]
      if (a === undefined || b === undefined) throw new Error('join both first')
      a.near.add(other)
      b.near.add(one)
      a.change(seenFrom(b.credential), 'up')
      b.change(seenFrom(a.credential), 'up')
    },
    async settle() {
      for (let quiet = 0; quiet < 3; quiet = onTheWay === 0 ? quiet + 1 : 0) await new Promise(setImmediate)
    },
  }
}

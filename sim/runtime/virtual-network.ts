// The network of the virtual world: links between members, with latency, loss, duplicates, partitions and cuts.
//
// It offers the mesh port and nothing above it: envelopes, authority, relaying and replay are the agents' own. A message
// takes its time, drawn for each one, so later ones overtake earlier ones. What is lost stays lost: to a stream of TCP the
// loss of a packet is a delay, so the share that is lost here stands for what comes too late to be of use. A cut link
// looks alive until nothing has been heard over it for `silenceMs`; the end of a process is seen at once, as its sockets
// close; the end of a machine is not.

import { admissionRefusal, renewalRefusal } from '../../src/mesh/admission.ts'
import type { Credential } from '../../src/mesh/credential.ts'
import type { AdmissionDecision, LinkPeer, Links } from '../../src/mesh/links.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import type { Refused } from '../../src/mesh/refusal.ts'
import type { Chance } from './chance.ts'
import { createFlood, type Flood } from './flood.ts'
import { type Membership, type NetworkOptions, networkDefaults, type VirtualNetwork } from './network-port.ts'
import type { Scheduler } from './scheduler.ts'
import { pairKey, virtualCuts } from './virtual-cuts.ts'
import { virtualHeldLinks } from './virtual-held-links.ts'
import type { Connection, Member } from './virtual-member.ts'
import { virtualQuestions } from './virtual-questions.ts'
import { virtualProducers, virtualStream } from './virtual-streams.ts'

export { type Membership, type NetworkOptions, networkDefaults, type VirtualNetwork }

const DIAL_EVERY_MS = 1000
const STEP_MS = 0.5
const DECISIONS_KEPT = 200
const LEAVE_TIMES = 5

/**
 * @param acquaintances by member's name, those it connects with of its own accord: all of a small feeder, some of a large one.
 * Others it dials when it asks them something.
 */
export function virtualNetwork(
  scheduler: Scheduler,
  chance: Chance,
  acquaintances: (name: string) => Iterable<string>,
  given: Partial<NetworkOptions> = {},
): VirtualNetwork {
  let options: NetworkOptions = { ...networkDefaults, ...given }
  const members = new Map<string, Member>()
  const named = new Map<string, Member>()
  /** Connections over which nothing passes now, by pair, until that is noticed. */
  const silences = new Map<string, { readonly one: Member; readonly other: Member; readonly cancel: () => void }>()
  let sent = 0
  let lost = 0

  const cuts = virtualCuts(watchSilence)
  const { passes } = cuts

  /** Cubed, so that half of them are within an eighth of the way. In whole steps: much that is sent at once then arrives
   * at once, and is one event. */
  function delay({ chance: own }: Member): number {
    const { minMs, maxMs } = options.latency
    const drawn = own()
    return minMs + Math.round(((maxMs - minMs) * drawn * drawn * drawn) / STEP_MS) * STEP_MS
  }

  /** @returns whether it is lost on the way */
  function loses(from: Member, to: Member): boolean {
    sent++
    if (passes(from.name, to.name) && (options.lossShare === 0 || from.chance() >= options.lossShare)) return false
    lost++
    return true
  }

  const isThere = (member: Member): boolean => !member.life.isOver && members.get(member.peerId) === member

  const heldLinks = virtualHeldLinks<Member>(scheduler, { passes, isThere, silenceMs: () => options.linkSilenceMs })

  /** Carries something over, once, twice or not at all. */
  function carry(from: Member, to: Member, deliver: () => void): boolean {
    if (loses(from, to)) return false
    const arrive = (): void => {
      if (isThere(to)) deliver()
    }
    scheduler.at(scheduler.now() + delay(from), arrive)
    if (options.duplicateShare > 0 && from.chance() < options.duplicateShare) {
      scheduler.at(scheduler.now() + delay(from), arrive)
    }
    return true
  }

  // Connections --------------------------------------------------------------------------------------------------------

  /** Both try until they are connected, for as long as both live. */
  function dial(one: Member, other: Member): void {
    if (one.life.isOver || other.life.isOver || one.near.has(other.peerId)) return
    if (members.get(one.peerId) !== one || members.get(other.peerId) !== other) return
    if (passes(one.name, other.name)) {
      const refusal = refusedBetween(one, other) ?? refusedBetween(other, one)
      if (refusal === undefined) return connect(one, other)
      one.refused(refusal, other.credential)
      other.refused(refusal, one.credential)
    }
    scheduler.at(scheduler.now() + DIAL_EVERY_MS * (0.5 + one.chance()), () => dial(one, other))
  }

  /** Whom it is connected with; a stranger is dialled once. Acquaintances are being dialled all the while. */
  async function reached(one: Member, peerId: string): Promise<Member> {
    const other = members.get(peerId)
    const isStranger = other !== undefined && !one.acquaintances.has(other.name) && !other.acquaintances.has(one.name)
    if (!one.near.has(peerId) && isStranger) {
      await new Promise<void>(resolve => void scheduler.at(scheduler.now() + 2 * delay(one), resolve))
      const isAdmitted = [refusedBetween(one, other), refusedBetween(other, one)].every(each => each === undefined)
      if (isThere(one) && isThere(other) && !one.near.has(peerId) && passes(one.name, other.name) && isAdmitted) {
        connect(one, other)
      }
    }
    const target = one.near.get(peerId)?.member
    if (target === undefined) throw new MeshError('MESH_UNREACHABLE', `${peerId} is not connected`)
    return target
  }

  function refusedBetween(at: Member, shown: Member): Refused | undefined {
    const checked = at.check(shown.credential.token)
    if ('reason' in checked) return checked
    return admissionRefusal(checked, shown.peerId, { peerId: at.peerId, ...at.policy })
  }

  function connect(one: Member, other: Member): void {
    // One of them has started anew before the other noticed that it was gone.
    lose(one, one.near.get(other.peerId))
    lose(other, other.near.get(one.peerId))
    const [toOther, toOne] = [connectionTo(other), connectionTo(one)]
    one.near.set(other.peerId, toOther)
    other.near.set(one.peerId, toOne)
    flood.connected(one.peerId, other.peerId)
    one.change(toOther.peer, 'up')
    other.change(toOne.peer, 'up')
    heldLinks.tellBothSoon(one, other)
  }

  /** What `shown` shows now reaches `at` over the connection that they have. */
  function renew(at: Member, shown: Member, credential: Credential): void {
    const connection = at.near.get(shown.peerId)
    if (connection?.member !== shown) return
    const checked = at.check(credential.token)
    const refused =
      'reason' in checked
        ? checked
        : (admissionRefusal(checked, shown.peerId, { peerId: at.peerId, ...at.policy }) ??
          renewalRefusal(checked, connection.peer.credential))
    if (refused !== undefined) return
    connection.peer = { ...connection.peer, credential }
    at.renewed(connection.peer)
  }

  function lose(at: Member, connection: Connection | undefined): void {
    if (connection === undefined || at.near.get(connection.peer.peerId) !== connection) return
    at.near.delete(connection.peer.peerId)
    if (!at.life.isOver) at.change(connection.peer, 'down')
  }

  function disconnect(one: Member, other: Member): void {
    const [toOther, toOne] = [one.near.get(other.peerId), other.near.get(one.peerId)]
    // Another life of one of them may be connected by now.
    if (toOther?.member !== other || toOne?.member !== one) return
    flood.disconnected(one.peerId, other.peerId)
    lose(one, toOther)
    lose(other, toOne)
    dial(one, other)
  }

  const connectionTo = (member: Member): Connection => {
    const { peerId, credential, name } = member
    const addresses = [`/memory/${name}`]
    return { member, peer: { peerId, credential, addresses, connectedSince: scheduler.now(), rttMs: undefined } }
  }

  /** What is cut now is noticed when it has been silent for too long, unless it is whole again by then. */
  function watchSilence(): void {
    for (const [key, { one, other, cancel }] of silences) {
      if (!passes(one.name, other.name)) continue
      cancel()
      silences.delete(key)
      heldLinks.tellBothSoon(one, other)
    }
    for (const one of members.values()) {
      for (const { member: other } of one.near.values()) {
        const key = pairKey(one.name, other.name)
        if (silences.has(key) || passes(one.name, other.name)) continue
        const cancel = scheduler.at(scheduler.now() + options.silenceMs, () => {
          silences.delete(key)
          disconnect(one, other)
        })
        silences.set(key, { one, other, cancel })
        heldLinks.tellBothSoon(one, other)
      }
    }
  }

  const questions = virtualQuestions(scheduler, carry)

  const flood: Flood = createFlood({
    arrival: (from, to) => {
      const [source, target] = [members.get(from), members.get(to)]
      if (source === undefined || target === undefined || loses(source, target)) return undefined
      return scheduler.now() + delay(source)
    },
    at: (ms, run) => void scheduler.at(ms, run),
    receive: (at, from, topic, frame) => members.get(at)?.published(from, topic, frame) ?? 'ignore',
  })

  function join(membership: Membership): Links {
    const { credential, life } = membership
    const { peerId, name } = credential
    const changes: Parameters<Links['onPeer']>[0][] = []
    const renewals: Parameters<Links['onRenewed']>[0][] = []
    const decisions: AdmissionDecision[] = []
    const decisionListeners: Parameters<Links['onDecision']>[0][] = []
    const linkListeners: Parameters<Links['onLink']>[0][] = []
    const answers = new Map<string, Parameters<Links['serve']>[1]>()
    const refusals = new Map<string, number>()
    let lastRefusal: string | undefined
    let onFrame: Parameters<Links['onFrame']>[0] = () => {}
    let onAsk: Parameters<Links['onAsk']>[0] = () => undefined
    let onPublished: Parameters<Links['onPublished']>[0] = () => 'ignore'
    let peers: LinkPeer[] | undefined
    let streams = 0

    const self: Member = {
      ...membership,
      name,
      peerId,
      chance: chance.of(`member/${name}/${scheduler.now()}`),
      near: new Map(),
      topics: new Set(),
      held: new Set(),
      acquaintances: new Set(),
      liveness: new Map(),
      started: false,
      frame: (from, frame, ageMs, label) => onFrame(from, frame, { way: 'datagram', ageMs, label }),
      asked: (from, question) => onAsk(from, question),
      published: (from, topic, frame) => onPublished(from, topic, frame),
      answer: async (from, protocol, question) => {
        const handler = answers.get(protocol)
        if (handler === undefined) throw new Error(`no protocol ${protocol} here`)
        return handler(from, question)
      },
      producers: virtualProducers(scheduler, () => life.isOver),
      change(peer, state) {
        peers = undefined
        if (state === 'up') decided(peer.credential, { admitted: true, reason: undefined, words: 'admitted' })
        for (const each of changes) each(peer, state)
      },
      link(to, state) {
        for (const each of linkListeners) each(to, state)
      },
      renewed(peer) {
        peers = undefined
        for (const each of renewals) each(peer)
      },
      refused({ reason, refused }, shown) {
        refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
        lastRefusal = refused
        decided(shown, { admitted: false, reason, words: refused })
      },
    }

    function decided(
      { peerId: about, name: called, organisation }: Credential,
      how: Pick<AdmissionDecision, 'admitted' | 'reason' | 'words'>,
    ): void {
      const decision = { peerId: about, name: called, organisation, ...how, atMs: scheduler.now() }
      decisions.push(decision)
      if (decisions.length > DECISIONS_KEPT) decisions.shift()
      for (const listener of decisionListeners) listener(decision)
    }

    const isHeld = (to: Member): boolean => self.held.has(to.peerId) || to.held.has(peerId)

    return {
      peerId,
      addresses: () => [`/memory/${name}`],
      peers: () => {
        peers ??= [...self.near.values()].map(({ peer }) => peer)
        return peers
      },
      hold: wanted => {
        self.held = wanted
        for (const { member } of self.near.values()) {
          if (wanted.has(member.peerId) && !self.liveness.has(member.peerId)) heldLinks.tellSoon(self, member)
        }
      },
      send(to, frame, ageMs, label = 0) {
        const target = self.near.get(to)?.member
        if (target === undefined || !isHeld(target)) return false
        const left = scheduler.now()
        const age = (): number | undefined => (ageMs === undefined ? undefined : ageMs + scheduler.now() - left)
        carry(self, target, () => target.frame(peerId, frame, age(), label))
        return 'datagram'
      },
      ask(to, question, { timeoutMs }) {
        const target = self.near.get(to)?.member
        if (target === undefined) return Promise.reject(new MeshError('MESH_UNREACHABLE', `${to} is not connected`))
        return questions.ask(self, target, question, timeoutMs)
      },
      onAsk: answer => {
        onAsk = answer
      },
      probe: (to, padding) => {
        const target = self.near.get(to)?.member
        if (target === undefined) return Promise.reject(new MeshError('MESH_UNREACHABLE', 'not held'))
        void padding
        return questions.probe(self, target)
      },
      onFrame: receive => {
        onFrame = receive
      },
      subscribe(topic) {
        self.topics.add(topic)
        flood.subscribe(peerId, topic)
      },
      unsubscribe(topic) {
        self.topics.delete(topic)
        flood.unsubscribe(peerId, topic)
      },
      publish: async (topic, frame) => (self.started ? flood.publish(peerId, topic, frame) : 0),
      onPublished: check => {
        onPublished = check
      },
      async request(to, protocol, question, { timeoutMs, signal }) {
        if (to === peerId) return questions.askSelf(self, protocol, question)
        const target = self.near.get(to)?.member ?? (await reached(self, to))
        return questions.request(self, target, protocol, question, timeoutMs, signal)
      },
      serve: (protocol, answer) => void answers.set(protocol, answer),
      onLink: listener => void linkListeners.push(listener),
      async *stream(to, protocol, question, patience) {
        const target = to === peerId ? self : (self.near.get(to)?.member ?? (await reached(self, to)))
        const id = `${peerId} ${streams++}`
        const pull = (index: number) => target.producers.pull({ id, index, from: credential, protocol, question })
        yield* virtualStream(
          scheduler,
          protocol,
          patience,
          (index, back) =>
            void carry(self, target, () => {
              const piece = pull(index)
              void piece.then(got => void (target.life.isOver || carry(target, self, () => back(got))))
            }),
          // One of them comes through, as the end of a TCP connection does.
          () => {
            for (let time = 0; time < LEAVE_TIMES; time++) carry(self, target, () => target.producers.end(id))
          },
        )
      },
      serveStream: self.producers.serve,
      onPeer: change => void changes.push(change),
      onAnnounced: () => {},
      knownPeers: () => 0,
      learn: () => {},
      onDecision: listener => void decisionListeners.push(listener),
      decisions: () => decisions,
      show(token) {
        const checked = self.check(token)
        if ('reason' in checked) return
        self.credential = checked
        for (const { member: other } of self.near.values()) carry(self, other, () => renew(other, self, checked))
      },
      onRenewed: listener => void renewals.push(listener),
      onMalformed() {}, // no protocols of its own
      expel(to) {
        const target = self.near.get(to)?.member
        if (target !== undefined) disconnect(self, target)
      },
      refusals: () => refusals,
      lastRefusal: () => lastRefusal,
      async start() {
        if (life.isOver) return
        members.set(peerId, self)
        self.started = true
        named.set(name, self)
        self.acquaintances = new Set(acquaintances(name))
        for (const acquaintance of self.acquaintances) {
          const other = named.get(acquaintance)
          if (other !== undefined && other !== self)
            scheduler.at(scheduler.now() + 2 * delay(self), () => dial(self, other))
        }
      },
      async stop() {
        if (members.get(peerId) === self) leave(peerId, { silently: false })
      },
    }
  }

  function leave(peerId: string, { silently }: { readonly silently: boolean }): void {
    const gone = members.get(peerId)
    if (gone === undefined) return
    members.delete(peerId)
    named.delete(gone.name)
    gone.started = false
    flood.leave(peerId)
    for (const { member: other } of gone.near.values()) {
      const connection = other.near.get(peerId)
      const wait = silently ? options.silenceMs : delay(gone)
      if (other.held.has(peerId)) {
        scheduler.at(scheduler.now() + options.linkSilenceMs, () => {
          if (!named.has(gone.name)) heldLinks.tell(other, peerId, 'silent')
        })
      }
      // If it is back before that, it is it that dials.
      scheduler.at(scheduler.now() + wait, () => lose(other, connection))
    }
  }

  return {
    join,
    leave,
    ...cuts,
    set(next) {
      options = { ...options, ...next }
    },
    get sent() {
      return sent
    },
    get lost() {
      return lost
    },
  }
}

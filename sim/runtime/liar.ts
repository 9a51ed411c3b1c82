// An agent that lies: one of the mesh, with its credential and its key, that says what is not so. Its program is the real
// one, and what it does at its own device is honest; what it says is changed on its way out, and signed anew, so that it
// passes every check that its rights let it pass.
//
//   position      its device is where it is not
//   interlock     it sees a fault when it does not, and the other way round
//   relay         its relay's state: a failed breaker while it sees nothing, nothing while it sees a fault
//   facts         what restoration asks it: position, passage, dead sides, trip and lockout, each the other way round
//   grants        it grants its device to everybody, says that it has opened it, and never does
//   warnings      each second a warning of a section that it observes, and that its device has tripped
//   transferTrip  each second a transfer trip of its device
//   replays       each second what it has sent and heard lately is sent once more
//   clock         its messages were said a minute and a half ago

import { type Envelope, readEnvelope, sealEnvelope } from '../../src/mesh/envelope.ts'
import type { Identity, VerifySignature } from '../../src/mesh/identity.ts'
import type { Links } from '../../src/mesh/links.ts'
import { positionMessage, transferTripMessage, trippedMessage, warningMessage } from '../../src/protection/messages.ts'
import { interlockAnswerMessage, type RelayReport, relayStateMessage } from '../../src/protection/relay-messages.ts'
import {
  decodeRestorationAnswer,
  decodeRestorationQuestion,
  encodeRestorationAnswer,
  RESTORATION_PROTOCOL,
  type RestorationAnswer,
  type RestorationFacts,
  type RestorationQuestion,
} from '../../src/protection/restoration/questions.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { duration, utcMs } from '../../topology/units.ts'
import type { Scheduler } from './scheduler.ts'
import type { Life } from './virtual-clock.ts'

export const LIES = [
  'position',
  'interlock',
  'relay',
  'facts',
  'grants',
  'warnings',
  'transferTrip',
  'replays',
  'clock',
] as const
export type Lie = (typeof LIES)[number]

export interface LiarOptions {
  readonly name: string
  readonly file: FeederFile
  readonly identity: Identity
  readonly verifySignature: VerifySignature
  readonly scheduler: Scheduler
  readonly life: Life
  /** What it lies about now; empty while it is honest. */
  lies(): ReadonlySet<Lie>
}

const EACH_MS = 1000
/** Frames kept to be sent again; the oldest give way. */
const RECORDED = 40
const BEHIND_MS = 90_000
const LIFETIME_MS = 2000

/** The same links, over which it lies while `lies` says so. */
export function lyingLinks(links: Links, options: LiarOptions): Links {
  const { name, file, identity, verifySignature, scheduler, life, lies } = options
  const ied = file.ieds.find(each => each.name === name)
  const changed = new WeakMap<Uint8Array, Uint8Array>()
  const recorded: Uint8Array[] = []
  /** Made up so far: what its program says afterwards has later numbers for it. */
  let madeUp = 0
  let newest: Envelope | undefined

  function record(frame: Uint8Array): void {
    if (!lies().has('replays')) return
    recorded.push(frame)
    if (recorded.length > RECORDED) recorded.shift()
  }

  const isOwn = (frame: Uint8Array): boolean => {
    try {
      return readEnvelope(frame, verifySignature).envelope.origin === identity.peerId
    } catch {
      return false // a frame of others that is passed on unread
    }
  }

  /** The own frame as it goes out, the same over every link; what others said goes on untouched. */
  function told(frame: Uint8Array): Uint8Array {
    const known = changed.get(frame)
    if (known !== undefined) return known
    if (!isOwn(frame)) return frame
    const { envelope } = readEnvelope(frame, verifySignature)
    newest = envelope.epoch === newest?.epoch && envelope.sequence < newest.sequence ? newest : envelope
    const now = lies()
    const payload = payloadOf(envelope, now)
    const utc = now.has('clock') ? utcMs(envelope.utc - BEHIND_MS) : envelope.utc
    const isAsItWas = payload === envelope.payload && utc === envelope.utc && madeUp === 0
    const out = isAsItWas
      ? frame
      : sealEnvelope({ ...envelope, payload, utc, sequence: envelope.sequence + madeUp }, identity)
    changed.set(frame, out)
    record(out)
    return out
  }

  /** What no part of its program said. */
  function makeUp(type: string, payload: Uint8Array): void {
    if (newest === undefined) return
    madeUp++
    const sequence = newest.sequence + madeUp
    const frame = sealEnvelope({ ...newest, type, payload, sequence, lifetime: duration(LIFETIME_MS) }, identity)
    sendAround(frame)
  }

  function sendAround(frame: Uint8Array): void {
    for (const { peerId } of links.peers()) links.send(peerId, frame, 0)
  }

  function everySecond(): void {
    if (life.isOver) return
    scheduler.at(scheduler.now() + EACH_MS, everySecond)
    const now = lies()
    if (now.size === 0 || newest === undefined) return
    // Its own clock stands still in `newest`; a fresh time makes it count.
    newest = { ...newest, utc: utcMs(newest.utc + EACH_MS) }
    const event = `${name}/${newest.epoch}/${MADE_UP + madeUp}`
    const device = ied?.operates
    const section = ied?.observes[madeUp % Math.max(1, ied.observes.length)]
    if (now.has('warnings') && section !== undefined) {
      makeUp(
        'warning',
        warningMessage.encode({ event, section, severity: 'catastrophic', kind: 'trip', residualPu: 0 }),
      )
    }
    if (now.has('warnings') && device !== undefined) {
      makeUp('tripped', trippedMessage.encode({ event, device, breakerFailureMs: 1 }))
    }
    if (now.has('transferTrip') && device !== undefined) {
      const stamp = { stateNumber: MADE_UP + madeUp, sequenceNumber: 0, test: false }
      makeUp('transfer-trip', transferTripMessage.encode({ device, stands: true, ...stamp }))
    }
    if (now.has('replays')) for (const frame of recorded) sendAround(frame)
  }
  scheduler.at(scheduler.now() + EACH_MS, everySecond)

  return {
    ...links,
    // Copied properties would stand still where the links compute them.
    addresses: () => links.addresses(),
    peers: () => links.peers(),
    send: (to, frame, ageMs, label) => links.send(to, told(frame), ageMs, label),
    publish: (topic, frame) => links.publish(topic, told(frame)),
    onFrame: receive =>
      links.onFrame((from, frame, arrival) => {
        record(frame)
        // Its program does not know what it is made to say.
        if (!isOwn(frame)) receive(from, frame, arrival)
      }),
    onPublished: check =>
      links.onPublished((from, topic, frame) => (isOwn(frame) ? 'ignore' : check(from, topic, frame))),
    serve: (protocol, answer) =>
      links.serve(protocol, async (from, question) => {
        const honest = await answer(from, question)
        return protocol === RESTORATION_PROTOCOL ? answered(question, honest, lies()) : honest
      }),
  }
}

/** Above all numbers that its program gets to. */
const MADE_UP = 1_000_000

function payloadOf({ type, payload }: Envelope, lies: ReadonlySet<Lie>): Uint8Array {
  if (type === positionMessage.type && lies.has('position')) {
    const said = positionMessage.decode(payload)
    return positionMessage.encode({ ...said, position: otherPosition(said.position) })
  }
  if (type === interlockAnswerMessage.type && lies.has('interlock')) {
    const said = interlockAnswerMessage.decode(payload)
    return interlockAnswerMessage.encode({ ...said, sees: said.sees === 'no' ? 'yes' : 'no' })
  }
  if (type === relayStateMessage.type && lies.has('relay')) {
    const said = relayStateMessage.decode(payload)
    const state: RelayReport['state'] = said.state === 'quiet' ? 'breaker-failed' : 'quiet'
    return relayStateMessage.encode({ ...said, state })
  }
  return payload
}

function answered(question: Uint8Array, honest: Uint8Array, lies: ReadonlySet<Lie>): Uint8Array {
  const asked = decodeRestorationQuestion(question)
  const answer = decodeRestorationAnswer(honest)
  if (lies.has('facts') && answer.kind === 'facts') return encodeRestorationAnswer(otherFacts(answer))
  return lies.has('grants') ? encodeRestorationAnswer(granted(asked) ?? answer) : honest
}

function otherFacts(facts: RestorationFacts): RestorationFacts {
  const { position, tripped, lockedOut, passage, nodeSideDead, sectionSideDead } = facts
  return {
    ...facts,
    position: otherPosition(position),
    tripped: !tripped,
    lockedOut: !lockedOut,
    passage: passage === 'yes' ? 'no' : 'yes',
    ...(nodeSideDead === undefined ? {} : { nodeSideDead: !nodeSideDead }),
    ...(sectionSideDead === undefined ? {} : { sectionSideDead: !sectionSideDead }),
  }
}

function granted({ kind }: RestorationQuestion): RestorationAnswer | undefined {
  if (kind === 'reserve') return { kind: 'granted', fence: 1 }
  if (kind === 'open') return { kind: 'done' }
  return kind === 'confirm' ? { kind: 'confirmed', position: 'open' } : undefined
}

const otherPosition = <P extends 'open' | 'closed' | 'unknown'>(position: P): 'open' | 'closed' =>
  position === 'closed' ? 'open' : 'closed'

// Whatever bytes a peer sends, each decoder that it can reach gives a message or its declared error, soon and in bounded
// memory. The table has each rule of docs/messages.cddl that something is decoded by: a message that is added there and not
// here fails the first test. What comes after decoding is fuzzed at running agents, in hostile-peer.test.ts.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { describe, expect, it } from 'vitest'
import { AggregationError } from '../../src/aggregation/aggregation-error.ts'
import {
  askCodec,
  carryCodec,
  outcomeCodec,
  pullAnswerCodec,
  pullCodec,
  relayCodec,
} from '../../src/aggregation/delivery.ts'
import { beatCodec } from '../../src/aggregation/election.ts'
import { profileIn } from '../../src/aggregation/load-profile.ts'
import { comparePlaces } from '../../src/aggregation/phasor-comparison.ts'
import { type PlacePhasors, phasorFramesCodec, phasorQuestionCodec } from '../../src/aggregation/phasor-message.ts'
import { portionContentCodec } from '../../src/aggregation/portion.ts'
import { rangeAnswerCodec, rangeAskCodec } from '../../src/aggregation/range.ts'
import { readingIn } from '../../src/aggregation/reading.ts'
import { bodyCodec, headerCodec } from '../../src/aggregation/record.ts'
import { iedReliabilityCodec } from '../../src/aggregation/reliability/report.ts'
import {
  pricePush,
  tariffOffer,
  tariffOffers,
  tariffQuestion,
} from '../../src/aggregation/suppliers/supplier-message.ts'
import { decodeAdmission } from '../../src/mesh/admission.ts'
import { readAnnouncement } from '../../src/mesh/announcement.ts'
import { decodeAdvice } from '../../src/mesh/clock-advice.ts'
import { claimedIdentity, decodeToken, encodeToken, newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { decodeShare } from '../../src/mesh/datagram-keys.ts'
import { datagramRefusals, opener, sealer } from '../../src/mesh/datagram-session.ts'
import { readEnvelope, sealEnvelope } from '../../src/mesh/envelope.ts'
import { newIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import { decodeCursor, decodeHandedOn } from '../../src/mesh/known-peers.ts'
import {
  ANSWER,
  ASK,
  beatPacket,
  echoPacket,
  framePacket,
  NOBODY,
  numberedPacket,
  readPacket,
} from '../../src/mesh/link-packet.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import { verifyRevocation } from '../../src/mesh/revocation.ts'
import { decodeQuestion, decodeSigned, decodeTicket, openOutcome } from '../../src/node/command-protocol.ts'
import { decodeReliabilityQuestion } from '../../src/node/components/reliability.ts'
import { exchangeDocuments, exchangeQuestion, exchangeTaken } from '../../src/node/exchange-protocol.ts'
import { sealingProofs, sealingQuestion, sealingRotated, sealingTaken } from '../../src/node/key-protocol.ts'
import { decodeReadoutQuestion } from '../../src/node/readout.ts'
import { readRowItem } from '../../src/node/readout-rows.ts'
import { decodeRevocationAnswer, decodeRevocationQuestion } from '../../src/node/revocation-desk.ts'
import { decodeOwnGrants, decodeSharingAnswer, decodeSharingQuestion } from '../../src/node/sharing-protocol.ts'
import { parseTariff } from '../../src/node/tariff-file.ts'
import { decodeRevocationMessage } from '../../src/node/trust.ts'
import { decodeOrder, decodeOutcome, decodeWhat, encodeWhat } from '../../src/protection/command.ts'
import { degradationMessage } from '../../src/protection/degradation-message.ts'
import {
  allClearMessage,
  positionMessage,
  transferTripMessage,
  trippedMessage,
  warningMessage,
} from '../../src/protection/messages.ts'
import { decodePortionWords } from '../../src/protection/order-portion.ts'
import { passedWarningMessage } from '../../src/protection/passed-warning.ts'
import {
  interlockAnswerMessage,
  interlockQuestionMessage,
  relayStateMessage,
} from '../../src/protection/relay-messages.ts'
import { decodeRestorationAnswer, decodeRestorationQuestion } from '../../src/protection/restoration/questions.ts'
import { siteTestMessage } from '../../src/protection/site-test-message.ts'
import { supplyNoticeMessage } from '../../src/protection/supply-notice.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { NOW } from '../mesh/fixtures.ts'
import { trust } from '../mesh/real-links.ts'
import { computedMs } from '../stalls.ts'
import { hostile, INPUTS, SEED } from './inputs.ts'
import { samples } from './messages.ts'

const identity = await newIdentity()
const authority = await newAuthority('utility')
const trusted = [trust(authority)]
const token = await authority.issue(
  { peerId: identity.peerId, name: 'recloser', roles: ['IED'], feeders: ['f'] },
  { from: NOW, days: 1 },
)
const revoked = await authority.revoke({ peerId: identity.peerId, reason: 'stolen', at: NOW, until: utcMs(NOW + 1e9) })
const sealed = sealEnvelope(
  {
    type: 'warning',
    origin: identity.peerId,
    credentialHash: new Uint8Array(16),
    epoch: 1,
    sequence: 1,
    utc: NOW,
    utcGood: true,
    lifetime: duration(2000),
    feeder: new Uint8Array(16),
    payload: samples.warning?.[0] as Uint8Array,
  },
  identity,
)
const [envelopeBody] = fromCbor(sealed) as [Uint8Array]
const announcementBody = samples['announcement-body']?.[0] as Uint8Array
const signature = new Uint8Array(64)
const announcement = toCbor([announcementBody, signature])

const key = { key: randomBytes(32), id: randomBytes(8) }
const seal = sealer({ key: Buffer.from(key.key), id: key.id }, 2 ** 32)
const open = opener(key, 2 ** 32)
const packets = [
  beatPacket(1, 2, true, randomBytes(9)),
  echoPacket(beatPacket(1, 2, true), 3),
  framePacket(1, 2, sealed),
  numberedPacket(ASK, 1, randomBytes(9)),
  numberedPacket(ANSWER, 1, randomBytes(9)),
  numberedPacket(NOBODY, 1),
]
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytesOf = (words: string): Uint8Array => new TextEncoder().encode(words)

interface Decoder {
  /** Where the examples of messages.ts are not this rule's. */
  readonly valid?: readonly Uint8Array[]
  decode(bytes: Uint8Array): unknown
  /** What it throws; where nothing is said, an Error, of zod or of CBOR. */
  readonly declared?: typeof MeshError | typeof AggregationError
  /** It never throws: what is none it says in its value. */
  readonly never?: boolean
}

const anyCommand = { verify: verifyPeer, checkCredential: async () => ({ refused: 'nobody' }) }
const openAnswer = (bytes: Uint8Array) => openOutcome(bytes, { ied: 'R3', command: 'ada/ab' }, anyCommand)
const rangeAnswer = { decode: rangeAnswerCodec.decode, declared: AggregationError }
const pullAnswer = { decode: pullAnswerCodec.decode, declared: AggregationError }
const outcome = { decode: outcomeCodec.decode, declared: AggregationError }
const admission = { decode: decodeAdmission }
const revocationQuestion = { decode: decodeRevocationQuestion }
const question = { decode: decodeQuestion }
const restorationQuestion = { decode: decodeRestorationQuestion }
const restorationAnswer = { decode: decodeRestorationAnswer }

/** By rule of docs/messages.cddl. */
const decoders: Record<string, Decoder> = {
  envelope: {
    valid: [sealed],
    decode: bytes => [readEnvelope(bytes).verify(), readEnvelope(bytes).id],
    declared: MeshError,
  },
  'envelope-body': {
    valid: [envelopeBody],
    decode: bytes => readEnvelope(toCbor([bytes, signature])).verify(),
    declared: MeshError,
  },
  warning: warningMessage,
  'passed-warning': passedWarningMessage,
  'all-clear': allClearMessage,
  tripped: trippedMessage,
  position: positionMessage,
  'transfer-trip': transferTripMessage,
  'relay-state': relayStateMessage,
  'interlock-question': interlockQuestionMessage,
  'interlock-answer': interlockAnswerMessage,
  'restoration-ask': restorationQuestion,
  'restoration-reserve': restorationQuestion,
  'restoration-open': restorationQuestion,
  'restoration-release': restorationQuestion,
  'restoration-shed': restorationQuestion,
  'restoration-unshed': restorationQuestion,
  'restoration-confirm': restorationQuestion,
  'restoration-facts': restorationAnswer,
  'restoration-granted': restorationAnswer,
  'restoration-refused': restorationAnswer,
  'restoration-done': restorationAnswer,
  'restoration-confirmed': restorationAnswer,
  degradation: degradationMessage,
  'supply-notice': supplyNoticeMessage,
  'reliability-question': { decode: decodeReliabilityQuestion },
  'reliability-answer': { decode: iedReliabilityCodec.decode, declared: AggregationError },
  'tariff-offer': { decode: tariffOffer.decode, declared: AggregationError },
  'price-push': { decode: pricePush.decode, declared: AggregationError },
  'tariff-wants-offers': { decode: tariffQuestion.decode, declared: AggregationError },
  'tariff-wants-document': { decode: tariffQuestion.decode, declared: AggregationError },
  'tariff-document': {
    valid: [
      bytesOf(
        '{"tariff":"Flat","currency":"EUR","timeZone":"Europe/Berlin","energy":[{"name":"Energy","perKwh":"0.3"}]}',
      ),
    ],
    decode: bytes => parseTariff(text(bytes), 'tariff'),
  },
  'exchange-take': { decode: exchangeQuestion.decode, declared: AggregationError },
  'exchange-asks': { decode: exchangeQuestion.decode, declared: AggregationError },
  'exchange-taken': { decode: exchangeTaken.decode, declared: AggregationError },
  'exchange-documents': { decode: exchangeDocuments.decode, declared: AggregationError },
  'tariff-offers': { decode: tariffOffers.decode, declared: AggregationError },
  'site-test-goes-on': siteTestMessage,
  'site-test-opened': siteTestMessage,
  'site-test-closed': siteTestMessage,
  'site-test-ended': siteTestMessage,
  'election-beat': { decode: beatCodec.decode, declared: AggregationError },
  revocation: { decode: decodeRevocationMessage },
  'admission-credential': admission,
  'admission-admitted': admission,
  'admission-refused': admission,
  'credential-token': {
    valid: [bytesOf(token)],
    decode: async bytes => [claimedIdentity(text(bytes)), await verifyCredential(text(bytes), trusted, NOW)],
    never: true,
  },
  renewed: { valid: [encodeToken(token)], decode: decodeToken },
  'revocation-tokens': revocationQuestion,
  'revocation-have': revocationQuestion,
  'sealing-take': { decode: sealingQuestion.decode, declared: AggregationError },
  'sealing-rotate': { decode: sealingQuestion.decode, declared: AggregationError },
  'sealing-wants-proofs': { decode: sealingQuestion.decode, declared: AggregationError },
  'sealing-taken': { decode: sealingTaken.decode, declared: AggregationError },
  'sealing-rotated': { decode: sealingRotated.decode, declared: AggregationError },
  'sealing-proofs': { decode: sealingProofs.decode, declared: AggregationError },
  'sharing-brings': { decode: decodeSharingQuestion },
  'sharing-wants-mine': { decode: decodeSharingQuestion },
  'sharing-mine': { decode: decodeOwnGrants },
  'sharing-answer': { decode: decodeSharingAnswer },
  'revocation-answer': { decode: decodeRevocationAnswer },
  'revocation-token': {
    valid: [bytesOf(revoked)],
    decode: bytes => verifyRevocation(text(bytes), trusted, NOW),
    never: true,
  },
  'link-packet': { valid: packets, decode: bytes => readPacket(Buffer.from(bytes)), never: true },
  datagram: {
    valid: packets.map(packet => seal.seal(packet.subarray(0, 1000)) as Buffer),
    decode(bytes) {
      const opened = open.open(Buffer.from(bytes))
      if (typeof opened === 'string') expect(datagramRefusals).toContain(opened)
      else readPacket(opened)
    },
    never: true,
  },
  'key-share': { decode: decodeShare, declared: MeshError },
  announcement: {
    valid: [announcement],
    decode: bytes => readAnnouncement(bytes).verify(verifyPeer),
    declared: MeshError,
  },
  'announcement-body': {
    decode: bytes => readAnnouncement(toCbor([bytes, signature])).verify(verifyPeer),
    declared: MeshError,
  },
  'peers-cursor': { decode: decodeCursor },
  peers: { decode: decodeHandedOn },
  clock: { decode: decodeAdvice },
  query: { decode: decodeReadoutQuestion },
  'query-answer': { valid: [toCbor({ peers: [{ name: 'R3' }] })], decode: fromCbor },
  'query-rows': { decode: readRowItem },
  'encoded-row': {
    valid: [toCbor({ ied: 'R3', startUtc: 'now' })],
    decode: bytes => readRowItem(toCbor({ rows: [bytes], next: '' })),
  },
  'phasor-question': { decode: phasorQuestionCodec.decode, declared: AggregationError },
  'phasor-frames': {
    declared: AggregationError,
    decode(bytes) {
      const { frames } = phasorFramesCodec.decode(bytes)
      const places = ['R3', 'R4']
      for (const frame of frames) {
        const moment = { utcMicros: frame.utcMicros, frames: new Map([['R3', frame as PlacePhasors]]) }
        comparePlaces(moment, places, 'R3')
      }
    },
  },
  header: { decode: headerCodec.decode, declared: AggregationError },
  body: { decode: bodyCodec.decode, declared: AggregationError },
  'load-profile': { decode: profileIn, never: true },
  reading: { decode: readingIn, never: true },
  batch: pullAnswer,
  'portion-content': { decode: portionContentCodec.decode, declared: AggregationError },
  'pull-refusal': pullAnswer,
  pull: { decode: pullCodec.decode, declared: AggregationError },
  'range-question': { decode: rangeAskCodec.decode, declared: AggregationError },
  'range-part': rangeAnswer,
  'range-later': rangeAnswer,
  receipt: outcome,
  refusal: outcome,
  relay: { decode: relayCodec.decode, declared: AggregationError },
  carry: { decode: carryCodec.decode, declared: AggregationError },
  ask: { valid: [askCodec.encode('R3')], decode: askCodec.decode, declared: AggregationError },
  'command-select': question,
  'command-order': question,
  'signed-order': { decode: decodeSigned },
  what: { decode: decodeWhat, valid: [encodeWhat({ verb: 'open' })] },
  'order-operation': { decode: decodePortionWords },
  'order-words': { decode: decodePortionWords },
  order: { decode: decodeOrder },
  'command-ticket': { decode: decodeTicket },
  // Well-formed, and signed by nobody whom this one knows: the examples too are refused.
  'command-answer': { decode: bytes => openAnswer(bytes).catch(refused => expect(refused).toBeInstanceOf(Error)) },
  'command-lost': { decode: bytes => openAnswer(bytes).catch(refused => expect(refused).toBeInstanceOf(Error)) },
  'command-outcome': { decode: decodeOutcome },
}

/** Decoded by nobody as such: in a union of those above, or read at home only. */
const notReachable: Record<string, string> = {
  'audit-record': 'an agent reads its own alone; a back end keeps the bytes, see body',
}

describe('the decoders that a peer can reach', () => {
  it('are in this table, one for each rule of messages.cddl, or lie within others', () => {
    const rules = cddlRules()
    for (const rule of [...Object.keys(decoders), ...Object.keys(notReachable)])
      expect(rules.has(rule), rule).toBe(true)
    const reached = new Set<string>()
    const walk = (rule: string): void => {
      if (reached.has(rule)) return
      reached.add(rule)
      for (const part of rules.get(rule)?.parts ?? []) walk(part)
    }
    Object.keys(decoders).forEach(walk)
    const missing = [...rules.keys()].filter(
      rule => !reached.has(rule) && !isChoice(rules, rule) && !(rule in notReachable),
    )
    expect(missing).toEqual([])
    // And each map and each nested encoding is decoded on its own, not only as a part that a mutation seldom reaches.
    const nested = [...rules].filter(([, { body }]) => /bytes \.cbor/.test(body)).flatMap(([, { cbor }]) => cbor)
    for (const rule of nested) expect(rule in decoders || isChoice(rules, rule) || rule === 'any', rule).toBe(true)
  })

  it('include what each protocol of messages.cddl asks and answers', () => {
    const named = cddl()
      .split('\n')
      .flatMap(line => /^; {3}\/feedermesh\/\S+ +(.+)$/.exec(line)?.[1]?.split(/ {2,}/).slice(0, 2) ?? [])
      .flatMap(cell => cell.replace(/ \.\.\.$/, '').split(' or '))
      .filter(cell => !/no bytes/.test(cell))
    expect(named.length).toBeGreaterThan(20)
    const rules = cddlRules()
    for (const name of named)
      expect(name in decoders || isChoice(rules, name) || name === 'peer-id-text', name).toBe(true)
  })
})

describe.each(Object.entries(decoders))('the decoder of %s', (rule, { decode, declared = Error, never, ...own }) => {
  const valid = own.valid ?? samples[rule] ?? []

  async function survives(bytes: Uint8Array): Promise<void> {
    try {
      await decode(bytes)
    } catch (error) {
      if (never === true) throw error
      expect(error).toBeInstanceOf(declared)
      // A stack or an allocation that a peer blew up, or a field that was read before it was checked. What the platform
      // throws for text that is no UTF-8 is a TypeError as well.
      expect(error).not.toBeInstanceOf(RangeError)
      if ((error as { code?: string }).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') {
        expect(error).not.toBeInstanceOf(TypeError)
      }
    }
  }

  it('reads its own', async () => {
    expect(valid.length).toBeGreaterThan(0)
    for (const bytes of valid) await decode(bytes)
  })

  it(
    'gives a message or its declared error, whatever the bytes',
    async () => {
      await fc.assert(fc.asyncProperty(hostile(valid), survives), { numRuns: INPUTS, seed: SEED, endOnFailure: true })
    },
    600_000 + INPUTS * 10,
  )

  it('is not led to a deep stack or a large allocation by a few bytes', async () => {
    const nested = [0x81, 0xa1, 0xd8].map(head => new Uint8Array(65_000).fill(head))
    const announcesMuch = [0x5b, 0x7b, 0x9b, 0xbb].map(head =>
      Uint8Array.from([head, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]),
    )
    for (const bytes of [...nested, ...announcesMuch, new Uint8Array()]) {
      const began = computedMs()
      await survives(bytes)
      expect(computedMs() - began).toBeLessThan(1000)
    }
  })
})

const cddl = (): string => readFileSync('docs/messages.cddl', 'utf8')

interface Rule {
  readonly body: string
  readonly parts: ReadonlySet<string>
  /** The rules whose encoding it has as bytes. */
  readonly cbor: readonly string[]
}

/** A choice of rules that all have a decoder has one itself, as where an answer is this or that. */
function isChoice(rules: ReadonlyMap<string, Rule>, name: string): boolean {
  const { body = '', parts = new Set<string>() } = rules.get(name) ?? {}
  const isOne = /^[a-z-]+( \/ [a-z-]+)+$/.test(body.trim())
  return isOne && [...parts].every(part => part in decoders || isChoice(rules, part))
}

function cddlRules(): Map<string, Rule> {
  const bare = cddl().replace(/;.*$/gm, '')
  const bodies = [...bare.matchAll(/^([a-z][a-z0-9-]*) = ([\s\S]*?)(?=^[a-z][a-z0-9-]* = |$(?![\s\S]))/gm)]
  const names = new Set(bodies.map(([, name = '']) => name))
  return new Map(
    bodies.map(([, name = '', body = '']) => {
      const words =
        body
          .replace(/"[^"]*"/g, '')
          .replace(/[\w-]+:/g, '')
          .match(/[a-z][a-z0-9-]*/g) ?? []
      const parts = new Set(words.filter(word => names.has(word) && word !== name))
      const cbor = [...body.matchAll(/bytes \.cbor ([a-z-]+)/g)].map(([, inner = '']) => inner)
      return [name, { body, parts, cbor }]
    }),
  )
}

it('a length in front of a frame is a number of bytes that may come, or the end of the stream', async () => {
  const { decode } = await import('it-length-prefixed')
  const survives = (bytes: Uint8Array): void => {
    try {
      for (const frame of decode([bytes], { maxDataLength: 1000 })) expect(frame.byteLength).toBeLessThanOrEqual(1000)
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
    }
  }
  const examples = [encode.single(randomBytes(30)).subarray(), encode.single(randomBytes(999)).subarray()]
  fc.assert(fc.property(hostile(examples), survives), { numRuns: INPUTS, seed: SEED })
})

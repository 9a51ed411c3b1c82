// One valid example, or several, of each message of docs/messages.cddl, by the name of its rule. What the documents say of
// them is held against these, and what a hostile peer sends is made from these.

import type { Batch, Outcome, Pull, Refusal } from '../../src/aggregation/delivery.ts'
import {
  batchCodec,
  carryCodec,
  outcomeCodec,
  pullAnswerCodec,
  pullCodec,
  relayCodec,
} from '../../src/aggregation/delivery.ts'
import { beatCodec } from '../../src/aggregation/election.ts'
import { encodeProfile } from '../../src/aggregation/load-profile.ts'
import { phasorFramesCodec, phasorQuestionCodec } from '../../src/aggregation/phasor-message.ts'
import { portionContentCodec } from '../../src/aggregation/portion.ts'
import { type RangeAsk, rangeAnswerCodec, rangeAskCodec } from '../../src/aggregation/range.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import type { Receipt } from '../../src/aggregation/receipt.ts'
import { bodyCodec, headerCodec } from '../../src/aggregation/record.ts'
import { iedReliabilityCodec } from '../../src/aggregation/reliability/report.ts'
import {
  pricePush,
  tariffOffer,
  tariffOffers,
  tariffQuestion,
} from '../../src/aggregation/suppliers/supplier-message.ts'
import { encodeAdmission } from '../../src/mesh/admission.ts'
import { sealAnnouncement } from '../../src/mesh/announcement.ts'
import { encodeAdvice } from '../../src/mesh/clock-advice.ts'
import { encodeShare } from '../../src/mesh/datagram-keys.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { encodeCursor, encodeHandedOn } from '../../src/mesh/known-peers.ts'
import type { AuditRecord } from '../../src/node/audit-budget.ts'
import { encodeLost, encodeQuestion, encodeSigned, encodeTicket, sealOutcome } from '../../src/node/command-protocol.ts'
import { exchangeDocuments, exchangeQuestion, exchangeTaken } from '../../src/node/exchange-protocol.ts'
import { sealingProofs, sealingQuestion, sealingRotated, sealingTaken } from '../../src/node/key-protocol.ts'
import { encodeRevocationAnswer, encodeRevocationQuestion } from '../../src/node/revocation-desk.ts'
import { encodeOwnGrants, encodeSharingAnswer, encodeSharingQuestion } from '../../src/node/sharing-protocol.ts'
import { encodeRevocationMessage } from '../../src/node/trust.ts'
import {
  type Outcome as CommandOutcome,
  encodeOrder,
  encodeOutcome,
  encodeWhat,
  type Order,
} from '../../src/protection/command.ts'
import { degradationMessage } from '../../src/protection/degradation-message.ts'
import {
  allClearMessage,
  positionMessage,
  transferTripMessage,
  trippedMessage,
  warningMessage,
} from '../../src/protection/messages.ts'
import { encodePortionWords } from '../../src/protection/order-portion.ts'
import { passedWarningMessage } from '../../src/protection/passed-warning.ts'
import {
  interlockAnswerMessage,
  interlockQuestionMessage,
  relayStateMessage,
} from '../../src/protection/relay-messages.ts'
import {
  encodeRestorationAnswer,
  encodeRestorationQuestion,
  type RestorationFacts,
} from '../../src/protection/restoration/questions.ts'
import { siteTestMessage } from '../../src/protection/site-test-message.ts'
import { supplyNoticeMessage } from '../../src/protection/supply-notice.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'

const announcer = await newIdentity()
const announced = sealAnnouncement({ token: 'a.b.c', addresses: ['/ip4/10.0.0.5/tcp/4001'], number: 7 }, announcer)
const announcementBody = (fromCbor(announced) as [Uint8Array, Uint8Array])[0]
export const hash = new Uint8Array(32).fill(1)
export const signature = new Uint8Array(64).fill(2)
export const common = { ied: 'R3', ledgerId: 'ab'.repeat(16), chainHash: hash, utcMs: utcMs(1_768_000_000_000) }
const offer = {
  supplier: 'sun',
  tariff: 'Day and night',
  sha256: hash,
  bytes: 900,
  fromUtcMs: 0,
  issuedUtcMs: 1_768_000_000_000,
}
const prices = {
  supplier: 'sun',
  currency: 'EUR',
  issuedUtcMs: 1_768_000_000_000,
  startUtcMs: 1_768_000_000_000,
  minutes: 60,
  perKwh: ['0.31', '-0.02'],
}
const header = {
  ledgerId: common.ledgerId,
  ied: 'R3',
  number: 7,
  class: 'billing' as const,
  utcMs: common.utcMs,
  utcQuality: 'good' as const,
  previousHash: hash,
  commitment: hash,
}
const body = { salt: hash, content: new Uint8Array(3) }
const head = { ...common, number: 7, signature }
export const receipt: Receipt = {
  kind: 'receipt',
  backEnd: 'BE1',
  organisation: 'utility',
  ...common,
  upTo: 7,
  lacking: { billing: 1, powerQuality: 2, operation: 3, event: 4, tamper: 5, audit: 6 },
  signature,
}
const refusal: Refusal = {
  kind: 'refusal',
  reason: 'gap',
  backEnd: 'BE1',
  organisation: 'utility',
  ied: 'R3',
  ledgerId: common.ledgerId,
  haveUpTo: 3,
  chainHash: hash,
}
const outcomes: Outcome[] = [receipt, refusal]
export const batch: Batch = {
  kind: 'batch',
  ied: 'R3',
  ledgerId: common.ledgerId,
  credentialHash: new Uint8Array(16),
  records: [{ header, body }],
  portions: [{ class: 'billing', sealed: new Uint8Array(9) }],
  head,
  remaining: 0,
}
export const pull: Pull = {
  recipient: { backEnd: 'BE1', organisation: 'utility' },
  want: { records: 10, bytes: 1000 },
  after: 3,
  outcomes,
}
export const rangeAsk: RangeAsk = {
  ied: 'R3',
  recipient: pull.recipient,
  range: { fromUtcMs: utcMs(0), toUtcMs: utcMs(60_000), classes: ['billing'] },
  ledgerId: common.ledgerId,
  after: 3,
  also: 4,
  have: 9,
  want: pull.want,
  outcomes,
}
export const reading = {
  startUtcMs: utcMs(0),
  endUtcMs: utcMs(60_000),
  importWhStart: 5n,
  importWhEnd: 1n << 60n,
  exportWhStart: 0n,
  exportWhEnd: 0n,
  importVarhStart: 1n,
  importVarhEnd: 2n,
  exportVarhStart: 3n,
  exportVarhEnd: 4n,
  multiplier: { ctRatio: '40', vtRatio: '110', constant: '0.5', ratioErrorPercent: '-0.2' },
  hasVoltage: true,
  kw: { a: 1.5, b: 2, c: -3 },
  volts: { a: 2400 },
  probes: { temperatureC: 61.5 },
  flags: ['first'],
}
export const profile = {
  startUtcMs: utcMs(0),
  endUtcMs: utcMs(60_000),
  kw: { a: 1.5, b: 2, c: -3 },
  volts: { a: 2400 },
  probes: { temperatureC: 61.5 },
  flags: ['doubt:kw'],
}

const order: Order = {
  to: 'R3',
  by: 'ada',
  id: 'ab'.repeat(16),
  ticket: new Uint8Array(9),
  utcMs: common.utcMs,
  lifetimeMs: 60_000,
  cause: 'tree',
  what: { verb: 'open' },
  portions: [{ part: 'reason', for: [{ organisation: 'c', department: 'accounting' }], sealed: new Uint8Array(9) }],
}
const portionOf = { by: 'ada', id: 'ab'.repeat(16) }
const signedOrder = { envelopes: [new Uint8Array(3)], credentials: ['a.b.c'] }
const part = { ied: 'R3', device: 'R675', result: 'done' as const, words: 'done' }
export const commandOutcome: CommandOutcome = {
  command: 'ada/ab',
  ied: 'R3',
  result: 'refused',
  words: 'no',
  reason: 'interlock',
  position: 'open',
  shed: false,
  parts: [part],
  next: 'R4',
  sealed: new Uint8Array(9),
}
const signer = {
  credential: { peerId: 'ada', hash: new Uint8Array(16), token: 'a.b.c' },
  epoch: 1,
  sequence: 1,
  feeder: new Uint8Array(16),
  utc: common.utcMs,
  utcGood: true,
}

const placePhasors: Parameters<typeof phasorFramesCodec.encode>[0]['frames'][number] = {
  utcMicros: 1_768_000_000_100_000,
  timeErrorMicros: 1.5,
  volts: { a: [230.5, -1.25], b: [230, -120], c: [231, 120] },
  amps: { a: [10.5, 4] },
  frequencyHz: 49.98,
  rocofHzPerS: -0.5,
  doubtful: false,
}

const mark = new Uint8Array(16).fill(7)
const restoring = { feeder: mark, incident: 'tie/1/2', device: 'SW-N' }
const restorationFacts: RestorationFacts = {
  kind: 'facts',
  device: 'SW-N',
  position: 'closed',
  tripped: false,
  lockedOut: false,
  disturbed: false,
  passage: 'yes',
  passedAgoMs: 1200.5,
  toward: 'n3',
  nodeSideDead: true,
  sectionSideDead: true,
  barred: 'an inhibit stands here',
  loadKva: 94.5,
}

/** By rule, encoded samples; the first one has every key. */
export const samples: Record<string, Uint8Array[]> = {
  warning: [
    warningMessage.encode({
      event: 'R3/1/1',
      section: 's1',
      severity: 'severe',
      kind: 'trip',
      residualPu: 0.7,
      arrivesInMs: 800,
      lastsMs: 2000,
    }),
    warningMessage.encode({ event: 'R3/1/1', section: 's1', severity: 'catastrophic', kind: 'sag', residualPu: 0 }),
  ],
  'passed-warning': [
    passedWarningMessage.encode({
      event: 'R3/1/1',
      stands: true,
      severity: 'severe',
      kind: 'trip',
      arrivesInMs: 800,
      lastsMs: 2000,
    }),
    passedWarningMessage.encode({ event: 'R3/1/1', stands: false, severity: 'catastrophic', kind: 'sag' }),
  ],
  'all-clear': [allClearMessage.encode({ event: 'R3/1/1', section: 's1' })],
  tripped: [trippedMessage.encode({ event: 'R3/1/2', device: 'R675', breakerFailureMs: 250 })],
  position: [
    positionMessage.encode({ sequenceNumber: 0, test: false, device: 'R675', position: 'open', stateNumber: 4 }),
  ],
  'transfer-trip': [
    transferTripMessage.encode({ device: 'R675', stands: true, stateNumber: 1, sequenceNumber: 3, test: false }),
  ],
  'relay-state': [
    relayStateMessage.encode({
      event: 'R3/1/r2',
      device: 'R675',
      state: 'breaker-failed',
      stateNumber: 3,
      sequenceNumber: 0,
      test: false,
    }),
  ],
  'interlock-question': [
    interlockQuestionMessage.encode({ event: 'R3/1/r2', number: 1, device: 'R675', asked: ['R680', 'R692'] }),
  ],
  'interlock-answer': [
    interlockAnswerMessage.encode({ event: 'R3/1/r2', number: 1, device: 'R680', to: 'R675', sees: 'no' }),
  ],
  clock: [encodeAdvice(common.utcMs)],
  'site-test-goes-on': [siteTestMessage.encode({ test: '0f'.repeat(16), phase: 'goes-on', elapsedMs: 500 })],
  'site-test-opened': [
    siteTestMessage.encode({ test: '0f'.repeat(16), phase: 'opened', elapsedMs: 3650, device: 'R675' }),
  ],
  'site-test-closed': [
    siteTestMessage.encode({ test: '0f'.repeat(16), phase: 'closed', elapsedMs: 500, device: 'R671' }),
  ],
  'site-test-ended': [
    siteTestMessage.encode({ test: '0f'.repeat(16), phase: 'ended', elapsedMs: 9000, why: 'pickup' }),
  ],
  'supply-notice': [
    supplyNoticeMessage.encode({ event: '7/12345', what: 'lost', lostMs: 1044, copy: 1 }),
    supplyNoticeMessage.encode({ event: '7/12345', what: 'returned', lostMs: 5_400_000, copy: 1 }),
  ],
  'reliability-question': [toCbor({ fromUtcMs: common.utcMs, toUtcMs: common.utcMs + 86_400_000 })],
  'reliability-answer': [
    iedReliabilityCodec.encode({
      ied: 'R3',
      customers: 40,
      fromUtcMs: common.utcMs,
      toUtcMs: common.utcMs + 86_400_000,
      watchedMs: 86_400_000,
      unknownMs: 60_000,
      downMs: 6000,
      plannedMs: 0,
      interruptions: [
        {
          ied: 'R3',
          startUtcMs: common.utcMs + 1000,
          endUtcMs: common.utcMs + 9000,
          startBounds: { notBeforeUtcMs: common.utcMs, notAfterUtcMs: common.utcMs + 2000 },
          endBounds: { notBeforeUtcMs: common.utcMs + 8000, notAfterUtcMs: common.utcMs + 10_000 },
          phases: ['a', 'b', 'c'],
          planned: false,
          zone: 'z1',
          cause: 'R3 open',
        },
      ],
      leftOut: 0,
      beyondIticMs: 300,
      generators: [
        {
          generator: 'CHP',
          watchedMs: 86_400_000,
          unknownMs: 0,
          downMs: 0,
          plannedMs: 0,
          interruptions: [],
          leftOut: 0,
          starts: { required: 2, failed: 1, late: 0 },
        },
      ],
    }),
  ],
  degradation: [
    degradationMessage.encode({
      findings: [
        { measure: 'undervoltage', level: 0.06, perDay: 0.001, state: 'beyond', sinceMinutes: 70 },
        { measure: 'pickups', level: 2, state: 'sound', sinceMinutes: 0 },
      ],
    }),
  ],
  'tariff-offer': [tariffOffer.encode({ ...offer, toUtcMs: 1_800_000_000_000 }), tariffOffer.encode(offer)],
  'price-push': [pricePush.encode(prices)],
  'tariff-wants-offers': [tariffQuestion.encode({ want: 'offers' })],
  'tariff-wants-document': [tariffQuestion.encode({ want: 'document', sha256: hash })],
  'exchange-take': [exchangeQuestion.encode({ want: 'take', document: 'a.b.c' })],
  'exchange-asks': [exchangeQuestion.encode({ want: 'documents', after: '' })],
  'exchange-taken': [exchangeTaken.encode({ result: 'refused', words: 'it is for another' })],
  'exchange-documents': [
    exchangeDocuments.encode({ documents: [{ subject: 'prices sun', document: 'a.b.c' }], more: false }),
  ],
  'tariff-offers': [tariffOffers.encode({ offers: [offer], prices }), tariffOffers.encode({ offers: [offer] })],
  'election-beat': [beatCodec.encode({ group: 'ieee13', ied: 'R3', term: 2, role: 'member', fitness: 8 })],
  revocation: [encodeRevocationMessage('a.b.c')],
  'revocation-tokens': [encodeRevocationQuestion({ tokens: ['a.b.c'] })],
  'revocation-have': [encodeRevocationQuestion({ have: new Uint8Array(8) })],
  'sharing-brings': [encodeSharingQuestion({ policy: 'a.b.c' })],
  'sharing-wants-mine': [encodeSharingQuestion({ want: 'mine' })],
  'sharing-mine': [encodeOwnGrants({ grants: [{ classes: ['billing'], fromUtcMs: 1, toUtcMs: 2 }] })],
  'sealing-take': [sealingQuestion.encode({ want: 'take', announcements: ['a.b.c'] })],
  'sealing-rotate': [sealingQuestion.encode({ want: 'rotate' })],
  'sealing-wants-proofs': [
    sealingQuestion.encode({ want: 'proofs', organisation: 'c', department: 'accounting', name: 'm' }),
  ],
  'sealing-taken': [sealingTaken.encode({ taken: [{ verdict: 'new', words: '' }] })],
  'sealing-rotated': [sealingRotated.encode({ kid: 'k', epoch: 3 })],
  'sealing-proofs': [sealingProofs.encode({ announcements: ['a.b.c'], credentials: ['d.e.f'] })],
  'sharing-answer': [encodeSharingAnswer({ version: 3, isKnown: false })],
  'revocation-answer': [encodeRevocationAnswer({ tokens: ['a.b.c'], want: new Uint8Array(8) })],
  'admission-credential': [encodeAdmission({ credential: 'a.b.c' })],
  'admission-admitted': [encodeAdmission({ admitted: true })],
  'admission-refused': [encodeAdmission({ refused: 'no' })],
  'announcement-body': [announcementBody],
  'peers-cursor': [encodeCursor({ list: 'ab', after: 3 })],
  peers: [encodeHandedOn({ list: 'ab', upTo: 3, announcements: [] })],
  'key-share': [encodeShare({ boot: hash.subarray(0, 8), publicKey: hash, generation: 1, places: [] })],
  'audit-record': [
    toCbor({
      kind: 'role-use',
      subject: 'ada of u',
      allowed: true,
      words: 'open: done',
      count: 2,
    } satisfies AuditRecord),
  ],
  'restoration-ask': [
    encodeRestorationQuestion({ kind: 'facts', feeder: mark }),
    encodeRestorationQuestion({ kind: 'news', feeder: mark }),
  ],
  'restoration-reserve': [encodeRestorationQuestion({ kind: 'reserve', ...restoring, lifetimeMs: 10_000 })],
  'restoration-open': [encodeRestorationQuestion({ kind: 'open', ...restoring, fence: 3 })],
  'restoration-release': [encodeRestorationQuestion({ kind: 'release', ...restoring, fence: 3 })],
  'restoration-confirm': [encodeRestorationQuestion({ kind: 'confirm', feeder: mark, incident: 'tie/1/2' })],
  'restoration-shed': [
    encodeRestorationQuestion({ kind: 'shed', feeder: mark, incident: 'tie/1/2', load: 'load-n3', minutes: 240 }),
  ],
  'restoration-unshed': [
    encodeRestorationQuestion({ kind: 'unshed', feeder: mark, incident: 'tie/1/2', load: 'load-n3' }),
  ],
  'restoration-facts': [
    encodeRestorationAnswer(restorationFacts),
    encodeRestorationAnswer(without(without(restorationFacts, 'toward'), 'barred')),
  ],
  'restoration-granted': [encodeRestorationAnswer({ kind: 'granted', fence: 3 })],
  'restoration-refused': [encodeRestorationAnswer({ kind: 'refused', why: 'it is granted to tie/1/2' })],
  'restoration-done': [
    encodeRestorationAnswer({ kind: 'done', travelMs: 52 }),
    encodeRestorationAnswer({ kind: 'done' }),
  ],
  'restoration-confirmed': [encodeRestorationAnswer({ kind: 'confirmed', position: 'open' })],
  'command-select': [encodeQuestion({ kind: 'select', to: 'R3', by: 'ada', hops: 8 })],
  'command-order': [encodeQuestion({ kind: 'order', to: 'R3', hops: 8, order: signedOrder, cited: signedOrder })],
  'signed-order': [encodeSigned(signedOrder)],
  'order-operation': [encodePortionWords({ ...portionOf, part: 'operation', what: encodeWhat({ verb: 'open' }) })],
  'order-words': [encodePortionWords({ ...portionOf, part: 'reason', words: 'works' })],
  order: [encodeOrder(order), encodeOrder(without(order, 'cause'))],
  'command-ticket': [encodeTicket(new Uint8Array(9))],
  'command-outcome': [encodeOutcome(commandOutcome)],
  'command-lost': [encodeLost('recloser had no answer from meter')],
  'command-answer': [sealOutcome(commandOutcome, { ...signer, sign: () => signature })],
  query: [toCbor({ what: 'peers', parameters: { limit: 1 } })],
  'query-rows': [toCbor({ rows: [toCbor({ ied: 'R3' })], next: '7' })],
  'phasor-question': [phasorQuestionCodec.encode({ framesPerSecond: 10 })],
  'phasor-frames': [
    phasorFramesCodec.encode({
      frames: [placePhasors, { utcMicros: 5, volts: {}, amps: {}, doubtful: true }],
      lost: 0,
    }),
    phasorFramesCodec.encode({ frames: [], lost: 3 }),
  ],
  header: [headerCodec.encode(header)],
  body: [bodyCodec.encode(body)],
  'load-profile': [encodeProfile(profile), encodeProfile(without(without(profile, 'kw'), 'volts'))],
  reading: [encodeReading(reading), encodeReading({ ...without(without(reading, 'kw'), 'volts'), importWhEnd: 5n })],
  batch: [batchCodec.encode(batch), batchCodec.encode(without(without(batch, 'credentialHash'), 'portions'))],
  'portion-content': [
    portionContentCodec.encode({ class: 'billing', bodies: [{ number: 1, body }], inner: batch.portions ?? [] }),
  ],
  'pull-refusal': [pullAnswerCodec.encode({ kind: 'pullRefusal', reason: 'notEntitled' })],
  pull: [pullCodec.encode(pull), pullCodec.encode({ ...without(pull, 'after'), outcomes: [] })],
  'range-question': [
    rangeAskCodec.encode(rangeAsk),
    rangeAskCodec.encode({ ...without(without(rangeAsk, 'also'), 'ledgerId'), outcomes: [] }),
  ],
  'range-part': [rangeAnswerCodec.encode({ kind: 'part', batch, end: head, words: [4] })],
  'range-later': [rangeAnswerCodec.encode({ kind: 'later' })],
  receipt: [outcomeCodec.encode(receipt), outcomeCodec.encode({ ...receipt, lacking: {} })],
  refusal: [outcomeCodec.encode(refusal)],
  relay: [relayCodec.encode({ to: pull.recipient, batch })],
  carry: [carryCodec.encode({ outcomes })],
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value
  return rest
}

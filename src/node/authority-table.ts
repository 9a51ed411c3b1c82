// The authority table: for each message type, who may say it, where it is published, what a copy by gossip may do, and
// from which side of the feeder it counts. The components that use a type add what it claims of the feeder file and where
// it goes on. docs/security.md shows this table; a test holds the two against each other.

import type { AuthorityRow } from '../mesh/authority.ts'
import { degradationMessage } from '../protection/degradation-message.ts'
import {
  allClearMessage,
  positionMessage,
  transferTripMessage,
  trippedMessage,
  warningMessage,
} from '../protection/messages.ts'
import { interlockAnswerMessage, interlockQuestionMessage, relayStateMessage } from '../protection/relay-messages.ts'
import { siteTestMessage } from '../protection/site-test-message.ts'
import { supplyNoticeMessage } from '../protection/supply-notice.ts'

type Said = Omit<AuthorityRow, 'claim' | 'where' | 'onward' | 'about'>

/** What protects: from IEDs of organisations that this peer's own configuration obeys, with the same feeder file. */
const protection = { roles: ['IED'], from: 'protection', sameFeeder: true } as const

export const authorityTable = {
  /** The section lies upstream: the receiver is fed through it. What the receiver does of it is its own configuration's. */
  warning: {
    ...protection,
    type: warningMessage.type,
    claims: 'observes the section',
    topic: 'zone',
    overGossip: 'used',
    places: ['upstream'],
  },
  /** Ends that origin's own warning only, wherever the section lies by now. */
  allClear: {
    ...protection,
    type: allClearMessage.type,
    claims: 'observes the section',
    topic: 'zone',
    overGossip: 'used',
  },
  /** Upstream of the device: what backs a failed breaker up. Downstream: a generator leaves. */
  tripped: {
    ...protection,
    type: trippedMessage.type,
    claims: 'operates the device',
    topic: 'zone',
    overGossip: 'warns',
    places: ['upstream', 'downstream'],
  },
  /** Operates a generator, so it goes over held links alone. */
  transferTrip: {
    ...protection,
    type: transferTripMessage.type,
    claims: 'operates the device',
    topic: 'none',
    overGossip: 'refused',
    places: ['upstream'],
  },
  /** A warning, but for `breaker-failed`, which backs a failed breaker up, so it goes over held links alone. */
  relayState: {
    ...protection,
    type: relayStateMessage.type,
    claims: 'operates the device',
    topic: 'none',
    overGossip: 'refused',
    places: ['upstream', 'downstream'],
  },
  /** Asks who is below the asker's device. It is answered with what the own relay shows, and nothing else. */
  interlockQuestion: {
    ...protection,
    type: interlockQuestionMessage.type,
    claims: 'operates the device',
    topic: 'none',
    overGossip: 'refused',
    places: ['upstream'],
  },
  /** Counts for the open question to that device alone. */
  interlockAnswer: {
    ...protection,
    type: interlockAnswerMessage.type,
    claims: 'operates the device',
    topic: 'none',
    overGossip: 'refused',
    places: ['downstream'],
  },
  position: {
    ...protection,
    type: positionMessage.type,
    claims: 'operates the device',
    topic: 'state',
    overGossip: 'newer',
  },
  /** Questions about restoration, each over the connection of the two: facts, reserve, open, release, confirm. */
  restoration: {
    ...protection,
    type: 'restoration',
    claims: 'operates a switching device',
    topic: 'none',
    overGossip: 'refused',
  },
  /** Of a site test that a person has ordered and this IED has joined; nobody else does anything with it. */
  siteTest: {
    roles: ['IED'],
    from: 'trusted',
    sameFeeder: true,
    type: siteTestMessage.type,
    claims: 'is one of its IEDs, operates the device',
    topic: 'none',
    overGossip: 'refused',
  },
  /** It names no place: the receiver's own feeder file has the sender's. It is shown, and moves nothing. */
  degradation: {
    roles: ['IED'],
    from: 'trusted',
    sameFeeder: false,
    type: degradationMessage.type,
    claims: 'is one of its IEDs',
    topic: 'degradation',
    overGossip: 'newer',
  },
  /** It names no place: the receiver's own feeder file has the sender's. It is shown and counted, and moves nothing. */
  supplyNotice: {
    roles: ['IED'],
    from: 'trusted',
    sameFeeder: false,
    type: supplyNoticeMessage.type,
    claims: 'is one of its IEDs',
    topic: 'outage',
    overGossip: 'used',
  },
  /** The receiver's configuration says which of its organisation's back-end peers is a supplier; others are not looked at. */
  tariffOffer: {
    roles: ['BACKEND'],
    from: 'trusted',
    sameFeeder: false,
    type: 'tariff-offer',
    claims: 'nothing: the receiver names its suppliers',
    topic: 'suppliers',
    overGossip: 'newer',
  },
  /** It moves no more than what the receiver's own configuration sets off at a price. */
  pricePush: {
    roles: ['BACKEND'],
    from: 'trusted',
    sameFeeder: false,
    type: 'price-push',
    claims: 'nothing: the receiver names its suppliers',
    topic: 'suppliers',
    overGossip: 'newer',
  },
  electionBeat: {
    roles: ['IED'],
    from: 'trusted',
    sameFeeder: false,
    type: 'election-beat',
    claims: 'has the name in the beat',
    topic: 'group',
    overGossip: 'used',
  },
  /** The signature of the authority within it is what counts, whoever passes it on. */
  revocation: {
    roles: ['IED', 'BACKEND'],
    from: 'trusted',
    sameFeeder: false,
    type: 'revocation',
    topic: 'revocations',
    overGossip: 'used',
  },
} as const satisfies Record<string, Said>

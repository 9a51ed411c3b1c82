// Issues documents to partners and takes theirs.
//
//   content ──► the same as before? nothing ──► next revision, durable ──► signed, brought ──► the partner has kept it
//                                                        ▲                      │ away: again when it is back, and each half minute
//                                                        └──────────────────────┘ refused: told, and not brought again
//
// A partner that is away for days misses nothing: what is issued stays until it is delivered, and of what is about the same only
// the latest revision goes. A document that comes twice is known by its content; one that is older than what is here changes
// nothing; one of the same revision with other content is kept as evidence, and the first one counts. What is forged, altered,
// of nobody who is a partner here, for somebody else or about a meter that does not count here is refused, told, and costs the
// sender its question.

import { instant } from '../../topology/units.ts'
import {
  type ExchangeContent,
  type ExchangeDocument,
  exchangeDocumentSchema,
  subjectOf,
} from '../aggregation/exchange/exchange-document.ts'
import { judgeDocument, mayHave } from '../aggregation/exchange/judge-document.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Credential } from '../mesh/credential.ts'
import { contentDigestOf } from './compact-jws.ts'
import type { ComponentContext } from './component.ts'
import type { ExchangeConfig, ExchangePartner } from './exchange-config.ts'
import {
  EXCHANGE_PROTOCOL,
  type ExchangeTaken,
  exchangeDocuments,
  exchangeQuestion,
  exchangeTaken,
  MAX_ANSWER_BYTES,
  MAX_ANSWERED,
  readDocument,
  signDocument,
} from './exchange-protocol.ts'
import { type ExchangeShelf, type Issued, rowOf } from './exchange-shelf.ts'

const PATIENCE_MS = 10_000
const AGAIN_MS = 30_000
/** Pages of one poll: more come with the next. */
const MOST_PAGES = 400

export interface ExchangeDesk {
  /** Meters whose bills a partner gets. */
  metersOf(partner: ExchangePartner): ReadonlySet<string>
  /** Goes to the partner if it is entitled to it, and something in it is new. Durable before it resolves. */
  issue(partner: ExchangePartner, content: ExchangeContent): Promise<void>
  /** Asks all partners for what they have for this organisation. @returns for each in words what came of it */
  poll(): Promise<ReadonlyMap<string, string>>
  /** Brings what waits, to those that are there. */
  deliver(): void
  isConnected(partner: ExchangePartner): boolean
  stop(): Promise<void>
}

export function exchangeDesk(context: ComponentContext, config: ExchangeConfig, shelf: ExchangeShelf): ExchangeDesk {
  const { bus, clock, credential, feeder, links, log, messenger, report } = context
  const inTurn = serialQueue()
  const delivering = new Set<string>()
  let stopped = false

  const iedsOf = (organisation: string): string[] =>
    feeder.file.ieds.filter(ied => ied.organisation === organisation).map(({ name }) => name)
  const metersOf = ({ organisation, meters }: ExchangePartner): ReadonlySet<string> =>
    new Set([...iedsOf(organisation), ...meters])
  const partnerOf = ({ organisation }: Credential): ExchangePartner | undefined =>
    config.partners.find(each => each.organisation === organisation)
  const isPartner = ({ name, organisation, roles }: Credential): boolean =>
    roles.includes('BACKEND') &&
    config.partners.some(each => each.organisation === organisation && each.backEnd === name)
  const peerOf = ({ backEnd, organisation }: ExchangePartner): string | undefined =>
    messenger.peerOf(backEnd, each => each.organisation === organisation && each.roles.includes('BACKEND'))
  const audit = (subject: string, allowed: boolean, words: string): void =>
    bus.emit('audit', { kind: 'role-use', subject, allowed, words: words.slice(0, 200) })
  const signed = (document: ExchangeDocument): string =>
    signDocument(document, { peerId: links.peerId, token: context.credential.token, sign: context.sign })

  // Issuing ---------------------------------------------------------------------------------------------------------------

  function issue(partner: ExchangePartner, content: ExchangeContent): Promise<void> {
    return inTurn(async () => {
      const { organisation } = partner
      const about = content.kind === 'bill' ? { kind: content.kind, meter: content.meter } : { kind: content.kind }
      if (!mayHave(about, { ...partner, meters: metersOf(partner) })) return
      const subject = subjectOf(content)
      const before = await shelf.issuedDocument(organisation, subject)
      const document = exchangeDocumentSchema.parse({
        ...content,
        from: credential.organisation,
        to: organisation,
        issuedUtc: new Date(Math.floor(clock.utc())).toISOString(),
        revision: (before?.revision ?? 0) + 1,
      })
      if (before !== undefined && isSame(before, document)) return
      const entry: Issued = {
        ...rowOf(document, contentDigestOf(document)),
        document: JSON.stringify(document),
        state: 'waiting',
        words: '',
      }
      if (!(await shelf.putIssued(organisation, entry))) {
        report('alarm', { alarm: 'exchangeFull', organisation, subject })
        return
      }
      report('exchange-issued', { to: organisation, subject, revision: document.revision })
      deliverTo(partner)
    })
  }

  function deliver(): void {
    for (const partner of config.partners) deliverTo(partner)
  }

  function deliverTo(partner: ExchangePartner): void {
    const { organisation } = partner
    if (stopped || delivering.has(organisation)) return
    delivering.add(organisation)
    bringAll(partner)
      .catch(error => log.info('exchange-not-delivered', { organisation, reason: (error as Error).message }))
      .finally(() => delivering.delete(organisation))
  }

  async function bringAll(partner: ExchangePartner): Promise<void> {
    for (let next = waitingFor(partner); next !== undefined && !stopped; next = waitingFor(partner)) {
      const peerId = peerOf(partner)
      if (peerId === undefined) return
      const document = await shelf.issuedDocument(partner.organisation, next.subject)
      if (document === undefined) return
      const question = exchangeQuestion.encode({ want: 'take', document: signed(document) })
      const answer = await links.request(peerId, EXCHANGE_PROTOCOL, question, { timeoutMs: PATIENCE_MS, lane: 'bulk' })
      await settle(partner, document, exchangeTaken.decode(answer))
    }
  }

  const waitingFor = ({ organisation }: ExchangePartner) =>
    shelf.issued(organisation).find(({ state }) => state === 'waiting')

  /** Unless a later revision has taken its place meanwhile. */
  const settle = (partner: ExchangePartner, document: ExchangeDocument, { result, words }: ExchangeTaken) =>
    inTurn(async () => {
      const { organisation } = partner
      const subject = subjectOf(document)
      const now = await shelf.issuedDocument(organisation, subject)
      if (now?.revision !== document.revision) return
      const isRefused = result === 'refused'
      const entry: Issued = {
        ...rowOf(document, contentDigestOf(document)),
        document: JSON.stringify(document),
        state: isRefused ? 'refused' : 'delivered',
        words,
      }
      await shelf.putIssued(organisation, entry)
      audit(organisation, !isRefused, `${subject} revision ${document.revision}: ${result} ${words}`)
      if (isRefused) report('alarm', { alarm: 'exchangeRefused', by: organisation, subject, reason: words })
      else report('exchange-delivered', { to: organisation, subject, revision: document.revision })
    })

  // Taking ----------------------------------------------------------------------------------------------------------------

  async function take(jws: string): Promise<ExchangeTaken> {
    const refused = (words: string, who = 'somebody'): ExchangeTaken => {
      const said = words.slice(0, 400)
      audit(who, false, `exchange: ${said}`)
      report('alarm', { alarm: 'exchangeRefusedHere', from: who, reason: said })
      return { result: 'refused', words: said }
    }
    const read = readDocument(jws, context.verify)
    if (typeof read === 'string') return refused(read)
    const { document, contentDigest } = read
    if (!read.verify())
      return refused(`${subjectOf(document)}: the signature does not hold: it is forged or was altered`)
    const signer = await context.checkCredential(read.token)
    if ('refused' in signer) return refused(`${subjectOf(document)}: its signer: ${signer.refused}`)
    if (signer.peerId !== read.peerId)
      return refused(`${subjectOf(document)}: the credential is not that of its signer`)
    if (context.isRevoked(signer)) return refused(`${subjectOf(document)}: the credential of its signer is revoked`)
    const who = `${signer.name} of ${signer.organisation}`
    return inTurn(async () => {
      const { organisation } = signer
      const subject = subjectOf(document)
      const partner = partnerOf(signer)
      const known = shelf.received(organisation).find(each => each.subject === subject)
      const judged = judgeDocument(document, contentDigest, signer, known, {
        organisation: credential.organisation,
        takes: partner?.takes,
        meters: new Set([...iedsOf(credential.organisation), ...(partner?.billsOf ?? [])]),
        nowUtcMs: clock.utc(),
      })
      if (judged.verdict === 'refused') return refused(judged.words, who)
      if (judged.verdict === 'conflict') {
        await shelf.keepEvidence(organisation, subject, jws)
        return refused(judged.words, who)
      }
      if (judged.verdict !== 'new') return { result: judged.verdict, words: '' }
      const entry = { ...rowOf(document, contentDigest), jws, signer: who, receivedUtcMs: Math.floor(clock.utc()) }
      if (!(await shelf.putReceived(organisation, entry))) return refused(`${subject}: there is no more room here`, who)
      audit(who, true, `exchange: ${subject} revision ${document.revision}`)
      report('exchange-received', { from: organisation, subject, revision: document.revision })
      bus.emit('exchanged', { organisation, document })
      return { result: 'kept', words: '' }
    })
  }

  links.serve(EXCHANGE_PROTOCOL, async (from, bytes) => {
    const question = exchangeQuestion.decode(bytes)
    if (question.want === 'take') return exchangeTaken.encode(await take(question.document))
    if (!isPartner(from)) {
      const words = `${from.name} of ${from.organisation} is no partner under exchange.partners here`
      audit(`${from.name} of ${from.organisation}`, false, words)
      throw new Error(words)
    }
    const found: { subject: string; document: string }[] = []
    let size = 0
    const rows = shelf.issued(from.organisation).filter(({ subject }) => subject > question.after)
    for (const { subject } of rows.slice(0, MAX_ANSWERED)) {
      const document = await shelf.issuedDocument(from.organisation, subject)
      if (document === undefined) continue
      const jws = signed(document)
      if (found.length > 0 && size + jws.length > MAX_ANSWER_BYTES) break
      size += jws.length
      found.push({ subject, document: jws })
    }
    return exchangeDocuments.encode({ documents: found, more: found.length < rows.length })
  })

  async function pollOne(partner: ExchangePartner): Promise<string> {
    const peerId = peerOf(partner)
    if (peerId === undefined) return `${partner.backEnd} is not known`
    const counts = { kept: 0, known: 0, older: 0, refused: 0 }
    let after = ''
    for (let page = 0; page < MOST_PAGES; page++) {
      const question = exchangeQuestion.encode({ want: 'documents', after })
      const answer = exchangeDocuments.decode(
        await links.request(peerId, EXCHANGE_PROTOCOL, question, { timeoutMs: PATIENCE_MS, lane: 'bulk' }),
      )
      for (const { document } of answer.documents) counts[(await take(document)).result]++
      const last = answer.documents.at(-1)
      // Who answers with what he was asked to leave out would keep us asking.
      if (!answer.more || last === undefined || last.subject <= after) break
      after = last.subject
    }
    return `${counts.kept} new, ${counts.known + counts.older} known, ${counts.refused} refused`
  }

  let cancel = clock.wakeAt(instant(clock.now() + AGAIN_MS), again)
  function again(): void {
    deliver()
    if (!stopped) cancel = clock.wakeAt(instant(clock.now() + AGAIN_MS), again)
  }
  links.onPeer((peer, state) => {
    if (state === 'up' && isPartner(peer.credential)) deliver()
  })

  return {
    metersOf,
    issue,
    async poll() {
      const found = config.partners.map(
        async (partner): Promise<[string, string]> => [
          partner.organisation,
          await pollOne(partner).catch((error: Error) => error.message),
        ],
      )
      return new Map(await Promise.all(found))
    },
    deliver,
    isConnected: partner => links.peers().some(({ peerId }) => peerId === peerOf(partner)),
    async stop() {
      stopped = true
      cancel()
      await inTurn(async () => {})
    },
  }
}

/** Beside when it was issued, and how far the readings were there. */
function isSame(before: ExchangeDocument, now: ExchangeDocument): boolean {
  const plain = (of: ExchangeDocument): string =>
    JSON.stringify({ ...of, issuedUtc: '', revision: 0, ledgers: undefined })
  return plain(before) === plain(now)
}

// The collector: a back-end peer's (or any IED's) end of the road for readings. Verifies, stores, receipts; answers
// `readings` and `ledger`.

import { z } from 'zod'
import { openCollector } from '../../aggregation/collector.ts'
import { batchCodec, outcomeCodec } from '../../aggregation/delivery.ts'
import { decodeReading } from '../../aggregation/reading.ts'
import type { Verify } from '../../aggregation/record.ts'
import type { Credential } from '../../mesh/credential.ts'
import { askedHistory, askedRow } from '../asked-history.ts'
import { collectedContracts } from '../collected-contracts.ts'
import { collectedReadingSource } from '../collected-reading-source.ts'
import { startComparing } from '../comparing-heads.ts'
import type { Component } from '../component.ts'
import { handOnFeederBeats } from '../elections.ts'
import { openHistoryAsks } from '../history-asks.ts'
import { serveCollectedLedgers } from '../ledger-readout.ts'
import { collectedHistory, collectedProfiles, collectedReadings, listingQuery } from '../listings.ts'
import { NodeError } from '../node-error.ts'
import { rangeQuestions } from '../range-questions.ts'
import { readableRecords } from '../readable-records.ts'
import { recordTime } from '../record-time.ts'
import { startRegiving } from '../regiving.ts'
import { supplierWordsOf } from '../supplier-words.ts'
import { turns } from '../turns.ts'

export const DELIVER_PROTOCOL = '/feedermesh/readings/deliver/1.0.0'

/** Some wait for the disk while one computes; of a thousand meters that all deliver at once, the others wait. */
const AT_ONCE = { atOnce: 4, waitingBytes: 128 * 1024 * 1024 }

const settingsSchema = z
  .object({
    /** Whose IEDs' records are taken. All of the feeder by default. */
    organisations: z.array(z.string()).optional(),
    /** How often other back-end peers are shown the heads of the ledgers here. */
    compareMinutes: z.number().min(0.01).max(1440).default(5),
  })
  .strict()
  .prefault({})

export const collectorComponent: Component = {
  name: 'collector',
  async start(context) {
    const settings = settingsSchema.safeParse(context.settings ?? {})
    if (!settings.success) {
      throw new NodeError(
        'BAD_INPUT',
        `components: collector: ${settings.error.issues.map(said).join('; ')}, want { organisations: [NAME], compareMinutes: 0.01..1440 }`,
      )
    }
    const { messenger, links, store, name, credential, feeder, clock, log, readout, listing } = context
    const owners = new Map(feeder.file.ieds.map(ied => [ied.name, ied.organisation]))
    const wanted = settings.data.organisations
    let stored = 0
    const taking = turns(AT_ONCE)

    /** By the hash that is named with a signature; else the one that the IED shows now. */
    const credentialOf = (ied: string, credentialHash?: Uint8Array): Credential | undefined => {
      if (ied === name) return credential
      const isOfIed = (peer: Credential): boolean =>
        peer.name === ied && peer.organisation === owners.get(ied) && peer.roles.includes('IED')
      const shown = credentialHash && messenger.credentialByHash(credentialHash)
      if (shown !== undefined && isOfIed(shown)) return shown
      const peerId = messenger.peerOf(ied, isOfIed)
      return peerId === undefined ? undefined : messenger.credentialOf(peerId)
    }
    const keyOf = (ied: string, credentialHash?: Uint8Array): Verify | undefined => {
      const peerId = credentialOf(ied, credentialHash)?.peerId
      return peerId === undefined ? undefined : (bytes, signature) => context.verify(peerId, bytes, signature)
    }
    const collector = openCollector({
      backEnd: name,
      organisation: credential.organisation,
      store,
      sign: context.sign,
      sealing: context.sealing,
      utc: () => recordTime(clock),
      keyOf,
      credentialOf: (ied, credentialHash) => credentialOf(ied, credentialHash)?.token,
      mayCollect: ied => wanted === undefined || wanted.includes(owners.get(ied) ?? ''),
      alarm: ({ kind, ied, ledgerId, number }) => {
        context.report('alarm', { alarm: kind, ied, ledgerId, number })
        if (kind === 'fork') comparing.noticed()
      },
      onStored: (ied, records) => {
        context.bus.emit('stored', { ied, records })
        const readings = records.flatMap(({ header, body }) => {
          if (header.class !== 'billing' || body === undefined) return []
          try {
            return [{ number: header.number, reading: decodeReading(body.content) }]
          } catch {
            return []
          }
        })
        stored += readings.length
        if (readings.length === 0) return
        const rows = readings.map(({ number, reading }) => ({
          number,
          importWhStart: String(reading.importWhStart),
          importWhEnd: String(reading.importWhEnd),
        }))
        context.report('collected', { ied, readings: rows, total: stored })
      },
    })

    const comparing = startComparing(context, collector, DELIVER_PROTOCOL, settings.data.compareMinutes * 60_000)
    const source = collectedReadingSource(collector, collectedContracts(context, collector), context.computeBills)
    const cancels = [
      context.bus.on('collector-asked', ({ answer }) => answer(collector)),
      context.bus.on('reading-source-asked', ({ answer }) => answer(source)),
    ]
    links.serve(DELIVER_PROTOCOL, async (from, bytes) => {
      if (!from.roles.includes('IED') && !from.roles.includes('BACKEND')) throw new Error('for IEDs and back-end peers')
      const outcome = await taking.run(bytes.length, () => collector.accept(batchCodec.decode(bytes)))
      return outcomeCodec.encode(outcome)
    })
    listing('readings', parameters => collectedReadings(collector, listingQuery('readings', parameters)))
    listing('load-profile', parameters => collectedProfiles(collector, listingQuery('load-profile', parameters)))
    const asks = await openHistoryAsks(context, {
      collector,
      keyOf,
      askRange: rangeQuestions(context),
      accept: batch => taking.run(batch.records.length * 300, () => collector.accept(batch)),
    })
    listing('history', (parameters, signal, from) => {
      const query = listingQuery('history', parameters)
      const listed = () => collectedHistory(collector, query)
      return query.ask === true ? askedHistory(context, asks, query, listed, signal, from) : listed()
    })
    readout('history-asked', async () => ({ asked: asks.all().map(askedRow) }))
    for (const what of ['bill', 'usage'] as const) {
      readout(what, async ({ proof, ...parameters }) => {
        if (what === 'bill' && proof === true) {
          const { answerBillProof, collectedProvingLedger } = await import('../bill-proof.ts')
          return answerBillProof(parameters, {
            configured: context.config.billing?.tariff,
            source,
            signer: { peerId: links.peerId, token: context.credential.token, sign: context.sign },
            nowUtcMs: clock.utc(),
            words: supplierWordsOf(context.bus),
            ledgerOf: async ied => {
              const { ledger, kept } = await collectedProvingLedger(collector, ied)
              const isOfIed = (peer: Credential): boolean => peer.name === ied && peer.organisation === owners.get(ied)
              const shown = kept.credentialHash && messenger.credentialByHash(kept.credentialHash)
              const peerId = messenger.peerOf(ied, isOfIed)
              const of = shown ?? (peerId === undefined ? undefined : messenger.credentialOf(peerId))
              if (of === undefined || !isOfIed(of))
                throw new NodeError('BAD_INPUT', `bill --proof: the credential of ${ied} is not known here now`)
              return { ledger, credential: of.token }
            },
          })
        }
        const { answerBills } = await import('../bill-answer.ts')
        return answerBills(what, parameters, context.config.billing?.tariff, source, clock.utc())
      })
    }
    readout('totals', async () => {
      const ieds = [...new Set((await collector.heads()).map(head => head.ied))].sort()
      const totals = await Promise.all(ieds.map(async ied => ({ ied, ...(await collector.total(ied)) })))
      return {
        totals: totals.map(({ ied, importWh, exportWh, readings }) => ({
          ied,
          importWh: String(importWh),
          exportWh: String(exportWh),
          readings,
        })),
      }
    })
    readout('readable', async parameters => ({
      readable: await readableRecords(collector, ied => owners.get(ied) ?? '', parameters),
    }))
    readout('ledger', async () => ({
      ledgers: (await collector.heads()).map(head => ({
        ied: head.ied,
        ledgerId: head.ledgerId,
        number: head.number,
        chainHash: Buffer.from(head.chainHash).toString('hex'),
      })),
    }))
    serveCollectedLedgers(context, collector, (ied, kept) => credentialOf(ied, kept?.credentialHash)?.peerId)
    const rollsUp = context.config.components?.some(
      use => use === 'roll-up' || (use as { use?: string }).use === 'roll-up',
    )
    if (credential.roles.includes('BACKEND') && !rollsUp) handOnFeederBeats(context)
    const regiving = await startRegiving(context, collector)
    log.debug('collector-started', { organisations: wanted ?? 'all' })
    return {
      async stop() {
        for (const cancel of cancels) cancel()
        await comparing.stop()
        await asks.stop()
        await regiving.stop()
      },
    }
  },
}

const said = ({ path, message }: z.core.$ZodIssue): string => [...path.map(String), message].join(': ')

// Writes down what this IED knows of its supply and of the generator that it operates, answers others who poll for it, and
// polls them for `feedermesh reliability`. The decisions are in src/aggregation/reliability.
//
// A kill in an outage leaves its record, and a mark of the time until which the agent was there; the next start makes both
// bounds of it. A record that cannot be written is said, and nothing is made up for it.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../../topology/cbor.ts'
import { instant } from '../../../topology/units.ts'
import { combined } from '../../aggregation/reliability/attribution.ts'
import { decodeReliability, type ReliabilityRecord, reliabilityCodec } from '../../aggregation/reliability/record.ts'
import { type IedReliability, iedReliability, iedReliabilityCodec } from '../../aggregation/reliability/report.ts'
import type { Credential } from '../../mesh/credential.ts'
import type { PowerQualityEnds } from '../../protection/power-quality/event.ts'
import { isAboveItic, isBelowItic } from '../../protection/power-quality/immunity-curves.ts'
import type { Component } from '../component.ts'
import { keptAlive } from '../kept-alive.ts'
import { supplyPlaces } from '../supply-places.ts'

export const RELIABILITY_PROTOCOL = '/feedermesh/reliability/1.0.0'
const ALIVE_MS = 30_000
/** An own operation and the position that follows it belong together. */
const TOGETHER_MS = 5000
const PATIENCE_MS = 3000
const AT_ONCE = 8
/** Records looked at for one answer; the latest. */
const MOST_RECORDS = 20_000
const utc = z.int().nonnegative().max(8_640_000_000_000_000)
const questionSchema = z.object({ fromUtcMs: utc, toUtcMs: utc }).strict()
type Period = z.infer<typeof questionSchema>
const parametersSchema = z.object({ fromUtcMs: utc.optional(), toUtcMs: utc.optional() })

/** @throws when the bytes are no such question */
export const decodeReliabilityQuestion = (bytes: Uint8Array): Period => questionSchema.parse(fromCbor(bytes))

export const reliabilityComponent: Component = {
  name: 'reliability',
  async start(context) {
    const { bus, clock, config, credential, feeder, ledger, links, log, name, store } = context
    const places = supplyPlaces(feeder)
    const own = context.hal === undefined ? undefined : feeder.file.ieds.find(ied => ied.name === name)
    const cancels: (() => void)[] = []
    const writing = new Set<Promise<void>>()
    let stop = async (): Promise<void> => {}

    function write(record: ReliabilityRecord): void {
      const done: Promise<void> = ledger
        .append('reliability', reliabilityCodec.encode(record))
        .then(({ number }) => bus.emit('appended', { number }))
        .catch(error => log.error('reliability-not-recorded', { reason: (error as Error).message }))
        .finally(() => writing.delete(done))
      writing.add(done)
    }

    async function ownRecords(): Promise<ReliabilityRecord[]> {
      const found: ReliabilityRecord[] = []
      const end = ledger.head().number
      for (let after = Math.max(0, end - MOST_RECORDS); after < end; ) {
        const records = await ledger.read({ after, limit: 256, maxBytes: 256 * 1024 })
        const last = records.at(-1)
        if (last === undefined) break
        after = last.header.number
        for (const { header, body } of records) {
          const record = header.class === 'reliability' && body ? decodeReliability(body.content) : undefined
          if (record !== undefined) found.push(record)
        }
      }
      return found
    }

    const answerOwn = async (period: Period): Promise<IedReliability> =>
      iedReliability({ ied: name, customers: places.customers(name), ...period }, await ownRecords())

    // Others ask ------------------------------------------------------------------------------------------------------

    /** Of the own organisation, or of one that is entitled to this class of records. */
    const mayAsk = ({ organisation, roles }: Credential): boolean =>
      roles.some(role => role === 'IED' || role === 'BACKEND') &&
      (organisation === credential.organisation ||
        config.recipients.some(each => each.organisation === organisation && each.classes.includes('reliability')))
    if (own !== undefined) {
      links.serve(RELIABILITY_PROTOCOL, async (from, bytes) => {
        const period = decodeReliabilityQuestion(bytes)
        if (!mayAsk(from)) throw new Error(`${from.name} of ${from.organisation} has no grant for class reliability`)
        return iedReliabilityCodec.encode(await answerOwn(period))
      })
    }

    async function collected(period: Period, known: ReadonlySet<string>): Promise<IedReliability[]> {
      const found: IedReliability[] = []
      const collectors: Parameters<Parameters<typeof bus.on<'collector-asked'>>[1]>[0]['answer'] extends (
        c: infer C,
      ) => void
        ? C[]
        : never = []
      bus.emit('collector-asked', { answer: collector => collectors.push(collector) })
      for (const collector of collectors) {
        const records = new Map<string, ReliabilityRecord[]>()
        for (const { ied, ledgerId } of await collector.heads()) {
          if (known.has(ied) || !feeder.file.ieds.some(each => each.name === ied)) continue
          const its = records.get(ied) ?? []
          records.set(ied, its)
          for await (const { header, body } of collector.records({ ied, ledgerId })) {
            const record = header.class === 'reliability' && body ? decodeReliability(body.content) : undefined
            if (record !== undefined && its.length < MOST_RECORDS) its.push(record)
          }
        }
        for (const [ied, its] of records) {
          if (its.length > 0) found.push(iedReliability({ ied, customers: places.customers(ied), ...period }, its))
        }
      }
      return found
    }

    async function poll(period: Period) {
      const waiting = links
        .peers()
        .filter(({ credential: { name: ied } }) => feeder.file.ieds.some(each => each.name === ied))
      const answers: IedReliability[] = own === undefined ? [] : [await answerOwn(period)]
      const unanswered: { ied: string; reason: string }[] = []
      const question = toCbor(period)
      const worker = async (): Promise<void> => {
        for (let peer = waiting.shift(); peer !== undefined; peer = waiting.shift()) {
          const ied = peer.credential.name
          try {
            const bytes = await links.request(peer.peerId, RELIABILITY_PROTOCOL, question, { timeoutMs: PATIENCE_MS })
            const answer = iedReliabilityCodec.decode(bytes)
            // Nobody speaks for another, and how many customers he has stands in the own feeder file.
            if (answer.ied !== ied) throw new Error(`it answers for ${answer.ied}`)
            answers.push({ ...answer, customers: places.customers(ied) })
          } catch (error) {
            unanswered.push({ ied, reason: (error as Error).message })
          }
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      const late = await collected(period, new Set(answers.map(({ ied }) => ied)))
      const silent = unanswered.filter(({ ied }) => !late.some(each => each.ied === ied))
      return { answers: [...answers, ...late], unanswered: silent, fromRecords: late.map(({ ied }) => ied) }
    }

    context.readout('reliability', async parameters => {
      const now = Math.floor(clock.utc())
      const { fromUtcMs = 0, toUtcMs = now } = parametersSchema.parse(parameters)
      const period = { fromUtcMs, toUtcMs: Math.min(now, toUtcMs) }
      if (period.fromUtcMs > period.toUtcMs) throw new Error('reliability: from lies after to')
      const { answers, unanswered, fromRecords } = await poll(period)
      const all = combined(answers, { ...places, dayOf: at => new Date(at).toISOString().slice(0, 10) })
      return {
        ...period,
        ...(JSON.parse(JSON.stringify(all)) as typeof all),
        leastReliable: all.blamed[0]?.name ?? null,
        fromRecords,
        unanswered,
      }
    })

    if (own !== undefined) await watchOwn(own.node, own.operates)

    // Its own supply --------------------------------------------------------------------------------------------------

    async function watchOwn(node: string, operates: string | undefined): Promise<void> {
      const alive = keptAlive(store)
      const lastAlive = await alive.read()
      const generator = feeder.file.generators.find(each => each.name === operates)
      const wayUp = new Set(places.way(undefined, name).devices)
      const { phases } = feeder.file.nodes.find(each => each.name === node) ?? { phases: [] }
      /** `undefined` until this start has seen it. */
      const seen: { supply?: 'live' | 'dead' | 'unknown'; generator?: 'live' | 'dead' | 'unknown' } = {}
      let hasZone = false
      let ownOpenAt = Number.NEGATIVE_INFINITY
      let generatorOutAt = Number.NEGATIVE_INFINITY
      let starting: { at: number; late: boolean; cancel: () => void } | undefined
      let beyondMs = 0
      let cancelQuality = (): void => {}

      const isPlanned = (at: number): boolean =>
        config.reliability.planned.some(({ fromUtc, toUtc }) => at >= Date.parse(fromUtc) && at < Date.parse(toUtc))

      function isolated(): { zone: string; cause: string } | undefined {
        const device = [...wayUp].filter(each => feeder.position(each) === 'open').at(-1)
        if (device === undefined) return undefined
        return { zone: feeder.zoneOfSection(feeder.device(device).section), cause: `${device} open` }
      }

      function mark(
        of: 'supply' | 'generator',
        state: 'live' | 'dead' | 'unknown',
        more: { planned?: boolean; zone?: string; cause?: string } = {},
      ): void {
        const now = Math.floor(clock.utc())
        const isFirst = seen[of] === undefined
        if (of === 'generator' && generator === undefined) return
        seen[of] = state
        write({
          event: 'supply',
          ...(of === 'generator' && generator !== undefined ? { generator: generator.name } : {}),
          state,
          utcMs: now,
          knownUntilUtcMs: isFirst ? Math.min(now, lastAlive ?? now) : now,
          phases: state === 'dead' ? [...phases].filter(phase => phase === 'a' || phase === 'b' || phase === 'c') : [],
          ...more,
        })
        context.report('supply-recorded', { of: of === 'generator' ? generator?.name : 'supply', state, ...more })
      }

      function look(dead: boolean): void {
        const state = dead ? 'dead' : 'live'
        if (state === seen.supply) return
        const where = dead ? isolated() : undefined
        hasZone = where !== undefined
        const planned = dead && isPlanned(clock.utc())
        mark('supply', state, { ...(planned ? { planned } : {}), ...where })
      }

      function endStart(outcome: 'started' | 'late' | 'failed'): void {
        if (starting === undefined || generator === undefined) return
        starting.cancel()
        const tookMs = Math.round(clock.now() - starting.at)
        starting = undefined
        const record = {
          event: 'generator-start',
          generator: generator.name,
          utcMs: Math.floor(clock.utc()),
          outcome,
        } as const
        write(outcome === 'failed' ? record : { ...record, tookMs })
        context.report('generator-start', { generator: generator.name, outcome, tookMs })
      }

      function beginStart(): void {
        if (generator === undefined || starting !== undefined) return
        const limit = config.reliability.startSeconds * 1000
        const at = clock.now()
        starting = { at, late: false, cancel: clock.wakeAt(instant(at + 6 * limit), () => endStart('failed')) }
      }

      cancels.push(
        bus.on('status', ({ dead, position }) => {
          if (dead !== undefined) look(dead)
          if (generator === undefined || position === undefined || position === 'unknown') return
          const state = position === 'closed' ? 'live' : 'dead'
          if (state === seen.generator) return
          if (state === 'dead') generatorOutAt = clock.now()
          const planned = state === 'dead' && clock.now() - ownOpenAt < TOGETHER_MS
          mark('generator', state, planned ? { planned } : {})
        }),
        bus.on('measurement', ({ kw, total }) => {
          if (starting === undefined || generator === undefined) return
          const delivers = Math.abs(total?.kw ?? (kw?.a ?? 0) + (kw?.b ?? 0) + (kw?.c ?? 0))
          if (delivers < generator.kw / 100) return
          const isLate = clock.now() - starting.at > config.reliability.startSeconds * 1000
          endStart(isLate ? 'late' : 'started')
        }),
        bus.on('device', ({ answering }) => {
          if (answering) return
          if (seen.supply !== undefined && seen.supply !== 'unknown') mark('supply', 'unknown')
          if (seen.generator !== undefined && seen.generator !== 'unknown') mark('generator', 'unknown')
        }),
        bus.on('topology', () => {
          if (seen.supply !== 'dead' || hasZone) return
          const where = isolated()
          if (where === undefined) return
          hasZone = true
          mark('supply', 'dead', where)
        }),
        bus.on('report', ({ event, operation, cause, alarm }) => {
          if (generator === undefined) return
          if (event === 'operated' && operation === 'open') {
            ownOpenAt = clock.now()
            // Its contactor has opened just before this was said.
            if (seen.generator === 'dead' && clock.now() - generatorOutAt < TOGETHER_MS)
              mark('generator', 'dead', {
                planned: true,
                ...(typeof cause === 'string' ? { cause: cause.slice(0, 128) } : {}),
              })
          } else if (event === 'operated' && operation === 'close') beginStart()
          else if (event === 'alarm' && alarm === 'operation-failed' && operation === 'close') {
            beginStart()
            endStart('failed')
          }
        }),
        bus.on('powerQuality', event => {
          if (event.phase !== 'ends' || !isBeyondItic(event)) return
          if (beyondMs === 0) cancelQuality = clock.wakeAt(instant(clock.now() + 10_000), writeQuality)
          beyondMs += Math.max(1, Math.round(event.durationMs))
        }),
      )

      function writeQuality(): void {
        if (beyondMs === 0) return
        write({ event: 'quality', utcMs: Math.floor(clock.utc()), beyondMs: Math.min(86_400_000, beyondMs) })
        beyondMs = 0
      }

      const keepAlive = (): Promise<void> =>
        alive
          .write(Math.floor(clock.utc()))
          .catch(error => log.warn('alive-not-kept', { reason: (error as Error).message }))
      let cancelAlive = clock.wakeAt(instant(clock.now() + ALIVE_MS), beat)
      function beat(): void {
        cancelAlive = clock.wakeAt(instant(clock.now() + ALIVE_MS), beat)
        void keepAlive()
      }
      stop = async () => {
        cancelAlive()
        cancelQuality()
        starting?.cancel()
        writeQuality()
        await keepAlive()
      }
    }

    return {
      async stop() {
        for (const cancel of cancels) cancel()
        await stop()
        await Promise.all(writing)
      },
    }
  },
}

/** A sag or swell that equipment within the ITIC curve need not bear. */
const isBeyondItic = ({ kind, extremePu, durationMs }: PowerQualityEnds): boolean =>
  extremePu !== undefined &&
  ((kind === 'sag' && isBelowItic(extremePu, durationMs / 1000)) ||
    (kind === 'swell' && isAboveItic(extremePu, durationMs / 1000)))

// Writes down what this IED knows of its supply and of the generator that it operates, answers others who poll for it, and
// polls them for `feedermesh reliability`. The decisions are in src/aggregation/reliability.
//
// A kill in an outage leaves its record, and a mark of the time until which the agent was there; the next start makes both
// bounds of it. A record that cannot be written is said, and nothing is made up for it.

import { z } from 'zod'
import { fromCbor } from '../../../topology/cbor.ts'
import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { instant } from '../../../topology/units.ts'
import { combined } from '../../aggregation/reliability/attribution.ts'
import { pastYears } from '../../aggregation/reliability/major-event-days.ts'
import { decodeReliability, type ReliabilityRecord, reliabilityCodec } from '../../aggregation/reliability/record.ts'
import { type IedReliability, iedReliability, iedReliabilityCodec } from '../../aggregation/reliability/report.ts'
import { entitledClasses, grantsOf } from '../../aggregation/sharing-policy.ts'
import type { Credential } from '../../mesh/credential.ts'
import type { PowerQualityEnds } from '../../protection/power-quality/event.ts'
import { isAboveItic, isBelowItic } from '../../protection/power-quality/immunity-curves.ts'
import type { Component } from '../component.ts'
import { keptAlive } from '../kept-alive.ts'
import { NodeError } from '../node-error.ts'
import {
  leftOutOf,
  MOST_RECORDS,
  type Period,
  type Polled,
  pollReliability,
  RELIABILITY_PROTOCOL,
} from '../reliability-poll.ts'
import { siteZone, wishedMoment } from '../site-zone.ts'
import { supplyPlaces } from '../supply-places.ts'

const ALIVE_MS = 30_000
/** Below it on all phases there is no supply. */
const DEAD_PU = 0.1
/** An own operation and the position that follows it belong together. */
const TOGETHER_MS = 5000
const utc = z.int().nonnegative().max(8_640_000_000_000_000)
const questionSchema = z.object({ fromUtcMs: utc, toUtcMs: utc }).strict()
const wishSchema = z
  .object({ from: z.string().max(40).optional(), to: z.string().max(40).optional(), limit: z.number().optional() })
  .strict()

/** @throws when the bytes are no such question */
export const decodeReliabilityQuestion = (bytes: Uint8Array): Period => questionSchema.parse(fromCbor(bytes))

export const reliabilityComponent: Component = {
  name: 'reliability',
  async start(context) {
    const { bus, clock, config, credential, feeder, ledger, links, log, name, sharing, store } = context
    const places = supplyPlaces(feeder)
    const own = context.hal === undefined ? undefined : feeder.file.ieds.find(ied => ied.name === name)
    const cancels: (() => void)[] = []
    const writing = new Set<Promise<void>>()
    let stop = async (): Promise<void> => {}
    let stopped = false

    function write(record: ReliabilityRecord): void {
      const done: Promise<void> = ledger
        .append('reliability', reliabilityCodec.encode(record))
        .then(({ number }) => bus.emit('appended', { number }))
        .catch(error => log.error('reliability-not-recorded', { reason: (error as Error).message }))
        .finally(() => writing.delete(done))
      writing.add(done)
    }

    /** All of the class, wherever in the ledger: the last change of a good supply may lie months of readings back. */
    const ownRecords = async (): Promise<ReliabilityRecord[]> =>
      (await ledger.newestOf('reliability', MOST_RECORDS)).flatMap(
        ({ body }) => (body && decodeReliability(body.content)) ?? [],
      )

    const answerOwn = async (period: Period): Promise<IedReliability> =>
      iedReliability({ ied: name, customers: places.customers(name), ...period }, await ownRecords())

    // Others ask ------------------------------------------------------------------------------------------------------

    /** Of the own organisation, or of one that gets this class of records, or is to have the summary without them. */
    const mayAsk = ({ organisation, department, roles }: Credential): boolean => {
      if (!roles.some(role => role === 'IED' || role === 'BACKEND')) return false
      // What is its organisation's is not a department's by that.
      const isWhole = department === undefined
      if (isWhole && (organisation === credential.organisation || config.reliability.askedBy.includes(organisation)))
        return true
      return entitledClasses(sharing.policy(), { organisation, department }, clock.utc()).has('reliability')
    }
    if (own !== undefined) {
      links.serve(RELIABILITY_PROTOCOL, async (from, bytes) => {
        const period = decodeReliabilityQuestion(bytes)
        if (!mayAsk(from)) throw new Error(`${from.name} of ${from.organisation} has no grant for class reliability`)
        return iedReliabilityCodec.encode(await answerOwn(period))
      })
    }

    type Poll = (period: Period) => Promise<Polled>
    const poll: Poll = async period =>
      pollReliability(context, places, period, own === undefined ? undefined : await answerOwn(period))

    /**
     * For people of a department: an IED knows what its own policy grants them, and nothing of the others'. A back-end peer's
     * configuration says which class they read of all that it answers.
     */
    const pollFor = ({ department }: Credential, granted: Period): Poll => {
      if (department === undefined || own === undefined) return poll
      const reason = `people of department ${department} read the reliability of ${name} alone here`
      const others = feeder.file.ieds.filter(ied => ied.name !== name).map(ied => ({ ied: ied.name, reason }))
      return async period => {
        const isGranted = period.fromUtcMs >= granted.fromUtcMs && period.toUtcMs <= granted.toUtcMs
        return { answers: isGranted ? [await answerOwn(period)] : [], unanswered: others, fromRecords: [] }
      }
    }

    /** The time that its grants span; all of it where the configuration names the class. */
    function grantedTo({ organisation, department }: Credential): Period {
      const configured = department !== undefined && Object.hasOwn(config.departments, department)
      const all = { fromUtcMs: 0, toUtcMs: Number.POSITIVE_INFINITY }
      if (department === undefined || own === undefined) return all
      if (configured && config.departments[department]?.includes('reliability') === true) return all
      const grants = grantsOf(sharing.policy(), { organisation, department }, clock.utc()).filter(each =>
        each.classes.includes('reliability'),
      )
      return {
        fromUtcMs: Math.min(...grants.map(each => each.fromUtcMs ?? 0)),
        toUtcMs: Math.max(...grants.map(each => each.toUtcMs ?? Number.POSITIVE_INFINITY)),
      }
    }

    async function reliabilityOf({ fromUtcMs, toUtcMs }: Period, polled: Poll) {
      const period = { fromUtcMs, toUtcMs: Math.min(Math.floor(clock.utc()), toUtcMs) }
      if (period.fromUtcMs > period.toUtcMs) throw new NodeError('BAD_INPUT', 'reliability: from lies after to')
      const zone = await siteZone(config)
      const dayOf = (utcMs: number): string => {
        const { year, month, day } = zone.at(utcMs)
        const two = (value: number): string => String(value).padStart(2, '0')
        return `${year}-${two(month)}-${two(day)}`
      }
      const { answers, unanswered, fromRecords } = await polled(period)
      const past = period.fromUtcMs === 0 ? [] : (await polled(pastYears(period.fromUtcMs))).answers
      const all = combined(answers, { ...places, dayOf }, past)
      return {
        ...period,
        timeZone: zone.zone,
        ...(JSON.parse(JSON.stringify(all)) as typeof all),
        leastReliable: all.blamed.find(({ unavailability }) => unavailability > 0)?.name ?? null,
        fromRecords,
        unanswered,
        leftOut: [...leftOutOf(answers, 'period'), ...leftOutOf(past, 'years before')],
      }
    }
    context.readout('reliability', async (parameters, from) => {
      const { data, error } = wishSchema.safeParse(parameters)
      if (data === undefined)
        throw new NodeError('BAD_INPUT', `reliability: ${error.issues.map(each => each.message).join('; ')}`)
      const zone = await siteZone(config)
      const fromUtcMs = data.from === undefined ? 0 : wishedMoment('--from', data.from, zone)
      const toUtcMs = data.to === undefined ? Math.floor(clock.utc()) : wishedMoment('--to', data.to, zone)
      const granted = grantedTo(from)
      const period = {
        fromUtcMs: Math.max(fromUtcMs, granted.fromUtcMs),
        toUtcMs: Math.min(toUtcMs, granted.toUtcMs, Math.floor(clock.utc())),
      }
      return reliabilityOf(period, pollFor(from, granted))
    })
    cancels.push(
      bus.on('reliability-asked', ({ fromUtcMs, toUtcMs, answer }) =>
        answer(reliabilityOf({ fromUtcMs, toUtcMs }, poll)),
      ),
    )

    const everyMs = config.reliability.pollMinutes * 60_000
    let cancelPoll = (): void => {}
    function pollLater(): void {
      if (everyMs > 0) cancelPoll = clock.wakeAt(instant(clock.now() + everyMs), () => void pollAndTell())
    }
    async function pollAndTell(): Promise<void> {
      try {
        const all = { fromUtcMs: 0, toUtcMs: Math.floor(clock.utc()) }
        const { blamed, leastReliable, power, unanswered } = await reliabilityOf(all, poll)
        const worst = blamed.find(each => each.name === leastReliable)
        context.report('least-reliable', {
          name: leastReliable ?? 'none',
          ...(worst === undefined
            ? {}
            : { kind: worst.kind, events: worst.events, unavailability: Number(worst.unavailability.toPrecision(6)) }),
          ...(power.nines === undefined ? {} : { powerNines: Number(power.nines.toFixed(3)) }),
          unanswered: unanswered.length,
        })
      } catch (error) {
        log.warn('reliability-not-polled', { reason: (error as Error).message })
      }
      if (!stopped) pollLater()
    }
    pollLater()

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
      const nominal = nominalVolts(feeder.file).get(node) ?? (feeder.file.nominalKv * 1000) / Math.sqrt(3)
      let showsDead = false
      let hasZone = false
      let ownOpenAt = Number.NEGATIVE_INFINITY
      let generatorOutAt = Number.NEGATIVE_INFINITY
      let starting: { at: number; late: boolean; cancel: () => void } | undefined
      let beyondMs = 0
      /** The latest, by the monotonic clock; it lasts while it has no end. */
      let outage: { readonly from: number; readonly to?: number } | undefined
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
        if (of === 'supply' && state === 'dead')
          outage = { from: outage?.to === undefined ? (outage?.from ?? clock.now()) : clock.now() }
        else if (of === 'supply' && outage !== undefined && outage.to === undefined)
          outage = { ...outage, to: clock.now() }
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

      /** What of a disturbance that ends now was an interruption: it counts as that, and not as poor quality too. */
      function deadWithin(durationMs: number): number {
        if (outage === undefined) return 0
        const now = clock.now()
        return Math.max(0, Math.min(now, outage.to ?? now) - Math.max(now - durationMs, outage.from))
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
          showsDead ||= dead !== undefined
          if (dead !== undefined) look(dead)
          if (generator === undefined || position === undefined || position === 'unknown') return
          const state = position === 'closed' ? 'live' : 'dead'
          if (state === seen.generator) return
          if (state === 'dead') generatorOutAt = clock.now()
          const planned = state === 'dead' && clock.now() - ownOpenAt < TOGETHER_MS
          mark('generator', state, planned ? { planned } : {})
        }),
        bus.on('measurement', ({ kw, total, volts }) => {
          // A device without a voltage element: the measured voltage of all its phases says it.
          const shown = Object.values(volts ?? {})
          if (!showsDead && shown.length > 0) look(shown.every(each => each < DEAD_PU * nominal))
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
          beyondMs += Math.round(Math.max(0, event.durationMs - deadWithin(event.durationMs)))
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
        stopped = true
        cancelPoll()
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

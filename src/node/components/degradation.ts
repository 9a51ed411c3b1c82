// The shell of the degradation watch. At an IED it gathers what its device shows, slot by slot, tells all peers of the feeder
// how it stands there, and alerts when a limit is crossed or a trend will cross it. Everywhere, at a back-end peer too, the
// latest of each IED is kept for `feedermesh degradation`. The decisions are in src/protection/degradation.ts and
// degradation-places.ts.
//
// It operates nothing. A message that is lost is made good by the next slot's; one that is late, doubled or old is refused
// before it gets here. An IED that says nothing any more is left out after a few slots, and the alert on silent neighbours
// is another's. A liar speaks of the place where the receiver's own feeder file has him, and of no other.

import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { duration, instant } from '../../../topology/units.ts'
import { LONGEST_LIFETIME_MS } from '../../mesh/message-age.ts'
import { type DegradationCourse, degradation, type Finding, findingsOf } from '../../protection/degradation.ts'
import { HIGHEST_LEVEL } from '../../protection/degradation-measures.ts'
import { type DegradationSaid, degradationMessage, type SaidFinding } from '../../protection/degradation-message.ts'
import { type HeardFindings, worstPlaces } from '../../protection/degradation-places.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component } from '../component.ts'
import { ampacityAt, degradationSlot } from '../degradation-slot.ts'
import { keptDegradation } from '../kept-degradation.ts'
import { degradationTopic } from '../topics.ts'

const DAY_SECONDS = 86_400
/** What is not said again within so many slots is not known any more. */
const STALE_SLOTS = 4
/** Of one IED, more messages in a slot than these are not looked at: one is sent in each, and one with each change. */
const MOST_IN_SLOT = 12

export const degradationComponent: Component = {
  name: 'degradation',
  async start(context) {
    const { bus, clock, config, feeder, links, log, messenger, name, store } = context
    const { limits, slotSeconds, periodSeconds, horizonPeriods } = config.degradation
    const slotMs = slotSeconds * 1000
    const topic = degradationTopic(feeder.file.name)
    const own = context.hal === undefined ? undefined : feeder.file.ieds.find(ied => ied.name === name)
    /** By IED of the feeder file, so it has its bound. */
    const heard = new Map<string, { said: DegradationSaid; at: number; inSlot: number; slotFrom: number }>()
    const places = new Map(feeder.file.ieds.map(ied => [ied.name, ied]))
    const cancels: (() => void)[] = []

    function hear(ied: string, said: DegradationSaid): void {
      const now = clock.now()
      const before = heard.get(ied)
      const isNewSlot = before === undefined || now - before.slotFrom >= slotMs
      const inSlot = isNewSlot ? 1 : before.inSlot + 1
      if (inSlot > MOST_IN_SLOT) return
      heard.set(ied, { said, at: now, inSlot, slotFrom: isNewSlot ? now : before.slotFrom })
      for (const { measure, state, level } of said.findings) {
        const was = before?.said.findings.find(each => each.measure === measure)?.state ?? 'sound'
        if (state === was || ied === name) continue
        const zone = zoneOf(ied)
        context.report('degradation-heard', { ied, ...(zone === undefined ? {} : { zone }), measure, state, level })
      }
    }

    function zoneOf(ied: string): string | undefined {
      const place = places.get(ied)
      return place === undefined ? undefined : feeder.zoneOf(place.node)
    }

    function known(): HeardFindings[] {
      return [...heard].flatMap(([ied, { said, at }]) => {
        const ageMs = clock.now() - at
        const zone = zoneOf(ied)
        return zone === undefined || ageMs > STALE_SLOTS * slotMs ? [] : [{ ied, zone, ageMs, findings: said.findings }]
      })
    }

    messenger.on(
      {
        ...authorityTable.degradation,
        claim(payload, origin) {
          degradationMessage.decode(payload)
          return places.get(origin.name)?.organisation === origin.organisation ? undefined : 'not-in-the-feeder-file'
        },
      },
      ({ origin, payload }) => hear(origin.name, degradationMessage.decode(payload)),
    )
    links.subscribe(topic)
    context.readout('degradation', async ({ limit = 100 }) => ({
      ieds: known().length,
      degradation: worstPlaces(known(), limits).slice(0, Number(limit)),
    }))

    if (own !== undefined) await watchOwn(own.node, own.operates)

    async function watchOwn(node: string, operates: string | undefined): Promise<void> {
      const kept = keptDegradation(store)
      let state: DegradationCourse = await kept.read()
      const step = degradation({
        limits,
        slotsPerPeriod: Math.floor(periodSeconds / slotSeconds),
        horizonPeriods,
      })
      const volts = config.powerQuality.nominalVolts ?? nominalVolts(feeder.file).get(node)
      const hasRelay = feeder.file.devices.some(device => device.name === operates && device.relay !== undefined)
      const slot = degradationSlot(
        volts ?? (feeder.file.nominalKv * 1000) / Math.sqrt(3),
        ampacityAt(feeder, name),
        hasRelay,
      )
      let pickup = false

      function closeSlot(): void {
        const next = step(state, slot.close(), clock.utc())
        state = next.state
        for (const action of next.actions) {
          if (action.kind === 'changed') tellChange(action.finding, action.was)
          else kept.write(state).catch(error => log.warn('degradation-not-kept', { reason: (error as Error).message }))
        }
        say()
      }

      function tellChange({ measure, level, perPeriod, state: now, sinceUtcMs: _ }: Finding, was: string): void {
        const zone = zoneOf(name)
        const shown = Number(level.toPrecision(4))
        const words =
          now === 'sound'
            ? `${measure} is no degradation any more: ${shown}`
            : `${measure} ${now === 'beyond' ? 'is beyond its limit' : 'will cross its limit'}: ${shown}, limit ${limits[measure]}`
        context.report('degradation', {
          name: measure,
          zone,
          level: shown,
          limit: limits[measure],
          ...(perPeriod === undefined ? {} : { perDay: Number(perDay(perPeriod).toPrecision(4)) }),
          state: now,
          severity: now === 'creeping' ? 'warning' : 'alert',
          phase: now === 'sound' ? 'ends' : was === 'sound' ? 'begins' : 'worsens',
          text: words,
        })
      }

      const perDay = (perPeriod: number): number => (perPeriod * DAY_SECONDS) / periodSeconds

      function say(): void {
        const findings = findingsOf(state).map(
          ({ measure, level, perPeriod, state: stands, sinceUtcMs }): SaidFinding => ({
            measure,
            level: bounded(level),
            ...(perPeriod === undefined ? {} : { perDay: bounded(perDay(perPeriod)) }),
            state: stands,
            sinceMinutes: Math.max(0, Math.floor((clock.utc() - sinceUtcMs) / 60_000)),
          }),
        )
        hear(name, { findings })
        messenger.say({
          type: degradationMessage.type,
          payload: degradationMessage.encode({ findings }),
          lifetime: duration(LONGEST_LIFETIME_MS),
          topics: [topic],
        })
      }

      cancels.push(
        bus.on('measurement', slot.measured),
        bus.on('qualityInterval', ({ values }) => slot.interval(values)),
        bus.on('powerQuality', ({ kind, phase }) => {
          if (phase === 'ends' && COUNTED.has(kind)) slot.disturbance()
        }),
        bus.on('status', status => {
          if (status.pickup === true && !pickup) slot.pickup()
          pickup = status.pickup === true
        }),
      )
      // Not at one moment at all IEDs: they were started together.
      let cancel = clock.wakeAt(instant(clock.now() + slotMs * (0.5 + 0.5 * context.chance())), next)
      function next(): void {
        cancel = clock.wakeAt(instant(clock.now() + slotMs), next)
        closeSlot()
      }
      cancels.push(() => cancel())
    }

    return {
      stop() {
        for (const cancel of cancels) cancel()
        links.unsubscribe(topic)
      },
    }
  },
}

const COUNTED: ReadonlySet<string> = new Set(['sag', 'swell', 'interruption'])
const bounded = (value: number): number => Math.min(HIGHEST_LEVEL, Math.max(-HIGHEST_LEVEL, value))

// The last gasp of this IED, and at every peer how far outages reach. The decisions are in src/aggregation/reliability.
//
// It operates nothing. A gasp that is lost is made good by its copies, or by silence; one that comes twice counts once; a
// liar can say that he himself has no supply, and nothing of anybody else.

import { duration, instant } from '../../../topology/units.ts'
import {
  type GaspEvent,
  type GaspState,
  gaspDefaults,
  lastGasp,
  powered,
  said,
} from '../../aggregation/reliability/last-gasp.ts'
import { type Known, outageExtents } from '../../aggregation/reliability/outage-extent.ts'
import { LONGEST_LIFETIME_MS } from '../../mesh/message-age.ts'
import { LONGEST_OUTAGE_MS, supplyNoticeMessage } from '../../protection/supply-notice.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component } from '../component.ts'
import { keptOutage, type SaidOutage } from '../kept-outage.ts'
import { soon } from '../soon.ts'
import { supplyPlaces } from '../supply-places.ts'
import { outageTopic } from '../topics.ts'

/** Returns that are kept to show; older ones give way. */
const RETURNS = 100
/** What comes in a burst is looked at together. */
const LOOK_MS = 500
/** A gasp that no return ended is forgotten after so long: its IED may have been taken away. */
const FORGET_MS = 7 * 86_400_000

export const outagesComponent: Component = {
  name: 'outages',
  async start(context) {
    const { bus, chance, clock, config, feeder, links, log, messenger, name, store } = context
    const places = supplyPlaces(feeder)
    const ieds = new Map(feeder.file.ieds.map(ied => [ied.name, ied]))
    const topic = outageTopic(feeder.file.name)
    /** By IED of the feeder file, so these have their bound. */
    const lost = new Map<string, { event: string; at: number }>()
    /** The outage that each has said to be over: a copy of its last gasp that comes by a slower way begins nothing. */
    const ended = new Map<string, string>()
    const gone = new Map<string, number>()
    const met = new Set<string>()
    const returned: { ied: string; atUtc: string; lastedSeconds: number }[] = []
    let shown = new Set<string>()

    function signs(): Known[] {
      const present = new Set([name, ...links.peers().map(({ credential }) => credential.name)])
      return [...ieds.keys()].map(ied => {
        const gasp = lost.get(ied)
        const silentSince = gone.get(ied)
        const sign = gasp !== undefined ? 'lost' : present.has(ied) ? 'live' : met.has(ied) ? 'silent' : 'unknown'
        const since = gasp?.at ?? silentSince
        return { ied, parent: places.parent(ied), sign, ...(since === undefined ? {} : { since }) } as const
      })
    }

    function present() {
      const now = clock.now()
      for (const [ied, { at }] of lost) if (now - at > FORGET_MS) lost.delete(ied)
      return outageExtents(signs()).map(({ top, above, gasped, silent, contradicting, since, confidence }) => {
        const { devices, sections } = places.way(above, top)
        const customers = [...gasped, ...silent].reduce((sum, ied) => sum + places.customers(ied), 0)
        return {
          top,
          above: above ?? null,
          zone: feeder.zoneOf(ieds.get(top)?.node ?? ''),
          devices: [...devices],
          sections: [...sections],
          gasped: [...gasped],
          silent: [...silent],
          contradicting: [...contradicting],
          customers,
          sinceUtc: since === undefined ? null : new Date(clock.utc() - (now - since)).toISOString(),
          confidence: Math.round(confidence * 1000) / 1000,
        }
      })
    }

    const look = soon(clock, LOOK_MS, () => {
      const outages = present()
      for (const { top, gasped, silent, devices, zone, confidence, customers } of outages) {
        if (shown.has(top)) continue
        const reach = { gasped: gasped.length, silent: silent.length, customers }
        context.report('outage', { ied: top, zone, ...reach, devices: devices.join(' '), confidence, phase: 'begins' })
      }
      for (const top of shown)
        if (!outages.some(each => each.top === top)) context.report('outage', { ied: top, phase: 'ends' })
      shown = new Set(outages.map(({ top }) => top))
    })

    function hear(ied: string, what: 'lost' | 'returned', event: string, lostMs: number): void {
      const now = clock.now()
      const before = lost.get(ied)
      if (what === 'lost') {
        if (before?.event === event || ended.get(ied) === event) return
        lost.set(ied, { event, at: now - lostMs })
        context.report('last-gasp', { ied, zone: feeder.zoneOf(ieds.get(ied)?.node ?? ''), lostMs })
      } else {
        lost.delete(ied)
        ended.set(ied, event)
        gone.delete(ied)
        returned.push({ ied, atUtc: new Date(clock.utc()).toISOString(), lastedSeconds: Math.round(lostMs / 1000) })
        if (returned.length > RETURNS) returned.shift()
        context.report('power-restored', { ied, lastedSeconds: Math.round(lostMs / 1000) })
      }
      look.ask()
    }

    messenger.on(
      {
        ...authorityTable.supplyNotice,
        claim(payload, origin) {
          supplyNoticeMessage.decode(payload)
          return ieds.get(origin.name)?.organisation === origin.organisation ? undefined : 'not-in-the-feeder-file'
        },
      },
      ({ origin, payload, ageMs = 0 }) => {
        const { what, event, lostMs } = supplyNoticeMessage.decode(payload)
        if (origin.name !== name) hear(origin.name, what, event, lostMs + ageMs)
      },
    )
    links.subscribe(topic)
    links.onPeer(({ credential }, state) => {
      const ied = credential.name
      if (!ieds.has(ied)) return
      met.add(ied)
      if (state === 'up') gone.delete(ied)
      else gone.set(ied, clock.now())
      look.ask()
    })
    context.readout('outages', async () => ({ outages: present(), returned: [...returned].reverse() }))

    // The own last gasp -----------------------------------------------------------------------------------------------

    const settings = {
      ...gaspDefaults,
      confirmMs: config.reliability.confirmSeconds * 1000,
      jitterMs: config.reliability.jitterMs,
    }
    const step = lastGasp(settings)
    const kept = keptOutage(store)
    const before = context.hal === undefined ? undefined : await kept.read()
    /** Its clock may have been set back in between: then it lasted no time, rather than less than none. */
    const sinceBefore = before && clock.now() - Math.max(0, clock.utc() - before.sinceUtcMs)
    let state: GaspState = sinceBefore === undefined ? powered : said(sinceBefore, settings)
    let eventBefore = before?.event
    let failed: boolean | undefined
    const cancels: (() => void)[] = []
    let wake = (): void => {}

    function feed(event: GaspEvent): void {
      const now = clock.now()
      const next = step(state, event, now)
      state = next.state
      for (const action of next.actions) {
        if (action.kind === 'wake') {
          wake()
          wake = clock.wakeAt(instant(action.at), () => feed({ kind: 'tick' }))
          continue
        }
        const copy = action.what === 'lost' ? action.copy : 1
        const notice = {
          event: eventBefore ?? `${context.epoch}/${Math.round(action.event)}`,
          what: action.what,
          lostMs: lostFor((action.what === 'lost' ? now : action.returnedAt) - action.since),
          copy,
        }
        messenger.say({
          type: supplyNoticeMessage.type,
          payload: supplyNoticeMessage.encode(notice),
          lifetime: duration(LONGEST_LIFETIME_MS),
          // To all that are connected at once, whatever becomes of gossip: there may be no second chance.
          to: links.peers().map(({ peerId }) => peerId),
          topics: [topic],
        })
        if (copy === 1) {
          context.report('supply', { state: notice.what, afterMs: notice.lostMs })
          hear(name, notice.what, notice.event, notice.lostMs)
          // Said first, kept then: the message must leave while there is a battery.
          const sinceUtcMs = Math.max(0, Math.floor(clock.utc() - notice.lostMs))
          keep(notice.what === 'lost' ? { event: notice.event, sinceUtcMs } : undefined)
          if (notice.what === 'returned') eventBefore = undefined
        }
      }
    }

    let keeping = Promise.resolve()
    function keep(outage: SaidOutage | undefined): void {
      keeping = keeping
        .then(() => kept.write(outage))
        .catch(error => log.warn('outage-not-kept', { reason: (error as Error).message }))
    }

    if (context.hal !== undefined && ieds.has(name)) {
      cancels.push(
        bus.on('status', ({ dead, powerFail = dead }) => {
          if (powerFail === undefined || powerFail === failed) return
          failed = powerFail
          feed({ kind: 'power', failed, share: chance() })
        }),
        // A device that is silent shows no supply and no loss of it: the last that it showed counts.
        () => wake(),
      )
    }
    return {
      async stop() {
        look.stop()
        for (const cancel of cancels) cancel()
        links.unsubscribe(topic)
        await keeping
      },
    }
  },
}

const lostFor = (ms: number): number => Math.min(LONGEST_OUTAGE_MS, Math.max(0, Math.round(ms)))

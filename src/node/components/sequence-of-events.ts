// The sequence of events of this IED: listens to all that happens inside the agent, numbers and stamps it, keeps the latest
// and records all of it in the ledger. Answers `feedermesh events --sequence`, and what `feedermesh why` asks.
//
// It is there to be read afterwards: nothing waits for it, and nothing is decided by it.

import { type Instant, instant } from '../../../topology/units.ts'
import type { Measurement, Status } from '../../hal/port.ts'
import {
  beginSequence,
  type Origin,
  type SequenceAction,
  type SequenceEvent,
  sequenceOfEvents,
} from '../../protection/sequence-of-events.ts'
import { isTrouble, statusChanges } from '../../protection/status-changes.ts'
import type { Component, Report } from '../component.ts'
import { incidentAnswer } from '../incident-answer.ts'
import { keptSequence } from '../kept-sequence.ts'
import { devicesAround, neighboursOf } from '../neighbours.ts'
import { plainFields } from '../sequence-entry.ts'
import { sequenceRows } from '../sequence-rows.ts'

/** Nothing that happens to the power system: who is connected, what was forwarded, how credentials fare. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'peer-up',
  'peer-down',
  'aggregator',
  'stepped-down',
  'forwarded',
  'fallback',
  'collected',
  'credential-renewed',
  // Seen in the status, with its own time.
  'position',
  'sag-begins',
  'sag-ends',
])

/** Reports that others make this IED give, as often as they like. */
const HEARD: ReadonlySet<string> = new Set([
  'told',
  'outage-expected',
  'warned',
  'warning-ended',
  'own-measurement',
  'order-refused',
  'ordered',
])

/** What was measured so long ago says nothing of how an event began. */
const STALE_MS = 60_000
/** After trouble, what is measured counts as "before" again. */
const QUIET_MS = 10_000

export const sequenceComponent: Component = {
  name: 'sequence-of-events',
  async start(context) {
    const { bus, clock, epoch, feeder, links, name, log, store, ledger } = context
    const ied = feeder.file.ieds.find(each => each.name === name)
    const observes = ied?.observes ?? []
    const kept = await keptSequence({
      store,
      ledger,
      clock,
      log,
      onAppended: number => bus.emit('appended', { number }),
      onRecordedAgain: count => feed({ kind: 'not-kept', count }),
    })
    let state = beginSequence(kept.last)
    const wakes = new Set<() => void>()

    function feed(event: SequenceEvent): void {
      const next = sequenceOfEvents(state, event, clock.now())
      state = next.state
      for (const action of next.actions) perform(action)
    }

    function perform(action: SequenceAction): void {
      if (action.kind === 'wake') {
        const cancel = clock.wakeAt(action.at, () => {
          wakes.delete(cancel)
          feed({ kind: 'tick' })
        })
        return void wakes.add(cancel)
      }
      const { number, event, at, fields } = action.entry
      kept.add({
        number,
        epoch,
        atMs: tenths(at),
        utcMs: Math.max(0, Math.round(clock.utc() - (clock.now() - at))),
        utcQuality: clock.utcGood() ? 'good' : 'unset',
        event: event.slice(0, 64),
        fields: plainFields(fields),
      })
    }

    const add = (event: string, fields: Record<string, unknown>, at = clock.now(), origin: Origin = 'own'): void =>
      feed({ kind: 'happened', happening: { event, origin, at, fields: plainFields(fields) } })

    // The device ------------------------------------------------------------------------------------------------------------

    let shown: Status | undefined
    let before: Measurement | undefined
    let troubleUntil = Number.NEGATIVE_INFINITY

    function look(status: Status): void {
      if (isTrouble(status)) {
        if (status.at >= troubleUntil) tellHowItStood(status.at)
        troubleUntil = status.at + QUIET_MS
      }
      for (const { event, fields } of statusChanges(shown, status, ied?.operates, observes))
        add(event, fields, status.at)
      shown = status
    }

    /** What flowed just before, for whoever wants to play it again. */
    function tellHowItStood(at: Instant): void {
      const position = shown?.position === undefined ? {} : { position: shown.position }
      const isFresh = before !== undefined && at - before.at < STALE_MS
      if (!isFresh && shown?.position === undefined) return
      add('before', { ...position, ...(isFresh && before !== undefined ? powers(before) : {}) }, at)
    }

    function measured(measurement: Measurement): void {
      if (shown?.pickup === true) {
        const { amps = {}, phasors } = measurement
        add('fault-current', { ...perPhase('amps', amps), residualAmps: phasors?.residualAmps }, measurement.at)
      } else if (measurement.at >= troubleUntil) {
        before = measurement
      }
    }

    // What is around --------------------------------------------------------------------------------------------------------

    /** Devices at the border of the zones that the own device stands between: their positions decide what this IED may do. */
    const nearby = devicesAround(context)
    const silent = new Map<string, string>()

    const cancels = [
      bus.on('status', look),
      bus.on('measurement', measured),
      bus.on('device', ({ answering }) => {
        if (!answering) shown = undefined
      }),
      bus.on('topology', ({ device, position }) => {
        if (nearby.has(device)) add('position-known', { device, position }, clock.now(), 'heard')
      }),
      bus.on('lockout', ({ name: by, stands }) => add(stands ? 'latched' : 'unlatched', { by })),
      bus.on('report', report => {
        if (LEFT_OUT.has(report.event)) return
        const { event, atMs, ...fields } = report
        add(event, event === 'started' ? { epoch } : fields, instant(atMs), originOf(report))
      }),
    ]
    links.onLink?.((peerId, linkState) => {
      const peer = links.peers().find(each => each.peerId === peerId)?.credential.name ?? silent.get(peerId)
      if (peer === undefined || (linkState === 'up' && !silent.has(peerId))) return
      if (linkState === 'silent') silent.set(peerId, peer)
      else silent.delete(peerId)
      add(linkState === 'silent' ? 'link-silent' : 'link-back', { peer }, clock.now(), 'heard')
    })

    context.listing('sequence', parameters => sequenceRows(kept.entries, parameters))
    context.readout('incident', async parameters =>
      incidentAnswer(
        {
          ied: name,
          epoch,
          now: clock.now(),
          utcMs: clock.utc(),
          utcGood: clock.utcGood(),
          near: neighboursOf(context),
          entries: kept.entries(),
        },
        parameters,
      ),
    )

    return {
      async stop() {
        for (const cancel of [...cancels, ...wakes]) cancel()
        feed({ kind: 'stop' })
        for (const cancel of wakes) cancel()
        await kept.stop()
      },
    }
  },
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10

/** An alarm about somebody else is as much theirs as a message of theirs. */
const originOf = ({ event, origin, from }: Report): Origin =>
  HEARD.has(event) || origin !== undefined || from !== undefined ? 'heard' : 'own'

const perPhase = (what: string, values: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).map(([phase, value]) => [`${what}${phase.toUpperCase()}`, rounded(value as number)]),
  )
const rounded = (value: number): number => Math.round(value * 1000) / 1000

const powers = ({ kw = {}, kvar = {}, volts = {} }: Measurement): Record<string, unknown> => ({
  ...perPhase('kw', kw),
  ...perPhase('kvar', kvar),
  ...perPhase('volts', volts),
})

// As the observer: says what is disturbed below, and for how long, to those downstream. What is disturbed is decided in
// src/protection/disturbance.ts; when the own device will trip, in trip-forecast.ts.

import { duration, instant } from '../../topology/units.ts'
import type { Status } from '../hal/port.ts'
import { type DisturbanceAction, disturbance, noDisturbance, type SensorsSeen } from '../protection/disturbance.ts'
import { allClearMessage, type Warning, warningMessage } from '../protection/messages.ts'
import type { PowerQualityEvent } from '../protection/power-quality/event.ts'
import { repeatTimes } from '../protection/state-message.ts'
import { noForecast, tripForecast } from '../protection/trip-forecast.ts'
import type { ComponentContext } from './component.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { zoneTopic } from './topics.ts'

/**
 * A warning is about now, and is repeated while it lasts. It is long enough for a link with two seconds of round trip and
 * something before it in the queue: the age of a frame is measured as the most that it can be, which is a round trip.
 */
export const WARNING_LIFETIME = duration(8000)
/** What is lost on one way comes again. A warning is said again each second anyhow, while it lasts. */
const REPEATS_MS = { warning: repeatTimes(10, 700), allClear: repeatTimes(10, 2000) }
/** Repeats before that go over held links alone: gossip repairs its own losses. */
const GOSSIP_AGAIN_MS = 500
/** While the frequency falls, and for a while after it, this is looked at so often: warnings repeat, and end. */
const FREQUENCY_LOOK_MS = 100
const RESET_MS = 30_000

export function warningSender(context: ComponentContext, near: Pick<Neighbourhood, 'aboutSection'>) {
  const { feeder, messenger, clock, bus, name, config } = context
  const { observes, operates } = feeder.ied(name)
  const prefix = (): string => `${name}/${context.epoch}`
  const observe = disturbance({
    observes,
    get eventPrefix() {
      return prefix()
    },
  })
  /** Of the frequency: it is the same in all sections, and no voltage shows it. */
  const observeFrequency = disturbance({
    observes,
    get eventPrefix() {
      return `${prefix()}/hz`
    },
  })
  const device = feeder.file.devices.find(each => each.name === operates)
  const relay = device?.relay
  const forecast = tripForecast({
    // By its own curve, where its time does not hang on a current that is not read as fast as this.
    tripMs: () => relay?.delayMs,
    deadTimesMs: device?.reclose?.deadTimesMs ?? [],
    resetMs: device?.reclose?.resetMs ?? RESET_MS,
  })
  let forecasts = noForecast
  let expected: ReturnType<typeof forecast>['forecast']
  let observed = noDisturbance
  let observedFrequency = noDisturbance
  /** Line sensors, and what stands in for them. */
  let byDevice: SensorsSeen | undefined
  let byMonitor: SensorsSeen | undefined
  let isCollapsing = false
  let frequency: Pick<SensorsSeen, 'severity'> | undefined
  let cancelLook = (): void => {}
  let stopped = false

  /** @param repeatMs how long after the first copy this one goes out */
  function tell(action: DisturbanceAction, detectedAtMs: number, repeatMs?: number): void {
    const isWarning = action.kind === 'warn'
    const { section, event } = isWarning ? action.warning : action.allClear
    const payload = isWarning
      ? warningMessage.encode(later(action.warning, repeatMs ?? 0))
      : allClearMessage.encode(action.allClear)
    const sent = messenger.say({
      type: isWarning ? warningMessage.type : allClearMessage.type,
      payload,
      lifetime: WARNING_LIFETIME,
      to: near.aboutSection(section).fromOrigin(),
      topics:
        repeatMs !== undefined && repeatMs < GOSSIP_AGAIN_MS
          ? []
          : [zoneTopic(feeder.file.name, feeder.zoneOfSection(section))],
    })
    if (repeatMs !== undefined || (isWarning && !action.first)) return
    const isOver = (): boolean =>
      isWarning && ![observed, observedFrequency].some(({ active }) => active.get(section)?.event === event)
    for (const ms of isWarning ? REPEATS_MS.warning : REPEATS_MS.allClear) {
      clock.wakeAt(instant(clock.now() + ms), () => stopped || isOver() || tell(action, detectedAtMs, ms))
    }
    const { severity, kind, residualPu, arrivesInMs, lastsMs } = isWarning ? action.warning : ({} as Partial<Warning>)
    context.report(isWarning ? 'warning-sent' : 'all-clear-sent', {
      id: event,
      section,
      ...(isWarning ? { severity, kind, residualPu } : {}),
      ...(arrivesInMs === undefined ? {} : { arrivesInMs }),
      ...(lastsMs === undefined ? {} : { lastsMs }),
      detectedAtMs,
      directly: sent,
      // For the reader, who wants all names; the warning is on its way by now.
      ...(isWarning ? { downstream: [...feeder.downstreamIeds(section).certain].sort().join(' ') } : {}),
    })
  }

  /** Line sensors tell the sections apart; where the device has none, the monitor tells what it can. */
  function lookAtSections(): void {
    const seen = byDevice ?? byMonitor
    if (seen === undefined) return
    const kind = expected !== undefined ? 'trip' : byDevice === undefined && isCollapsing ? 'collapse' : undefined
    const next = observe(observed, { ...seen, kind, ...expected }, clock.now())
    observed = next.state
    for (const action of next.actions) tell(action, clock.now())
  }

  function lookAtFrequency(): void {
    cancelLook()
    if (stopped) return
    const entered = frequency === undefined ? 0 : 2 ** observes.length - 1
    const seen = { entered, left: 0, residualPu: 1, kind: 'frequency' as const, severity: frequency?.severity }
    const next = observeFrequency(observedFrequency, seen, clock.now())
    observedFrequency = next.state
    for (const action of next.actions) tell(action, clock.now())
    if (observedFrequency.active.size > 0) {
      cancelLook = clock.wakeAt(instant(clock.now() + FREQUENCY_LOOK_MS), lookAtFrequency)
    }
  }

  function hearQuality({ kind, cause, phase, severity }: PowerQualityEvent): void {
    if (kind !== 'impending' || observes.length === 0) return
    if (cause === 'collapse') isCollapsing = phase !== 'ends'
    if (cause !== 'frequencyFalling') return
    const isBad = phase !== 'ends' && config.powerQuality.warnsOthers
    frequency = isBad ? { severity: severity === 'alert' ? 'catastrophic' : 'severe' } : undefined
    lookAtFrequency()
  }

  const cancels = [
    bus.on('sensors', seen => {
      byMonitor = seen
      lookAtSections()
    }),
    bus.on('powerQuality', hearQuality),
  ]
  return {
    status({ pickup = false, tripped = false, entered, left, residualPu }: Status): void {
      const next = forecast(forecasts, { pickup: relay !== undefined && pickup, tripped }, clock.now())
      forecasts = next.state
      expected = next.forecast
      if (entered === undefined || left === undefined) return
      byDevice = { entered, left, residualPu }
      lookAtSections()
    },
    /** What a silent device last showed is nothing that others should hear. */
    silent(): void {
      byDevice = undefined
      forecasts = noForecast
      expected = undefined
    },
    stop(): void {
      stopped = true
      cancelLook()
      for (const cancel of cancels) cancel()
    },
  }
}

/** As it has to be said so much later. */
function later(warning: Warning, ms: number): Warning {
  return warning.arrivesInMs === undefined || ms === 0
    ? warning
    : { ...warning, arrivesInMs: Math.max(0, Math.round(warning.arrivesInMs - ms)) }
}

// The shell of the alert desk: reports and other peers' records go in; notices come out on the bus, for whoever follows
// them or carries them on, and what changes is kept. The decisions are in src/protection/alert-desk.ts.

import { instant } from '../../topology/units.ts'
import {
  type AlertAction,
  type AlertEvent,
  type AlertState,
  alertDesk,
  alertsOf,
  MAX_ALERTS,
  type Notice,
  noAlerts,
} from '../protection/alert-desk.ts'
import { routesOf } from './alert-config.ts'
import { alertOfRecord, type RecordedAlert, recordedAlert } from './alert-record.ts'
import { alertListing } from './alert-rows.ts'
import { alertIn } from './alert-rules.ts'
import type { Acted, AlertNotice, ComponentContext, Report } from './component.ts'
import { keptAlerts } from './kept-alerts.ts'
import { soon } from './soon.ts'

/** An alarm travels at once, and what comes within this goes with it. */
const SEND_AFTER_MS = 200
/** Notices that have a record of their own; the raising is recorded with its report. */
const RECORDED: ReadonlySet<Notice> = new Set<Notice>(['worse', 'cleared', 'acknowledged', 'escalated'])

/** What still is so after a start is found within this: devices are polled, latches and measurements looked at. */
const SAID_AGAIN_MS = 60_000
/** Kept by those who set it, and its end is said whenever it comes. */
const OUTLIVES: ReadonlySet<string> = new Set(['inhibited'])

export interface Alerts {
  /**
   * Takes a report in.
   * @returns what its record says of an alert; `counted` when it only repeats what stands already, and needs no record
   */
  hear(report: Report): RecordedAlert | Omit<RecordedAlert, 'fields'> | 'counted' | undefined
  stop(): Promise<void>
}

export async function startAlerts(
  context: ComponentContext,
  record: (content: Record<string, unknown>) => void,
): Promise<Alerts> {
  const { name, clock, bus, store, log, config, credential } = context
  const routes = routesOf(config.alerts)
  const kept = keptAlerts(store)
  const { step, restored } = alertDesk({ idPrefix: `${name}/${context.epoch}`, routes })
  const forward = soon(clock, SEND_AFTER_MS, () => bus.emit('send-data', {}))
  let state: AlertState = noAlerts
  let cancelWake = (): void => {}
  let lastWrite: Promise<void> = Promise.resolve()

  function feed(event: AlertEvent): readonly AlertAction[] {
    const next = step(state, event, clock.now())
    state = next.state
    for (const action of next.actions) perform(action)
    return next.actions
  }

  function perform(action: AlertAction): void {
    switch (action.kind) {
      case 'notice':
        return tell(action)
      case 'keep':
        lastWrite = kept.put(action.alert)
        lastWrite.catch(error => log.warn('alert-not-kept', { id: action.alert.id, reason: (error as Error).message }))
        return
      case 'forget':
        kept
          .forget(action.id)
          .catch(error => log.warn('alert-not-forgotten', { id: action.id, reason: (error as Error).message }))
        return
      case 'wake':
        cancelWake()
        cancelWake = clock.wakeAt(action.at, () => feed({ kind: 'tick', utcMs: clock.utc() }))
    }
  }

  function tell({ notice, alert, to }: AlertNotice): void {
    const isOwn = alert.ied === name
    if (isOwn && RECORDED.has(notice)) {
      record({ ...(notice === 'worse' ? alert.fields : {}), event: 'alert', alert: recordedAlert(notice, alert) })
    }
    if (isOwn && alert.severity === 'alarm' && notice !== 'again' && notice !== 'repeated') forward.ask()
    bus.emit('alert', { notice, alert, to })
  }

  const before = await kept.all()
  const begun = restored(before.slice(-MAX_ALERTS), clock.now())
  state = begun.state
  for (const action of begun.actions) perform(action)
  /** What stood here before the start. Nothing may say its end now, so what nobody says again in time is over. */
  const stood = before.filter(({ ied, phase, kind }) => ied === name && phase === 'standing' && !OUTLIVES.has(kind))
  const cancelStood = clock.wakeAt(instant(clock.now() + SAID_AGAIN_MS), () => {
    for (const { id, count } of stood) {
      if (state.entries.get(id)?.alert.count === count) feed({ kind: 'clear', which: { id }, utcMs: clock.utc() })
    }
  })

  const followers = new Set<(notice: AlertNotice) => void>()
  const cancels = [
    cancelStood,
    bus.on('alert', notice => {
      for (const hear of followers) hear(notice)
    }),
    bus.on('acknowledge', ({ id, by, answer }) => answer(acknowledge(id, by))),
    bus.on('stored', ({ ied, records }) => {
      if (ied === name) return
      for (const each of records) {
        const alert = alertOfRecord(each)
        if (alert !== undefined) hearOf(ied, alert)
      }
    }),
  ]

  /** What an IED's own record says of its alert. */
  function hearOf(
    ied: string,
    { id, notice, kind, key, severity, text, phase, utcMs, by, fields }: RecordedAlert,
  ): void {
    if (notice === 'raised' || notice === 'worse') {
      const condition = { kind, key, severity, text, fields, lasts: phase === 'standing' }
      return void feed({ kind: 'raise', ied, id, condition, utcMs })
    }
    if (notice === 'cleared') feed({ kind: 'clear', which: { id }, utcMs })
    if (notice === 'acknowledged') feed({ kind: 'acknowledge', id, by: by ?? 'somebody', utcMs })
  }

  async function acknowledge(id: string, by: string): Promise<Acted> {
    const alert = alertsOf(state).find(each => each.id === id)
    if (alert === undefined) return { result: 'refused', reason: 'bad-value', words: `${name} has no alert ${id}` }
    if (alert.ied !== name) {
      return { result: 'refused', reason: 'bad-value', words: `${id} is ${alert.ied}'s: order it of that IED` }
    }
    if (alert.acknowledged !== undefined) {
      return { result: 'done', words: `${alert.acknowledged.by} has acknowledged it already` }
    }
    feed({ kind: 'acknowledge', id, by, utcMs: clock.utc() })
    await lastWrite
    return { result: 'done', words: `acknowledged: ${alert.text}` }
  }

  context.listing('alerts', (parameters, signal, from) =>
    alertListing(
      {
        alerts: () => alertsOf(state),
        routes,
        organisation: credential.organisation,
        clock,
        onNotice(hear) {
          followers.add(hear)
          return () => followers.delete(hear)
        },
      },
      parameters,
      signal,
      from,
    ),
  )

  return {
    hear(report) {
      const word = alertIn(report, config.alerts)
      if (word === undefined) return undefined
      const utcMs = clock.utc()
      if (word.say === 'clear') {
        feed({ kind: 'clear', which: { ied: name, key: word.key }, utcMs })
        return undefined
      }
      const actions = feed({ kind: 'raise', ied: name, condition: word.condition, utcMs })
      const raised = actions.find(
        (action): action is AlertAction & { kind: 'notice' } =>
          action.kind === 'notice' && action.notice === 'raised' && action.alert.key === word.condition.key,
      )
      return raised === undefined ? 'counted' : recordedAlert('raised', raised.alert)
    },
    async stop() {
      forward.stop()
      cancelWake()
      for (const cancel of cancels) cancel()
      await kept.settled()
    },
  }
}

// Watches who the metering device says it is: at the start, and from time to time. A swapped or re-parameterised device is
// an alarm and a record of class `tamper`, told again after each restart until a person accepts the device
// (`feedermesh command IED accept-device`); the readings until then are flagged. What is judged how, is in
// src/hal/identity-judgement.ts.
//
// The record comes before what is kept: after a crash between the two the change is found, and recorded, once more.

import { toCbor } from '../../../topology/cbor.ts'
import { instant } from '../../../topology/units.ts'
import {
  changeWords,
  type IdentityAction,
  type IdentityEvent,
  type IdentityState,
  judgeIdentity,
} from '../../hal/identity-judgement.ts'
import type { Component } from '../component.ts'
import { keepIdentity, keptIdentity } from '../kept-identity.ts'

/** After a look that failed; sooner than the next one in its turn. */
const RETRY_MS = 60_000

export const identityWatch: Component = {
  name: 'identity-watch',
  async start(context) {
    const { hal, config, clock, store, ledger, bus, report, log } = context
    let state: IdentityState = await keptIdentity(store)
    let answering: boolean | undefined
    let lastReadUtcMs: number | undefined
    context.readout('device', async () => ({
      device: {
        driver: config.device?.driver ?? 'none',
        answering: answering ?? null,
        accepted: state.accepted ?? {},
        shown: state.seen ?? state.accepted ?? {},
        changes: state.changes,
        ...(lastReadUtcMs === undefined ? {} : { readUtc: new Date(lastReadUtcMs).toISOString() }),
      },
    }))
    const cancelDevice = bus.on('device', device => {
      answering = device.answering
    })
    if (hal?.identity === undefined || config.device === undefined) return { stop: cancelDevice }
    const read = hal.identity
    const { rarePollMs } = config.device
    let last: Promise<unknown> = Promise.resolve()
    let cancel = (): void => {}
    let stopped = false

    function inTurn<T>(change: () => Promise<T>): Promise<T> {
      const done = last.then(change)
      last = done.catch(() => {})
      return done
    }

    async function feed(event: IdentityEvent, by?: string): Promise<readonly IdentityAction[]> {
      const next = judgeIdentity(state, event)
      for (const action of next.actions) await record(action, by)
      if (next.actions.length > 0 || next.state.lacked.length !== state.lacked.length)
        await keepIdentity(store, next.state)
      state = next.state
      for (const action of next.actions) tell(action, by)
      return next.actions
    }

    async function record(action: IdentityAction, by: string | undefined): Promise<void> {
      const recordClass = action.kind === 'learned' ? 'event' : action.kind === 'accepted' ? 'operation' : 'tamper'
      const content = { event: `device-${action.kind}`, ...fieldsOf(action), ...(by === undefined ? {} : { by }) }
      const { number } = await ledger.append(recordClass, toCbor(content))
      bus.emit('appended', { number })
    }

    function tell(action: IdentityAction, by: string | undefined): void {
      bus.emit('deviceIdentity', { changed: state.changes.length > 0 })
      if (action.kind === 'changed') return alarm()
      report(`device-${action.kind}`, { ...(by === undefined ? {} : { by }) })
    }

    const alarm = (): void => report('alarm', { alarm: 'device-changed', changes: changeWords(state.changes) })

    async function look(): Promise<void> {
      let again = rarePollMs
      try {
        const identity = await read()
        if (stopped) return
        lastReadUtcMs = clock.utc()
        await inTurn(() => feed({ kind: 'read', identity }))
      } catch (error) {
        again = Math.min(rarePollMs, RETRY_MS)
        log.info('identity-not-read', { reason: (error as Error).message })
      }
      if (!stopped) cancel = clock.wakeAt(instant(clock.now() + again), () => void look())
    }

    const cancelAccept = bus.on('accept-device', ({ by, answer }) => {
      answer(
        inTurn(async () => {
          const [accepted] = await feed({ kind: 'accept' }, by)
          return accepted?.kind === 'accepted' ? `accepted: ${changeWords(accepted.changes)}` : undefined
        }),
      )
    })

    // All the others listen by then.
    const cancelStarted = bus.on('components-started', () => {
      if (state.changes.length > 0) alarm()
    })
    if (state.changes.length > 0) bus.emit('deviceIdentity', { changed: true })
    void look()
    return {
      async stop() {
        stopped = true
        cancel()
        cancelDevice()
        cancelAccept()
        cancelStarted()
        await last
      },
    }
  },
}

function fieldsOf(action: IdentityAction): Record<string, unknown> {
  switch (action.kind) {
    case 'learned':
      return { identity: action.identity }
    case 'restored':
      return {}
    default:
      return { changes: action.changes }
  }
}

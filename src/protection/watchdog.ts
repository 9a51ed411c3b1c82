// Whether the agent's protection loop runs on time. Who watches the agent (systemd, a register or contact of the device) is
// fed only while it does, and acts when it is not.
//
//   on time ── a tick came late, or no status was read for too long ──► late: not fed, alarm
//      ▲ ◄──────────────── a tick on time, and a status since ────────────┘
//
// A tick measures the loop by itself: it was wanted at a moment, and comes when the loop gets round to it. A hung or starved
// loop sends none, so nothing is fed. A device that is known not to answer is no fault of the loop: the loop goes on
// asking, and a restart would help nobody. A loop that neither reads the device nor finds it silent has stopped asking.

import { after, type Duration, type Instant } from '../../topology/units.ts'

export interface WatchdogSettings {
  readonly every: Duration
  /** A tick that comes so much after its time is late. */
  readonly lateness: Duration
  /** A status is read at least so often while the device answers. Undefined where there is no device. */
  readonly statusWithin: Duration | undefined
}

export interface WatchdogState {
  readonly dueAt: Instant | undefined
  readonly statusAt: Instant | undefined
  readonly isSilent: boolean
  readonly isLate: boolean
}

export type WatchdogEvent =
  | { readonly kind: 'start' | 'tick' | 'status' }
  | { readonly kind: 'device'; readonly answering: boolean }

export type WatchdogAction =
  | { readonly kind: 'feed' }
  | { readonly kind: 'late'; readonly why: string }
  | { readonly kind: 'on-time' }
  | { readonly kind: 'wake'; readonly at: Instant }

export const newWatchdog: WatchdogState = { dueAt: undefined, statusAt: undefined, isSilent: false, isLate: false }

export const watchdog =
  (settings: WatchdogSettings) =>
  (
    state: WatchdogState,
    event: WatchdogEvent,
    now: Instant,
  ): { readonly state: WatchdogState; readonly actions: readonly WatchdogAction[] } => {
    switch (event.kind) {
      case 'status':
        return { state: { ...state, statusAt: now }, actions: [] }
      case 'device':
        // Once it answers again, it has as long as at the start.
        return { state: { ...state, isSilent: !event.answering, statusAt: now }, actions: [] }
      case 'start':
        return again({ ...state, statusAt: now }, [{ kind: 'feed' }])
      case 'tick': {
        // A timer that was asked for an earlier moment, or comes twice, measures nothing.
        if (state.dueAt === undefined || now < state.dueAt) return { state, actions: [] }
        const why = lateness(settings, state, now)
        if (why === undefined) {
          return again({ ...state, isLate: false }, [
            ...(state.isLate ? [{ kind: 'on-time' } as const] : []),
            { kind: 'feed' },
          ])
        }
        return again({ ...state, isLate: true }, state.isLate ? [] : [{ kind: 'late', why }])
      }
    }

    function again(next: WatchdogState, actions: readonly WatchdogAction[]) {
      const dueAt = after(now, settings.every)
      return { state: { ...next, dueAt }, actions: [...actions, { kind: 'wake', at: dueAt } as const] }
    }
  }

function lateness(
  { lateness: allowed, statusWithin }: WatchdogSettings,
  { dueAt, statusAt, isSilent }: WatchdogState,
  now: Instant,
): string | undefined {
  const late = now - (dueAt ?? now)
  if (late > allowed) return `the loop ran ${Math.round(late)} ms late`
  if (statusWithin === undefined || isSilent) return undefined
  const age = now - (statusAt ?? now)
  return age > statusWithin ? `no status of the device was read for ${Math.round(age)} ms` : undefined
}

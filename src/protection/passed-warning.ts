// A warning that an IED acts on, told to a back-end peer of its own organisation, which passes it on to people and computers.
//
// The IED has decided that it is warned: by its own live feeder and its own policy. The back end takes its word, as it takes
// its readings, and decides nothing about power. It is state: said again while it lasts, and over when it is said, or when
// nothing more is heard of it. So a lost word costs time, and silence keeps nobody warned.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import {
  bool,
  event,
  messageType,
  oneOf,
  type Severity,
  severityWords,
  type WarningKind,
  warningKinds,
  whole,
} from './messages.ts'

export interface PassedWarning {
  /** The warning's. */
  readonly event: string
  readonly stands: boolean
  readonly severity: Severity
  readonly kind: WarningKind
  readonly arrivesInMs?: number
  readonly lastsMs?: number
}

export const passedWarningMessage = messageType<PassedWarning>(
  'passed-warning',
  4,
  fields => ({
    event: event(fields),
    stands: bool(fields, 'stands'),
    severity: oneOf(fields, 'severity', severityWords),
    kind: oneOf(fields, 'kind', warningKinds),
    ...('arrivesInMs' in fields ? { arrivesInMs: whole(fields, 'arrivesInMs', 0, 600_000) } : {}),
    ...('lastsMs' in fields ? { lastsMs: whole(fields, 'lastsMs', 0, 86_400_000) } : {}),
  }),
  ['arrivesInMs', 'lastsMs'],
)

/** How often an IED says it again while it lasts. */
export const PASSED_AGAIN_MS = 10_000
const HOLD = duration(3 * PASSED_AGAIN_MS)
/** IEDs and their events that stand at one back end; what is beyond is not taken, and comes again. */
const KEPT = 1024

interface Standing {
  readonly severity: Severity
  readonly until: Instant
}

/** By IED and event. */
export type PassedState = ReadonlyMap<string, Standing>

export type PassedAction =
  | ({ readonly kind: 'warned'; readonly ied: string } & { readonly warning: PassedWarning })
  | { readonly kind: 'ended'; readonly ied: string; readonly event: string }
  /** Nobody is warned any more. */
  | { readonly kind: 'all-clear' }
  | { readonly kind: 'wake'; readonly at: Instant }

export type PassedEvent =
  | { readonly kind: 'said'; readonly ied: string; readonly warning: PassedWarning }
  | { readonly kind: 'tick' }

interface Step {
  readonly state: PassedState
  readonly actions: readonly PassedAction[]
}

export const passedWarnings =
  (hold: Duration = HOLD) =>
  (state: PassedState, event: PassedEvent, now: Instant): Step => {
    if (event.kind === 'tick') {
      return end(
        state,
        [...state].filter(([, { until }]) => until <= now).map(([key]) => key),
      )
    }
    const { ied, warning } = event
    const key = `${ied} ${warning.event}`
    const known = state.get(key)
    if (!warning.stands) return end(state, known === undefined ? [] : [key])
    if (known === undefined && state.size >= KEPT) return { state, actions: [] }
    const until = after(now, hold)
    const grows = known === undefined || (known.severity === 'severe' && warning.severity === 'catastrophic')
    const severity = grows ? warning.severity : known.severity
    return {
      state: new Map(state).set(key, { severity, until }),
      actions: [...(grows ? [{ kind: 'warned' as const, ied, warning }] : []), { kind: 'wake', at: until }],
    }
  }

function end(state: PassedState, keys: readonly string[]): Step {
  if (keys.length === 0) return { state, actions: [] }
  const rest = new Map(state)
  const actions: PassedAction[] = []
  for (const key of keys) {
    rest.delete(key)
    const [ied = ''] = key.split(' ', 1)
    actions.push({ kind: 'ended', ied, event: key.slice(ied.length + 1) })
  }
  if (rest.size === 0) actions.push({ kind: 'all-clear' })
  return { state: rest, actions }
}

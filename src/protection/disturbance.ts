// At the observing IED: when does a disturbance begin and end in one of the sections that it watches?
//
// Its line sensors see, for each observed section, whether disturbance current enters it and whether it leaves it
// towards others. What enters and does not leave is in this section. So of all the IEDs above a disturbance exactly the
// one that observes the disturbed section warns, without asking the others. All of it is decided in the device; no
// polled current or voltage is compared here.
//
// The warning is state-based: repeated while the disturbance lasts, so that a lost one costs time only, and a receiver
// that hears nothing more ends its reaction by its own time-out.

import { type Duration, duration, type Instant } from '../../topology/units.ts'
import type { AllClear, Severity, Warning, WarningKind } from './messages.ts'

export interface DisturbanceSettings {
  /** Sections in the bit order of the device's registers. */
  readonly observes: readonly string[]
  /** `<ied>/<boot epoch>`: makes events of this start distinct from all others. */
  readonly eventPrefix: string
  /** At or below this residual voltage the disturbance is catastrophic. Per unit; 0.5 by default. */
  readonly catastrophicPu?: number
  /** IEEE 1159 sag threshold. */
  readonly severePu?: number
  /** The sensors must be quiet this long before the all-clear. */
  readonly quiet?: Duration
  readonly repeat?: Duration
  /** After this long without a warning of its own, receivers may have timed out: what goes on is a new event to them. */
  readonly silence?: Duration
}

interface Active {
  readonly event: string
  readonly severity: Severity
  readonly kind: WarningKind
  readonly residualPu: number
  readonly warnedAt: Instant
  readonly quietSince: Instant | undefined
}

export interface DisturbanceState {
  readonly count: number
  readonly active: ReadonlyMap<string, Active>
}

/** One poll of the device's sensors. Bits are in the order of `observes`. */
export interface SensorsSeen {
  readonly entered: number
  readonly left: number
  /** Absent when the device has no line voltage sensor: then the worst is assumed. */
  readonly residualPu?: number | undefined
  /** What is known better than by the voltage: that protection is about to trip, that the frequency falls. */
  readonly kind?: WarningKind | undefined
  /** In place of what the voltage says of it, where that is not what is bad. */
  readonly severity?: Severity | undefined
  readonly arrivesInMs?: number | undefined
  readonly lastsMs?: number | undefined
}

export type DisturbanceAction =
  | { readonly kind: 'warn'; readonly warning: Warning; readonly first: boolean }
  | { readonly kind: 'all-clear'; readonly allClear: AllClear }

/** Of one event the gravest kind so far is said, so that it does not flutter between two. */
const GRAVITY: Readonly<Record<WarningKind, number>> = { sag: 0, frequency: 1, collapse: 2, interruption: 3, trip: 4 }
/** IEEE 1159: below this it is an interruption. */
const INTERRUPTION_PU = 0.1

export const noDisturbance: DisturbanceState = { count: 0, active: new Map() }

export const disturbance = (settings: DisturbanceSettings) => {
  const { observes, catastrophicPu = 0.5, severePu = 0.9 } = settings
  const quiet = settings.quiet ?? duration(100)
  const repeat = settings.repeat ?? duration(1000)
  const silence = settings.silence ?? duration(4000)

  const severityOf = (residualPu: number): Severity | undefined =>
    residualPu <= catastrophicPu ? 'catastrophic' : residualPu < severePu ? 'severe' : undefined

  return (
    state: DisturbanceState,
    seen: SensorsSeen,
    now: Instant,
  ): { state: DisturbanceState; actions: DisturbanceAction[] } => {
    const active = new Map(state.active)
    const actions: DisturbanceAction[] = []
    let count = state.count
    const inside = seen.entered & ~seen.left
    const residualPu = plausible(seen.residualPu ?? 0)
    const severity = seen.severity ?? severityOf(residualPu)
    const kind = seen.kind ?? (residualPu < INTERRUPTION_PU ? 'interruption' : 'sag')
    const course = {
      ...(seen.arrivesInMs === undefined ? {} : { arrivesInMs: seen.arrivesInMs }),
      ...(seen.lastsMs === undefined ? {} : { lastsMs: seen.lastsMs }),
    }

    observes.forEach((section, bit) => {
      const last = active.get(section)
      const isDisturbed = ((inside >> bit) & 1) === 1 && severity !== undefined
      // Receivers that have timed out take no repeat of the old event.
      const known = isDisturbed && last !== undefined && now - last.warnedAt >= silence ? undefined : last
      if (isDisturbed) {
        const grown = known?.severity === 'severe' && severity === 'catastrophic'
        // A trip that comes after what there is now is news; that there is a mere sag again is none.
        const another = known !== undefined && kind !== known.kind && GRAVITY[kind] > GRAVITY[known.kind]
        const worse = known === undefined || grown || another
        const lowest = Math.min(residualPu, known?.residualPu ?? residualPu)
        if (!worse && now - known.warnedAt < repeat) {
          active.set(section, { ...known, residualPu: lowest, quietSince: undefined })
          return
        }
        if (known === undefined) count++
        const event = known?.event ?? `${settings.eventPrefix}/${count}`
        // Once catastrophic, it stays so until the all-clear: receivers act on the worst that was seen.
        const worst = known?.severity === 'catastrophic' ? 'catastrophic' : severity
        const gravest = known !== undefined && GRAVITY[known.kind] > GRAVITY[kind] ? known.kind : kind
        active.set(section, {
          event,
          severity: worst,
          kind: gravest,
          residualPu: lowest,
          warnedAt: now,
          quietSince: undefined,
        })
        const warning = { event, section, severity: worst, kind: gravest, residualPu: lowest, ...course }
        actions.push({ kind: 'warn', warning, first: known === undefined })
      } else if (known !== undefined) {
        const quietSince = known.quietSince ?? now
        if (now - quietSince < quiet) {
          active.set(section, { ...known, quietSince })
          return
        }
        active.delete(section)
        actions.push({ kind: 'all-clear', allClear: { event: known.event, section } })
      }
    })
    return { state: { count, active }, actions }
  }
}

/** What a device says, within what a warning can carry. What is no number is taken for the worst. */
const plausible = (residualPu: number): number => (Number.isNaN(residualPu) ? 0 : Math.min(2, Math.max(0, residualPu)))

// `feedermesh protection coordination`: what is judged, and the whole of the answer as one object.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { createSolver } from '../solver/solver.ts'
import { deviceCurve } from './device-curve.ts'
import { type FaultStudy, ownFaults, studyFaults } from './fault-study.ts'
import { type Bound, highSetRange } from './high-set-range.ts'
import { type Margin, marginsOf } from './margins.ts'
import type { Stretch } from './stretches.ts'
import type { StudyState } from './study-state.ts'

export interface CoordinationOptions {
  readonly states: readonly StudyState[]
  readonly intervalMs: number | undefined
  /** Of faults to ground. */
  readonly groundOhm: number
  /** `LOWER/UPPER`: known and accepted. */
  readonly allowed: ReadonlySet<string>
}

export interface JudgedMargin extends Margin {
  readonly ok: boolean
}

interface HighSetShown {
  readonly pickupAmps?: number
  readonly groundPickupAmps?: number
  /** What it has to lie above, and below. */
  readonly above: Bound
  readonly below?: Bound
}

export interface DeviceShown {
  readonly device: string
  readonly kind: string
  /** Next toward the source. */
  readonly above?: string
  readonly loadAmps: number
  readonly loadResidualAmps: number
  readonly elements: readonly {
    readonly name: string
    readonly quantity: 'phase' | 'residual'
    readonly pickupAmps: number
  }[]
  /** In its own stretch, largest phase; absent where none is. */
  readonly leastFaultAmps?: number
  readonly largestFaultAmps?: number
  /** Of relays. */
  readonly highSet?: HighSetShown
}

export interface Coordination {
  readonly feeder: string
  readonly ok: boolean
  readonly groundOhm: number
  readonly states: readonly {
    readonly state: string
    readonly devices: readonly DeviceShown[]
    readonly margins: readonly JudgedMargin[]
    readonly converged: boolean
  }[]
}

/** Beside the answer the studies that it was made of, for whoever draws them. */
export function coordinationOf(
  file: FeederFile,
  { states, intervalMs, groundOhm, allowed }: CoordinationOptions,
): { readonly answer: Coordination; readonly studies: readonly FaultStudy[] } {
  const solver = createSolver(file)
  const studies = states.map(({ feeder }) => studyFaults(feeder, { groundOhm, solver }))
  const shown = states.map(({ title }, n) => {
    const study = studies[n] as FaultStudy
    const margins = marginsOf(study, title, intervalMs).map(margin => ({
      ...margin,
      ok: margin.finding !== 'violated' || allowed.has(`${margin.lower}/${margin.upper}`),
    }))
    return {
      state: title,
      devices: study.stretches.map(stretch => deviceShown(study, stretch)),
      margins,
      converged: study.converged,
    }
  })
  const ok = shown.every(({ margins }) => margins.every(margin => margin.ok))
  return { answer: { feeder: file.name, ok, groundOhm, states: shown }, studies }
}

function deviceShown(study: FaultStudy, stretch: Stretch): DeviceShown {
  const { device, above } = stretch
  const load = study.load.get(device.name) ?? { phase: 0, residual: 0 }
  const curve = deviceCurve(device)
  const own = ownFaults(study, stretch)
    .filter(({ amps }) => Number.isFinite(curve.seconds(amps)))
    .map(({ amps }) => amps.phase)
  const range = device.relay === undefined ? undefined : highSetRange(study, stretch)
  const highSet = device.relay?.highSet
  return {
    device: device.name,
    kind: device.kind,
    ...(above === undefined ? {} : { above: above.name }),
    loadAmps: load.phase,
    loadResidualAmps: load.residual,
    elements: curve.elements.map(({ name, quantity, pickupAmps }) => ({ name, quantity, pickupAmps })),
    ...(own.length === 0 ? {} : { leastFaultAmps: Math.min(...own), largestFaultAmps: Math.max(...own) }),
    ...(range === undefined
      ? {}
      : {
          highSet: {
            ...(highSet === undefined ? {} : { pickupAmps: highSet.pickupAmps }),
            ...(highSet?.groundPickupAmps === undefined ? {} : { groundPickupAmps: highSet.groundPickupAmps }),
            above: range.phase.above,
            ...(range.phase.below === undefined ? {} : { below: range.phase.below }),
          },
        }),
  }
}

// A fault that stays on each section in turn, with and without restoration: how long until the healthy part is fed again,
// and how many customer-minutes that saves.
//
// Customers are counted with the same two figures on both sides, for people do the rest in either case: the faulted zone
// comes back when it has been repaired, and what restoration could feed comes back by hand where it is not there.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import { FAULT_KINDS, faultCases } from '../sweep/fault-case.ts'
import { type Closing, type Outcome, permanentFault } from './permanent-fault.ts'

export interface StudyOptions {
  /** Absent: all. */
  readonly sections?: readonly string[]
  /** By default the first that a section's phases allow, of three-phase, line-line and line-ground. */
  readonly kind?: FaultKind
  readonly seed: string
  /** A crew has found the fault and switched by hand what restoration would have switched. */
  readonly byHandMinutes: number
  readonly repairMinutes: number
  readonly onProgress?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

export interface StudyRow {
  readonly section: string
  readonly kind: FaultKind
  readonly lockedOut?: string
  /** From the fault. */
  readonly lockoutMs?: number
  readonly closings: readonly Closing[]
  /** From the lockout until the last closing. */
  readonly restoredMs?: number
  readonly noticingMs?: number
  readonly messagesMs?: number
  readonly travelMs?: number
  /** Real time on this machine, of one decision. */
  readonly decidingMs?: number
  /** Interrupted at all, those of them that restoration fed again, and those that wait for the repair in any case. */
  readonly customers: { readonly interrupted: number; readonly restored: number; readonly waiting: number }
  /** Interrupted for more than five minutes, with restoration and without. */
  readonly sustained: { readonly with: number; readonly without: number }
  readonly customerMinutes: {
    readonly with: number
    /** A crew switches by hand. */
    readonly byHand: number
    /** All wait for the repair. */
    readonly untilRepair: number
  }
}

export interface Study {
  readonly feeder: string
  readonly seed: string
  readonly byHandMinutes: number
  readonly repairMinutes: number
  readonly rows: readonly StudyRow[]
}

/** IEEE 1366-2012: more than this is a sustained interruption. */
const SUSTAINED_MINUTES = 5

/** Deterministic but for `decidingMs`. @throws NodeError BAD_INPUT for a section that the feeder does not have */
export async function restorationStudy(file: FeederFile, options: StudyOptions): Promise<Study> {
  const { sections, kind, seed, byHandMinutes, repairMinutes, onProgress, signal } = options
  const kinds = kind === undefined ? FAULT_KINDS : [kind]
  const all = faultCases(file, sections, kinds)
  const severest = new Map(all.map(each => [each.section, each]))
  for (const each of all) {
    const before = severest.get(each.section)
    if (before !== undefined && SEVERITY.indexOf(each.kind) > SEVERITY.indexOf(before.kind)) {
      severest.set(each.section, each)
    }
  }
  const rows: StudyRow[] = []
  onProgress?.(0, severest.size)
  for (const fault of severest.values()) {
    signal?.throwIfAborted()
    const own = `${seed}/${fault.section}`
    const restored = await permanentFault(file, fault, own, true)
    const left = await permanentFault(file, fault, own, false)
    rows.push({ section: fault.section, kind: fault.kind, ...rowOf(restored, left, byHandMinutes, repairMinutes) })
    onProgress?.(rows.length, severest.size)
  }
  return { feeder: file.name, seed, byHandMinutes, repairMinutes, rows }
}

const SEVERITY: readonly FaultKind[] = ['line-ground', 'line-line', 'line-line-ground', 'three-phase']

/** Of the same fault played twice. */
export function rowOf(
  restored: Outcome,
  left: Outcome,
  byHandMinutes: number,
  repairMinutes: number,
): Omit<StudyRow, 'section' | 'kind'> {
  const { lockedOut, closings, decidingMs } = restored
  const last = closings.reduce<Closing | undefined>(
    (latest, each) => (latest === undefined || each.afterMs > latest.afterMs ? each : latest),
    undefined,
  )
  const back = new Map(restored.lost.map(({ load, darkMs }) => [load, darkMs]))
  const sum = <T>(of: readonly T[], amount: (each: T) => number): number =>
    of.reduce((all, one) => all + amount(one), 0)
  const minutesWith = ({ darkMs }: Outcome['lost'][number]): number =>
    darkMs === undefined ? repairMinutes : darkMs / 60_000
  /** Without restoration: dark for good, but fed again with it, is what a crew can feed. */
  const minutesByHand = ({ load, darkMs }: Outcome['lost'][number]): number => {
    if (darkMs !== undefined) return darkMs / 60_000
    return back.get(load) === undefined && back.has(load) ? repairMinutes : byHandMinutes
  }
  const isFedAgain = (load: string): boolean =>
    left.lost.some(each => each.load === load && each.darkMs === undefined) && back.get(load) !== undefined
  const minutes = (of: Outcome, each: (lost: Outcome['lost'][number]) => number): number =>
    sum(of.lost, lost => lost.customers * each(lost))
  const sustained = (of: Outcome, each: (lost: Outcome['lost'][number]) => number): number =>
    sum(of.lost, lost => (each(lost) > SUSTAINED_MINUTES ? lost.customers : 0))
  return {
    ...(lockedOut === undefined ? {} : { lockedOut: lockedOut.device, lockoutMs: lockedOut.atMs }),
    closings,
    ...(last === undefined
      ? {}
      : {
          restoredMs: last.afterMs,
          noticingMs: last.noticingMs,
          messagesMs: last.messagesMs,
          travelMs: last.travelMs,
        }),
    ...(decidingMs === undefined || last === undefined ? {} : { decidingMs }),
    customers: {
      interrupted: sum(restored.lost, ({ customers }) => customers),
      restored: sum(restored.lost, ({ load, customers }) => (isFedAgain(load) ? customers : 0)),
      waiting: sum(restored.lost, ({ darkMs, customers }) => (darkMs === undefined ? customers : 0)),
    },
    sustained: { with: sustained(restored, minutesWith), without: sustained(left, minutesByHand) },
    customerMinutes: {
      with: minutes(restored, minutesWith),
      byHand: minutes(left, minutesByHand),
      untilRepair: minutes(left, minutesWith),
    },
  }
}

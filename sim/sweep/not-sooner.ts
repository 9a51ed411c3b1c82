// Where messages pass and time grading takes longer than an answer may, the mesh should be sooner. Where it was not, whoever
// reads a sweep wants to know why: most often the fault is below the high set of the device that cleared it.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { Sweep } from './sweep.ts'
import type { CaseResult } from './sweep-case.ts'

/** What the agents of a sweep wait for an answer, and a breaker's time where the file has none. */
const ANSWER_WAIT_MS = 200
const BREAKER_MS = 50
const SAME_MS = 0.5

/** One line for each section and the device that cleared its faults, fuses apart: these have no fast trip. */
export function notSooner({ cases }: Sweep, file: FeederFile): string[] {
  const groups = new Map<string, CaseResult[]>()
  for (const each of cases) {
    const device = file.devices.find(({ name }) => name === each.clearedBy)
    const aloneMs = each.alone?.clearedMs
    if (each.comms !== 'up' || device === undefined || device.kind === 'fuse' || aloneMs === undefined) continue
    const isLong = aloneMs - (device.breakerTimeMs ?? BREAKER_MS) > ANSWER_WAIT_MS
    if (!isLong || (each.clearedMs ?? 0) < aloneMs - SAME_MS) continue
    const key = `${each.section}\n${device.name}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups].map(([key, those]) => {
    const [section = '', device = ''] = key.split('\n')
    const kinds = those.map(({ kind }) => kind).join(', ')
    const ms = Math.max(...those.map(({ clearedMs }) => clearedMs ?? 0)).toFixed(0)
    return `${section}, ${kinds}: ${device} no sooner than by time grading, ${ms} ms: ${whyOf(file, device, those)}`
  })
}

function whyOf(file: FeederFile, name: string, cases: readonly CaseResult[]): string {
  if (!file.ieds.some(({ operates }) => operates === name)) return 'no IED operates it'
  const highSet = file.devices.find(device => device.name === name)?.relay?.highSet
  if (highSet === undefined) return 'it has no high set'
  const seen = cases.flatMap(each => each.seen.filter(({ device }) => device === name))
  const most = (amps: readonly number[]): string => Math.max(0, ...amps).toFixed(0)
  const ground = seen.flatMap(each => each.ground?.amps ?? [])
  const phase = `it sees ${most(seen.map(({ amps }) => amps))} A at the most, its high set ${highSet.pickupAmps} A`
  if (highSet.groundPickupAmps === undefined || ground.length === 0) return phase
  return `${phase}; to ground ${most(ground)} A, ${highSet.groundPickupAmps} A`
}

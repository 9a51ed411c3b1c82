// A plan without capacity, until there is a better one.
import { createFeeder } from '../../../topology/feeder.ts'
import { isolate } from './isolate.ts'
import type { Plan, PlanInput, PlanStep } from './plan-types.ts'

export function planGroup(input: PlanInput, zone: string): Plan {
  const { feeder, barred = new Map() } = input
  const { zones: isolated, open } = isolate(input)
  const parted = createFeeder(feeder.file)
  for (const { name } of feeder.file.devices)
    parted.setPosition(name, open.includes(name) ? 'open' : feeder.position(name))
  const none: Plan = {
    outcome: 'none',
    steps: [],
    restored: [],
    restoredKw: 0,
    shedKw: 0,
    left: [],
    isolated,
    isEmergencyVoltage: false,
    isCutShort: false,
  }
  if (isolated.includes(zone)) return none
  const group = new Set([zone])
  const boundary: string[] = []
  const candidates: { device: string; from: string }[] = []
  for (const each of group) {
    for (const { zone: next, device } of feeder.zoneNeighbours(each)) {
      if (parted.position(device) !== 'open') {
        group.add(next)
        continue
      }
      boundary.push(device)
      const node = feeder.zones.find(({ name }) => name === next)?.nodes[0]
      if (!isolated.includes(next) && !barred.has(device) && node !== undefined && parted.energised(node) === 'yes')
        candidates.push({ device, from: next })
    }
  }
  const [first] = candidates.sort((one, other) => (one.device < other.device ? -1 : 1))
  if (first === undefined) return none
  const opens: PlanStep[] = open
    .filter(device => boundary.includes(device))
    .map((device, n) => ({ kind: 'open', number: n + 1, after: [], device, why: 'isolate', between: [] }))
  const node = feeder.zones.find(({ name }) => name === first.from)?.nodes[0] ?? ''
  const close: PlanStep = {
    kind: 'close',
    number: opens.length + 1,
    after: opens.map(({ number }) => number),
    device: first.device,
    from: first.from,
    feeds: [...group],
    boundary: boundary.filter(each => each !== first.device),
    path: parted.upstream(node).devices,
    source: '',
    check: { loading: { of: 0, at: '' }, voltsPu: { of: 1, at: '' }, amps: 0 },
  }
  return { ...none, outcome: 'full', steps: [...opens, close], restored: [...group] }
}

// Coordination as text: for each state of the feeder the margins, and the devices with what they stand between.

import { table } from '../../src/node/cli/table.ts'
import type { Coordination, DeviceShown, JudgedMargin } from './coordination.ts'
import type { MarginPoint } from './margins.ts'

type Row = Record<string, unknown>

export function coordinationText({ feeder, states, groundOhm }: Coordination): string {
  const blocks = states.map(({ state, margins, devices, converged }) =>
    [
      `${feeder}, ${state === 'normal' ? 'normal state' : state}${groundOhm === 0 ? '' : `, ${groundOhm} ohm to ground`}`,
      '',
      table(margins.flatMap(marginRows)),
      table(devices.map(deviceRow)),
      ...(converged ? [] : ['the feeder cannot carry its load in this state: currents are not exact', '']),
    ].join('\n'),
  )
  return `${blocks.join('\n')}${summaryOf(states.flatMap(({ margins }) => margins))}\n`
}

function marginRows(margin: JudgedMargin): Row[] {
  const { largest, least, tightest } = margin
  const points = [largest, ...(least === largest ? [] : [least]), tightest].filter(point => point !== undefined)
  const common = { device: margin.lower, under: margin.upper }
  if (points.length === 0) {
    return [
      { ...common, fault: `${margin.of}: ${margin.withoutBackup[0] ?? ''}`, finding: `not seen by ${margin.upper}` },
    ]
  }
  return points.map((point, n) => ({
    ...(n === 0 ? common : { device: '', under: '' }),
    fault: faultText(margin, point),
    A: whole(point.lowerAmps.phase),
    ms: whole(point.lowerMs),
    'A above': whole(point.upperAmps.phase),
    'ms above': whole(point.upperMs),
    'margin ms': whole(point.marginMs),
    'wanted ms': whole(margin.wantedMs),
    finding: findingText(margin, point),
  }))
}

function faultText({ of, largest, least, rule }: JudgedMargin, point: MarginPoint): string {
  const which = point === largest ? (largest === least ? 'only' : 'largest') : point === least ? 'least' : 'tightest'
  const rest = rule === 'fast-relay' || rule === 'fuse-saving' ? `, ${rule}` : ''
  return `${of}, ${which}${rest}: ${point.fault}`
}

function findingText({ finding, wantedMs, ok, withoutBackup, upper }: JudgedMargin, { marginMs }: MarginPoint): string {
  if (finding === 'violated' && marginMs < wantedMs) return ok ? 'allowed' : '✗ violated'
  return withoutBackup.length > 0 ? `${upper} does not see ${withoutBackup.length} more` : ''
}

function deviceRow({ device, kind, above, loadAmps, elements, highSet, ...rest }: DeviceShown): Row {
  return {
    device,
    kind,
    under: above ?? '',
    'load A': whole(loadAmps),
    'picks up above A': elements
      .filter(({ name }) => name !== 'melting')
      .map(({ name, pickupAmps }) => `${name} ${whole(pickupAmps)}`)
      .join(', '),
    'own faults A':
      rest.leastFaultAmps === undefined
        ? 'none that it sees'
        : `${whole(rest.leastFaultAmps)} to ${whole(rest.largestFaultAmps ?? 0)}`,
    'high-set A': highSetText(highSet),
  }
}

function highSetText(highSet: DeviceShown['highSet']): string {
  if (highSet === undefined) return ''
  const { pickupAmps, groundPickupAmps, above, below } = highSet
  const range = `${whole(above.amps)} to ${below === undefined ? 'any' : whole(below.amps)}`
  if (pickupAmps === undefined) return `none (could be ${range})`
  return `${whole(pickupAmps)}${groundPickupAmps === undefined ? '' : `, ground ${whole(groundPickupAmps)}`} (of ${range})`
}

function summaryOf(margins: readonly JudgedMargin[]): string {
  const pairs = new Set(margins.map(({ lower, upper }) => `${lower}/${upper}`))
  const bad = new Set(margins.filter(({ ok }) => !ok).map(({ lower, upper }) => `${lower}/${upper}`))
  const allowed = new Set(
    margins.filter(({ ok, finding }) => ok && finding === 'violated').map(({ lower, upper }) => `${lower}/${upper}`),
  )
  const count = `${pairs.size} pair${pairs.size === 1 ? '' : 's'} of devices`
  const verdict = bad.size === 0 ? 'every margin kept' : `margin violated: ${[...bad].join(', ')}`
  return `${count}: ${verdict}${allowed.size === 0 ? '' : ` (allowed: ${[...allowed].join(', ')})`}`
}

const whole = (value: number): number => (Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value))

// A protection message from the head of a feeder to many receivers downstream, along the IED tree, beside brokers that serve
// as many subscribers in as many processes.

import type { Section, SectionOptions, SectionResult } from './section.ts'
import { SPREAD_BYTES, spread } from './spread.ts'
import type { StationKind } from './station.ts'
import { over, type Row, row, type Target, target } from './table.ts'
import { depthOf } from './tree-shape.ts'

const DEGREE = 8
const KINDS: readonly StationKind[] = ['mosquitto', 'nats', 'udp', 'mesh']
const BROKERS = ['mosquitto', 'nats'] as const

export const fanOuts: readonly Section[] = [10, 50, 200].map(receivers => ({
  title: `Fan-out to ${receivers} receivers, ${SPREAD_BYTES} bytes, tree of ${DEGREE}, ${depthOf(receivers, { receivers, degree: DEGREE })} deep`,
  withinMs: 240_000,
  measure: options => measure(options, receivers),
}))

async function measure(options: SectionOptions, receivers: number): Promise<SectionResult> {
  const { quick } = options
  const { arrived, verified, notes } = await spread(options, {
    shape: { receivers, degree: DEGREE },
    kinds: KINDS,
    messages: quick ? 10 : 100,
    warmUps: quick ? 10 : 40,
    gapMs: receivers > 100 ? 80 : 40,
  })
  const rows = new Map<string, Row>()
  const add = (key: string, what: string, times: readonly number[] | undefined, base?: Row): void => {
    if (times !== undefined && times.length > 0) rows.set(key, row(what, 'ms', times, base))
  }
  add('mosquitto', 'mosquitto, QoS 0, last arrival', arrived.get('mosquitto'))
  const base = rows.get('mosquitto')
  add('nats', 'NATS, last arrival', arrived.get('nats'), base)
  add('udp', 'UDP and AES-256-GCM alone, last arrival', arrived.get('udp'), base)
  add('arrived', 'feedermesh, last arrival', arrived.get('mesh'), base)
  add('verified', 'feedermesh, last verified', verified.get('mesh'), base)
  return { rows: [...rows.values()], targets: BROKERS.flatMap(broker => targetsOf(rows, broker)), notes }
}

function targetsOf(rows: ReadonlyMap<string, Row>, broker: (typeof BROKERS)[number]): Target[] {
  const [base, arrival, known] = [rows.get(broker), rows.get('arrived'), rows.get('verified')]
  if (base === undefined || arrival === undefined || known === undefined) return []
  return [
    target(`last arrival over ${broker}, p50`, over(arrival, base), 1),
    target(`last verified over ${broker}, p50`, over(known, base), 2.5),
  ]
}

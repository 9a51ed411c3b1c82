// A protection message from the head of a chain of twenty IEDs below it to its tail: hop by hop, each one passing it on.

import type { Section, SectionOptions, SectionResult } from './section.ts'
import { SPREAD_BYTES, spread } from './spread.ts'
import type { StationKind } from './station.ts'
import { over, type Row, row, type Target, target } from './table.ts'

const DEPTH = 20
const KINDS: readonly StationKind[] = ['tcp', 'udp', 'mesh', 'gossip']

export const chain: Section = {
  title: `Chain of ${DEPTH} IEDs, ${SPREAD_BYTES} bytes from the head to the tail`,
  withinMs: 120_000,
  measure,
}

async function measure(options: SectionOptions): Promise<SectionResult> {
  const { quick } = options
  const { arrived, verified, notes } = await spread(options, {
    shape: { receivers: DEPTH, degree: 1 },
    kinds: KINDS,
    messages: quick ? 10 : 150,
    warmUps: quick ? 10 : 60,
    gapMs: 40,
  })
  const rows: Row[] = []
  const add = (what: string, times: readonly number[] | undefined): Row | undefined => {
    if (times === undefined || times.length === 0) return undefined
    const added = row(what, 'ms', times, rows[0])
    rows.push(added)
    return added
  }
  const tcp = add('TCP relays, arrival at the tail', arrived.get('tcp'))
  add('UDP and AES-256-GCM alone, arrival', arrived.get('udp'))
  const arrival = add('feedermesh, arrival at the tail', arrived.get('mesh'))
  const known = add('feedermesh, verified by all', verified.get('mesh'))
  const gossip = add('gossipsub alone, verified by all', verified.get('gossip'))
  const targets: Target[] = []
  if (tcp && arrival) targets.push(target('arrival at the tail over TCP relays, p50', over(arrival, tcp), 1.2))
  if (tcp && known) targets.push(target('verified by all over TCP relays, p50', over(known, tcp), 2))
  if (gossip && arrival)
    targets.push(target('arrival at the tail over gossipsub alone, p50', over(arrival, gossip), 0.1))
  return { rows, targets, notes }
}

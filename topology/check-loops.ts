// Closed loops and sources in parallel in the normal state: errors, unless the file says that they are meant.

import type { Complain } from './complaint.ts'
import type { FeederFile, Phase, SourceEntry } from './feeder-file.ts'

export function checkLoops(file: FeederFile, complain: Complain): void {
  const open = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ section }) => section))
  const groups = mergingGroups()
  /** Phases in use between two nodes: sections side by side on phases of their own are one connection. */
  const between = new Map<string, Set<Phase>>()
  file.sections.forEach(({ name, from, to, phases }, n) => {
    if (open.has(name) || from === to) return
    const ends = from < to ? `${from} ${to}` : `${to} ${from}`
    const used = between.get(ends)
    const beside = used !== undefined && !phases.some(phase => used.has(phase))
    between.set(ends, new Set([...(used ?? []), ...phases]))
    if (groups.merge(from, to) || beside || file.allowLoops) return
    const text = `closes a loop between "${from}" and "${to}" in the normal state, want a normally open device in it`
    complain('FEEDER_LOOP', ['sections', n], name, text)
  })
  checkParallel(file, groups.of, complain)
}

function checkParallel(file: FeederFile, groupOf: (node: string) => string, complain: Complain): void {
  const first = new Map<string, SourceEntry>()
  file.sources.forEach((source, n) => {
    const group = groupOf(source.node)
    const other = first.get(group)
    if (other === undefined) first.set(group, source)
    else if (!file.allowLoops) {
      const text = `runs in parallel with "${other.name}" in the normal state, want a normally open device between them`
      complain('FEEDER_LOOP', ['sources', n], source.name, text)
    } else if ((source.angleDegrees - other.angleDegrees) % 360 !== 0) {
      const text = `runs in parallel with "${other.name}", which has ${other.angleDegrees}, want the same`
      complain('FEEDER_LOOP', ['sources', n, 'angleDegrees'], source.angleDegrees, text)
    }
  })
}

/** Nodes in groups that grow together. */
function mergingGroups() {
  /** Toward the first node of each group. */
  const above = new Map<string, string>()
  const of = (node: string): string => {
    let top = node
    for (let next = above.get(top); next !== undefined; next = above.get(top)) top = next
    for (let at = node; at !== top; ) {
      const next = above.get(at) as string
      above.set(at, top)
      at = next
    }
    return top
  }
  return {
    of,
    /** @returns false where the two were in one group already */
    merge(one: string, other: string): boolean {
      const [from, to] = [of(one), of(other)]
      if (from !== to) above.set(from, to)
      return from !== to
    },
  }
}

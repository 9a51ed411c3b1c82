// Where a feeder has no grounded neutral: behind a delta winding, and at a source that lets no current through the ground.
//
// There a voltage to ground says nothing of what customers get: one phase to ground lifts the others and harms nobody's
// supply. Instruments on such nodes measure between the phases.

import type { FeederFile, SourceEntry } from '../../topology/feeder-file.ts'

/** So many times its positive-sequence impedance, and a source counts as ungrounded. */
const UNGROUNDED = 1000

export function threeWireNodes(file: FeederFile): ReadonlySet<string> {
  const sectionsAt = new Map<string, FeederFile['sections'][number][]>(file.nodes.map(node => [node.name, []]))
  for (const section of file.sections) {
    sectionsAt.get(section.from)?.push(section)
    sectionsAt.get(section.to)?.push(section)
  }
  const winding = new Map(file.transformers.map(({ section, primary, secondary }) => [section, { primary, secondary }]))
  const found = new Map<string, boolean>(file.sources.map(source => [source.node, isUngrounded(source)]))
  for (const [node, isThreeWire] of found) {
    for (const { name, from, to } of sectionsAt.get(node) ?? []) {
      const far = from === node ? to : from
      if (found.has(far)) continue
      const windings = winding.get(name)
      const kind = far === to ? windings?.secondary : windings?.primary
      found.set(far, kind === undefined ? isThreeWire : kind === 'delta')
    }
  }
  return new Set([...found].flatMap(([node, isThreeWire]) => (isThreeWire ? [node] : [])))
}

function isUngrounded({ impedance }: SourceEntry): boolean {
  if (impedance === undefined) return false
  const { r1Ohm, x1Ohm, r0Ohm, x0Ohm } = impedance
  return Math.max(r0Ohm, x0Ohm) > UNGROUNDED * Math.max(r1Ohm, x1Ohm)
}

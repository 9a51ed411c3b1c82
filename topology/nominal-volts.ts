// What 1 per unit is at each node: it changes at transformers and nowhere else.

import type { FeederFile, TransformerEntry } from './feeder-file.ts'

const lineToNeutral = (lineToLineKv: number): number => (lineToLineKv * 1000) / Math.sqrt(3)

/** How many phases a transformer unit uses on a section of so many. */
const phasesOf = (unit: TransformerEntry, onSection: number): number => unit.phases?.length ?? onSection

/** Line to neutral, of the phases behind the secondary. */
export function secondaryVolts(unit: TransformerEntry, onSection: number): number {
  const isAcross = unit.secondary === 'center-tapped' || isSingle(unit, onSection)
  return unit.secondary !== 'delta' && isAcross ? unit.secondaryKv * 1000 : lineToNeutral(unit.secondaryKv)
}

function primaryVolts(unit: TransformerEntry, onSection: number): number {
  const isAcross = unit.primary === 'wye' && phasesOf(unit, onSection) === 1
  return isAcross ? unit.primaryKv * 1000 : lineToNeutral(unit.primaryKv)
}

/** Whether the unit is one pair of windings: of one phase, or between two phases. */
export function isSingle(unit: TransformerEntry, onSection: number): boolean {
  const count = phasesOf(unit, onSection)
  return count === 1 || (count === 2 && (unit.primary === 'delta' || unit.secondary === 'delta'))
}

/** Line to neutral, by node. Follows the sections out from the sources, whatever their devices' state. */
export function nominalVolts(file: FeederFile): ReadonlyMap<string, number> {
  const sectionsAt = new Map<string, number[]>()
  file.sections.forEach(({ from, to }, n) => {
    for (const node of [from, to]) sectionsAt.set(node, [...(sectionsAt.get(node) ?? []), n])
  })
  const unitOn = new Map([...file.transformers].reverse().map(unit => [unit.section, unit]))
  const volts = new Map(file.sources.map(({ node }) => [node, lineToNeutral(file.nominalKv)]))
  for (const node of volts.keys()) {
    for (const n of sectionsAt.get(node) ?? []) {
      const section = file.sections[n]
      if (section === undefined) continue
      const far = section.from === node ? section.to : section.from
      if (volts.has(far)) continue
      const unit = unitOn.get(section.name)
      const behind = section.from === node ? secondaryVolts : primaryVolts
      volts.set(far, unit === undefined ? (volts.get(node) ?? 0) : behind(unit, section.phases.length))
    }
  }
  for (const { name } of file.nodes) if (!volts.has(name)) volts.set(name, lineToNeutral(file.nominalKv))
  return volts
}

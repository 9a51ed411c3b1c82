// Phases in a feeder file: every part uses phases that are there, and each once.
//
// What hangs on a name that nothing has is left to the check of references.

import type { Complain, FilePath } from './complaint.ts'
import type { Connection, FeederFile, PerConnection, Phase, SectionEntry } from './feeder-file.ts'

export function checkPhases(file: FeederFile, complain: Complain): void {
  const nodes = phasesByName(file.nodes)
  const sections = phasesByName(file.sections)
  const lineCodes = phasesByName(file.lineCodes)
  const tapped = centreTapped(file)
  const node = (name: string): Place => ({ phases: nodes.get(name), where: `node "${name}"` })
  const section = (name: string): Place => ({ phases: sections.get(name), where: `section "${name}"` })

  for (const [list, entries] of Object.entries({
    nodes: file.nodes,
    lineCodes: file.lineCodes,
    sections: file.sections,
    transformers: file.transformers,
    generators: file.generators,
  })) {
    entries.forEach((entry, n) => {
      const phases = entry.phases ?? []
      if (new Set(phases).size === phases.length) return
      complain('FEEDER_PHASES', [list, n, 'phases'], phases.join(', '), 'want each phase once')
    })
  }
  file.sections.forEach((entry, n) => {
    checkThere(['sections', n, 'phases'], entry.phases, node(entry.from))
    if (tapped.has(entry.name)) checkLegs(entry, n)
    else checkThere(['sections', n, 'phases'], entry.phases, node(entry.to))
    if (entry.lineCode === undefined) return
    const code = { phases: lineCodes.get(entry.lineCode), where: `line code "${entry.lineCode}"` }
    checkThere(['sections', n, 'phases'], entry.phases, code)
  })
  file.transformers.forEach((entry, n) => {
    checkThere(['transformers', n, 'phases'], entry.phases ?? [], section(entry.section))
  })
  file.regulators.forEach((entry, n) => {
    checkConnections(['regulators', n, 'taps'], entry.taps, section(entry.section))
  })
  file.capacitors.forEach((entry, n) => {
    checkConnections(['capacitors', n, 'kvar'], entry.kvar, node(entry.node))
  })
  file.generators.forEach((entry, n) => {
    checkThere(['generators', n, 'phases'], entry.phases ?? [], node(entry.node))
  })
  file.loads.forEach((entry, n) => {
    const place = entry.node === undefined ? section(entry.along ?? '') : node(entry.node)
    checkConnections(['loads', n, 'kw'], entry.kw, place)
    checkConnections(['loads', n, 'kvar'], entry.kvar, place)
  })

  function checkThere(path: FilePath, phases: readonly Phase[], { phases: there, where }: Place): void {
    const missing = there ? phases.filter(phase => !there.includes(phase)) : []
    if (missing.length === 0) return
    complain(
      'FEEDER_PHASES',
      path,
      phases.join(', '),
      `${where} has no phase ${missing.join(', ')}, want ${there?.join(', ')}`,
    )
  }

  function checkConnections(path: FilePath, figures: PerConnection, { phases: there, where }: Place): void {
    const keys = connectionsOf(figures)
    const missing = there ? PHASES.filter(phase => !there.includes(phase) && keys.some(key => key.includes(phase))) : []
    if (missing.length === 0) return
    complain(
      'FEEDER_PHASES',
      path,
      keys.join(', '),
      `${where} has no phase ${missing.join(', ')}, want ${there?.join(', ')}`,
    )
  }

  function checkLegs({ to }: SectionEntry, n: number): void {
    const there = nodes.get(to)
    if (!there || [...there].sort().join() === 'a,b') return
    const text = `node "${to}" has the phases ${there.join(', ')}, want the legs of the centre-tapped transformer, a, b`
    complain('FEEDER_PHASES', ['sections', n, 'to'], to, text)
  }
}

interface Place {
  /** Undefined where there is no such place. */
  readonly phases: readonly Phase[] | undefined
  readonly where: string
}

const PHASES: readonly Phase[] = ['a', 'b', 'c']
const CONNECTIONS: readonly Connection[] = ['a', 'b', 'c', 'ab', 'bc', 'ca']

/** The phases and pairs of phases for which a figure is given. */
export function connectionsOf(figures: PerConnection): Connection[] {
  return CONNECTIONS.filter(key => figures[key] !== undefined)
}

/** Sections with a centre-tapped transformer: one phase at `from`, its two legs, called a and b, at `to`. */
export function centreTapped(file: Pick<FeederFile, 'transformers'>): ReadonlySet<string> {
  const tapped = file.transformers.filter(({ secondary }) => secondary === 'center-tapped')
  return new Set(tapped.map(({ section }) => section))
}

function phasesByName(entries: readonly { readonly name: string; readonly phases: readonly Phase[] }[]) {
  return new Map(entries.map(({ name, phases }) => [name, phases]))
}

// What the schema cannot see in a feeder file: that names are there once, and that every part fits what it names.

import type { Complain, FilePath } from './complaint.ts'
import type { FeederFile, Phase } from './feeder-file.ts'
import { nearestName } from './nearest-name.ts'

type Entry = { readonly name: string }
/** Resolves a name used at `path`, or complains of it. */
type Find<T> = (path: FilePath, name: string | undefined) => T | undefined

/** Suggestions cost a comparison with every known name, so a file full of nonsense gets this many. */
const MOST_SUGGESTIONS = 100

export function checkReferences(file: FeederFile, complain: Complain): void {
  let suggestions = 0
  const { nodes, sections, lineCodes, transformers, regulators, ieds } = file
  const { devices, loads, generators, capacitors } = file
  for (const lists of [{ nodes }, { sections }, { lineCodes }, { transformers }, { regulators }, { ieds }]) {
    checkUnique(lists)
  }
  checkUnique({ devices, loads, generators, capacitors }) // what an IED may operate, by name alone
  const node = finder('node', nodes)
  const section = finder('section', sections)
  const lineCode = finder('line code', lineCodes)
  const load = finder('load', loads)
  const operable = finder<Entry>('device, load, generator or capacitor', [
    ...devices,
    ...loads,
    ...generators,
    ...capacitors,
  ])

  file.sources.forEach((source, n) => {
    node(['sources', n, 'node'], source.node)
  })
  file.nodes.forEach((entry, n) => {
    checkRepeats(['nodes', n, 'phases'], entry.phases)
  })
  file.lineCodes.forEach(checkLineCode)
  file.sections.forEach(checkSection)
  file.devices.forEach((entry, n) => {
    section(['devices', n, 'section'], entry.section)
  })
  file.transformers.forEach((entry, n) => {
    section(['transformers', n, 'section'], entry.section)
  })
  file.regulators.forEach((entry, n) => {
    const on = section(['regulators', n, 'section'], entry.section)
    checkPhases(['regulators', n, 'taps'], keysOf(entry.taps), on?.phases, `section "${entry.section}"`)
  })
  file.capacitors.forEach((entry, n) => {
    const at = node(['capacitors', n, 'node'], entry.node)
    checkPhases(['capacitors', n, 'kvar'], keysOf(entry.kvar), at?.phases, `node "${entry.node}"`)
  })
  file.loads.forEach(checkLoad)
  file.generators.forEach((entry, n) => {
    node(['generators', n, 'node'], entry.node)
  })
  checkIeds()

  function checkLineCode(entry: FeederFile['lineCodes'][number], n: number): void {
    checkRepeats(['lineCodes', n, 'phases'], entry.phases)
    const size = entry.phases.length
    for (const key of ['rOhmPerKm', 'xOhmPerKm'] as const) {
      const rows = entry[key]
      if (rows.length !== size || rows.some(row => row.length !== size)) {
        const found = `${rows.length} rows of ${[...new Set(rows.map(row => row.length))].join(' and ')}`
        complain('FEEDER_PHASES', ['lineCodes', n, key], entry.name, `has ${found}, want ${size} × ${size}, by phase`)
      } else if (rows.some((row, r) => row.some((value, c) => value !== rows[c]?.[r]))) {
        complain('FEEDER_PHASES', ['lineCodes', n, key], entry.name, 'is not symmetric, want the same above and below')
      }
    }
  }

  function checkSection(entry: FeederFile['sections'][number], n: number): void {
    checkRepeats(['sections', n, 'phases'], entry.phases)
    for (const end of ['from', 'to'] as const) {
      const at = node(['sections', n, end], entry[end])
      checkPhases(['sections', n, 'phases'], entry.phases, at?.phases, `node "${entry[end]}"`)
    }
    if (entry.from === entry.to) {
      complain('FEEDER_REFERENCE', ['sections', n, 'to'], entry.to, 'joins a node to itself, want another node')
    }
    if (entry.lineCode === undefined) return
    const code = lineCode(['sections', n, 'lineCode'], entry.lineCode)
    checkPhases(['sections', n, 'phases'], entry.phases, code?.phases, `line code "${entry.lineCode}"`)
  }

  function checkLoad(entry: FeederFile['loads'][number], n: number): void {
    if ((entry.node === undefined) === (entry.along === undefined)) {
      const found = entry.node === undefined ? 'neither node nor along' : 'both node and along'
      complain('FEEDER_REFERENCE', ['loads', n], entry.name, `has ${found}, want one of the two`)
    }
    const place =
      entry.node === undefined ? section(['loads', n, 'along'], entry.along) : node(['loads', n, 'node'], entry.node)
    const where = entry.node === undefined ? `section "${entry.along}"` : `node "${entry.node}"`
    for (const key of ['kw', 'kvar'] as const) {
      checkPhases(['loads', n, key], keysOf(entry[key]), place?.phases, where)
    }
  }

  function checkIeds(): void {
    const operators = new Map<string, string>()
    const observers = new Map<string, string>()
    file.ieds.forEach((entry, n) => {
      node(['ieds', n, 'node'], entry.node)
      entry.meters.forEach((name, m) => {
        load(['ieds', n, 'meters', m], name)
      })
      if (entry.operates !== undefined) {
        operable(['ieds', n, 'operates'], entry.operates)
        claim(operators, ['ieds', n, 'operates'], entry.operates, entry.name, 'operated')
      }
      entry.observes.forEach((name, m) => {
        section(['ieds', n, 'observes', m], name)
        claim(observers, ['ieds', n, 'observes', m], name, entry.name, 'observed')
      })
    })
  }

  function claim(claims: Map<string, string>, path: FilePath, name: string, by: string, verb: string): void {
    const other = claims.get(name)
    if (other !== undefined) complain('FEEDER_REFERENCE', path, name, `is ${verb} by "${other}" already, want one IED`)
    else claims.set(name, by)
  }

  function checkPhases(
    path: FilePath,
    phases: readonly Phase[],
    there: readonly Phase[] | undefined,
    where: string,
  ): void {
    const missing = there ? phases.filter(phase => !there.includes(phase)) : []
    if (missing.length === 0) return
    complain('FEEDER_PHASES', path, phases.join(', '), `${where} has no phase ${missing.join(', ')}, want ${there}`)
  }

  function checkRepeats(path: FilePath, phases: readonly Phase[]): void {
    if (new Set(phases).size < phases.length) complain('FEEDER_PHASES', path, phases.join(', '), 'want each phase once')
  }

  function checkUnique(lists: Readonly<Record<string, readonly Entry[]>>): void {
    const first = new Map<string, string>()
    for (const [list, entries] of Object.entries(lists)) {
      entries.forEach(({ name }, n) => {
        const other = first.get(name)
        if (other === undefined) first.set(name, `${list}[${n}]`)
        else complain('FEEDER_REFERENCE', [list, n, 'name'], name, `is the name of ${other} too, want each name once`)
      })
    }
  }

  function finder<T extends Entry>(kind: string, entries: readonly T[]): Find<T> {
    const byName = new Map(entries.map(entry => [entry.name, entry]))
    return (path, name) => {
      if (name === undefined) return undefined
      const found = byName.get(name)
      if (!found) {
        const near = suggestions++ < MOST_SUGGESTIONS ? nearestName(name, byName.keys()) : undefined
        complain('FEEDER_REFERENCE', path, name, `no such ${kind}${near === undefined ? '' : `, want "${near}"?`}`)
      }
      return found
    }
  }
}

function keysOf(perPhase: { readonly [phase in Phase]?: number | undefined }): Phase[] {
  return (['a', 'b', 'c'] as const).filter(phase => perPhase[phase] !== undefined)
}

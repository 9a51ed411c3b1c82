// Names in a feeder file: each is there once, and what it is named for is there.

import type { Complain, FilePath } from './complaint.ts'
import type { FeederFile } from './feeder-file.ts'
import { nearestName } from './nearest-name.ts'

type Entry = { readonly name: string }
/** Complains of a name used at `path` that nothing has. */
type Find = (path: FilePath, name: string | undefined) => void

/** Suggestions cost a comparison with every known name, so a file full of nonsense gets this many. */
const MOST_SUGGESTIONS = 100

export function checkReferences(file: FeederFile, complain: Complain): void {
  let suggestions = 0
  const { sources, nodes, sections, lineCodes, transformers, regulators, ieds } = file
  const { devices, loads, generators, capacitors } = file
  for (const lists of [
    { sources },
    { nodes },
    { sections },
    { lineCodes },
    { transformers },
    { regulators },
    { ieds },
  ]) {
    checkUnique(lists)
  }
  checkUnique({ devices, loads, generators, capacitors }) // what an IED may operate, by name alone
  const node = finder('node', nodes)
  const section = finder('section', sections)
  const lineCode = finder('line code', lineCodes)
  const load = finder('load', loads)
  const operable = finder('device, load, generator or capacitor', [...devices, ...loads, ...generators, ...capacitors])

  for (const [list, entries] of Object.entries({ sources, generators, capacitors })) {
    entries.forEach((entry, n) => {
      node([list, n, 'node'], entry.node)
    })
  }
  for (const [list, entries] of Object.entries({ devices, transformers, regulators })) {
    entries.forEach((entry, n) => {
      section([list, n, 'section'], entry.section)
    })
  }
  sections.forEach(checkSection)
  loads.forEach(checkLoad)
  checkIeds()

  function checkSection(entry: FeederFile['sections'][number], n: number): void {
    node(['sections', n, 'from'], entry.from)
    node(['sections', n, 'to'], entry.to)
    if (entry.from === entry.to) {
      complain('FEEDER_REFERENCE', ['sections', n, 'to'], entry.to, 'joins a node to itself, want another node')
    }
    lineCode(['sections', n, 'lineCode'], entry.lineCode)
  }

  function checkLoad(entry: FeederFile['loads'][number], n: number): void {
    if ((entry.node === undefined) === (entry.along === undefined)) {
      const found = entry.node === undefined ? 'neither node nor along' : 'both node and along'
      complain('FEEDER_REFERENCE', ['loads', n], entry.name, `has ${found}, want one of the two`)
    }
    node(['loads', n, 'node'], entry.node)
    section(['loads', n, 'along'], entry.along)
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

  function finder(kind: string, entries: readonly Entry[]): Find {
    const names = new Set(entries.map(({ name }) => name))
    return (path, name) => {
      if (name === undefined || names.has(name)) return
      const near = suggestions++ < MOST_SUGGESTIONS ? nearestName(name, names) : undefined
      complain('FEEDER_REFERENCE', path, name, `no such ${kind}${near === undefined ? '' : `, want "${near}"?`}`)
    }
  }
}

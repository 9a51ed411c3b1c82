// Ties that restoration can't use, since nobody says what the way over them can carry.

import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile, SectionEntry } from '../../topology/feeder-file.ts'
import type { Contradiction } from './contradiction.ts'
import { tieStates } from './study-state.ts'

const MOST_NAMED = 4

export function tieCapacity(file: FeederFile): Contradiction[] {
  const codes = new Map(file.lineCodes.map(code => [code.name, code.ampacityAmps]))
  const hasTransformer = new Set(file.transformers.map(({ section }) => section))
  // A switch or busbar of no length carries what its lines carry.
  const isBare = ({ name, lengthM, lineCode, ampacityAmps }: SectionEntry): boolean =>
    lengthM > 0 && !hasTransformer.has(name) && (ampacityAmps ?? codes.get(lineCode ?? '')) === undefined
  const sections = new Map(createFeeder(file).file.sections.map(section => [section.name, section]))
  const findings = new Map<string, Contradiction>()
  for (const { title, feeder } of tieStates(file)) {
    const tie = file.devices.find(({ name, normal }) => normal === 'open' && feeder.position(name) === 'closed')
    const own = sections.get(tie?.section ?? '')
    if (tie === undefined || own === undefined) continue
    const bare = [...feeder.upstream(own.from).sections, ...feeder.upstream(own.to).sections, own.name]
      .filter((name, n, all) => all.indexOf(name) === n)
      .flatMap(name => sections.get(name) ?? [])
      .filter(section => isBare(section) && !(section === own && tie.ratedAmps !== undefined))
    if (bare.length === 0) continue
    const before = findings.get(tie.name)
    const names = [...new Set([...(before?.devices.slice(1) ?? []), ...bare.map(({ name }) => name)])]
    const listed = `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ', …' : ''}`
    const text = `no ampacity on the way that it closes (${listed}), want ampacityAmps there or in the line code: nobody can say what it may carry`
    findings.set(tie.name, {
      severity: 'warning',
      kind: 'tie without capacity',
      devices: [tie.name, ...names],
      state: before?.state ?? title,
      text,
    })
  }
  return [...findings.values()]
}

// The feeder file out of branches, shunts, devices and sources, checked as every feeder file is.

import { checkedFeeder } from '../check-feeder.ts'
import type { FeederFile, Phase } from '../feeder-file.ts'
import { TopologyError } from '../topology-error.ts'
import type { Branch } from './branch.ts'
import { inOrder } from './buses.ts'
import type { Circuit } from './elements.ts'
import { fault, shown } from './fault.ts'
import { MOST_FAULTS } from './limits.ts'
import { lineBranches } from './lines.ts'
import { asName, nameSpace } from './names.ts'
import type { NoteList, Place } from './note.ts'
import { type DeviceRead, devicesOf } from './protection.ts'
import { firstLoop, reachedBuses } from './reach.ts'
import { reactorBranches } from './reactors.ts'
import { namedCodes } from './shared-codes.ts'
import { capacitorsOf, generatorsOf, loadsOf, type Shunt } from './shunts.ts'
import { sourcesOf } from './sources.ts'
import { transformerBranches } from './transformers.ts'

/** Entries of the file by list, each with where it comes from. */
type Drafted = { readonly entry: { readonly name: string }; readonly at: Place }

/** @throws TopologyError with the places of what is wrong */
export function assembleFeeder(circuit: Circuit, notes: NoteList): FeederFile {
  const { note } = notes
  const sources = sourcesOf(circuit, notes)
  const [firstSource] = sources
  if (!firstSource) throw fault(circuit.at, 'the circuit has no source that is enabled, want one')
  const sourceBuses = sources.map(({ bus }) => bus)
  const all = [
    ...lineBranches(circuit, notes),
    ...reactorBranches(circuit, notes),
    ...transformerBranches(circuit, notes),
  ]
  const reached = reachedBuses(all, sourceBuses)
  const branches = all.filter(branch => isReached(branch.from, branch.elements.join(', '), branch.at))
  const devices = devicesOf(circuit, branches, notes)
  const open = new Set(devices.filter(({ entry }) => entry.normal === 'open').map(({ branch }) => branch))
  const loop = firstLoop(branches, branch => open.has(branch), sourceBuses)
  if (loop)
    note(loop.at, `${loop.elements.join(', ')} closes a loop, or joins two sources: loops are allowed in this feeder`)

  const giveOperable = nameSpace()
  const giveSection = nameSpace()
  const busNames = new Map<string, string>()
  const nodes = nodesOf()
  const codes = namedCodes(branches)
  const sections = branches.map(branch => ({ branch, entry: sectionOf(branch), at: branch.at }))
  const sectionNames = new Map(sections.map(({ branch, entry }) => [branch, entry.name]))
  const loads = shunts(loadsOf(circuit, notes))
  const deviceEntries = devices.map(deviceOf)
  const capacitors = shunts(capacitorsOf(circuit, notes))
  const generators = shunts(generatorsOf(circuit, notes))
  const drafted: Readonly<Record<string, readonly Drafted[]>> = {
    sources: sourceEntries(),
    nodes,
    lineCodes: codes.lineCodes,
    sections,
    devices: deviceEntries,
    transformers: units('transformers'),
    regulators: units('regulators'),
    capacitors,
    loads,
    generators,
  }
  return checked(circuit, drafted, {
    feedermesh: 1,
    name: asName(circuit.name),
    description: `Imported from OpenDSS circuit ${circuit.name}`,
    nominalKv: firstSource.kv,
    frequencyHz: circuit.frequencyHz,
    ...(loop ? { allowLoops: true } : {}),
    ...Object.fromEntries(Object.entries(drafted).map(([list, entries]) => [list, entries.map(({ entry }) => entry)])),
  })

  function isReached(bus: string, label: string, at: Place): boolean {
    if (reached.has(bus)) return true
    note(at, `${label} is left out: nothing that is here leads from a source to bus ${shown(bus)}`)
    return false
  }

  function nodesOf() {
    const phases = new Map<string, { at: Place; phases: Set<Phase> }>()
    const add = (bus: string, brought: readonly Phase[], at: Place): void => {
      const known = phases.get(bus) ?? { at, phases: new Set<Phase>() }
      phases.set(bus, known)
      for (const phase of brought) known.phases.add(phase)
    }
    for (const { bus, element } of sources) add(bus, ['a', 'b', 'c'], element.at)
    for (const { from, to, phases: carried, transformers, at } of branches) {
      const legs = transformers.some(({ unit }) => unit.secondary === 'center-tapped')
      add(from, carried, at)
      add(to, legs ? ['a', 'b'] : carried, at)
    }
    const giveNode = nameSpace()
    return [...phases].map(([bus, known]) => {
      const name = giveNode(bus, 'bus')
      busNames.set(bus, name)
      const drawnAt = circuit.drawnAt.get(bus)
      const place = circuit.places.get(bus)
      const where = {
        ...(drawnAt ? { drawnAt: [...drawnAt] as [number, number] } : {}),
        ...(place ? { place: [...place] as [number, number] } : {}),
      }
      return { entry: { name, phases: inOrder(known.phases), ...where }, at: known.at }
    })
  }

  function nodeName(bus: string): string {
    return busNames.get(bus) as string
  }

  function sectionOf(branch: Branch) {
    return {
      name: giveSection(branch.wantedName, branch.kind),
      from: nodeName(branch.from),
      to: nodeName(branch.to),
      phases: [...branch.phases],
      ...branch.section,
      ...(branch.code ? { lineCode: codes.nameOf(branch.code) } : {}),
    }
  }

  function deviceOf({ branch, wantedName, entry, at }: DeviceRead) {
    const section = sectionNames.get(branch) as string
    return { entry: { name: giveOperable(wantedName, entry.kind), ...entry, section }, at }
  }

  function units(list: 'transformers' | 'regulators') {
    const give = nameSpace()
    return branches.flatMap(branch =>
      branch[list].map(({ unit, at }) => {
        const section = sectionNames.get(branch) as string
        return { entry: { ...unit, name: give(unit.name, 'unit'), section }, at }
      }),
    )
  }

  function shunts<K extends 'loads' | 'capacitors' | 'generators'>(read: readonly Shunt<K>[]) {
    return read
      .filter(({ bus, element }) => isReached(bus, element.label, element.at))
      .map(({ element, bus, entry }) => {
        const name = giveOperable(element.name, element.className)
        return { entry: { name, node: nodeName(bus), ...entry }, at: element.at }
      })
  }

  function sourceEntries() {
    const give = nameSpace()
    return sources.map(({ element, bus, entry, kv }) => {
      if (kv !== firstSource?.kv) note(element.at, `${element.label}: its ${kv} kV are taken for the first source's`)
      return { entry: { name: give(element.name, 'source'), node: nodeName(bus), ...entry }, at: element.at }
    })
  }
}

/** Checked as every feeder file is; complaints name the place in the script. */
function checked(circuit: Circuit, drafted: Readonly<Record<string, readonly Drafted[]>>, file: unknown): FeederFile {
  return checkedFeeder(file, complaints => {
    const lines = complaints.slice(0, MOST_FAULTS).map(({ path: [list, index, ...rest], text }) => {
      const from = drafted[String(list)]?.[Number(index)]
      const { file: name, line } = from?.at ?? circuit.at
      const what = from ? `${list} ${shown(from.entry.name)}` : String(list ?? 'circuit')
      return `${name}:${line}: ${[what, ...rest].join('.')}: ${text}`
    })
    if (complaints.length > MOST_FAULTS) lines.push(`and ${complaints.length - MOST_FAULTS} more`)
    return new TopologyError(complaints[0]?.code ?? 'FEEDER_SCHEMA', lines.join('\n'))
  })
}

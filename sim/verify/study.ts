// The shipped feeder files as the published studies have them.

import type { FeederFile } from '../../topology/feeder-file.ts'

/** Load flow: what is ours is left out (generators), and every regulator has a node of its own behind it. */
export function loadFlowStudy(file: FeederFile): FeederFile {
  return file.regulators.reduce(withRegulatorNode, { ...file, generators: [], ieds: [] })
}

/** Splits a section that is a regulator and a line. Named after the regulator, as in the published tables. */
function withRegulatorNode(file: FeederFile, regulator: FeederFile['regulators'][number]): FeederFile {
  const section = file.sections.find(({ name }) => name === regulator.section)
  if (section === undefined || section.lineCode === undefined || section.lengthM === 0) return file
  const { lineCode: _, ...alone } = section
  const before = { ...alone, name: `${section.from}-${regulator.name}`, to: regulator.name, lengthM: 0 }
  return {
    ...file,
    nodes: [...file.nodes, { name: regulator.name, phases: section.phases }],
    sections: [...file.sections.map(one => (one === section ? { ...one, from: regulator.name } : one)), before],
    devices: file.devices.filter(device => device.section !== section.name),
    regulators: file.regulators.map(one => (one === regulator ? { ...one, section: before.name } : one)),
  }
}

/**
 * Short circuit: nothing but the source at 1 per unit behind its impedance, the lines' series impedance and the
 * transformers.
 */
export function shortCircuitStudy(file: FeederFile): FeederFile {
  return {
    ...file,
    sources: file.sources.map(source => ({ ...source, voltagePu: 1, holds: 'behind-impedance' })),
    lineCodes: file.lineCodes.map(({ bMicroSiemensPerKm: _, ...code }) => code),
    regulators: [],
    loads: [],
    capacitors: [],
    generators: [],
    ieds: [],
  }
}

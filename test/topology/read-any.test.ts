// Feeders of any format we read, and clear words for those that we do not.

import { describe, expect, it } from 'vitest'
import { readFeederFile } from '../../topology/read-any.ts'
import { FEEDERS, hasFeeders, MASTERS, WITHOUT } from './opendss/masters.ts'
import { memoryFiles } from './opendss/memory-files.ts'

const YAML = `feedermesh: 1
name: y
nominalKv: 12.47
frequencyHz: 60
sources: [{ name: s, node: a }]
nodes: [{ name: a, phases: [a] }, { name: b, phases: [a] }]
sections: [{ name: l, from: a, to: b, phases: [a] }]
`
const DSS = '! a comment\nNew object=Circuit.d bus1=a\nNew Line.l a b\n'

function read(path: string, text: string): string {
  try {
    const { feeder, format } = readFeederFile(path, memoryFiles({ [path]: text }))
    return `${format} ${feeder.name}`
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}

describe('readFeederFile', () => {
  it.each([
    ['/f/x.yaml', YAML, 'feedermesh y'],
    ['/f/x.YML', YAML, 'feedermesh y'],
    ['/f/x.dss', DSS, 'opendss d'],
    ['/f/X.DSS', DSS, 'opendss d'],
    ['/f/x.txt', DSS, 'opendss d'],
    ['/f/x', YAML, 'feedermesh y'],
  ])('reads %s by its name or by what is in it', (path, text, found) => {
    expect(read(path, text)).toBe(found)
  })

  it.each([
    ['/f/x.glm', 'clock {}', 'GridLAB-D'],
    ['/f/x.m', 'function mpc = case33bw', 'MATPOWER'],
    ['/f/x.json', '{}', 'JSON'],
    ['/f/x.xml', '<rdf:RDF/>', 'XML'],
    ['/f/x.cim', '<?xml version="1.0"?><rdf:RDF/>', 'XML or JSON'],
    ['/f/x.dat', 'something else', undefined],
  ])('refuses %s', (path, text, what) => {
    const found = what === undefined ? '' : ` (${what})`
    expect(read(path, text)).toBe(
      `TopologyError: ${path}: unsupported format${found}, want a feedermesh feeder (.yaml, .yml) or OpenDSS (.dss)`,
    )
  })

  it('refuses a file that is not there, binary or no file', () => {
    const said = (path: string) => () => readFeederFile(path)
    expect(said('/nowhere/x.yaml')).toThrow('/nowhere/x.yaml: no such file, want a feeder file (.yaml, .yml or .dss)')
    expect(said(process.execPath)).toThrow(`${process.execPath}: `)
    expect(said('topology')).toThrow('topology: is no plain file, want a feeder file (.yaml, .yml or .dss)')
  })

  it.skipIf(!hasFeeders)(`reads and refuses files made by others (${WITHOUT})`, () => {
    expect(readFeederFile(MASTERS.ieee13 as string)).toMatchObject({ format: 'opendss' })
    for (const file of [
      'gridlabd/ieee13_base.glm',
      'matpower/case33bw.m',
      'cim/ieee13x.xml',
      'pandapower/case33bw.json',
    ]) {
      expect(() => readFeederFile(`${FEEDERS}/${file}`)).toThrow('unsupported format')
    }
  })
})

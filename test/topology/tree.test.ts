import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { feederTree } from '../../topology/tree.ts'
import { feederOf } from './build-feeder.ts'

const printed = (feeder: Feeder): string[] =>
  feederTree(feeder).map(({ depth, node, via, tie, energised }) => {
    const devices = via?.devices.map(({ name, position }) => ` ${name} ${position}`).join('') ?? ''
    return `${'  '.repeat(depth)}${tie ? '~' : ''}${node}${devices}${energised === 'yes' ? '' : `, energised: ${energised}`}`
  })

describe('feederTree', () => {
  it('lists nodes below the section that feeds them, and an open tie once', () => {
    expect(printed(createFeeder(feederOf('A*B B*C A*D D/C')))).toEqual([
      'A',
      '  B A.B closed',
      '    C B.C closed',
      '      ~D D.C open',
      '  D A.D closed',
    ])
  })

  it('follows the live way, and the normal one where it is dark', () => {
    const feeder = createFeeder(feederOf('A*B B*C A*D D/C'))
    feeder.setPosition('A.B', 'open')
    expect(printed(feeder)).toEqual([
      'A',
      '  B A.B open, energised: no',
      '    C B.C closed, energised: no',
      '      ~D D.C open',
      '  D A.D closed',
    ])
    feeder.setPosition('D.C', 'closed')
    expect(printed(feeder)).toEqual(['A', '  ~B A.B open', '  D A.D closed', '    C D.C closed', '      B B.C closed'])
    feeder.setPosition('A.D', 'unknown')
    expect(printed(feeder)[2]).toBe('  D A.D unknown, energised: unknown')
  })

  it('lists every IED and load of the shipped feeder once', () => {
    const text = readFileSync(new URL('../../topology/feeders/ieee13.yaml', import.meta.url), 'utf8')
    const file = parseFeeder(text, 'ieee13.yaml')
    const lines = feederTree(createFeeder(file))
    expect(lines.flatMap(({ ieds }) => ieds).sort()).toEqual(file.ieds.map(({ name }) => name).sort())
    expect(lines.flatMap(({ loads }) => loads).sort()).toEqual(file.loads.map(({ name }) => name).sort())
    expect(lines.find(({ node }) => node === '671')).toEqual({
      depth: 2,
      node: '671',
      via: { section: 's632-671', devices: [{ name: 'R632', position: 'closed' }] },
      tie: false,
      energised: 'yes',
      ieds: ['meter-671', 'recloser-671', 'switch-692'],
      loads: ['load-632-671', 'load-671'],
    })
  })
})

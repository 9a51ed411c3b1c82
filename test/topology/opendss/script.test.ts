// What a script may say and how it ends when it says nonsense.

import { describe, expect, it } from 'vitest'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { importOpenDss } from '../../../topology/opendss/import-open-dss.ts'
import type { ImportNote } from '../../../topology/opendss/note.ts'
import { memoryFiles } from './memory-files.ts'

const CIRCUIT = 'New Circuit.test basekv=12.47 bus1=sub\n'

function read(
  script: string,
  others: Readonly<Record<string, string>> = {},
): { readonly feeder: FeederFile; readonly notes: readonly ImportNote[] } {
  const files = memoryFiles({ '/f/case/m.dss': script, ...others })
  return importOpenDss('/f/case/m.dss', { files })
}
const complaint = (script: string, others: Readonly<Record<string, string>> = {}): string => {
  try {
    read(script, others)
  } catch (error) {
    expect((error as Error).name).toBe('TopologyError')
    return (error as Error).message
  }
  return 'no complaint'
}
const told = (notes: readonly ImportNote[]): string[] => notes.map(({ file, line, text }) => `${file}:${line}: ${text}`)

describe('an OpenDSS script', () => {
  it.each([
    ['names before values', 'New Line.l1 bus1=sub bus2=far length=2 units=km'],
    ['values by their place', 'New Line.l1 sub far units=km length=2'],
    ['values after a named one', 'New object=Line.l1 linecode=c bus1=sub far units=km length=2'],
    ['blanks around the sign', 'new line.L1 Bus1 = sub , BUS2 = far  Length = 2, Units = km'],
    ['continued lines', 'New Line.l1\n~ bus1=sub\n~bus2=far\nmore length=2\nm units=km'],
    ['shortened names', 'New Line.l1 bus1=sub bus2=far len=2 unit=km'],
    ['quotes and brackets', `New "Line.l1" bus1="sub" bus2='far' length=(2) units={km}`],
    ['comments', 'New Line.l1 bus1=sub bus2=far ! length=9\n// ~ length=8\n~ length=2 // 7\n~ units=km'],
    ['comments over several lines', '/* New Line.x bus1=a\nNew Line.y */\nNew Line.l1 sub far length=2 units=km'],
    ['in-line maths', 'New Line.l1 bus1=sub bus2=far length=(1 3 + 4 sqrt /) units=km'],
    ['edits', 'New Line.l1 bus1=sub bus2=far\nEdit Line.L1 length=2\nLine.l1.units=km'],
    ['likes', 'New Line.l0 sub far length=2 units=km enabled=n\nNew Line.l1 like=l0 enabled=y'],
    ['carriage returns', 'New Line.l1 bus1=sub bus2=far\r\n~ length=2 units=km\r~ '],
    ['miles', 'New Line.l1 bus1=sub bus2=far length=(2 1.609344 /) units=miles'],
  ])('may have %s', (_, script) => {
    const { feeder } = read(`${CIRCUIT}New LineCode.c units=km r1=.1 x1=.2 r0=.3 x0=.4 c1=0 c0=0\n${script}\n`)
    expect(feeder.sections).toHaveLength(1)
    expect(feeder.sections[0]).toMatchObject({ name: 'l1', from: 'sub', to: 'far', lengthM: 2000 })
  })

  it('includes files beside, below and just above its folder, however their names are written', () => {
    const { feeder } = read(
      `${CIRCUIT}Redirect Sub\\lines.DSS\nredirect "../codes.dss"\nCompile other.dss\nRedirect last.dss`,
      {
        '/f/case/sub/Lines.dss': 'New Line.l1 sub b1 length=1 units=km\nRedirect more.dss',
        '/f/case/sub/more.dss': 'New Line.l2 b1 b2 length=1 units=km',
        '/f/codes.dss': 'New Line.l3 b2 b3 length=1 units=km',
        '/f/case/other.dss': 'New Line.l4 b3 b4 length=1 units=km',
        '/f/case/last.dss': 'New Line.l5 b4 b5 length=1 units=km',
      },
    )
    expect(feeder.sections.map(({ name }) => name)).toEqual(['l1', 'l2', 'l3', 'l4', 'l5'])
  })

  it('places buses on a drawing', () => {
    const { feeder } = read(`${CIRCUIT}New Line.l1 sub far\nBuscoords xy.csv`, {
      '/f/case/xy.csv': 'SUB, 1, 2\nfar 3.5 -4 ! here\nelsewhere,5,6\n',
    })
    expect(feeder.nodes.map(({ drawnAt }) => drawnAt)).toEqual([
      [1, 2],
      [3.5, -4],
    ])
  })

  it('tells with file and line what is not in the feeder', () => {
    const { notes } = read(
      [
        `${CIRCUIT}New Line.l1 sub far faultrate=0.2 colour=red`,
        'New Monitor.m1 Line.l1 1',
        'New Widget.w1 a=b',
        'Frobnicate all',
        'Solve mode=snap',
        'Set tolerance=0.1 loadmult=0.5',
        'New Line.l2 sub far faultrate=0.3 enabled=no',
        'New Line.l3 nowhere elsewhere',
        'Buscoords missing.csv',
      ].join('\n'),
    )
    expect(told(notes)).toEqual([
      '/f/case/m.dss:2: Line: property faultrate is left out (2 times)',
      '/f/case/m.dss:2: Line: "colour": no property that is known here, left out',
      '/f/case/m.dss:3: monitor: elements without meaning for the feeder, left out',
      '/f/case/m.dss:4: "widget": elements that are not understood, left out',
      '/f/case/m.dss:5: "Frobnicate": no command that is known here, left out',
      '/f/case/m.dss:6: solve: a command without meaning for the feeder, left out',
      '/f/case/m.dss:7: Set "tolerance": without meaning for the feeder, left out',
      '/f/case/m.dss:7: Set loadmult=0.5 is left out: loads are taken as their entries say',
      '/f/case/m.dss:10: coordinates are left out: /f/case/m.dss:10: "missing.csv": no such file, want one in "/f/case"',
      '/f/case/m.dss:8: Line.l2 is disabled, left out',
      '/f/case/m.dss:9: line.l3 is left out: nothing that is here leads from a source to bus "nowhere"',
    ])
  })

  it.each([
    ['no circuit', '! nothing', 'm.dss:1: makes no circuit, want "New Circuit.name"'],
    ['two circuits', `${CIRCUIT}New Circuit.b`, 'm.dss:2: "b" is a second circuit, want Clear before it'],
    [
      'a name twice',
      `${CIRCUIT}New Load.a bus1=sub\nNew Load.A`,
      'm.dss:3: Load.a is there already from /f/case/m.dss:2',
    ],
    ['an open bracket', `${CIRCUIT}New Load.a kw=[3`, 'm.dss:2: [ is not closed on its line, want ]'],
    ['an edit of nothing', `${CIRCUIT}Edit Load.b kw=3`, 'm.dss:2: Load.b: no such element'],
    ['like nothing', `${CIRCUIT}New Load.a like=b`, 'm.dss:2: Load.a: like "b", want another'],
    ['a missing file', `${CIRCUIT}Redirect x.dss`, 'm.dss:2: "x.dss": no such file'],
    ['itself', `${CIRCUIT}Redirect m.dss`, 'm.dss:2: "m.dss" includes itself, want no circle'],
    ['a file far above', `${CIRCUIT}Redirect ../../etc/passwd`, 'm.dss:2: "../../etc/passwd" lies outside'],
    ['a division by zero', `${CIRCUIT}New Load.a bus1=sub kw=(1 0 /)`, 'm.dss:2: Load.a: kw: "1 0 /" is no number'],
    ['a number that is none', `${CIRCUIT}New Load.a bus1=sub kw=NaN`, 'm.dss:2: Load.a: kw: "NaN" is no number'],
    [
      'an unknown line code',
      `${CIRCUIT}New Line.a sub b linecode=z`,
      'm.dss:2: Line.a: linecode: "z", no such linecode',
    ],
    ['a matrix too small', `${CIRCUIT}New Line.a sub b rmatrix=[1|2]`, 'm.dss:2: Line.a: rmatrix: has 2 rows, want 3'],
    ['a frequency of its own', `${CIRCUIT}Set DefaultBaseFrequency=400`, 'm.dss:2: frequency of 400 Hz, want 50 or 60'],
    [
      'too many phases',
      `${CIRCUIT}New Line.a sub b phases=1e6`,
      'm.dss:2: Line.a: phases: 1000000, want a whole number',
    ],
    ['a node without number', `${CIRCUIT}New Line.a sub.x b`, 'm.dss:2: Line.a: bus1: "sub.x" has a node "x"'],
    ['a control of nothing', `${CIRCUIT}New Fuse.f Line.q`, 'm.dss:2: Fuse.f: moves "line.q", no such element'],
    [
      'a load on a phase that nobody brings',
      `${CIRCUIT}New Line.a sub.1 b.1 phases=1\nNew Load.x bus1=b.2 phases=1 kv=7.2`,
      'm.dss:3: loads "x".kw: ',
    ],
    [
      'a phase that is not there upstream',
      `${CIRCUIT}New Line.a sub.1 b.1 phases=1\nNew Line.c b.2 d.2 phases=1`,
      'm.dss:2: nodes "b".phases: ',
    ],
  ])('ends with one error at %s', (_, script, message) => {
    expect(complaint(script, { '/etc/passwd': 'New Circuit.b' })).toContain(message)
  })

  it('ends when files go deeper than any feeder does', () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`/f/case/${n}.dss`, `Redirect ${n + 1}.dss`] as const),
    )
    expect(complaint(`${CIRCUIT}Redirect 0.dss`, files)).toContain('includes 20 files deep, want fewer')
  })

  it('ends when files include each other without end', () => {
    const files = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`/f/case/${n}.dss`, `Redirect ${n + 1}.dss\n`.repeat(4)] as const),
    )
    expect(complaint(`${CIRCUIT}Redirect 0.dss`, { ...files, '/f/case/12.dss': '' })).toContain('more than 500 files')
  })

  it('ends when elements double by likeness', () => {
    const doubling = Array.from({ length: 60 }, (_, n) => `Edit Load.${n % 2 === 0 ? 'b like=a' : 'a like=b'}`).join(
      '\n',
    )
    const script = `${CIRCUIT}New Load.a bus1=sub kw=1\nNew Load.b bus1=sub\n${doubling}`
    expect(complaint(script)).toContain('sets too many properties, want 2000 at most')
  })

  it('ends when there are more elements than any feeder has', () => {
    const script = CIRCUIT + Array.from({ length: 250_001 }, (_, n) => `New Load.${n}`).join('\n')
    expect(complaint(script)).toContain('makes more than 250000 elements, want fewer')
  })

  it('allows loops in a feeder that has one, and says so', () => {
    const { feeder, notes } = read(`${CIRCUIT}New Line.a sub b\nNew Line.c b d\nNew Line.e d sub`)
    expect(feeder.allowLoops).toBe(true)
    expect(told(notes)).toContain(
      '/f/case/m.dss:4: line.e closes a loop, or joins two sources: loops are allowed in this feeder',
    )
  })
})

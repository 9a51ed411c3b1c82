// Whatever the bytes, an import ends: in a feeder or in a TopologyError, soon.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { importOpenDss } from '../../../topology/opendss/import-open-dss.ts'
import { computedMs } from '../../stalls.ts'
import { memoryFiles } from './memory-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'dss-'))
afterAll(() => rmSync(folder, { recursive: true }))

function outcome(run: () => unknown): string {
  try {
    run()
    return 'feeder'
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}
const imported = (script: string): string =>
  outcome(() => importOpenDss('/f/m.dss', { files: memoryFiles({ '/f/m.dss': script }) }))

const WORDS =
  `New Edit ~ Circuit.c Line.l1 Line.l2 Load.x Transformer.t Capacitor.k RegControl.r Fuse.f Relay.q LineCode.z
  LineGeometry.g WireData.w Vsource.source Redirect m.dss Clear Set Open Close bus1= bus2= sub.1.2.3 far far.3 b.2.1 phases=
  1 2 3 0 -1 1e308 (1 2 /) (8 0 /) [1 2 | 3 4] [ ] | kv= kVs=[115 4.16] wdg= buses=[sub far] conn=delta linecode=z geometry=g
  length= units=ft switch=y like=l1 like=x rmatrix=[1|2|3] MonitoredObj=Line.l1 transformer=t tap=1.1 enabled=n pf=0 model=8
  = . .. "" ' " ( ) { } ! // /* */ \\ , % \u0007 é`.split(/\s+/)

describe('a hostile OpenDSS file', () => {
  it('ends in a feeder or in an error, whatever words it has', () => {
    const line = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map(words => words.join(' '))
    const script = fc.array(line, { maxLength: 30 }).map(lines => `New Circuit.c bus1=sub\n${lines.join('\n')}`)
    fc.assert(
      fc.property(script, text => {
        expect(imported(text)).toMatch(/^(feeder$|TopologyError: \/f\/m\.dss:\d+: )/)
      }),
      { numRuns: 1000 },
    )
  })

  it('ends in an error for random characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => {
        expect(imported(text)).toMatch(/^TopologyError: \/f\/m\.dss:\d+: /)
      }),
    )
  })

  it('ends in a feeder or an error when a good one is damaged', () => {
    const good = `New Circuit.c bus1=sub basekv=12.47
New LineCode.z nphases=3 r1=.1 x1=.2 r0=.3 x0=.4 units=km
New Line.l1 sub b linecode=z length=1 units=km
New Transformer.t buses=[b d] kvs=[12.47 .48] kvas=[500 500] conns=[delta wye] xhl=4
New Load.x bus1=d kv=.48 kw=100 pf=.9
New Capacitor.k bus1=b kvar=300 kv=12.47
New Line.s b e switch=y
New Relay.r Line.s PhaseTrip=300 delay=.1`
    const damage = fc.record({ at: fc.nat(good.length), cut: fc.nat(30), put: fc.constantFrom(...WORDS) })
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), damages => {
        const text = damages.reduce((now, { at, cut, put }) => now.slice(0, at) + put + now.slice(at + cut), good)
        expect(imported(text)).toMatch(/^(feeder$|TopologyError: \/f\/m\.dss:\d+: )/)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['a bracket that never closes', `New Circuit.c kv=${'['.repeat(1_000_000)}`],
    ['lines without end', `New Circuit.c\n${'~ kw=1\n'.repeat(300_000)}`],
    ['carriage returns alone', '\r'.repeat(4_000_000)],
    ['quotes alone', `New Circuit.c\nNew Load.a ${'"" '.repeat(300_000)}`],
    ['an enormous list', `New Circuit.c\nNew Capacitor.a bus1=sourcebus kvar=[${'1 '.repeat(500_000)}]`],
    ['an enormous calculation', `New Circuit.c\nNew Load.a bus1=sourcebus kw=(${'1 '.repeat(500_000)})`],
    ['an enormous matrix', `New Circuit.c\nNew Line.a a b rmatrix=[${'1 | '.repeat(300_000)}]`],
    ['a comment that never ends', `New Circuit.c\n/* ${'x\n'.repeat(500_000)}`],
    ['unknown words without end', Array.from({ length: 200_000 }, (_, n) => `word${n} x=y`).join('\n')],
    ['equal signs', `New Circuit.c\n${'='.repeat(1_000_000)}`],
    [
      'a name of a million letters',
      `New Circuit.${'x'.repeat(1_000_000)}\nNew Line.a sourcebus ${'y'.repeat(1_000_000)}`,
    ],
    ['nodes without end', `New Circuit.c\nNew Line.a sourcebus${'.1'.repeat(500_000)} b`],
  ])('with %s ends within seconds', (_, script) => {
    const before = computedMs()
    expect(imported(script)).toMatch(/^(feeder$|TopologyError: )/)
    expect(computedMs() - before).toBeLessThan(5000)
  })

  it('is refused when it is binary, a folder, a pipe, a device, missing or too long', () => {
    const binary = join(folder, 'binary.dss')
    writeFileSync(binary, Uint8Array.of(78, 101, 119, 0, 1, 2))
    const long = join(folder, 'long.dss')
    writeFileSync(long, '')
    truncateSync(long, 5 * 2 ** 30)
    const pipe = join(folder, 'pipe.dss')
    execFileSync('mkfifo', [pipe])
    mkdirSync(join(folder, 'folder.dss'))
    const said = (path: string): string => outcome(() => importOpenDss(path))
    expect(said(binary)).toBe(`TopologyError: ${binary}:1: it cannot be read: is binary, want text`)
    expect(said(long)).toBe(`TopologyError: ${long}:1: it cannot be read: has 5368709120 bytes, want 33554432 at most`)
    expect(said(pipe)).toBe(`TopologyError: ${pipe}:1: it cannot be read: is no plain file`)
    expect(said(join(folder, 'folder.dss'))).toMatch(/cannot be read: is no plain file$/)
    expect(said('/dev/zero')).toBe('TopologyError: /dev/zero:1: it cannot be read: is no plain file')
    expect(said(join(folder, 'none.dss'))).toMatch(/cannot be read: no such file$/)
  })

  it('does not reach other files through a link', () => {
    const outside = mkdtempSync(join(tmpdir(), 'dss-outside-'))
    const inside = join(folder, 'a', 'b')
    mkdirSync(inside, { recursive: true })
    writeFileSync(join(outside, 'secret.dss'), 'New Line.x a b')
    symlinkSync(join(outside, 'secret.dss'), join(inside, 'link.dss'))
    writeFileSync(join(inside, 'm.dss'), 'New Circuit.c\nRedirect link.dss')
    expect(outcome(() => importOpenDss(join(inside, 'm.dss')))).toMatch(
      /m\.dss:2: "link\.dss" lies outside, want a file below/,
    )
    rmSync(outside, { recursive: true })
  })
})

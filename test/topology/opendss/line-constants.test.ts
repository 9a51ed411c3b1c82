// Line constants against published impedances.

import { describe, expect, it } from 'vitest'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { importOpenDss } from '../../../topology/opendss/import-open-dss.ts'
import { memoryFiles } from './memory-files.ts'

const MILE_KM = 1.609344

function codeOf(script: string, name: string): FeederFile['lineCodes'][number] {
  const text = `New Circuit.c bus1=sub\n${script}`
  const { feeder } = importOpenDss('/f/m.dss', { files: memoryFiles({ '/f/m.dss': text }) })
  return feeder.lineCodes.find(code => code.name === name) as FeederFile['lineCodes'][number]
}
const perMile = (matrix: readonly (readonly number[])[]): number[][] =>
  matrix.map(row => row.map(value => value * MILE_KM))
/** Nanofarad per mile. */
const capacitance = (matrix: readonly (readonly number[])[]): number[][] =>
  perMile(matrix).map(row => row.map(value => value / (2 * Math.PI * 60 * 1e-3)))

function expectClose(
  found: readonly (readonly number[])[],
  wanted: readonly (readonly number[])[],
  share: number,
): void {
  const largest = Math.max(...wanted.flat().map(Math.abs))
  found.forEach((row, r) => {
    row.forEach((value, c) => {
      expect(Math.abs(value - (wanted[r]?.[c] as number)) / largest).toBeLessThan(share)
    })
  })
}

describe('line constants', () => {
  // IEEE 13-node test feeder, configuration 601: spacing 500, phases B A C N, 556.5 kcmil 26/7 and a neutral of 4/0 6/1
  // ACSR (IEEE PES, overhead line configurations and conductor data).
  it('of an overhead line with a neutral are those of configuration 601', () => {
    const code = codeOf(
      `New WireData.p Rac=0.1859 Runits=mi GMRac=0.0313 GMRunits=ft diam=0.927 radunits=in normamps=730
New WireData.n Rac=0.592 Runits=mi GMRac=0.00814 GMRunits=ft diam=0.563 radunits=in
New LineGeometry.601 nconds=4 nphases=3 reduce=yes
~ cond=1 wire=p x=2.5 h=28 units=ft
~ cond=2 wire=p x=0 h=28
~ cond=3 wire=p x=7 h=28
~ cond=4 wire=n x=4 h=24
New Line.l sub far geometry=601 length=1 units=mi`,
      '601',
    )
    expect(code.phases).toEqual(['a', 'b', 'c'])
    expect(code.ampacityAmps).toBe(730)
    const r = [
      [0.3465, 0.156, 0.158],
      [0.156, 0.3375, 0.1535],
      [0.158, 0.1535, 0.3414],
    ]
    const x = [
      [1.0179, 0.5017, 0.4236],
      [0.5017, 1.0478, 0.3849],
      [0.4236, 0.3849, 1.0348],
    ]
    const b = [
      [6.2998, -1.9958, -1.2595],
      [-1.9958, 5.9597, -0.7417],
      [-1.2595, -0.7417, 5.6386],
    ]
    expectClose(perMile(code.rOhmPerKm), r, 0.001)
    expectClose(perMile(code.xOhmPerKm), x, 0.001)
    expectClose(perMile(code.bMicroSiemensPerKm ?? []), b, 0.005)
  })

  // IEEE13Nodeckt.dss: "the new LineCode.606 is computed using the following CN cable definition", there with Deri's earth
  // in place of Carson's.
  it('of cables with concentric neutrals are those of configuration 606', () => {
    const code = codeOf(
      `New CNData.250_1/3 k=13 DiaStrand=0.064 Rstrand=2.816666667 epsR=2.3
~ InsLayer=0.220 DiaIns=1.06 DiaCable=1.16 Rac=0.076705 GMRac=0.20568 diam=0.573
~ Runits=kft Radunits=in GMRunits=in
New LineGeometry.606 nconds=3 nphases=3 units=ft
~ cond=1 cncable=250_1/3 x=-0.5 h=-4
~ cond=2 cncable=250_1/3 x=0 h=-4
~ cond=3 cncable=250_1/3 x=0.5 h=-4
New Line.l sub far geometry=606 length=1 units=mi`,
      '606',
    )
    const r = [
      [0.791721, 0.318476, 0.28345],
      [0.318476, 0.781649, 0.318476],
      [0.28345, 0.318476, 0.791721],
    ]
    const x = [
      [0.438352, 0.0276838, -0.0184204],
      [0.0276838, 0.396697, 0.0276838],
      [-0.0184204, 0.0276838, 0.438352],
    ]
    expectClose(perMile(code.rOhmPerKm), r, 0.01)
    expectClose(perMile(code.xOhmPerKm), x, 0.01)
    expectClose(
      capacitance(code.bMicroSiemensPerKm ?? []),
      [
        [383.948, 0, 0],
        [0, 383.948, 0],
        [0, 0, 383.948],
      ],
      0.001,
    )
  })

  // W. H. Kersting, "Distribution System Modeling and Analysis", example 4.4: 1/0 tape-shielded cable with a 1/0 copper
  // neutral 3 inches away: 1.3219 + j0.6743 ohm/mile.
  it('of a tape-shielded cable with a neutral are those of the textbook', () => {
    const code = codeOf(
      `New TSData.t Rac=0.97 Runits=mi GMRac=0.0111 GMRunits=ft diam=0.0308 radunits=ft
~ DiaShield=0.0733 TapeLayer=0.000416667 TapeLap=50 epsR=2.3 InsLayer=0.0183 DiaIns=0.0683
New WireData.n Rac=0.607 Runits=mi GMRac=0.01113 GMRunits=ft diam=0.368 radunits=in
New LineSpacing.s nconds=2 nphases=1 units=in x=[0 3] h=[-40 -40]
New LineGeometry.ts nconds=2 nphases=1 spacing=s tscables=[t] wires=[n]
New Line.l sub.1 far.1 geometry=ts length=1 units=mi`,
      'ts',
    )
    expectClose(perMile(code.rOhmPerKm), [[1.3219]], 0.005)
    expectClose(perMile(code.xOhmPerKm), [[0.6743]], 0.005)
  })

  it('of symmetrical components are (2 z1 + z0) / 3 and (z0 − z1) / 3, of one phase z1', () => {
    const code = codeOf(
      `New LineCode.s r1=.3 x1=.6 r0=.9 x0=1.8 c1=10 c0=4 units=km\nNew Line.l sub far linecode=s units=km`,
      's',
    )
    expect(code.rOhmPerKm[0]).toEqual([0.5, 0.2, 0.2])
    expect(code.xOhmPerKm[1]).toEqual([0.4, 1, 0.4])
    expect(code.bMicroSiemensPerKm?.[0]?.[0]).toBeCloseTo(2 * Math.PI * 60 * 8e-3, 6)
    const single = codeOf(
      `New LineCode.s nphases=1 r1=.3 x1=.6 r0=.9 x0=1.8 units=km\nNew Line.l sub.2 far.2 linecode=s units=km`,
      's',
    )
    expect(single).toMatchObject({ phases: ['b'], rOhmPerKm: [[0.3]], xOhmPerKm: [[0.6]] })
  })
})

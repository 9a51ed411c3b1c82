// What each kind of element becomes.

import { describe, expect, it } from 'vitest'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { importOpenDss } from '../../../topology/opendss/import-open-dss.ts'
import { memoryFiles } from './memory-files.ts'

function read(script: string): { readonly feeder: FeederFile; readonly notes: readonly string[] } {
  const text = `New Circuit.c bus1=sub basekv=12.47\nNew Line.l1 sub b r1=.1 x1=.2 r0=.3 x0=.4 length=1 units=km\n${script}`
  const { feeder, notes } = importOpenDss('/f/m.dss', { files: memoryFiles({ '/f/m.dss': text }) })
  return { feeder, notes: notes.map(note => note.text) }
}
const load = (properties: string) => read(`New Load.x bus1=b kv=12.47 ${properties}`).feeder.loads[0]

describe('an imported load', () => {
  it.each([
    ['kw=30 kvar=15', { a: 10, b: 10, c: 10 }, { a: 5, b: 5, c: 5 }],
    ['kw=30 kvar=15 conn=delta', { ab: 10, bc: 10, ca: 10 }, { ab: 5, bc: 5, ca: 5 }],
    ['bus1=b.2 phases=1 kw=30 pf=0.6', { b: 30 }, { b: 40 }],
    ['bus1=b.2 phases=1 kw=30 pf=-0.6', { b: 30 }, { b: -40 }],
    ['bus1=b.3.1 phases=1 conn=delta kw=30 kvar=3', { ca: 30 }, { ca: 3 }],
    ['bus1=b.1.2 phases=2 kw=30 kvar=6', { a: 15, b: 15 }, { a: 3, b: 3 }],
    ['kva=100 pf=0.6', { a: 20, b: 20, c: 20 }, { a: 80 / 3, b: 80 / 3, c: 80 / 3 }],
  ])('with %s stands between its phases', (properties, kw, kvar) => {
    const found = load(properties)
    expect(found?.kw).toEqual(kw)
    for (const [key, value] of Object.entries(kvar)) {
      expect(found?.kvar[key as keyof typeof kvar]).toBeCloseTo(value, 6)
    }
  })

  it('is rated line to neutral in wye, line to line in delta', () => {
    expect(load('kw=1')?.ratedKv).toBeCloseTo(12.47 / Math.sqrt(3), 6)
    expect(load('kw=1 conn=delta')?.ratedKv).toBe(12.47)
    expect(load('bus1=b.1 phases=1 kv=7.2')?.ratedKv).toBe(7.2)
  })

  it.each([
    [1, { power: 1, current: 0, impedance: 0 }],
    [2, { power: 0, current: 0, impedance: 1 }],
    [5, { power: 0, current: 1, impedance: 0 }],
    ['8 zipv=[.5 .3 .2 .5 .3 .2 .8]', { power: expect.closeTo(0.2, 9), current: 0.3, impedance: 0.5 }],
  ])('of model %s follows the voltage as it says', (model, shares) => {
    expect(load(`kw=1 model=${model}`)?.model).toEqual(shares)
  })

  it('of a model that is only nearly one of ours is noted', () => {
    expect(read('New Load.x bus1=b kv=12.47').notes).toEqual([
      'Load: one without NumCust counts as one customer, as in OpenDSS',
    ])
    expect(read('New Load.x bus1=b kv=12.47 numcust=8').feeder.loads[0]?.customers).toBe(8)
    expect(read('New Load.x bus1=b kv=12.47 model=4').notes).toContain(
      'Load: model 4 is taken as constant current: its kW would follow the voltage and its kvar the square of it',
    )
  })
})

describe('an imported transformer', () => {
  it('has both windings’ resistance, its connections and its tap', () => {
    const { feeder } = read(`New Transformer.t XHL=5 %LoadLoss=1.2 %NoLoadLoss=.3
~ wdg=1 bus=b conn=delta kv=12.47 kva=500 wdg=2 bus=d conn=wye kv=.48 tap=1.025`)
    expect(feeder.transformers).toEqual([
      expect.objectContaining({
        ...{
          name: 't',
          section: 't',
          kva: 500,
          primaryKv: 12.47,
          secondaryKv: 0.48,
          primary: 'delta',
          secondary: 'wye',
        },
        ...{ resistancePercent: 1.2, reactancePercent: 5, noLoadLossPercent: 0.3, tapPu: 1.025 },
      }),
    ])
  })

  it('has OpenDSS’s defaults where it says nothing', () => {
    const { feeder } = read('New Transformer.t buses=[b d]')
    expect(feeder.transformers[0]).toMatchObject({ kva: 1000, resistancePercent: 0.4, reactancePercent: 7, tapPu: 1 })
  })

  it('takes the rest from its code', () => {
    const { feeder } = read(`New XfmrCode.t kvs=[12.47 .48] kvas=[75 75] xhl=3 %rs=[.5 .6]
New Transformer.t xfmrcode=T buses=[b d] xhl=4`)
    expect(feeder.transformers[0]).toMatchObject({
      kva: 75,
      resistancePercent: 1.1,
      reactancePercent: 4,
      secondaryKv: 0.48,
    })
  })

  it('with a tapped secondary brings its two legs', () => {
    const { feeder } = read(`New Transformer.t phases=1 windings=3 buses=[b.3.0 h.1.0 h.0.2] kvs=[7.2 .12 .12]
~ kvas=[25 25 25] xhl=2.04 xht=2.04 xlt=1.36 %rs=[.6 1.2 1.2]
New Load.h bus1=h.1.2 phases=1 kv=.24 kw=5`)
    expect(feeder.sections[1]).toMatchObject({ from: 'b', to: 'h', phases: ['c'] })
    expect(feeder.nodes.find(({ name }) => name === 'h')?.phases).toEqual(['a', 'b'])
    expect(feeder.transformers[0]).toMatchObject({ secondary: 'center-tapped', secondaryKv: 0.12, kva: 25 })
    expect(feeder.transformers[0]?.resistancePercent).toBeCloseTo(1.2, 9)
    expect(feeder.transformers[0]?.reactancePercent).toBeCloseTo(1.7, 9)
  })

  it('of a bank stands with the others on one section', () => {
    const unit = (n: number) =>
      `New Transformer.t${n} phases=1 bank=t buses=[b.${n} d.${n}] kvs=[7.2 .277] kvas=[25 25]`
    const { feeder } = read([1, 2, 3].map(unit).join('\n'))
    expect(feeder.sections[1]).toMatchObject({ name: 't', phases: ['a', 'b', 'c'] })
    expect(feeder.transformers.map(({ phases, section }) => [phases, section])).toEqual([
      [['a'], 't'],
      [['b'], 't'],
      [['c'], 't'],
    ])
  })

  it('that moves is a regulator with its tap and its settings', () => {
    const { feeder } =
      read(`New Transformer.r phases=1 buses=[b.2 d.2] kvs=[7.2 7.2] kvas=[500 500] xhl=.01 taps=[1 1.0375]
New RegControl.r transformer=r winding=2 vreg=122 band=2 ptratio=60 ctprim=300 R=3 X=9`)
    expect(feeder.transformers).toEqual([])
    expect(feeder.regulators[0]).toMatchObject({
      ...{ taps: { b: 6 }, kva: 500, resistancePercent: 0.4, reactancePercent: 0.01 },
      control: { setVolts: 122, bandwidthVolts: 2, ptRatio: 60, ctAmps: 300, rVolts: 3, xVolts: 9 },
    })
  })

  it('of a kind that has no place here is noted and left out with what hangs on it', () => {
    const { feeder, notes } = read(`New Transformer.t phases=1 buses=[b.1 d.2] kvs=[7.2 .24]
New Load.x bus1=d.2 phases=1 kv=.24`)
    expect(feeder.nodes.map(({ name }) => name)).toEqual(['sub', 'b'])
    expect(notes).toContain('Transformer.t is connected in a way that a feeder file does not have, left out')
    expect(notes.join()).toContain('Load.x is left out: nothing that is here leads from a source to bus "d"')
  })
})

describe('imported protection', () => {
  it('makes a breaker of a switch with a relay', () => {
    const { feeder } = read(`New Line.s b d switch=y
New Relay.q MonitoredObj=Line.S PhaseTrip=600 GroundTrip=200 Delay=.25 RecloseIntervals=(0.5, 15) Reset=20`)
    expect(feeder.sections[1]).toMatchObject({ name: 's', lengthM: 0 })
    expect(feeder.devices).toEqual([
      expect.objectContaining({
        ...{ name: 's', kind: 'breaker', section: 's', normal: 'closed' },
        relay: { pickupAmps: 600, delayMs: 250, ground: { pickupAmps: 200, delayMs: 250 } },
        reclose: { deadTimesMs: [500, 15_000], resetMs: 20_000 },
      }),
    ])
  })

  it('reads a fuse’s curve in multiples of its rating', () => {
    const { feeder } = read('New Fuse.f Line.l1 RatedCurrent=65 FuseCurve=klink Delay=.01 MonitoredTerm=2')
    expect(feeder.devices[0]).toMatchObject({ name: 'f', kind: 'fuse', section: 'l1', at: 'to', ratedAmps: 65 })
    expect(feeder.devices[0]?.meltingCurve?.[0]).toEqual([130, 300.01])
    expect(feeder.devices[0]?.meltingCurve?.at(-1)).toEqual([1950, 0.03])
  })

  it('takes a curve as the time at ten times its setting, and says so', () => {
    const { feeder, notes } = read(`New Line.s b d switch=y
New Relay.q Line.s PhaseTrip=100 PhaseCurve=ext_inv TDPhase=2 Shots=1`)
    // IEEE extremely inverse, ten times: 28.2 / 99 + 0.1217 = 0.40655 s.
    expect(feeder.devices[0]).toMatchObject({ relay: { pickupAmps: 100, delayMs: 813 } })
    expect(feeder.devices[0]?.reclose).toBeUndefined()
    expect(notes.join()).toContain('curve "ext_inv" is taken as a definite time of 813 ms')
  })

  it.each([
    ['is disabled', 'New Line.s b d switch=y enabled=n'],
    ['is opened by a command', 'New Line.s b d switch=y\nOpen Line.s 1'],
    ['is held open by its control', 'New Line.s b d switch=y\nNew SwtControl.k Line.s 1 Normal=open'],
  ])('has a tie where a switch %s', (_, script) => {
    const { feeder } = read(`${script}\nNew Line.l2 sub d`)
    expect(feeder.devices).toEqual([expect.objectContaining({ name: 's', kind: 'tie', normal: 'open' })])
  })
})

describe('other imported elements', () => {
  it('are capacitors with the steps that are on', () => {
    const { feeder } = read('New Capacitor.k bus1=b kv=12.47 numsteps=3 kvar=[300 150 150] states=[1 0 1]')
    expect(feeder.capacitors[0]).toMatchObject({ node: 'b', kvar: { a: 150, b: 150, c: 150 } })
    expect(feeder.capacitors[0]?.ratedKv).toBeCloseTo(7.199558, 5)
  })

  it('are generators, inverters and storage that delivers', () => {
    const { feeder, notes } = read(`New Generator.g bus1=b kv=12.47 kw=500 kvar=100 kva=625 Xdpp=.15
New PVSystem.p bus1=b kv=12.47 kva=100 pmpp=120 irradiance=.9
New Storage.s bus1=b.1 phases=1 kwrated=50 state=discharging %discharge=40
New Storage.t bus1=b kwrated=50`)
    expect(feeder.generators).toEqual([
      expect.objectContaining({
        name: 'g',
        kind: 'synchronous',
        kw: 500,
        kvar: 100,
        kva: 625,
        subtransientPercent: 15,
      }),
      expect.objectContaining({ name: 'p', kind: 'inverter', kw: 100, kvar: 0, kva: 100 }),
      expect.objectContaining({ name: 's', kind: 'inverter', kw: 20, kva: 50, phases: ['a'] }),
    ])
    expect(notes).toContain('Storage.t delivers nothing now (0 kW), left out')
  })

  it('are sources with their impedance: of 2000 and 2100 MVA at 12.47 kV', () => {
    const { r1Ohm = 0, x1Ohm = 0, r0Ohm = 0, x0Ohm = 0 } = read('').feeder.sources[0]?.impedance ?? {}
    expect(Math.hypot(r1Ohm, x1Ohm)).toBeCloseTo(12.47 ** 2 / 2000, 9)
    expect(x1Ohm / r1Ohm).toBeCloseTo(4, 6)
    expect(Math.hypot(2 * r1Ohm + r0Ohm, 2 * x1Ohm + x0Ohm)).toBeCloseTo((3 * 12.47 ** 2) / 2100, 8)
    expect(x0Ohm / r0Ohm).toBeCloseTo(3, 6)
  })

  it('are reactors in series, as sections', () => {
    const { feeder } = read('New Reactor.r bus1=b bus2=d X=2 R=.1')
    expect(feeder.sections[1]?.impedance?.xOhm).toEqual([
      [2, 0, 0],
      [0, 2, 0],
      [0, 0, 2],
    ])
  })

  it('keep one name each, in letters that names may have', () => {
    const { feeder } = read(`New Load.x/1 bus1=b kv=12.47\nNew Generator.x/1 bus1=b kw=1\nNew Capacitor.x_1 bus1=b`)
    expect(feeder.loads.map(({ name }) => name)).toEqual(['x_1'])
    expect(feeder.capacitors.map(({ name }) => name)).toEqual(['capacitor-x_1'])
    expect(feeder.generators.map(({ name }) => name)).toEqual(['generator-x_1'])
  })
})

describe('an imported line', () => {
  it('reduces its neutral, as its code’s matrix with the earth at zero volts', () => {
    const { feeder, notes } =
      read(`New LineCode.n nphases=2 rmatrix=[1|.1 .5] xmatrix=[2|.3 .5] cmatrix=[0|0 0] units=km
New Line.l2 b.1.0 d.1.0 linecode=n length=1 units=km`)
    // z − m² / zn with z = 1 + j2, m = 0.1 + j0.3, zn = 0.5 + j0.5.
    expect(feeder.lineCodes[0]?.rOhmPerKm[0]?.[0]).toBeCloseTo(1 - (-0.08 * 0.5 + 0.06 * 0.5) / 0.5, 9)
    expect(feeder.lineCodes[0]?.xOhmPerKm[0]?.[0]).toBeCloseTo(2 - (0.06 * 0.5 + 0.08 * 0.5) / 0.5, 9)
    expect(notes).toContain('Line: neutral conductors are taken as grounded at both ends')
  })

  it('sorts its phases, and its code is one for each set of them', () => {
    const { feeder } = read(`New LineCode.n nphases=2 rmatrix=[1|.1 2] xmatrix=[3|.3 4] units=km
New Line.l2 b.3.1 d.3.1 linecode=n length=1 units=km
New Line.l3 b.1.2 e.1.2 linecode=n length=500 units=m`)
    expect(feeder.lineCodes.map(({ name, phases }) => [name, phases])).toEqual([
      ['n-ac', ['a', 'c']],
      ['n-ab', ['a', 'b']],
    ])
    expect(feeder.lineCodes[0]?.rOhmPerKm).toEqual([
      [2, 0.1],
      [0.1, 1],
    ])
    expect(feeder.sections[2]).toMatchObject({ lineCode: 'n-ab', lengthM: 500 })
  })

  it('has its own impedance for its own length, whatever the unit', () => {
    const { feeder } = read(
      'New Line.l2 b d length=3 units=ft rmatrix=[.2|0 .2|0 0 .2] xmatrix=[.4|0 .4|0 0 .4] cmatrix=[0|0 0|0 0 0]',
    )
    expect(feeder.sections[1]?.impedance?.rOhm[0]?.[0]).toBeCloseTo(0.6, 9)
    expect(feeder.sections[1]?.lengthM).toBeCloseTo(0.9144, 9)
  })

  it('takes reactances given at another frequency to that of the circuit', () => {
    const { feeder } = read(
      `New LineCode.n r1=1 x1=6 r0=1 x0=6 units=km basefreq=50\nNew Line.l2 b d linecode=n units=km`,
    )
    expect(feeder.lineCodes[0]?.xOhmPerKm[0]?.[0]).toBeCloseTo(7.2, 9)
  })
})

import { describe, expect, it } from 'vitest'
import { type Indication, suspicions } from '../../../src/aggregation/audit/indication.ts'
import {
  type AuditedMeter,
  indicationDefaults,
  meterIndications,
} from '../../../src/aggregation/audit/meter-indications.ts'
import type { MeterInterval } from '../../../src/aggregation/audit/meter-interval.ts'
import { utcMs } from '../../../topology/units.ts'

const HOUR = 3_600_000
const DAYS = 8

/** Eight days of hours, each as `of` makes it. */
const meter = (
  ied: string,
  of: (hour: number) => Partial<MeterInterval> = () => ({}),
  more: Partial<AuditedMeter> = {},
): AuditedMeter => ({
  ied,
  mayExport: false,
  isCustomer: true,
  nominalVolts: 230,
  intervals: Array.from({ length: DAYS * 24 }, (_, hour) => ({
    startUtcMs: utcMs(hour * HOUR),
    endUtcMs: utcMs((hour + 1) * HOUR),
    importWh: 1000n,
    exportWh: 0n,
    kw: { a: 0.4, b: 0.3, c: 0.3 },
    volts: { a: 230, b: 231, c: 229 },
    flags: [],
    ...of(hour),
  })),
  ...more,
})
const signs = (of: (hour: number) => Partial<MeterInterval>, more: Partial<AuditedMeter> = {}): string[] =>
  meterIndications(meter('M', of, more), [meter('N1'), meter('N2')], indicationDefaults).map(({ kind }) => kind)
const late = (hour: number): boolean => hour >= (DAYS - 3) * 24

const cases: {
  it: string
  of: (hour: number) => Partial<MeterInterval>
  more?: Partial<AuditedMeter>
  shows: string[]
}[] = [
  { it: 'nothing of a meter like its neighbours', of: () => ({}), shows: [] },
  {
    it: 'export where nothing generates',
    of: () => ({ importWh: 0n, exportWh: 1000n }),
    shows: ['reverse-energy'],
  },
  {
    it: 'nothing of export where a generator is registered',
    of: () => ({ importWh: 0n, exportWh: 1000n }),
    more: { mayExport: true },
    shows: [],
  },
  {
    it: 'one phase that runs backwards',
    of: () => ({ kw: { a: 0.4, b: -0.3, c: 0.3 } }),
    shows: ['reversed-phase'],
  },
  {
    it: 'nothing of a phase that hardly carries anything, in whichever direction',
    of: () => ({ kw: { a: 0.4, b: -0.019, c: 0.3 } }),
    shows: [],
  },
  {
    it: 'a phase without voltage that the neighbours have',
    of: hour => (late(hour) ? { volts: { a: 230, b: 3, c: 229 } } : {}),
    shows: ['missing-potential'],
  },
  {
    it: 'nothing of a meter without any voltage: that is an outage',
    of: () => ({ volts: { a: 0, b: 0, c: 0 } }),
    shows: [],
  },
  {
    it: 'no energy with voltage',
    of: hour => (late(hour) ? { importWh: 0n } : {}),
    shows: ['stopped'],
  },
  {
    it: 'nothing of no energy without voltage',
    of: hour => (late(hour) ? { importWh: 0n, volts: { a: 0, b: 0, c: 0 } } : {}),
    shows: [],
  },
  { it: 'a drop by 40 %', of: hour => (late(hour) ? { importWh: 599n } : {}), shows: ['consumption-break'] },
  { it: 'nothing of a drop by less', of: hour => (late(hour) ? { importWh: 602n } : {}), shows: [] },
  {
    it: 'nothing of a drop that has not lasted three periods',
    of: hour => (hour >= (DAYS - 2) * 24 ? { importWh: 100n } : {}),
    shows: [],
  },
  {
    it: 'a register that went back',
    of: hour => (hour === 9 ? { flags: ['registerReset'] } : {}),
    shows: ['register-reset'],
  },
  { it: 'a clock that jumped', of: hour => (hour === 9 ? { flags: ['clock'] } : {}), shows: ['clock-changed'] },
  {
    it: 'nothing of the level of what flows through a feeder device',
    of: hour => (late(hour) ? { importWh: 10n } : {}),
    more: { isCustomer: false },
    shows: [],
  },
]

describe('signs of single meters', () => {
  for (const each of cases) it(each.it, () => expect(signs(each.of, each.more)).toEqual(each.shows))
  it('say nothing of a drop that the neighbours made too', () => {
    const weather = (hour: number) => (late(hour) ? { importWh: 500n } : {})
    const found = meterIndications(
      meter('M', weather),
      [meter('N1', weather), meter('N2', weather)],
      indicationDefaults,
    )
    expect(found).toEqual([])
  })
})

describe('suspicions', () => {
  const sign = (ied: string, kind: Indication['kind']): Indication => ({
    ied,
    kind,
    fromUtcMs: utcMs(0),
    toUtcMs: utcMs(1),
    words: '',
  })
  it('are a lead with one sign, and with two that may have one cause', () => {
    expect(suspicions([sign('M', 'stopped'), sign('M', 'consumption-break')]).map(({ state }) => state)).toEqual([
      'lead',
    ])
  })
  it('are an alarm with two independent ones, and come first', () => {
    const found = suspicions([sign('A', 'stopped'), sign('M', 'energy-balance'), sign('M', 'stopped')])
    expect(found.map(({ ied, state }) => `${ied} ${state}`)).toEqual(['M alarm', 'A lead'])
  })
})

// Hourly readings of a whole feeder over some days, as its solved network gives them: each load with a daily course of its
// own and chance from hour to hour, each meter with a constant error within its class. Lines and transformers lose what
// they lose.

import { createPlant } from '../../../sim/plant/plant.ts'
import type { MeterInterval } from '../../../src/aggregation/audit/meter-interval.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { utcMs } from '../../../topology/units.ts'
import { random } from '../random.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export interface Theft {
  readonly meter: string
  readonly registersShare: number
  readonly fromHour: number
}

export interface WorldOptions {
  readonly seed: number
  readonly days: number
  /** Of every meter, percent. */
  readonly classPercent?: number
  readonly theft?: Theft
}

export function readingsOf(file: FeederFile, options: WorldOptions): Map<string, MeterInterval[]> {
  const { seed, days, classPercent = 0.5, theft } = options
  const chance = random(seed)
  const plant = createPlant(file)
  const courses = file.loads.map(({ name }) => ({
    name,
    base: 0.3 + 0.3 * chance(),
    peakHour: 24 * chance(),
    peak: 0.3 + 0.4 * chance(),
  }))
  const errors = new Map(file.ieds.map(({ name }) => [name, 1 + ((2 * chance() - 1) * classPercent) / 100]))
  const meters = new Map<string, MeterInterval[]>(file.ieds.map(({ name }) => [name, []]))
  const left = new Map<string, number>()
  for (let hour = 0; hour < days * 24; hour++) {
    for (const { name, base, peakHour, peak } of courses) {
      const away = Math.min(Math.abs((hour % 24) - peakHour), 24 - Math.abs((hour % 24) - peakHour))
      plant.setLoadShare(name, (base + peak * Math.exp(-((away / 3) ** 2))) * (0.85 + 0.3 * chance()))
    }
    for (const { name } of file.ieds) {
      const { kw, volts } = plant.shows(name)
      const share = theft?.meter === name && hour >= theft.fromHour ? theft.registersShare : 1
      const factor = share * (errors.get(name) ?? 1)
      const passed = ((kw.a ?? 0) + (kw.b ?? 0) + (kw.c ?? 0)) * 1000 * factor + (left.get(name) ?? 0)
      // What is less than a watt-hour waits in the register.
      const wh = Math.trunc(passed)
      left.set(name, passed - wh)
      meters.get(name)?.push({
        startUtcMs: utcMs(hour * HOUR),
        endUtcMs: utcMs((hour + 1) * HOUR),
        importWh: wh > 0 ? BigInt(wh) : 0n,
        exportWh: wh < 0 ? BigInt(-wh) : 0n,
        kw: Object.fromEntries(Object.entries(kw).map(([phase, value]) => [phase, (value ?? 0) * factor])),
        volts,
        flags: [],
      })
    }
  }
  return meters
}

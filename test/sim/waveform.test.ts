import { beforeEach, describe, expect, it } from 'vitest'
import { createPlant, type Plant } from '../../sim/plant/plant.ts'
import type { Waveform } from '../../src/hal/port.ts'
import { smallFeeder } from './small-feeder.ts'

const N = 64
let plant: Plant
beforeEach(() => {
  plant = createPlant(smallFeeder())
})

/** RMS of one cycle from a sample on. */
function rms(samples: readonly number[] | undefined, from: number): number {
  const cycle = samples?.slice(from, from + N) ?? []
  return Math.sqrt(cycle.reduce((sum, value) => sum + value * value, 0) / N)
}
const take = (ied: string, cycles = 16): Waveform => plant.waveform(ied, { cycles, samplesPerCycle: N })

describe('a waveform', () => {
  it('is steady when nothing has changed, with the RMS values that are shown', () => {
    const wave = take('meter', 4)
    const { volts, amps } = plant.shows('meter')
    expect(wave).toMatchObject({ samplesPerSecond: 50 * N, changeAt: 2 * N })
    for (const phase of ['a', 'b', 'c'] as const) {
      expect(wave.volts[phase]).toHaveLength(4 * N)
      for (const from of [0, N, 3 * N]) {
        expect(rms(wave.volts[phase], from)).toBeCloseTo(volts[phase] ?? 0, 6)
        expect(rms(wave.amps[phase], from)).toBeCloseTo(amps[phase] ?? 0, 6)
      }
    }
  })

  it('has its phases a third of a cycle apart, a before b', () => {
    const { volts } = take('rtu', 2)
    const peak = (samples: readonly number[] = []): number => samples.indexOf(Math.max(...samples.slice(0, N)))
    expect((peak(volts.b) - peak(volts.a) + N) % N).toBeCloseTo(N / 3, -1)
    expect((peak(volts.c) - peak(volts.a) + N) % N).toBeCloseTo((2 * N) / 3, -1)
  })

  it('shows the steady state before a fault and the one with it', () => {
    const before = plant.shows('relay')
    plant.fault({ section: 's2' })
    const after = plant.shows('relay')
    const { volts, amps, changeAt } = take('relay')
    expect(rms(amps.a, 0)).toBeCloseTo(before.amps.a ?? 0, 6)
    expect(rms(volts.a, changeAt - N)).toBeCloseTo(before.volts.a ?? 0, 6)
    expect(rms(volts.a, changeAt)).toBeCloseTo(after.volts.a ?? 0, 6)
    expect(Math.abs(rms(amps.a, amps.a ? amps.a.length - N : 0) / (after.amps.a ?? 0) - 1)).toBeLessThan(0.01)
  })

  it('shows no current once contacts have opened, not even a direct one', () => {
    plant.fault({ section: 's2' })
    plant.solve()
    plant.setDevice('CB', 'open')
    const { amps, changeAt } = take('relay')
    expect(rms(amps.a, 0)).toBeGreaterThan(100)
    for (const samples of [amps.a, amps.b, amps.c]) {
      for (const value of samples?.slice(changeAt) ?? [1]) expect(value).toBeCloseTo(0, 6)
    }
  })

  it('lets no current jump, so that a direct one dies away', () => {
    plant.fault({ section: 's2' })
    const { amps, changeAt } = take('relay')
    const peak = Math.SQRT2 * (plant.shows('relay').amps.a ?? 0)
    for (const samples of [amps.a, amps.b, amps.c]) {
      const jump = Math.abs((samples?.[changeAt] ?? 0) - (samples?.[changeAt - 1] ?? 0))
      expect(jump).toBeLessThan(peak / 5) // 64 samples a cycle: a sinusoid moves a tenth of its peak at most
    }
    const mean = (samples: readonly number[] | undefined, from: number): number =>
      Math.abs((samples?.slice(from, from + N) ?? []).reduce((sum, value) => sum + value, 0) / N)
    const offsets = [amps.a, amps.b, amps.c].map(samples => mean(samples, changeAt))
    expect(Math.max(...offsets)).toBeGreaterThan(0.2 * peak)
    for (const samples of [amps.a, amps.b, amps.c]) expect(mean(samples, changeAt + 7 * N)).toBeLessThan(0.02 * peak)
  })

  it('stays at the fault while the hour and the level of load go on', () => {
    plant.shows('relay')
    plant.fault({ section: 's2' })
    plant.solve()
    plant.setTimeOfDay(18 * 3600 + 1)
    plant.solve()
    const { amps, changeAt } = take('relay')
    expect(rms(amps.a, 0)).toBeLessThan(100)
    expect(rms(amps.a, changeAt + N)).toBeGreaterThan(1000)
  })

  it('has the phases of its node, and bounds', () => {
    const nodes = smallFeeder().nodes.map(node => (node.name === 'N3' ? { ...node, phases: ['a'] } : node))
    const sections = smallFeeder()
      .sections.filter(({ name }) => name !== 's4')
      .map(section => (section.name === 's3' ? { ...section, phases: ['a'] } : section))
    const devices = smallFeeder().devices.filter(({ name }) => name !== 'T4')
    const ieds = smallFeeder().ieds.filter(({ name }) => name === 'motor')
    plant = createPlant(smallFeeder({ nodes, sections, devices, ieds, capacitors: [] }))
    expect(Object.keys(take('motor').volts)).toEqual(['a'])
    expect(() => take('motor', 0)).toThrow('cycles 0, want a whole number from 1 to 64')
    expect(() => plant.waveform('motor', { cycles: 2, samplesPerCycle: 2000 })).toThrow('samplesPerCycle 2000')
    expect(() => take('nobody')).toThrow('IED nobody')
  })
})

describe('phasors', () => {
  it('are balanced where the feeder is', () => {
    const { volts, sequence, residualAmps } = plant.phasors('meter')
    expect(volts.a?.magnitude).toBeCloseTo(plant.shows('meter').volts.a ?? 0, 9)
    expect((volts.a?.degrees ?? 0) - (volts.b?.degrees ?? 0)).toBeCloseTo(120, 0)
    expect(sequence.volts.positive.magnitude).toBeGreaterThan(2000)
    expect(sequence.volts.negative.magnitude).toBeLessThan(30)
    expect(residualAmps).toBeLessThan(1)
  })

  it('of a line-to-line fault have as much negative as positive sequence', () => {
    const bare = { loads: [], generators: [], capacitors: [], ieds: smallFeeder().ieds.slice(0, 2) }
    plant = createPlant(smallFeeder(bare))
    plant.fault({ section: 's2', kind: 'line-line', phases: ['b', 'c'] })
    const { amps } = plant.phasors('recloser').sequence
    expect(amps.negative.magnitude / amps.positive.magnitude).toBeCloseTo(1, 2)
    expect(amps.zero.magnitude).toBeLessThan(0.01 * amps.positive.magnitude)
  })
})

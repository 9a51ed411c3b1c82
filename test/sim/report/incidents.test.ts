import { describe, expect, it } from 'vitest'
import { incidentsOf } from '../../../sim/report/incidents.ts'
import type { PlayedStep } from '../../../sim/run/index.ts'

const step = (words: string, atMs: number, action: PlayedStep['action'] = 'fault') =>
  ({ name: words, words, atMs, action, endMs: undefined }) as unknown as PlayedStep

describe('incidentsOf', () => {
  it('reaches from a step to the last thing that followed it closely', () => {
    const [incident] = incidentsOf([step('fault', 10_000)], [10_000, 10_350, 12_350, 40_000], 60_000)
    expect(incident).toMatchObject({ words: 'fault', atMs: 10_000 })
    expect(incident?.fromMs).toBeCloseTo(10_000 - 141, 6)
    expect(incident?.toMs).toBeCloseTo(12_350 + 141, 6)
  })

  it('takes a step within an incident as part of it, and a later one as the next', () => {
    const steps = [step('sag', 5000), step('fault', 6000), step('crash', 30_000, 'crash')]
    expect(incidentsOf(steps, [5000, 6500, 7000], 60_000).map(({ words }) => words)).toEqual(['sag; fault', 'crash'])
  })

  it('does not begin with the end of something, and stays within the run', () => {
    expect(incidentsOf([step('fault ends', 9000, 'end')], [], 10_000)).toEqual([])
    const [last] = incidentsOf([step('fault', 9900)], [9900], 10_000)
    expect(last?.toMs).toBe(10_000)
  })
})

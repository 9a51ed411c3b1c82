import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readScenario, shippedDir } from '../../../sim/run/read-scenario.ts'
import { runScenario } from '../../../sim/run/run-scenario.ts'

const folder = join(shippedDir(), 'sim/scenarios/sim')
const all = readdirSync(folder).filter(name => name.endsWith('.yaml'))
/** `SCENARIOS=one,other` plays these alone, as CI does. */
const wanted = process.env.SCENARIOS?.split(',').map(name => `${name}.yaml`)
const names = wanted ?? all

it('has the scenarios that are wanted', () => {
  expect(all.length).toBeGreaterThan(10)
  expect(all).toEqual(expect.arrayContaining(names))
})

describe('the shipped scenarios', () => {
  it.each(names)('%s: all that it expects happens', { timeout: 900_000 }, async name => {
    const { scenario, feeder } = readScenario(join(folder, name))
    expect(scenario.expect.length).toBeGreaterThan(4)
    const { expectations } = await runScenario(scenario, feeder, { voltages: false })
    expect(expectations.filter(({ ok }) => !ok)).toEqual([])
  })
})

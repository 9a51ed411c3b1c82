// Which devices open so that a section is dead, on feeders small enough to see it by eye, and on all shipped ones by the
// live feeder's own word.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type DeEnergisePlan, planDeEnergise } from '../../src/protection/de-energise.ts'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

/** `ied:device` in the order of the plan, `!generator` for what nobody operates. */
const words = (plan: DeEnergisePlan | string): string =>
  typeof plan === 'string'
    ? plan
    : [...plan.openings.map(({ ied, device }) => `${ied}:${device}`), ...plan.ungoverned.map(name => `!${name}`)].join(
        ' ',
      )

const small = (
  changes: Record<string, unknown> = {},
  positions: Record<string, 'open' | 'closed' | 'unknown'> = {},
) => {
  const feeder = createFeeder(smallFeeder(changes))
  for (const [device, position] of Object.entries(positions)) feeder.setPosition(device, position)
  return feeder
}
const { ieds, generators } = smallFeeder()
const without = (...names: string[]) => ({ ieds: ieds.filter(({ name }) => !names.includes(name)) })

describe('de-energising a section', () => {
  it('opens the recloser above it, after the generator beyond has left', () => {
    expect(words(planDeEnergise(small(), 's2'))).toBe('generator:G2 recloser:R2')
  })
  it('opens what feeds it from above and what could from below', () => {
    expect(words(planDeEnergise(small(), 's1'))).toBe('relay:CB recloser:R2')
  })
  it('opens the tie when the tie is what feeds it', () => {
    expect(words(planDeEnergise(small({}, { R2: 'open', T4: 'closed' }), 's2'))).toBe('generator:G2 tie:T4')
  })
  it('takes an unknown position for closed', () => {
    expect(words(planDeEnergise(small({}, { T4: 'unknown' }), 's2'))).toBe('generator:G2 recloser:R2 tie:T4')
  })
  it('opens nothing on a section that is dead already', () => {
    expect(words(planDeEnergise(small({ generators: [], ...without('generator') }, { R2: 'open' }), 's2'))).toBe('')
  })
  it('goes up past a device that nobody can open from afar', () => {
    const feeder = small({ generators: [], ...without('generator', 'recloser') })
    expect(words(planDeEnergise(feeder, 's2'))).toBe('relay:CB')
  })
  it('goes up past a sectionalizer, which must not interrupt load', () => {
    const devices = smallFeeder().devices.map(device =>
      device.name === 'R2' ? { name: 'R2', kind: 'sectionalizer', section: 's2' } : device,
    )
    expect(words(planDeEnergise(small({ devices, generators: [], ...without('generator') }), 's2'))).toBe('relay:CB')
  })
  it('has no plan where nothing stands before the source', () => {
    const feeder = small({ ...without('relay', 'recloser', 'generator') })
    expect(words(planDeEnergise(feeder, 's2'))).toBe(
      'nothing that can be opened from afar stands between s2 and its source',
    )
  })
  it('names the generators that nobody operates', () => {
    expect(words(planDeEnergise(small(without('generator')), 's2'))).toBe('recloser:R2 !G2')
  })
  it('opens toward a generator on another branch as toward a source', () => {
    const moved = generators.map(generator => ({ ...generator, node: 'N2' }))
    // s3 hangs on N1: G2 beyond R2 could keep it alive once CB is open.
    expect(words(planDeEnergise(small({ generators: moved }), 's3'))).toBe('relay:CB recloser:R2')
  })
  it('does not know a section of another feeder', () => {
    expect(() => planDeEnergise(small(), 's9')).toThrow(/s9/)
  })
})

const SHIPPED = ['ieee13', 'ieee34', 'ieee37', 'customer-site', 'loop-pair']
describe.each(SHIPPED)('on the shipped feeder %s', name => {
  const path = `topology/feeders/${name}.yaml`
  const file = parseFeeder(readFileSync(path, 'utf8'), path)
  it('leaves each section without a source, and without a plan only where nothing can be opened', () => {
    let planned = 0
    for (const section of file.sections) {
      const feeder: Feeder = createFeeder(file)
      const plan = planDeEnergise(feeder, section.name)
      if (typeof plan === 'string') continue
      planned++
      for (const { device, verb } of plan.openings) if (verb === 'open') feeder.setPosition(device, 'open')
      expect(`${section.name}: ${feeder.sectionEnergised(section.name)}`).toBe(`${section.name}: no`)
      // What still generates on its island is told to leave, or is named.
      const island = feeder.islands().find(({ sections }) => sections.includes(section.name))
      const told = new Set([...plan.openings.map(({ device }) => device), ...plan.ungoverned])
      expect((island?.generators ?? []).filter(generator => !told.has(generator))).toEqual([])
    }
    expect(planned).toBeGreaterThan(0)
  })
})

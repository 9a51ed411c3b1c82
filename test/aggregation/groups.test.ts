import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { agentsFeeder } from '../../bench/agents-feeder.ts'
import { chanceFrom } from '../../bench/chance.ts'
import { groupsOf, SMALL_FEEDER } from '../../src/aggregation/groups.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'

const path = 'topology/feeders/ieee13.yaml'
const ieee13 = createFeeder(parseFeeder(readFileSync(path, 'utf8'), path))
const generated = (ieds: number) => createFeeder(agentsFeeder(ieds, chanceFrom(1)))

describe('groups', () => {
  it('of a small feeder without sites: one, and nobody above', () => {
    const groups = groupsOf(ieee13)
    expect(groups.isHierarchy).toBe(false)
    expect(groups.members(ieee13.file.name).size).toBe(ieee13.file.ieds.length)
  })
  it('are its zones where a hierarchy is wanted, and each IED is of one', () => {
    const groups = groupsOf(ieee13, 'on')
    expect(groups.isHierarchy).toBe(true)
    const all = new Set(ieee13.file.ieds.map(({ name }) => groups.of(name)))
    expect(all.size).toBeGreaterThan(1)
    expect([...all].reduce((sum, each) => sum + groups.members(each).size, 0)).toBe(ieee13.file.ieds.length)
    for (const { name } of ieee13.file.ieds) expect(groups.members(groups.of(name)).has(name)).toBe(true)
  })
  it('get an aggregator above them with more IEDs than a small feeder has, and not where that is off', () => {
    expect(groupsOf(generated(SMALL_FEEDER)).isHierarchy).toBe(false)
    expect(groupsOf(generated(SMALL_FEEDER + 1)).isHierarchy).toBe(true)
    expect(groupsOf(generated(SMALL_FEEDER + 1), 'off').isHierarchy).toBe(false)
    expect(groupsOf(generated(40)).of('meter-25')).toBe('g1')
  })
  it('have nobody above them where there is one alone', () => {
    expect(groupsOf(generated(10), 'on').isHierarchy).toBe(false)
  })
})

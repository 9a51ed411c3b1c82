import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { protectionFor } from '../../sim/agent-settings.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'

const path = 'topology/feeders/customer-site.yaml'
const feeder = createFeeder(parseFeeder(readFileSync(path, 'utf8'), path))
const obeyed = (ied: string): string[] => [...protectionFor(feeder, feeder.ied(ied))].sort()

describe('whose protection messages an IED obeys', () => {
  it('is its own organisation, and who owns what feeds it', () => {
    expect(obeyed('gen-chp')).toEqual(['heat-and-power', 'utility', 'works'])
    expect(obeyed('gen-solar')).toEqual(['utility', 'works'])
  })

  it('is not the customer at the utility', () => {
    for (const ied of ['relay-u0', 'recloser-u1', 'switch-u2', 'meter-village'])
      expect(obeyed(ied)).toEqual(['utility'])
  })
})

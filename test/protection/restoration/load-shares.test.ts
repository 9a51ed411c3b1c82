// On the loop scheme, with what its file says lies below SW-N, RC-N and RC-S, and the solar park of 600 kW there.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadSharesOf } from '../../../src/protection/restoration/load-shares.ts'
import type { TeamFacts } from '../../../src/protection/restoration/sequence-types.ts'
import { createFeeder, parseFeeder } from '../../../topology/index.ts'
import { totalOf } from '../../../topology/load-power.ts'

const PATH = 'topology/feeders/loop-pair.yaml'
const file = parseFeeder(readFileSync(PATH, 'utf8'), PATH)
const feeder = createFeeder(file)

const filed = (...nodes: string[]): number =>
  file.loads
    .filter(({ node }) => node !== undefined && nodes.includes(node))
    .reduce((sum, { kw, kvar }) => sum + Math.sqrt(totalOf(kw) ** 2 + totalOf(kvar) ** 2), 0)
const BELOW_RC_N = filed('n4', 'n4a', 'n5')
const BELOW_SW_N = BELOW_RC_N + filed('n3', 'n3a')

const shares = (measured: Readonly<Record<string, number>>) =>
  loadSharesOf(
    feeder,
    new Map(Object.entries(measured).map(([of, loadKva]) => [of, { loadKva } as unknown as TeamFacts])),
  )

describe('what the zones drew before the fault', () => {
  it('is what the nearest device above has measured, over the file', () => {
    const told = shares({ 'SW-N': BELOW_SW_N * 0.5, 'RC-N': BELOW_RC_N * 0.8 })
    expect(told.get('n3')).toBeCloseTo(0.5)
    expect(told.get('n4')).toBeCloseTo(0.8)
    // A fuse measures nothing: the device above it does.
    expect(told.get('n3a')).toBeCloseTo(0.5)
  })
  it('is not known where nobody above has measured', () => {
    expect(shares({ 'RC-N': 1 }).has('n3')).toBe(false)
    expect(shares({}).size).toBe(0)
  })
  it('counts what the generators below may have fed', () => {
    const below = filed('s4', 's4a', 's5')
    expect(shares({ 'RC-S': below - 600 }).get('s4')).toBeCloseTo(1)
  })
  it('is the file’s where the meter shows what cannot be', () => {
    expect(shares({ 'RC-N': BELOW_RC_N * 4.9 }).get('n4')).toBeCloseTo(4.9)
    expect(shares({ 'RC-N': BELOW_RC_N * 5.1 }).has('n4')).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { customersOut, interruptionsOf } from '../../../sim/report/interruptions.ts'
import { runIndices } from '../../../sim/report/run-indices.ts'
import type { SupplyChange } from '../../../sim/run/index.ts'
import { smallFeeder } from '../small-feeder.ts'

const change = (atSeconds: number, load: string, supplied: boolean, customers = 10): SupplyChange => ({
  atMs: atSeconds * 1000,
  load,
  customers,
  supplied,
})
const SUPPLY = [change(10, 'L2', false), change(10, 'L3', false, 5), change(12, 'L2', true), change(50, 'L2', false)]
const FEEDER = smallFeeder({
  loads: [
    { name: 'L2', node: 'N2', kw: { a: 1 }, kvar: {}, customers: 10 },
    { name: 'L3', node: 'N3', kw: { a: 1 }, kvar: {}, customers: 5 },
  ],
})

describe('interruptionsOf', () => {
  it('pairs the loss of supply with its return, and leaves open what does not return', () => {
    expect(interruptionsOf(SUPPLY)).toEqual([
      { load: 'L2', customers: 10, fromMs: 10_000, toMs: 12_000 },
      { load: 'L3', customers: 5, fromMs: 10_000 },
      { load: 'L2', customers: 10, fromMs: 50_000 },
    ])
  })
})

describe('customersOut', () => {
  it('adds up who is without supply, one step for each moment', () => {
    expect(customersOut(SUPPLY)).toEqual([
      { atMs: 0, customers: 0 },
      { atMs: 10_000, customers: 15 },
      { atMs: 12_000, customers: 5 },
      { atMs: 50_000, customers: 15 },
    ])
  })
})

describe('runIndices', () => {
  it('leaves open what a short run cannot know, and says what it becomes if it lasts', () => {
    const indices = runIndices(FEEDER, interruptionsOf(SUPPLY), 60_000)
    expect(indices?.undecidedCustomers).toBe(15)
    expect(indices?.known).toMatchObject({ saifi: 0, saidi: 0, maifi: 10 / 15, maifiE: 10 / 15 })
    // L3 for 50 s and L2 for 10 s up to the end; L2's first opening then led to the sustained one.
    expect(indices?.ifTheyLast).toMatchObject({ saifi: 1, customersInterrupted: 15, maifiE: 0 })
    expect(indices?.ifTheyLast.customerMinutes).toBeCloseTo((5 * 50 + 10 * 10) / 60, 10)
  })

  it('counts as sustained what is out for more than five minutes when the run ends', () => {
    const indices = runIndices(FEEDER, interruptionsOf([change(0, 'L2', false)]), 301_000)
    expect(indices).toMatchObject({ undecidedCustomers: 0, known: { customersInterrupted: 10 } })
  })

  it('has nothing to say of a feeder without customers', () => {
    expect(runIndices(smallFeeder(), [], 1000)).toBeUndefined()
  })
})

// Vectors computed from the formulae of IEEE 1366-2012: 10,000 customers served.

import { describe, expect, it } from 'vitest'
import { indicesOf, type Outage } from '../../../sim/report/indices.ts'

let made = 0
const outage = (customers: number, minutes: number, fromMinutes = 0, group = `g${made++}`): Outage => ({
  group,
  customers,
  fromMinutes,
  minutes,
})
const YEAR = [outage(1200, 90), outage(500, 240), outage(2500, 30), outage(50, 600)]

describe('indicesOf', () => {
  it('gives the indices of sustained interruptions', () => {
    const { customersInterrupted, customerMinutes, saifi, saidi, caidi, maifi } = indicesOf(YEAR, 10_000)
    expect({ customersInterrupted, customerMinutes, maifi }).toEqual({
      customersInterrupted: 4250,
      customerMinutes: 333_000,
      maifi: 0,
    })
    expect(saifi).toBeCloseTo(0.425, 10)
    expect(saidi).toBeCloseTo(33.3, 10)
    expect(caidi).toBeCloseTo(78.3529, 4)
  })

  it('counts two openings within 40 s as two momentary interruptions and one momentary event', () => {
    const { maifi, maifiE, saifi } = indicesOf(
      [...YEAR, outage(3000, 0.1, 0, 'R'), outage(3000, 0.1, 0.6, 'R')],
      10_000,
    )
    expect({ maifi, maifiE }).toEqual({ maifi: 0.6, maifiE: 0.3 })
    expect(saifi).toBeCloseTo(0.425, 10)
  })

  it('counts no momentary event when it ended in a lockout, but a sustained interruption', () => {
    const openings = [outage(3000, 0.1, 0, 'R'), outage(3000, 90, 0.6, 'R')]
    const { maifiE, customersInterrupted, customerMinutes } = indicesOf([...YEAR, ...openings], 10_000)
    expect({ maifiE, customersInterrupted, customerMinutes }).toEqual({
      maifiE: 0,
      customersInterrupted: 7250,
      customerMinutes: 603_000,
    })
  })

  it.each([
    { minutes: 5, saifi: 0, maifi: 0.1 },
    { minutes: 5 + 1 / 60, saifi: 0.1, maifi: 0 },
  ])('takes $minutes minutes for what the standard does', ({ minutes, saifi, maifi }) => {
    expect(indicesOf([outage(10, minutes)], 100)).toMatchObject({ saifi, maifi })
  })

  it('begins a new event more than five minutes after the first of the last one', () => {
    const at = (fromMinutes: number): Outage => outage(10, 0.1, fromMinutes, 'R')
    expect(indicesOf([at(0), at(4), at(5), at(5.1), at(20)], 10).maifiE).toBe(3)
  })

  it('has no CAIDI when nobody was interrupted', () => {
    expect(indicesOf([], 100)).toMatchObject({ saifi: 0, saidi: 0 })
    expect(indicesOf([], 100)).not.toHaveProperty('caidi')
  })
})

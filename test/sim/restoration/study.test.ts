// The restoration study: what is counted of one fault, and one fault of the loop scheme played with and without.

import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { simRestoration } from '../../../sim/restoration/command.ts'
import type { Outcome } from '../../../sim/restoration/permanent-fault.ts'
import { rowOf } from '../../../sim/restoration/study.ts'
import { studyRows, summary, totalsOf } from '../../../sim/restoration/text.ts'
import { outputs } from '../../../src/node/cli/outputs.ts'

const lockedOut = { device: 'CB', atMs: 3000 }
const restored: Outcome = {
  lockedOut,
  closings: [
    { device: 'CB', feeds: ['n1'], afterMs: 100, noticingMs: 20, messagesMs: 30, travelMs: 50 },
    { device: 'TR', feeds: ['n3'], afterMs: 160, noticingMs: 25, messagesMs: 55, travelMs: 80 },
  ],
  lost: [
    { load: 'blinked', customers: 10, darkMs: 6000 },
    { load: 'over-the-tie', customers: 20, darkMs: 3000 },
    { load: 'faulted', customers: 30, darkMs: undefined },
  ],
  decidingMs: 2,
}
const left: Outcome = {
  lockedOut,
  closings: [],
  lost: [
    { load: 'blinked', customers: 10, darkMs: 6000 },
    { load: 'over-the-tie', customers: 20, darkMs: undefined },
    { load: 'faulted', customers: 30, darkMs: undefined },
  ],
  decidingMs: undefined,
}

describe('the restoration study', () => {
  it('counts customer-minutes against a crew that switches by hand, and against waiting for the repair', () => {
    const row = rowOf(restored, left, 60, 180)
    expect(row).toMatchObject({ lockedOut: 'CB', restoredMs: 160, noticingMs: 25, messagesMs: 55, travelMs: 80 })
    expect(row.customers).toEqual({ interrupted: 60, restored: 20, waiting: 30 })
    expect(row.customerMinutes.with).toBeCloseTo(10 * 0.1 + 20 * 0.05 + 30 * 180)
    expect(row.customerMinutes.byHand).toBeCloseTo(10 * 0.1 + 20 * 60 + 30 * 180)
    expect(row.customerMinutes.untilRepair).toBeCloseTo(10 * 0.1 + 20 * 180 + 30 * 180)
    expect(row.sustained).toEqual({ with: 30, without: 50 })
  })
  it('counts as lost to restoration what it leaves dark and the feeder alone would not', () => {
    const worse: Outcome = { ...restored, closings: [], lost: [{ load: 'blinked', customers: 10, darkMs: undefined }] }
    const row = rowOf(worse, { ...left, lost: [{ load: 'blinked', customers: 10, darkMs: 6000 }] }, 60, 180)
    expect(row.customerMinutes.with).toBeGreaterThan(row.customerMinutes.byHand)
    expect(row).not.toHaveProperty('restoredMs')
  })
  it('sums up over all faults, device travel taken off', () => {
    const row = { section: 's', kind: 'three-phase' as const, ...rowOf(restored, left, 60, 180) }
    const study = { feeder: 'f', seed: '1', byHandMinutes: 60, repairMinutes: 180, rows: [row, row] }
    expect(totalsOf(study)).toMatchObject({ faults: 2, restored: 2, slowestMs: 160, slowestWithoutTravelMs: 82 })
    expect(studyRows(study)[0]).toMatchObject({ 'fed again by': 'CB, TR', 'after ms': 160, travel: 80 })
    expect(summary(study)[0]).toContain('160 ms after the lockout (82 ms without device travel)')
  })
  it('plays a fault of the loop scheme: fed again from both sides, well within a second of the lockout', async () => {
    let said = ''
    const out = new Writable({
      write(chunk, _, done) {
        said += chunk
        done()
      },
    })
    const code = await simRestoration({
      feeder: 'loop-pair',
      sections: ['n2-n3'],
      kind: undefined,
      seed: '1',
      byHandMinutes: 60,
      repairMinutes: 180,
      withinMs: 1000,
      json: true,
      out,
      error: new Writable({ write: (_, __, done) => done() }),
      signal: new AbortController().signal,
    })
    // What is printed is what the schema says, and nothing beside.
    const printed = outputs['sim-restoration'].strict().parse(JSON.parse(said))
    expect([code, printed.ok, printed.totals.restored]).toEqual([0, true, 1])
    const [row] = printed.rows
    expect(row).toMatchObject({ section: 'n2-n3', kind: 'three-phase', lockedOut: 'CB-N' })
    expect(row?.closings.map(({ device }) => device).sort()).toEqual(['CB-N', 'TR'])
    expect((row?.noticingMs ?? 9999) + (row?.messagesMs ?? 9999)).toBeLessThan(1000)
    expect(row?.customerMinutes.with).toBeLessThan(row?.customerMinutes.byHand ?? 0)
  })
})

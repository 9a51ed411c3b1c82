import { describe, expect, it } from 'vitest'
import { isFault, parseAllowed } from '../../../sim/sweep/allowed.ts'
import { matrixPage } from '../../../sim/sweep/matrix-page.ts'
import { notSooner } from '../../../sim/sweep/not-sooner.ts'
import { progressLine } from '../../../sim/sweep/progress.ts'
import type { Sweep } from '../../../sim/sweep/sweep.ts'
import type { CaseResult } from '../../../sim/sweep/sweep-case.ts'
import { cellText, csvRows, findings, summary, tableRows } from '../../../sim/sweep/text.ts'
import { smallFeeder } from '../small-feeder.ts'

const RIGHT: CaseResult = {
  section: 's2',
  kind: 'three-phase',
  comms: 'up',
  faultAmps: 912.34,
  verdict: 'right',
  expected: 'R2',
  clearedBy: 'R2',
  clearedMs: 440,
  alsoTripped: [],
  infeedTripped: [],
  staysDead: true,
  generatorsLeft: [],
  seen: [{ device: 'R2', kind: 'recloser', amps: 912.34, pickupAmps: 200, sees: true }],
  agents: [],
}
const OTHERS: CaseResult = {
  ...RIGHT,
  section: 's3',
  verdict: 'others tripped',
  expected: 'CB',
  clearedBy: 'CB',
  clearedMs: 850,
  alsoTripped: ['R2'],
  why: 'R2 tripped too',
}
const NOT: CaseResult = {
  ...RIGHT,
  section: 's4',
  verdict: 'not cleared',
  why: 'below pickup: CB sees 300 A, picks up above 400 A',
}
const SWEEP: Sweep = {
  feeder: 'small',
  kinds: ['line-line', 'three-phase'],
  comms: ['up'],
  resistanceOhm: 0,
  seed: '1',
  limitMs: 60_000,
  cases: [RIGHT, OTHERS, NOT],
}
const FILE = smallFeeder()

describe('text of a sweep', () => {
  it('says in a cell who and when, with a mark where somebody should look', () => {
    expect([RIGHT, OTHERS, NOT, undefined].map(cellText)).toEqual([
      'R2 440 ms',
      '! CB 850 ms +R2',
      '✗ not cleared',
      '·',
    ])
  })

  it('has time grading alone beside it, and its device where that is another one', () => {
    const alone = { verdict: 'right', clearedBy: 'R2', clearedMs: 440 } as const
    expect(cellText({ ...RIGHT, clearedMs: 88, alone })).toBe('R2 88 ms (alone 440)')
    expect(cellText({ ...RIGHT, clearedMs: 88, alone: { ...alone, clearedBy: 'CB' } })).toBe('R2 88 ms (alone CB 440)')
    expect(cellText({ ...RIGHT, clearedMs: 88, alone: { verdict: 'not cleared' } })).toBe('R2 88 ms (alone not)')
    const worse: CaseResult = { ...RIGHT, verdict: 'worse than alone', clearedMs: 500, alone }
    expect(cellText(worse)).toBe('✗✗ R2 500 ms (alone 440)')
    expect(cellText({ ...NOT, verdict: 'no backup' })).toBe('no backup')
    expect(summary({ ...SWEEP, cases: [{ ...RIGHT, clearedMs: 88, alone }, worse] }, [])).toBe(
      '2 cases: 1 cleared by the right device, 1 worse than alone; ' +
        '1 of 2 with agents sooner than by time grading (88 in place of 440 ms on average)',
    )
  })

  it('has a row for each fault where there are many states of communications', () => {
    const comms = ['up', 'agent-dead', 'device-stuck'] as const
    expect(tableRows({ ...SWEEP, comms, cases: [RIGHT, { ...RIGHT, comms: 'agent-dead' }] })).toEqual([
      { section: 's2', fault: 'three-phase', 'comms up': 'R2 440 ms', 'agent dead': 'R2 440 ms', 'device stuck': '·' },
    ])
  })

  it('has a row for each section and a column for each kind', () => {
    expect(tableRows(SWEEP)[0]).toEqual({ section: 's2', 'line-line': '·', 'three-phase': 'R2 440 ms' })
  })

  it('lists what to look at, and counts', () => {
    expect(findings(SWEEP, [])).toEqual([
      's3, three-phase: others tripped: R2 tripped too',
      's4, three-phase: not cleared: below pickup: CB sees 300 A, picks up above 400 A',
    ])
    expect(summary(SWEEP, [])).toBe('3 cases: 1 cleared by the right device, 1 others tripped, 1 not cleared')
    expect(csvRows(SWEEP, []).map(({ ok }) => ok)).toEqual([true, false, false])
  })

  it('names where the mesh was no sooner than by time grading, and what the device saw', () => {
    const alone = { verdict: 'right', clearedBy: 'R2', clearedMs: 440 } as const
    const slow: CaseResult = { ...RIGHT, alone }
    const of = (cases: CaseResult[], relay = {}) =>
      notSooner(
        { ...SWEEP, cases },
        {
          ...FILE,
          devices: FILE.devices.map(each =>
            each.name === 'R2' && each.relay !== undefined ? { ...each, relay: { ...each.relay, ...relay } } : each,
          ),
        },
      )
    const highSet = { pickupAmps: 1000 }
    const line = 's2, three-phase: R2 no sooner than by time grading, 440 ms: '
    expect(of([slow], { highSet })).toEqual([`${line}it sees 912 A at the most, its high set 1000 A`])
    expect(of([slow])).toEqual([`${line}it has no high set`])
    // Sooner, without messages, or within the wait for an answer and the breaker's 40 ms.
    expect(of([{ ...slow, clearedMs: 439 }], { highSet })).toEqual([])
    expect(of([{ ...slow, comms: 'down' }], { highSet })).toEqual([])
    const at = (clearedMs: number): CaseResult => ({ ...slow, clearedMs, alone: { ...alone, clearedMs } })
    expect(of([at(240)], { highSet })).toEqual([])
    expect(of([at(241)], { highSet })).toHaveLength(1)
  })

  it('makes a page that escapes what it is given', () => {
    const why = '<script>alert(1)</script>'
    const page = matrixPage({ ...SWEEP, cases: [{ ...NOT, why }] }, FILE, { allowed: [], replay: why })
    expect(page).not.toContain('<script')
    expect(page).toContain('&lt;script&gt;alert(1)')
  })
})

describe('what is allowed', () => {
  const allow = (...texts: string[]) => texts.map(text => parseAllowed(text, FILE))

  it('accepts what it names, for one kind or all', () => {
    expect(isFault(OTHERS, allow('s3=R2'))).toBe(false)
    expect(isFault(OTHERS, allow('s3:three-phase=R2'))).toBe(false)
    expect(isFault(OTHERS, allow('s3:line-line=R2', 's2=R2', 's3=CB'))).toBe(true)
    expect(isFault(NOT, allow('s4=not-cleared'))).toBe(false)
    expect(isFault({ ...OTHERS, verdict: 'wrong device', alsoTripped: [] }, allow('s3=CB'))).toBe(false)
  })

  it.each([
    ['s3', /not understood, want SECTION/],
    ['s9=R2', /no section s9/],
    ['s3:arc=R2', /no kind arc, want line-ground/],
    ['s3=R9', /no device R9, want one of the feeder/],
  ])('refuses %s', (text, message) => {
    expect(() => parseAllowed(text, FILE)).toThrow(message)
  })
})

describe('progressLine', () => {
  it('says how far, how fast and how long still', () => {
    expect(progressLine(6, 24, 1000, 4000)).toBe('██████░░░░░░░░░░░░░░░░░░ 6/24  2.0/s  9 s left')
    expect(progressLine(0, 24, 1000, 1000)).toBe('░░░░░░░░░░░░░░░░░░░░░░░░ 0/24  0.0/s  working')
  })
})

// What goes to the ledger one by one, and what is counted.

import { describe, expect, it } from 'vitest'
import { type AuditEvent, type AuditState, auditBudget, auditStart, PER_MINUTE } from '../../src/node/audit-budget.ts'
import type { AuditKind } from '../../src/node/component.ts'
import { instant } from '../../topology/units.ts'

function log() {
  let state: AuditState = auditStart
  const lines: string[] = []
  const wakes: number[] = []
  function feed(event: AuditEvent, now: number): void {
    const next = auditBudget(state, event, instant(now))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'wake') wakes.push(action.at)
      else
        lines.push(
          `${action.record.subject}: ${action.record.words}${action.record.count === undefined ? '' : ` [${action.record.count}]`}`,
        )
    }
  }
  return {
    lines,
    wakes,
    feed,
    many(count: number, now: number, kind: AuditKind = 'admission', allowed = false) {
      for (let n = 0; n < count; n++) {
        feed({ kind: 'entry', entry: { kind, subject: `s${n}`, allowed, words: 'refused' } }, now)
      }
    },
  }
}

describe('the audit budget', () => {
  it('writes each entry while there are few', () => {
    const { lines, many } = log()
    many(PER_MINUTE, 0)
    expect(lines.length).toBe(PER_MINUTE)
    expect(lines[0]).toBe('s0: refused')
  })
  it('counts what is more in a minute, says so at once, and at its end how many', () => {
    const { lines, wakes, many, feed } = log()
    many(PER_MINUTE + 1000, 5)
    expect(lines.slice(PER_MINUTE)).toEqual([`: more than ${PER_MINUTE} in a minute: the rest of it is counted [0]`])
    expect(wakes).toEqual([60_005])
    feed({ kind: 'tick' }, 60_004)
    expect(lines.length).toBe(PER_MINUTE + 1)
    feed({ kind: 'tick' }, 60_005)
    expect(lines.at(-1)).toBe('s60, s61, s62, s63, s64, s65, s66, s67: 1000 more in that minute [1000]')
  })
  it('does not let a flood of one kind hide another', () => {
    const { lines, many } = log()
    many(5000, 0)
    many(1, 1, 'role-use', true)
    many(1, 1, 'admission', true)
    expect(lines.slice(-2)).toEqual(['s0: refused', 's0: refused'])
  })
  it('writes again in the next minute, though nobody ticked', () => {
    const { lines, many } = log()
    many(PER_MINUTE + 1, 0)
    many(1, 60_000)
    expect(lines.slice(-2)).toEqual(['s60: 1 more in that minute [1]', 's0: refused'])
  })
  it('says at its end what it has counted', () => {
    const { lines, many, feed } = log()
    many(PER_MINUTE + 3, 0)
    feed({ kind: 'stop' }, 10)
    expect(lines.at(-1)).toBe('s60, s61, s62: 3 more in that minute [3]')
  })
  it('says how many could not be written once it can again', () => {
    const { lines, feed } = log()
    feed({ kind: 'not-written', count: 1 }, 0)
    feed({ kind: 'not-written', count: 4 }, 1)
    expect(lines).toEqual([])
    feed({ kind: 'written' }, 2)
    feed({ kind: 'written' }, 3)
    expect(lines).toEqual([': 5 entries could not be written before this one [5]'])
  })
})

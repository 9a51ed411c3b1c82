// Entries of several IEDs on one axis of time, whatever their clocks say; and which entries belong to one event.

import { describe, expect, it } from 'vitest'
import { accountOf, type HeardEntry, type HeardFrom, recentOf } from '../../src/protection/account.ts'
import { idsOf, isEventId, linkedBy } from '../../src/protection/event-ids.ts'
import { toldOf } from '../../src/protection/event-words.ts'

const UTC = Date.UTC(2026, 5, 1)
const entry = (number: number, ageMs: number, changes: Partial<HeardEntry> = {}): HeardEntry => ({
  number,
  ageMs,
  sameEpoch: true,
  utcMs: UTC - ageMs,
  utcQuality: 'good',
  event: 'pickup',
  fields: {},
  linked: true,
  ...changes,
})
const from = (ied: string, askedMs: number, answeredMs: number, ...entries: HeardEntry[]): HeardFrom => ({
  ied,
  askedMs,
  answeredMs,
  utcMs: UTC,
  utcQuality: 'good',
  ownUtcMs: UTC + (answeredMs - askedMs) / 2,
  entries,
})

describe('the account of an event', () => {
  it('orders by measured ages, though a clock is an hour off', () => {
    const wrong = { ...from('R3', 1000, 1020, entry(1, 500)), utcMs: UTC + 3_600_000 }
    const { rows, clocks } = accountOf([wrong, from('R2', 1000, 1010, entry(1, 480))])
    expect(rows.map(({ ied, sinceStartMs }) => `${ied} ${sinceStartMs}`)).toEqual(['R3 0', 'R2 15'])
    expect(rows.map(({ plusMinusMs }) => plusMinusMs)).toEqual([10.1, 5.1])
    expect(clocks.find(({ ied }) => ied === 'R3')?.offsetMs).toBe(3_600_000)
  })
  it('says that the place of what is from before a restart is not known well', () => {
    const { rows } = accountOf([from('R2', 0, 10, entry(7, 900, { sameEpoch: false }), entry(8, 100))])
    expect(rows.map(({ plusMinusMs }) => plusMinusMs)).toEqual([null, 5])
  })
  it('counts from the first entry that is linked', () => {
    const { rows } = accountOf([from('R2', 0, 0, entry(1, 30, { linked: false }), entry(2, 10))])
    expect(rows.map(({ sinceStartMs }) => sinceStartMs)).toEqual([-20, 0])
  })
})

describe('ids of events', () => {
  it('are found in the fields that speak of them, and nowhere else', () => {
    expect(idsOf({ id: 'R2/7/1', cause: 'interlock R3/9/2', by: 'ada/1/1', command: 'R2/7/9', count: 3 })).toEqual([
      'R2/7/1',
      'R3/9/2',
    ])
    expect(['R2/7/1', 'R2/7/sag-3', 'R2/7', 'R2/x/1', ''].map(isEventId)).toEqual([true, true, false, false, false])
  })
  it('link what names them by way of others too', () => {
    const entries = [
      { fields: { id: 'R2/7/1' } },
      { fields: { incident: 'T/1/1', cause: 'R2/7/1' } },
      { fields: { incident: 'T/1/1' } },
      { fields: { id: 'R9/1/1' } },
    ]
    expect(linkedBy(entries, ['R2/7/1'])).toEqual({ ids: ['R2/7/1', 'T/1/1'], linked: [true, true, true, false] })
    expect(linkedBy(entries, ['T/1/1']).linked).toEqual([true, true, true, false])
  })
  it('name the latest events once each', () => {
    const list = [
      entry(1, 90, { fields: { id: 'R2/7/1' } }),
      entry(2, 80, { fields: { id: 'T/1/1', cause: 'R2/7/1' } }),
    ]
    expect(recentOf('R2', list, idsOf).map(({ id, entries }) => `${id} ${entries}`)).toEqual(['R2/7/1 2'])
  })
})

describe('an entry in words', () => {
  it.each([
    ['operated', { operation: 'open', cause: 'interlock' }, 'did: open (interlock), read back'],
    ['reaction-inhibited', { operation: 'shed' }, 'did not: shed: an inhibit stands'],
    ['alarm', { alarm: 'operation-failed', reason: 'no answer' }, 'did not: alarm: operation failed: no answer'],
    [
      'told',
      { origin: 'R3', device: 'R3', holds: true },
      'heard: R3: R3 has tripped; the own element is picked up: backs it up',
    ],
    ['restoration-refused', { incident: 'T/1/1', reason: 'silent' }, 'did not: restoration refused: reason silent'],
    ['grant-asked', { id: 'T/1/1', device: 'R2' }, 'said: grant asked: device R2'],
    ['plan', { words: 'close T4' }, 'decided: plan: close T4'],
    ['plan', { gainKw: 12.345678, at: 1234.5678, n: 3 }, 'decided: plan: gainKw 12.3, at 1234.6, n 3'],
    [
      'interlock-trip',
      { afterMs: 140.45514954421196 },
      'decided: the fault is in its own zone: fast trip after 140.5 ms',
    ],
    [
      'warning-sent',
      { severity: 'catastrophic', section: 's1', residualPu: 0.0000135 },
      'said: to those below: a catastrophic disturbance on s1, 0 pu left',
    ],
    ['warning-ended', {}, 'decided: the warning is over'],
    ['relay-state', { device: 'R1', state: 'picked-up' }, 'said: up and down: the relay of R1: picked up'],
    [
      'relay-heard',
      { device: 'R1', origin: 'ied-1', state: 'locked-out', place: 'below' },
      'heard: ied-1: the relay of R1, below: locked out',
    ],
    ['transfer-trip', { device: 'R1', stands: true }, 'said: to generators below: leave, R1 has tripped'],
    ['transfer-trip', { device: 'R1', stands: false }, 'said: to generators below: the trip of R1 is over'],
    ['restoration-waits', { why: 'R1 is silent' }, 'did not: go on with restoration: R1 is silent'],
    ['isolated', { devices: 'R1 R2', travelMs: 54 }, 'did: have R1 R2 opened and read back, in 54 ms'],
    [
      'restored',
      { device: 'T', feeds: 'n2 n3', ms: 89, travelMs: 58 },
      'did: feed n2 n3 by T in 89 ms, 58 ms of it travel',
    ],
  ])('%s %j', (event, fields, said) => {
    const { role, words } = toldOf(event, fields)
    expect(`${role}: ${words}`).toBe(said)
  })
})

import { describe, expect, it } from 'vitest'
import { hindrances, merged, type Situation } from '../../src/protection/readiness.ts'

const well: Situation = {
  hasDevice: true,
  answering: true,
  silentBecause: undefined,
  readOnly: false,
  inhibited: false,
  latched: [],
  status: { position: 'closed' },
  device: 'R2',
  unknownAround: [],
  away: [],
  linkless: [],
  otherFeeder: [],
  clockGood: true,
  settlesInMs: 0,
}
const cases: readonly (readonly [string, Partial<Situation>, readonly string[]])[] = [
  ['nothing stands in the way', {}, []],
  ['no device', { hasDevice: false }, ['all no device']],
  ['not read yet', { answering: undefined, status: {} }, ['all device']],
  ['silent', { answering: false, status: {} }, ['all device silent']],
  ['read-only', { readOnly: true }, ['all read-only']],
  ['position unknown', { status: { position: 'unknown' } }, ['some own position']],
  ['local', { status: { position: 'closed', local: true } }, ['all local control']],
  [
    'locked out and tagged',
    { status: { position: 'open', lockedOut: true, hotLineTag: true } },
    ['some locked out', 'some hot-line tag'],
  ],
  ['inhibited and latched', { inhibited: true, latched: ['oil'] }, ['some inhibited', 'some latched']],
  [
    'around',
    { unknownAround: ['R3'], away: ['r3'], linkless: ['r1'], otherFeeder: ['r1'] },
    ['some positions around', 'some neighbours', 'some links', 'some feeder file'],
  ],
  ['clock and start', { clockGood: false, settlesInMs: 1 }, ['some clock', 'some just started']],
]

describe('what keeps an IED from acting', () => {
  it.each(cases)('%s', (_, changes, found) => {
    expect(hindrances({ ...well, ...changes }).map(({ stops, what }) => `${stops} ${what}`)).toEqual(found)
  })
  it('is of a scheme what any of those who answer for it says', () => {
    expect(
      merged([
        { scheme: 'b', ready: true },
        { scheme: 'a', ready: true },
        { scheme: 'b', ready: false, why: 'off' },
      ]),
    ).toEqual([
      { scheme: 'a', ready: true },
      { scheme: 'b', ready: false, why: 'off' },
    ])
  })
})

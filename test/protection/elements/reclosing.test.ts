import { describe, expect, it } from 'vitest'
import {
  inSequence,
  type ReclosingEvent,
  type ReclosingSettings,
  type ReclosingState,
  reclosing,
  startedReclosing,
} from '../../../src/protection/elements/reclosing.ts'
import { duration, instant } from '../../../topology/units.ts'
import { play } from '../script.ts'

/** Two shots, after 500 ms and 2 s; reset after 10 s; 200 ms to open or close; 1 s for conditions. */
const SETTINGS: ReclosingSettings = {
  deadTimes: [duration(500), duration(2000)],
  resetTime: duration(10_000),
  fastShots: 1,
  sequenceCoordination: false,
  operatingTime: duration(200),
  conditionTime: duration(1000),
}
const READY: ReclosingState = { phase: 'closed', shots: 0, isPickedUp: false }

const EVENTS: Record<string, ReclosingEvent> = {
  pick: { kind: 'pickup', isPickedUp: true },
  drop: { kind: 'pickup', isPickedUp: false },
  trip: { kind: 'trip', mayReclose: true },
  final: { kind: 'trip', mayReclose: false },
  open: { kind: 'position', position: 'open' },
  closed: { kind: 'position', position: 'closed' },
  unknown: { kind: 'position', position: 'unknown' },
  tick: { kind: 'tick', mayClose: true },
  wait: { kind: 'tick', mayClose: false },
  tag: { kind: 'lock out', why: 'tagged' },
  failed: { kind: 'lock out', why: 'breaker failed' },
}
const run = (script: string, settings = SETTINGS, from: ReclosingState = READY): string =>
  play(
    reclosing(settings),
    from,
    script,
    ([word = '']) => EVENTS[word] as ReclosingEvent,
    (action, now) =>
      `${action.kind === 'close' ? `close ${action.shot}` : action.kind === 'lockout' ? action.why : action.kind}@${now}`,
  )

const cases = [
  {
    it: 'recloses after each dead time and locks out after its last shot',
    given:
      'pick@0 trip@100 open@150 tick@649 tick@650 closed@700 pick@700 trip@800 open@850 tick@2850 closed@2900 trip@3000 open@3050',
    gives: 'close 1@650 close 2@2850 last shot@3050',
  },
  {
    it: 'counts from the first shot again after the reset time',
    given: 'trip@0 open@50 tick@550 closed@600 tick@10599 tick@10600 trip@20000 open@20050 tick@20550',
    gives: 'close 1@550 reset@10600 close 1@20550',
  },
  {
    it: 'does not reset while it is picked up, and begins anew after that',
    given: 'trip@0 open@50 tick@550 closed@600 pick@10000 tick@10700 drop@10800 tick@20799 tick@20800',
    gives: 'close 1@550 reset@20800',
  },
  { it: 'locks out when somebody else opens it', given: 'open@100', gives: 'opened@100' },
  {
    it: 'locks out when it does not show that it has opened',
    given: 'trip@0 unknown@50 tick@199 tick@200',
    gives: 'did not open@200',
  },
  {
    it: 'locks out when it does not close',
    given: 'trip@0 open@50 tick@550 tick@749 tick@750',
    gives: 'close 1@550 did not close@750',
  },
  {
    it: 'does not reclose a trip that must not be',
    given: 'final@0 open@50 tick@99999',
    gives: 'not to be reclosed@50',
  },
  {
    it: 'locks out at a second trip that must not be reclosed, in the dead time too',
    given: 'trip@0 open@50 final@100 tick@550',
    gives: 'not to be reclosed@100',
  },
  {
    it: 'waits for its conditions, and closes once they are met',
    given: 'trip@0 open@50 wait@550 wait@1549 tick@1549',
    gives: 'close 1@1549',
  },
  {
    it: 'locks out when they are not met in time',
    given: 'trip@0 open@50 wait@550 wait@1550',
    gives: 'conditions not met@1550',
  },
  { it: 'stays open with a tag', given: 'trip@0 open@50 tag@60 tick@550', gives: 'tagged@60' },
  {
    it: 'stays open after a breaker failure',
    given: 'trip@0 failed@200 open@300 tick@900',
    gives: 'breaker failed@200',
  },
  {
    it: 'locks out at a trip soon after somebody closed it',
    given: 'open@0 closed@1000 trip@1100 open@1150 tick@99999',
    gives: 'opened@0 last shot@1150',
  },
  {
    it: 'has its shots back when it stayed closed after that',
    given: 'open@0 closed@1000 tick@11000 trip@12000 open@12050 tick@12550',
    gives: 'opened@0 reset@11000 close 1@12550',
  },
  {
    it: 'closes once, however often it is asked',
    given: 'trip@0 open@50 tick@550 tick@551 tick@560',
    gives: 'close 1@550',
  },
  {
    it: 'has no shots for who closes it in a dead time',
    given: 'trip@0 open@50 closed@200 trip@300 open@350',
    gives: 'last shot@350',
  },
]

describe('reclosing', () => {
  for (const each of cases) it(each.it, () => expect(run(each.given)).toBe(each.gives))

  it('locks out without shots at once', () => {
    expect(run('trip@0 open@50', { ...SETTINGS, deadTimes: [] })).toBe('last shot@50')
  })

  it('counts a pickup that goes away during its fast shots, where it coordinates, and only then', () => {
    const script = 'pick@0 drop@80 pick@600 trip@700 open@750 tick@1250 tick@2750'
    expect(run(script, { ...SETTINGS, sequenceCoordination: true })).toBe('close 2@2750')
    expect(run(script)).toBe('close 1@1250 did not close@2750')
  })

  it('is locked out after a restart in mid-sequence with the device open, or not showing', () => {
    const start = (position: 'open' | 'closed' | 'unknown', was: boolean) =>
      startedReclosing(SETTINGS, position, was, instant(0))
    expect(start('open', true)).toEqual({ phase: 'lockout', why: 'restarted' })
    expect(start('unknown', true)).toEqual({ phase: 'lockout', why: 'restarted' })
    expect(start('open', false)).toEqual({ phase: 'lockout', why: 'opened' })
    expect(run('tick@99999', SETTINGS, start('open', true))).toBe('')
    expect(run('trip@100 open@150', SETTINGS, start('closed', true))).toBe('last shot@150')
    expect(run('trip@100 open@150 tick@650', SETTINGS, start('closed', false))).toBe('close 1@650')
  })

  it('knows what a restart would leave unfinished', () => {
    expect(inSequence(READY)).toBe(false)
    expect(inSequence({ phase: 'dead time', shots: 1, closeAt: instant(5) })).toBe(true)
    expect(inSequence({ phase: 'lockout', why: 'opened' })).toBe(false)
  })
})

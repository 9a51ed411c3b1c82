import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  calm,
  type EarlyWarningAction,
  type EarlyWarningEvent,
  type EarlyWarningSettings,
  earlyWarning,
  type Reaction,
} from '../../src/protection/early-warning.ts'
import type { Severity, WarningKind } from '../../src/protection/messages.ts'
import type { WarningRule } from '../../src/protection/warning-policy.ts'
import { duration, instant } from '../../topology/units.ts'
import { play } from './script.ts'

// Sheds on catastrophic, records severe. A reaction ends 5000 ms after the last copy of its warning; an origin is ignored
// after 2 warnings that this IED never confirmed.
const settings: EarlyWarningSettings = {
  reactions: { severe: 'none', catastrophic: 'shed' },
  hold: duration(5000),
  unconfirmedLimit: 2,
}

// `warn:1` a catastrophic warning about event 1 from R1 when downstream, `warn:1:severe`, `warn:1:severe:R9`; `beside:1`
// when not downstream, `unsure:1` when it can't be decided; `clear:1`, `clear:1:R9` the all-clear; `sag`, `recovered` of
// this IED's own voltage. `warn:1:severe:R1:trip` of a kind; `announced:1` a trip above; `end-now`, `ignore:on` of a person.
function eventOf([word = '', id = '', a, b, c]: readonly string[]): EarlyWarningEvent {
  const warning = (downstream: 'yes' | 'no' | 'unknown'): EarlyWarningEvent => {
    return {
      kind: 'warning',
      event: id,
      origin: b ?? 'R1',
      section: 'S',
      severity: (a ?? 'catastrophic') as Severity,
      downstream,
      ...(c === undefined ? {} : { of: c as WarningKind }),
    }
  }
  switch (word) {
    case 'warn':
      return warning('yes')
    case 'beside':
      return warning('no')
    case 'unsure':
      return warning('unknown')
    case 'clear':
      return { kind: 'all-clear', event: id, origin: a ?? 'R1' }
    case 'sag':
      return { kind: 'own-sag', present: true }
    case 'recovered':
      return { kind: 'own-sag', present: false }
    case 'reset':
      return { kind: 'reset', origin: id }
    case 'tick':
      return { kind: 'tick' }
    case 'end-now':
      return { kind: 'end-now' }
    case 'ignore':
      return { kind: 'ignore', stands: id === 'on' }
    case 'announced':
      return { kind: 'announced', event: id, origin: 'R1', section: 'Q1' }
    default:
      throw new Error(`no such cue: ${word}`)
  }
}
const write = (action: EarlyWarningAction): string => {
  switch (action.kind) {
    case 'warned':
      return `warned:${action.event}:${action.reaction}`
    case 'operate':
      return action.operation
    case 'alarm':
      return `alarm:${action.alarm}:${action.origin}`
    case 'own-measurement':
      return `confirmed:${action.event}`
    case 'ended':
      return `ended:${action.event}:${action.by}`
    case 'wake':
      return `wake@${action.at}`
    case 'tell-hosts':
      return `hosts:${action.severity}:${action.arrivesInMs ?? 'now'}`
    case 'clear-hosts':
      return 'hosts-clear'
  }
}
const run = (script: string, reactions?: Readonly<Record<Severity, Reaction>>): string =>
  play(earlyWarning({ ...settings, ...(reactions ? { reactions } : {}) }), calm, script, eventOf, write)

const cases = [
  {
    it: 'sheds at once when it is downstream, and restores on the all-clear',
    given: 'warn:1@0 sag@10 clear:1@800',
    does: 'warned:1:shed shed wake@5000 confirmed:1 ended:1:all-clear restore',
  },
  { it: 'does nothing beside the disturbed section', given: 'beside:1@0 tick@5000', does: '' },
  {
    it: 'alarms once and does not act when it cannot tell whether it is downstream',
    given: 'unsure:1@0 unsure:1@1000',
    does: 'alarm:undecided:R1',
  },
  {
    it: 'acts on a repeat once it can tell',
    given: 'unsure:1@0 warn:1@1000',
    does: 'alarm:undecided:R1 warned:1:shed shed wake@6000',
  },
  {
    it: 'goes on reacting when it can no longer tell',
    given: 'warn:1@0 unsure:1@1000',
    does: 'warned:1:shed shed wake@5000 wake@6000',
  },
  {
    it: 'records a warning for which nothing is to be done',
    given: 'warn:1:severe@0 clear:1@10',
    does: 'warned:1:none wake@5000 ended:1:all-clear',
  },
  {
    it: 'acts once on copies by several ways; a later one lengthens the reaction',
    given: 'warn:1@0 warn:1@2 warn:1@1000',
    does: 'warned:1:shed shed wake@5000 wake@5002 wake@6000',
  },
  {
    it: 'does more when a warning grows worse',
    given: 'warn:1:severe@0 warn:1:catastrophic@20',
    does: 'warned:1:none wake@5000 shed wake@5020',
  },
  {
    it: 'does no less when a warning says it is milder',
    given: 'warn:1:catastrophic@0 warn:1:severe@20',
    does: 'warned:1:shed shed wake@5000 wake@5020',
  },
  {
    it: 'takes an all-clear from the warning’s origin alone',
    given: 'warn:1@0 clear:1:R9@10 clear:1@20',
    does: 'warned:1:shed shed wake@5000 ended:1:all-clear restore',
  },
  { it: 'knows no all-clear without a warning', given: 'clear:1@0', does: '' },
  {
    it: 'takes the same event of another origin for another event: nobody can use up the name of one',
    given: 'warn:1:severe:R9@0 clear:1:R9@10 warn:1@20',
    does: 'warned:1:none wake@5000 ended:1:all-clear warned:1:shed shed wake@5020',
  },
  {
    it: 'starts nothing on a late copy after the all-clear',
    given: 'warn:1@0 clear:1@10 warn:1@20',
    does: 'warned:1:shed shed wake@5000 ended:1:all-clear restore',
  },
  {
    it: 'is still shed just before the hold time',
    given: 'warn:1@0 sag@1 tick@4999',
    does: 'warned:1:shed shed wake@5000 confirmed:1',
  },
  {
    it: 'restores by itself at the hold time, with an alarm',
    given: 'warn:1@0 sag@1 tick@5000',
    does: 'warned:1:shed shed wake@5000 confirmed:1 ended:1:time-out alarm:ended-by-time-out:R1 restore',
  },
  {
    it: 'measures the hold time from the last copy; the tick of an earlier one does nothing',
    given: 'warn:1@0 warn:1@1000 sag@1001 tick@5000 tick@5999 tick@6000',
    does: 'warned:1:shed shed wake@5000 wake@6000 confirmed:1 ended:1:time-out alarm:ended-by-time-out:R1 restore',
  },
  {
    it: 'restores only when every event has ended',
    given: 'sag@0 warn:1@1 warn:2@2 clear:1@10 clear:2@20',
    does: 'warned:1:shed shed wake@5001 warned:2:shed wake@5002 ended:1:all-clear ended:2:all-clear restore',
  },
  {
    it: 'counts a sag that came before the warning as its confirmation',
    given: 'sag@0 warn:1@10 clear:1@20 warn:2@30 clear:2@40 warn:3@50',
    does: 'warned:1:shed shed wake@5010 ended:1:all-clear restore warned:2:shed shed wake@5030 ended:2:all-clear restore warned:3:shed shed wake@5050',
  },
  {
    it: 'ignores an origin at the unconfirmed limit, with an alarm for each later event',
    given: 'warn:1@0 clear:1@1 warn:2@2 clear:2@3 warn:3@4 warn:3@5 warn:4@6',
    does: 'warned:1:shed shed wake@5000 ended:1:all-clear restore warned:2:shed shed wake@5002 ended:2:all-clear alarm:origin-ignored:R1 restore alarm:origin-ignored:R1 alarm:origin-ignored:R1',
  },
  {
    it: 'ignores that origin alone',
    given: 'warn:1@0 clear:1@1 warn:2@2 clear:2@3 warn:3:catastrophic:R2@4',
    does: 'warned:1:shed shed wake@5000 ended:1:all-clear restore warned:2:shed shed wake@5002 ended:2:all-clear alarm:origin-ignored:R1 restore warned:3:shed shed wake@5004',
  },
  {
    it: 'hears it again once a person has reset it',
    given: 'warn:1@0 clear:1@1 warn:2@2 clear:2@3 reset:R1@4 warn:3@5',
    does: 'warned:1:shed shed wake@5000 ended:1:all-clear restore warned:2:shed shed wake@5002 ended:2:all-clear alarm:origin-ignored:R1 restore warned:3:shed shed wake@5005',
  },
  {
    it: 'forgets unconfirmed warnings after one that it confirms',
    given: 'warn:1@0 clear:1@1 warn:2@2 sag@3 clear:2@4 recovered@5 warn:3@6 clear:3@7',
    does: 'warned:1:shed shed wake@5000 ended:1:all-clear restore warned:2:shed shed wake@5002 confirmed:2 ended:2:all-clear restore warned:3:shed shed wake@5006 ended:3:all-clear restore',
  },
  {
    it: 'ends one that is repeated for ever 30 s after the own voltage has come back, however true it was once',
    given: `warn:1@0 sag@1000 ${[4, 8, 12, 16, 20, 24, 28, 32, 36].map(n => `warn:1@${n}000`).join(' ')} recovered@40000 ${[40, 44, 48, 52, 56, 60, 64, 68].map(n => `warn:1@${n}001`).join(' ')} tick@69999 tick@70000 warn:1@70001`,
    does: `warned:1:shed shed wake@5000 confirmed:1 ${[9, 13, 17, 21, 25, 29, 33, 37, 41].map(n => `wake@${n}000`).join(' ')} ${[45, 49, 53, 57, 61, 65, 69].map(n => `wake@${n}001`).join(' ')} wake@70000 ended:1:time-out alarm:ended-by-time-out:R1 restore`,
  },
  {
    it: 'confirms once while the sag lasts',
    given: 'warn:1@0 sag@1 sag@2 recovered@3 sag@4',
    does: 'warned:1:shed shed wake@5000 confirmed:1',
  },
  { it: 'only notes its own sag without a warning', given: 'sag@0 recovered@100 tick@200', does: '' },
]

describe('early warning', () => {
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))

  it('opens what it operates and leaves it open: its own controller decides when it comes back', () => {
    expect(run('warn:1@0 clear:1@10', { severe: 'none', catastrophic: 'open' })).toBe(
      'warned:1:open open wake@5000 ended:1:all-clear',
    )
  })

  it('goes from shed to open when it grows worse, and restores the load in the end', () => {
    expect(run('warn:1:severe@0 warn:1@20 clear:1@30', { severe: 'shed', catastrophic: 'open' })).toBe(
      'warned:1:shed shed wake@5000 open wake@5020 ended:1:all-clear restore',
    )
  })

  it('restores what the agent before this start shed, once nothing is running', () => {
    const left = { ...calm, shed: true }
    const restarted = (script: string): string => play(earlyWarning(settings), left, script, eventOf, write)
    expect(restarted('tick@5000 tick@6000')).toBe('restore')
    expect(restarted('warn:1:severe@10 tick@4000 clear:1@5000 tick@6000')).toBe(
      'warned:1:none wake@5010 ended:1:all-clear restore',
    )
    expect(restarted('warn:1@10 clear:1@20')).toBe('warned:1:shed shed wake@5010 ended:1:all-clear restore')
  })

  it('tells hosts at once, again when it grows catastrophic, and of the end', () => {
    const hosts = (script: string): string =>
      play(
        earlyWarning({ ...settings, reactions: { severe: 'none', catastrophic: 'none' }, hosts: true }),
        calm,
        script,
        eventOf,
        write,
      )
    expect(hosts('sag@0 warn:1:severe@0 warn:1:severe@10 warn:1@20 warn:1@30 warn:2@40 clear:1@50 clear:2@60')).toBe(
      'warned:1:hosts hosts:severe:now wake@5000 wake@5010 hosts:catastrophic:now wake@5020 wake@5030 warned:2:hosts wake@5040 ended:1:all-clear ended:2:all-clear hosts-clear',
    )
  })

  it('tells hosts of the time left as soon as a copy says it, and once', () => {
    const step = earlyWarning({ ...settings, reactions: { severe: 'none', catastrophic: 'none' }, hosts: true })
    const copy = (severity: Severity, arrivesInMs?: number): EarlyWarningEvent => ({
      kind: 'warning',
      event: '1',
      origin: 'R1',
      section: 'S',
      severity,
      downstream: 'yes',
      ...(arrivesInMs === undefined ? {} : { arrivesInMs }),
    })
    let state = calm
    const told = (event: EarlyWarningEvent, at: number): string[] => {
      const next = step(state, event, instant(at))
      state = next.state
      return next.actions.filter(({ kind }) => kind === 'tell-hosts').map(write)
    }
    expect(told(copy('catastrophic'), 0)).toEqual(['hosts:catastrophic:now'])
    expect(told(copy('catastrophic'), 10)).toEqual([])
    expect(told(copy('severe', 880), 20)).toEqual(['hosts:catastrophic:880'])
    expect(told(copy('catastrophic', 850), 50)).toEqual([])
    expect(told({ kind: 'all-clear', event: '1', origin: 'R1' }, 60)).toEqual([])
    expect(told(copy('catastrophic', 800), 70)).toEqual([])
  })

  describe('with times for going off and coming back', () => {
    const timed = (script: string, more: Partial<EarlyWarningSettings> = {}): string =>
      play(
        earlyWarning({ ...settings, unconfirmedLimit: 9, minOff: duration(2000), stagger: duration(300), ...more }),
        calm,
        script,
        eventOf,
        write,
      )
    const rows = [
      {
        it: 'stays off for the least time',
        given: 'warn:1@0 clear:1@100 tick@1999 tick@2000 tick@2001',
        does: 'warned:1:shed shed wake@5000 ended:1:all-clear wake@2000 restore',
      },
      {
        it: 'comes back in its turn after a longer warning',
        given: 'warn:1@0 clear:1@4000 tick@4299 tick@4300',
        does: 'warned:1:shed shed wake@5000 ended:1:all-clear wake@4300 restore',
      },
      {
        it: 'stays off when the next warning comes before it is back: it does not flap',
        given: 'warn:1@0 clear:1@100 warn:2@500 tick@2000 clear:2@3000 tick@3300',
        does: 'warned:1:shed shed wake@5000 ended:1:all-clear wake@2000 warned:2:shed wake@5500 ended:2:all-clear wake@3300 restore',
      },
      {
        it: 'comes back at once when a person ends the warnings',
        given: 'warn:1@0 end-now@100 warn:1@200 tick@2000',
        does: 'warned:1:shed shed wake@5000 ended:1:person restore',
      },
      {
        it: 'comes back at once when a person ends them while it waits for its turn',
        given: 'warn:1@0 clear:1@100 end-now@200 tick@2000',
        does: 'warned:1:shed shed wake@5000 ended:1:all-clear wake@2000 restore',
      },
      {
        it: 'only records while a person wants warnings ignored, and heeds the next one after that',
        given: 'warn:1@0 ignore:on@100 warn:2@200 clear:2@300 ignore:off@400 warn:3@500',
        does: 'warned:1:shed shed wake@5000 ended:1:person restore warned:2:ignored wake@5200 ended:2:all-clear warned:3:shed shed wake@5500',
      },
    ]
    for (const c of rows) it(c.it, () => expect(timed(c.given)).toBe(c.does))

    it('stays on for the least time before it is shed again, as long as the warning stands', () => {
      const minOn = { minOff: duration(0), stagger: duration(0), minOn: duration(3000) }
      expect(timed('warn:1@0 clear:1@100 warn:2@200 tick@3099 tick@3100', minOn)).toBe(
        'warned:1:shed shed wake@5000 ended:1:all-clear restore warned:2:shed wake@3100 wake@5200 shed',
      )
      expect(timed('warn:1@0 clear:1@100 warn:2@200 clear:2@300 tick@3100', minOn)).toBe(
        'warned:1:shed shed wake@5000 ended:1:all-clear restore warned:2:shed wake@3100 wake@5200 ended:2:all-clear',
      )
    })
  })

  describe('by rules', () => {
    const ruled = (script: string, ...rules: readonly WarningRule[]): string =>
      play(earlyWarning({ ...settings, rules }), calm, script, eventOf, write)
    it('transfers and starts, and gives both back', () => {
      expect(ruled('warn:1:severe@0 clear:1@10', { severity: 'severe', do: ['transfer', 'start'] })).toBe(
        'warned:1:transfer+start transfer start wake@5000 ended:1:all-clear transfer-back stop',
      )
    })
    it('rides through where a rule says so, whatever the plain reaction is', () => {
      expect(
        ruled('warn:1:catastrophic:R1:sag@0 warn:2:catastrophic:R1:trip@1', { kinds: ['sag'], do: ['none'] }),
      ).toBe('warned:1:none wake@5000 warned:2:shed shed wake@5001')
    })
    it('sheds more loads when it grows worse, and none back before the end', () => {
      const rules: WarningRule[] = [
        { kinds: ['trip'], do: ['shed'], upTo: 3 },
        { do: ['shed'], upTo: 7 },
      ]
      const writing = (action: EarlyWarningAction): string =>
        action.kind === 'operate' && action.operation === 'shed' ? `shed:${action.upTo}` : write(action)
      const script = 'warn:1:severe:R1:sag@0 warn:1:severe:R1:trip@20 warn:1:severe:R1:sag@40 clear:1@50'
      expect(play(earlyWarning({ ...settings, rules }), calm, script, eventOf, writing)).toBe(
        'warned:1:shed shed:7 wake@5000 shed:3 wake@5020 wake@5040 ended:1:all-clear restore',
      )
    })
    it('reacts to an announced trip only where a rule names it, and ends that by time without an alarm', () => {
      expect(ruled('announced:7@0 tick@5000', { do: ['shed'] })).toBe('')
      expect(ruled('announced:7@0 sag@10 tick@4999 tick@5000', { kinds: ['trip'], do: ['shed'] })).toBe(
        'warned:7:shed shed wake@5000 confirmed:7 ended:7:time-out restore',
      )
    })
  })

  const name = fc.constantFrom('1', '2', '3', '4')
  const origin = fc.constantFrom('R1', 'R2')
  const anyEvent: fc.Arbitrary<EarlyWarningEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('warning' as const),
      event: name,
      origin,
      section: fc.constantFrom('S', 'T'),
      severity: fc.constantFrom('severe' as const, 'catastrophic' as const),
      downstream: fc.constantFrom('yes' as const, 'no' as const, 'unknown' as const),
    }),
    fc.record({ kind: fc.constant('all-clear' as const), event: name, origin }),
    fc.record({ kind: fc.constant('own-sag' as const), present: fc.boolean() }),
    fc.constant({ kind: 'tick' as const }),
    fc.record({ kind: fc.constant('reset' as const), origin }),
  )
  const history = fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), anyEvent), { maxLength: 60 })
  const reaction = fc.constantFrom<Reaction>('shed', 'open', 'none')
  const reactions = fc.record({ severe: reaction, catastrophic: reaction })

  it('whatever happens, `shed` and `restore` take turns, and nothing stays shed after silence', () => {
    fc.assert(
      fc.property(history, reactions, (events, chosen) => {
        const step = earlyWarning({ ...settings, reactions: chosen })
        let state = calm
        let now = 0
        const done: string[] = []
        const feed = (event: EarlyWarningEvent): void => {
          const next = step(state, event, instant(now))
          state = next.state
          for (const action of next.actions) {
            if (action.kind === 'operate' && action.operation !== 'open') done.push(action.operation)
          }
        }
        for (const [gap, event] of events) {
          now += gap
          feed(event)
        }
        now += 5000
        feed({ kind: 'tick' })
        expect(done).toEqual(done.map((_, index) => (index % 2 === 0 ? 'shed' : 'restore')))
        expect(done.length % 2).toBe(0)
        expect(state.running.size).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('whatever happens, each event of an origin is recorded once and only when downstream', () => {
    fc.assert(
      fc.property(history, events => {
        const step = earlyWarning(settings)
        let state = calm
        let now = 0
        const warned: string[] = []
        for (const [gap, event] of events) {
          now += gap
          const next = step(state, event, instant(now))
          state = next.state
          for (const action of next.actions) {
            if (action.kind !== 'warned') continue
            expect(event).toMatchObject({ kind: 'warning', downstream: 'yes' })
            warned.push(`${action.origin} ${action.event}`)
          }
        }
        expect(new Set(warned).size).toBe(warned.length)
      }),
      { numRuns: 500 },
    )
  })
})

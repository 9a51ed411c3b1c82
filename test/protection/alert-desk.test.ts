// The alert desk, played from scripts: what comes in, with its time in s, and who is told of what.
//
//   alarm:x     the condition x of severity alarm begins, and stands (warning:x, status:x, alert:x likewise)
//   trip:x      x has happened: an alarm without an end
//   clear:x     x is over          ack:n       somebody has seen the n-th alert

import { describe, expect, it } from 'vitest'
import type { Route, Severity } from '../../src/protection/alert.ts'
import {
  type AlertAction,
  type AlertEvent,
  type AlertState,
  alertDesk,
  alertsOf,
  MAX_ALERTS,
  MAX_NEW_A_MINUTE,
  MAX_OF_ONE_IED,
  noAlerts,
} from '../../src/protection/alert-desk.ts'
import { type Instant, instant } from '../../topology/units.ts'

const ADA: Route = { to: { name: 'ada' }, severities: ['alert', 'alarm'] }
const REPEATED: Route = { ...ADA, repeatMs: 60_000 }
const ESCALATED: Route = {
  to: { role: 'OPERATOR' },
  severities: ['alarm'],
  escalate: { afterMs: 300_000, to: { name: 'grace' } },
}
const ALL: Route = { to: { name: 'log' }, severities: ['status', 'warning', 'alert', 'alarm'], kinds: ['a', 'b'] }

function deskOf(routes: readonly Route[], start: AlertState = noAlerts) {
  const { step, restored } = alertDesk({ idPrefix: 'R/1', routes })
  let state = start
  let kept = new Map<string, unknown>()

  const feed = (event: AlertEvent, seconds: number): readonly AlertAction[] => feedAt(event, instant(seconds * 1000))
  function feedAt(event: AlertEvent, at: Instant): readonly AlertAction[] {
    const next = step(state, event, at)
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'keep') kept.set(action.alert.id, action.alert)
      if (action.kind === 'forget') kept.delete(action.id)
    }
    return next.actions
  }
  const raise = (severity: Severity, kind: string, lasts: boolean, seconds: number, ied = 'R', key = kind) =>
    feed({ kind: 'raise', ied, condition: conditionOf(severity, kind, lasts, key), utcMs: seconds * 1000 }, seconds)

  function play(script: string): string {
    const said: string[] = []
    for (const each of script.split(' ')) {
      const [word = '', at = '0'] = each.split('@')
      const [what = '', which = ''] = word.split(':')
      const seconds = Number(at)
      said.push(...wordsOf(happening(what, which, seconds)))
    }
    return said.join(' ')
  }

  function happening(what: string, which: string, seconds: number): readonly AlertAction[] {
    const utcMs = seconds * 1000
    if (what === 'tick') return feed({ kind: 'tick', utcMs }, seconds)
    if (what === 'clear') return feed({ kind: 'clear', which: { ied: 'R', key: which }, utcMs }, seconds)
    if (what === 'ack') return feed({ kind: 'acknowledge', id: `R/1/${which}`, by: 'ada', utcMs }, seconds)
    if (what === 'trip') return raise('alarm', which, false, seconds)
    return raise(what as Severity, which, true, seconds)
  }
  return {
    play,
    raise,
    feed,
    feedAt,
    state: () => state,
    restart: () => deskOf(routes, restored([...kept.values()] as never, instant(0)).state),
    ids: () => alertsOf(state).map(({ id }) => id),
    kept: () => [...kept.keys()],
    loseDisk: () => {
      kept = new Map()
    },
  }
}

const conditionOf = (severity: Severity, kind: string, lasts: boolean, key = kind) => ({
  kind,
  key,
  severity,
  text: kind,
  fields: {},
  lasts,
})

const wordsOf = (actions: readonly AlertAction[]): string[] =>
  actions.flatMap(action => {
    if (action.kind !== 'notice') return []
    const to = action.to.map(each => ('name' in each ? each.name : each.role)).join('+')
    return [`${action.notice}:${action.alert.id.split('/')[2]}>${to || 'nobody'}`]
  })

const cases = [
  {
    it: 'tells those whose route it is',
    routes: [ADA, ESCALATED],
    given: 'alarm:a alert:b warning:c',
    gives: 'raised:1>ada+OPERATOR raised:2>ada raised:3>nobody',
  },
  {
    it: 'tells each recipient once, and only of the kinds of its route',
    routes: [ADA, ADA, ALL],
    given: 'alarm:a alarm:c',
    gives: 'raised:1>ada+log raised:2>ada',
  },
  {
    it: 'makes no new alert of what stands, and tells of it again ten seconds later at the earliest',
    routes: [ADA],
    given: 'alarm:a@0 alarm:a@1 alarm:a@9 alarm:a@10 alarm:a@19',
    gives: 'raised:1>ada again:1>ada',
  },
  {
    it: 'shows what is over until somebody has seen it, and takes it up again if it comes back before',
    routes: [ADA],
    given: 'alarm:a@0 clear:a@20 alarm:a@40 clear:a@60 ack:1@80 alarm:a@100',
    gives: 'raised:1>ada cleared:1>ada again:1>ada cleared:1>ada acknowledged:1>ada raised:2>ada',
  },
  {
    it: 'is the same alert while it stands, though somebody has seen it',
    routes: [ADA],
    given: 'alarm:a@0 ack:1@5 alarm:a@6 clear:a@20',
    gives: 'raised:1>ada acknowledged:1>ada cleared:1>ada',
  },
  {
    it: 'tells at once of what has become worse, which somebody has to see again',
    routes: [ADA],
    given: 'warning:a@0 alarm:a@1 ack:1@2 ack:1@3',
    gives: 'raised:1>nobody worse:1>ada acknowledged:1>ada',
  },
  {
    it: 'does not take it back when it becomes less, as long as it stands',
    routes: [ADA],
    given: 'alarm:a@0 warning:a@1 clear:a@2',
    gives: 'raised:1>ada cleared:1>ada',
  },
  {
    it: 'is acknowledged once, and only by its number',
    routes: [ADA],
    given: 'ack:1 alarm:a ack:2 ack:1 ack:1',
    gives: 'raised:1>ada acknowledged:1>ada',
  },
  {
    it: 'clears nothing that does not stand',
    routes: [ADA],
    given: 'clear:a trip:a clear:a',
    gives: 'raised:1>ada',
  },
  {
    it: 'counts a second trip with the first until somebody has seen it',
    routes: [ADA],
    given: 'trip:a@0 trip:a@20 ack:1@30 trip:a@40',
    gives: 'raised:1>ada again:1>ada acknowledged:1>ada raised:2>ada',
  },
  {
    it: 'repeats until it is acknowledged, from the repeat time on',
    routes: [REPEATED],
    given: 'alarm:a@0 tick@59.9 tick@60 tick@119.9 tick@120 ack:1@130 tick@180',
    gives: 'raised:1>ada repeated:1>ada repeated:1>ada acknowledged:1>ada',
  },
  {
    it: 'repeats a trip, and nothing that was over before anybody saw it',
    routes: [REPEATED],
    given: 'trip:a@0 alarm:b@0 clear:b@30 tick@60',
    gives: 'raised:1>ada raised:2>ada cleared:2>ada repeated:1>ada',
  },
  {
    it: 'repeats no status and no warning',
    routes: [{ ...ALL, repeatMs: 60_000 }],
    given: 'status:a@0 warning:b@0 tick@60',
    gives: 'raised:1>log raised:2>log',
  },
  {
    it: 'escalates once, and tells those above of its end too',
    routes: [ESCALATED],
    given: 'alarm:a@0 tick@299.9 tick@300 tick@600 clear:a@700',
    gives: 'raised:1>OPERATOR escalated:1>grace cleared:1>OPERATOR+grace',
  },
  {
    it: 'does not escalate what somebody has seen',
    routes: [ESCALATED],
    given: 'alarm:a@0 ack:1@299 tick@300',
    gives: 'raised:1>OPERATOR acknowledged:1>OPERATOR',
  },
]

describe('alert desk', () => {
  for (const { it: name, routes, given, gives } of cases) {
    it(name, () => expect(deskOf(routes).play(given)).toBe(gives))
  }

  it('has done at its own wake all that it woke for, wherever the clock stands', () => {
    // Times at which since + window - since is less than the window in binary.
    for (let n = 1; n <= 500; n++) {
      const raisedAt = n * 0.7001871
      const desk = deskOf([ADA])
      desk.raise('alarm', 'x', true, raisedAt)
      const { due } = desk.state()
      const woken = desk.feedAt({ kind: 'tick', utcMs: due }, instant(due))
      const again = woken.flatMap(action => (action.kind === 'wake' ? [action.at] : []))
      expect([n, again.filter(at => at <= due)]).toEqual([n, []])
    }
  })

  it('counts the rest of a storm in one alert, and ends it after a quiet minute', () => {
    const desk = deskOf([ADA])
    for (let n = 0; n < MAX_NEW_A_MINUTE; n++) expect(desk.raise('alarm', 'x', false, 1, 'R', `x${n}`)).not.toEqual([])
    expect(wordsOf(desk.raise('alarm', 'x', false, 2, 'R', 'one more'))).toEqual([`raised:${MAX_NEW_A_MINUTE + 1}>ada`])
    for (let n = 0; n < 500; n++) expect(wordsOf(desk.raise('alarm', 'x', false, 3, 'R', `more ${n}`))).toEqual([])
    // Another kind, and another IED, are told of meanwhile.
    expect(wordsOf(desk.raise('alarm', 'y', false, 4))).toHaveLength(1)
    expect(wordsOf(desk.raise('alarm', 'x', false, 4, 'other'))).toHaveLength(1)
    const storm = () => alertsOf(desk.state()).find(({ kind }) => kind === 'alert-storm')
    expect(storm()).toMatchObject({ phase: 'standing', severity: 'alarm', fields: { of: 'x' } })
    desk.play('tick@61')
    expect(storm()?.fields.suppressed).toBe(501)
    desk.play('tick@121')
    expect(storm()?.phase).toBe('cleared')
    expect(wordsOf(desk.raise('alarm', 'x', false, 130, 'R', 'later'))).toHaveLength(1)
  })

  it('has room for so many of one IED: what is over gives way first, what stands last', () => {
    const desk = deskOf([])
    desk.raise('status', 's', false, 0)
    for (let n = 0; n < MAX_OF_ONE_IED - 1; n++) desk.raise('alarm', `k${n}`, true, n * 60)
    expect(desk.ids()).toHaveLength(MAX_OF_ONE_IED)
    desk.raise('warning', 'w', true, 100_000)
    expect(desk.ids()).toHaveLength(MAX_OF_ONE_IED)
    expect(desk.kept()).not.toContain('R/1/1')
    // A warning gives way to an alarm, and a status gets no room among alarms.
    desk.raise('alarm', 'last', true, 100_100)
    expect(alertsOf(desk.state()).every(({ severity }) => severity === 'alarm')).toBe(true)
    desk.raise('status', 'late', false, 100_200)
    expect(alertsOf(desk.state()).some(({ kind }) => kind === 'late')).toBe(false)
    expect(desk.kept()).toHaveLength(MAX_OF_ONE_IED)
  })

  it('does not let one IED push out the alerts of others, and stays bounded for any number of them', () => {
    const desk = deskOf([])
    desk.raise('warning', 'mine', true, 0, 'honest')
    for (let n = 0; n < 2000; n++) desk.raise('alarm', `k${n}`, false, 1, 'liar')
    expect(alertsOf(desk.state()).filter(({ ied }) => ied === 'honest')).toHaveLength(1)
    for (let ied = 0; ied < 20; ied++) {
      for (let n = 0; n < 90; n++) desk.raise('alarm', `k${n}`, true, 2, `ied${ied}`)
    }
    expect(desk.ids().length).toBeLessThanOrEqual(MAX_ALERTS)
    expect(desk.state().rates.size).toBeLessThanOrEqual(500)
  })

  it('goes on after a restart with what was kept: unseen alarms are repeated, seen ones are not', () => {
    const desk = deskOf([REPEATED])
    desk.play('alarm:a@0 alarm:b@0 ack:2@1')
    const after = desk.restart()
    expect(after.play('tick@60 alarm:b@70 ack:1@80')).toBe('repeated:1>ada again:2>ada acknowledged:1>ada')
  })

  it('wakes for the next thing that is due, never in the past', () => {
    const desk = deskOf([REPEATED, ESCALATED])
    const wakes = (actions: readonly AlertAction[]) => actions.flatMap(a => (a.kind === 'wake' ? [Number(a.at)] : []))
    expect(wakes(desk.raise('alarm', 'a', true, 0))).toEqual([60_000])
    for (const at of wakes(desk.feed({ kind: 'tick', utcMs: 0 }, 60))) expect(at).toBeGreaterThan(60_000)
  })
})

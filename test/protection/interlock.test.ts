import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type InterlockAction,
  type InterlockAround,
  type InterlockEvent,
  interlock,
  interlockAtRest,
} from '../../src/protection/interlock.ts'
import { duration, type Instant, instant } from '../../topology/units.ts'
import { play } from './script.ts'

const settings = { window: duration(30), answerWait: duration(200), fuseMargin: duration(100) }

// Words of the device: `quiet`; `high`, the high set in a look that began when it is heard, `high:50` at 50 ms; `silent`. What lies
// below is Q1 and Q2; with `alone` nobody, `fuse` a fuse and Q1, `onlyfuse` a fuse, `barred` nothing that can be answered for,
// `other` Q3: `alone:50`, … likewise. Answers: `no:1:Q1`, `yes:1:Q1`, `unknown:1:Q1`, of question 1 by Q1; `no:1:Q1:f` about
// another pickup. `measured:300`: what lies below takes 300 ms; `measured:never`.
const AROUND: Readonly<Record<string, InterlockAround>> = {
  high: { ask: ['Q1', 'Q2'], waits: false },
  alone: { ask: [], waits: false },
  fuse: { ask: ['Q1'], waits: true },
  onlyfuse: { ask: [], waits: true },
  other: { ask: ['Q3'], waits: false },
  barred: { bar: 'a reason' },
}
function eventOf([word = '', one = '', device = '', event = 'e']: readonly string[], now: Instant): InterlockEvent {
  const around = AROUND[word]
  if (around !== undefined) {
    return { kind: 'status', at: one === '' ? now : instant(Number(one)), highSet: true, event: 'e', around }
  }
  switch (word) {
    case 'quiet':
      return { kind: 'status', at: now, highSet: false }
    case 'no':
    case 'yes':
    case 'unknown':
      return { kind: 'answer', event, number: Number(one), device, sees: word }
    case 'measured':
      return { kind: 'measured', event: 'e', clearing: one === 'never' ? undefined : duration(Number(one)) }
    case 'inhibit':
      return { kind: 'barred', why: 'an inhibit' }
    case 'silent':
    case 'tick':
      return { kind: word }
    case 'failed':
      return { kind: 'not-tripped' }
    default:
      throw new Error(`no such cue: ${word}`)
  }
}
const write = (action: InterlockAction, now: Instant): string => {
  switch (action.kind) {
    case 'ask':
      return `ask:${action.number}:${action.to.join('+')}@${now}`
    case 'measure':
    case 'look':
      return action.kind
    case 'trip':
      return `trip:${action.afterMs}@${now}`
    case 'stand-by':
      return `stand-by(${action.why}${action.device === undefined ? '' : ` ${action.device}`})@${now}`
    case 'wake':
      return `wake:${action.at}`
  }
}
const run = (script: string, keep = /^(?!wake|look)/): string =>
  play(interlock(settings), interlockAtRest, script, eventOf, write)
    .split(/ (?=ask:|trip:|stand-by|measure|look|wake)/)
    .filter(word => keep.test(word))
    .join(' ')

const cases = [
  {
    it: 'trips when all below have answered "no", on a look that began after the last answer',
    given: 'high@0 no:1:Q1@40 no:1:Q2@60 high:59@70 high:60@80',
    does: 'ask:1:Q1+Q2@0 trip:80@80',
  },
  {
    it: 'waits a full window though the answers come sooner',
    given: 'high@0 no:1:Q1@5 no:1:Q2@6 high:29@29 high:30@31',
    does: 'ask:1:Q1+Q2@0 trip:31@31',
  },
  {
    it: 'waits a full window with nobody below',
    given: 'alone@0 alone:20@20 alone:29@29 alone:30@30',
    does: 'trip:30@30',
  },
  { it: 'does nothing when its high set drops out within the window', given: 'alone@0 quiet@29 quiet@50', does: '' },
  {
    it: 'stands by at one "yes", for as long as the high set stays',
    given: 'high@0 no:1:Q1@40 yes:1:Q2@60 no:1:Q2@70 high@80 high@5000',
    does: 'ask:1:Q1+Q2@0 stand-by(seen below Q2)@60',
  },
  {
    it: 'stands by at a "yes" that takes a "no" back',
    given: 'high@0 no:1:Q1@40 yes:1:Q1@50 no:1:Q2@60 high@80',
    does: 'ask:1:Q1+Q2@0 stand-by(seen below Q1)@50',
  },
  {
    it: 'stands by when a device below does not know',
    given: 'high@0 unknown:1:Q1@40 no:1:Q1@50 no:1:Q2@60 high@80',
    does: 'ask:1:Q1+Q2@0 stand-by(not known below Q1)@40',
  },
  {
    it: 'asks once more, whom it has not heard, and gives up at the end of the wait: lost answers',
    given: 'high@0 no:1:Q1@40 tick@100 tick@150 tick@200 no:1:Q2@201 high@220',
    does: 'ask:1:Q1+Q2@0 ask:1:Q2@100 stand-by(no answer in time Q2)@200',
  },
  {
    it: 'takes an answer just before the end of the wait, and none at it, though no timer has run',
    given: 'high@0 no:1:Q1@40 no:1:Q2@199 high@210 quiet@220 high@1000 no:2:Q1@1040 no:2:Q2@1200 high@1210',
    does: 'ask:1:Q1+Q2@0 trip:210@210 ask:2:Q1+Q2@1000 stand-by(no answer in time Q2)@1200',
  },
  {
    it: 'gives up on a look after the wait, though no timer has run: a machine that slept',
    given: 'high@0 no:1:Q1@40 high@4000 no:1:Q2@4010 high@4050',
    does: 'ask:1:Q1+Q2@0 stand-by(no answer in time Q2)@4000',
  },
  {
    it: 'does not count one answer twice',
    given: 'high@0 no:1:Q1@40 no:1:Q1@41 no:1:Q1@42 high@80',
    does: 'ask:1:Q1+Q2@0',
  },
  {
    it: 'does not count who was not asked, and leaves him no veto',
    given: 'high@0 no:1:Q1@40 no:1:Q9@41 yes:1:Q9@42 high@80 no:1:Q2@90 high@100',
    does: 'ask:1:Q1+Q2@0 trip:100@100',
  },
  {
    it: 'does not count answers to an earlier question, of any kind, or about another pickup',
    given:
      'high@0 quiet@10 high@20 no:1:Q1@40 no:1:Q2@41 yes:1:Q1@42 no:2:Q1:f@43 no:3:Q1@44 high@80 no:2:Q2@90 no:2:Q1@91 high@95',
    does: 'ask:1:Q1+Q2@0 ask:2:Q1+Q2@20 trip:75@95',
  },
  {
    it: 'hears nothing while it does not ask',
    given: 'no:0:Q1@0 no:1:Q1@1 no:1:Q2@2 quiet@3 high@4 high@60',
    does: 'ask:1:Q1+Q2@4',
  },
  {
    it: 'does not begin where it may not',
    given: 'barred@0 high@20 no:0:Q1@30 high@500',
    does: 'stand-by(a reason)@0',
  },
  {
    it: 'begins after the next pickup where it then may',
    given: 'barred@0 quiet@20 alone@40 alone@80',
    does: 'stand-by(a reason)@0 trip:40@80',
  },
  {
    it: 'stands by when the position of a device around is lost meanwhile, an inhibit comes, or the device falls silent',
    given: 'high@0 barred@20 quiet@30 high@40 inhibit@50 quiet@60 high@70 silent@80 no:3:Q1@85 no:3:Q2@86 high@120',
    does: 'ask:1:Q1+Q2@0 stand-by(a reason)@20 ask:2:Q1+Q2@40 stand-by(an inhibit)@50 ask:3:Q1+Q2@70 stand-by(the device is silent)@80',
  },
  {
    it: 'stands by when others than it asked lie below now',
    given: 'high@0 no:1:Q1@40 other@50 no:1:Q2@60 high@80',
    does: 'ask:1:Q1+Q2@0 stand-by(what lies below has changed)@50',
  },
  {
    it: 'does not trip on a look that is long after the answers',
    given: 'high@0 no:1:Q1@40 no:1:Q2@60 high:401@401',
    does: 'ask:1:Q1+Q2@0 stand-by(the device was read too late)@401',
  },
  {
    it: 'waits for a fuse, and then asks anew',
    given: 'fuse@0 measured:300@20 no:1:Q1@40 fuse@100 fuse:399@399 tick@400 fuse@401 fuse@440 no:2:Q1@441 fuse@450',
    does: 'ask:1:Q1@0 measure ask:2:Q1@401 trip:450@450',
  },
  {
    it: 'does not take an answer from before the fuse could clear it for one after',
    given: 'fuse@0 measured:300@20 no:1:Q1@40 fuse@400 no:1:Q1@410 fuse@440 tick@600',
    does: 'ask:1:Q1@0 measure ask:2:Q1@400 stand-by(no answer in time Q1)@600',
  },
  {
    it: 'waits for a fast fuse within the first question',
    given: 'fuse@0 no:1:Q1@40 fuse@60 measured:20@70 fuse:119@119 fuse:120@120',
    does: 'ask:1:Q1@0 measure trip:120@120',
  },
  {
    it: 'leaves it to the fuse that clears it',
    given: 'onlyfuse@0 measured:300@20 onlyfuse@200 quiet@310 tick@400',
    does: 'measure',
  },
  {
    it: 'waits for the fuse and a full window with nobody else below',
    given: 'onlyfuse@0 measured:300@20 onlyfuse@400 onlyfuse:429@429 onlyfuse:430@430',
    does: 'measure trip:430@430',
  },
  {
    it: 'leaves it to the curve where a fuse may never clear such a current',
    given: 'onlyfuse@0 measured:never@20 onlyfuse@5000',
    does: 'measure stand-by(something without an IED below may never clear it)@20',
  },
  {
    it: 'leaves it to the curve when the current is not measured in time',
    given: 'fuse@0 no:1:Q1@40 tick@200 measured:20@210 fuse@220',
    does: 'ask:1:Q1@0 measure stand-by(the current was not measured in time)@200',
  },
  {
    it: 'trips once, and stands by when the device did not',
    given: 'alone@0 alone@30 alone@50 failed@60 alone@80',
    does: 'trip:30@30 stand-by(the device did not trip)@60',
  },
]

describe('the interlock by answer', () => {
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))

  it('looks at the device as soon as all else is known, and wakes for each of its deadlines', () => {
    expect(run('high@0 tick@30 tick@100 tick@200', /./)).toBe(
      'ask:1:Q1+Q2@0 wake:30 wake:100 ask:1:Q1+Q2@100 wake:200 stand-by(no answer in time Q1)@200',
    )
    expect(run('high@0 no:1:Q1@40 no:1:Q2@60', /./)).toBe('ask:1:Q1+Q2@0 wake:30 look')
    expect(run('high@0 no:1:Q1@10 no:1:Q2@20 tick@30', /./)).toBe('ask:1:Q1+Q2@0 wake:30 wake:30 look')
    expect(run('onlyfuse@0 measured:300@20 tick@399 tick@400', /./)).toBe('wake:30 measure wake:400 look')
  })

  // Whatever comes, in whatever order: it trips only with the high set seen throughout, all asked and none of them seeing it.
  it('never trips without an answer "no" to the open question of each one asked, and none that is otherwise', () => {
    const cue = fc.constantFrom(
      ...['high', 'quiet', 'silent', 'tick', 'inhibit', 'barred', 'other', 'no:1:Q1', 'no:1:Q2', 'no:2:Q1', 'no:2:Q2'],
      ...['yes:1:Q1', 'yes:2:Q2', 'unknown:1:Q2', 'no:3:Q1', 'no:3:Q2', 'no:1:Q9', 'high', 'high'],
    )
    const story = fc.array(fc.tuple(cue, fc.integer({ min: 0, max: 60 })), { minLength: 3, maxLength: 25 })
    fc.assert(
      fc.property(story, cues => {
        const step = interlock(settings)
        let state = interlockAtRest
        let now = 0
        let open: { number: number; since: number; said: Map<string, number> } | undefined
        for (const [word, gap] of cues) {
          now += gap
          const event = eventOf(word.split(':'), instant(now))
          if (event.kind === 'answer' && event.number === open?.number && event.event === 'e') {
            if (event.sees === 'no') open.said.set(event.device, now)
            else if (['Q1', 'Q2', 'Q3'].includes(event.device)) open = undefined
          }
          if ((event.kind === 'status' && !event.highSet) || event.kind === 'silent' || event.kind === 'barred')
            open = undefined
          const next = step(state, event, instant(now))
          state = next.state
          for (const action of next.actions) {
            if (action.kind === 'ask' && action.number !== open?.number) {
              open = { number: action.number, since: now, said: new Map() }
            }
            if (action.kind !== 'trip') continue
            expect(open).toBeDefined()
            const times = state.phase === 'tripping' ? [...(open?.said.values() ?? [])] : []
            expect(times.length).toBeGreaterThan(0)
            for (const at of times) expect(at - (open?.since ?? 0)).toBeLessThan(200)
            expect(now - (open?.since ?? now)).toBeGreaterThanOrEqual(30)
            open = undefined
          }
        }
      }),
      { numRuns: 1000, seed: 6 },
    )
  })
})

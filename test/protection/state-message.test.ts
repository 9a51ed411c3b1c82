// When state is said, and what a receiver knows of it. Times in ms.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type HearAction,
  type HearEvent,
  type Hearing,
  hearState,
  nothingHeard,
  repeatTimes,
  type SayAction,
  type SayEvent,
  type Saying,
  sayState,
  silent,
} from '../../src/protection/state-message.ts'
import { duration, type Instant, instant } from '../../topology/units.ts'
import { play } from './script.ts'

// T1 4 ms and T0 100 ms, believed for 20 ms at the least.
const settings = { firstGap: duration(4), heartbeat: duration(100), leastLifetime: duration(20) }
const say = sayState<string>(settings)

const sayEvent = ([word = '', value = '']: readonly string[]): SayEvent<string> =>
  word === 'is' ? { kind: 'state', value } : { kind: word as 'again' | 'tick' }
const written = (action: SayAction<string>, now: Instant): string =>
  action.kind === 'wake'
    ? `wake@${action.at}`
    : `${action.value}/${action.stateNumber}.${action.sequenceNumber}/${action.lifetime}@${now}`

describe('a state that is said', () => {
  const cases = [
    { it: 'goes out at once as the first of its number', given: 'is:open@10', does: 'open/1.0/20@10 wake@14' },
    { it: 'is not news when it is what it was', given: 'is:open@10 is:open@11', does: 'open/1.0/20@10 wake@14' },
    {
      it: 'has the next number when it changes, and begins its gaps anew',
      given: 'is:open@0 tick@4 is:closed@5',
      does: 'open/1.0/20@0 wake@4 open/1.1/24@4 wake@12 closed/2.0/20@5 wake@9',
    },
    {
      it: 'does nothing before its time',
      given: 'is:open@0 tick@3',
      does: 'open/1.0/20@0 wake@4',
    },
    {
      it: 'is said once more to a newcomer, without a change of its gaps',
      given: 'is:open@0 again@1 tick@4',
      does: 'open/1.0/20@0 wake@4 open/1.1/20@1 open/1.2/24@4 wake@12',
    },
    { it: 'is nothing to say again before it is known', given: 'again@0 tick@5', does: '' },
  ]
  for (const c of cases) {
    it(c.it, () => expect(play(say, silent as Saying<string>, c.given, sayEvent, written)).toBe(c.does))
  }

  it('is repeated after 4, 8, 16 ms and so on up to its heartbeat, each time believed for three gaps', () => {
    let state: Saying<string> = silent
    const said: string[] = []
    let next = 0
    const feed = (event: SayEvent<string>, now: number): void => {
      const step = say(state, event, instant(now))
      state = step.state
      for (const action of step.actions) {
        if (action.kind === 'wake') next = action.at
        else said.push(`${now}:${action.sequenceNumber}:${action.lifetime}`)
      }
    }
    feed({ kind: 'state', value: 'open' }, 0)
    while (said.length < 9) feed({ kind: 'tick' }, next)
    expect(said.join(' ')).toBe('0:0:20 4:1:24 12:2:48 28:3:96 60:4:192 124:5:300 224:6:300 324:7:300 424:8:300')
  })
})

describe('a state that is heard', () => {
  const hear = hearState<string>({ failSafe: 'unknown' })
  // `open:1:2.3` is open, of epoch 1, state 2, sequence 3; believed for 30 ms.
  const hearEvent = ([value = '', epoch = '1', numbers = '1.0', test = '']: readonly string[]): HearEvent<string> => {
    if (value === 'tick') return { kind: 'tick' }
    const [stateNumber = 0, sequenceNumber = 0] = numbers.split('.').map(Number)
    return {
      kind: 'heard',
      epoch: Number(epoch),
      value,
      lifetime: duration(30),
      test: test === 'test',
      stateNumber,
      sequenceNumber,
    }
  }
  const write = (action: HearAction<string>): string =>
    action.kind === 'wake' ? `wake@${action.at}` : `${action.kind}:${action.value}`
  const run = (given: string, step = hear): string =>
    play(step, nothingHeard as Hearing<string>, given, hearEvent, write)

  const cases = [
    { it: 'is known from its first message', given: 'open:1:1.0@0', does: 'value:open wake@30' },
    {
      it: 'is kept by its repeats, which are no news',
      given: 'open:1:1.0@0 open:1:1.1@20 tick@30 tick@49',
      does: 'value:open wake@30 wake@50',
    },
    { it: 'is known to its last moment', given: 'open:1:1.0@0 tick@29', does: 'value:open wake@30' },
    {
      it: 'is not known any more at the end of its lifetime, said once',
      given: 'open:1:1.0@0 tick@30 tick@31',
      does: 'value:open wake@30 expired:unknown',
    },
    {
      it: 'is news again when it is heard after that',
      given: 'open:1:1.0@0 tick@30 open:1:1.1@40',
      does: 'value:open wake@30 expired:unknown value:open wake@70',
    },
    { it: 'is not put back by an earlier state', given: 'open:1:2.0@0 closed:1:1.9@1', does: 'value:open wake@30' },
    {
      it: 'is not kept by an earlier repeat, nor by a copy',
      given: 'open:1:1.5@0 open:1:1.4@20 open:1:1.5@20 tick@30',
      does: 'value:open wake@30 expired:unknown',
    },
    {
      it: 'goes on by a greater epoch, though its numbers are small',
      given: 'open:1:9.9@0 closed:2:1.0@1',
      does: 'value:open wake@30 value:closed wake@31',
    },
    { it: 'is not put back by a smaller epoch', given: 'open:2:1.0@0 closed:1:9.9@1', does: 'value:open wake@30' },
    {
      it: 'is not put back by what is replayed after it expired',
      given: 'open:1:2.0@0 tick@30 closed:1:1.0@31',
      does: 'value:open wake@30 expired:unknown',
    },
    { it: 'is not what a test set says', given: 'open:1:1.0:test@0', does: '' },
  ]
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))

  it('is what a test set says to one that is in test, and nothing else is', () => {
    const inTest = hearState<string>({ failSafe: 'unknown', test: true })
    expect(run('open:1:1.0@0 closed:1:1.1:test@1', inTest)).toBe('value:closed wake@31')
  })

  it('is the greatest that came, in whatever order and however often', () => {
    const message = fc.record({ epoch: fc.nat(2), stateNumber: fc.nat(3), sequenceNumber: fc.nat(3) })
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 20 }), messages => {
        let state: Hearing<string> = nothingHeard
        const nameOf = (m: (typeof messages)[number]): string => `${m.epoch}.${m.stateNumber}.${m.sequenceNumber}`
        for (const m of messages) {
          const event = { kind: 'heard', ...m, value: nameOf(m), lifetime: duration(1000), test: false } as const
          state = hear(state, event, instant(0)).state
        }
        expect(state.heard?.value).toBe(messages.map(nameOf).sort().at(-1))
      }),
    )
  })
})

it('what is said once is repeated with gaps that double', () => {
  expect(repeatTimes(10, 1000)).toEqual([10, 30, 70, 150, 310, 630])
  expect(repeatTimes(10, 630)).toEqual([10, 30, 70, 150, 310, 630])
  expect(repeatTimes(10, 629)).toEqual([10, 30, 70, 150, 310])
})

import { describe, expect, it } from 'vitest'
import {
  type EnterServiceAction,
  type EnterServiceEvent,
  type EnterServiceState,
  enterService,
  enterServiceStart,
} from '../../src/protection/enter-service.ts'
import { duration } from '../../topology/units.ts'
import { play } from './script.ts'

// IEEE 1547-2018: 0.917 to 1.05 per unit and 59.5 to 60.1 Hz for 300 s, then a ramp of 300 s. Here for 10 s and 20 s, looked
// at each two seconds or so; without a value for six seconds nothing is known.
const settings = {
  leastPu: 0.917,
  greatestPu: 1.05,
  leastHz: 59.5,
  greatestHz: 60.1,
  wait: duration(10_000),
  ramp: duration(20_000),
  stale: duration(6000),
  tries: 2,
}

// `off` protection opens it; `let-go` a person does; `good`, `v:0.9` a voltage, `v:0.95:1.06` lowest and highest phase, `hz:59.4`,
// `blind` no value; `bar:x`, `free:x`; `sag`; `open`, `closed` as the device shows; `failed`, `held` of a closing.
function eventOf([word = '', a = '', b]: readonly string[]): EnterServiceEvent {
  switch (word) {
    case 'off':
      return { kind: 'taken-off' }
    case 'let-go':
      return { kind: 'let-go' }
    case 'good':
      return { kind: 'measured', least: 1, greatest: 1, hz: 60 }
    case 'v':
      return { kind: 'measured', least: Number(a), greatest: Number(b ?? a), hz: 60 }
    case 'hz':
      return { kind: 'measured', least: 1, greatest: 1, hz: Number(a) }
    case 'blind':
      return { kind: 'measured' }
    case 'bar':
      return { kind: 'bar', name: a, stands: true }
    case 'free':
      return { kind: 'bar', name: a, stands: false }
    case 'sag':
      return { kind: 'disturbed' }
    case 'open':
      return { kind: 'position', closed: false }
    case 'closed':
      return { kind: 'position', closed: true }
    case 'failed':
      return { kind: 'not-closed', tried: true }
    case 'held':
      return { kind: 'not-closed', tried: false }
    case 'tick':
      return { kind: 'tick' }
    default:
      throw new Error(`no such cue: ${word}`)
  }
}
function write(action: EnterServiceAction): string {
  switch (action.kind) {
    case 'waits':
      return `until:${action.until}`
    case 'begins-anew':
      return 'anew'
    case 'in-service':
      return `ramp:${action.rampUntil}`
    case 'keep':
      return action.owed ? 'owed' : 'settled'
    case 'wake':
      return ''
    default:
      return action.kind
  }
}
const run = (given: string, from: EnterServiceState = { phase: 'in-service' }): string =>
  play(enterService(settings), from, given, eventOf, write).split(/ +/).filter(Boolean).join(' ')

/** Good values each two seconds, from one moment to another. */
function good(from: number, to: number): string {
  const cues: string[] = []
  for (let at = from; at <= to; at += 2000) cues.push(`good@${at}`)
  return cues.join(' ')
}

describe('a generator that protection has taken off', () => {
  const cases = [
    {
      it: 'comes back when all has been good for the whole wait, and ramps',
      given: `off@0 ${good(1000, 11_000)} closed@11100`,
      does: 'owed until:11000 close ramp:31100 settled',
    },
    { it: 'does not before', given: `off@0 ${good(1000, 9000)} good@10999`, does: 'owed until:11000' },
    { it: 'counts 0.917 and 1.05 as good', given: 'off@0 v:0.917:1.05@1', does: 'owed until:10001' },
    { it: 'does not count 0.916', given: 'off@0 v:0.916:1@1', does: 'owed' },
    { it: 'does not count 1.051 in one phase', given: 'off@0 v:1:1.051@1', does: 'owed' },
    { it: 'counts 59.5 and 60.1 Hz as good', given: 'off@0 hz:59.5@1 hz:60.1@2', does: 'owed until:10001' },
    { it: 'does not count 59.49 Hz, nor 60.11', given: 'off@0 hz:59.49@1 hz:60.11@2', does: 'owed' },
    {
      it: 'begins the wait anew at any bad value',
      given: `off@0 good@1000 v:0.9@3000 ${good(5000, 15_000)}`,
      does: 'owed until:11000 anew until:15000 close',
    },
    {
      it: 'begins it anew at a value that is not known',
      given: 'off@0 good@1000 blind@3000 good@5000',
      does: 'owed until:11000 anew until:15000',
    },
    {
      it: 'begins it anew when nothing is measured for a while',
      given: 'off@0 good@1000 tick@7000 tick@7001 good@8000',
      does: 'owed until:11000 anew until:18000',
    },
    {
      it: 'begins it anew when a value is late, though it is good',
      given: 'off@0 good@1000 good@7001 good@8000',
      does: 'owed until:11000 anew until:18000',
    },
    {
      it: 'begins it anew at a sag between two values',
      given: 'off@0 good@1000 sag@2000 good@3000',
      does: 'owed until:11000 anew until:13000',
    },
    {
      it: 'does not come back while a transfer trip stands, and waits anew after it',
      given: `off@0 bar:trip@1 ${good(1000, 21_000)} free:trip@22000 ${good(23_000, 33_000)}`,
      does: 'owed until:33000 close',
    },
    {
      it: 'begins the wait anew at a transfer trip within it',
      given: 'off@0 good@1000 bar:trip@2000 free:trip@2001 good@3000',
      does: 'owed until:11000 anew until:13000',
    },
    {
      it: 'waits for every bar',
      given: 'off@0 bar:a@1 bar:b@2 free:a@3 good@4 free:b@5 good@6',
      does: 'owed until:10006',
    },
    {
      it: 'is left to the person who opened or closed it meanwhile',
      given: `off@0 good@1000 let-go@2000 ${good(3000, 30_000)}`,
      does: 'owed until:11000 settled',
    },
    {
      it: 'waits anew when it is taken off again',
      given: 'off@0 good@1000 off@2000 good@3000',
      does: 'owed until:11000 anew until:13000',
    },
    {
      it: 'tries again after a closing that failed, and then leaves it to a person',
      given: `off@0 ${good(1000, 11_000)} failed@12000 ${good(13_000, 23_000)} failed@24000 ${good(25_000, 60_000)}`,
      does: 'owed until:11000 close until:23000 close given-up settled',
    },
    {
      it: 'does not count what held the closing back as a failure',
      given: `off@0 ${good(1000, 11_000)} held@11001 ${good(13_000, 23_000)} held@23001 ${good(25_000, 35_000)}`,
      does: 'owed until:11000 close until:23000 close until:35000 close',
    },
    {
      it: 'closes once while the closing is under way',
      given: `off@0 ${good(1000, 19_000)}`,
      does: 'owed until:11000 close',
    },
  ]
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))
})

describe('a generator that others have opened', () => {
  it('is left alone', () => {
    expect(run(`open@0 ${good(1000, 60_000)}`)).toBe('')
    expect(run(`let-go@0 open@1 ${good(1000, 60_000)}`)).toBe('')
  })
  it('is in service again when they close it', () => {
    expect(run(`open@0 closed@10 off@20 ${good(1000, 11_000)}`)).toBe('owed until:11000 close')
  })
})

describe('after a restart', () => {
  it('the wait begins anew where one was under way', () => {
    expect(run(`open@0 ${good(100, 10_100)}`, enterServiceStart(true))).toBe('until:10100 close')
  })
  it('nothing is closed that was not owed', () => {
    expect(run(`open@0 ${good(100, 60_100)}`, enterServiceStart(false))).toBe('')
  })
})

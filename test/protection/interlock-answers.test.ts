import { describe, expect, it } from 'vitest'
import {
  type AnswerAction,
  type AnswerEvent,
  interlockAnswers,
  notAsked,
  seesFault,
} from '../../src/protection/interlock-answers.ts'
import { duration, type Instant, instant } from '../../topology/units.ts'
import { play } from './script.ts'

// Words: `asked:A:1`, question 1 of A; `sees`, `clear`, `blank` (it shows no pickup), of a look that began when it is heard,
// `clear:20` at 20 ms; `silent`.
function eventOf([word = '', one = '', number = '1']: readonly string[], now: Instant): AnswerEvent {
  if (word === 'asked') return { kind: 'asked', asker: one, event: `${one}/1/r1`, number: Number(number) }
  if (word === 'silent') return { kind: 'silent' }
  const sees = word === 'blank' ? undefined : word === 'sees'
  return { kind: 'status', at: one === '' ? now : instant(Number(one)), sees }
}
const write = (action: AnswerAction, now: Instant): string =>
  action.kind === 'look' ? `look:${action.at}` : `${action.asker}${action.number}:${action.sees}@${now}`
const run = (script: string): string =>
  play(interlockAnswers({ window: duration(30) }), notAsked, script, eventOf, write)

describe('answers to the interlock of devices above', () => {
  it.each([
    [
      '"no" after a look that began a full window after the question',
      'clear@0 asked:A@10 clear@39 clear:39@60 clear:40@61',
      'look:40 A1:no@61',
    ],
    ['"yes" at once when the fault shows already', 'sees@0 asked:A@10', 'A1:yes@10'],
    ['"yes" as soon as it shows', 'clear@0 asked:A@10 sees@20 clear@60', 'look:40 A1:yes@20'],
    [
      'a "no" is taken back when the fault shows after it',
      'asked:A@0 clear@30 sees@50 sees@70',
      'look:30 A1:no@30 A1:yes@50',
    ],
    ['but not long after, for another fault', 'asked:A@0 clear@30 sees@2001', 'look:30 A1:no@30'],
    [
      '"unknown" of a device that is silent, or shows no pickup',
      'asked:A@0 silent@10 asked:B@20 blank@30',
      'look:30 A1:unknown@10 look:50 B1:unknown@30',
    ],
    ['what it showed before a silence is no answer', 'sees@0 silent@10 asked:A@20 clear@50', 'look:50 A1:no@50'],
    ['the same question again while it is open is one question', 'asked:A@0 asked:A@20 clear@30', 'look:30 A1:no@30'],
    [
      'the same question again after its answer gets a new look: that answer may be lost',
      'asked:A@0 clear@30 asked:A@100 clear:110@110 clear@130',
      'look:30 A1:no@30 look:130 A1:no@130',
    ],
    [
      'two askers, each in its own time',
      'asked:A@0 asked:B:7@20 clear@30 clear@50',
      'look:30 look:50 A1:no@30 B7:no@50',
    ],
    ['nobody asks, nobody is answered', 'clear@0 sees@20 silent@30', ''],
  ])('%s', (_, script, done) => expect(run(script)).toBe(done))

  it('keeps 64 questions; of more the oldest goes unanswered', () => {
    const asks = Array.from({ length: 65 }, (_, n) => `asked:A:${n + 1}@0`).join(' ')
    const answers = run(`${asks} clear@30`)
      .split(' ')
      .filter(word => word.startsWith('A'))
    expect(answers).toHaveLength(64)
    expect(answers).not.toContain('A1:no@30')
  })
})

describe('whether a relay sees the fault that the one above sees', () => {
  it.each<[string, Parameters<typeof seesFault>[0], boolean | undefined]>([
    ['it has picked up', { pickup: true }, true],
    ['its high set has', { pickup: false, highSet: true }, true],
    ['it has tripped, and broken the current: the one above drops out later', { pickup: false, tripped: true }, true],
    ['it sees nothing', { pickup: false, highSet: false, tripped: false }, false],
    ['it shows no pickup', { tripped: false }, undefined],
  ])('%s', (_, status, sees) => expect(seesFault(status)).toBe(sees))
})

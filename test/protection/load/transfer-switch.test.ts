import { describe, expect, it } from 'vitest'
import { type TransferEvent, type TransferState, transferSwitch } from '../../../src/protection/load/transfer-switch.ts'
import { duration, instant } from '../../../topology/units.ts'

/** Whatever the answers, both sides are never ordered closed with none known to be open. */
function play(given: string): string {
  const step = transferSwitch({ pause: duration(500), settle: duration(10_000) })
  let state: TransferState = { phase: 'resting', on: 'first' }
  const done: string[] = []
  for (const word of given.split(' ')) {
    const [what = '', at = '0'] = word.split('@')
    const event: TransferEvent =
      what === 'second' || what === 'first'
        ? { kind: 'go', to: what }
        : what.startsWith('seen')
          ? { kind: 'seen', on: what === 'seen' ? undefined : (what.slice('seen-'.length) as 'first') }
          : what === 'tick'
            ? { kind: 'tick' }
            : { kind: 'answered', result: what as 'done', words: what }
    const next = step(state, event, instant(Number(at)))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'order') done.push(`${action.verb} ${action.side}`)
      if (action.kind === 'tell' && action.isAlarm) done.push('alarm')
    }
  }
  return `${done.join(', ')} → ${state.phase}${state.phase === 'resting' ? ` ${state.on}` : ''}`
}

describe('a transfer with open transition', () => {
  it.each([
    ['second done@100 tick@600 done@700', 'open first, close second → resting second'],
    ['second done@100 tick@599', 'open first → pausing'],
    ['second refused', 'open first, alarm → resting first'],
    ['second unknown', 'open first, alarm → stopped'],
    ['second done@100 tick@600 refused done', 'open first, close second, close first, alarm → resting first'],
    ['second done@100 tick@600 unknown', 'open first, close second, alarm → stopped'],
    ['second done@100 tick@600 failed failed', 'open first, close second, close first, alarm → stopped'],
    ['second second first', 'open first → opening'],
    ['first done', ' → resting first'],
    ['second unknown second', 'open first, alarm → stopped'],
    // By hand: followed once it has stood.
    ['seen-second@100 tick@10100', ' → resting second'],
    ['seen-second@100 tick@10099', ' → resting first'],
    ['seen-second@100 seen-first@9000 tick@10100', ' → resting first'],
    ['seen-second@100 seen@9000 tick@10100', ' → resting first'],
    ['seen-second@100 seen@9000 seen-second@9001 tick@19000', ' → resting first'],
    ['seen-second@100 tick@10100 first done@11000 tick@11500 done', 'open second, close first → resting first'],
    // While it moves, and after it stopped, positions alone say nothing.
    ['second seen-second@50 tick@20000', 'open first → opening'],
    ['second unknown seen-first@100 tick@20000', 'open first, alarm → stopped'],
  ])('%s', (given, then) => expect(play(given)).toBe(then))
})

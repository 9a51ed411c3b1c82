import { describe, expect, it } from 'vitest'
import { type InnerRelayEvent, type InnerRelayState, innerRelay, isTripped } from '../../sim/devices/inner-relay.ts'
import { duration, instant } from '../../topology/units.ts'

// Delay 100 ms, breaker time 40 ms.
const cases = [
  {
    it: 'trips after its delay and opens after the breaker time',
    given: 'pickup@0 tick@99 tick@100 tick@139 tick@140',
    gives: 'timing timing opening! opening! open!',
  },
  {
    it: 'starts over after a dropout',
    given: 'pickup@0 dropout@90 pickup@95 tick@100 tick@195',
    gives: 'timing closed timing timing opening!',
  },
  {
    it: 'keeps its time when told again that it is picked up',
    given: 'pickup@0 pickup@50 tick@100',
    gives: 'timing timing opening!',
  },
  { it: 'opens on its coil without a latched trip', given: 'trip@0 tick@40', gives: 'opening open' },
  { it: 'opens on its coil while it is timing', given: 'pickup@0 trip@10 tick@50', gives: 'timing opening open' },
  {
    it: 'opens once begun, though the fault is gone',
    given: 'pickup@0 tick@100 dropout@110 tick@140',
    gives: 'timing opening! opening! open!',
  },
  {
    it: 'resets its trip on closing',
    given: 'pickup@0 tick@100 tick@140 close@200',
    gives: 'timing opening! open! closed',
  },
  {
    it: 'ignores a trip when open and a close when closed',
    given: 'close@0 trip@1 tick@41 trip@50',
    gives: 'closed opening open open',
  },
  { it: 'does not close while it is opening', given: 'trip@0 close@10 tick@40', gives: 'opening opening open' },
  {
    it: 'trips again after closing onto the fault',
    given: 'pickup@0 tick@100 tick@140 close@200 pickup@200 tick@300',
    gives: 'timing opening! open! closed timing opening!',
  },
  { it: 'stays without a relay', delay: null, given: 'pickup@0 tick@100000', gives: 'closed closed' },
]

const EVENTS: Record<string, InnerRelayEvent> = {
  pickup: { kind: 'pickup' },
  dropout: { kind: 'dropout' },
  tick: { kind: 'tick' },
  trip: { kind: 'trip coil' },
  close: { kind: 'close coil' },
}

function play(given: string, delay: number | null): string {
  const step = innerRelay({ ...(delay === null ? {} : { delay: duration(delay) }), breakerTime: duration(40) })
  let state: InnerRelayState = { phase: 'closed' }
  return given
    .split(' ')
    .map(word => {
      const [name = '', at] = word.split('@')
      state = step(state, EVENTS[name] ?? { kind: 'tick' }, instant(Number(at))).state
      return state.phase + (isTripped(state) ? '!' : '')
    })
    .join(' ')
}

describe('the relay inside a device', () => {
  for (const c of cases) it(c.it, () => expect(play(c.given, c.delay === null ? null : 100)).toBe(c.gives))
})

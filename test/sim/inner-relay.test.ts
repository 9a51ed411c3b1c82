import { describe, expect, it } from 'vitest'
import {
  type InnerRelayEvent,
  type InnerRelaySettings,
  innerRelay,
  isTripped,
  restingRelay,
} from '../../sim/devices/inner-relay.ts'
import type { OvercurrentStage } from '../../src/protection/elements/overcurrent.ts'
import { duration, instant } from '../../topology/units.ts'

const definite = (quantity: 'phase' | 'ground', delayMs: number, isFast = false): OvercurrentStage => ({
  name: quantity,
  quantity,
  isFast,
  stage: { pickup: 100, timing: { kind: 'definite', delay: duration(delayMs) } },
})
const BREAKER: InnerRelaySettings = { breakerTime: duration(40), elements: [] }
const RELAY: InnerRelaySettings = { ...BREAKER, elements: [definite('phase', 100)] }
const GROUND: InnerRelaySettings = { ...BREAKER, elements: [definite('phase', 100), definite('ground', 60)] }
const INVERSE: InnerRelaySettings = {
  ...BREAKER,
  elements: [
    {
      name: 'phase',
      quantity: 'phase',
      stage: { pickup: 100, timing: { kind: 'inverse', curve: 'iec.vi', timeMultiplier: 0.5 } },
    },
  ],
}
/** Two shots, after 500 ms and 2 s; reset after 10 s. */
const RECLOSER: InnerRelaySettings = {
  ...RELAY,
  reclose: { deadTimes: [duration(500), duration(2000)], resetTime: duration(10_000) },
}

/** One fast shot of 30 ms, for saving fuses. */
const FAST: InnerRelaySettings = {
  ...RECLOSER,
  elements: [definite('phase', 100), definite('phase', 30, true)],
  reclose: { deadTimes: [duration(500), duration(2000)], resetTime: duration(10_000), fastShots: 1 },
}
const COORDINATED: InnerRelaySettings = {
  ...FAST,
  reclose: { deadTimes: [duration(500)], resetTime: duration(10_000), fastShots: 1, sequenceCoordination: true },
}

// A state followed by "!" shows its trip latched. Times in ms. Delay 100, of the ground element 60, breaker time 40.
const cases: { it: string; settings?: InnerRelaySettings; given: string; gives: string; acts?: string }[] = [
  {
    it: 'trips after its delay and opens after the breaker time',
    given: 'phase@0 tick@99 tick@100 tick@139 tick@140',
    gives: 'timing timing opening! opening! open!',
    acts: 'trip@100 open@140',
  },
  {
    it: 'starts over after a dropout',
    given: 'phase@0 none@90 phase@95 tick@100 tick@195',
    gives: 'timing closed timing timing opening!',
  },
  {
    it: 'keeps its time when told again that it is picked up',
    given: 'phase@0 phase@50 tick@100',
    gives: 'timing timing opening!',
  },
  { it: 'opens on its coil without a latched trip', given: 'trip@0 tick@40', gives: 'opening open', acts: 'open@40' },
  { it: 'opens on its coil while it is timing', given: 'phase@0 trip@10 tick@50', gives: 'timing opening open' },
  {
    it: 'opens once begun, though the fault is gone',
    given: 'phase@0 tick@100 none@110 tick@140',
    gives: 'timing opening! opening! open!',
  },
  {
    it: 'resets its trip on closing',
    given: 'phase@0 tick@100 tick@140 close@200',
    gives: 'timing opening! open! closed',
    acts: 'trip@100 open@140 close@200',
  },
  {
    it: 'ignores a trip when open and a close when closed',
    given: 'close@0 trip@1 tick@41 trip@50',
    gives: 'closed opening open open',
  },
  { it: 'does not close while it is opening', given: 'trip@0 close@10 tick@40', gives: 'opening opening open' },
  {
    it: 'trips again after closing onto the fault',
    given: 'phase@0 tick@100 tick@140 close@200 phase@200 tick@300',
    gives: 'timing opening! open! closed timing opening!',
  },
  { it: 'stays without a relay', settings: BREAKER, given: 'phase@0 tick@100000', gives: 'closed closed' },

  { it: 'has no ground element unless it is set', given: 'ground@0 tick@1000', gives: 'closed closed' },
  {
    it: 'trips by the ground element where it is quicker',
    settings: GROUND,
    given: 'both@0 tick@59 tick@60',
    gives: 'timing timing opening!',
  },
  {
    it: 'times each element for itself',
    settings: GROUND,
    given: 'phase@0 both@50 tick@100',
    gives: 'timing timing opening!',
  },
  {
    it: 'starts the ground element over alone',
    settings: GROUND,
    given: 'both@0 phase@50 both@55 tick@60 tick@99 tick@100',
    gives: 'timing timing timing timing timing opening!',
  },

  {
    it: 'does not reclose when its coil is energised while it opens by its own trip',
    settings: RECLOSER,
    given: 'phase@0 tick@100 trip@120 tick@140 tick@99999',
    gives: 'timing opening! opening! open! open!',
    acts: 'trip@100 open@140',
  },
  {
    it: 'recloses after each dead time, then locks out',
    settings: RECLOSER,
    given:
      'phase@0 tick@100 tick@140 tick@640 phase@640 tick@740 tick@780 tick@2780 phase@2780 tick@2880 tick@2920 tick@99999',
    gives: 'timing opening! waiting! closed timing opening! waiting! closed timing opening! open! open!',
    acts: 'trip@100 open@140 reclose@640 trip@740 open@780 reclose@2780 trip@2880 open@2920 lockout@2920',
  },
  {
    it: 'counts from the first shot again after the reset time',
    settings: RECLOSER,
    given:
      'phase@0 tick@100 tick@140 tick@640 tick@10640 phase@20000 tick@20100 tick@20140 tick@20640 phase@20641 tick@20741 tick@20781',
    gives: 'timing opening! waiting! closed closed timing opening! waiting! closed timing opening! waiting!',
  },
  {
    it: 'does not reset before it, and begins anew after a pickup in between',
    settings: RECLOSER,
    given:
      'phase@0 tick@100 tick@140 tick@640 phase@10639 none@10650 tick@20649 phase@20649 tick@20749 tick@20789 tick@22789 phase@22789 tick@22889 tick@22929',
    gives: 'timing opening! waiting! closed timing closed closed timing opening! waiting! closed timing opening! open!',
  },
  {
    it: 'does not reclose what was opened by its coil',
    settings: RECLOSER,
    given: 'trip@0 tick@40 tick@99999',
    gives: 'opening open open',
  },
  {
    it: 'gives up reclosing when told to open meanwhile',
    settings: RECLOSER,
    given: 'phase@0 tick@100 tick@140 trip@200 tick@640',
    gives: 'timing opening! waiting! open! open!',
  },
  {
    it: 'has no shots for who closes by the coil onto a fault',
    settings: RECLOSER,
    given: 'phase@0 tick@100 tick@140 close@200 phase@200 tick@300 tick@340 tick@9999',
    gives: 'timing opening! waiting! closed timing opening! open! open!',
    acts: 'trip@100 open@140 close@200 trip@300 open@340 lockout@340',
  },
  {
    it: 'has its shots back when it stayed closed for the reset time',
    settings: RECLOSER,
    given: 'trip@0 tick@40 close@100 tick@10099 tick@10100 phase@10200 tick@10300 tick@10340',
    gives: 'opening open closed closed closed timing opening! waiting!',
  },

  {
    it: 'uses its curve up in shares: 1.0 s of 3 times pickup, then 6 times, trips after 1.95 s',
    settings: INVERSE,
    given: '300@0 600@1000 tick@1949 tick@1951 tick@1991',
    gives: 'timing timing timing opening! open!',
    acts: 'trip@1951 open@1991',
  },
  {
    it: 'trips fast for its fast shots, and by its slow curve after them',
    settings: FAST,
    given: 'phase@0 tick@30 tick@70 tick@570 phase@570 tick@669 tick@670',
    gives: 'timing opening! waiting! closed timing timing opening!',
    acts: 'trip@30 open@70 reclose@570 trip@670',
  },
  {
    it: 'trips by its slow curve for who closed it by the coil',
    settings: FAST,
    given: 'trip@0 tick@40 close@100 phase@100 tick@130 tick@199 tick@200',
    gives: 'opening open closed timing timing timing opening!',
  },
  {
    it: 'goes on to its slow curve when another below has tripped first, where it coordinates',
    settings: COORDINATED,
    given: 'phase@0 none@20 phase@600 tick@630 tick@700 tick@740',
    gives: 'timing closed timing timing opening! open!',
    acts: 'trip@700 open@740 lockout@740',
  },
  {
    it: 'stays on its fast curve where it does not',
    settings: FAST,
    given: 'phase@0 none@20 phase@600 tick@630',
    gives: 'timing closed timing opening!',
  },

  {
    it: 'shows its trip and stays closed when the contacts are stuck',
    given: 'jam@0 phase@0 tick@100 tick@140 none@900',
    gives: 'closed timing opening! stuck! stuck!',
    acts: 'trip@100 stayed@140',
  },
  {
    it: 'parts stuck contacts when they come free, for the trip is sealed in',
    given: 'jam@0 phase@0 tick@100 tick@140 mend@1000',
    gives: 'closed timing opening! stuck! open!',
    acts: 'trip@100 stayed@140 open@1000',
  },
  {
    it: 'resets the latch of stuck contacts on closing',
    given: 'jam@0 phase@0 tick@100 tick@140 close@900',
    gives: 'closed timing opening! stuck! closed',
  },
  {
    it: 'does not close stuck contacts',
    given: 'trip@0 tick@40 jam@50 close@60 mend@70 close@80',
    gives: 'opening open open open open closed',
    acts: 'open@40 stayed@60 close@80',
  },
  {
    it: 'locks out when its contacts stick in a dead time',
    settings: RECLOSER,
    given: 'phase@0 tick@100 tick@140 jam@200 tick@640',
    gives: 'timing opening! waiting! waiting! open!',
    acts: 'trip@100 open@140 stayed@640 lockout@640',
  },
  {
    it: 'sees nothing with a stuck relay, but its coils work',
    given: 'phase@0 deaf@50 tick@100 phase@110 tick@999 trip@1000 tick@1040',
    gives: 'timing closed closed closed closed opening open',
  },
]

const EVENTS: Record<string, InnerRelayEvent> = {
  phase: { kind: 'currents', phase: 150, ground: 0 },
  ground: { kind: 'currents', phase: 0, ground: 150 },
  both: { kind: 'currents', phase: 150, ground: 150 },
  none: { kind: 'currents', phase: 0, ground: 0 },
  tick: { kind: 'tick' },
  trip: { kind: 'trip coil' },
  close: { kind: 'close coil' },
  jam: { kind: 'failures', contactsStuck: true, relayStuck: false },
  deaf: { kind: 'failures', contactsStuck: false, relayStuck: true },
  mend: { kind: 'failures', contactsStuck: false, relayStuck: false },
}
const ACTS: Record<string, string> = { 'open contacts': 'open', 'contacts stayed': 'stayed' }

function play(given: string, settings: InnerRelaySettings) {
  const step = innerRelay(settings)
  let state = restingRelay(settings, 'closed')
  const acts: string[] = []
  const states = given.split(' ').map(word => {
    const [name = '', at] = word.split('@')
    const amps: InnerRelayEvent = { kind: 'currents', phase: Number(name), ground: 0 }
    const next = step(state, EVENTS[name] ?? amps, instant(Number(at)))
    state = next.state
    for (const act of next.actions) {
      const verb =
        act.kind === 'close contacts' ? (act.by === 'shot' ? 'reclose' : 'close') : (ACTS[act.kind] ?? act.kind)
      acts.push(`${verb}@${at}`)
    }
    return state.phase + (isTripped(state) ? '!' : '')
  })
  return { gives: states.join(' '), acts: acts.join(' ') }
}

describe('the relay inside a device', () => {
  for (const c of cases) {
    it(c.it, () => {
      const { gives, acts } = play(c.given, c.settings ?? RELAY)
      expect(gives).toBe(c.gives)
      if (c.acts !== undefined) expect(acts).toBe(c.acts)
    })
  }
})

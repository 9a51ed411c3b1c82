import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type TripAction,
  type TripEvent,
  type TripSettings,
  tripCoordination,
  untripped,
} from '../../src/protection/trip-coordination.ts'
import { duration, type Instant, instant } from '../../topology/units.ts'
import { play } from './script.ts'

// R1 operates the recloser Q1, which is given 250 ms to interrupt.
const settings: TripSettings = { device: 'Q1', breakerFailureMs: 250, window: duration(50), eventPrefix: 'R1/7' }

// The relay's status: `idle`, `pickup`, `tripped`, `tripped+pickup`, read when it is heard; `pickup:150` asked at 150 ms
// and heard later. `silent`: the device does not answer. Announcements: `below:e:150` that Q2 below tripped,
// event e, 150 ms to interrupt; `below:e:150:R9` from another origin; `above:e`, `elsewhere:e`, `unsure:e`; `gossip-below:e`
// and `gossip-above:e` by copies that may not act. `failed:e:250`: Q2's IED says
// that its breaker has failed, which the file gives 250 ms.
function eventOf(
  [word = '', event = '', ms = '250', origin = 'R2', nearer = '0']: readonly string[],
  now: Instant,
): TripEvent {
  const announced = (device: 'below' | 'above' | 'elsewhere' | 'unknown'): TripEvent => {
    const message = { event, device: 'Q2', breakerFailureMs: Number(ms) }
    return { kind: 'announced', message, origin, device, mayAct: !word.startsWith('gossip-') }
  }
  switch (word) {
    case 'idle':
    case 'pickup':
    case 'tripped':
    case 'tripped+pickup':
      return {
        kind: 'status',
        at: event === '' ? now : instant(Number(event)),
        pickup: word.includes('pickup'),
        tripped: word.includes('tripped'),
      }
    case 'below':
    case 'above':
    case 'elsewhere':
      return announced(word)
    case 'gossip-below':
      return announced('below')
    case 'gossip-above':
      return announced('above')
    case 'unsure':
      return announced('unknown')
    case 'failed':
      return {
        kind: 'failed',
        event,
        device: 'Q2',
        origin,
        breakerFailure: duration(Number(ms)),
        nearer: duration(Number(nearer)),
      }
    case 'silent':
      return { kind: 'silent' }
    default:
      throw new Error(`no such cue: ${word}`)
  }
}
const write = (action: TripAction): string => {
  switch (action.kind) {
    case 'announce':
      return `announce:${action.tripped.event}:${action.tripped.device}:${action.tripped.breakerFailureMs}`
    case 'told':
      return `told:${action.event}${action.holds ? ':holds' : ''}`
    case 'outage-expected':
      return `outage-expected:${action.event}`
    case 'open':
      return `open:${action.cause}:${action.device}`
    case 'alarm':
      return `alarm:${action.alarm}:${action.device}`
  }
}
const run = (script: string, changed: Partial<TripSettings> = {}): string =>
  play(tripCoordination({ ...settings, ...changed }), untripped, script, eventOf, write)

const cases = [
  {
    it: 'announces its own trip once',
    given: 'idle@0 pickup@20 tripped+pickup@320 tripped@360 tripped@380',
    does: 'announce:R1/7/1:Q1:250',
  },
  {
    it: 'announces the next trip after a reset as another event',
    given: 'idle@0 tripped@20 idle@500 tripped@520',
    does: 'announce:R1/7/1:Q1:250 announce:R1/7/2:Q1:250',
  },
  { it: 'takes a trip that is latched at its start for history', given: 'tripped@0 tripped@20', does: '' },
  {
    it: 'announces the first trip after a latched one has been reset',
    given: 'tripped@0 idle@1000 tripped@2000',
    does: 'announce:R1/7/1:Q1:250',
  },
  {
    it: 'is told, and leaves it there while not picked up: a forged announcement trips nothing where there is no fault',
    given: 'idle@0 below:e:150@10 idle@160 idle@1000',
    does: 'told:e',
  },
  {
    it: 'does not hold an announcement that came before its pickup',
    given: 'idle@0 below:e:150@10 pickup@20 pickup@160',
    does: 'told:e',
  },
  {
    it: 'does not trip just before the announced breaker-failure time',
    given: 'pickup@0 below:e:150@10 pickup@159',
    does: 'told:e:holds',
  },
  {
    it: 'trips for a failed breaker at that time when its own fault element is still picked up',
    given: 'pickup@0 below:e:150@10 pickup@100 pickup@160',
    does: 'told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'lets it be once its own fault element has dropped out before that time',
    given: 'pickup@0 below:e:150@10 idle@159 idle@160',
    does: 'told:e:holds',
  },
  {
    it: 'lets it be though another fault picks up after the drop-out',
    given: 'pickup@0 below:e:150@10 idle@60 pickup@80 pickup@160',
    does: 'told:e:holds',
  },
  {
    it: 'decides nothing while the device is not read, and then by what it shows',
    given: 'pickup@0 below:e:150@10 idle@4000',
    does: 'told:e:holds',
  },
  {
    it: 'does not trip on a status that was asked for before that time, however late it is heard',
    given: 'pickup@0 below:e:150@10 pickup:159@900',
    does: 'told:e:holds',
  },
  {
    it: 'trips on a status asked for at that time, however late it is heard',
    given: 'pickup@0 below:e:150@10 pickup:160@900',
    does: 'told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'backs nobody up once the device has been silent in between',
    given: 'pickup@0 below:e:150@10 silent@50 pickup@160 pickup@200',
    does: 'told:e:holds',
  },
  {
    it: 'takes a trip that it finds after a silence for history, before and after it has read the device',
    given: 'silent@0 tripped@100 silent@200 tripped@300 idle@400 silent@500 tripped@600',
    does: '',
  },
  {
    it: 'trips once, however long its own fault element stays picked up',
    given: 'pickup@0 below:e:150@10 pickup@160 pickup@180',
    does: 'told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'hears a copy by another way once, and does not give more time for it',
    given: 'pickup@0 below:e:150@10 below:e:150@50 pickup@160',
    does: 'told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'does not hold on a copy that comes after its pickup when the first came before',
    given: 'idle@0 below:e:150@10 pickup@20 below:e:150@30 pickup@200',
    does: 'told:e',
  },
  {
    it: 'holds two devices below, each for its own time',
    given: 'pickup@0 below:e:150@10 below:f:300@20 pickup@160 pickup@320',
    does: 'told:e:holds told:f:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2 alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'takes the same event of another origin for another event: nobody can use up the name of one',
    given: 'idle@0 above:e:150:R9@1 pickup@5 below:e:150@10',
    does: 'outage-expected:e told:e:holds',
  },
  {
    it: 'tells people of what came by gossip alone, once, and backs nobody up for it',
    given: 'pickup@0 gossip-below:e:150@10 gossip-below:e:150@12 gossip-above:f@14 pickup@160 pickup@400',
    does: 'told:e outage-expected:f',
  },
  {
    it: 'backs up for the copy that may act, though gossip was there first, from when that copy came',
    given: 'pickup@0 gossip-below:e:150@10 below:e:150@20 pickup@169 pickup@170',
    does: 'told:e told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'says nothing again when the copy that may act changes nothing',
    given: 'idle@0 gossip-above:f@1 above:f@2 gossip-below:e:150@3 below:e:150@4',
    does: 'outage-expected:f told:e',
  },
  {
    it: 'backs a breaker up that is said to have failed, after one more window of its own pickup',
    given: 'pickup@0 failed:e@300 pickup@349 pickup@350',
    does: 'told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'never before the breaker could have failed: a forged one makes nobody trip sooner than a breaker takes',
    given: 'pickup@0 failed:e@10 pickup@100 pickup@249 idle@250',
    does: 'told:e:holds',
  },
  {
    it: 'waits for those nearer to it to back it up first',
    given: 'pickup@0 failed:e:250:R2:200@300 pickup@549 pickup@550',
    does: 'told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'trips for it once, though both its trip and its failure are announced, at the sooner of the two times',
    given: 'pickup@0 below:e:900@10 failed:e@300 pickup@350 idle@400',
    does: 'told:e:holds told:e:holds alarm:breaker-failure:Q2 open:breaker-failure:Q2',
  },
  {
    it: 'leaves a failed breaker alone without a pickup of its own, or when that ends within the window',
    given: 'idle@0 failed:e@10 pickup@20 pickup@400 failed:f@500 idle@549',
    does: 'told:f:holds',
  },
  { it: 'expects an outage when a device above has tripped', given: 'above:e@0 above:e@5', does: 'outage-expected:e' },
  { it: 'is not concerned by a device on another branch', given: 'pickup@0 elsewhere:e:150@10 pickup@160', does: '' },
  {
    it: 'alarms once and does not act when it cannot tell where the device is',
    given: 'pickup@0 unsure:e:150@10 unsure:e:150@20 pickup@170',
    does: 'alarm:undecided:Q2',
  },
]

describe('trip coordination', () => {
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))

  it('announces nothing at an IED whose device does not interrupt, and alarms where it cannot trip', () => {
    expect(run('idle@0 tripped@20', { device: undefined })).toBe('')
    expect(run('pickup@0 below:e:150@10 pickup@160', { device: undefined })).toBe(
      'told:e:holds alarm:breaker-failure:Q2',
    )
  })

  /** A status counts its time from when it is heard: never newer than that. */
  const anyEvent: fc.Arbitrary<TripEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('status' as const),
      at: fc.integer({ min: -300, max: 0 }).map(instant),
      pickup: fc.boolean(),
      tripped: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('announced' as const),
      message: fc.record({
        event: fc.constantFrom('e', 'f', 'g'),
        device: fc.constantFrom('Q2', 'Q3'),
        breakerFailureMs: fc.integer({ min: 1, max: 500 }),
      }),
      origin: fc.constantFrom('R2', 'R3'),
      device: fc.constantFrom('below' as const, 'above' as const, 'elsewhere' as const, 'unknown' as const),
      mayAct: fc.boolean(),
    }),
    fc.constant({ kind: 'silent' as const }),
  )

  it('whatever happens, trips for a failed breaker only when pickup was there from the announcement to a look after its time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), anyEvent), { maxLength: 60 }), events => {
        const step = tripCoordination(settings)
        let state = untripped
        let now = 0
        let pickupSince: number | undefined
        let announced: { event: string; device: string; at: number; ms: number }[] = []
        for (const [gap, given] of events) {
          now += gap
          const event = given.kind === 'status' ? { ...given, at: instant(now + given.at) } : given
          if (event.kind === 'status') pickupSince = event.pickup ? (pickupSince ?? now) : undefined
          if (event.kind === 'silent') pickupSince = undefined
          if (event.kind === 'announced' && event.device === 'below' && event.mayAct) {
            const { event: name, device, breakerFailureMs: ms } = event.message
            announced = [...announced, { event: name, device, at: now, ms }]
          }
          const next = step(state, event, instant(now))
          state = next.state
          for (const action of next.actions) {
            if (action.kind !== 'open' || action.cause !== 'breaker-failure') continue
            const since = pickupSince ?? Number.POSITIVE_INFINITY
            const seen = event.kind === 'status' ? event.at : Number.NEGATIVE_INFINITY
            expect(
              announced.some(
                each =>
                  each.event === action.event &&
                  each.device === action.device &&
                  since <= each.at &&
                  each.at + each.ms <= seen,
              ),
            ).toBe(true)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('whatever happens, each rise of the trip status between two looks without a silence is announced, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), events => {
        const step = tripCoordination(settings)
        let state = untripped
        let last: boolean | undefined
        events.forEach((event, now) => {
          const rises = event.kind === 'status' && event.tripped && last === false
          if (event.kind === 'status') last = event.tripped
          if (event.kind === 'silent') last = undefined
          const next = step(state, event, instant(now))
          state = next.state
          expect(next.actions.filter(({ kind }) => kind === 'announce')).toHaveLength(rises ? 1 : 0)
        })
      }),
    )
  })
})

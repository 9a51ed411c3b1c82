import { describe, expect, it } from 'vitest'
import { tightened, tripStages } from '../../src/protection/der-ride-through.ts'
import { type DerSeen, derAtRest, derTrip } from '../../src/protection/der-trip.ts'
import { instant } from '../../topology/units.ts'

// Category II at 60 Hz; the contactor takes 60 ms. Values come each 10 ms.
const EVERY = 10
const settings = { stages: tripStages('II', 60), openingMs: 60, staleMs: 50 }

/** @param shown what is measured from which ms on, to the next entry @returns when which stage tripped */
function run(shown: readonly [number, DerSeen | undefined][], untilMs: number, given = settings): string {
  let state = derAtRest
  const trips: string[] = []
  for (let now = 0; now <= untilMs; now += EVERY) {
    const seen = shown.filter(([from]) => from <= now).at(-1)?.[1]
    if (seen === undefined) continue
    const next = derTrip(state, seen, given, instant(now))
    state = next.state
    for (const { stage } of next.actions) trips.push(`${stage}@${now}`)
  }
  return trips.join(' ')
}
const volts = (pu: number, hz = 60): DerSeen => ({ least: pu, greatest: pu, hz })
const good = volts(1)

describe('the abnormal-voltage trip of a generator', () => {
  const cases: { it: string; shown: [number, DerSeen | undefined][]; until: number; does: string }[] = [
    { it: 'stays at the limit', shown: [[0, volts(1.2)]], until: 1000, does: '' },
    {
      it: 'is off 160 ms after the voltage has passed 1.2, the opening included',
      shown: [[0, volts(1.21)]],
      until: 500,
      does: 'OV2@100',
    },
    { it: 'is off after two seconds above 1.1', shown: [[0, volts(1.15)]], until: 3000, does: 'OV1@1940' },
    { it: 'is off after ten seconds below 0.7', shown: [[0, volts(0.69)]], until: 12_000, does: 'UV1@9940' },
    { it: 'is off 160 ms after the voltage has passed 0.45', shown: [[0, volts(0.44)]], until: 500, does: 'UV2@100' },
    {
      it: 'stays when the voltage is back just before',
      shown: [
        [0, volts(0.44)],
        [90, good],
      ],
      until: 500,
      does: '',
    },
    {
      it: 'begins anew when it was back in between',
      shown: [
        [0, volts(0.44)],
        [90, good],
        [100, volts(0.44)],
      ],
      until: 500,
      does: 'UV2@200',
    },
    {
      it: 'times each stage for itself: the slow one goes on while the fast one begins',
      shown: [
        [0, volts(0.6)],
        [9900, volts(0.4)],
      ],
      until: 12_000,
      does: 'UV1@9940',
    },
    { it: 'judges the lowest phase', shown: [[0, { least: 0.3, greatest: 1, hz: 60 }]], until: 500, does: 'UV2@100' },
    { it: 'judges the highest phase', shown: [[0, { least: 1, greatest: 1.3, hz: 60 }]], until: 500, does: 'OV2@100' },
    {
      it: 'trips once while it lasts, and anew after it was good',
      shown: [
        [0, volts(0.3)],
        [1000, good],
        [2000, volts(0.3)],
      ],
      until: 3000,
      does: 'UV2@100 UV2@2100',
    },
    {
      it: 'times nothing while the value is not known',
      shown: [
        [0, volts(0.3)],
        [50, {}],
        [250, good],
      ],
      until: 500,
      does: '',
    },
    {
      it: 'begins anew after a gap in the values',
      shown: [
        [0, volts(0.3)],
        [50, undefined],
        [300, volts(0.3)],
      ],
      until: 500,
      does: 'UV2@400',
    },
    { it: 'is off after 160 ms of a frequency above 62 Hz', shown: [[0, volts(1, 62.1)]], until: 500, does: 'OF2@100' },
    {
      it: 'is off after 160 ms of a frequency below 56.5 Hz',
      shown: [[0, volts(1, 56.4)]],
      until: 500,
      does: 'UF2@100',
    },
    { it: 'measures no frequency at a low voltage', shown: [[0, volts(0.46, 50)]], until: 1000, does: '' },
  ]
  for (const c of cases) it(c.it, () => expect(run(c.shown, c.until)).toBe(c.does))

  it('is faster while no transfer trip would be heard', () => {
    const tight = { ...settings, stages: tightened(settings.stages) }
    expect(run([[0, volts(0.8)]], 12_000)).toBe('')
    expect(run([[0, volts(0.8)]], 12_000, tight)).toBe('UV1@1940')
    expect(run([[0, volts(1, 61.5)]], 12_000, tight)).toBe('OF1@1940')
  })
})

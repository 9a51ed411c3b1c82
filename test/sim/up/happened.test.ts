// What a scenario expects of the field is judged by what devices did and agents reported, on one clock.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { DeviceHistory } from '../../../sim/devices/device-host.ts'
import type { PlayedInField } from '../../../sim/up/field-step.ts'
import { happened, judgeHappened } from '../../../sim/up/happened.ts'
import { parseScenario } from '../../../sim/up/scenario.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { instant } from '../../../topology/units.ts'

const path = 'topology/feeders/ieee13.yaml'
const feeder = parseFeeder(readFileSync(path, 'utf8'), path)
/** When the scenario began, of a clock that has run for long. */
const BEGAN = 500_000

const scenario = parseScenario(
  JSON.stringify({
    feedermesh: 1,
    feeder: 'ieee13',
    steps: [
      { atSeconds: 1, name: 'dig', fault: { section: 's692-675' } },
      { atSeconds: 9, name: 'later', operate: { device: 'R675', to: 'closed' } },
    ],
    expect: [
      { name: 'trips', trips: 'R675', after: 'dig', withinMs: 150 },
      { name: 'opens', opens: 'R675', after: 'dig', withinMs: 200 },
      { name: 'others', staysClosed: ['R632'], after: 'dig', forSeconds: 2 },
      {
        name: 'by answer',
        happens: { event: 'operated', by: 'recloser-675', where: { cause: 'interlock' } },
        after: 'dig',
        withinMs: 200,
      },
      { name: 'quiet', doesNotHappen: { event: 'alarm' } },
      { name: 'dark', interrupted: ['load-675'], after: 'dig', withinSeconds: 3, forAtLeastSeconds: 1 },
      { name: 'of another step', closes: 'R675', after: 'later', withinMs: 100 },
    ],
  }),
  'my.yaml',
  feeder,
)
const dig: PlayedInField = { name: 'dig', action: 'fault', words: '', atMs: BEGAN + 1000 }

function judged(history: Partial<DeviceHistory>, reports: readonly [string, number, object][]) {
  const seen = happened(scenario)
  for (const [event, atMs, fields] of reports) seen.note('recloser-675', { event, atMs: BEGAN + atMs, ...fields })
  const verdicts = judgeHappened({
    scenario,
    feeder,
    played: new Map([['dig', dig]]),
    events: seen.events,
    history: { events: [], supply: [], ...history },
    beganMs: BEGAN,
    endMs: BEGAN + 8000,
  })
  return Object.fromEntries(verdicts.map(({ name, ok, measured }) => [name, { ok, measured }]))
}
const fieldEvent = (kind: 'trip' | 'open', device: string, atMs: number) => ({
  kind,
  device,
  at: instant(BEGAN + atMs),
})
const load = feeder.loads.find(({ name }) => name === 'load-675') ?? feeder.loads[0]

describe('what was expected', () => {
  it('is met, with the time from the step, whatever the clock shows', () => {
    const events = [fieldEvent('trip', 'R675', 1100), fieldEvent('open', 'R675', 1150)]
    const verdicts = judged({ events }, [['operated', 1102, { cause: 'interlock', travelMs: 50 }]])
    expect(verdicts.trips).toEqual({ ok: true, measured: 'after 100.0 ms' })
    expect(verdicts.opens).toEqual({ ok: true, measured: 'after 150.0 ms' })
    expect(verdicts['by answer']).toEqual({ ok: true, measured: 'once, first after 102.0 ms (travelMs 50)' })
    expect(verdicts.others?.ok).toBe(true)
    expect(verdicts.quiet?.ok).toBe(true)
  })

  it('is not met when it came too late, not at all, or from another device', () => {
    const events = [
      fieldEvent('trip', 'R632', 1100),
      fieldEvent('open', 'R632', 1150),
      fieldEvent('open', 'R675', 1300),
    ]
    const verdicts = judged({ events }, [
      ['operated', 1102, { cause: 'upstream-open' }],
      ['alarm', 1200, { alarm: 'x' }],
    ])
    expect(verdicts.trips?.measured).toBe('it did not trip; in its place: R632')
    for (const name of ['trips', 'opens', 'others', 'by answer', 'quiet', 'dark'])
      expect(verdicts[name]?.ok).toBe(false)
  })

  it('counts interruptions from the contacts, and one that is too short is none', () => {
    const change = (atMs: number, supplied: boolean) => ({
      atMs: BEGAN + atMs,
      load: load?.name ?? '',
      customers: 1,
      supplied,
    })
    expect(judged({ supply: [change(1150, false)] }, []).dark?.ok).toBe(true)
    expect(judged({ supply: [change(1150, false), change(1950, true)] }, []).dark?.ok).toBe(false)
  })

  it('is judged for steps that were played alone', () => {
    expect(Object.keys(judged({}, []))).not.toContain('of another step')
  })

  it('keeps no report that nobody asks for', () => {
    const seen = happened(scenario)
    seen.note('meter-675', { event: 'collected', atMs: 1 })
    expect(seen.events).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { noForecast, tripForecast } from '../../src/protection/trip-forecast.ts'
import { instant } from '../../topology/units.ts'

// A recloser that trips 800 ms after pickup and recloses after 500 ms and 2 s; its shots begin anew after 10 s.
const step = tripForecast({ tripMs: () => 800, deadTimesMs: [500, 2000], resetMs: 10_000 })
/** `pickup`, `tripped`, `quiet` of each status. */
function run(script: string, core = step): string {
  let state = noForecast
  const said: string[] = []
  for (const cue of script.split(' ')) {
    const [what, at] = cue.split('@')
    const seen = { pickup: what === 'pickup', tripped: what === 'tripped' }
    const next = core(state, seen, instant(Number(at)))
    state = next.state
    const { forecast } = next
    said.push(forecast === undefined ? '-' : `${forecast.arrivesInMs ?? '?'}/${forecast.lastsMs ?? '?'}`)
  }
  return said.join(' ')
}

describe('when the own device will trip', () => {
  it('is counted down from the pickup, with the next dead time', () => {
    expect(run('quiet@0 pickup@100 pickup@120 pickup@900 pickup@950')).toBe('- 800/500 780/500 0/500 0/500')
  })
  it('counts anew at the next pickup, and knows the shot; after the last one nobody knows', () => {
    expect(run('pickup@0 tripped@800 quiet@1300 pickup@1320 tripped@2120 pickup@4200')).toBe(
      '800/500 - - 800/2000 - 800/?',
    )
  })
  it('begins its shots anew after the reset time', () => {
    expect(run('pickup@0 tripped@800 quiet@1300 quiet@10799 pickup@10800')).toBe('800/500 - - - 800/2000')
    expect(run('pickup@0 tripped@800 quiet@1300 quiet@10800 pickup@10900')).toBe('800/500 - - - 800/500')
  })
  it('is not said where the time is not known', () => {
    const unknown = tripForecast({ tripMs: () => undefined, deadTimesMs: [], resetMs: 0 })
    expect(run('pickup@0', unknown)).toBe('?/?')
    expect(run('pickup@0', tripForecast({ tripMs: () => Number.POSITIVE_INFINITY, deadTimesMs: [], resetMs: 0 }))).toBe(
      '?/?',
    )
  })
})

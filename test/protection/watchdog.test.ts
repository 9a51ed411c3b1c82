import { describe, expect, it } from 'vitest'
import { newWatchdog, type WatchdogEvent, watchdog } from '../../src/protection/watchdog.ts'
import { duration, instant } from '../../topology/units.ts'

const settings = { every: duration(1000), lateness: duration(250), statusWithin: duration(2000) }

/** What comes in at which millisecond, and what must come out; that it wants to be woken a period later is taken for granted. */
function play(
  script: readonly (readonly [atMs: number, event: WatchdogEvent | 'start' | 'tick' | 'status', out: string])[],
) {
  const step = watchdog(settings)
  let state = newWatchdog
  for (const [atMs, given, out] of script) {
    const event = typeof given === 'string' ? ({ kind: given } as const) : given
    const next = step(state, event, instant(atMs))
    state = next.state
    const wakes = next.actions.flatMap(action => (action.kind === 'wake' ? [action.at] : []))
    expect(wakes).toEqual(wakes.map(() => atMs + 1000))
    const said = next.actions.filter(({ kind }) => kind !== 'wake')
    const words = said.map(action => (action.kind === 'late' ? `late: ${action.why}` : action.kind))
    expect([atMs, words.join()]).toEqual([atMs, out])
  }
}

describe('the watchdog', () => {
  it('is fed at the start and at each tick that is on time', () => {
    play([
      [0, 'start', 'feed'],
      [900, 'status', ''],
      [1000, 'tick', 'feed'],
      [1900, 'status', ''],
      [2250, 'tick', 'feed'],
      [3250, 'tick', 'feed'],
    ])
  })

  it('is not fed by a tick that comes late, says so once, and again when it was on time in between', () => {
    play([
      [0, 'start', 'feed'],
      [1251, 'tick', 'late: the loop ran 251 ms late'],
      [1260, 'status', ''],
      [3000, 'tick', ''],
      [3010, 'status', ''],
      [4000, 'tick', 'on-time,feed'],
      [5400, 'tick', 'late: the loop ran 400 ms late'],
    ])
  })

  it('is not fed while no status is read of a device that answers', () => {
    play([
      [0, 'start', 'feed'],
      [1000, 'tick', 'feed'],
      [2000, 'tick', 'feed'],
      [3000, 'tick', 'late: no status of the device was read for 3000 ms'],
      [3500, 'status', ''],
      [4000, 'tick', 'on-time,feed'],
    ])
  })

  it('is fed while the device is known to be silent, and has its time anew when it answers again', () => {
    play([
      [0, 'start', 'feed'],
      [500, { kind: 'device', answering: false }, ''],
      [1000, 'tick', 'feed'],
      [2000, 'tick', 'feed'],
      [3000, 'tick', 'feed'],
      [3500, { kind: 'device', answering: true }, ''],
      [4000, 'tick', 'feed'],
      [5000, 'tick', 'feed'],
      [6000, 'tick', 'late: no status of the device was read for 2500 ms'],
    ])
  })

  it('takes a tick that comes early or twice for nothing', () => {
    const step = watchdog(settings)
    const started = step(newWatchdog, { kind: 'start' }, instant(0)).state
    expect(step(started, { kind: 'tick' }, instant(999))).toEqual({ state: started, actions: [] })
    expect(step(newWatchdog, { kind: 'tick' }, instant(5)).actions).toEqual([])
  })

  it('minds no status where there is no device', () => {
    const step = watchdog({ ...settings, statusWithin: undefined })
    let { state } = step(newWatchdog, { kind: 'start' }, instant(0))
    for (let atMs = 1000; atMs <= 20_000; atMs += 1000) {
      const next = step(state, { kind: 'tick' }, instant(atMs))
      state = next.state
      expect(next.actions.map(({ kind }) => kind)).toEqual(['feed', 'wake'])
    }
  })
})

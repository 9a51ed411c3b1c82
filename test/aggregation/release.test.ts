import { describe, expect, it } from 'vitest'
import type { RecordClass } from '../../src/aggregation/record.ts'
import {
  type ClassModes,
  defaultModes,
  type ReleaseEvent,
  release,
  releaseStart,
  untilDue,
} from '../../src/aggregation/release.ts'
import { instant } from '../../topology/units.ts'

const modes: ClassModes = {
  ...defaultModes,
  billing: { mode: 'scheduled', everySeconds: 900 },
  reliability: { mode: 'realTime' },
  waveform: { mode: 'polled' },
}

function play(...script: [at: number, event: ReleaseEvent][]): string {
  let state = releaseStart(0)
  const log: string[] = []
  for (const [at, event] of script) {
    const next = release(modes)(state, event, instant(at))
    state = next.state
    const isSent = next.actions.some(({ kind }) => kind === 'sendNow')
    const wake = next.actions.find(each => each.kind === 'wake')
    log.push(`${state.upTo}${isSent ? ' now' : ''}${wake?.kind === 'wake' ? ` wake ${wake.at}` : ''}`)
  }
  return log.join(', ')
}

const record = (number: number, recordClass: RecordClass, utcMs = 0): ReleaseEvent => {
  return { kind: 'appended', number, recordClass, utcMs }
}
const tick: ReleaseEvent = { kind: 'tick' }

describe('when records are due', () => {
  it.each<[string, [number, ReleaseEvent][], string]>([
    ['a class without a mode of its own goes with the next round', [[0, record(1, 'powerQuality')]], '1'],
    [
      'a scheduled class waits for the end of the period, all of it',
      [
        [0, record(1, 'billing', 800_000)],
        [50_000, record(2, 'billing', 850_000)],
        [99_999, tick],
        [100_000, tick],
      ],
      '0 wake 100000, 0 wake 100000, 0 wake 100000, 2',
    ],
    [
      'a clock that steps back holds nothing up',
      [
        [0, record(1, 'billing', 800_000)],
        [50_000, record(2, 'billing', 100)],
        [100_000, tick],
      ],
      '0 wake 100000, 0 wake 100000, 2',
    ],
    [
      'an event goes at once and takes along what is before it',
      [
        [0, record(1, 'billing', 1)],
        [10, record(2, 'tamper')],
      ],
      '0 wake 899999, 2 now',
    ],
    [
      'a burst of events is one delivery, and then another',
      [
        [0, record(1, 'tamper')],
        [10, record(2, 'tamper')],
        [20, record(3, 'tamper')],
        [999, tick],
        [1000, tick],
        [1001, tick],
      ],
      '1 now, 2 wake 1000, 3 wake 1000, 3 wake 1000, 3 now, 3',
    ],
    [
      'each record of real time goes by itself',
      [
        [0, record(1, 'reliability')],
        [1, record(2, 'reliability')],
      ],
      '1 now, 2 now',
    ],
    [
      'what is polled waits until it is asked for',
      [
        [0, record(1, 'waveform')],
        [3_600_000, tick],
        [3_600_001, { kind: 'asked', head: 1 }],
      ],
      '0, 0, 1 now',
    ],
  ])('%s', (_, script, expected) => {
    expect(play(...script)).toBe(expected)
  })

  it('times of the day are of UTC, and the next of them counts', () => {
    const at = (time: number) => untilDue({ mode: 'scheduled', at: ['06:00', '18:30'] }, time)
    expect(at(0)).toBe(6 * 3_600_000)
    expect(at(6 * 3_600_000)).toBe(12.5 * 3_600_000)
    expect(at(20 * 3_600_000)).toBe(10 * 3_600_000)
    expect(untilDue({ mode: 'scheduled', everySeconds: 60, at: ['00:05'] }, 30_000)).toBe(30_000)
  })
})

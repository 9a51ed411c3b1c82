// What is kept, from when to when, for which triggers.

import { describe, expect, it } from 'vitest'
import {
  faultRecorder,
  quietRecorder,
  type RecorderAction,
  type RecorderEvent,
  type RecorderState,
  type Recording,
  type Samples,
  type TriggerKind,
} from '../../src/protection/fault-recorder.ts'
import { layOut } from '../../src/protection/lay-out-recording.ts'
import { duration, instant, utcMs } from '../../topology/units.ts'

/** 50 Hz at 1000 samples a second: a block of half a cycle has 10. Each value is the moment in ms at which it was taken. */
const block = (atMs: number, changes: Partial<Samples> = {}): Samples => ({
  at: instant(atMs),
  utc: utcMs(1_000_000 + atMs),
  samplesPerSecond: 1000,
  lost: 0,
  volts: { a: Float64Array.from({ length: 10 }, (_, n) => atMs + n) },
  amps: {},
  ...changes,
})
const settings = { preTrigger: duration(200), postTrigger: duration(100), longest: duration(1000) }

function recorder(given = settings) {
  const step = faultRecorder(given)
  let state: RecorderState = quietRecorder
  const actions: RecorderAction[] = []
  let now = 0
  function feed(event: RecorderEvent): void {
    const next = step(state, event, instant(now))
    state = next.state
    actions.push(...next.actions)
  }
  return {
    feed,
    /** Samples up to this moment, in blocks that are handed over when they are full. */
    samplesUntil(ms: number, changes?: Partial<Samples>) {
      for (; now + 10 <= ms; ) {
        now += 10
        feed({ kind: 'samples', block: block(now - 10, changes) })
      }
    },
    silenceUntil(ms: number) {
      now = ms
    },
    trigger(kind: TriggerKind = 'pickup', at = now, words: string = kind) {
      feed({ kind: 'trigger', trigger: { kind, at: instant(at), words } })
    },
    kept: (): Recording[] => actions.flatMap(action => (action.kind === 'keep' ? [action.recording] : [])),
    passedOver: () => actions.flatMap(action => (action.kind === 'passed-over' ? [action.because] : [])),
    wakes: () => actions.flatMap(action => (action.kind === 'wake' ? [action.at] : [])),
    state: () => state,
  }
}

const span = (recording: Recording | undefined): number[] => {
  const values = recording && layOut(recording)?.analog[0]?.values
  return values === undefined ? [] : [values[0] ?? 0, values.at(-1) ?? 0, values.length]
}

describe('the fault recorder', () => {
  it('keeps what came before the trigger, and what comes behind it', () => {
    const { samplesUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    trigger()
    samplesUntil(5090)
    expect(kept()).toEqual([])
    samplesUntil(5100)
    expect(span(kept()[0])).toEqual([4800, 5099, 300])
    samplesUntil(9000)
    expect(kept()).toHaveLength(1)
  })

  it('begins where the event began, not where it was noticed', () => {
    const { samplesUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    trigger('powerQuality', 4965)
    samplesUntil(6000)
    expect(span(kept()[0])).toEqual([4765, 5064, 300])
    expect(kept()[0]?.triggers).toEqual([{ kind: 'powerQuality', at: 4965, words: 'powerQuality' }])
  })

  it('does not believe a beginning that is long ago, or to come', () => {
    for (const [said, from] of [
      [0, 3800],
      [99_999, 4800],
    ] as const) {
      const { samplesUntil, trigger, kept } = recorder()
      samplesUntil(5000)
      trigger('powerQuality', said)
      samplesUntil(6000)
      expect(span(kept()[0])[0]).toBe(from)
    }
  })

  it('goes by the samples where they are ahead of the clock, as those of a recording that is played at once', () => {
    const { feed, trigger, kept } = recorder()
    for (let ms = 0; ms < 5000; ms += 10) feed({ kind: 'samples', block: block(ms) })
    trigger('powerQuality', 4900) // by the clock it is 0
    for (let ms = 5000; ms < 6000; ms += 10) feed({ kind: 'samples', block: block(ms) })
    expect(span(kept()[0])).toEqual([4700, 4999, 300])
  })

  it('makes one record of triggers that overlap', () => {
    const { samplesUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    trigger('pickup')
    samplesUntil(5080)
    trigger('trip')
    samplesUntil(6000)
    expect(kept().map(({ triggers }) => triggers.map(({ kind }) => kind))).toEqual([['pickup', 'trip']])
    expect(span(kept()[0])).toEqual([4800, 5179, 380])
  })

  it('makes two of triggers that do not, the second with its own past', () => {
    const { samplesUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    trigger()
    samplesUntil(5150)
    trigger()
    samplesUntil(6000)
    expect(kept().map(span)).toEqual([
      [4800, 5099, 300],
      [4950, 5249, 300],
    ])
  })

  it('ends a record that is as long as it may be, and goes on with another', () => {
    const { samplesUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    for (let ms = 5000; ms < 7000; ms += 50) {
      trigger()
      samplesUntil(ms + 50)
    }
    expect(kept().map(span)).toEqual([
      [4800, 5799, 1000],
      [5600, 6599, 1000],
    ])
    expect(kept()[0]?.triggers.every(({ at }) => at < 5800)).toBe(true)
  })

  it('has no more past than there is', () => {
    const { samplesUntil, trigger, kept } = recorder()
    samplesUntil(50)
    trigger()
    samplesUntil(500)
    expect(span(kept()[0])).toEqual([0, 149, 150])
  })

  it('records nothing of a device without samples, or one that fell silent', () => {
    const without = recorder()
    without.trigger()
    expect(without.passedOver()).toEqual(['no-samples'])
    const silent = recorder()
    silent.samplesUntil(100)
    silent.silenceUntil(1101)
    silent.trigger()
    expect(silent.passedOver()).toEqual(['no-samples'])
    expect(silent.state().phase).toBe('watching')
  })

  it('ends by the clock when samples stop, with what there is', () => {
    const { samplesUntil, silenceUntil, trigger, feed, kept, wakes } = recorder()
    samplesUntil(5000)
    trigger()
    samplesUntil(5030)
    expect(wakes()).toEqual([6100])
    silenceUntil(6099)
    feed({ kind: 'tick' })
    expect(kept()).toEqual([])
    silenceUntil(6100)
    feed({ kind: 'tick' })
    expect(span(kept()[0])).toEqual([4800, 5029, 230])
  })

  it('ends at a long gap, and keeps nothing of before it', () => {
    const { samplesUntil, silenceUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    trigger()
    silenceUntil(7000)
    samplesUntil(7010)
    expect(span(kept()[0])).toEqual([4800, 4999, 200])
    trigger()
    samplesUntil(8000)
    expect(span(kept()[1])).toEqual([7000, 7109, 110])
  })

  it('shows a short gap as missing samples', () => {
    const { samplesUntil, silenceUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    trigger()
    silenceUntil(5020)
    samplesUntil(5030, { lost: 20 })
    samplesUntil(5200)
    const values = layOut(kept()[0] ?? expect.unreachable())?.analog[0]?.values ?? expect.unreachable()
    expect(values).toHaveLength(300)
    expect([...values.keys()].filter(row => Number.isNaN(values[row]))).toEqual(
      Array.from({ length: 20 }, (_, n) => 200 + n),
    )
    expect(values[220]).toBe(5020)
  })

  it('keeps what is being recorded when the agent ends', () => {
    const { samplesUntil, trigger, feed, kept } = recorder()
    samplesUntil(5000)
    feed({ kind: 'stop' })
    expect(kept()).toEqual([])
    trigger()
    samplesUntil(5010)
    feed({ kind: 'stop' })
    expect(span(kept()[0])).toEqual([4800, 5009, 210])
  })

  it('is not worn out by a trigger that flutters: 60 records an hour', () => {
    const { samplesUntil, trigger, kept, passedOver } = recorder()
    for (let count = 1; count <= 70; count++) {
      samplesUntil(count * 1000)
      trigger()
    }
    samplesUntil(71_000)
    expect([kept().length, passedOver()]).toEqual([60, Array(10).fill('too-many')])
    samplesUntil(3_601_000)
    trigger()
    samplesUntil(3_602_000)
    expect(kept()).toHaveLength(61)
  })

  it('holds no more than the triggers can reach, and no more than its bound at any rate', () => {
    const { samplesUntil, state } = recorder()
    samplesUntil(60_000)
    expect(state().blocks.length).toBeLessThanOrEqual(122)
    const absurd = recorder()
    const values = new Float64Array(100_000)
    for (let count = 0; count < 40; count++) {
      absurd.feed({ kind: 'samples', block: block(count * 0.1, { samplesPerSecond: 1e9, volts: { a: values } }) })
    }
    expect(absurd.state().blocks.length).toBeLessThanOrEqual(11)
  })

  it('lists 32 triggers of a record and counts the others', () => {
    const { samplesUntil, trigger, kept } = recorder()
    samplesUntil(5000)
    for (let count = 0; count < 40; count++) trigger()
    samplesUntil(6000)
    expect([kept()[0]?.triggers.length, kept()[0]?.moreTriggers]).toEqual([32, 8])
  })

  it('has contacts beside the samples, from before the record on', () => {
    const { samplesUntil, trigger, feed, kept } = recorder()
    samplesUntil(100)
    feed({ kind: 'bit', change: { at: instant(100), name: 'closed', value: true } })
    samplesUntil(5000)
    feed({ kind: 'bit', change: { at: instant(5000), name: 'pickup', value: true } })
    trigger()
    samplesUntil(5050)
    feed({ kind: 'bit', change: { at: instant(5045), name: 'closed', value: false } })
    samplesUntil(6000)
    const columns = layOut(kept()[0] ?? expect.unreachable())?.digital ?? []
    const changes = columns.map(({ name, values }) => [
      name,
      values[0],
      values.findIndex((value, row) => value !== values[row ? row - 1 : 0]),
    ])
    expect(changes).toEqual([
      ['closed', 1, 245],
      ['pickup', 0, 200],
    ])
  })

  it('has a rate for each stretch, and the channels of all of them', () => {
    const { samplesUntil, trigger, kept, feed, silenceUntil } = recorder()
    samplesUntil(5000)
    trigger()
    silenceUntil(5020)
    feed({
      kind: 'samples',
      block: block(5000, {
        samplesPerSecond: 500,
        amps: { b: new Float64Array(10) },
        digitals: { d: new Uint8Array(10).fill(1) },
      }),
    })
    samplesUntil(5200)
    const columns = layOut(kept()[0] ?? expect.unreachable()) ?? expect.unreachable()
    expect(columns.rates).toEqual([
      { hz: 1000, lastSample: 200 },
      { hz: 500, lastSample: 210 },
      { hz: 1000, lastSample: 290 },
    ])
    expect(columns.analog.map(({ quantity, phase }) => quantity + phase)).toEqual(['voltsa', 'ampsb'])
    expect([columns.analog[1]?.values[199], columns.analog[1]?.values[200]]).toEqual([Number.NaN, 0])
    expect(columns.digital[0]?.values.reduce((sum, bit) => sum + bit, 0)).toBe(10)
    expect([columns.at, columns.utcMs]).toEqual([4800, 1_004_800])
  })
})

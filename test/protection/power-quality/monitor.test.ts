import { describe, expect, it } from 'vitest'
import type { PowerQualityEvent } from '../../../src/protection/power-quality/event.ts'
import { type QualityMonitor, qualityMonitor } from '../../../src/protection/power-quality/monitor.ts'
import type { Samples } from '../../../src/protection/power-quality/samples.ts'
import { type QualitySettings, qualityDefaults } from '../../../src/protection/power-quality/settings.ts'
import { instant, utcMs } from '../../../topology/units.ts'
import { type Course, hasWaveforms, readAscii, stretches, threePhases, UTC, WAVEFORMS, wave } from './waves.ts'

const RATE = 6400
const settings: QualitySettings = { ...qualityDefaults, nominalVolts: 230, nominalHz: 50 }
const START = 1000

function played(samples: Iterable<Samples>, monitor: QualityMonitor = qualityMonitor(settings)) {
  const events: PowerQualityEvent[] = []
  const tenMinutes = []
  for (const each of samples) {
    const taken = monitor.take(each)
    events.push(...taken.events)
    tenMinutes.push(...taken.tenMinutes)
  }
  return { events, tenMinutes, monitor }
}
const of = (events: readonly PowerQualityEvent[], kind: string) => events.filter(event => event.kind === kind)
const words = (events: readonly PowerQualityEvent[]) =>
  events.map(({ phase, kind, severity }) => `${kind} ${phase} ${severity}`)

const course =
  (rms: Course, seconds = 2, hz = 50) =>
  (size?: number) =>
    stretches({ volts: threePhases({ samplesPerSecond: RATE, seconds, hz, rms }) }, RATE, size, START)
/** Of all phases. */
const sagTo =
  (pu: number, from: number, to: number): Course =>
  t =>
    230 * (t >= from && t < to ? pu : 1)

describe('the power-quality monitor', () => {
  it.each([
    ['at nominal', 230, 50, []],
    ['low but in the band', 210, 49.8, []],
    ['high but in the band', 250, 50.4, []],
    [
      'with harmonics',
      230,
      50.1,
      [
        [3, 0.04],
        [5, 0.05],
      ],
    ],
  ] as const)('raises nothing while the voltage is steady: %s', (_, rms, hz, harmonics) => {
    const volts = threePhases({ samplesPerSecond: RATE, seconds: 5, hz, rms, harmonics })
    const { events, monitor } = played(stretches({ volts }, RATE))
    expect(events).toEqual([])
    const { window } = monitor.present()
    expect(window['volts.a']).toBeCloseTo(
      rms * Math.sqrt(1 + harmonics.reduce((sum, [, share]) => sum + share ** 2, 0)),
      1,
    )
    expect(window.hz).toBeCloseTo(hz, 3)
    expect(window.u2).toBeLessThan(0.0005)
  })

  it('sees a sag of all phases: deep in its first half cycle, with its durations and its category', () => {
    const { events } = played(course(sagTo(0.6, 0.5, 0.6))())
    const [begins] = of(events, 'sag')
    const ends = of(events, 'sag').at(-1)
    expect(begins).toMatchObject({ phase: 'begins', resolution: 'samples' })
    expect((begins as PowerQualityEvent).detectedAt - START).toBeLessThanOrEqual(520)
    if (ends?.phase !== 'ends') throw new Error('no end')
    expect(ends.channels).toEqual(['volts.a', 'volts.b', 'volts.c'])
    expect(ends.extremePu).toBeCloseTo(0.6, 3)
    expect(ends.category).toBe('instantaneous')
    expect(ends.durationMs).toBeGreaterThan(100)
    expect(ends.durationMs).toBeLessThan(120)
    expect(ends.outerDurationMs - ends.durationMs).toBeCloseTo(20, 1)
    expect(ends.startedUtcMs - UTC).toBe(Math.round(ends.startedAt))
    expect(ends.id).toBe(begins?.id)
    expect(ends.severity).toBe('warning') // for 110 ms; it was judged as longer while it lasted
    expect(of(events, 'sag').map(({ phase }) => phase)).toEqual(['begins', 'worsens', 'ends'])
  })

  // Wherever in the wave it begins, in one phase or three.
  it.each(Array.from({ length: 16 }, (_, n) => [n]))(
    'knows of a deep sag within a cycle of its onset (%i sixteenths of a cycle)',
    n => {
      const onset = 0.5 + (n / 16) * 0.02
      const hit: Course = (t, phase) => 230 * (t >= onset && t < 0.7 && (n % 2 === 0 || phase === 'b') ? 0.3 : 1)
      const { events } = played(course(hit)(8))
      const first = events.find(
        ({ kind, severity }) =>
          (kind === 'sag' || kind === 'impending') && (severity === 'alert' || severity === 'alarm'),
      )
      expect(first).toBeDefined()
      const late = (first as PowerQualityEvent).detectedAt - START - onset * 1000
      expect(late).toBeGreaterThan(0)
      expect(late).toBeLessThanOrEqual(20.2)
    },
  )

  it('sees an interruption within a sag, and both end', () => {
    const { events } = played(course(sagTo(0.02, 0.5, 1.2))())
    expect(words(of(events, 'interruption'))).toEqual(['interruption begins alarm', 'interruption ends alarm'])
    expect(of(events, 'interruption').at(-1)).toMatchObject({ category: 'momentary' })
    expect(of(events, 'sag').at(-1)).toMatchObject({ phase: 'ends', category: 'momentary', severity: 'alarm' })
  })

  it('does not call it an interruption while one phase has voltage', () => {
    const { events } = played(course((t, phase) => (t > 0.5 && t < 0.8 && phase !== 'c' ? 2 : 230))())
    expect(of(events, 'interruption')).toEqual([])
    expect(of(events, 'sag').at(-1)?.channels).toEqual(['volts.a', 'volts.b'])
  })

  it('sees a swell', () => {
    const { events } = played(course(sagTo(1.25, 0.5, 0.9))())
    expect(of(events, 'swell').at(-1)).toMatchObject({ phase: 'ends', severity: 'alert', category: 'instantaneous' })
    expect(of(events, 'swell').at(-1)?.extremePu).toBeCloseTo(1.25, 3)
  })

  it.each([
    ['just above the threshold', 0.905, 0],
    ['just below the threshold', 0.895, 1],
  ])('%s: a voltage of %d raises %i sags', (_, pu, count) => {
    const { events } = played(course(sagTo(pu, 0.5, 1.5))())
    expect(of(events, 'sag').filter(({ phase }) => phase === 'begins')).toHaveLength(count)
  })

  it('does not flutter where the voltage trembles about the threshold', () => {
    const { events } = played(course(t => 230 * (t < 0.5 ? 1 : 0.9 + 0.006 * Math.sin(2 * Math.PI * 7 * t)), 4)())
    expect(of(events, 'sag').filter(({ phase }) => phase === 'begins')).toHaveLength(1)
  })

  it('tells a rapid voltage change a second after it, and not of a sag', () => {
    const { events } = played(course(sagTo(0.94, 1.5, 9), 4)())
    const [begins, ends] = of(events, 'rapidVoltageChange').filter(({ channels }) => channels[0] === 'volts.a')
    expect(begins).toMatchObject({ phase: 'begins', severity: 'status' })
    expect(ends).toMatchObject({ phase: 'ends' })
    expect(begins?.startedAt).toBeGreaterThan(START + 1470)
    expect(begins?.startedAt).toBeLessThan(START + 1500.1)
    expect(of(played(course(sagTo(0.8, 1.5, 9), 4)()).events, 'rapidVoltageChange')).toEqual([])
  })

  it('sees a notch in the wave, and where', () => {
    const volts = threePhases({ samplesPerSecond: RATE, seconds: 1, rms: 230 })
    const crest = Math.round(0.505 * RATE)
    volts.a.fill(100, crest, crest + 8) // for 1.25 ms
    const { events } = played(stretches({ volts }, RATE, 40, START))
    const shapes = of(events, 'waveShape')
    expect(shapes.map(({ phase, channels }) => `${phase} ${channels}`)).toEqual(['begins volts.a', 'ends volts.a'])
    expect(shapes[0]?.startedAt).toBeCloseTo(START + 505, 0)
    expect((shapes[0] as PowerQualityEvent).detectedAt - START - 505).toBeLessThan(1.5)
    expect(of(events, 'sag')).toEqual([])
  })

  it('sees an impulse as a transient', () => {
    const volts = threePhases({ samplesPerSecond: RATE, seconds: 1, rms: 230 })
    const place = Math.round(0.505 * RATE)
    volts.a[place] = 800
    const { events } = played(stretches({ volts }, RATE))
    expect(words(of(events, 'transient'))).toEqual(['transient begins warning', 'transient ends warning'])
    expect(of(events, 'transient')[0]?.extremePu).toBeCloseTo(800 / (230 * Math.SQRT2), 6)
  })

  it.each([
    ['harmonics', { harmonics: [[5, 0.1]] as const }],
    ['frequency', { hz: 50.6 }],
  ])('tells of %s that go on, once', (kind, more) => {
    const volts = threePhases({ samplesPerSecond: RATE, seconds: 12, rms: 230, ...more })
    const { events } = played(stretches({ volts }, RATE))
    const begun = of(events, kind).filter(({ phase }) => phase === 'begins')
    expect(begun).toHaveLength(1)
    expect(begun[0]?.severity).toBe('warning')
  })

  it('tells of unbalance', () => {
    const { events } = played(course((_, phase) => (phase === 'a' ? 212 : 230), 8)())
    expect(words(of(events, 'unbalance'))).toEqual(['unbalance begins warning'])
    expect(of(events, 'unbalance')[0]?.extremePu).toBeCloseTo((230 - 212) / 3 / ((212 + 460) / 3), 3)
  })

  it('says that the frequency is about to reach where load is shed', () => {
    const seconds = 6
    const values = new Float64Array(seconds * RATE)
    for (let n = 0; n < values.length; n++) {
      const t = n / RATE
      const fall = Math.max(0, t - 2)
      values[n] = 230 * Math.SQRT2 * Math.sin(2 * Math.PI * (50 * t - (0.3 * fall * fall) / 2))
    }
    const { events } = played(stretches({ volts: { a: values } }, RATE, undefined, START))
    const [first] = events.filter(({ cause }) => cause === 'frequencyFalling')
    expect(first).toMatchObject({ phase: 'begins', kind: 'impending' })
    // 0.3 Hz a second from 2 s on: 49.0 Hz after 5.3 s, two seconds of which are warned of.
    const reaches = START + 2000 + 1000 / 0.3
    expect((first as PowerQualityEvent).detectedAt).toBeLessThan(reaches - 1000)
    expect((first as PowerQualityEvent).detectedAt).toBeGreaterThan(reaches - 2600)
  })

  it('says that a voltage that goes down slowly is about to leave its band', () => {
    const { events } = played(course(t => 230 * (1 - 0.04 * Math.max(0, t - 1)), 5)())
    const [first] = events.filter(({ cause }) => cause === 'collapse')
    const [sag] = of(events, 'sag')
    expect(first).toMatchObject({ phase: 'begins', severity: 'alert' })
    expect((first as PowerQualityEvent).detectedAt).toBeLessThan((sag as PowerQualityEvent).detectedAt - 300)
  })

  it('knows when a current rose with the sag', () => {
    const volts = threePhases({ samplesPerSecond: RATE, seconds: 1, rms: sagTo(0.55, 0.5, 2) })
    const fed = (factor: number) => {
      const amps = threePhases({
        samplesPerSecond: RATE,
        seconds: 1,
        rms: t => 100 * (t < 0.5 ? 1 : factor),
        degrees: -20,
      })
      return played(stretches({ volts, amps }, RATE)).monitor.disturbed()
    }
    expect(fed(4)).toMatchObject({ severity: 'alert', currentsRose: true })
    expect(fed(0.6)).toMatchObject({ severity: 'alert', currentsRose: false })
    expect(fed(4).residualPu).toBeCloseTo(0.55, 2)
    expect(played(stretches({ volts }, RATE)).monitor.disturbed()).not.toHaveProperty('currentsRose')
  })

  describe('when something is wrong with the samples', () => {
    const cut = (from: number, to: number) =>
      [...course(sagTo(0.5, 0.5, 0.9))()].flatMap(each => {
        const t = (each.at - START) / 1000
        if (t >= from && t < to) return []
        const lost = Math.abs(t - to) < 0.01 ? Math.round((to - from) * RATE) : 0
        return [{ ...each, lost }]
      })
    it('goes on over a short gap', () => {
      const { events, monitor } = played(cut(0.6, 0.7))
      expect(of(events, 'sag').filter(({ phase }) => phase === 'ends')).toHaveLength(1)
      expect(of(events, 'sag').at(-1)).not.toHaveProperty('isCutOff')
      expect(monitor.present().lost).toBe(640)
    })
    it('ends what ran as cut off when more is lost', () => {
      const { events } = played(cut(0.6, 1.7))
      expect(of(events, 'sag').at(-1)).toMatchObject({ phase: 'ends', isCutOff: true })
    })
    it('ends what ran as cut off when nothing comes any more', () => {
      const { monitor } = played(course(sagTo(0.5, 0.5, 2), 1)())
      const { events } = monitor.cutOff(instant(9000), utcMs(UTC + 9000))
      expect(of(events, 'sag')).toMatchObject([{ phase: 'ends', isCutOff: true }])
      expect(monitor.present().running).toEqual([])
      expect(monitor.hasSag()).toBe(false)
    })
    it('begins anew when rate or channels change', () => {
      const monitor = qualityMonitor(settings)
      played(course(() => 230, 1)(), monitor)
      const other = wave({ samplesPerSecond: 3200, seconds: 1, rms: 230 })
      const { events } = played(stretches({ volts: { a: other } }, 3200, undefined, 2000), monitor)
      expect(events).toEqual([])
      expect(monitor.present()).toMatchObject({ samplesPerSecond: 3200 })
      expect(Object.keys(monitor.present().rms)).toEqual(['volts.a'])
    })
    it('takes no sample that is not a number for a sag', () => {
      const volts = threePhases({ samplesPerSecond: RATE, seconds: 1, rms: 230 })
      volts.b.fill(Number.NaN, 3000, 3500)
      volts.c[1000] = Number.POSITIVE_INFINITY
      const { events } = played(stretches({ volts }, RATE))
      expect(of(events, 'sag')).toEqual([])
      expect(of(events, 'swell')).toEqual([])
    })
    it.each([
      ['no samples', { volts: { a: new Float64Array(0) } }],
      ['channels of different lengths', { volts: { a: new Float64Array(10), b: new Float64Array(11) } }],
      ['no channels', { volts: {} }],
      ['an absurd rate', { samplesPerSecond: 1e12 }],
      ['a rate that is not a number', { samplesPerSecond: Number.NaN }],
      ['too low a rate', { samplesPerSecond: 100 }],
    ])('does not judge %s', (_, more) => {
      const monitor = qualityMonitor(settings)
      const block: Samples = {
        at: instant(0),
        utc: utcMs(UTC),
        samplesPerSecond: RATE,
        lost: 0,
        volts: { a: new Float64Array(128) },
        amps: {},
        ...more,
      }
      expect(monitor.take(block).events).toEqual([])
      expect(monitor.present().lost).toBe(1)
    })
  })

  describe('from RMS values', () => {
    const hear = (monitor: QualityMonitor, ms: number, pu: number, how: 'half-cycle' | 'poll' = 'poll') =>
      monitor.hearRms({ at: instant(ms), utc: utcMs(UTC + ms), volts: { a: 230 * pu, b: 230, c: 230 } }, how).events
    it('sees the same events at the resolution of the polls, and says so', () => {
      const monitor = qualityMonitor(settings)
      const events = [1, 1, 0.6, 0.7, 1].flatMap((pu, n) => hear(monitor, 1000 * n, pu))
      expect(words(events)).toEqual(
        ['sag begins alert', 'sag worsens alarm', 'sag ends alert'].filter(word => !word.includes('worsens')),
      )
      expect(events.at(-1)).toMatchObject({
        resolution: 'poll',
        durationMs: 2000,
        outerDurationMs: 3000,
        category: 'momentary',
      })
    })
    it('ends what ran as cut off when the phase is not known any more', () => {
      const monitor = qualityMonitor(settings)
      hear(monitor, 0, 1)
      hear(monitor, 1000, 0.5)
      const { events } = monitor.hearRms({ at: instant(2000), utc: utcMs(UTC), volts: { b: 230, c: 230 } }, 'poll')
      expect(events).toMatchObject([{ kind: 'sag', phase: 'ends', isCutOff: true }])
    })
    it('ends it too when another source takes over', () => {
      const monitor = qualityMonitor(settings)
      hear(monitor, 0, 1)
      hear(monitor, 1000, 0.5)
      expect(hear(monitor, 1020, 0.5, 'half-cycle').map(({ phase, kind }) => `${kind} ${phase}`)).toEqual([
        'sag ends',
        'sag begins',
      ])
    })
  })

  // ../shared/data/README.md: Vb sags to 0.6103 for 0.342 s, Vc to 0.6786 for 0.400 s, and the record ends in both.
  it.skipIf(!hasWaveforms)(`sees a real sag as the facts have it (needs ${WAVEFORMS})`, () => {
    const { samplesPerSecond, nominalHz, channels } = readAscii('tshort/1999-ascii-pq')
    const of = (name: string) => channels.find(each => each.name === name)?.values as Float64Array
    const volts = { a: of('Va'), b: of('Vb'), c: of('Vc') }
    const amps = { a: of('Ia'), b: of('Ib'), c: of('Ic') }
    const monitor = qualityMonitor({ ...qualityDefaults, nominalVolts: 7850, nominalHz })
    const { events } = played(stretches({ volts, amps }, samplesPerSecond, 128, START), monitor)
    const begins = events.find(({ kind }) => kind === 'sag') as PowerQualityEvent
    expect(begins.channels).toEqual(['volts.c'])
    expect(Math.abs(begins.startedAt - START - 58.3)).toBeLessThan(1000 / 60)
    expect(monitor.present().running.map(({ kind }) => kind)).toEqual(['sag'])
    const { severity, residualPu } = monitor.disturbed()
    expect(severity).toBe('alert')
    expect(residualPu).toBeLessThan(0.72)
    const { events: ends } = monitor.cutOff(instant(START + 467), utcMs(UTC))
    const sag = ends.find(({ kind }) => kind === 'sag')
    if (sag?.phase !== 'ends') throw new Error('no end')
    expect(sag.channels).toEqual(['volts.b', 'volts.c'])
    expect(Math.abs((sag.extremePu as number) - (0.6103 * 7838.79) / 7850)).toBeLessThan(0.02)
    expect(Math.abs(sag.durationMs - 400)).toBeLessThan(1000 / 60 + 0.1)
  })

  it('gathers ten minutes that end on a tick of UTC, and flags what a sag fell into', () => {
    const seconds = 12
    const tick = Math.ceil(UTC / 600_000) * 600_000
    const startMs = tick - UTC - 6000
    const volts = threePhases({ samplesPerSecond: 1600, seconds, rms: sagTo(0.6, 8, 8.1) })
    const { tenMinutes, monitor } = played(stretches({ volts }, 1600, 320, startMs))
    expect(tenMinutes).toHaveLength(1)
    const [first] = tenMinutes
    expect(first?.flagged).toBe(0)
    expect(first?.windows).toBe(30)
    expect((first?.endUtcMs as number) - tick).toBeGreaterThanOrEqual(0)
    expect((first?.endUtcMs as number) - tick).toBeLessThan(201)
    expect(first?.values['volts.b']).toBeCloseTo(230, 2)
    expect(first?.values.hz).toBeCloseTo(50, 3)
    expect(monitor.present().tenMinutes).toEqual(first)
  })
})

describe('the frequency over ten seconds', () => {
  const UTC_TICK = (Math.floor(UTC / 10_000) + 1) * 10_000
  const over = (hz: number, seconds: number, rms: Course = () => 230) => {
    const volts = threePhases({ samplesPerSecond: 1600, seconds, rms, hz })
    return played(stretches({ volts }, 1600, 320, UTC_TICK - UTC - 500)).monitor.present().tenSeconds
  }

  it('is cycles over their time, in whole ten seconds of UTC', () => {
    expect(over(49.97, 10)).toBeUndefined()
    const last = over(49.97, 12)
    expect(last?.endUtcMs).toBe(UTC_TICK + 10_000)
    expect(Math.abs((last?.hz as number) - 49.97)).toBeLessThan(0.01)
  })

  it('has no value when for most of the time there was no voltage', () => {
    expect(over(50, 12, sagTo(0, 1, 8))).toBeUndefined()
    expect(over(50, 12, sagTo(0, 1, 4))?.hz).toBeCloseTo(50, 2)
  })
})

describe('a channel without values', () => {
  /** Phase b gives none from 0.5 s on. */
  const withoutB = (rms: Course) => {
    const volts = threePhases({ samplesPerSecond: RATE, seconds: 4, rms })
    volts.b.fill(Number.NaN, RATE / 2)
    return played(stretches({ volts }, RATE, 64, START)).events
  }

  it('does not hide an interruption of all the others', () => {
    const events = withoutB(t => (t > 2.5 && t < 3 ? 0 : 230))
    expect(of(events, 'interruption').map(({ phase }) => phase)).toEqual(['begins', 'ends'])
  })

  it('ends a sag that it alone was in, as cut off', () => {
    const events = withoutB((t, phase) => (phase === 'b' && t > 0.3 ? 100 : 230))
    expect(of(events, 'sag').at(-1)).toMatchObject({ phase: 'ends', channels: ['volts.b'], isCutOff: true })
  })
})

describe('a source of another frequency than the feeder is declared with', () => {
  it.each([
    [60, 50],
    [50, 60],
  ])('is said, and no wave is called deformed: %d Hz at a feeder of %d Hz', (hz, nominalHz) => {
    const volts = threePhases({ samplesPerSecond: RATE, seconds: 3, hz, rms: 230 })
    const { events, monitor } = played(
      stretches({ volts }, RATE, 64, START),
      qualityMonitor({ ...settings, nominalHz }),
    )
    expect(words(events)).toEqual(['frequency begins alarm'])
    expect(monitor.present().window.hz).toBeCloseTo(hz, 3)
  })
})

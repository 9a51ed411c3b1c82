// Polling: when is a device silent, when does it answer, and how fast does polling stop?

import { describe, expect, it } from 'vitest'
import { type Hal, HalError, type Status } from '../../src/hal/port.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { fieldDevice } from '../../src/node/components/field-device.ts'
import { instant, utcMs } from '../../topology/units.ts'

/** One class polled each 20 ms, the other each 50 ms, on a device that answers as told. */
async function polled(device: Pick<Hal, 'status' | 'measure' | 'onChange'>) {
  let now = 0
  let closed: (() => void) | undefined
  const wakes = new Set<{ at: number; run: () => void }>()
  const reports: string[] = []
  const flush = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  const context = {
    hal: { ...device, close: async () => closed?.() },
    config: { device: { statusPollMs: 20, valuesPollMs: 50, energyPollMs: 200, rarePollMs: 1000 } },
    clock: {
      now: () => instant(now),
      wakeAt(at: number, run: () => void) {
        const wake = { at, run }
        wakes.add(wake)
        return () => wakes.delete(wake)
      },
    },
    bus: bus((event, error) => expect.unreachable(`${event}: ${error.message}`)),
    chance: () => 0,
    report: (event: string) => void reports.push(event),
  } as unknown as ComponentContext
  const seen: Status[] = []
  context.bus.on('status', status => void seen.push(status))
  const running = await fieldDevice.start(context)
  await flush()
  return {
    reports,
    seen,
    wakes,
    running,
    onClose: (run: () => void) => {
      closed = run
    },
    async until(ms: number) {
      for (; now < ms; now++) {
        const due = [...wakes].filter(({ at }) => at <= now + 1)
        for (const wake of due) wakes.delete(wake)
        for (const { run } of due) run()
        await flush()
      }
    },
  }
}

const at = instant(0)
const silent = (): never => {
  throw new HalError('HAL_TIMEOUT', 'no answer')
}

describe('the field device', () => {
  it('is reported once when it answers', async () => {
    const { reports, until, running } = await polled({
      status: async () => ({ at, pickup: false }),
      measure: async () => ({ at, utc: utcMs(0), frequencyHz: 60 }),
    })
    await until(500)
    expect(reports).toEqual(['device-answering'])
    await running.stop()
  })

  it('does not flap when one class is empty and the other fails', async () => {
    let isSilent = true
    const { reports, until, running } = await polled({
      status: async () => ({ at }),
      measure: async () => (isSilent ? silent() : { at, utc: utcMs(0), frequencyHz: 60 }),
    })
    await until(500)
    expect(reports).toEqual(['device-silent'])
    isSilent = false
    await until(1000)
    expect(reports).toEqual(['device-silent', 'device-answering'])
    await running.stop()
  })

  it('is silent while either class fails', async () => {
    const fails = { status: false, values: false }
    const { reports, until, running } = await polled({
      status: async () => (fails.status ? silent() : { at }),
      measure: async () => (fails.values ? silent() : { at, utc: utcMs(0) }),
    })
    await until(100)
    fails.status = true
    await until(200)
    fails.values = true
    await until(300)
    fails.status = false
    await until(400)
    expect(reports).toEqual(['device-answering', 'device-silent'])
    fails.values = false
    await until(500)
    expect(reports).toEqual(['device-answering', 'device-silent', 'device-answering'])
    await running.stop()
  })

  it('stops at once in a pause, and leaves no timer', async () => {
    const { running, wakes } = await polled({
      status: async () => ({ at }),
      measure: async () => ({ at, utc: utcMs(0) }),
    })
    expect(wakes.size).toBe(2)
    await running.stop()
    expect(wakes.size).toBe(0)
  })

  it('stops with a poll under way when the device is closed, and reports no silence', async () => {
    let reject: (error: Error) => void = () => {}
    const { running, wakes, reports, onClose } = await polled({
      status: () => new Promise((_, no) => (reject = no)),
      measure: async () => ({ at, utc: utcMs(0) }),
    })
    onClose(() => reject(new HalError('HAL_UNREACHABLE', 'closed')))
    await running.stop()
    expect(reports).toEqual([])
    expect(wakes.size).toBe(0)
  })

  describe('that tells of changes itself', () => {
    // The clock of these tests wakes a millisecond early, so each poll of the grid comes twice.
    async function telling(shown: Partial<Status> = {}) {
      let reads = 0
      let tell = (): void => {}
      let isEnded = false
      const device = await polled({
        status: async () => {
          reads++
          return { at, ...shown }
        },
        measure: async () => ({ at, utc: utcMs(0) }),
        onChange: run => {
          tell = run
          return () => {
            isEnded = true
          }
        },
      })
      return { ...device, reads: () => reads, tell: () => tell(), isEnded: () => isEnded }
    }

    it('is asked for its status as slowly as for its values while nothing happens', async () => {
      const { until, reads } = await telling()
      await until(1000)
      expect(reads()).toBeLessThanOrEqual(42)
    })

    it('is asked at once when it tells, and fast for two seconds', async () => {
      const { until, reads, tell } = await telling()
      await until(130)
      const before = reads()
      tell()
      await until(131)
      expect(reads()).toBe(before + 1)
      await until(2000)
      expect(reads()).toBeGreaterThan(before + 90)
      const after = reads()
      await until(3000)
      expect(reads() - after).toBeLessThanOrEqual(56)
    })

    it('is read no more often than it is polled, however much it tells', async () => {
      const { until, reads, tell, running, wakes } = await telling()
      for (let ms = 1; ms <= 1000; ms++) {
        tell()
        tell()
        await until(ms)
      }
      expect(reads()).toBeGreaterThan(45)
      expect(reads()).toBeLessThan(60)
      tell()
      await running.stop()
      expect(wakes.size).toBe(0)
    })

    it('is read again when it tells while it is read', async () => {
      let tell = (): void => {}
      let reads = 0
      const { until, running } = await polled({
        status: async () => {
          reads++
          if (reads === 1) tell()
          return { at }
        },
        measure: async () => ({ at, utc: utcMs(0) }),
        onChange: run => {
          tell = run
          return () => {}
        },
      })
      await until(18)
      expect(reads).toBe(1)
      await until(20)
      expect(reads).toBe(2)
      await running.stop()
    })

    it('is asked fast for as long as it is picked up', async () => {
      const { until, reads, tell } = await telling({ pickup: true })
      tell()
      await until(10_000)
      expect(reads()).toBeGreaterThan(490)
    })

    it('is not listened to after the end', async () => {
      const { running, isEnded } = await telling()
      await running.stop()
      expect(isEnded()).toBe(true)
    })
  })

  it('reads energy and what is rare in their own time, all of it at first', async () => {
    const asked: string[] = []
    const { until, running } = await polled({
      status: async () => ({ at }),
      measure: async classes => {
        asked.push((classes ?? []).join('+'))
        return { at, utc: utcMs(0) }
      },
    })
    await until(1050)
    expect(asked[0]).toBe('measurement+energy+rare')
    expect(asked.slice(1, 4)).toEqual(['measurement', 'measurement', 'measurement'])
    expect(asked.filter(each => each.includes('energy')).length).toBe(6) // at 0, 200, … 1000 ms
    expect(asked.filter(each => each.includes('rare')).length).toBe(2)
    await running.stop()
  })

  it('takes a status that is doubted for silence, and hands it to nobody', async () => {
    const doubted: { status: Status } = { status: { at, pickup: true, doubts: { pickup: ['oldData'] } } }
    const { until, running, reports, seen } = await polled({
      status: async () => doubted.status,
      measure: async () => ({ at, utc: utcMs(0) }),
    })
    await until(100)
    expect(reports).toEqual(['device-silent'])
    expect(seen).toEqual([])
    doubted.status = { at, pickup: true }
    await until(200)
    expect(reports).toEqual(['device-silent', 'device-answering'])
    expect(seen[0]).toMatchObject({ pickup: true })
    await running.stop()
  })

  it('hands on a status whose digital inputs alone are doubted', async () => {
    const { until, running, seen } = await polled({
      status: async () => ({ at, position: 'closed' as const, doubts: { 'inputs.1': ['failure'] } }) satisfies Status,
      measure: async () => ({ at, utc: utcMs(0) }),
    })
    await until(100)
    expect(seen[0]).toMatchObject({ position: 'closed', doubts: { 'inputs.1': ['failure'] } })
    await running.stop()
  })

  it('tells a doubt about a value once, and again when it was believed for a while', async () => {
    let isDoubted = true
    const { until, running, reports } = await polled({
      status: async () => ({ at }),
      measure: async () => ({ at, utc: utcMs(0), ...(isDoubted ? { doubts: { 'volts.a': ['outOfRange'] } } : {}) }),
    })
    await until(500)
    expect(reports).toEqual(['alarm', 'device-answering'])
    isDoubted = false
    await until(1500)
    isDoubted = true
    await until(2000)
    expect(reports).toEqual(['alarm', 'device-answering', 'alarm'])
    await running.stop()
  })
})

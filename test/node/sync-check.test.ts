// The shell of sync check: it says that the sides are in step while the unit shows it, and for no moment longer.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bus, type ComponentContext, type Readiness } from '../../src/node/component.ts'
import { syncCheckComponent } from '../../src/node/components/sync-check.ts'
import { syncCheckSchema } from '../../src/node/sync-check-config.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { instant } from '../../topology/units.ts'

const PATH = 'topology/feeders/loop-pair.yaml'
const file = parseFeeder(readFileSync(PATH, 'utf8'), PATH)
const VOLTS = (file.nominalKv * 1000) / Math.sqrt(3)

/** Whoever is due by then runs, each at its time. */
function manualClock() {
  let now = 0
  const wakes = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    now: () => instant(now),
    wakeAt(at: number, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => void wakes.delete(wake)
    },
    passTo(ms: number) {
      for (;;) {
        const next = [...wakes].sort((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > ms) break
        wakes.delete(next)
        now = next.at
        next.run()
      }
      now = ms
    },
  }
}

async function tie() {
  const clock = manualClock()
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const said: boolean[] = []
  inside.on('inSync', ({ stands }) => said.push(stands))
  const reports: string[] = []
  await syncCheckComponent.start({
    name: 'tie',
    feeder: createFeeder(file),
    bus: inside,
    clock,
    config: { syncCheck: syncCheckSchema.parse(undefined) },
    hal: { onPhasors: () => () => {} },
    report: (event: string) => void reports.push(event),
  } as unknown as ComponentContext)
  let at = 0
  /** Frames every 20 ms for so long. */
  function frames(forMs: number, degrees = 3, doubts?: readonly ['failure']): void {
    for (const until = at + forMs; at < until; at += 20) {
      clock.passTo(at)
      inside.emit('phasors', {
        at: instant(at),
        utcMicros: BigInt(at * 1000),
        timeErrorSeconds: Number.POSITIVE_INFINITY,
        volts: { a: { magnitude: VOLTS, degrees: 0 } },
        farVolts: { a: { magnitude: VOLTS, degrees } },
        amps: {},
        frequencyHz: 60,
        rocofHzPerS: 0,
        ...(doubts === undefined ? {} : { doubts }),
      })
    }
  }
  function pass(ms: number): void {
    at += ms
    clock.passTo(at)
  }
  function ready(): Readiness | undefined {
    let answer: Readiness | undefined
    inside.emit('ready-asked', { answer: given => (answer = given) })
    return answer
  }
  return { inside, said, reports, frames, pass, ready }
}

it('says in step after half a second, also by a clock that is wrong, and out of step at the first frame that is', async () => {
  const { frames, said, reports, ready } = await tie()
  expect(ready()).toBeUndefined()
  frames(500)
  expect(said).toEqual([])
  expect(ready()).toEqual({ scheme: 'sync check', ready: false, why: 'its two sides are not in step' })
  frames(60)
  expect(said).toEqual([true])
  expect(ready()).toEqual({ scheme: 'sync check', ready: true })
  frames(20, 11)
  expect(said).toEqual([true, false])
  expect(reports).toEqual(['in-sync', 'out-of-sync'])
})

it.each([
  ['frames stop', ({ pass }: Awaited<ReturnType<typeof tie>>) => pass(270)],
  ['all frames are doubted', ({ frames }: Awaited<ReturnType<typeof tie>>) => frames(300, 3, ['failure'])],
  ['the unit is silent', ({ inside }: Awaited<ReturnType<typeof tie>>) => inside.emit('device', { answering: false })],
])('ends when %s, and begins anew', async (_, happens) => {
  const site = await tie()
  site.frames(600)
  expect(site.said).toEqual([true])
  happens(site)
  expect(site.said).toEqual([true, false])
  site.frames(500)
  expect(site.said).toEqual([true, false])
  site.frames(100)
  expect(site.said).toEqual([true, false, true])
})

it('says nothing at an IED without a switching device or without phasors', async () => {
  const start = (name: string, hal: object): unknown =>
    syncCheckComponent.start({
      name,
      hal,
      feeder: createFeeder(file),
      bus: bus(() => {}),
      config: { syncCheck: syncCheckSchema.parse(undefined) },
    } as unknown as ComponentContext)
  expect(start('meter-n3', { onPhasors: () => () => {} })).toHaveProperty('stop')
  expect(start('tie', {})).toHaveProperty('stop')
})

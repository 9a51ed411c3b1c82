// Sync check from the frames of a unit that measures both sides: within the limits for long enough, and neither a moment sooner
// nor on what is missing, doubted or old.

import { describe, expect, it } from 'vitest'
import { syncLimits } from '../../../src/protection/elements/sync-check.ts'
import { type BothSides, noSides, sidesInStep, sidesOfFrame } from '../../../src/protection/elements/sync-sides.ts'
import { duration, instant } from '../../../topology/units.ts'

const VOLTS = 7200
const FRAME_MS = 20

interface Given {
  readonly mva?: number
  readonly slipHz?: number
  readonly degrees?: number
  readonly farPu?: number
  readonly forMs: number
  readonly lastsMs?: number
  readonly change?: (frame: BothSides, n: number) => BothSides | undefined
}

const three = (pu: number, degrees: number) => ({
  a: { magnitude: pu * VOLTS, degrees },
  b: { magnitude: pu * VOLTS, degrees: degrees - 120 },
  c: { magnitude: pu * VOLTS, degrees: degrees + 120 },
})

/** @returns when, in ms, it is in step first; undefined when never */
function inStepAt(given: Given) {
  const { mva = 10, slipHz = 0, degrees = 0, farPu = 1, forMs, lastsMs = 500, change = each => each } = given
  const step = sidesInStep(
    {
      nominalVolts: VOLTS,
      deadPu: 0.2,
      livePu: 0.8,
      limits: syncLimits(mva),
      lasts: duration(lastsMs),
      allowed: new Set(['sync']),
    },
    250,
  )
  let state = noSides
  for (let n = 0; n * FRAME_MS <= forMs; n++) {
    const ms = n * FRAME_MS
    // The reference turns too: 0.05 Hz off nominal.
    const near = (360 * 0.05 * ms) / 1000
    const frame = change(
      {
        utcMicros: BigInt(ms * 1000),
        volts: three(1, near),
        farVolts: three(farPu, near + degrees + (360 * slipHz * ms) / 1000),
        frequencyHz: 60.05,
      },
      n,
    )
    const sides = frame && sidesOfFrame(frame)
    if (sides === undefined) continue
    const next = step(state, sides, instant(ms))
    state = next.state
    if (next.inStep) return ms
  }
  return undefined
}

describe('two sides that one unit measures', () => {
  it('are in step after the configured time, from the second frame on', () => {
    expect(inStepAt({ forMs: 2000 })).toBe(FRAME_MS + 500)
  })

  // IEEE 1547-2018, table 5: both sides of each limit, for each size of what is joined.
  it.each([
    { mva: 0.5, degrees: 19.9, ok: true },
    { mva: 0.5, degrees: 20.1, ok: false },
    { mva: 1.5, degrees: -14.9, ok: true },
    { mva: 1.5, degrees: -15.1, ok: false },
    { mva: 10, degrees: 9.9, ok: true },
    { mva: 10, degrees: 10.1, ok: false },
    { mva: 0.5, farPu: 0.901, ok: true },
    { mva: 0.5, farPu: 0.899, ok: false },
    { mva: 1.5, farPu: 1.049, ok: true },
    { mva: 1.5, farPu: 1.051, ok: false },
    { mva: 10, farPu: 0.971, ok: true },
    { mva: 10, farPu: 0.969, ok: false },
  ])('$mva MVA, $degrees degrees, $farPu pu: $ok', ({ ok, ...given }) => {
    expect(inStepAt({ ...given, forMs: 2000 }) !== undefined).toBe(ok)
  })

  // The angle is within its limits all the while, or for long enough, so that the frequency decides.
  it.each([
    { mva: 0.5, slipHz: 0.295, degrees: -19, ok: true },
    { mva: 0.5, slipHz: 0.305, degrees: -19, ok: false },
    { mva: 1.5, slipHz: 0.195, degrees: -14, ok: true },
    { mva: 1.5, slipHz: 0.205, degrees: -14, ok: false },
    { mva: 10, slipHz: -0.095, degrees: 9, ok: true },
    { mva: 10, slipHz: -0.105, degrees: 9, ok: false },
  ])('$mva MVA, slipping $slipHz Hz: $ok', ({ ok, ...given }) => {
    expect(inStepAt({ ...given, lastsMs: 100, forMs: 250 }) !== undefined).toBe(ok)
  })

  it('are in step while the angle passes, where that takes long enough', () => {
    // 30 degrees at 70.2 degrees a second: within for 427 ms.
    expect(inStepAt({ mva: 1.5, slipHz: 0.195, degrees: -16, lastsMs: 400, forMs: 1000 })).toBe(420)
    expect(inStepAt({ mva: 1.5, slipHz: 0.195, degrees: -16, lastsMs: 440, forMs: 1000 })).toBeUndefined()
  })

  it('are not in step on what is missing, doubted or has gaps', () => {
    const without = (change: (frame: BothSides) => BothSides | undefined) => inStepAt({ forMs: 2000, change })
    expect(without(({ farVolts: _, ...frame }) => frame)).toBeUndefined()
    expect(without(frame => ({ ...frame, doubts: ['failure'] }))).toBeUndefined()
    expect(without(frame => ({ ...frame, frequencyHz: Number.NaN }))).toBeUndefined()
    // Beyond the device a phase more than on the own side: another connection than the configuration says.
    expect(without(({ volts: { a }, ...frame }) => ({ ...frame, volts: a === undefined ? {} : { a } }))).toBeUndefined()
    // A transformer of one phase beyond the device is how most are built.
    expect(
      without(({ farVolts, ...frame }) => ({
        ...frame,
        ...(farVolts?.a === undefined ? {} : { farVolts: { a: farVolts.a } }),
      })),
    ).toBe(FRAME_MS + 500)
    // Frames 300 ms apart tell of no frequency; doubled ones neither.
    expect(inStepAt({ forMs: 3000, change: (frame, n) => (n % 15 === 0 ? frame : undefined) })).toBeUndefined()
    expect(inStepAt({ forMs: 3000, change: frame => ({ ...frame, utcMicros: 7n }) })).toBeUndefined()
  })

  it('begin anew after one frame out of step: a phase that swings', () => {
    const swings = (frame: BothSides, n: number): BothSides =>
      n === 20 ? { ...frame, farVolts: { ...frame.farVolts, b: { magnitude: VOLTS, degrees: 0 } } } : frame
    // Frame 21 turned by far against 20, so the time begins with frame 22.
    expect(inStepAt({ forMs: 3000, change: swings })).toBe(22 * FRAME_MS + 500)
  })

  it('out of phase rotation they are never in step', () => {
    const crossed = ({ farVolts = {}, ...frame }: BothSides): BothSides =>
      farVolts.b === undefined || farVolts.c === undefined
        ? frame
        : { ...frame, farVolts: { ...farVolts, b: farVolts.c, c: farVolts.b } }
    expect(inStepAt({ forMs: 3000, change: crossed })).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { pickupsOf } from '../../../src/protection/restoration/relay-pickups.ts'
import { recloseFile, relayFile } from '../../../topology/relay-file.ts'

const SURE = 1.3
const of = (relay: object, reclose?: object, kind: 'recloser' | 'switch' = 'recloser') =>
  pickupsOf(
    {
      kind,
      relay: relayFile.parse(relay),
      ...(reclose === undefined ? {} : { reclose: recloseFile.parse(reclose) }),
    },
    SURE,
  )

describe('what a relay lets pass and what it is sure to see', () => {
  it('is the pickup itself with a definite time', () => {
    expect(of({ pickupAmps: 400, delayMs: 300, ground: { pickupAmps: 100, delayMs: 300 } })).toEqual({
      load: { phase: 400, ground: 100 },
      fault: { phase: 400, ground: 100 },
    })
  })

  it('is a multiple of the pickup for a fault, where the time is inverse', () => {
    expect(of({ pickupAmps: 400, curve: 'iec.vi', timeMultiplier: 0.25 })).toEqual({
      load: { phase: 400 },
      fault: { phase: 520 },
    })
  })

  it('is the high stage at the most', () => {
    const relay = { pickupAmps: 400, curve: 'iec.vi', timeMultiplier: 0.25, instantaneous: { pickupAmps: 500 } }
    expect(of(relay)?.fault).toEqual({ phase: 500 })
  })

  it('has load stay below the fast curve while shots are by it, and no fault counts on it', () => {
    const fast = { pickupAmps: 300, curve: 'ieee.ei', timeMultiplier: 1 }
    const relay = { pickupAmps: 400, delayMs: 300, fast }
    expect(of(relay, { deadTimesMs: [2000], fastShots: 1 })).toEqual({ load: { phase: 300 }, fault: { phase: 400 } })
    expect(of(relay, { deadTimesMs: [2000] })).toEqual({ load: { phase: 400 }, fault: { phase: 400 } })
  })

  it('has a ground element of the fast curve alone for load, not for faults', () => {
    const fast = { pickupAmps: 400, delayMs: 0, ground: { pickupAmps: 90, delayMs: 0 } }
    expect(of({ pickupAmps: 400, delayMs: 300, fast }, { deadTimesMs: [2000], fastShots: 1 })).toEqual({
      load: { phase: 400, ground: 90 },
      fault: { phase: 400 },
    })
  })

  it('is nothing at a switch', () => {
    expect(of({ pickupAmps: 400, delayMs: 300 }, undefined, 'switch')).toBeUndefined()
  })

  it('is where a fuse begins to melt', () => {
    const meltingCurve: [number, number][] = [
      [153, 300],
      [1100, 0.115],
    ]
    expect(pickupsOf({ kind: 'fuse', meltingCurve }, SURE)).toEqual({ load: { phase: 153 }, fault: { phase: 153 } })
  })
})

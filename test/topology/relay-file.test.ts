import { describe, expect, it } from 'vitest'
import { protectionHash } from '../../topology/feeder-hash.ts'
import { relayFile, sectionalizerFile, settingsGroupsFile } from '../../topology/relay-file.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const said = (relay: unknown): string[] =>
  relayFile.safeParse(relay).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

describe('a relay in the feeder file', () => {
  it('has stages of definite time, by curve, by constants and by points', () => {
    expect(said({ pickupAmps: 400, delayMs: 300 })).toEqual([])
    expect(said({ pickupAmps: 400, curve: 'ieee.vi', timeMultiplier: 2, reset: 'inverse', minimumMs: 100 })).toEqual([])
    expect(said({ pickupAmps: 400, curve: { k: 5.9, alpha: 2 }, timeMultiplier: 1, reset: { afterMs: 200 } })).toEqual(
      [],
    )
    expect(
      said({
        pickupAmps: 400,
        curve: {
          points: [
            [1.5, 9],
            [20, 0.1],
          ],
        },
        timeMultiplier: 1,
      }),
    ).toEqual([])
  })

  it('has one time in each stage, with all that it takes', () => {
    expect(said({ pickupAmps: 400 })).toEqual([
      'delayMs: is missing, want a definite time (delayMs), or a curve with its timeMultiplier',
    ])
    expect(said({ pickupAmps: 400, delayMs: 1, curve: 'iec.si', timeMultiplier: 1 })).toEqual([
      'curve: stands beside delayMs, want one of the two in a stage',
    ])
    expect(said({ pickupAmps: 400, curve: 'iec.si' })).toEqual([
      'timeMultiplier: is missing, want the time multiplier or dial of the curve',
    ])
    expect(said({ pickupAmps: 400, delayMs: 1, maxMultiple: 30 })).toEqual([
      'maxMultiple: stands without a curve, want it with one only',
    ])
    expect(said({ pickupAmps: 400, delayMs: 1, ground: { pickupAmps: 9 } })[0]).toMatch(/^ground\.delayMs: is missing/)
    expect(said({ pickupAmps: 400, delayMs: 1, fast: { pickupAmps: 9 } })[0]).toMatch(/^fast\.delayMs: is missing/)
  })

  it('does not take a curve without its family, nor one that rises', () => {
    expect(said({ pickupAmps: 400, curve: 'vi', timeMultiplier: 1 })).not.toEqual([])
    expect(
      said({
        pickupAmps: 400,
        curve: {
          points: [
            [2, 1],
            [3, 2],
          ],
        },
        timeMultiplier: 1,
      }),
    ).not.toEqual([])
  })

  it('has eight groups of settings at the most', () => {
    const group = { relay: { pickupAmps: 400, delayMs: 1 } }
    const groups = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`g${n}`, group]))
    expect(settingsGroupsFile.safeParse(groups(8)).success).toBe(true)
    expect(settingsGroupsFile.safeParse(groups(9)).success).toBe(false)
  })

  it('gives a counter its usual memory and restraint', () => {
    expect(sectionalizerFile.parse({ actuatingAmps: 160, counts: 2 })).toEqual({
      actuatingAmps: 160,
      counts: 2,
      memoryMs: 60_000,
      restraintAmps: 0.5,
      inrushRestraintMs: 0,
    })
  })
})

describe('the hash of protection content', () => {
  const withRelay = (changes: Record<string, unknown>): string =>
    protectionHash(
      smallFeeder({
        devices: smallFeeder().devices.map(device => (device.name === 'R2' ? { ...device, ...changes } : device)),
      }),
    )
  const inverse = { pickupAmps: 200, curve: 'iec.si', timeMultiplier: 0.1 }

  it('changes with a curve, its multiplier, a group, a counter and fast shots', () => {
    const hashes = [
      withRelay({}),
      withRelay({ relay: inverse }),
      withRelay({ relay: { ...inverse, timeMultiplier: 0.2 } }),
      withRelay({ settingsGroups: { slow: { relay: inverse } } }),
      withRelay({ relay: { pickupAmps: 200, delayMs: 400, instantaneous: { pickupAmps: 2000 } } }),
      withRelay({ reclose: { deadTimesMs: [500] } }),
      withRelay({ reclose: { deadTimesMs: [500], sequenceCoordination: true } }),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})

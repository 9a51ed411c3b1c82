// On the small feeder: S ─CB─ s1 ─ N1 ─R2─ s2 ─ N2, and N1 ─ s3 ─ N3 ─ s4 ─T4 (open)─ N2.

import { describe, expect, it } from 'vitest'
import { inWords, judge } from '../../../sim/sweep/judge.ts'
import type { AgentAct, FieldAct } from '../../../sim/sweep/played.ts'
import { type Seen, wayToSource } from '../../../sim/sweep/way-of-fault.ts'
import { createFeeder } from '../../../topology/feeder.ts'
import { smallFeeder } from '../small-feeder.ts'

const R2: Seen = { device: 'R2', kind: 'recloser', amps: 900, pickupAmps: 200, sees: true }
const CB: Seen = { device: 'CB', kind: 'breaker', amps: 950, pickupAmps: 400, sees: true }

/** `R2 trip@400 R2 open@440` */
const acts = (text: string): FieldAct[] =>
  [...text.matchAll(/(\w+) ([\w ]+?)@(\d+)/g)].map(([, device = '', kind = '', ms]) => ({
    device,
    kind: kind as FieldAct['kind'],
    atMs: Number(ms),
  }))

function judged(text: string, seen: readonly Seen[] = [R2, CB], section = 's2', agents: readonly AgentAct[] = []) {
  const feeder = createFeeder(smallFeeder())
  const way = wayToSource(feeder, section)
  return judge(feeder, section, way, seen, { field: acts(text), agents, forMs: 60_000 })
}

describe('judge', () => {
  it('finds the nearest device right when it alone cleared', () => {
    expect(judged('R2 trip@400 R2 open@440')).toMatchObject({
      verdict: 'right',
      expected: 'R2',
      clearedBy: 'R2',
      clearedMs: 440,
      staysDead: true,
    })
  })

  it('finds it right too when it recloses onto the fault and locks out: the first interruption counts', () => {
    const course = 'R2 trip@400 R2 open@440 R2 reclose@2440 R2 trip@2840 R2 open@2880 R2 lockout@2880'
    expect(judged(course)).toMatchObject({ verdict: 'right', clearedMs: 440 })
  })

  it('names who tripped besides', () => {
    expect(judged('R2 trip@400 R2 open@440 CB trip@450 CB open@500')).toMatchObject({
      verdict: 'others tripped',
      clearedBy: 'R2',
      alsoTripped: ['CB'],
      why: 'CB tripped too',
    })
  })

  it('names the wrong device and what the right one saw', () => {
    expect(judged('CB trip@300 CB open@350')).toMatchObject({
      verdict: 'wrong device',
      expected: 'R2',
      clearedBy: 'CB',
      why: 'CB opened before R2 sees 900 A, picks up above 200 A',
    })
  })

  it('takes the right one of two that open in the same instant, whatever their order, and names the other', () => {
    for (const course of [
      'CB trip@300 CB open@440 R2 trip@300 R2 open@440',
      'R2 trip@300 R2 open@440 CB trip@300 CB open@440',
    ]) {
      expect(judged(course)).toMatchObject({ verdict: 'others tripped', clearedBy: 'R2', alsoTripped: ['CB'] })
    }
  })

  it('expects the next one up when the nearest does not see it', () => {
    const blind = { ...R2, amps: 150, sees: false }
    expect(judged('CB trip@800 CB open@850', [blind, CB])).toMatchObject({ verdict: 'right', expected: 'CB' })
  })

  it('says the current and the pickup of each when none sees it', () => {
    const seen = [
      { ...R2, amps: 150.4, sees: false },
      { ...CB, amps: 171, ground: { amps: 9.24, pickupAmps: 50 }, sees: false },
    ]
    expect(judged('', seen)).toMatchObject({
      verdict: 'not cleared',
      why: 'below pickup: R2 sees 150 A, picks up above 200 A; CB sees 171 A, picks up above 400 A (ground 9.2 A, above 50 A)',
    })
  })

  it('does not take a device for having cleared that closed again and stayed', () => {
    const course = 'R2 trip@400 R2 open@440 R2 reclose@2440'
    expect(judged(course)).toMatchObject({
      verdict: 'not cleared',
      why: expect.stringContaining('closed onto it again'),
    })
  })

  it('counts as tripped a device that an agent opened for a failed breaker', () => {
    const agents = [{ atMs: 700, ied: 'relay', operation: 'open', cause: 'breaker-failure' }]
    expect(judged('R2 trip@400 R2 open@440 CB open@750', [R2, CB], 's2', agents)).toMatchObject({
      verdict: 'others tripped',
      alsoTripped: ['CB'],
    })
  })

  it('leaves out who trips on what a generator below it feeds into a fault elsewhere', () => {
    expect(judged('R2 trip@400 R2 open@440 CB trip@800 CB open@850', [CB], 's3')).toMatchObject({
      verdict: 'right',
      clearedBy: 'CB',
      infeedTripped: ['R2'],
    })
  })

  it('says which generators are still connected, and not those that their agents took off', () => {
    const course = 'R2 trip@400 R2 open@440'
    const agents = [{ atMs: 420, ied: 'generator', operation: 'open', cause: 'upstream-open' }]
    expect(judged(course).generatorsLeft).toEqual(['G2'])
    expect(judged(course, [R2, CB], 's2', agents).generatorsLeft).toEqual([])
  })

  it('tells a fuse apart in words', () => {
    expect(inWords({ device: 'F1', kind: 'fuse', amps: 12.5, pickupAmps: 23.4, sees: false })).toBe(
      'F1 sees 13 A, melts from 23 A',
    )
  })
})

describe('wayToSource', () => {
  const feeder = createFeeder(smallFeeder())
  const names = (section: string): readonly string[] => {
    const way = wayToSource(feeder, section)
    return way.is === 'radial' ? way.devices.map(({ name }) => name) : [way.is]
  }

  it('lists what interrupts by itself, nearest to the fault first', () => {
    expect(names('s2')).toEqual(['R2', 'CB'])
    expect(names('s3')).toEqual(['CB'])
  })

  it('goes on to the source from a section that is open at its far end', () => {
    expect(names('s4')).toEqual(['CB'])
  })

  it('knows a loop and a dark section', () => {
    feeder.setPosition('T4', 'closed')
    expect(names('s3')).toEqual(['loop'])
    feeder.setPosition('T4', 'open')
    feeder.setPosition('CB', 'open')
    expect(names('s2')).toEqual(['dark'])
    feeder.setPosition('CB', 'closed')
  })
})

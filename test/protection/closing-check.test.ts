// What keeps a device from being closed from afar, one row for each fact and both sides of it.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Closing, closingJoins, closingRefusal, NOT_IN_SYNC } from '../../src/protection/closing-check.ts'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const fit: Closing = {
  of: 'switch',
  position: 'open',
  pickup: false,
  inhibited: false,
  joins: 'nothing',
  energised: 'yes',
  inSync: false,
}

const cases: { it: string; given: Partial<Closing>; gives: string | undefined }[] = [
  { it: 'closes when nothing stands against it', given: {}, gives: undefined },
  { it: 'does not close under an inhibit', given: { inhibited: true }, gives: 'an inhibit stands here; end it first' },
  {
    it: 'does not close from an unknown position',
    given: { position: 'unknown' },
    gives: 'its own position is not known',
  },
  {
    it: 'does not close when its device was silent',
    given: { position: undefined },
    gives: 'its own position is not known',
  },
  { it: 'closes again what is closed', given: { position: 'closed' }, gives: undefined },
  { it: 'does not close onto what it picks up', given: { pickup: true }, gives: 'its fault element is picked up' },
  { it: 'closes a switch without a fault element', given: { pickup: undefined }, gives: undefined },
  { it: 'does not join two sources', given: { joins: 'sources' }, gives: 'it would join two sources' },
  { it: 'does not close a loop', given: { joins: 'loop' }, gives: 'it would close a loop' },
  {
    it: 'does not close onto what is not known',
    given: { joins: 'undecided' },
    gives: 'whether it would join two sources or close a loop is not known: positions are missing',
  },
  { it: 'joins what is parallel in step', given: { joins: 'parallel', inSync: true }, gives: undefined },
  { it: 'does not join it out of step', given: { joins: 'parallel', dead: false, farDead: false }, gives: NOT_IN_SYNC },
  { it: 'does not join it unmeasured', given: { joins: 'parallel' }, gives: NOT_IN_SYNC },
  {
    it: 'joins a live and a dead side of what may be parallel',
    given: { joins: 'parallel', dead: false, farDead: true },
    gives: undefined,
  },
  {
    it: 'does not close onto an island that stands in no file',
    given: { dead: false, farDead: false },
    gives: NOT_IN_SYNC,
  },
  {
    it: 'closes again what is closed, with its two sides live',
    given: { position: 'closed', dead: false, farDead: false },
    gives: undefined,
  },
  {
    it: 'joins no two sources that the file does not let be joined, in step or not',
    given: { joins: 'sources', inSync: true },
    gives: 'it would join two sources',
  },
  { it: 'connects a generator to a live network', given: { of: 'generator' }, gives: undefined },
  {
    it: 'does not connect a generator to a dead one',
    given: { of: 'generator', energised: 'no' },
    gives: 'the network at its node is dead',
  },
  {
    it: 'does not connect a generator to one that may be dead',
    given: { of: 'generator', energised: 'unknown' },
    gives: 'whether the network at its node is live is not known',
  },
  {
    it: 'asks nothing of the network for a load',
    given: { of: 'load', joins: 'undecided', energised: 'no' },
    gives: undefined,
  },
  {
    it: 'needs no position of a load that was shed',
    given: { of: 'sheddable', position: undefined },
    gives: undefined,
  },
  {
    it: 'restores no load under an inhibit',
    given: { of: 'sheddable', inhibited: true },
    gives: 'an inhibit stands here; end it first',
  },
]
describe('the interlock before a closing', () => {
  it.each(cases)('$it', ({ given, gives }) => expect(closingRefusal({ ...fit, ...given })).toBe(gives))
})

describe('what a closing would join', () => {
  const small = (): Feeder => createFeeder(smallFeeder())
  it('is nothing for a recloser on a radial feeder', () => {
    const feeder = small()
    feeder.setPosition('R2', 'open')
    expect(closingJoins(feeder, 'R2')).toBe('nothing')
  })
  it('is a loop for a tie within one feeder', () => expect(closingJoins(small(), 'T4')).toBe('loop'))
  it('is nothing for the tie once the other way is open', () => {
    const feeder = small()
    feeder.setPosition('R2', 'open')
    expect(closingJoins(feeder, 'T4')).toBe('nothing')
  })
  it('is undecided while the other way may be closed', () => {
    const feeder = small()
    feeder.setPosition('R2', 'unknown')
    expect(closingJoins(feeder, 'T4')).toBe('undecided')
  })
  it('is asked of the device as open, whatever it is now', () => {
    const feeder = small()
    feeder.setPosition('T4', 'unknown')
    expect(closingJoins(feeder, 'T4')).toBe('loop')
  })
  it('is a parallel where the feeder file means loops', () => {
    const feeder = createFeeder(smallFeeder({ allowLoops: true }))
    expect(closingJoins(feeder, 'T4')).toBe('parallel')
    feeder.setPosition('R2', 'open')
    expect(closingJoins(feeder, 'T4')).toBe('nothing')
  })
  it('is two sources for the tie between two feeders', () => {
    const path = 'topology/feeders/loop-pair.yaml'
    const feeder = createFeeder(parseFeeder(readFileSync(path, 'utf8'), path))
    const ties = feeder.file.devices.filter(({ normal }) => normal === 'open').map(({ name }) => name)
    expect(ties.length).toBeGreaterThan(0)
    expect(ties.map(tie => closingJoins(feeder, tie))).toContain('sources')
  })
})

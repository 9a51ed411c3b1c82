// What the IED of the tie TR makes of what it is told, on the loop scheme after CB-N has locked out:
//
//   north ═CB-N═ [n2] ═SW-N═ [n3] ═RC-N═ [n4] ═TR═ [s4] ═RC-S═ [s3] ═SW-S═ [s2] ═CB-S═ south

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decideRestoration } from '../../../src/protection/restoration/decision.ts'
import { planGroup } from '../../../src/protection/restoration/plan.ts'
import type { TeamFacts } from '../../../src/protection/restoration/sequence-types.ts'
import { sidesOf, teamOf } from '../../../src/protection/restoration/team.ts'
import { createFeeder, parseFeeder } from '../../../topology/index.ts'

const PATH = 'topology/feeders/loop-pair.yaml'
const file = parseFeeder(readFileSync(PATH, 'utf8'), PATH)
const before = createFeeder(file)
const feeder = createFeeder(file)
feeder.setPosition('CB-N', 'open')
const TEAM = [...new Set(['CB-N', ...teamOf(feeder, 'TR', sidesOf(feeder, 'TR').node, sidesOf(feeder, 'TR').section)])]

const dead = (device: string, node: boolean, section: boolean) => {
  const sides = sidesOf(feeder, device)
  return { [sides.node]: node, [sides.section]: section }
}
const quiet = { tripped: false, lockedOut: false, disturbed: false, passage: 'no' } as const
const inNorth = (device: string): TeamFacts => ({ ...quiet, position: 'closed', dead: dead(device, true, true) })
const inSouth = (device: string): TeamFacts => ({ ...quiet, position: 'closed', dead: dead(device, false, false) })
/** A fault in n2: only CB-N has seen it. */
const told: Readonly<Record<string, TeamFacts>> = {
  'CB-N': {
    ...quiet,
    position: 'open',
    tripped: true,
    lockedOut: true,
    passage: 'yes',
    dead: dead('CB-N', false, true),
  },
  'SW-N': inNorth('SW-N'),
  'RC-N': inNorth('RC-N'),
  TR: { ...quiet, position: 'open', lockedOut: true, dead: dead('TR', true, false) },
  'RC-S': inSouth('RC-S'),
  'SW-S': inSouth('SW-S'),
  'CB-S': inSouth('CB-S'),
}
type Change = Readonly<Record<string, Partial<TeamFacts> | undefined>>

function decide(
  change: Change = {},
  { device = 'TR', failed = {} }: { device?: string; failed?: Record<string, string> } = {},
) {
  const facts = new Map(
    Object.entries(told).flatMap(([of, facts]) =>
      of in change && change[of] === undefined ? [] : [[of, { ...facts, ...change[of] }] as const],
    ),
  )
  return decideRestoration({
    feeder,
    before,
    device,
    team: TEAM,
    facts,
    failed: new Map(Object.entries(failed)),
    plan: planGroup,
  })
}

const opened = { position: 'open' } as const
/** As restoration has opened it, and says so. */
const isolating = { position: 'open', lockedOut: true } as const

describe('what the tie makes of what it is told', () => {
  it('has the switch opened, under the grants of all that bound the dark part or supply it', () => {
    expect(decide()).toEqual({
      kind: 'go',
      opens: ['SW-N'],
      sheds: [],
      grants: ['CB-S', 'RC-S', 'SW-N', 'SW-S', 'TR'],
      feeds: ['n3', 'n3a', 'n4', 'n4a'],
      suspect: ['n2', 'n2a'],
    })
  })
  it('has nothing left to open once the switch says that it is', () => {
    expect(decide({ 'SW-N': isolating })).toMatchObject({ kind: 'go', opens: [] })
  })
  it('has the next one out opened where one has failed, is silent, barred or unknown', () => {
    const next = { kind: 'go', opens: ['RC-N'], feeds: ['n4', 'n4a'] }
    expect(decide({}, { failed: { 'SW-N': 'stuck' } })).toMatchObject(next)
    expect(decide({ 'SW-N': undefined })).toMatchObject(next)
    expect(decide({ 'SW-N': { barred: 'it is tagged' } })).toMatchObject(next)
    expect(decide({ 'SW-N': { position: 'unknown' } })).toMatchObject(next)
  })
  it('opens farther out for a fault farther down', () => {
    const passed = { passage: 'yes', toward: 'n3' } as const
    expect(decide({ 'SW-N': passed })).toMatchObject({
      kind: 'go',
      opens: ['RC-N'],
      feeds: ['n4', 'n4a'],
      suspect: ['n3', 'n3a'],
    })
  })

  it.each<[string, Change]>([
    ['the fault is beside it', { 'SW-N': { passage: 'yes' }, 'RC-N': { passage: 'yes' } }],
    ['whether the fault is beside it is not known', { 'SW-N': { passage: 'yes' }, 'RC-N': { passage: 'unknown' } }],
    ['nobody says that something has locked out', { 'CB-N': undefined }],
    ['a recloser may close yet', { 'CB-N': { lockedOut: false } }],
    ['fault current passes somewhere', { 'CB-S': { disturbed: true } }],
    ['a recloser within has seen a fault pass in one shot and not in another', { 'RC-N': { passage: 'unknown' } }],
    ['the passages contradict each other', { 'RC-N': { passage: 'yes', toward: 'n4' } }],
    ['one beside the dark part says that it is live', { 'RC-N': { dead: dead('RC-N', true, false) } }],
    ['a device on the supplying path is silent', { 'SW-S': undefined }],
    ['a device on the supplying path says that it is open', { 'SW-S': opened }],
    [
      'two have locked out, and the fault of the upper one may be in between',
      { 'RC-N': { position: 'open', tripped: true, lockedOut: true, passage: 'yes' }, 'SW-N': { passage: 'yes' } },
    ],
    ['its own device is barred', { TR: { barred: 'an inhibit stands here' } }],
    ['its own device has said nothing', { TR: undefined }],
    ['what is open shows no side without voltage', { 'SW-N': { position: 'open', dead: {} } }],
    ['what fed it was opened by hand', { 'SW-N': opened }],
    ['neither switch can part the fault', { 'SW-N': undefined, 'RC-N': undefined }],
  ])('waits when %s', (_, change) => expect(decide(change)).toMatchObject({ kind: 'wait' }))

  it.each<[string, Partial<TeamFacts>]>([
    ['both sides are live', { dead: dead('TR', false, false) }],
    ['both sides are dead', { dead: dead('TR', true, true) }],
    ['one side is not known', { dead: { n4: true } }],
    ['it is closed', { position: 'closed' }],
  ])('has nothing to do when %s', (_, change) => expect(decide({ TR: change })).toMatchObject({ kind: 'nothing' }))
})

describe('what the IED of the breaker that locked out makes of it', () => {
  it('feeds its own stretch again when the fault is beyond the switch', () => {
    expect(decide({ 'SW-N': { passage: 'yes', toward: 'n3' } }, { device: 'CB-N' })).toMatchObject({
      kind: 'go',
      opens: ['SW-N'],
      grants: ['CB-N', 'SW-N'],
      feeds: ['n2', 'n2a'],
    })
  })
  it('does not when the fault is in it', () => expect(decide({}, { device: 'CB-N' })).toMatchObject({ kind: 'wait' }))
  it('still knows of the fault once the part above it is live, by the switch that isolates it', () => {
    const live = {
      'CB-N': { position: 'closed', tripped: false, lockedOut: false, dead: dead('CB-N', false, false) },
    } as const
    const isolates = {
      'SW-N': { position: 'open', lockedOut: true, passage: 'yes', toward: 'n3', dead: dead('SW-N', false, true) },
    } as const
    expect(decide({ ...live, ...isolates })).toMatchObject({ kind: 'go', opens: ['RC-N'], feeds: ['n4', 'n4a'] })
  })
})

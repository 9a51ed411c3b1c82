import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createField, type Field, type FieldEvent } from '../../sim/plant/field.ts'
import { createPlant, type Plant } from '../../sim/plant/plant.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { type Instant, instant } from '../../topology/units.ts'
import { smallFeeder } from './small-feeder.ts'

// The small feeder: CB 400 A 800 ms, R2 200 A 400 ms, breaker times 50 and 40 ms; F3 is a fuse on the lateral to N3.
const RECLOSE = { deadTimesMs: [500, 2000], resetMs: 10_000 }
function feeder(changes: { reclose?: boolean; fuse?: boolean } = {}): FeederFile {
  const devices: Record<string, unknown>[] = smallFeeder().devices.map(device =>
    device.name === 'R2' && changes.reclose === true ? { ...device, reclose: RECLOSE } : device,
  )
  const curve = [
    [50, 100],
    [500, 1],
    [5000, 0.01],
  ]
  if (changes.fuse === true) devices.push({ name: 'F3', kind: 'fuse', section: 's3', meltingCurve: curve })
  return smallFeeder({ devices })
}

/** A feeder at work: what is told is done at its time, and all that happens is written down. */
function run(
  file: FeederFile,
  script: (at: (ms: number, act: (plant: Plant, field: Field) => unknown) => void) => void,
) {
  const plant = createPlant(file)
  const field = createField(file, plant)
  const log: FieldEvent[] = []
  const acts: { ms: number; act: (plant: Plant, field: Field) => unknown }[] = []
  script((ms, act) => acts.push({ ms, act }))
  const until = (end: Instant): void => {
    for (let at = field.deadline(); at !== undefined && at <= end; at = field.deadline()) log.push(...field.advance(at))
    log.push(...field.advance(end))
  }
  for (const { ms, act } of acts) {
    until(instant(ms))
    const events = act(plant, field)
    if (Array.isArray(events)) log.push(...(events as FieldEvent[]))
    log.push(...field.advance(instant(ms)))
  }
  return { plant, field, until, lines: () => log.map(({ at, device, kind }) => `${at} ${device} ${kind}`) }
}

describe('the field', () => {
  it('lets a sectionalizer without an IED count, and open in the dead time before the last shot', () => {
    const counter = { actuatingAmps: 160, counts: 2 }
    const file = smallFeeder({
      devices: smallFeeder().devices.map(device => {
        if (device.name === 'CB') return { ...device, kind: 'recloser', reclose: RECLOSE }
        const { relay: _, ...bare } = device
        return device.name === 'R2' ? { ...bare, kind: 'sectionalizer', sectionalizer: counter } : device
      }),
    })
    const { until, lines, field, plant } = run(file, at => {
      at(0, plant => plant.setGenerator('G2', false))
      at(100, plant => plant.fault({ section: 's2' }))
    })
    until(instant(60_000))
    expect(lines()).toEqual([
      '100 CB pickup',
      '900 CB trip',
      '950 CB open',
      '950 CB dropout',
      '1450 CB reclose',
      '1450 CB pickup',
      '2250 CB trip',
      '2300 CB open',
      '2300 CB dropout',
      '2300 R2 lockout',
      '2340 R2 open',
      '4300 CB reclose',
    ])
    expect(plant.position('CB')).toBe('closed')
    expect(field.relay('R2')).toMatchObject({ isLockedOut: true, isTripped: false })
  })

  it('trips by inverse time, using up its share of each current', () => {
    const relay = { pickupAmps: 200, curve: 'iec.vi', timeMultiplier: 0.2 }
    const file = smallFeeder({
      devices: smallFeeder().devices.map(device => (device.name === 'R2' ? { ...device, relay } : device)),
    })
    const { until, lines, plant } = run(file, at => at(100, plant => plant.fault({ section: 's2' })))
    const multiple = Math.max(...Object.values(plant.through('R2').amps)) / 200
    until(instant(5000))
    const trip = Number(
      lines()
        .find(line => line.endsWith('R2 trip'))
        ?.split(' ')[0],
    )
    expect(trip - 100).toBeCloseTo((0.2 * 13.5 * 1000) / (multiple - 1), 6)
  })

  it('trips the nearest relay and leaves the one above', () => {
    const { until, lines, field } = run(feeder(), at => at(100, plant => plant.fault({ section: 's2' })))
    until(instant(5000))
    expect(lines()).toEqual([
      '100 CB pickup',
      '100 R2 pickup',
      '500 R2 trip',
      '540 R2 open',
      '540 CB dropout',
      '540 R2 dropout',
    ])
    expect(field.deadline()).toBeUndefined()
    expect(field.relay('R2')).toEqual({ isPickedUp: false, isTripped: true, isLockedOut: true, isReclosing: false })
  })

  it('gives the same events when it is looked at late', () => {
    const often = run(feeder({ reclose: true }), at => at(100, plant => plant.fault({ section: 's2' })))
    often.until(instant(9000))
    const late = run(feeder({ reclose: true }), at => at(100, plant => plant.fault({ section: 's2' })))
    const events = late.field.advance(instant(9000))
    expect(often.lines()).toEqual([...late.lines(), ...events.map(e => `${e.at} ${e.device} ${e.kind}`)])
  })

  it('recloses onto a fault that stays, and locks out', () => {
    const { until, lines, field } = run(feeder({ reclose: true }), at => at(0, plant => plant.fault({ section: 's2' })))
    until(instant(20_000))
    expect(lines().filter(line => line.includes('R2') && !/pickup|dropout/.test(line))).toEqual([
      '400 R2 trip',
      '440 R2 open',
      '940 R2 reclose',
      '1340 R2 trip',
      '1380 R2 open',
      '3380 R2 reclose',
      '3780 R2 trip',
      '3820 R2 open',
      '3820 R2 lockout',
    ])
    expect(field.relay('R2').isLockedOut).toBe(true)
  })

  it('stays closed when the fault went away in the dead time', () => {
    const { until, plant, field } = run(feeder({ reclose: true }), at => {
      at(0, it => it.fault({ section: 's2' }))
      at(600, it => it.clearFault('s2'))
    })
    until(instant(700))
    expect(field.relay('R2').isReclosing).toBe(true)
    until(instant(20_000))
    expect(plant.position('R2')).toBe('closed')
    expect(plant.snapshot().deadNodes).toEqual([])
    expect(field.deadline()).toBeUndefined()
  })

  it('leaves a stuck device to the one above', () => {
    const { until, lines } = run(feeder(), at => {
      at(0, (_, field) => field.fail('R2', 'stuck contacts', true, instant(0)))
      at(0, plant => plant.fault({ section: 's2' }))
    })
    until(instant(2000))
    expect(lines()).toEqual([
      '0 CB pickup',
      '0 R2 pickup',
      '400 R2 trip',
      '440 R2 stuck',
      '800 CB trip',
      '850 CB open',
      '850 CB dropout',
      '850 R2 dropout',
    ])
  })

  it('leaves a relay that sees nothing to the one above', () => {
    const { until, lines, field } = run(feeder(), at => {
      at(0, plant => plant.fault({ section: 's2' }))
      at(100, (_, it) => it.fail('R2', 'stuck relay', true, instant(100)))
    })
    until(instant(2000))
    expect(lines()).toContain('100 R2 dropout')
    expect(lines()).toContain('850 CB open')
    expect(field.relay('R2').isTripped).toBe(false)
  })

  it('shows no pickup of a relay that sees nothing', () => {
    const { plant, field } = run(feeder(), at => {
      at(0, it => it.fault({ section: 's2' }))
      at(10, (_, it) => it.fail('R2', 'stuck relay', true, instant(10)))
    })
    expect(plant.shows('recloser').pickup).toBe(true)
    expect(field.shows('recloser')).toMatchObject({ pickup: false, phasePickup: false, entered: 1 })
    expect(field.shows('relay').pickup).toBe(true)
    expect(field.shows('meter')).toBe(plant.shows('meter'))
  })

  it('opens and closes on command', () => {
    const { until, lines, plant } = run(feeder(), at => {
      at(0, (_, field) => field.command('R2', 'open', instant(0)))
      at(1000, (_, field) => field.command('R2', 'close', instant(1000)))
      at(1000, (_, field) => field.command('T4', 'close', instant(1000)))
    })
    until(instant(2000))
    expect(lines()).toEqual(['40 R2 open', '1000 R2 close', '1000 T4 close'])
    expect(plant.position('T4')).toBe('closed')
  })

  it('blows a fuse that nobody watches, once, before the breaker trips', () => {
    const { until, lines, plant, field } = run(feeder({ fuse: true }), at =>
      at(0, it => it.fault({ section: 's3', position: 0.5 })),
    )
    until(instant(5000))
    const blown = lines().find(line => line.endsWith('F3 fuse blown'))
    expect(Number(blown?.split(' ')[0])).toBeGreaterThan(80) // some 1480 A: 0.114 s by its curve
    expect(Number(blown?.split(' ')[0])).toBeLessThan(150)
    expect(lines().at(-1)).toMatch(/CB dropout/)
    expect(plant.position('F3')).toBe('open')
    expect(field.command('F3', 'close', instant(6000)).map(event => event.kind)).toContain('close')
    until(instant(9000))
    expect(plant.position('F3')).toBe('open') // the fault was still there
  })

  it('knows no other devices', () => {
    const { field } = run(feeder(), () => {})
    expect(() => field.command('X', 'open', instant(0))).toThrow('device X: not in feeder small')
    expect(() => field.relay('X')).toThrow('device X')
  })
})

describe('the loop pair at work', () => {
  const file = parseFeeder(readFileSync('topology/feeders/loop-pair.yaml', 'utf8'), 'loop-pair.yaml')
  const clears = [
    { fault: { section: 'n2-n2a', kind: 'line-ground', phases: ['a'] }, by: 'F-N2', kind: 'fuse blown' },
    { fault: { section: 's4-s4a', kind: 'line-line', phases: ['a', 'b'] }, by: 'F-S4', kind: 'fuse blown' },
    { fault: { section: 's2a-s2b', kind: 'three-phase' }, by: 'RL-S2', kind: 'lockout' },
    { fault: { section: 'n4-n5', kind: 'line-ground', phases: ['c'], resistanceOhm: 10 }, by: 'RC-N', kind: 'lockout' },
    { fault: { section: 'n1-n2', kind: 'three-phase' }, by: 'CB-N', kind: 'lockout' },
  ] as const
  for (const { fault, by, kind } of clears) {
    it(`clears a ${fault.kind} fault on ${fault.section} by ${by} alone`, () => {
      const { until, lines } = run(file, at => at(0, plant => plant.fault(fault)))
      until(instant(60_000))
      const opened = lines().filter(line => / (open|fuse blown)$/.test(line))
      expect(new Set(opened.map(line => line.split(' ')[1]))).toEqual(new Set([by]))
      expect(lines().some(line => line.endsWith(`${by} ${kind}`))).toBe(true)
    })
  }
})

// What sim/scenarios/ieee13.yaml expects of the devices.
describe('the IEEE 13-node feeder at work', () => {
  const file = parseFeeder(readFileSync('topology/feeders/ieee13.yaml', 'utf8'), 'ieee13.yaml')

  it('clears a fault on the cable to 675 by R675, seen by all on the way', () => {
    const { until, lines, plant } = run(file, at => at(0, it => it.fault({ section: 's692-675' })))
    for (const ied of ['relay-650', 'recloser-632', 'recloser-675']) {
      expect(plant.shows(ied), ied).toMatchObject({ pickup: true })
    }
    expect(plant.shows('recloser-675')).toMatchObject({ entered: 1, left: 0 })
    for (const ied of ['relay-650', 'recloser-632', 'switch-692']) {
      expect(plant.shows(ied), ied).toMatchObject({ entered: 1, left: 1 })
    }
    for (const ied of ['recloser-645', 'recloser-671']) {
      expect(plant.shows(ied), ied).toMatchObject({ entered: 0, pickup: false })
    }
    until(instant(10_000))
    expect(lines().filter(line => line.endsWith('open'))).toEqual(['350 R675 open'])
    expect(plant.shows('gen-675')).toMatchObject({ dead: true })
  })

  it('is held down by a sag on 671-692 below it alone', () => {
    const plant = createPlant(file)
    plant.disturb({ section: 's671-692', residualPu: 0.25 })
    const sagging = file.ieds.filter(ied => plant.shows(ied.name).sag).map(ied => ied.name)
    expect(sagging.sort()).toEqual(['cap-675', 'gen-675', 'meter-675', 'meter-692', 'recloser-675'])
    expect(plant.shows('switch-692')).toMatchObject({ entered: 1, left: 0, residualPu: 0.25 })
    expect(plant.shows('recloser-632')).toMatchObject({ entered: 1, left: 1 })
    for (const { name } of file.ieds) expect(plant.shows(name).pickup, name).toBe(false)
  })
})

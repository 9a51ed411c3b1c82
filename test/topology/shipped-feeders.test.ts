// Every shipped feeder reads without complaint, and its protection can work: each relay lets load pass, sees what happens
// in its own stretch, and leaves time to what protects further down.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { clearingTime } from '../../sim/devices/fuse.ts'
import { createPlant } from '../../sim/plant/plant.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { type SettingsRow, settingsTable } from './settings-table.ts'

const FOLDER = 'topology/feeders'
function shipped(name: string): FeederFile {
  const path = `${FOLDER}/${name}.yaml`
  return parseFeeder(readFileSync(path, 'utf8'), path)
}
const names = readdirSync(FOLDER).map(file => file.replace(/\.yaml$/, ''))

it('ships IEEE 13, 34 and 37, a loop pair and a customer site', () => {
  expect(names.sort()).toEqual(['customer-site', 'ieee13', 'ieee34', 'ieee37', 'loop-pair'])
})

for (const name of names) {
  describe(name, () => {
    const file = shipped(name)
    const feeder = createFeeder(file)
    const rows = settingsTable(file)

    it('has an IED for each breaker, a meter, and customers', () => {
      const operated = new Set(file.ieds.map(ied => ied.operates))
      for (const device of file.devices) {
        if (device.kind === 'breaker') expect(operated, device.name).toContain(device.name)
      }
      expect(file.ieds.filter(ied => ied.kind === 'meter').length).toBeGreaterThan(2)
      expect(file.loads.reduce((sum, load) => sum + load.customers, 0)).toBeGreaterThan(100)
      expect(file.ieds.length).toBeGreaterThanOrEqual(14)
      expect(feeder.zones.length).toBeGreaterThanOrEqual(6)
    })

    it('meters every load once', () => {
      const metered = file.ieds.flatMap(ied => [...ied.meters, ...(ied.operates === undefined ? [] : [ied.operates])])
      for (const { name: load } of file.loads)
        expect(
          metered.filter(other => other === load),
          load,
        ).toHaveLength(1)
    })

    it('has an observer for each section, but for what lies behind fuses and devices without IED', () => {
      const operated = new Set(file.ieds.map(ied => ied.operates))
      const unseen = file.sections.filter(section => feeder.observerOf(section.name) === undefined)
      for (const { name: section } of unseen) {
        const above = file.devices.find(device => device.section === section)
        expect(above !== undefined && operated.has(above.name), section).toBe(false)
      }
      expect(unseen.length).toBeLessThan(file.sections.length / 3)
    })

    for (const row of rows) {
      it(`lets ${row.device.name} carry its load and see its faults`, () => checkReach(row))
      it(`lets ${row.device.name} take no notice of faults elsewhere`, () => {
        // The heat and power plant's breaker: its delay sees to that, see the file.
        if (row.device.name !== 'CB-G') expect(row.picksUpOutside).toEqual([])
      })
      it(`lets ${row.device.name} wait for what is below it`, () => checkSteps(row, rows))
    }
  })
}

function checkReach({
  device,
  loadAmps,
  loadResidualAmps,
  leastPhase,
  leastGroundPhase,
  leastResidual,
}: SettingsRow): void {
  const { relay, meltingCurve } = device
  const pickup = relay?.pickupAmps ?? meltingCurve?.[0]?.[0] ?? 0
  expect(pickup).toBeGreaterThan(1.5 * loadAmps)
  if (leastPhase !== undefined) expect(leastPhase.amps).toBeGreaterThan(1.5 * pickup)
  if (relay?.ground !== undefined) expect(relay.ground.pickupAmps).toBeGreaterThan(1.5 * loadResidualAmps)
  // Ungrounded parts have next to no current to ground, and nothing can see it.
  if (leastResidual === undefined || leastResidual.amps < 5) return
  const seesByPhase = (leastGroundPhase?.amps ?? 0) > 1.5 * pickup
  const seesByGround = relay?.ground !== undefined && leastResidual.amps > 1.5 * relay.ground.pickupAmps
  expect(seesByPhase || seesByGround).toBe(true)
}

function checkSteps({ device, below, leastGroundPhase, leastPhase }: SettingsRow, rows: readonly SettingsRow[]): void {
  if (device.relay === undefined) return
  for (const lower of rows.filter(row => below.includes(row.device.name))) {
    expect((device.relay.delayMs ?? 0) - (clearingMs(lower) ?? 0), lower.device.name).toBeGreaterThanOrEqual(200)
  }
  expect(leastGroundPhase ?? leastPhase).toBeDefined()
}

/** From pickup to trip; of a fuse, its time for the least fault that it can clear. */
function clearingMs({ device, leastPhase, leastGroundPhase }: SettingsRow): number | undefined {
  const { meltingCurve: curve, relay } = device
  if (curve === undefined) return relay?.delayMs
  const seen = [leastPhase, leastGroundPhase].map(least => least?.amps ?? 0).filter(amps => amps > (curve[0]?.[0] ?? 0))
  return clearingTime(curve, Math.min(...seen))
}

describe('the loop pair', () => {
  const file = shipped('loop-pair')
  for (const [lost, other] of [
    ['CB-N', 'CB-S'],
    ['CB-S', 'CB-N'],
  ] as const) {
    it(`feeds everybody over the tie when ${lost} is out, within ampacity, voltage and pickups`, () => {
      const plant = createPlant(file)
      plant.setDevice(lost, 'open')
      expect(plant.snapshot().deadNodes.length).toBeGreaterThan(5)
      plant.setDevice('TR', 'closed')
      const { deadNodes, voltsPu } = plant.snapshot()
      expect(deadNodes).toEqual([])
      expect(Math.min(...Object.values(voltsPu))).toBeGreaterThan(0.95)
      const { a = 0, b = 0, c = 0 } = plant.through(other).amps
      expect(Math.max(a, b, c)).toBeLessThan(730)
      const rows = settingsTable(file, live => {
        live.setDevice(lost, 'open')
        live.setDevice('TR', 'closed')
      })
      expect(rows.map(row => row.device.name)).toContain('TR')
      for (const row of rows) checkReach(row)
    })
  }
})

describe('the customer site', () => {
  const file = shipped('customer-site')

  it('has three owners', () => {
    expect(new Set(file.ieds.map(ied => ied.organisation))).toEqual(new Set(['utility', 'works', 'heat-and-power']))
  })

  it('takes nothing from the utility that its own generators bring', () => {
    const plant = createPlant(file)
    const bought = (): number =>
      Object.values(plant.shows('meter-pcc').kw).reduce((sum: number, kw) => sum + (kw ?? 0), 0)
    const withGenerators = bought()
    plant.setGenerator('CHP', false)
    plant.setGenerator('PV', false)
    expect(bought() - withGenerators).toBeGreaterThan(1900)
    expect(bought()).toBeGreaterThan(3800)
  })

  it('sees no ground fault through a delta', () => {
    const plant = createPlant(file)
    plant.fault({ node: 'm1', kind: 'line-ground', phases: ['a'] })
    expect(plant.shows('relay-motors')).toMatchObject({ groundPickup: true })
    expect(plant.shows('relay-pcc')).toMatchObject({ groundPickup: false, phasePickup: true })
  })
})

describe('IEEE 37, which nothing grounds', () => {
  it('has no current to ground, and no customer notices one phase to ground', () => {
    const plant = createPlant(shipped('ieee37'))
    const before = plant.shows('meter-738').volts.b ?? 0
    plant.fault({ node: '738', kind: 'line-ground', phases: ['a'] })
    const { sag, volts } = plant.shows('meter-738')
    expect(sag).toBe(false)
    expect(volts.b).toBeCloseTo(before, -2)
    expect(plant.shows('recloser-708')).toMatchObject({ pickup: false, entered: 0 })
    plant.fault({ node: '735', kind: 'line-ground', phases: ['c'] })
    expect(plant.shows('recloser-708').pickup).toBe(true) // now it is a fault between two phases
  })
})

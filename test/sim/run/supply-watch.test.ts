import { describe, expect, it } from 'vitest'
import { createPlant } from '../../../sim/plant/plant.ts'
import { supplyWatch } from '../../../sim/run/supply-watch.ts'
import { smallFeeder } from './small.ts'

describe('who has supply', () => {
  // S ─B1─ N1 ──(load along)── N2 ─B2─ N3, and B3 stands at the far end of N1-N2.
  it('follows the contacts, at nodes and along sections', () => {
    const file = smallFeeder()
    const plant = createPlant(file)
    const watch = supplyWatch(file)
    const change = (device: string, position: 'open' | 'closed', atMs: number): string[] => {
      plant.setDevice(device, position)
      return watch.update(plant, atMs).map(({ load, supplied }) => `${load} ${supplied ? 'on' : 'off'}`)
    }
    expect(watch.update(plant, 0)).toEqual([])
    expect(change('B2', 'open', 1)).toEqual(['at-n3 off'])
    // The section is live from its near end; only what lies beyond the open device is not.
    expect(change('B3', 'open', 2)).toEqual(['at-n2 off'])
    expect(change('B1', 'open', 3)).toEqual(['along off'])
    expect(change('B1', 'closed', 4)).toEqual(['along on'])
    expect(change('B3', 'closed', 5)).toEqual(['at-n2 on'])
    expect(change('B2', 'closed', 6)).toEqual(['at-n3 on'])
  })
  it('knows a load that its meter has disconnected', () => {
    const file = smallFeeder()
    const plant = createPlant(file)
    const watch = supplyWatch(file)
    plant.setLoad('at-n3', false)
    expect(watch.update(plant, 1)).toEqual([{ atMs: 1, load: 'at-n3', customers: 7, supplied: false }])
  })
})

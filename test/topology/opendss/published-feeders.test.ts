// Real feeders against the facts that others computed of them (feeders_truth.json, tables in ../shared/data/README.md).

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { feederCounts } from '../../../topology/counts.ts'
import { createFeeder, type Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { importOpenDss } from '../../../topology/opendss/import-open-dss.ts'
import { writeFeeder } from '../../../topology/write-feeder.ts'
import { FEEDERS, hasFeeders, MASTERS, WITHOUT } from './masters.ts'

interface Fed {
  readonly buses: number
  readonly loads: number
  readonly kw: number
}
interface Truth {
  readonly buses: number
  readonly lines_not_switches: number
  readonly transformers: number
  readonly capacitors: number
  readonly loads: number
  readonly load_kw_total: number
  readonly load_kvar_given_total: number
  readonly radial_from_source: boolean
  readonly max_depth_sections: number
  readonly deepest_bus: string
  readonly source_bus: string
  readonly switches: { readonly normally_closed: string[]; readonly normally_open_or_disabled: string[] }
  readonly downstream_of_line: Readonly<Record<string, Fed & { readonly bus1: string; readonly bus2: string }>>
  readonly downstream_of_closed_switch: Readonly<Record<string, Fed>>
  readonly closing_one_open_switch?: Readonly<Record<string, { readonly makes_a_loop: boolean }>>
  readonly open_one_switch_then_close_one_tie?: Readonly<
    Record<string, { readonly lost_buses: number; readonly refed_by_tie: Readonly<Record<string, number>> }>
  >
}

const truths: Readonly<Record<string, Truth>> = hasFeeders
  ? JSON.parse(readFileSync(`${FEEDERS}/feeders_truth.json`, 'utf8'))
  : {}

/** What loses the source when one section alone opens. */
function fedThrough(file: FeederFile, sectionName: string): Fed {
  const fed = fedBuses(file, section => section !== sectionName)
  const lost = new Set(file.nodes.map(({ name }) => name).filter(name => !fed.has(name)))
  const loads = file.loads.filter(({ node }) => node !== undefined && lost.has(node))
  const kw = loads.reduce((sum, load) => sum + totalOf(load.kw), 0)
  return { buses: lost.size, loads: loads.length, kw: Math.round(kw * 1000) / 1000 }
}

function fedBuses(file: FeederFile, isClosed: (section: string) => boolean): Set<string> {
  const open = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ section }) => section))
  const fed = new Set(file.sources.map(({ node }) => node))
  for (let before = -1; before < fed.size; ) {
    before = fed.size
    for (const { name, from, to } of file.sections) {
      if (open.has(name) || !isClosed(name) || fed.has(from) === fed.has(to)) continue
      fed.add(from).add(to)
    }
  }
  return fed
}

const totalOf = (figures: object): number =>
  Object.values(figures).reduce((sum: number, figure) => sum + (figure ?? 0), 0)
const fedNodes = (feeder: Feeder): number =>
  feeder.file.nodes.filter(({ name }) => feeder.energised(name) === 'yes').length

describe.skipIf(!hasFeeders)(`import of published OpenDSS feeders (${WITHOUT})`, () => {
  for (const [name, master] of hasFeeders ? Object.entries(MASTERS) : []) {
    describe(name, () => {
      const truth = truths[name] as Truth
      const { feeder } = importOpenDss(master)

      it('counts as its table says', () => {
        expect(feederCounts(feeder)).toEqual({
          buses: truth.buses,
          lines: truth.lines_not_switches,
          switchesClosed: truth.switches.normally_closed.length,
          switchesOpen: truth.switches.normally_open_or_disabled.length,
          transformers: truth.transformers,
          capacitors: truth.capacitors,
          loads: truth.loads,
          loadKw: truth.load_kw_total,
          radial: truth.radial_from_source,
          depth: truth.max_depth_sections,
          deepestBus: truth.deepest_bus,
        })
        expect(feeder.sources.map(({ node }) => node)).toEqual([truth.source_bus])
      })

      it('has its switches by name and normal position', () => {
        const byPosition = (position: string): string[] =>
          feeder.devices
            .filter(
              ({ normal, section }) =>
                normal === position && feeder.sections.find(s => s.name === section)?.lengthM === 0,
            )
            .map(({ name: device }) => device)
            .sort()
        expect(byPosition('closed')).toEqual(truth.switches.normally_closed)
        expect(byPosition('open')).toEqual(truth.switches.normally_open_or_disabled)
      })

      it('loses behind each line and switch what the facts say', () => {
        const live = createFeeder(feeder)
        for (const [line, { bus1, bus2, buses, loads, kw }] of Object.entries(truth.downstream_of_line)) {
          const section = feeder.sections.find(entry => entry.name === line)
          expect([section?.from, section?.to]).toEqual([bus1, bus2])
          expect({ line, ...fedThrough(feeder, line) }).toEqual({ line, buses, loads, kw })
          if (buses > 0) expect(live.downstream(line).nodes.size).toBe(buses)
          if (buses > 0) expect(live.downstream(line).loadKw).toBeCloseTo(kw, 6)
        }
        for (const [device, { buses, loads, kw }] of Object.entries(truth.downstream_of_closed_switch)) {
          expect({ device, ...fedThrough(feeder, device) }).toEqual({ device, buses, loads, kw })
        }
      })

      it('is written as YAML and read back the same', () => {
        expect(parseFeeder(writeFeeder(feeder), 'written.yaml')).toEqual(feeder)
      })
    })
  }

  it('feeds again through the tie what each switch of the microgrid feeder drops', () => {
    const truth = truths.ieee13mod_onm as Truth
    const live = createFeeder(importOpenDss(MASTERS.ieee13mod_onm as string).feeder)
    const all = fedNodes(live)
    for (const [device, { lost_buses, refed_by_tie }] of Object.entries(
      truth.open_one_switch_then_close_one_tie ?? {},
    )) {
      live.setPosition(device, 'open')
      expect(all - fedNodes(live)).toBe(lost_buses)
      live.setPosition('801675', 'closed')
      expect(fedNodes(live) - (all - lost_buses)).toBe(refed_by_tie['801675'] ?? 0)
      live.setPosition('801675', 'open')
      live.setPosition(device, 'closed')
    }
    live.setPosition('801675', 'closed')
    expect(live.loops().certain).toHaveLength(1)
  })
})

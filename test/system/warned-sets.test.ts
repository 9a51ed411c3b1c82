// Who is warned, over the real mesh, for every section of the IEEE 13-node feeder as the disturbed one. The table is
// written by hand from the published one-line diagram:
//
//          646 ─ 645 ─ 632 ─ 633 ═ 634          650 above 632, 671 below it
//          611 ─ 684 ─ 671 ─ 692 ─ 675
//                 │      │
//                652    680
//
// and from where our IEDs stand: at 650 relay-650; at 632 recloser-632, recloser-645; at 671 recloser-671, switch-692,
// meter-671; at 692 recloser-675, meter-692; at 675 meter-675, cap-675, gen-675; meters at 634, 645, 646, 611, 652.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allAct, pause, type RunningFeeder, startFeeder, until } from './feeder-in-process.ts'

const AT_675 = ['meter-675', 'cap-675', 'gen-675']
const AT_692 = ['recloser-675', 'meter-692']
const AT_671 = ['recloser-671', 'switch-692', 'meter-671']
const AT_632 = ['recloser-632', 'recloser-645']

const warned: Record<string, string[]> = {
  's650-632': [
    ...AT_632,
    'meter-634',
    'meter-645',
    'meter-646',
    ...AT_671,
    'meter-611',
    'meter-652',
    ...AT_692,
    ...AT_675,
  ],
  's632-633': ['meter-634'],
  's633-634': ['meter-634'],
  's632-645': ['meter-645', 'meter-646'],
  's645-646': ['meter-646'],
  's632-671': [...AT_671, 'meter-611', 'meter-652', ...AT_692, ...AT_675],
  's671-684': ['meter-611', 'meter-652'],
  's684-611': ['meter-611'],
  's684-652': ['meter-652'],
  's671-680': [],
  's671-692': [...AT_692, ...AT_675],
  's692-675': AT_675,
}

let running: RunningFeeder
beforeAll(async () => {
  running = await startFeeder()
  const { agents, reports } = running
  const peersOf = (ied: string): number =>
    Number(reports.findLast(entry => entry.ied === ied && /^peer-/.test(entry.report.event))?.report.peers ?? 0)
  // Not each with all: how many others an agent looks for is bounded.
  await until('all agents have peers', () => [...agents.keys()].every(ied => peersOf(ied) >= 8), 90_000)
  await allAct(running)
}, 150_000)
afterAll(() => running?.stop())

const warnedSince = (from: number): string[] =>
  running.reports
    .slice(from)
    .filter(({ report }) => report.event === 'warned')
    .map(({ ied }) => ied)

describe('a disturbance warns exactly the IEDs fed through the disturbed section', () => {
  it('the table has every section of the feeder', () => {
    expect(Object.keys(warned).sort()).toEqual(running.feeder.file.sections.map(({ name }) => name).sort())
  })

  for (const [section, want] of Object.entries(warned)) {
    it(`${section}: ${want.length === 0 ? 'nobody' : want.join(', ')}`, async () => {
      const from = running.reports.length
      running.devices.disturb({ section, residualPu: 0.2 })
      await until(
        'sent',
        () => running.reports.slice(from).some(({ report }) => report.event === 'warning-sent'),
        10_000,
      )
      await until('all are warned', () => warnedSince(from).length >= want.length, 10_000)
      await pause(300) // for whoever should not have been
      running.devices.clearDisturbance(section)
      await until(
        'all clear',
        () =>
          running.reports.slice(from).filter(({ report }) => report.event === 'warning-ended').length >= want.length,
        10_000,
      )
      expect(warnedSince(from).sort()).toEqual([...want].sort())
      const alarms = running.reports.slice(from).filter(({ report }) => report.event === 'alarm')
      expect(alarms).toEqual([])
    })
  }

  it('loads that were shed are back', async () => {
    await until('nothing is shed', () => running.devices.snapshot().shed.length === 0, 5000)
  })
})

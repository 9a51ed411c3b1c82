// A site test of a permanent fault on the loop scheme: the recloser's shots, its lockout, the restoration over the tie, the loads
// that a warning would shed and the computers that would be told, and nothing of it happens.

import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { siteTestText } from '../../src/node/cli/site-test-text.ts'
import { siteTestOf } from '../../src/node/order-words.ts'
import { parseFeeder } from '../../topology/index.ts'
import { type Report, site } from './site-test-world.ts'

const FILE = 'topology/feeders/loop-pair.yaml'
const feeder = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const HOOK = {
  name: 'ups',
  command: ['/usr/local/sbin/shut-down', '--secret', 'token'],
  on: ['warning', 'all-clear'],
}
const members = feeder.ieds.map(({ name }) => name)

describe('a site test of a permanent fault below the recloser of a loop scheme', { timeout: 60_000 }, () => {
  let played: Awaited<ReturnType<typeof site>>
  const reports = new Map<string, Report>()
  beforeAll(async () => {
    const settings = new Map<string, Record<string, unknown>>(
      members.map(name => [
        name,
        {
          restoration: { automatic: true },
          ...(name === 'meter-n4a' ? { reactions: { severe: 'none', catastrophic: 'shed' }, hosts: [HOOK] } : {}),
        },
      ]),
    )
    played = await site(feeder, settings, 'utility')
    const outcome = await played.order('relay-north', siteTestOf('n2-n3', '30'))
    await played.runFor(31_000)
    const joined = (outcome.parts ?? []).filter(({ result }) => result === 'done').map(({ ied }) => ied)
    for (const each of ['relay-north', ...joined]) reports.set(each, await played.report(each))
  })
  const wouldDo = () =>
    [...reports.values()]
      .flatMap(({ operations }) => operations)
      .sort((one, other) => one.atMs - other.atMs)
      .map(({ device, operation, cause }) => `${device} ${operation}: ${cause}`)

  it('is joined by those beyond the open tie, who would feed again what goes dark', () => {
    expect([...reports.keys()]).toEqual(expect.arrayContaining(['tie', 'recloser-south', 'relay-south']))
    expect([...reports.values()].map(({ ended }) => ended)).toEqual([...reports.keys()].map(() => 'time'))
  })
  it('says which trips, shots, openings and closings would follow, in their order', () => {
    expect(wouldDo().filter(words => !words.includes('early-warning'))).toEqual([
      'CB-N trip: interlock',
      'CB-N close: reclosing, shot 1',
      'CB-N trip: own relay, 51P',
      'RC-N open: restoration',
      'TR close: restoration',
      'SW-N open: restoration',
      'CB-N close: restoration',
    ])
    const { opened, closed } = reports.get('relay-north') as Report
    expect(opened.map(({ device }) => device)).toEqual(['CB-N', 'CB-N', 'RC-N', 'SW-N'])
    expect(closed.map(({ device }) => device)).toEqual(['CB-N', 'TR', 'CB-N'])
  })
  it('by the dead times and delays of the feeder file', () => {
    const [trip, shot, again] = (reports.get('relay-north') as Report).operations.map(({ atMs }) => atMs)
    expect(trip).toBeLessThan(300)
    // 2 s after it has opened; 900 ms after it has closed.
    expect((shot as number) - (trip as number)).toBeGreaterThan(2000)
    expect((shot as number) - (trip as number)).toBeLessThan(2150)
    expect((again as number) - (shot as number)).toBeGreaterThan(900)
    expect((again as number) - (shot as number)).toBeLessThan(1050)
  })
  it('says which loads a warning would shed and restore', () => {
    const { operations, events } = reports.get('meter-n4a') as Report
    expect(operations.map(({ operation, cause }) => `${operation} ${cause}`)).toEqual([
      'shed early-warning',
      'restore early-warning',
    ])
    expect(events.filter(({ event }) => event === 'alarm').map(({ alarm }) => alarm)).not.toContain('operation-failed')
  })
  it('says what would have run on an attached computer, without its arguments, and runs nothing', () => {
    const { hosts } = reports.get('meter-n4a') as Report
    expect(hosts.map(({ name, does, event }) => `${name} ${does} ${event}`)).toEqual([
      'ups /usr/local/sbin/shut-down warning',
      'ups /usr/local/sbin/shut-down all-clear',
    ])
    expect(hosts[0]).toMatchObject({ severity: 'catastrophic', kind: 'interruption', timeLeftMs: 0 })
    // The program is not there: had it been run, an alarm would tell that it could not.
    expect(played.world.trace.events.filter(({ event }) => event === 'host-told' || event === 'alarm')).toEqual([])
    const reported = [...reports.values()]
    const head = { ied: 'relay-north', result: 'done', words: '', notInTest: [], unanswered: [] } as const
    const text = siteTestText({ ...head, notInTest: [], unanswered: [], reports: reported })
    expect(text).toMatch(/would have been told; nothing was run/)
    expect(text).toMatch(/meter-n4a +ups +\/usr\/local\/sbin\/shut-down +warning catastrophic interruption/)
    expect(text).not.toContain('token')
    expect(text).toMatch(/positions: CB-N open \d+ ms, CB-N closed \d+ ms/)
  })
  it('operates, sheds, grants and records nothing', () => {
    expect(played.acts).toEqual([])
    for (const event of ['operated', 'restoration-begins', 'restored', 'loads-shed', 'grant-ended', 'warned'])
      expect(played.told(event), event).toEqual([])
  })
})

describe('a site test where a person has tagged the tie', { timeout: 60_000 }, () => {
  it('restores nothing over it, as the live restoration would not', async () => {
    const automatic = new Map(members.map(name => [name, { restoration: { automatic: true } }]))
    const played = await site(feeder, automatic, 'utility')
    expect(await played.order('tie', { verb: 'tag', words: 'crew on the line' })).toMatchObject({ result: 'done' })
    await played.order('relay-north', siteTestOf('n2-n3', '20'))
    await played.runFor(21_000)
    expect((await played.report('tie')).operations).toEqual([])
    expect((await played.report('switch-north')).operations).toMatchObject([
      { operation: 'open', cause: 'restoration' },
    ])
    await played.world.stop()
  })
})

describe('a site test with a recloser that does not open', { timeout: 60_000 }, () => {
  it('says that the breaker above would trip for it, by its own fault element and the announcement', async () => {
    const played = await site(feeder, new Map(), 'utility')
    await played.order('relay-north', siteTestOf('n3-n4', '15', 'RC-N'))
    await played.runFor(16_000)
    const recloser = await played.report('recloser-north')
    expect(recloser.operations[0]).toMatchObject({ device: 'RC-N', operation: 'trip' })
    expect(recloser.opened.map(({ device }) => device)).toContain('CB-N')
    expect(recloser.opened.map(({ device }) => device)).not.toContain('RC-N')
    const [backup] = (await played.report('relay-north')).operations
    expect(backup).toMatchObject({ device: 'CB-N', operation: 'open' })
    expect(backup?.cause).toMatch(/breaker-failure/)
    await played.world.stop()
  })
  it('is refused for a device that does not carry the fault', async () => {
    const played = await site(feeder, new Map(), 'utility')
    expect(await played.order('relay-north', siteTestOf('n2-n3', '15', 'RC-N'))).toMatchObject({
      reason: 'cannot-plan',
    })
    await played.world.stop()
  })
})

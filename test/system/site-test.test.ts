// A site test on real agents: libp2p on the loopback, Modbus devices, the clock of the machine. The fault is played, the messages
// go over the real links, and no device moves.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { siteTestReport } from '../../src/node/cli/outputs-watch.ts'
import { siteTestText } from '../../src/node/cli/site-test-text.ts'
import { siteTestOf } from '../../src/node/order-words.ts'
import { giveOrder } from '../../src/node/person-orders.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import type { Outcome } from '../../src/protection/command.ts'
import { allMet, type RunningFeeder, startFeeder, until, untilAnswered } from './feeder-in-process.ts'

const NAMES = [
  'relay-north',
  'switch-north',
  'recloser-north',
  'cap-n4',
  'tie',
  'meter-n3',
  'recloser-south',
  'relay-south',
  'switch-south',
]
const SECONDS = 30
const HOSTS = 'hosts: [{ name: ups, command: [/usr/local/sbin/no-such-program, --quickly] }]\n'

let running: RunningFeeder
const addressOf = (name: string): string => running.agents.get(name)?.addresses()[0] as string
const operator = (): string => `${running.dir}/operators/utility.yaml`

beforeAll(async () => {
  running = await startFeeder({
    feeder: 'loop-pair',
    restoration: true,
    only: new Set(NAMES),
    more: { 'meter-n3': HOSTS },
  })
  await allMet(running, NAMES)
}, 200_000)
afterAll(() => running?.stop())

it('says what reclosing, restoration, loads and computers would do, with times, and moves nothing', async () => {
  const before = running.devices.history().events.length
  const from = running.reports.length
  // Until the positions on the way are known to the starter, and no news of one ends the test.
  let outcome: Outcome | undefined
  await untilAnswered('the order is taken', async () => {
    const given = await giveOrder({
      order: { ied: 'relay-north', what: siteTestOf('n2-n3', String(SECONDS)) },
      login: operator(),
      cosign: false,
      cause: 'site test',
      lifetimeMs: 60_000,
      timeoutMs: 20_000,
      addressOf,
    })
    if (!('outcome' in given)) throw new Error('invariant: an order that is not saved has an outcome')
    outcome = given.outcome
    if (outcome.result !== 'done') process.stderr.write(`${outcome.words}\n`)
    return outcome.result === 'done'
  })
  const joined = (outcome?.parts ?? []).filter(({ result }) => result === 'done').map(({ ied }) => ied)
  expect(joined).toEqual(expect.arrayContaining(NAMES.filter(name => name !== 'relay-north')))

  // A test that was refused has ended too.
  const asked = running.reports.length
  const ended = (): Set<string> =>
    new Set(running.reports.slice(asked).flatMap(({ ied, report }) => (report.event === 'site-test-over' ? [ied] : [])))
  await until('the test is over', () => NAMES.every(name => ended().has(name)), 60_000)
  const reports = await Promise.all(
    NAMES.map(
      async name => siteTestReport.parse(await askReadout(addressOf(name), operator(), 'site-test', {})).tests[0],
    ),
  )
  const played = reports.flatMap(report => report ?? [])
  expect(played.map(each => each.ended)).toEqual(NAMES.map(() => 'time'))
  const acts = played
    .flatMap(({ operations }) => operations)
    .sort((one, other) => one.atMs - other.atMs)
    .map(({ device, operation, cause }) => `${device} ${operation}: ${cause}`)
  // By answer, or, on a machine too busy for it, by the curve.
  expect(acts.find(words => words.startsWith('CB-N'))).toMatch(/^CB-N trip: (interlock|own relay)/)
  expect(acts).toEqual(
    expect.arrayContaining([
      'CB-N close: reclosing, shot 1',
      'CB-N trip: own relay, 51P',
      'TR close: restoration',
      'RC-N open: restoration',
      'meter-n3 shed: early-warning',
    ]),
  )
  const hosts = played.flatMap(each => each.hosts)
  expect(hosts[0]).toMatchObject({ name: 'ups', does: '/usr/local/sbin/no-such-program', event: 'warning' })
  const ages = played.flatMap(({ messages }) => messages.flatMap(({ latencyMs }) => latencyMs ?? []))
  expect(ages.length).toBeGreaterThan(10)
  const head = { ied: 'relay-north', result: 'done', words: '', notInTest: [], unanswered: [] }
  expect(siteTestText(outputs['site-test'].parse({ ...head, reports: played }))).toContain('TR closed')

  // What is real: no device has moved, nothing was run, shed, restored.
  expect(running.devices.history().events.slice(before)).toEqual([])
  const real = running.reports.slice(from).map(({ report }) => report.event)
  for (const event of ['operated', 'host-told', 'tripped', 'restored', 'restoration-begins', 'warned'])
    expect(real, event).not.toContain(event)
}, 300_000)

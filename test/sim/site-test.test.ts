// A site test with real agents in virtual time: what would have operated is told, nothing operates, and what is real goes on.

import { beforeAll, describe, expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { siteTestText } from '../../src/node/cli/site-test-text.ts'
import { siteTestOf } from '../../src/node/order-words.ts'
import type { Outcome } from '../../src/protection/command.ts'
import { site as siteOf } from './site-test-world.ts'
import { smallFeeder } from './small-feeder.ts'

const base = smallFeeder()
const feeder = smallFeeder({
  devices: base.devices.map(device =>
    device.name === 'CB'
      ? { ...device, relay: { pickupAmps: 400, delayMs: 800, highSet: { pickupAmps: 800 } } }
      : device.name === 'R2'
        ? { ...device, relay: { pickupAmps: 200, delayMs: 400, highSet: { pickupAmps: 600 } } }
        : device,
  ),
})
const site = (settings?: Parameters<typeof siteOf>[1]) => siteOf(feeder, settings)

describe('a site test of a fault that the breaker has to clear', () => {
  let played: Awaited<ReturnType<typeof site>>
  let outcome: Outcome
  beforeAll(async () => {
    played = await site()
    outcome = await played.order('recloser', siteTestOf('s3', '8'))
    await played.runFor(9000)
  })

  it('is joined by all that it concerns, and not by those that do not let this person order', () => {
    expect(outcome).toMatchObject({ ied: 'recloser', result: 'done' })
    const parts = new Map(outcome.parts?.map(({ ied, result }) => [ied, result]))
    expect(parts.get('relay')).toBe('done')
    expect(parts.get('meter')).toBe('done')
    // Of the customer's organisation, which has not named u's operators.
    expect(parts.get('generator')).toBe('refused')
  })
  it('says that the breaker would have tripped fast, since the recloser below answered that it sees nothing', async () => {
    const { operations, path, events, ended } = await played.report('relay')
    expect({ path, ended }).toEqual({ path: ['CB'], ended: 'time' })
    expect(operations).toMatchObject([{ device: 'CB', cause: 'interlock' }])
    expect(operations[0]?.atMs).toBeLessThan(300)
    expect(events.map(({ event }) => event)).toContain('interlock-trip')
    const answerer = await played.report('recloser')
    expect(answerer.operations).toEqual([])
    expect(answerer.messages.find(({ type }) => type === 'interlock-question')).toMatchObject({ origin: 'relay' })
    expect(answerer.messages.find(({ type }) => type === 'interlock-question')?.latencyMs).toBeGreaterThanOrEqual(0)
  })
  it('is printed with what would have operated and how old the messages were', async () => {
    const reports = await Promise.all(['relay', 'recloser'].map(each => played.report(each)))
    const answer = { ied: 'recloser', result: 'done', words: '', notInTest: [], reports, unanswered: [] }
    const text = siteTestText(outputs['site-test'].parse(answer))
    expect(text).toMatch(/played: three-phase in s3, \d+ A through CB\n/)
    expect(text).toMatch(/\d+ +relay +CB +\w+ +interlock\n/)
    expect(text).toMatch(/interlock-question +relay +recloser +\d+ +[\d.]+ +[\d.]+\n/)
  })
  it('says who would have been warned', async () => {
    const { messages } = await played.report('motor')
    expect(messages.map(({ type }) => type)).toContain('warning')
  })
  it('operates nothing, and says nothing where the live protection tells of itself', () => {
    expect(played.acts).toEqual([])
    for (const event of [
      'tripped',
      'operated',
      'interlock-trip',
      'warned',
      'warning-sent',
      'alarm',
      'relay-state',
      'told',
    ])
      expect(played.told(event), event).toEqual([])
    expect(played.told('site-test-over').map(({ why }) => why)).toContain('time')
    expect(new Set(played.told('site-test-over').map(({ why }) => why))).toEqual(new Set(['time']))
  })
})

describe('a site test', () => {
  it('ends everywhere at a real pickup, which trips as ever', async () => {
    const { world, order, acts, told, report, runFor } = await site()
    expect(await order('recloser', siteTestOf('s3', '20'))).toMatchObject({ result: 'done' })
    await runFor(1000)
    world.site.change(plant => plant.fault({ section: 's2', position: 0.3, kind: 'three-phase' }))
    await runFor(1000)
    expect(acts).toContain('R2 open')
    for (const each of ['relay', 'recloser', 'meter', 'motor'])
      expect(told('site-test-over', each), each).toMatchObject([{ why: 'pickup' }])
    expect((await report('relay')).operations).toEqual([])
    await world.stop()
  })
  it('ends by command, and when its starter is lost; a viewer cannot begin one', async () => {
    const { world, order, told, runFor } = await site()
    expect(await order('relay', siteTestOf('s2', '20'), 'VIEWER')).toMatchObject({ reason: 'not-authorised' })
    expect(told('site-test-begins')).toEqual([])
    expect(await order('relay', siteTestOf('s2', '20'))).toMatchObject({ result: 'done' })
    expect(await order('relay', siteTestOf('s3', '20'))).toMatchObject({ result: 'refused', reason: 'busy' })
    expect(await order('relay', { verb: 'end-site-test' })).toMatchObject({ result: 'done' })
    await runFor(200)
    expect(told('site-test-over', 'meter')).toMatchObject([{ why: 'command' }])

    expect(await order('relay', siteTestOf('s2', '30'))).toMatchObject({ result: 'done' })
    world.crash('relay', 'machine')
    await runFor(4500)
    expect(told('site-test-over', 'recloser').map(({ why }) => why)).toEqual(['command', 'starter-lost'])
    await world.stop()
  })
  it('needs two people where the configuration says so, at each IED for itself', async () => {
    const twoPerson = { commands: { twoPerson: ['site-test', 'join-site-test'] } }
    const { order, world } = await site(
      new Map([
        ['meter', twoPerson],
        ['relay', twoPerson],
      ]),
    )
    expect(await order('relay', siteTestOf('s2'))).toMatchObject({ result: 'refused', reason: 'two-person' })
    const { parts } = await order('recloser', siteTestOf('s2'))
    expect(parts?.find(({ ied }) => ied === 'meter')).toMatchObject({ result: 'refused' })
    await world.stop()
  })
  it('is refused where no fault can be played', async () => {
    const { order, world, runFor } = await site()
    expect(await order('relay', siteTestOf('nowhere'))).toMatchObject({ result: 'refused', reason: 'cannot-plan' })
    world.site.operate('CB', 'open')
    await runFor(1000)
    expect(await order('relay', siteTestOf('s2'))).toMatchObject({ result: 'refused', reason: 'cannot-plan' })
    await world.stop()
  })
  it('of a fault below the recloser has its generator leave, where that IED lets this person order', async () => {
    const commands = { from: [{ organisation: 'u', verbs: ['site-test'] }] }
    const { order, report, acts, runFor, world } = await site(new Map([['generator', { commands }]]))
    expect(await order('relay', siteTestOf('s2:line-ground', '8'))).toMatchObject({ result: 'done' })
    await runFor(9000)
    const recloser = await report('recloser')
    expect(recloser.path).toEqual(['R2', 'CB'])
    expect(recloser.operations).toMatchObject([{ device: 'R2' }])
    // The breaker above asked, heard of it, and stood by: its own time is longer.
    expect((await report('relay')).operations).toEqual([])
    const generator = await report('generator', 'c')
    expect(generator.messages.map(({ type }) => type)).toEqual(expect.arrayContaining(['transfer-trip', 'warning']))
    expect(generator.operations).toMatchObject([{ device: 'G2', operation: 'open', cause: 'upstream-open' }])
    // Whose report u's people may not read: what it would have opened is told all the same.
    expect((await report('relay')).opened.map(({ device }) => device)).toEqual(['R2', 'G2'])
    expect(acts).toEqual([])
    await world.stop()
  })
})

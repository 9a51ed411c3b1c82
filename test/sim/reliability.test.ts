// Supply and outages with real agents in virtual time: the customer's site whose own generator turns out to be the least
// reliable of its sources, and an outage in which most last gasps are lost.

import { describe, expect, it } from 'vitest'
import { readShippedFeeder } from '../../sim/fuzz/shipped-feeder.ts'
import { createWorld } from '../../sim/runtime/world.ts'
import { iedReliabilityCodec } from '../../src/aggregation/reliability/report.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { reliabilityText } from '../../src/node/cli/reliability.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import { RELIABILITY_PROTOCOL } from '../../src/node/reliability-poll.ts'
import type { AgentPorts } from '../../src/node/run-agent.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { docSample, formOf } from '../doc-sample.ts'
import { smallFeeder } from './small-feeder.ts'

type Serve = Parameters<AgentPorts['links']['serve']>[1]

async function world(feeder: FeederFile, seed: string, settings?: ReadonlyMap<string, Record<string, unknown>>) {
  const serves = new Map<string, Serve>()
  const polled = new Map<string, Serve>()
  const made = await createWorld({
    feeder,
    seed,
    valuesPollMs: 1000,
    ...(settings === undefined ? {} : { settings }),
    ports(name, ports) {
      const { links } = ports
      const serve: AgentPorts['links']['serve'] = (protocol, handle) => {
        if (protocol === READOUT_PROTOCOL) serves.set(name, handle)
        if (protocol === RELIABILITY_PROTOCOL) polled.set(name, handle)
        links.serve(protocol, handle)
      }
      return { ...ports, links: { ...links, serve } }
    },
  })
  async function ask(at: string, organisation: string, what: 'reliability' | 'outages', department?: string) {
    const asked = serves.get(at)?.(
      { name: 'vera', organisation, department, roles: ['VIEWER'] } as never,
      toCbor({ what, parameters: {} }),
    )
    let done = false
    asked?.finally(() => (done = true)).catch(() => {})
    for (let n = 0; n < 50 && !done; n++) await made.runUntil(made.scheduler.now() + 100)
    return fromCbor((await asked) as Uint8Array)
  }
  /** As a back-end peer of works, or of a department of it, does. */
  const poll = async (at: string, department?: string) => {
    const from = { name: 'works-be', organisation: 'works', department, roles: ['BACKEND'] }
    const answer = polled.get(at)?.(from as never, toCbor({ fromUtcMs: 0, toUtcMs: 1 }))
    return iedReliabilityCodec.decode((await answer) as Uint8Array).ied
  }
  return { made, ask, poll }
}

const own = (made: Awaited<ReturnType<typeof world>>['made'], event: string) =>
  made.trace.events.filter(each => each.event === event)

describe('an outage', () => {
  it('is said by nobody when it is a dip', async () => {
    const { made } = await world(smallFeeder(), 'dip')
    await made.runUntil(10_000)
    made.site.operate('CB', 'open')
    await made.runUntil(10_700)
    made.site.operate('CB', 'close')
    await made.runUntil(15_000)
    expect(own(made, 'supply')).toEqual([])
    await made.stop()
  })

  it('is known to utility and customer within 100 ms of its confirmation, and its end too, though most go silent', async () => {
    const { made, ask } = await world(smallFeeder(), 'gasp')
    await made.runUntil(10_000)
    made.site.change(plant => plant.setGenerator('G2', false))
    made.site.operate('CB', 'open')
    const opened = made.scheduler.now()
    // Machines of three die at once: their last gasps are never said.
    for (const name of ['tie', 'motor', 'bank']) made.crash(name, 'machine')
    await made.runUntil(20_000)
    const gasps = own(made, 'supply')
    expect(gasps.map(({ by }) => by).sort()).toEqual(['generator', 'meter', 'recloser', 'rtu'])
    for (const { afterMs } of gasps) {
      expect(Number(afterMs)).toBeGreaterThanOrEqual(1000)
      expect(Number(afterMs)).toBeLessThanOrEqual(1100)
    }
    for (const [at, organisation] of [
      ['u-backend', 'u'],
      ['c-backend', 'c'],
      ['relay', 'u'],
    ] as const) {
      const heard = made.trace.events.filter(
        ({ event, by, ied }) => event === 'last-gasp' && by === at && ied === 'meter',
      )
      expect(heard, at).toHaveLength(1)
      expect((heard[0]?.atMs ?? 0) - opened, at).toBeLessThan(1500)
      const { outages } = outputs.outages.parse(await ask(at, organisation, 'outages'))
      const gasped = outages.flatMap(each => each.gasped).sort()
      expect(gasped, at).toEqual(['generator', 'meter', 'recloser', 'rtu'])
      expect(
        outages.flatMap(each => each.devices),
        at,
      ).toContain('CB')
    }
    made.site.operate('CB', 'close')
    await made.runUntil(25_000)
    const after = outputs.outages.parse(await ask('c-backend', 'c', 'outages'))
    expect(after.outages.flatMap(({ gasped }) => gasped)).toEqual([])
    expect(after.returned.map(({ ied }) => ied).sort()).toEqual(['generator', 'meter', 'recloser', 'rtu'])
    await made.stop()
  })
})

describe('the reliability of a customer site with a feed and a generator of its own', () => {
  it("names the customer's own generator as the least reliable, at two IEDs", async () => {
    const { made, ask, poll } = await world(
      readShippedFeeder('customer-site'),
      'figure-7',
      new Map([['relay-pcc', { departments: { network: ['reliability'], accounting: ['billing'] } }]]),
    )
    await made.runUntil(10_000)
    // The utility fails once, for four seconds; the works' own plant drops out twice, for longer.
    made.site.operate('CB-U', 'open')
    await made.runUntil(14_000)
    made.site.operate('CB-U', 'close')
    for (const at of [20_000, 50_000]) {
      await made.runUntil(at)
      made.site.change(plant => plant.setGenerator('CHP', false))
      await made.runUntil(at + 20_000)
      made.site.change(plant => plant.setGenerator('CHP', true))
    }
    await made.runUntil(80_000)
    for (const [at, organisation] of [
      ['relay-pcc', 'works'],
      ['gen-chp', 'heat-and-power'],
    ] as const) {
      const answer = outputs.reliability.parse(await ask(at, organisation, 'reliability'))
      expect(answer.leastReliable, at).toBe('CHP')
      if (at === 'relay-pcc')
        expect(formOf(docSample('reliability.md', 'feedermesh reliability --at relay-pcc'))).toBe(
          formOf(reliabilityText(answer)),
        )
      expect(answer.blamed[0], at).toMatchObject({ kind: 'generator', events: 2 })
      // The utility has granted them nothing: it is said, and nothing is made up for it.
      expect(answer.unanswered.find(({ ied }) => ied === 'meter-u1')?.reason, at).toMatch(
        /no grant for class reliability$/,
      )
    }
    // A department that has the class reads of this IED what this IED knows, and is told of whom it reads nothing.
    const cut = outputs.reliability.parse(await ask('relay-pcc', 'works', 'reliability', 'network'))
    expect(cut.ieds).toMatchObject([{ ied: 'relay-pcc', momentary: 1 }])
    expect(cut.blamed.map(({ name }) => name)).not.toContain('CHP')
    expect(cut.unanswered.find(({ ied }) => ied === 'relay-chp')?.reason).toBe(
      'people of department network read the reliability of relay-pcc alone here',
    )
    // What its organisation may ask a department's own back end may not by that.
    expect(await poll('relay-pcc')).toBe('relay-pcc')
    await expect(poll('relay-pcc', 'network')).rejects.toThrow('works-be of works has no grant for class reliability')
    await expect(ask('relay-pcc', 'works', 'reliability', 'accounting')).rejects.toThrow(
      'vera is of department accounting, which reads billing here: not "reliability", of class reliability',
    )
    await made.stop()
  })
})

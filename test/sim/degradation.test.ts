// The degradation watch with real agents in virtual time: a load grows from day to day (of 20 s each here), and everybody
// knows where it is worst: another IED, and a back-end peer.

import { describe, expect, it } from 'vitest'
import { createWorld } from '../../sim/runtime/world.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import type { AgentPorts } from '../../src/node/run-agent.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { smallFeeder } from './small-feeder.ts'

const PERIOD_MS = 20_000
const degradation = { slotSeconds: 5, periodSeconds: 20, horizonPeriods: 4, limits: { loading: 10 } }
const VIEWER = { name: 'vera', organisation: 'u', roles: ['VIEWER'] }
type Serve = Parameters<AgentPorts['links']['serve']>[1]

async function world() {
  const serves = new Map<string, Serve>()
  const file = smallFeeder()
  const names = [...file.ieds.map(({ name }) => name), 'u-backend', 'c-backend']
  const made = await createWorld({
    feeder: file,
    seed: 'creeping',
    valuesPollMs: 1000,
    settings: new Map(names.map(name => [name, { degradation }])),
    ports(name, ports) {
      const { links } = ports
      const serve: AgentPorts['links']['serve'] = (protocol, handle) => {
        if (protocol === READOUT_PROTOCOL) serves.set(name, handle)
        links.serve(protocol, handle)
      }
      return { ...ports, links: { ...links, serve } }
    },
  })
  async function worst(at: string) {
    const question = toCbor({ what: 'degradation', parameters: {} })
    const answer = await serves.get(at)?.(VIEWER as never, question)
    return outputs.degradation.parse(fromCbor(answer as Uint8Array))
  }
  return { made, worst }
}

describe('a zone whose voltage sags slowly', () => {
  it('is named as the worst one at another IED and at a back end, first for its trend and then for its limit', async () => {
    const { made, worst } = await world()
    await made.runUntil(1000)
    const zone = made.feeder.zoneOf('N2')
    for (let day = 0; day < 5; day++) {
      made.site.change(plant => plant.setLoadShare('L2', 0.9 + 0.14 * day))
      await made.runUntil(1000 + PERIOD_MS * (day + 1))
    }
    await made.runUntil(1000 + PERIOD_MS * 5.5)
    for (const at of ['relay', 'u-backend']) {
      const { ieds, degradation: rows } = await worst(at)
      expect(ieds, at).toBe(8)
      expect(rows[0], at).toMatchObject({ zone, measure: 'undervoltage', state: 'creeping' })
      expect(rows[0]?.seenBy, at).toContain('meter')
    }
    const alerts = (phase: string) =>
      made.trace.events.filter(each => each.event === 'degradation' && each.by === 'meter' && each.phase === phase)
    expect(alerts('begins')).toMatchObject([{ name: 'undervoltage', state: 'creeping', severity: 'warning' }])

    made.site.change(plant => plant.setLoadShare('L2', 2.2))
    await made.runUntil(1000 + PERIOD_MS * 7)
    for (const at of ['relay', 'u-backend'])
      expect((await worst(at)).degradation[0], at).toMatchObject({ zone, measure: 'undervoltage', state: 'beyond' })
    expect(alerts('worsens')).toMatchObject([{ state: 'beyond', severity: 'alert' }])
    expect(
      made.trace.events.some(
        ({ by, event, ied }) => by === 'relay' && event === 'degradation-heard' && ied === 'meter',
      ),
    ).toBe(true)

    // Who is gone is left out: what he said is not known any more.
    made.crash('meter', 'machine')
    made.crash('generator', 'machine')
    await made.runUntil(1000 + PERIOD_MS * 9)
    const after = await worst('u-backend')
    expect(after.ieds).toBe(6)
    expect(after.degradation.flatMap(({ seenBy }) => seenBy)).not.toContain('meter')
    await made.stop()
  })
})

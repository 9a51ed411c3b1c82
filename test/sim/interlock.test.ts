// The interlock by answer on a feeder small enough to work by hand, with real agents in virtual time: who trips, and when,
// beside what the relays do alone. Whatever is lost, late, or a lie, the fault is cleared no later than without a mesh.

import { beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from '../../sim/plant/plant.ts'
import type { NetworkOptions } from '../../sim/runtime/network-port.ts'
import { createWorld, type World } from '../../sim/runtime/world.ts'
import type { Status } from '../../src/hal/port.ts'
import type { AgentPorts } from '../../src/node/run-agent.ts'
import { smallFeeder } from './small-feeder.ts'

const base = smallFeeder()
/** CB answers for s1, s3 and s4, R2 for s2 and, as a tie is open, nothing else. R2 recloses once. */
const feeder = smallFeeder({
  devices: base.devices.map(device =>
    device.name === 'CB'
      ? { ...device, relay: { pickupAmps: 400, delayMs: 800, highSet: { pickupAmps: 800 } } }
      : device.name === 'R2'
        ? {
            ...device,
            relay: { pickupAmps: 200, delayMs: 400, highSet: { pickupAmps: 600 } },
            reclose: { deadTimesMs: [500], resetMs: 10_000 },
          }
        : device,
  ),
})
const FAULT_AT = 2600
type OnSection = Fault & { readonly section: string }
const ABOVE: OnSection = { section: 's3', position: 0.3, kind: 'three-phase' }
const BELOW: OnSection = { section: 's2', position: 0.3, kind: 'three-phase' }

interface Story {
  readonly fault: OnSection
  readonly network?: Partial<NetworkOptions>
  readonly ports?: (name: string, ports: AgentPorts) => AgentPorts
  /** Before anybody has found anybody. */
  readonly atStart?: (world: World) => void
  /** Just before the fault. */
  readonly before?: (world: World) => void
  /** 25 ms after it: asked, and not yet answered. */
  readonly during?: (world: World) => void
  readonly faultForMs?: number
  readonly faultAt?: number
  readonly forMs?: number
}

async function play({ fault, faultForMs, faultAt = FAULT_AT, forMs = 1000, ...story }: Story) {
  const world = await createWorld({
    feeder,
    seed: '1',
    startWithinMs: 200,
    ...(story.network === undefined ? {} : { network: story.network }),
    ...(story.ports === undefined ? {} : { ports: story.ports }),
  })
  story.atStart?.(world)
  const acts: { ms: number; what: string }[] = []
  world.site.onSettled(events => {
    for (const { at, device, kind } of events) acts.push({ ms: Math.round(at - faultAt), what: `${device} ${kind}` })
  })
  await world.runUntil(faultAt)
  story.before?.(world)
  world.site.change(plant => plant.fault(fault))
  await world.runUntil(faultAt + 25)
  story.during?.(world)
  if (faultForMs !== undefined) {
    await world.runUntil(faultAt + faultForMs)
    world.site.change(plant => plant.clearFault(fault.section as string))
  }
  await world.runUntil(faultAt + forMs)
  const at = (what: string): number | undefined => acts.find(each => each.what === what)?.ms
  return { at, reports: world.trace.events.filter(({ atMs }) => atMs >= faultAt), world }
}

/** The relays' own: 800 ms and 400 ms, and the breakers' times. */
const ALONE = { CB: 850, R2: 440 }
const words = (reports: World['trace']['events'], event: string): string[] =>
  reports.filter(each => each.event === event).map(({ by, why, sees, state }) => [by, why ?? sees ?? state].join(': '))

describe('the interlock by answer, with agents', () => {
  let above: Awaited<ReturnType<typeof play>>
  beforeAll(async () => {
    above = await play({ fault: ABOVE })
  })

  it('trips the device nearest to the fault fast, when the one below has answered that it sees nothing', () => {
    expect(above.at('CB open')).toBeLessThan(200)
    expect(above.at('CB open')).toBeGreaterThan(80) // its window, and the breaker's time
    expect(above.at('R2 open')).toBeUndefined()
    expect(words(above.reports, 'interlock-answered')).toEqual(['recloser: no'])
  })
  it('gives what it did one name, from pickup to trip, at all who tell of it', () => {
    const ids = (event: string) => above.reports.filter(each => each.event === event).map(({ id }) => id)
    const [id] = ids('relay-state')
    expect(id).toMatch(/^relay\/\d+\/r1$/)
    for (const event of ['interlock-asked', 'interlock-answered', 'interlock-trip', 'tripped', 'outage-expected']) {
      expect(new Set(ids(event)), event).toEqual(new Set([id]))
    }
  })
  it('leaves a fault farther down to the device below, which trips fast and recloses as after any trip of its own', async () => {
    const { at, reports } = await play({ fault: BELOW, faultForMs: 300 })
    expect(at('R2 open')).toBeLessThan(200)
    expect(at('R2 reclose')).toBeGreaterThan(500)
    expect(at('R2 lockout')).toBeUndefined()
    expect(at('CB open')).toBeUndefined()
    expect(words(reports, 'interlock-stood-by')).toEqual(['relay: seen below'])
  })
  it('locks out after its shots, the second trip by its curve: it has just been closed', async () => {
    const { at, reports } = await play({ fault: BELOW, forMs: 1500 })
    expect(at('R2 lockout')).toBeGreaterThan(500 + 400)
    expect(words(reports, 'interlock-stood-by')).toContain(
      'recloser: it has been closed, or live again, for less than 2000 ms',
    )
    expect(words(reports, 'relay-state').filter(each => each.startsWith('recloser'))).toEqual([
      'recloser: picked-up',
      'recloser: tripped',
      'recloser: cleared',
      'recloser: picked-up',
      'recloser: tripped',
      'recloser: locked-out',
    ])
  })
  it.each([80, 150])(
    'does not take the fault onto which the one below recloses for its own, with messages of %i ms',
    async ms => {
      const { at } = await play({ fault: BELOW, forMs: 1500, network: { latency: { minMs: ms, maxMs: ms } } })
      expect(at('R2 lockout')).toBeGreaterThan(500 + 400)
      expect(at('CB open')).toBeUndefined()
    },
  )
  it('leaves the second shot below alone, though it has not heard yet that the device has closed again', async () => {
    const { at, reports } = await play({
      fault: BELOW,
      forMs: 1500,
      before: world => world.network.set({ latency: { minMs: 300, maxMs: 400 } }),
    })
    expect(at('R2 reclose')).toBeGreaterThan(500)
    expect(at('R2 lockout')).toBeGreaterThan(500 + 400)
    expect(at('CB open')).toBeUndefined()
    expect(words(reports, 'interlock-stood-by')).toContain('relay: R2 is open and may reclose')
  })
  it('backs up a breaker that is stuck, by its own fault element, sooner than its curve', async () => {
    const { at, reports } = await play({
      fault: BELOW,
      before: world => world.site.fail('R2', 'stuck contacts', true),
    })
    expect(at('R2 open')).toBeUndefined()
    expect(at('CB open')).toBeGreaterThan(250)
    expect(at('CB open')).toBeLessThan(ALONE.CB - 200)
    // `why` finds it by the name of the trip that failed.
    const tripped = reports.find(({ by, event }) => by === 'recloser' && event === 'tripped')
    expect(reports.find(({ by, event }) => by === 'relay' && event === 'operated')).toMatchObject({
      cause: 'breaker-failure',
      id: tripped?.id,
    })
    expect(tripped?.id).toMatch(/^recloser\//)
    expect(words(reports, 'relay-state')).toContain('recloser: breaker-failed')
  })

  const blind = ({ hal, ...ports }: AgentPorts): AgentPorts => ({
    ...ports,
    hal: hal && {
      ...hal,
      status: async (): Promise<Status> => ({ ...(await hal.status()), pickup: false, highSet: false }),
    },
  })
  it('a forged "I see nothing" costs selectivity once, and never the trip', async () => {
    const { at } = await play({ fault: BELOW, ports: (name, ports) => (name === 'recloser' ? blind(ports) : ports) })
    expect(at('CB open')).toBeLessThan(200)
  })

  const doubts: { it: string; story: Omit<Story, 'fault'>; why: string }[] = [
    {
      it: 'every message is lost',
      story: { before: world => world.network.set({ lossShare: 1 }) },
      why: 'no answer in time',
    },
    {
      it: 'answers take longer than the wait',
      story: { before: world => world.network.set({ latency: { minMs: 150, maxMs: 200 } }) },
      why: 'no answer in time',
    },
    {
      it: 'the agent below has just died',
      story: { before: world => world.crash('recloser', 'machine') },
      why: 'no answer in time',
    },
    {
      it: 'the device below answers its agent no more',
      story: { before: world => world.site.setSilent('recloser', true) },
      why: 'no answer in time',
    },
    {
      it: 'the position of a tie at the end of the zone was never heard',
      story: {
        atStart: world =>
          world.network.partition([new Set(['tie']), new Set(world.names.filter(name => name !== 'tie'))]),
      },
      why: 'the position of T4 is not known',
    },
    {
      it: 'it is cut off from everybody',
      story: { atStart: world => world.network.partition(world.names.map(name => new Set([name]))) },
      why: 'it is cut off from all peers',
    },
    {
      it: 'it was started just now',
      story: { faultAt: 1800 },
      why: 'it has been closed, or live again, for less than 2000 ms',
    },
  ]
  it.each(doubts)('leaves it to the curve, to the millisecond, when $it', async ({ story, why }) => {
    const { at, reports } = await play({ fault: ABOVE, ...story })
    expect(at('CB open')).toBe(ALONE.CB)
    expect(words(reports, 'interlock-stood-by')).toEqual([`relay: ${why}`])
  })
  it('forgets its questions when it is killed: the curve runs in the device', async () => {
    const { at } = await play({ fault: ABOVE, during: world => world.crash('relay', 'process') })
    expect(at('CB open')).toBe(ALONE.CB)
  })
  it('is never later than alone, nor trips another device, with half of all messages lost and many doubled', async () => {
    const network = { lossShare: 0.5, duplicateShare: 0.5, latency: { minMs: 1, maxMs: 80 } }
    const first = await play({ fault: ABOVE, before: world => world.network.set(network) })
    expect(first.at('CB open')).toBeLessThanOrEqual(ALONE.CB)
    expect(first.at('R2 open')).toBeUndefined()
    const second = await play({ fault: BELOW, before: world => world.network.set(network) })
    expect(second.at('R2 open')).toBeLessThanOrEqual(ALONE.R2)
    expect(second.at('CB open')).toBeUndefined()
  })
  it('has no use for UTC: a jump changes nothing', async () => {
    const { at } = await play({
      fault: ABOVE,
      during(world) {
        world.jumpUtc('relay', 3_600_000)
        world.jumpUtc('recloser', -3_600_000)
      },
    })
    expect(at('CB open')).toBeLessThan(200)
  })
})

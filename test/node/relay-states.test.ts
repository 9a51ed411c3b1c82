// What IEDs hear of each other's relays, on the feeder of a works with generators of its own: up, down, and across
// organisations. Real messengers and shells over links in memory.

import { beforeEach, describe, expect, it } from 'vitest'
import type { Status } from '../../src/hal/port.ts'
import type { AuthorityPolicy } from '../../src/mesh/authority.ts'
import type { ComponentContext } from '../../src/node/component.ts'
import { relayStatesComponent } from '../../src/node/components/relay-states.ts'
import { relayStateMessage } from '../../src/protection/relay-messages.ts'
import { createFeeder } from '../../topology/index.ts'
import { duration, instant } from '../../topology/units.ts'
import { memoryMesh } from '../mesh/memory-links.ts'
import { OBEYS_ALL, worksAgent, worksFile, worksSite } from './works-site.ts'

const nothing = (): void => {}

type Agent = Awaited<ReturnType<typeof agentOf>>
let mesh: ReturnType<typeof memoryMesh>
let now = 0

async function agentOf(name: string, policy: AuthorityPolicy) {
  const { links, messages, inside, wakes, clock } = await worksAgent(name, mesh, () => now, policy)
  const heard: string[] = []
  inside.on('relayState', ({ device, state, place }) => heard.push(`${device} ${place}: ${state}`))
  const context = {
    name,
    epoch: 1,
    feeder: createFeeder(worksFile),
    links,
    messenger: messages,
    bus: inside,
    clock,
    report: nothing,
  } as unknown as ComponentContext
  await relayStatesComponent.start(context)
  return {
    name,
    links,
    messages,
    heard,
    wakes,
    status: (shown: Omit<Status, 'at'>) => inside.emit('status', { at: instant(now), ...shown }),
    silent: () => inside.emit('device', { answering: false }),
  }
}

const site = (policies: Readonly<Record<string, AuthorityPolicy>> = {}): Promise<Map<string, Agent>> =>
  worksSite(mesh, name => agentOf(name, policies[name] ?? OBEYS_ALL))
const of = (agents: Map<string, Agent>, name: string): Agent => agents.get(name) as Agent

async function shows(agents: Map<string, Agent>, name: string, ...all: Omit<Status, 'at'>[]): Promise<void> {
  for (const shown of all) {
    of(agents, name).status(shown)
    await mesh.settle()
  }
}
/** @returns who of them says or expires something again meanwhile */
async function pass(agents: Map<string, Agent>, ms: number): Promise<Set<string>> {
  const end = now + ms
  const woken = new Set<string>()
  for (;;) {
    const due = [...agents.values()].flatMap(agent => [...agent.wakes].map(wake => ({ agent, wake })))
    const next = due.filter(({ wake }) => wake.at <= end).sort((a, b) => a.wake.at - b.wake.at)[0]
    if (next === undefined) break
    now = Math.max(now, next.wake.at)
    next.agent.wakes.delete(next.wake)
    woken.add(next.agent.name)
    next.wake.run()
    await mesh.settle()
  }
  now = end
  return woken
}

const QUIET = { pickup: false, tripped: false }
const PICKUP = { pickup: true, tripped: false }
const OUT = { pickup: false, tripped: true, lockedOut: true }

beforeEach(() => {
  mesh = memoryMesh()
  now = 1000
})

describe('the states of relays', () => {
  it('are heard above and below, each once, and not beside', async () => {
    const agents = await site()
    await shows(agents, 'recloser-u1', QUIET, PICKUP, { ...PICKUP, tripped: true }, OUT, QUIET)
    const states = ['picked-up', 'tripped', 'locked-out', 'quiet']
    expect(of(agents, 'relay-u0').heard).toEqual(states.map(state => `RC-U below: ${state}`))
    expect(of(agents, 'gen-chp').heard).toEqual(states.map(state => `RC-U above: ${state}`))
    expect(of(agents, 'recloser-u1').heard).toEqual(states.map(state => `RC-U own: ${state}`))
    await shows(agents, 'relay-workshop', QUIET, PICKUP, QUIET)
    expect(of(agents, 'relay-motors').heard.filter(each => each.startsWith('CB-W'))).toEqual([])
    expect(of(agents, 'recloser-u1').heard.slice(-2)).toEqual(['CB-W below: picked-up', 'CB-W below: quiet'])
  })
  it('of a relay at rest are not worth a message', async () => {
    const agents = await site()
    await shows(agents, 'recloser-u1', QUIET, QUIET)
    expect(of(agents, 'relay-u0').heard).toEqual([])
    expect(of(agents, 'recloser-u1').wakes.size).toBe(0)
  })
  it('go on being said while a fault is seen, and no longer when it is over', async () => {
    const agents = await site()
    await shows(agents, 'recloser-u1', QUIET, PICKUP)
    await pass(agents, 20_000)
    expect(of(agents, 'relay-u0').heard).toEqual(['RC-U below: picked-up'])
    await shows(agents, 'recloser-u1', QUIET)
    await pass(agents, 20_000)
    expect(await pass(agents, 20_000)).toEqual(new Set())
    expect(of(agents, 'relay-u0').heard).toEqual(['RC-U below: picked-up', 'RC-U below: quiet'])
  })
  it('are not known any more when nothing is heard in time: the sender’s device is silent', async () => {
    const agents = await site()
    await shows(agents, 'recloser-u1', QUIET, PICKUP)
    of(agents, 'recloser-u1').silent()
    await pass(agents, 2900)
    expect(of(agents, 'gen-solar').heard).toEqual(['RC-U above: picked-up'])
    await pass(agents, 200)
    expect(of(agents, 'gen-solar').heard).toEqual(['RC-U above: picked-up', 'RC-U above: undefined'])
  })
  it('count across organisations exactly where the receiver’s own file obeys the sender’s for them', async () => {
    const only = (type: string): AuthorityPolicy => ({
      protection: new Set(['utility']),
      onlyTypes: new Map([['utility', new Set([type])]]),
    })
    const agents = await site({ 'gen-chp': only('relay-state'), 'gen-solar': only('tripped') })
    await shows(agents, 'recloser-u1', QUIET, PICKUP)
    expect(of(agents, 'gen-chp').heard).toEqual(['RC-U above: picked-up'])
    expect(of(agents, 'gen-solar').heard).toEqual([])
  })
  it('are refused from an IED that does not operate the device: nobody cries for another', async () => {
    const agents = await site()
    const liar = of(agents, 'relay-motors')
    liar.messages.say({
      type: relayStateMessage.type,
      payload: relayStateMessage.encode({
        event: 'x/1/r1',
        device: 'RC-U',
        state: 'breaker-failed',
        stateNumber: 9,
        sequenceNumber: 0,
        test: false,
      }),
      lifetime: duration(2000),
      to: [...agents.values()].map(({ links }) => links.peerId),
    })
    await mesh.settle()
    expect(of(agents, 'relay-u0').heard).toEqual([])
    expect(Object.fromEntries(of(agents, 'relay-u0').messages.refusals())).toMatchObject({ 'not-its-device': 1 })
  })
})

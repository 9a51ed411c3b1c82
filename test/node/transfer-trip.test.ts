// A utility's transfer trip and a customer's generators, on the feeder of a works with two of them: who is reached, and
// whose own file decides. Real messengers and shells over links in memory.

import { beforeEach, describe, expect, it } from 'vitest'
import type { AuthorityPolicy } from '../../src/mesh/authority.ts'
import type { ComponentContext, Readiness } from '../../src/node/component.ts'
import { transferTripComponent } from '../../src/node/components/transfer-trip.ts'
import { transferTripSchema } from '../../src/node/generator-config.ts'
import { transferTripMessage } from '../../src/protection/messages.ts'
import { createFeeder, type Feeder } from '../../topology/index.ts'
import { instant } from '../../topology/units.ts'
import { memoryMesh } from '../mesh/memory-links.ts'
import { OBEYS_ALL, worksAgent, worksFile, worksSite } from './works-site.ts'

type Agent = Awaited<ReturnType<typeof agentOf>>
let mesh: ReturnType<typeof memoryMesh>
let now = 0
/** Whose outputs do not move. */
const jams = new Set<string>()

/** The same with a heat and power plant that may go on alone. */
const islandFile = {
  ...worksFile,
  generators: worksFile.generators.map(each => (each.name === 'CHP' ? { ...each, mayIsland: true } : each)),
}

async function agentOf(name: string, policy: AuthorityPolicy, given?: object) {
  const { links, messages, inside, wakes, clock } = await worksAgent(name, mesh, () => now, policy)
  const feeder: Feeder = createFeeder(given === undefined ? worksFile : islandFile)
  const opened: string[] = []
  const alarms: string[] = []
  const events: string[] = []
  const context = {
    name,
    feeder,
    links,
    messenger: messages,
    bus: inside,
    config: { transferTrip: transferTripSchema.parse(given ?? {}) },
    hal: {
      operate: async (operation: string) => void opened.push(operation),
      outputs: ['pcc'],
      async drive(output: string) {
        if (jams.has(name)) throw new Error('outcome unknown')
        opened.push(`output ${output}`)
      },
    },
    clock,
    report(event: string, { alarm }: { alarm?: string } = {}) {
      if (event === 'alarm') alarms.push(alarm ?? '')
      else events.push(event)
    },
  } as unknown as ComponentContext
  await transferTripComponent.start(context)
  return {
    name,
    links,
    feeder,
    messages,
    opened,
    alarms,
    events,
    wakes,
    /** As the component that keeps the live feeder says it. */
    position(device: string, position: 'open' | 'closed' | 'unknown') {
      feeder.setPosition(device, position)
      inside.emit('topology', { device, position })
    },
    ready() {
      const all: Readiness[] = []
      inside.emit('ready-asked', { answer: each => void all.push(each) })
      return all
    },
    heard() {
      const all: boolean[] = []
      inside.on('transferTrip', ({ channelLost }) => void all.push(channelLost))
      return all
    },
    status: (tripped: boolean) => inside.emit('status', { at: instant(now), tripped }),
  }
}

const OBEYS_OWN = (organisation: string): AuthorityPolicy => ({ protection: new Set([organisation]) })

/** All IEDs, each with what its own file obeys. */
const site = (
  policies: Readonly<Record<string, AuthorityPolicy>> = {},
  given: Readonly<Record<string, object>> = {},
): Promise<Map<string, Agent>> => worksSite(mesh, name => agentOf(name, policies[name] ?? OBEYS_ALL, given[name]))
const of = (agents: Map<string, Agent>, name: string): Agent => agents.get(name) as Agent
async function trip(agents: Map<string, Agent>, name: string): Promise<void> {
  of(agents, name).status(false)
  of(agents, name).status(true)
  await mesh.settle()
}
async function pass(agents: Map<string, Agent>, ms: number): Promise<void> {
  const end = now + ms
  for (;;) {
    const due = [...agents.values()].flatMap(({ wakes }) => [...wakes].map(wake => ({ wakes, wake })))
    const next = due.filter(({ wake }) => wake.at <= end).sort((a, b) => a.wake.at - b.wake.at)[0]
    if (next === undefined) break
    now = Math.max(now, next.wake.at)
    next.wakes.delete(next.wake)
    next.wake.run()
    await mesh.settle()
  }
  now = end
}
const openedIn = (agents: Map<string, Agent>): string[] =>
  [...agents.values()]
    .filter(({ opened }) => opened.length > 0)
    .map(({ name }) => name)
    .sort()

beforeEach(() => {
  mesh = memoryMesh()
  now = 1000
  jams.clear()
})

describe('a utility’s transfer trip', () => {
  it('opens the generators below the tripped recloser, and nothing else', async () => {
    const agents = await site()
    await trip(agents, 'recloser-u1')
    expect(openedIn(agents)).toEqual(['gen-chp', 'gen-solar'])
  })
  it('reaches a generator exactly when its own file obeys the utility for it', async () => {
    const agents = await site({ 'gen-solar': OBEYS_OWN('works'), 'gen-chp': OBEYS_ALL })
    await trip(agents, 'recloser-u1')
    expect(openedIn(agents)).toEqual(['gen-chp'])
    expect(Object.fromEntries(of(agents, 'gen-solar').messages.refusals())).toMatchObject({ organisation: 1 })
  })
  it('is allowed or not by its type alone', async () => {
    const only = (type: string): AuthorityPolicy => ({
      protection: new Set(['utility']),
      onlyTypes: new Map([['utility', new Set([type])]]),
    })
    const agents = await site({ 'gen-solar': only('tripped'), 'gen-chp': only('transfer-trip') })
    await trip(agents, 'recloser-u1')
    expect(openedIn(agents)).toEqual(['gen-chp'])
  })
  it('is carried past IEDs of the customer’s that do not obey it', async () => {
    const works = worksFile.ieds.filter(({ organisation }) => organisation === 'works').map(({ name }) => name)
    const agents = await site(Object.fromEntries(works.map(name => [name, OBEYS_OWN('works')])))
    // Along the tree alone: each holds its parent and children.
    for (const { name, links, feeder } of agents.values()) {
      const near = [feeder.parent(name), ...feeder.children(name)].flatMap(ied => (ied ? [of(agents, ied)] : []))
      links.hold(new Set(near.map(other => other.links.peerId)))
    }
    await trip(agents, 'recloser-u1')
    expect(openedIn(agents)).toEqual(['gen-chp'])
    expect(Object.fromEntries(of(agents, 'relay-pcc').messages.refusals())).toMatchObject({ organisation: 1 })
  })
  it('is no trip of a device that the file gives to somebody else', async () => {
    const agents = await site()
    const liar = of(agents, 'meter-village')
    liar.messages.say({
      type: transferTripMessage.type,
      payload: transferTripMessage.encode({
        device: 'RC-U',
        stands: true,
        stateNumber: 1,
        sequenceNumber: 0,
        test: false,
      }),
      lifetime: 2000 as never,
      to: [of(agents, 'gen-chp').links.peerId],
    })
    await mesh.settle()
    expect([openedIn(agents), Object.fromEntries(of(agents, 'gen-chp').messages.refusals())]).toEqual([
      [],
      { 'not-its-device': 1 },
    ])
  })
  it('opens nothing where the device is not upstream: the works’ own trip leaves the utility’s side alone', async () => {
    const agents = await site()
    await trip(agents, 'relay-workshop')
    expect(openedIn(agents)).toEqual(['gen-solar'])
  })
  it('does nothing but alarm while a position in between is unknown, and acts on a repeat when it is known', async () => {
    const agents = await site()
    const chp = of(agents, 'gen-chp')
    chp.feeder.setPosition('PCC', 'unknown')
    await trip(agents, 'recloser-u1')
    expect([chp.opened, chp.alarms]).toEqual([[], ['undecided']])
    chp.feeder.setPosition('PCC', 'closed')
    await pass(agents, 50)
    expect([chp.opened, chp.alarms]).toEqual([['open'], ['undecided']])
  })
  it('is repeated while it stands, so a lost one costs time only; once over, it ends', async () => {
    const agents = await site()
    const recloser = of(agents, 'recloser-u1')
    const chp = of(agents, 'gen-chp')
    chp.links.hold(new Set())
    const held = new Set([...agents.values()].map(({ links }) => links.peerId))
    for (const { links } of agents.values()) links.hold(new Set([...held].filter(id => id !== chp.links.peerId)))
    await trip(agents, 'recloser-u1')
    expect(openedIn(agents)).toEqual(['gen-solar'])
    for (const { links } of agents.values()) links.hold(held)
    await pass(agents, 10)
    expect([openedIn(agents), chp.opened]).toEqual([['gen-chp', 'gen-solar'], ['open']])
    recloser.status(false)
    await mesh.settle()
    await pass(agents, 60_000)
    expect(chp.opened).toEqual(['open'])
    expect([...recloser.wakes]).toEqual([])
    await trip(agents, 'recloser-u1')
    expect(chp.opened).toEqual(['open', 'open'])
  })
  it('ends a minute after it was heard last, when nobody says that it is over', async () => {
    const agents = await site()
    const chp = of(agents, 'gen-chp')
    await trip(agents, 'recloser-u1')
    expect(chp.opened).toEqual(['open'])
    await pass(agents, 90_000)
    expect(chp.events).not.toContain('transfer-trip-over')
    for (const { links } of agents.values()) links.hold(new Set())
    await pass(agents, 57_000)
    expect(chp.events).not.toContain('transfer-trip-over')
    await pass(agents, 3000)
    expect(chp.events).toContain('transfer-trip-over')
    expect(chp.opened).toEqual(['open'])
  })
  it('is not said for a trip that was there when the device was first read', async () => {
    const agents = await site()
    of(agents, 'recloser-u1').status(true)
    await mesh.settle()
    expect(openedIn(agents)).toEqual([])
  })
})

describe('a generator that may go on alone', () => {
  const byOutput = { 'gen-chp': { onTrip: 'island', coupling: { output: 'pcc' } } }
  const byDevice = {
    'gen-chp': { onTrip: 'island', coupling: { device: 'PCC' } },
    'relay-pcc': { opensCoupling: true },
  }
  it('separates by its own output and runs on', async () => {
    const agents = await site({}, byOutput)
    await trip(agents, 'recloser-u1')
    await pass(agents, 5000)
    expect(of(agents, 'gen-chp').opened).toEqual(['output pcc'])
    expect(of(agents, 'gen-chp').events).toContain('islanded')
  })
  it('leaves when that output does not move', async () => {
    jams.add('gen-chp')
    const agents = await site({}, byOutput)
    await trip(agents, 'recloser-u1')
    expect(of(agents, 'gen-chp').opened).toEqual(['open'])
    expect(of(agents, 'gen-chp').alarms).toEqual(['not-separated'])
  })
  it('runs on when the switch at the point of common coupling, another IED’s, opens for the trip', async () => {
    const agents = await site({}, byDevice)
    await trip(agents, 'recloser-u1')
    expect(of(agents, 'relay-pcc').opened).toEqual(['open'])
    await pass(agents, 100)
    of(agents, 'gen-chp').position('PCC', 'open')
    await pass(agents, 5000)
    expect(of(agents, 'gen-chp').opened).toEqual([])
    expect(of(agents, 'gen-chp').events).toContain('islanded')
  })
  it('leaves when that switch is not heard to be open within its time', async () => {
    const agents = await site({}, byDevice)
    await trip(agents, 'recloser-u1')
    await pass(agents, 999)
    expect(of(agents, 'gen-chp').opened).toEqual([])
    await pass(agents, 1)
    expect(of(agents, 'gen-chp').opened).toEqual(['open'])
  })
  it('is refused at the start where the feeder file does not allow it', async () => {
    const refused = site({}, { 'gen-solar': { onTrip: 'island', coupling: { output: 'pcc' } } })
    await expect(refused).rejects.toThrow('PV may not feed its loads alone, see mayIsland of the feeder file')
  })
  it('is refused where nothing separates it', async () => {
    const refused = site({}, { 'gen-chp': { onTrip: 'island', coupling: { output: 'nowhere' } } })
    await expect(refused).rejects.toThrow('output nowhere: the device has no such output, it has pcc')
  })
})

describe('a transfer trip that would not be heard', () => {
  it('alarms and tightens the local stages after two seconds, and trips nothing', async () => {
    const agents = await site()
    const chp = of(agents, 'gen-chp')
    const heard = chp.heard()
    await pass(agents, 2000)
    expect(chp.ready()).toEqual([{ scheme: 'transfer trip', ready: true }])
    chp.position('RC-U', 'unknown')
    await pass(agents, 1900)
    expect(chp.alarms).toEqual([])
    await pass(agents, 1200)
    expect(chp.alarms).toEqual(['transfer-trip-not-heard'])
    expect(heard).toEqual([true])
    expect(chp.ready()).toEqual([{ scheme: 'transfer trip', ready: false, why: 'not heard: RC-U' }])
    await pass(agents, 60_000)
    expect(chp.opened).toEqual([])
    chp.position('RC-U', 'closed')
    await pass(agents, 1000)
    expect([heard, chp.events]).toEqual([[true, false], ['transfer-trip-heard']])
  })
  it('takes the generator off where that is wanted', async () => {
    const agents = await site({}, { 'gen-chp': { onChannelLost: 'trip', channelLostSeconds: 3 } })
    const chp = of(agents, 'gen-chp')
    await pass(agents, 2000)
    chp.position('RC-U', 'unknown')
    await pass(agents, 2900)
    expect(chp.opened).toEqual([])
    await pass(agents, 1200)
    expect(chp.opened).toEqual(['open'])
  })
})

// The relay tree on the IEEE 13-node feeder: does a message reach exactly its audience, over held streams alone?

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Links } from '../../src/mesh/links.ts'
import type { Messenger } from '../../src/mesh/messenger.ts'
import { type Neighbourhood, neighbourhood } from '../../src/node/neighbourhood.ts'
import { createFeeder, type DevicePosition, type Feeder, parseFeeder } from '../../topology/index.ts'

const FILE = 'topology/feeders/ieee13.yaml'
const file = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const names = file.ieds.map(({ name }) => name)
const openers = new Map(file.ieds.flatMap(({ name, operates }) => (operates === undefined ? [] : [[operates, name]])))
const INTERRUPTERS = ['breaker', 'recloser']
const tripping = file.devices.filter(({ name, kind }) => INTERRUPTERS.includes(kind) && openers.has(name))

interface Ied extends Neighbourhood {
  readonly held: ReadonlySet<string>
}

/** All IEDs, each peer named as its IED. Those in `away` are not known to anybody. */
function mesh(feeder: Feeder, away: ReadonlySet<string> = new Set()): Map<string, Ied> {
  const messenger = { peerOf: (name: string) => (away.has(name) ? undefined : name) } as Messenger
  return new Map(
    names.map(name => {
      let held: ReadonlySet<string> = new Set()
      const links = { hold: (peers: ReadonlySet<string>) => (held = peers) } as unknown as Links
      const near = neighbourhood(name, feeder, links, messenger)
      near.refresh()
      const ied = {
        ...near,
        get held() {
          return held
        },
      }
      return [name, ied]
    }),
  )
}

/** Who gets a message of `origin` for `audience` when each who gets it first relays it, and how many copies go out. */
function spread(ieds: Map<string, Ied>, origin: string, audience: ReadonlySet<string>) {
  const reached = new Set<string>()
  const onTheWay = (ieds.get(origin) as Ied).fromOrigin(audience).map(to => ({ from: origin, to }))
  let copies = 0
  for (const { from, to } of onTheWay) {
    if (!ieds.get(from)?.held.has(to)) continue // no stream: the frame is dropped
    copies++
    if (to === origin || reached.has(to)) continue
    reached.add(to)
    for (const next of (ieds.get(to) as Ied).onward(audience, from)) onTheWay.push({ from: to, to: next })
  }
  return { reached: [...reached].sort(), copies }
}

const others = (audience: ReadonlySet<string>, origin: string): string[] =>
  [...audience].filter(ied => ied !== origin).sort()

const audienceOfWarning = (feeder: Feeder, section: string): Set<string> => {
  const { certain, undecided } = feeder.downstreamIeds(section)
  return new Set([...certain, ...undecided])
}

/** As trip-coordination has it: who operates a device above, and everybody below. */
function audienceOfTrip(feeder: Feeder, device: string): Set<string> {
  const switching = new Set(file.devices.map(({ name }) => openers.get(name)))
  const above = feeder.upstreamIeds({ device }).filter(ied => switching.has(ied))
  const { certain, undecided } = feeder.fedThrough(device)
  return new Set([...above, ...certain, ...undecided])
}

const states: { name: string; changed: [string, DevicePosition][] }[] = [
  { name: 'in the normal state', changed: [] },
  ...file.devices.map(({ name }) => ({
    name: `with ${name} open`,
    changed: [[name, 'open']] as [string, DevicePosition][],
  })),
  ...file.devices.map(({ name }) => ({
    name: `with ${name} unknown`,
    changed: [[name, 'unknown']] as [string, DevicePosition][],
  })),
]
function feederIn(changed: readonly [string, DevicePosition][]): Feeder {
  const feeder = createFeeder(file)
  for (const [device, position] of changed) feeder.setPosition(device, position)
  return feeder
}

describe('the relay tree', () => {
  for (const { name, changed } of states) {
    const feeder = feederIn(changed)
    const ieds = mesh(feeder)
    const observed = file.sections.filter(section => feeder.observerOf(section.name) !== undefined)

    it(`carries a warning about each section to exactly those downstream, ${name}`, () => {
      for (const section of observed) {
        const origin = feeder.observerOf(section.name) as string
        const audience = audienceOfWarning(feeder, section.name)
        expect(spread(ieds, origin, audience).reached, section.name).toEqual(others(audience, origin))
      }
    })

    it(`takes the same way when only the section is named, ${name}`, () => {
      for (const section of observed) {
        const audience = audienceOfWarning(feeder, section.name)
        for (const [ied, near] of ieds) {
          const route = near.aboutSection(section.name)
          expect(route.fromOrigin()).toEqual(near.fromOrigin(audience))
          for (const from of ['', ...near.held]) {
            expect(route.onward(from), `${section.name} ${ied}`).toEqual(near.onward(audience, from))
          }
        }
      }
    })

    it(`carries a trip of each device to exactly those above and below, before and after it is seen open, ${name}`, () => {
      for (const { name: device } of tripping) {
        const origin = openers.get(device) as string
        for (const position of ['closed', 'open'] as const) {
          const tripped = feederIn([...changed, [device, position]])
          const audience = audienceOfTrip(tripped, device)
          expect(spread(mesh(tripped), origin, audience).reached, `${device} ${position}`).toEqual(
            others(audience, origin),
          )
        }
      }
    })
  }

  it('is another one when a device has operated since', () => {
    const feeder = feederIn([])
    const near = mesh(feeder).get('recloser-671') as Ied
    const toAll = near.aboutSection('s650-632').onward('')
    const own = file.ieds.find(({ name }) => name === 'recloser-671')?.operates as string
    const tie = near.about('all', () => ({ has: () => true, members: () => new Set(names) }))
    expect(tie.onward('')).toEqual(near.onward(new Set(names), ''))
    feeder.setPosition(own, 'open')
    const audience = audienceOfWarning(feeder, 's650-632')
    expect(near.aboutSection('s650-632').onward('')).toEqual(near.onward(audience, ''))
    expect(near.aboutSection('s650-632').onward('')).not.toEqual(toAll)
  })

  it('reaches somebody at all, and with few copies more than receivers', () => {
    const feeder = feederIn([])
    const audience = audienceOfWarning(feeder, 's650-632')
    const { reached, copies } = spread(mesh(feeder), 'relay-650', audience)
    expect(reached).toHaveLength(15)
    expect(copies).toBeLessThanOrEqual(2 * reached.length)
  })

  it('never sends back to whom it came from, nor outside the audience', () => {
    const feeder = feederIn([])
    const ieds = mesh(feeder)
    const all = new Set(names)
    for (const [name, ied] of ieds) {
      for (const from of ied.onward(all, '')) expect(ied.onward(all, from)).not.toContain(from)
      expect(ied.onward(new Set(), '')).toEqual([])
      expect(ied.fromOrigin(new Set([name]))).toEqual([])
    }
  })

  it('leaves out peers that are not known yet', () => {
    const away = new Set(['recloser-671'])
    for (const ied of mesh(feederIn([]), away).values()) {
      expect(ied.held.has('recloser-671')).toBe(false)
      expect(ied.fromOrigin(new Set(names))).not.toContain('recloser-671')
    }
  })

  it('holds no stream at a peer that is no IED of the feeder', () => {
    let asked = 0
    const links = { hold: () => asked++ } as unknown as Links
    neighbourhood('back-end', feederIn([]), links, { peerOf: (name: string) => name } as Messenger).refresh()
    expect(asked).toBe(0)
  })
})

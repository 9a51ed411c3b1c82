import { describe, expect, it } from 'vitest'
import { createChance } from '../../sim/runtime/chance.ts'
import { addressBook } from '../../src/mesh/address-book.ts'
import { addressPatienceMs, type DialSettings, dialDefaults, dialling } from '../../src/mesh/dialling.ts'

const settings: DialSettings = { perSecond: 4, burst: 8, others: 3, maxPeers: 64 }
const view = { isTaken: () => false, wanted: new Set<string>(), isBackEnd: () => false, peers: 0 }

function bookOf(...peers: string[]) {
  const book = addressBook(() => 0.5)
  for (const peer of peers) book.learn(peer === 'seed' ? undefined : peer, [`/${peer}`], 0)
  return book
}
const who = (contacts: readonly { peerId: string | undefined }[]) => contacts.map(({ peerId }) => peerId ?? 'seed')

describe('whom to dial', () => {
  it('neighbours first, then seeds and back ends, then others', () => {
    const dials = dialling(bookOf('other', 'backEnd', 'seed', 'neighbour'), settings)
    const chosen = dials.choose({ ...view, wanted: new Set(['neighbour']), isBackEnd: id => id === 'backEnd' }, 0)
    expect(who(chosen)).toEqual(['neighbour', 'backEnd', 'seed', 'other'])
  })

  it('so many others, counting those that are connected', () => {
    const others = ['a', 'b', 'c', 'd', 'e']
    expect(who(dialling(bookOf(...others), settings).choose(view, 0))).toEqual(['a', 'b', 'c'])
    expect(who(dialling(bookOf(...others), settings).choose({ ...view, peers: 2 }, 0))).toEqual(['a'])
    expect(who(dialling(bookOf(...others), settings).choose({ ...view, peers: 3 }, 0))).toEqual([])
  })

  it('neighbours and back ends however many are connected', () => {
    const dials = dialling(bookOf('a', 'b', 'c'), settings)
    const chosen = dials.choose({ ...view, peers: 500, wanted: new Set(['a']), isBackEnd: id => id === 'b' }, 0)
    expect(who(chosen)).toEqual(['a', 'b'])
  })

  it('nobody who is connected or being dialled', () => {
    const dials = dialling(bookOf('a', 'b'), settings)
    expect(who(dials.choose({ ...view, isTaken: ({ peerId }) => peerId === 'a' }, 0))).toEqual(['b'])
  })

  it('eight at once after a quiet time, then four a second', () => {
    const wanted = new Set(Array.from({ length: 40 }, (_, n) => `p${n}`))
    const dials = dialling(bookOf(...wanted), settings)
    const at = (ms: number) => dials.choose({ ...view, wanted }, ms).length
    expect([at(0), at(249), at(250), at(499), at(1000)]).toEqual([8, 0, 1, 0, 3])
  })
})

describe('an address', () => {
  it('has one second at first, and twice as long after each failure, up to sixteen', () => {
    expect([0, 1, 2, 3, 4, 9].map(n => addressPatienceMs(n, 2))).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000])
    expect([0, 1, 2, 9].map(n => addressPatienceMs(n, 1))).toEqual([5000, 10_000, 16_000, 16_000])
  })
})

// 200 agents on a feeder: each has its parent and two children, and remembers all the others. Power returns to all of them
// together; each takes between 3 and 8 seconds to start. In virtual time: a dial to one that is up connects both after 50
// ms, any other fails after a second.
describe('200 agents that return together', () => {
  const AGENTS = 200
  const course = returnTogether()

  it('begin no more dials than the network bears, each and together', () => {
    const lines = course.attempts.map(
      (total, second) => `${second} s: ${total} dials, ${course.connected[second]} pairs`,
    )
    console.info(lines.join('\n'))
    expect(course.mostOfOne).toBeLessThanOrEqual(dialDefaults.burst + dialDefaults.perSecond)
    expect(Math.max(...course.attempts)).toBeLessThanOrEqual(AGENTS * dialDefaults.perSecond)
  })

  it('have all their neighbours within three seconds after the last has started', () => {
    expect(course.neighboursAt).toBeLessThan(11_000)
  })

  it('are quiet afterwards, and connected to some of the feeder only', () => {
    expect(course.attempts.slice(-10).every(total => total <= AGENTS / 10)).toBe(true)
    expect(course.mostPeers).toBeLessThan(64)
    expect(course.fewestPeers).toBeGreaterThanOrEqual(dialDefaults.others)
  })
})

function returnTogether() {
  const AGENTS = 200
  const chance = createChance('return together')
  const ids = Array.from({ length: AGENTS }, (_, n) => `p${String(n).padStart(3, '0')}`)
  const neighbours = ids.map((_, n) => {
    const tree = [Math.floor((n - 1) / 2), 2 * n + 1, 2 * n + 2]
    return new Set(tree.filter(each => each >= 0 && each < AGENTS).map(each => ids[each] as string))
  })
  const agents = ids.map((id, n) => {
    const own = chance.of(id)
    const startsAt = 3000 + own() * 5000
    const book = addressBook(own)
    // As known-peers.ts and discovery.ts recall them.
    for (const other of ids) {
      if (other !== id) book.learn(other, [`/${other}`], startsAt, own() * 1500 + (id < other ? 0 : 2000))
    }
    return { id, startsAt, book, dials: dialling(book), wanted: neighbours[n] as Set<string>, peers: new Set<string>() }
  })
  const byId = new Map(agents.map(agent => [agent.id, agent]))
  const attempts: number[] = []
  const connected: number[] = []
  const busy = new Map<string, Set<string>>(ids.map(id => [id, new Set()]))
  const due: { at: number; run: () => void }[] = []
  const recent = new Map<string, number[]>(ids.map(id => [id, []]))
  let mostOfOne = 0
  let neighboursAt = Number.POSITIVE_INFINITY

  for (let now = 0; now < 25_000; now += 50) {
    for (const each of due.filter(({ at }) => at <= now)) each.run()
    due.splice(0, due.length, ...due.filter(({ at }) => at > now))
    for (const agent of agents) {
      if (now < agent.startsAt || (now / 50) % 5 !== Number(agent.id.slice(1)) % 5) continue
      const underWay = busy.get(agent.id) as Set<string>
      const chosen = agent.dials.choose(
        {
          isTaken: ({ peerId = '' }) => agent.peers.has(peerId) || underWay.has(peerId),
          wanted: agent.wanted,
          isBackEnd: () => false,
          peers: agent.peers.size,
        },
        now,
      )
      for (const { peerId = '' } of chosen) {
        underWay.add(peerId)
        const other = byId.get(peerId) as (typeof agents)[number]
        const answers = now >= other.startsAt
        due.push({
          at: now + (answers ? 50 : 1000),
          run() {
            underWay.delete(peerId)
            if (!answers) return
            agent.peers.add(peerId)
            other.peers.add(agent.id)
            agent.book.reached(peerId, now)
            other.book.reached(agent.id, now)
          },
        })
      }
      const second = Math.floor(now / 1000)
      attempts[second] = (attempts[second] ?? 0) + chosen.length
      const mine = (recent.get(agent.id) as number[]).filter(at => at > now - 1000)
      mine.push(...chosen.map(() => now))
      recent.set(agent.id, mine)
      mostOfOne = Math.max(mostOfOne, mine.length)
    }
    const second = Math.floor(now / 1000)
    attempts[second] ??= 0
    connected[second] = agents.reduce((sum, { peers }) => sum + peers.size, 0) / 2
    if (neighboursAt === Number.POSITIVE_INFINITY && agents.every(a => [...a.wanted].every(id => a.peers.has(id)))) {
      neighboursAt = now
    }
  }
  const sizes = agents.map(({ peers }) => peers.size)
  return {
    attempts,
    connected,
    mostOfOne,
    neighboursAt,
    mostPeers: Math.max(...sizes),
    fewestPeers: Math.min(...sizes),
  }
}

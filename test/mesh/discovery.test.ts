// Of two peers that hear of each other the one with the lower id dials, so that there is one connection between them and
// not two; the other one does when nothing came.

import type { Connection } from '@libp2p/interface'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { discovery } from '../../src/mesh/discovery.ts'
import { newIdentity } from '../../src/mesh/identity.ts'

/** Lower one first. */
let ids: [string, string]
beforeAll(async () => {
  const made = await Promise.all([newIdentity(), newIdentity()])
  ids = made.map(({ peerId }) => peerId).sort() as [string, string]
})
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Two that hear of each other at the same moment, on a network that carries dials at once. */
function pair(isReachable: (peerId: string) => boolean = () => true) {
  let now = 0
  const connections: { readonly from: string; readonly to: string }[] = []
  const dials: { readonly from: string; readonly atMs: number }[] = []
  const address = (peerId: string) => `/ip4/10.0.0.${1 + ids.indexOf(peerId)}/tcp/4001`
  const node = (self: string) => ({
    status: 'started',
    async dial(to: { toString(): string }) {
      dials.push({ from: self, atMs: now })
      const other = String(to).split('/p2p/')[1] as string
      if (!isReachable(other)) throw new Error('nobody answers')
      connections.push({ from: self, to: other })
      return {} as Connection
    },
    getConnections: () =>
      connections.map(({ from, to }) => ({
        remotePeer: from === self ? to : from,
        remoteAddr: address(from === self ? to : from),
      })) as unknown as Connection[],
  })
  const both = ids.map(self => {
    const made = discovery({
      node: node(self),
      peerId: self,
      isUp: () => connections.length > 0,
      peers: () => connections.length,
      wanted: () => new Set(ids),
      isBackEnd: () => false,
      now: () => now,
      chance: () => 0.5,
      metOwnKey: () => {},
      log: () => {},
    })
    ends.push(made.stop)
    return made
  })
  for (const [index, each] of both.entries()) {
    const other = ids[1 - index] as string
    each.heardOf(other, [address(other)])
  }
  return {
    connections,
    dials,
    /** The higher one looks first each time. */
    async until(ms: number) {
      for (; now <= ms; now += 50) {
        for (const each of [...both].reverse()) each.dialNow()
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
}

describe('of two that hear of each other at once', () => {
  it('the one with the lower id dials, and there is one connection', async () => {
    const { connections, dials, until } = pair()
    await until(10_000)
    expect(connections).toEqual([{ from: ids[0], to: ids[1] }])
    expect(dials).toEqual([{ from: ids[0], atMs: 0 }])
  })

  it('the other one dials two seconds later, and not before, when it cannot be reached itself', async () => {
    const { connections, dials, until } = pair(peerId => peerId === ids[0])
    await until(1950)
    expect(connections).toEqual([])
    await until(2000)
    expect(connections).toEqual([{ from: ids[1], to: ids[0] }])
    expect(dials.filter(({ from }) => from === ids[1])).toEqual([{ from: ids[1], atMs: 2000 }])
  })
})

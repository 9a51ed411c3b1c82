// Threats of docs/security.md that no other test shows: a member that keeps to itself what it should pass on, and a
// person's key that says what only machines may.

import { beforeEach, describe, expect, it } from 'vitest'
import { person } from './fixtures.ts'
import { type MemoryMesh, memoryMesh } from './memory-links.ts'
import {
  holdAll,
  note,
  refusalsOf,
  seal,
  type TestMember,
  type Times,
  TOPIC,
  testMember,
  times,
  utility,
} from './messenger-member.ts'

let mesh: MemoryMesh
let time: Times
beforeEach(() => {
  mesh = memoryMesh()
  time = times()
})
const member = (name: string): Promise<TestMember> => testMember(mesh, name, { times: time })

describe('peers of which one passes nothing on', () => {
  it('what one of them keeps to itself comes by the others', async () => {
    const [origin, liar, other, last] = [
      await member('origin'),
      await member('liar'),
      await member('other'),
      await member('last'),
    ]
    liar.links.onPublished(() => 'ignore')
    mesh.connect(origin.peerId, liar.peerId)
    mesh.connect(liar.peerId, last.peerId)
    holdAll(origin.links)
    origin.messenger.say({ ...note('unheard'), topics: [TOPIC], to: [liar.peerId] })
    await mesh.settle()
    // With the liar alone in between it does not come: this is what the other way is for.
    expect(last.heard).toEqual([])
    mesh.connect(origin.peerId, other.peerId)
    mesh.connect(other.peerId, last.peerId)
    origin.messenger.say({ ...note('fault'), topics: [TOPIC], to: [liar.peerId] })
    await mesh.settle()
    expect(last.heard).toEqual(['origin: fault'])
  })
})

describe('a key of another role', () => {
  it('a person’s key says nothing that protects, whatever it signs', async () => {
    const b = await member('b')
    for (const role of ['VIEWER', 'OPERATOR', 'ENGINEER', 'SECADM'] as const) {
      const somebody = await person(utility, `p-${role}`, { roles: [role] })
      const links = mesh.join(somebody.credential)
      mesh.connect(links.peerId, b.peerId)
      holdAll(links)
      links.send(b.peerId, seal(somebody), 0)
      await links.publish(TOPIC, seal(somebody, { sequence: 1 }))
      await mesh.settle()
    }
    expect([b.heard, refusalsOf(b)]).toEqual([[], { role: 8 }])
  })
})

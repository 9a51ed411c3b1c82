import { afterEach, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { type Member, type MemberOptions, startMember, until } from './real-links.ts'

const running: Member[] = []
async function member(options: MemberOptions): Promise<Member> {
  const made = await startMember(options)
  running.push(made)
  await made.links.start()
  return made
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ links }) => links.stop()))
})

const names = ({ links }: Member) =>
  links
    .peers()
    .map(peer => peer.credential.name)
    .sort()

describe('links over libp2p', () => {
  it('find each other from one seed, by asking whom the others know', async () => {
    const authority = await newAuthority('utility')
    const a = await member({ name: 'a', authority })
    const seeds = a.links.addresses()
    const b = await member({ name: 'b', authority, links: { seeds } })
    const c = await member({ name: 'c', authority, links: { seeds } })
    await until('all know all', () => [a, b, c].every(m => m.links.peers().length === 2))
    expect([names(a), names(b), names(c)]).toEqual([
      ['b', 'c'],
      ['a', 'c'],
      ['a', 'b'],
    ])
  })

  it('refuse a peer without credential, of another authority, or expired, and neither tell it nor hear it', async () => {
    const authority = await newAuthority('utility')
    const stranger = await newAuthority('utility')
    const a = await member({ name: 'a', authority })
    const b = await member({ name: 'b', authority, links: { seeds: a.links.addresses() } })
    const heard: string[] = []
    for (const { links, name } of [a, b]) {
      links.onPublished((_, topic) => {
        heard.push(`${name} ${topic}`)
        return 'accept'
      })
      links.onFrame(() => heard.push(`${name} frame`))
      links.subscribe('zone')
    }
    const trusted = [{ organisation: 'utility', publicKey: authority.publicKey, roles: ['IED' as const] }]
    const seeds = a.links.addresses()
    const bad = [
      await member({ name: 'none', authority, credential: 'none', links: { seeds } }),
      await member({ name: 'other', authority: stranger, trusted, links: { seeds } }),
      await member({ name: 'old', authority, credential: 'expired', links: { seeds } }),
    ]
    const spied: string[] = []
    for (const { links, name } of bad) {
      links.onPublished((_, topic) => (spied.push(`${name} ${topic}`) > 0 ? 'accept' : 'ignore'))
      links.subscribe('zone')
    }
    await until('three are refused', () => a.links.refusals().size >= 3)
    await until('a and b are connected', () => names(a).includes('b'))
    for (let round = 0; round < 20; round++) {
      await a.links.publish('zone', new Uint8Array([1, round]))
      for (const { links } of bad) {
        await links.publish('zone', new Uint8Array([2, round]))
        links.send(a.links.peerId, new Uint8Array([3]))
      }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    await until('b hears a', () => heard.includes('b zone'))
    expect(heard.filter(line => line.startsWith('a'))).toEqual([])
    expect(spied).toEqual([])
    expect([...a.links.refusals().keys()].sort()).toEqual(
      ['credential has expired', 'shows no credential', 'signature is not by the trusted authority'].sort(),
    )
    expect(names(a)).toEqual(['b'])
  })

  it('count refusals under reasons of their own, whatever a stranger calls itself, and keep its words for who asks', async () => {
    const a = await member({ name: 'a', authority: await newAuthority('utility') })
    const seeds = a.links.addresses()
    for (const organisation of ['x', 'y\u001b[2J']) {
      await member({ name: 'b', authority: await newAuthority(organisation), links: { seeds } })
      await until(`${organisation} is refused`, () => a.links.lastRefusal()?.includes(`"${organisation[0]}`) === true)
    }
    expect([...a.links.refusals().keys()]).toEqual(['authority is not trusted here'])
    expect(a.links.lastRefusal()).toBe('authority "y [2J" is not trusted here')
  })

  it('hold a stream on which frames go at once and whose round trip is measured', async () => {
    const authority = await newAuthority('utility')
    const a = await member({ name: 'a', authority })
    const b = await member({ name: 'b', authority, links: { seeds: a.links.addresses() } })
    await until('connected', () => names(b).length === 1)
    const frames: string[] = []
    a.links.onFrame((from, frame) => frames.push(`${from === b.links.peerId} ${[...frame]}`))
    b.links.hold(new Set([a.links.peerId]))
    await until('sent', () => b.links.send(a.links.peerId, new Uint8Array([7, 8])) !== false)
    await until('received', () => frames.length > 0)
    expect(frames[0]).toBe('true 7,8')
    expect(await b.links.probe(a.links.peerId, new Uint8Array(100))).toBeGreaterThan(0)
  })

  it('answer questions, and turn a handler error into a refusal', async () => {
    const authority = await newAuthority('utility')
    const a = await member({ name: 'a', authority })
    a.links.serve('/test/1', async (from, question) => {
      if (question[0] === 0) throw new Error('not zero')
      return new Uint8Array([...question, from.name.length])
    })
    const b = await member({ name: 'bee', authority, links: { seeds: a.links.addresses() } })
    await until('connected', () => names(b).length === 1)
    const ask = (byte: number) =>
      b.links.request(a.links.peerId, '/test/1', new Uint8Array([byte]), { timeoutMs: 10_000 })
    expect([...(await ask(5))]).toEqual([5, 3])
    await expect(ask(0)).rejects.toMatchObject({ code: 'MESH_REFUSED', message: 'not zero' })
  })

  it('name the address that is in use', async () => {
    const authority = await newAuthority('utility')
    const a = await member({ name: 'a', authority })
    const taken = a.links.addresses()[0]?.split('/p2p/')[0] ?? ''
    const b = await startMember({ name: 'b', authority, links: { listen: [taken] } })
    await expect(b.links.start()).rejects.toMatchObject({ code: 'MESH_ADDRESS_IN_USE' })
    await b.links.stop().catch(() => {})
  })
})

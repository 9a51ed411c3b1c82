import { beforeAll, describe, expect, it } from 'vitest'
import { checkAnnouncement, MAX_ANNOUNCEMENT, readAnnouncement, sealAnnouncement } from '../../src/mesh/announcement.ts'
import { announcementList } from '../../src/mesh/announcements.ts'
import { type Authority, newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { NOW, type Person, person } from './fixtures.ts'
import { trust } from './real-links.ts'

const ADDRESSES = ['/ip4/10.0.0.5/tcp/4001']
let authority: Authority
let ada: Person
let bob: Person
beforeAll(async () => {
  authority = await newAuthority('utility')
  ada = await person(authority, 'ada')
  bob = await person(authority, 'bob')
})

const check = (token: string) => verifyCredential(token, [trust(authority)], NOW)
const announce = ({ identity, credential }: Person, number = 1, addresses = ADDRESSES) =>
  sealAnnouncement({ token: credential.token, addresses, number }, identity)
const checked = (raw: Uint8Array) => checkAnnouncement(raw, check, verifyPeer)

describe('an announcement', () => {
  it('says who, where, and with which credential', async () => {
    const result = await checked(announce(ada, 7))
    expect(result).toMatchObject({
      announcement: { peerId: ada.identity.peerId, addresses: ADDRESSES, number: 7, token: ada.credential.token },
      credential: { name: 'ada' },
    })
  })

  it('counts for nothing with a credential that its authority did not sign, or that is for another key', async () => {
    const stranger = await person(await newAuthority('utility'), 'eve')
    expect(await checked(announce(stranger))).toMatchObject({ reason: 'signature is not by the trusted authority' })
    const stolen = sealAnnouncement({ token: ada.credential.token, addresses: ADDRESSES, number: 2 }, bob.identity)
    expect(await checked(stolen)).toMatchObject({ reason: 'credential belongs to another key' })
  })

  it('does not survive the change of any byte', async () => {
    const raw = announce(ada)
    for (let index = 0; index < raw.length; index++) {
      const changed = Uint8Array.from(raw)
      changed[index] = (changed[index] as number) ^ 1
      const counts = await checked(changed).then(
        result => !('reason' in result),
        error => error.code !== 'MESH_BAD_MESSAGE',
      )
      expect(counts, `byte ${index}`).toBe(false)
    }
  })

  it('takes eight addresses, and leaves out what is too long', () => {
    const many = [`/dns/${'x'.repeat(300)}/tcp/1`, ...Array.from({ length: 12 }, (_, n) => `/ip4/10.0.0.${n}/tcp/1`)]
    expect(readAnnouncement(announce(ada, 1, many)).announcement.addresses).toEqual(many.slice(1, 9))
  })

  it('is refused unread beyond its bound, with another version, or with a key too many', () => {
    const [encoded, signature] = fromCbor(announce(ada)) as [Uint8Array, Uint8Array]
    const body = fromCbor(encoded) as Record<string, unknown>
    const bad = [
      new Uint8Array(MAX_ANNOUNCEMENT + 1),
      toCbor([toCbor({ ...body, v: 2 } as never), signature]),
      toCbor([toCbor({ ...body, x: 1 } as never), signature]),
    ]
    for (const raw of bad) expect(() => readAnnouncement(raw)).toThrow('not an announcement')
  })
})

describe('the list of announcements', () => {
  const take = async (list: ReturnType<typeof announcementList>, who: Person, number: number): Promise<boolean> => {
    const result = await checked(announce(who, number))
    if ('reason' in result) throw new Error(result.refused)
    return list.take(result)
  }

  it('takes the newer one of a peer, and neither the same again nor an older one', async () => {
    const list = announcementList('l')
    const taken: boolean[] = []
    for (const number of [5, 5, 4, 6]) taken.push(await take(list, ada, number))
    expect(taken).toEqual([true, false, false, true])
    expect(list.size).toBe(1)
  })

  it('hands on what came since, in portions, and all again to who asks of another list', async () => {
    const list = announcementList('l')
    await take(list, ada, 1)
    await take(list, bob, 1)
    const first = list.since(undefined, 1)
    const second = list.since({ list: 'l', after: first.upTo }, 1)
    expect(
      [first, second].map(({ announcements }) => readAnnouncement(announcements[0] as Uint8Array).announcement.peerId),
    ).toEqual([ada.identity.peerId, bob.identity.peerId])
    expect(list.since({ list: 'l', after: second.upTo }, 1).announcements).toEqual([])
    await take(list, ada, 2)
    expect(list.since({ list: 'l', after: second.upTo }, 9).announcements).toHaveLength(1)
    expect(list.since({ list: 'another', after: 99 }, 9).announcements).toHaveLength(2)
  })

  it('makes room within an organisation by whom it heard of longest ago, and for so many organisations', async () => {
    const gone: string[] = []
    const list = announcementList('l', { perOrganisation: 2, organisations: 1 }, peerId => gone.push(peerId))
    const eve = await person(authority, 'eve')
    await take(list, ada, 1)
    await take(list, bob, 1)
    await take(list, ada, 2)
    expect(await take(list, eve, 1)).toBe(true)
    expect(gone).toEqual([bob.identity.peerId])
    const other = await newAuthority('customer')
    const guest = await person(other, 'guest')
    const result = await checkAnnouncement(
      announce(guest),
      token => verifyCredential(token, [trust(other)], NOW),
      verifyPeer,
    )
    expect('reason' in result || list.take(result)).toBe(false)
    expect(list.size).toBe(2)
  })
})

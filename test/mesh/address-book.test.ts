import { describe, expect, it } from 'vitest'
import { addressBook } from '../../src/mesh/address-book.ts'

// Without jitter: chance 0.5 makes each wait 500 ms, doubled after each failure, 5 s at the most.
const still = () => addressBook(() => 0.5)
const dueAt = (book: ReturnType<typeof still>, now: number) => book.due(now).map(({ peerId }) => peerId)
const only = (book: ReturnType<typeof still>, now: number) => {
  const [contact, ...more] = book.due(now)
  if (contact === undefined || more.length > 0) throw new Error('want one contact')
  return contact
}

describe('the address book', () => {
  it('tries a new contact at once, or after the wait that it is given', () => {
    const book = still()
    book.learn('a', ['/1'], 100)
    book.learn('b', ['/2'], 100, 50)
    expect([dueAt(book, 100), dueAt(book, 149), dueAt(book, 150)]).toEqual([['a'], ['a'], ['a', 'b']])
  })

  it('waits longer after each failure, up to five seconds', () => {
    const book = still()
    book.learn('a', ['/1'], 0)
    let now = 0
    const waits: number[] = []
    for (let failure = 0; failure < 6; failure++) {
      const contact = only(book, now)
      book.trying(contact, now)
      const next = book.due(Number.POSITIVE_INFINITY)[0]?.notBefore ?? 0
      expect(dueAt(book, next - 1)).toEqual([])
      waits.push(next - now)
      now = next
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 5000, 5000])
  })

  it('spreads tries by half to one and a half of the wait', () => {
    for (const [chance, wait] of [
      [0, 250],
      [0.999, 749.5],
    ] as const) {
      const book = addressBook(() => chance)
      book.learn('a', ['/1'], 0)
      book.trying(only(book, 0), 0)
      expect(book.due(Number.POSITIVE_INFINITY)[0]?.notBefore).toBeCloseTo(wait)
    }
  })

  it('begins with the short wait again once a contact has been reached', () => {
    const book = still()
    book.learn('a', ['/1'], 0)
    for (let failure = 0; failure < 5; failure++) book.trying(only(book, 1e9), failure)
    book.reached('a', 1000)
    expect([dueAt(book, 1249), dueAt(book, 1250)]).toEqual([[], ['a']])
    book.trying(only(book, 1250), 1250)
    expect([dueAt(book, 1749), dueAt(book, 1750)]).toEqual([[], ['a']])
  })

  it('does not try earlier because somebody tells of the contact again', () => {
    const book = still()
    book.learn('a', ['/1'], 0)
    book.trying(only(book, 0), 0)
    book.learn('a', ['/2'], 10)
    expect(dueAt(book, 499)).toEqual([])
    expect([...only(book, 500).addresses]).toEqual(['/2', '/1'])
  })

  it('keeps eight addresses of a contact, the latest learnt first', () => {
    const book = still()
    for (let address = 0; address < 12; address++) book.learn('a', [`/${address}`], 0)
    expect([...only(book, 0).addresses]).toEqual(['/11', '/10', '/9', '/8', '/7', '/6', '/5', '/4'])
  })

  it('loses no address because one that it knows is told again', () => {
    const book = still()
    const eight = Array.from({ length: 8 }, (_, address) => `/${address}`)
    book.learn('a', eight, 0)
    book.learn('a', ['/7'], 0)
    expect([...only(book, 0).addresses].sort()).toEqual(eight)
  })

  it('keeps one contact, and its wait, for a seed whose peer id is not known', () => {
    const book = still()
    const seeds = [...Array.from({ length: 10 }, (_, address) => `/${address}`), '/0']
    for (const seed of [['/x', '/x'], seeds]) {
      book.learn(undefined, seed, 0)
      const contact = only(book, 0)
      book.trying(contact, 0)
      expect(book.due(249)).toEqual([])
    }
  })

  it('learns nothing from no address, and no more than 2048 contacts', () => {
    const book = still()
    book.learn('a', [], 0)
    for (let peer = 0; peer < 3000; peer++) book.learn(`p${peer}`, ['/1'], 0)
    expect(book.due(0)).toHaveLength(2048)
    book.learn('p1000', ['/2'], 0)
    expect([...(book.due(0).find(({ peerId }) => peerId === 'p1000')?.addresses ?? [])]).toEqual(['/2', '/1'])
  })

  it('makes room by the oldest contact that was never reached: not by seeds, nor by those reached', () => {
    const book = still()
    book.learn(undefined, ['/seed'], 0)
    book.learn('reached', ['/1'], 0)
    book.reached('reached', 0)
    for (let peer = 0; peer < 3000; peer++) book.learn(`p${peer}`, ['/1'], 0)
    const known = dueAt(book, 1e9)
    expect(known).toHaveLength(2048)
    expect(known).toEqual(expect.arrayContaining([undefined, 'reached', 'p2999']))
    expect([known.includes('p953'), known.includes('p954')]).toEqual([false, true])
  })

  it('names those first that failed less often', () => {
    const book = still()
    book.learn('dead', ['/1'], 0)
    book.trying(only(book, 0), 0)
    book.learn('new', ['/2'], 600)
    expect(dueAt(book, 700)).toEqual(['new', 'dead'])
  })

  it('takes no harm from a contact reached that it does not know', () => {
    const book = still()
    book.reached('a', 0)
    expect(book.due(1e9)).toEqual([])
  })
})

import { beforeEach, describe, expect, it } from 'vitest'
import type { AuthorityRow } from '../../src/mesh/authority.ts'
import { type Credential, newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { type Envelope, sealEnvelope } from '../../src/mesh/envelope.ts'
import { type Messenger, messenger, type Received } from '../../src/mesh/messenger.ts'
import type { ReplayMark } from '../../src/mesh/replay-window.ts'
import { collectsAs } from '../../src/node/collecting-peers.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { NOW, type Person, type PersonOptions, person } from './fixtures.ts'
import { type MemoryLinks, type MemoryMesh, memoryMesh } from './memory-links.ts'
import { trust } from './real-links.ts'

const utility = await newAuthority('utility')
const customer = await newAuthority('customer')
const trusted = [trust(utility), trust(customer)]
const FEEDER = new Uint8Array(16).fill(1)
const CREDENTIAL = '/feedermesh/credential/1.0.0'

interface Member extends Person {
  readonly peerId: string
  readonly links: MemoryLinks
  readonly messenger: Messenger
  readonly heard: string[]
  readonly received: Received[]
  readonly log: string[]
}

let mesh: MemoryMesh
let now = NOW
beforeEach(() => {
  mesh = memoryMesh()
  now = NOW
})

const ownRow: AuthorityRow = {
  type: 'note',
  roles: ['IED'],
  from: 'protection',
  sameFeeder: true,
  claim: payload => {
    const text = fromCbor(payload)
    if (typeof text !== 'string') throw new Error('want text')
    return text.startsWith('!') ? 'shouts' : undefined
  },
}

interface MemberOptions extends PersonOptions {
  readonly authority?: typeof utility
  readonly person?: Person
  readonly links?: MemoryLinks
  readonly epoch?: number
  readonly replayMarks?: ReadonlyMap<string, ReplayMark>
  readonly onward?: AuthorityRow['onward']
}

/** Hears notes of the utility's IEDs about its feeder, and relays them as `onward` says. */
async function member(name: string, options: MemberOptions = {}): Promise<Member> {
  const { identity, credential } = options.person ?? (await person(options.authority ?? utility, name, options))
  const links = options.links ?? mesh.join(credential)
  const log: string[] = []
  const made = messenger({
    links,
    identity,
    credential,
    epoch: options.epoch ?? 1,
    feeder: FEEDER,
    policy: { protection: new Set(['utility']) },
    ...(options.replayMarks ? { replayMarks: options.replayMarks } : {}),
    verify: token => mesh.during(verifyCredential(token, trusted, now)),
    now: () => now,
    utc: () => now,
    utcGood: () => true,
    log: (event, fields) => void log.push(`${event} ${fields.reason ?? ''}`.trim()),
  })
  const heard: string[] = []
  const received: Received[] = []
  made.on({ ...ownRow, ...(options.onward ? { onward: options.onward } : {}) }, message => {
    heard.push(`${message.origin.name}: ${fromCbor(message.payload)}`)
    received.push(message)
  })
  links.subscribe('zone')
  return { identity, credential, links, peerId: identity.peerId, messenger: made, heard, received, log }
}

function connect(one: Member | MemoryLinks, ...others: (Member | MemoryLinks)[]): void {
  for (const other of others) mesh.connect(one.peerId, other.peerId)
}
const holdAll = (...members: { links: MemoryLinks }[]): void => {
  for (const { links } of members) links.hold(new Set(links.peers().map(({ peerId }) => peerId)))
}
const note = (text: string) => ({ type: 'note', payload: toCbor(text), lifetime: duration(2000) })
const refusals = ({ messenger: { refusals: counted } }: Member) => Object.fromEntries(counted())

/** An envelope of the origin that is right in everything but what is changed. */
const envelope = (origin: Person, changed: Partial<Envelope> = {}): Envelope => ({
  type: 'note',
  origin: origin.identity.peerId,
  credentialHash: origin.credential.hash,
  epoch: 1,
  sequence: 0,
  utc: now,
  utcGood: true,
  lifetime: duration(2000),
  feeder: FEEDER,
  payload: toCbor('hello'),
  ...changed,
})
const seal = (origin: Person, changed: Partial<Envelope> = {}) =>
  sealEnvelope(envelope(origin, changed), origin.identity)

describe('a message', () => {
  it('goes over held streams and says to how many', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')]
    connect(a, b, c)
    expect(a.messenger.say({ ...note('one'), to: [b.peerId, c.peerId] })).toBe(0)
    holdAll(a)
    expect(a.messenger.say({ ...note('two'), to: [b.peerId, c.peerId, 'absent'] })).toBe(2)
    await mesh.settle()
    expect([a.heard, b.heard, c.heard]).toEqual([[], ['a: two'], ['a: two']])
  })

  it('floods its topic, each passing it on to those that it knows', async () => {
    const [a, b, c] = [await member('a'), await member('b'), await member('c')]
    connect(b, a, c)
    a.messenger.say({ ...note('one'), topics: ['zone'] })
    await mesh.settle()
    expect([b.heard, c.heard]).toEqual([['a: one'], ['a: one']])
    expect(b.links.verdicts.map(({ verdict }) => verdict)).toEqual(['accept'])
  })

  it('is delivered once though it comes by several ways', async () => {
    const [a, b, c, d] = [await member('a'), await member('b'), await member('c'), await member('d')]
    connect(a, b, c, d)
    connect(b, c, d)
    connect(c, d)
    holdAll(a, b, c, d)
    const to = [b.peerId, c.peerId, d.peerId]
    for (let round = 0; round < 20; round++) a.messenger.say({ ...note(`${round}`), to, topics: ['zone'] })
    await mesh.settle()
    for (const { heard } of [b, c, d]) expect(heard).toEqual(Array.from({ length: 20 }, (_, round) => `a: ${round}`))
    for (const each of [b, c, d]) expect(refusals(each)).toEqual({})
  })

  it('is relayed as the bytes that came', async () => {
    const a = await member('a')
    const c = await member('c')
    const b = await member('b', { onward: () => () => [c.peerId] })
    connect(b, a, c)
    connect(a, c) // so that c knows a's credential
    holdAll(a, b)
    a.messenger.say({ ...note('one'), to: [b.peerId] })
    await mesh.settle()
    expect(c.received[0]?.raw).toEqual(b.received[0]?.raw)
    expect([c.received[0]?.from, c.received[0]?.via]).toEqual([b.peerId, 'stream'])
  })

  it('that comes back to its origin is dropped there', async () => {
    const a = await member('a')
    const b = await member('b', { onward: () => () => [a.peerId] })
    connect(a, b)
    holdAll(a, b)
    a.messenger.say({ ...note('one'), to: [b.peerId] })
    await mesh.settle()
    expect([a.heard, refusals(a)]).toEqual([[], {}])
  })
})

describe('a receiver', () => {
  const TOLERANCE = 120_000
  // b hears from a directly, so it has a's credential.
  const cases: {
    it: string
    change?: (origin: Person) => Partial<Envelope>
    bytes?: (raw: Uint8Array) => Uint8Array
    origin?: MemberOptions
    later?: number
    gives: string
    verdict?: string
  }[] = [
    { it: 'uses what is right in everything', gives: 'heard', verdict: 'accept' },
    { it: 'refuses what is no envelope', bytes: raw => raw.subarray(1), gives: 'malformed', verdict: 'reject' },
    {
      it: 'refuses what its origin did not sign',
      bytes: raw => {
        const [body, signature] = fromCbor(raw) as [Uint8Array, Uint8Array]
        return toCbor([body, Uint8Array.from(signature, (byte, index) => (index === 9 ? byte ^ 1 : byte))])
      },
      gives: 'signature',
      verdict: 'reject',
    },
    { it: 'uses it at the end of its lifetime and the clock’s tolerance', later: 2000 + TOLERANCE, gives: 'heard' },
    { it: 'refuses it after that', later: 2001 + TOLERANCE, gives: 'expired', verdict: 'ignore' },
    { it: 'uses what is as early as the clock’s tolerance', later: -TOLERANCE, gives: 'heard' },
    { it: 'refuses what is earlier', later: -TOLERANCE - 1, gives: 'from-the-future', verdict: 'ignore' },
    {
      it: 'refuses a type that it does not know',
      change: () => ({ type: 'other' }),
      gives: 'unknown-type',
      verdict: 'ignore',
    },
    { it: 'refuses a role that may not say it', origin: { roles: ['BACKEND'] }, gives: 'role', verdict: 'reject' },
    {
      it: 'refuses an organisation that it does not obey',
      origin: { authority: customer },
      gives: 'organisation',
      verdict: 'ignore',
    },
    {
      it: 'refuses what is about another feeder file',
      change: () => ({ feeder: new Uint8Array(16) }),
      gives: 'feeder-differs',
      verdict: 'ignore',
    },
    {
      it: 'refuses what the row’s claim refuses',
      change: () => ({ payload: toCbor('!hello') }),
      gives: 'shouts',
      verdict: 'reject',
    },
    {
      it: 'refuses a payload of another type',
      change: () => ({ payload: toCbor(7) }),
      gives: 'malformed',
      verdict: 'reject',
    },
    {
      it: 'refuses a payload that is no CBOR',
      change: () => ({ payload: new Uint8Array([0xff]) }),
      gives: 'malformed',
    },
  ]

  for (const via of ['stream', 'gossip'] as const) {
    for (const c of cases) {
      it(`${c.it}, by ${via}`, async () => {
        const a = await person(c.origin?.authority ?? utility, 'a', c.origin)
        const links = mesh.join(a.credential)
        const b = await member('b')
        connect(links, b)
        links.hold(new Set([b.peerId]))
        const raw = (c.bytes ?? (bytes => bytes))(seal(a, c.change?.(a)))
        now = utcMs(NOW + (c.later ?? 0))
        if (via === 'stream') links.send(b.peerId, raw)
        else await links.publish('zone', raw)
        await mesh.settle()
        expect(c.gives === 'heard' ? b.heard : refusals(b)).toEqual(
          c.gives === 'heard' ? ['a: hello'] : { [c.gives]: 1 },
        )
        if (c.gives !== 'heard') expect(b.heard).toEqual([])
        if (via === 'gossip' && c.verdict) expect(b.links.verdicts.map(({ verdict }) => verdict)).toEqual([c.verdict])
      })
    }
  }

  it('refuses an origin whose credential has expired since it was admitted', async () => {
    const a = await person(utility, 'a', { from: NOW, days: 1 })
    const b = await member('b')
    const links = mesh.join(a.credential)
    connect(links, b)
    links.hold(new Set([b.peerId]))
    now = utcMs(NOW + 86_400_000 + TOLERANCE + 1000)
    links.send(b.peerId, seal(a))
    await mesh.settle()
    expect([b.heard, refusals(b)]).toEqual([[], { 'credential-expired': 1 }])
  })

  it('drops a copy silently, and refuses what is sent again with an earlier epoch', async () => {
    const a = await person(utility, 'a')
    const b = await member('b')
    const links = mesh.join(a.credential)
    connect(links, b)
    links.hold(new Set([b.peerId]))
    const first = seal(a, { epoch: 1, sequence: 5 })
    for (const raw of [first, first, seal(a, { epoch: 2, sequence: 0 }), first, seal(a, { epoch: 1, sequence: 6 })]) {
      links.send(b.peerId, raw)
    }
    await mesh.settle()
    expect([b.heard.length, refusals(b)]).toEqual([2, { old: 2 }])
  })

  it('refuses after a restart with its marks what it had used before', async () => {
    const a = await person(utility, 'a')
    const from = mesh.join(a.credential)
    const b = await member('b')
    connect(from, b)
    from.hold(new Set([b.peerId]))
    const recorded = [4, 2, 3].map(sequence => seal(a, { sequence }))
    for (const raw of recorded) from.send(b.peerId, raw)
    await mesh.settle()
    expect(b.heard.length).toBe(3)

    const again = await member('b', {
      person: b,
      links: b.links,
      epoch: 2,
      replayMarks: b.messenger.movedReplayMarks(),
    })
    mesh.connect(from.peerId, again.peerId)
    for (const raw of [...recorded, seal(a, { sequence: 5 })]) from.send(again.peerId, raw)
    await mesh.settle()
    expect([again.heard, refusals(again)]).toEqual([['a: hello'], { old: 3 }])
  })
})

describe('an origin whose credential the receiver lacks', () => {
  const asked = ({ links }: Member) => links.asked.filter(({ protocol }) => protocol === CREDENTIAL).map(({ to }) => to)

  /** a – b – c, and c knows nothing of a. */
  async function line(): Promise<{ a: Member; b: Member; c: Member; d: Member }> {
    const a = await member('a')
    const d = await member('d')
    const c = await member('c', { onward: () => () => [d.peerId] })
    const b = await member('b', { onward: () => () => [c.peerId] })
    connect(b, a, c)
    connect(d, c)
    connect(a, d)
    holdAll(a, b, c, d)
    return { a, b, c, d }
  }

  it('is asked for at the deliverer; then its message is used and relayed', async () => {
    const { a, b, c, d } = await line()
    a.messenger.say({ ...note('one'), to: [b.peerId] })
    await mesh.settle()
    expect([asked(c), c.heard, d.heard, refusals(c)]).toEqual([
      [b.peerId],
      ['a: one'],
      ['a: one'],
      { 'unknown-origin': 1 },
    ])
    a.messenger.say({ ...note('two'), to: [b.peerId] })
    await mesh.settle()
    expect([asked(c), c.heard]).toEqual([[b.peerId], ['a: one', 'a: two']])
  })

  it('has several messages wait for one question, in their order, each used once', async () => {
    const { a, b, c } = await line()
    for (const text of ['one', 'two', 'three']) {
      a.messenger.say({ ...note(text), to: [b.peerId], topics: ['zone'] })
    }
    await mesh.settle()
    expect(asked(c)).toEqual([b.peerId])
    expect(c.heard).toEqual(['a: one', 'a: two', 'a: three'])
  })

  it('is neither used nor forwarded while the question is open', async () => {
    const [a, c, d] = [await person(utility, 'a'), await member('c'), await member('d')]
    const b = mesh.join((await person(utility, 'b')).credential)
    let reply: (token: string) => void = () => {}
    b.serve(CREDENTIAL, () => new Promise(resolve => (reply = token => resolve(toCbor(token)))))
    connect(c, b, d)
    b.hold(new Set([c.peerId]))
    b.send(c.peerId, seal(a))
    await b.publish('zone', seal(a, { sequence: 1 }))
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    expect([c.heard, d.heard, c.links.verdicts]).toEqual([[], [], [{ from: b.peerId, verdict: 'ignore' }]])
    reply(a.credential.token)
    await mesh.settle()
    expect([c.heard, d.links.verdicts]).toEqual([['a: hello', 'a: hello'], []])
  })

  const useless: { it: string; reply: (others: { b: Person; a: Person }) => Promise<Uint8Array>; logs: string }[] = [
    {
      it: 'knows nothing',
      reply: async () => {
        throw new Error('not known here')
      },
      logs: 'credential-unanswered not known here',
    },
    {
      it: 'shows another peer’s',
      reply: async ({ b }) => toCbor(b.credential.token),
      logs: 'credential-refused another peer’s',
    },
    { it: 'shows one that does not count', reply: async () => toCbor('a.b.c'), logs: 'credential-refused' },
    { it: 'answers nonsense', reply: async () => new Uint8Array([0xff, 1]), logs: 'credential-unanswered' },
  ]
  for (const { it: deliverer, reply, logs } of useless) {
    it(`stays unknown when the deliverer ${deliverer}; another deliverer is asked`, async () => {
      const a = await person(utility, 'a')
      const b = await person(utility, 'b')
      const bad = mesh.join(b.credential)
      bad.serve(CREDENTIAL, () => reply({ a, b }))
      const good = mesh.join((await person(utility, 'good')).credential)
      good.serve(CREDENTIAL, async () => toCbor(a.credential.token))
      const c = await member('c')
      connect(c, bad, good)
      for (const links of [bad, good]) links.hold(new Set([c.peerId]))
      bad.send(c.peerId, seal(a))
      await mesh.settle()
      expect(c.heard).toEqual([])
      expect(c.log.some(line => line.startsWith(logs))).toBe(true)
      // Both at once: the one that comes first can't keep the other's from being used.
      bad.send(c.peerId, seal(a, { sequence: 1 }))
      good.send(c.peerId, seal(a, { sequence: 1 }))
      await mesh.settle()
      expect(c.heard).toEqual(['a: hello'])
    })
  }

  it('is not asked for in the name of a peer that signed nothing', async () => {
    const { b, c } = await line()
    const [victim, liar] = [await person(utility, 'victim'), await person(utility, 'liar')]
    b.links.send(c.peerId, sealEnvelope(envelope(victim), liar.identity))
    await mesh.settle()
    expect([asked(c), refusals(c)]).toEqual([[], { signature: 1 }])
  })

  it('is asked for again when it has renewed its credential', async () => {
    const { a, b, c } = await line()
    a.messenger.say({ ...note('one'), to: [b.peerId] })
    await mesh.settle()
    const renewed = await person(utility, 'a', { identity: a.identity, from: utcMs(NOW - 1000), days: 5 })
    b.links.serve(CREDENTIAL, async () => toCbor(renewed.credential.token))
    b.links.send(c.peerId, seal(renewed, { epoch: 2 }))
    await mesh.settle()
    expect([c.heard, asked(c).length]).toEqual([['a: one', 'a: hello'], 2])
    expect(c.messenger.credentialOf(a.peerId)?.token).toBe(renewed.credential.token)
  })

  it('is not put back to an older credential, and asking ends', async () => {
    const { a, b, c } = await line()
    a.messenger.say({ ...note('one'), to: [b.peerId] })
    await mesh.settle()
    const older = await person(utility, 'a', { identity: a.identity, from: utcMs(NOW - 3 * 86_400_000), days: 9 })
    b.links.serve(CREDENTIAL, async () => toCbor(older.credential.token))
    b.links.send(c.peerId, seal(older, { epoch: 2 }))
    await mesh.settle()
    expect([c.heard, asked(c).length]).toEqual([['a: one'], 2])
    expect(c.messenger.credentialOf(a.peerId)?.token).toBe(a.credential.token)
  })

  it('cannot be flooded with: no more than eight questions about what one peer delivered are open', async () => {
    const c = await member('c')
    const b = mesh.join((await person(utility, 'b')).credential)
    b.serve(CREDENTIAL, () => new Promise(() => {}))
    connect(c, b)
    b.hold(new Set([c.peerId]))
    for (let stranger = 0; stranger < 50; stranger++) b.send(c.peerId, seal(await person(utility, `s${stranger}`)))
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    expect([c.links.asked.length, refusals(c)]).toEqual([8, { 'unknown-origin': 50 }])
  })
})

describe('names and credentials', () => {
  it('find a connected peer by name, or else one that was heard of', async () => {
    const { a, b, c } = { a: await member('a'), b: await member('b'), c: await member('c') }
    b.messenger.on({ ...ownRow, onward: () => () => [c.peerId] }, () => {})
    connect(b, a, c)
    holdAll(a, b)
    expect([c.messenger.peerOf('b'), c.messenger.peerOf('a')]).toEqual([b.peerId, undefined])
    a.messenger.say({ ...note('one'), to: [b.peerId] })
    await mesh.settle()
    expect(c.messenger.peerOf('a')).toBe(a.peerId)
  })

  it('find whom the caller means among those of one name: a person has no back end’s records', async () => {
    const viewer = await member('utility-backend', { authority: customer, roles: ['VIEWER'] })
    const rival = await member('utility-backend', { authority: customer, roles: ['BACKEND'] })
    const backEnd = await member('utility-backend', { roles: ['BACKEND'] })
    const b = await member('b')
    const fits = collectsAs({ backEnd: 'utility-backend', organisation: 'utility' }, { backEnds: () => [] })
    connect(b, viewer, rival)
    expect(b.messenger.peerOf('utility-backend', fits)).toBeUndefined()
    connect(b, backEnd)
    expect(b.messenger.peerOf('utility-backend', fits)).toBe(backEnd.peerId)
  })

  it('find the newest credential of a name, and each credential by its hash', async () => {
    const older = await member('a', { from: utcMs(NOW - 3 * 86_400_000), days: 9 })
    const newer = await member('a')
    const oldest = await member('a', { from: utcMs(NOW - 4 * 86_400_000), days: 9 })
    const b = await member('b')
    connect(b, older, newer, oldest)
    expect(b.messenger.peerOf('a')).toBe(newer.peerId)
    expect(b.messenger.credentialByHash(older.credential.hash)?.peerId).toBe(older.peerId)
    expect(b.messenger.credentialByHash(new Uint8Array(16))).toBeUndefined()
  })

  it('are logged when two live credentials have one name', async () => {
    const [a, twin, b] = [await member('a'), await member('a'), await member('b')]
    connect(b, a)
    expect(b.log).toEqual([])
    connect(b, twin)
    expect(b.log).toEqual(['two-credentials'])
  })

  it('are told to who asks, for those known', async () => {
    const [a, b] = [await member('a'), await member('b')]
    connect(a, b)
    const ask = (peerId: string) =>
      a.links.request(b.peerId, CREDENTIAL, new TextEncoder().encode(peerId), { timeoutMs: 1000 })
    expect(fromCbor(await ask(b.peerId))).toBe((b.credential satisfies Credential).token)
    await expect(ask('nobody')).rejects.toMatchObject({ code: 'MESH_REFUSED' })
  })

  it('are listed in the authority table, one row a type', async () => {
    const a = await member('a')
    a.messenger.on({ ...ownRow, type: 'other' }, () => {})
    a.messenger.on(ownRow, () => {})
    expect(a.messenger.table().map(({ type }) => type)).toEqual(['note', 'other'])
  })
})

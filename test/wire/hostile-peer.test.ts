// An admitted peer that sends whatever it likes to everything that a real agent serves. Nothing crashes, nothing grows
// without bound, and the agent goes on serving the others.
//
// The entry points are found at the running agents, so that none can be forgotten. `npm run fuzz:wire` gives each of them
// 100,000 inputs; a failing run prints fast-check's seed and path, and FUZZ_SEED replays it.

import v8 from 'node:v8'
import vm from 'node:vm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuthorityRow } from '../../src/mesh/authority.ts'
import type { Credential } from '../../src/mesh/credential.ts'
import { type Envelope, readEnvelope, sealEnvelope } from '../../src/mesh/envelope.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { protocolRow, protocolTable } from '../../src/mesh/protocols.ts'
import { authorityTable } from '../../src/node/authority-table.ts'
import { testRows } from '../../src/node/test-types.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { until } from '../mesh/real-links.ts'
import { hostile, INPUTS, SEED } from './inputs.ts'
import { samples } from './messages.ts'
import { type Inhabitant, startVillage, type Village } from './village.ts'

const LIMIT_MS = 30_000 + INPUTS * 30
/** An agent at work needs some megabytes, more or less; what grew with the inputs would be far beyond. */
const HEAP_GROWTH_MB = 48

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

function heapMb(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

let village: Village
let unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)

beforeAll(async () => {
  village = await startVillage()
  await showWhatTheySay()
  process.on('unhandledRejection', note)
}, 600_000)

afterAll(async () => {
  process.off('unhandledRejection', note)
  await village.stop()
})

/** A sag that comes and goes, and a trip: for valid examples of what they say to each other. */
async function showWhatTheySay(): Promise<void> {
  const closed = { position: 'closed' } as const
  await until('positions are known', () => types().includes('position'))
  village.show('recloser-632', { ...closed, entered: 1, left: 0, residualPu: 0.4 })
  await until('a warning', () => types().includes('warning'))
  village.show('recloser-632', { ...closed, entered: 0, left: 0 })
  await until('an all-clear', () => types().includes('all-clear'))
  village.show('recloser-632', { position: 'open', tripped: true })
  await until('a trip', () => types().includes('tripped'))
  await until('readings are pulled and delivered', () => village.questions.size >= 3)
}

const types = (): string[] => [...new Set(village.frames.flatMap(typeOf))]

const readEnvelopeOf = (frame: Uint8Array): Envelope => readEnvelope(frame).envelope
const typeOf = (frame: Uint8Array): string[] => {
  try {
    return [readEnvelopeOf(frame).type]
  } catch {
    return [] // a frame of another kind
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const named = (name: string): Inhabitant => {
  const found = village.inhabitants.find(each => each.name === name)
  if (found === undefined) throw new Error(`nobody is called ${name}`)
  return found
}

let frames = 0
/** So many deliver in turn that none comes to its limit: one alone would be cut off, as it should be, and the rest go unread. */
const someNeighbour = (): string => `neighbour-${frames++ % 512}`

/** Whatever was sent to one agent in one way has left no heap behind: looked at once for all of it, since a collection takes long. */
async function withoutGrowth(attacks: () => Promise<void>): Promise<void> {
  const before = heapMb()
  await attacks()
  expect(heapMb() - before).toBeLessThan(HEAP_GROWTH_MB)
}

/** Runs the property, and says what the agents said of it. */
async function attack(examples: readonly Uint8Array[], send: (bytes: Uint8Array) => Promise<void> | void) {
  unhandled = []
  const property = fc.asyncProperty(hostile(examples), async bytes => send(bytes))
  await fc.assert(property, { numRuns: INPUTS, seed: SEED, endOnFailure: true })
  await pause(50)
  expect(unhandled).toEqual([])
  for (const { errors } of village.inhabitants) expect(errors).toEqual([])
}

/** A handler answers, or refuses with an error of words. Anything else is a crash. */
async function answered(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(RangeError) // a stack or an allocation that a peer blew up
  }
}

/** All that may be said: each type of the authority table, those of a site test among them. */
const ROWS: readonly Pick<AuthorityRow, 'type' | 'roles'>[] = [...Object.values(authorityTable), ...testRows]

const readOut = (...names: string[]) => names.map(what => toCbor({ what, parameters: { limit: 2 } }))
const sampled = (...rules: string[]) =>
  rules.flatMap(rule => {
    const known = samples[rule]
    if (known === undefined) throw new Error(`no sample of ${rule}`)
    return known
  })
/** Valid ones, where the agents here put few or none to each other. */
const questions: Readonly<Record<string, readonly Uint8Array[]>> = {
  'query/rows': readOut('history', 'readings', 'ledger'),
  query: readOut('peers', 'audit', 'readings', 'sequence'),
  command: sampled('command-select', 'command-order'),
  exchange: sampled('exchange-take', 'exchange-asks'),
  phasors: sampled('phasor-question'),
  'readings/carry': sampled('carry'),
  'readings/deliver': sampled('batch'),
  'readings/pull': sampled('pull'),
  'readings/range': sampled('range-question'),
  'readings/relay': sampled('relay'),
  reliability: sampled('reliability-question'),
  restoration: sampled('restoration-ask', 'restoration-reserve', 'restoration-open', 'restoration-shed'),
  revocations: sampled('revocation-tokens', 'revocation-have'),
  sealing: sampled('sealing-take', 'sealing-rotate', 'sealing-wants-proofs'),
  sharing: sampled('sharing-brings', 'sharing-wants-mine'),
  tariff: sampled('tariff-wants-offers', 'tariff-wants-document'),
  warned: sampled('passed-warning'),
}
const questionsOf = (protocol: string): readonly Uint8Array[] => [
  ...(village.questions.get(protocol) ?? []).slice(0, 3),
  ...(questions[protocolRow(protocol).purpose] ?? []),
]

/** The links serve these themselves, below what is recorded here: `live-peer.test.ts` and those of `test/mesh` attack them. */
const BY_THE_LINKS = ['protection', 'keys', 'peers', 'renewal']

it('every protocol that an agent of the shipped components may serve is attacked below', () => {
  const reached = village.inhabitants.flatMap(({ reachable: { protocols, streams } }) => [...protocols, ...streams])
  const purposes = new Set(reached.map(([protocol]) => protocolRow(protocol).purpose))
  const expected = protocolTable.map(({ purpose }) => purpose).filter(purpose => !BY_THE_LINKS.includes(purpose))
  expect([...purposes].sort()).toEqual(expected.sort())
})

/** A machine, a person and a back end ask in turn. */
function liarsInTurn(): () => Credential {
  const liars = [named('meter-675'), village.person, village.backEnd].map(({ credential }) => credential)
  let turn = 0
  return () => liars[turn++ % liars.length] as Credential
}

describe.each(['recloser-632', 'utility-backend'])('%s, facing an admitted peer that sends anything', name => {
  it(
    'answers or refuses on every protocol that it serves',
    () =>
      withoutGrowth(async () => {
        const { protocols } = named(name).reachable
        expect(protocols.size).toBeGreaterThan(1)
        const from = liarsInTurn()
        for (const [protocol, handler] of protocols) {
          await attack(questionsOf(protocol), bytes => answered(() => handler(from() as never, bytes)))
        }
      }),
    LIMIT_MS * 20,
  )

  it(
    'answers or refuses on every protocol that it serves as a stream, and ends the stream when nobody reads on',
    () =>
      withoutGrowth(async () => {
        const { streams } = named(name).reachable
        expect(streams.size).toBeGreaterThan(0)
        const from = liarsInTurn()
        for (const [protocol, handler] of streams) {
          await attack(questionsOf(protocol), bytes =>
            answered(async () => {
              const reading = new AbortController()
              // Some rows, and away: a stream may have no end.
              const enough = setTimeout(() => reading.abort(), 20)
              try {
                let items = 0
                for await (const _item of handler(from(), bytes, reading.signal)) if (++items === 3) break
              } finally {
                clearTimeout(enough)
              }
            }),
          )
        }
      }),
    LIMIT_MS * 10,
  )

  it(
    'survives any frame on a protection link, and counts what it refuses',
    () =>
      withoutGrowth(async () => {
        const at = named(name)
        const before = at.refusedMessages()
        const arrival = { way: 'datagram', ageMs: 0 } as const
        await attack(village.frames, bytes => at.reachable.frame(someNeighbour(), bytes, arrival))
        await attack([], bytes => void at.reachable.asked(named('meter-675').agent.peerId, bytes))
        expect(at.refusedMessages()).toBeGreaterThan(before)
      }),
    LIMIT_MS * 3,
  )

  it(
    'survives anything published, and passes none of what is malformed on',
    () =>
      withoutGrowth(async () => {
        const at = named(name)
        for (const topic of at.reachable.topics) {
          await attack(village.frames, bytes => {
            expect(['accept', 'ignore', 'reject']).toContain(at.reachable.published(someNeighbour(), topic, bytes))
          })
          expect(at.reachable.published(someNeighbour(), topic, Uint8Array.of(1, 2, 3))).toBe('reject')
        }
      }),
    LIMIT_MS * 10,
  )

  it(
    'survives any payload that an admitted IED signs, of every type',
    () =>
      withoutGrowth(async () => {
        const at = named(name)
        let sequence = 1
        const honest = readEnvelopeOf(village.frames[0] as Uint8Array)
        for (const { type, roles } of ROWS) {
          const liar = named(roles.includes('IED') || name === 'utility-backend' ? 'meter-675' : 'utility-backend')
          const said = village.frames.filter(frame => typeOf(frame)[0] === type).map(f => readEnvelopeOf(f).payload)
          const examples = [...(samples[type.replace(/^test-/, '')] ?? []), ...said]
          await attack(examples, payload => {
            const envelope = { ...honest, type, origin: liar.agent.peerId, credentialHash: liar.credential.hash }
            const now = { epoch: 2_000_000_000, sequence: sequence++, utc: utcMs(Date.now()), lifetime: duration(2000) }
            const raw = sealEnvelope({ ...envelope, ...now, payload }, liar.identity)
            at.reachable.frame(someNeighbour(), raw, { way: 'datagram', ageMs: 0 })
          })
        }
      }),
    LIMIT_MS * 10,
  )

  it('still answers an honest question afterwards', async () => {
    const ask = named(name).reachable.protocols.get('/feedermesh/query/1.0.0')
    const question = toCbor({ what: 'peers', parameters: {} })
    const answer = (await ask?.(village.person.credential, question)) as Uint8Array
    expect(fromCbor(answer)).toMatchObject({ self: { name } })
    // All that was sent has been read: what is beyond a neighbour's limits would have been dropped, and shown nothing.
    expect((fromCbor(answer) as { refusedMessages: Record<string, number> }).refusedMessages.flood).toBeUndefined()
  })
})

it('knows no stranger: a frame by a key that nobody vouches for is not used', async () => {
  const stranger = await newIdentity()
  const at = named('recloser-632')
  const before = at.refusedMessages()
  const honest = readEnvelopeOf(village.frames[0] as Uint8Array)
  const raw = sealEnvelope({ ...honest, origin: stranger.peerId }, stranger)
  at.reachable.frame(named('meter-675').agent.peerId, raw, { way: 'datagram', ageMs: 0 })
  await pause(50)
  expect(at.refusedMessages()).toBeGreaterThan(before)
})

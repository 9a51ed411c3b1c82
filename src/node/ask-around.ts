// Asks many IEDs on a person's behalf: joins at one, hears from it who else there is, and goes to each of them itself. So each
// IED checks the person's own credential, and nobody answers for another. Who refuses or is out of reach is told as that.

import { hrtime } from 'node:process'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { type Credential, roles } from '../mesh/credential.ts'
import { MeshError } from '../mesh/mesh-error.ts'
import { NodeError } from './node-error.ts'
import { READOUT_PROTOCOL } from './readout.ts'
import { joinAs, readLogin } from './readout-client.ts'

export interface Answered {
  /** By its credential. */
  readonly ied: string
  readonly answer: unknown
  /** On this machine's monotonic clock. */
  readonly askedMs: number
  readonly answeredMs: number
  /** This machine's, when the answer came. */
  readonly ownUtcMs: number
}

export interface Unanswered {
  readonly ied: string
  readonly reason: string
}

export interface Round {
  /** The IEDs that are known by now, the one first that was joined at. */
  known(): readonly string[]
  /** Asks these, some at a time. A name that nobody has announced is unanswered. */
  ask(
    ieds: Iterable<string>,
    what: string,
    parameters: Record<string, unknown>,
  ): Promise<{ readonly answered: readonly Answered[]; readonly unanswered: readonly Unanswered[] }>
}

const knownSchema = z.object({
  peers: z
    .array(
      z.object({
        name: z.string().max(64),
        roles: z.array(z.enum(roles)),
        peerId: z.string().max(128),
        addresses: z.array(z.string().max(512)).max(8),
      }),
    )
    .max(4096),
})
const FURTHER_ADDRESS_MS = 6000
const AT_ONCE = 8
const PATIENCE_MS = 10_000

const now = (): number => Number(hrtime.bigint()) / 1e6

/**
 * @param addresses of running peers: the first is joined at, the others are where to look besides
 * @throws NodeError UNREACHABLE, REFUSED, BAD_INPUT when the first cannot be joined
 */
export async function askAround<T>(
  addresses: readonly string[],
  loginFile: string,
  run: (round: Round) => Promise<T>,
): Promise<T> {
  const [first, ...further] = addresses
  if (first === undefined) throw new NodeError('BAD_INPUT', '--at: want one address at least')
  const { links, peerId, leave } = await joinAs(await readLogin(loginFile), first)
  try {
    const joined = links.peers().find(peer => peer.peerId === peerId)?.credential.name
    /** A back-end peer has no device of its own, and may be asked all the same when it was joined at. */
    const peers = new Map<string, string>(joined === undefined ? [] : [[joined, peerId]])
    const heardOf = ({ name, roles: its, peerId: id }: Pick<Credential, 'name' | 'roles' | 'peerId'>): void => {
      if (its.includes('IED') && !peers.has(name)) peers.set(name, id)
    }
    links.onPeer(({ credential }, state) => state === 'up' && heardOf(credential))
    await Promise.all([hearOfOthers(), ...further.map(reach)])
    for (const { credential } of links.peers()) heardOf(credential)

    async function hearOfOthers(): Promise<void> {
      const question = toCbor({ what: 'known-peers', parameters: {} })
      const bytes = await links
        .request(peerId, READOUT_PROTOCOL, question, { timeoutMs: PATIENCE_MS })
        .catch(() => undefined)
      const known = bytes === undefined ? undefined : knownSchema.safeParse(fromCbor(bytes)).data
      for (const each of known?.peers ?? []) {
        links.learn(each.peerId, each.addresses)
        heardOf(each)
      }
    }

    async function reach(address: string): Promise<void> {
      links.learn(undefined, [address])
      const place = address.split('/p2p/')[0] ?? address
      for (let waited = 0; waited < FURTHER_ADDRESS_MS; waited += 100) {
        if (links.peers().some(each => each.addresses.some(of => of.startsWith(place)))) return
        await wait(100)
      }
    }

    async function askOne(ied: string, question: Uint8Array): Promise<Answered | Unanswered> {
      const id = peers.get(ied)
      if (id === undefined) return { ied, reason: 'the one that was asked knows of no such peer' }
      const askedMs = now()
      try {
        const bytes = await links.request(id, READOUT_PROTOCOL, question, { timeoutMs: PATIENCE_MS })
        const answeredMs = now()
        const ownUtcMs = Date.now()
        // Under which name it was found was another peer's word; its credential is its own.
        const name = links.peers().find(each => each.peerId === id)?.credential.name ?? ied
        if (name !== ied) return { ied, reason: `who was said to be it is ${name}` }
        return { ied, answer: fromCbor(bytes), askedMs, answeredMs, ownUtcMs }
      } catch (error) {
        return { ied, reason: error instanceof MeshError ? error.message : 'its answer is none' }
      }
    }

    return await run({
      known: () => [...peers.keys()],
      async ask(ieds, what, parameters) {
        const question = toCbor({ what, parameters })
        const waiting = [...new Set(ieds)]
        const all: (Answered | Unanswered)[] = []
        const worker = async (): Promise<void> => {
          for (let ied = waiting.shift(); ied !== undefined; ied = waiting.shift())
            all.push(await askOne(ied, question))
        }
        await Promise.all(Array.from({ length: AT_ONCE }, worker))
        return {
          answered: all.filter((each): each is Answered => 'answer' in each),
          unanswered: all.filter((each): each is Unanswered => 'reason' in each),
        }
      },
    })
  } finally {
    await leave()
  }
}

const wait = (ms: number): Promise<void> => new Promise(wake => setTimeout(wake, ms))

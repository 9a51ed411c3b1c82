// Many IEDs in one process: each a libp2p node with a key, a credential and its own ledger, connected to the back-end peer
// and to nobody else. Told to, all deliver at once what they have recorded.
//
//   node crowd-ieds.js PLAN-AS-JSON

import '../src/node/polyfill.ts'
import { readFile } from 'node:fs/promises'
import { outcomeCodec } from '../src/aggregation/delivery.ts'
import { DELIVER_PROTOCOL } from '../src/node/components/collector.ts'
import { createFeeder } from '../topology/feeder.ts'
import { parseFeeder } from '../topology/load-feeder.ts'
import type { CrowdPlan, FromCrowd, ToCrowd } from './crowd-messages.ts'
import { type Member, nowMs, openMember, until } from './members.ts'
import { signedBatches } from './recorded-batches.ts'

const CONNECT_WITHIN_MS = 400_000
const DELIVER_WITHIN_MS = 400_000
const BATCH_OF = 100
/** A thousand that each check what each other one announces are a million checks, for the two processors here. */
const LEAF = { maxPeers: 1, protection: { datagrams: false }, announcements: 'own' } as const

const plan = JSON.parse(process.argv[2] ?? '{}') as CrowdPlan
const tell = (message: FromCrowd): void => void process.send?.(message)
const members: Member[] = []
const recorded = new Map<string, Uint8Array[]>()
let backEnd = ''

async function open(): Promise<void> {
  const feeder = createFeeder(parseFeeder(await readFile(plan.feederPath, 'utf8'), plan.feederPath))
  for (const name of plan.names) {
    const member = await openMember(plan.dir, feeder, name, LEAF)
    await member.links.start()
    members.push(member)
    recorded.set(name, await signedBatches(name, bytes => member.identity.sign(bytes), plan.readings, BATCH_OF))
  }
  tell({ kind: 'open' })
}

async function connect(peerId: string, addresses: readonly string[]): Promise<void> {
  backEnd = peerId
  for (const { links } of members) links.learn(peerId, [...addresses])
  const isConnected = ({ links }: Member): boolean => links.peers().some(peer => peer.peerId === peerId)
  await until('all have reached the back end', () => members.every(isConnected), CONNECT_WITHIN_MS).catch(() => {})
  tell({ kind: 'connected', connected: members.filter(isConnected).length })
}

async function deliver(): Promise<void> {
  const ms: number[] = []
  const refused: string[] = []
  await Promise.all(
    members.map(async ({ name, links }) => {
      for (const batch of recorded.get(name) ?? []) {
        const began = nowMs()
        try {
          const options = { timeoutMs: DELIVER_WITHIN_MS, lane: 'bulk' } as const
          const outcome = outcomeCodec.decode(await links.request(backEnd, DELIVER_PROTOCOL, batch, options))
          if (outcome.kind === 'receipt') ms.push(nowMs() - began)
          else refused.push(`${name}: ${outcome.reason}`)
        } catch (error) {
          refused.push(`${name}: ${(error as Error).message}`)
        }
      }
    }),
  )
  tell({ kind: 'delivered', ms, refused: refused.slice(0, 5) })
}

const failed = (error: Error): void => tell({ kind: 'failed', message: error.message })
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
process.on('message', (message: ToCrowd) => {
  const work = message.kind === 'connect' ? connect(message.peerId, message.addresses) : deliver()
  work.catch(failed)
})
open().catch(failed)

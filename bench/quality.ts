// The interlock's question and answer between two processes: at rest, while a bulk transfer takes all that it gets between
// the same two, and while both do everything else that an agent does.

import { startChild } from './child.ts'
import { issueMembers, nowMs, openMember, readFeeder, until } from './members.ts'
import { BULK_PROTOCOL, serveLoad, startLoad } from './quality-load.ts'
import type { QualityDone, QualityReady } from './quality-peer.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { type Row, row } from './table.ts'

const NEAR = 'relay-650'
const FAR = 'recloser-632'
const BYTES = 100
/** So that bulk is at its full pace again when the question comes: it is held back for 50 ms after one. */
const PAUSE_MS = 55
const ROUNDS = 4

export const quality: Section = { title: 'Quality of service: the interlock beside bulk and load', measure }

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const count = quick ? 20 : 80
  const feeder = readFeeder()
  await issueMembers(dir, feeder, [NEAR, FAR])
  const peer = startChild('quality-peer', [dir, FAR])
  const member = await openMember(dir, feeder, NEAR)
  const { links } = member
  serveLoad(links)
  try {
    const { message } = await peer.next<QualityReady>(({ kind }) => kind === 'ready')
    const { peerId } = message
    await links.start()
    links.learn(peerId, message.addresses)
    await until('the two peers admit each other', () => links.peers().length === 1)
    links.hold(new Set([peerId]))
    await until('the held stream answers', () => links.peers()[0]?.rttMs !== undefined)

    const question = new Uint8Array(BYTES)
    /** Half of them one after the other, half after a pause. */
    async function trips(into: number[]): Promise<void> {
      for (let trip = 0; trip < count; trip++) {
        if (trip % 2 === 0) await new Promise(resolve => setTimeout(resolve, PAUSE_MS + 20 * chance()))
        const began = nowMs()
        await links.ask(peerId, question, { timeoutMs: 5000 })
        into.push(nowMs() - began)
      }
    }
    const order = async (what: 'load' | 'rest'): Promise<void> => {
      peer.send(what === 'load' ? { kind: what, peerId: links.peerId } : { kind: what })
      await peer.next<QualityDone>(({ kind }) => kind === 'done')
    }

    await trips([]) // to warm up
    const idle: number[] = []
    const bulk: number[] = []
    const load: number[] = []
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      await trips(idle)
      const transfer = startBulk(() => links.stream(peerId, BULK_PROTOCOL, new Uint8Array(), { itemMs: 5000 }))
      await trips(bulk)
      rates.push(await transfer.end())
      await order('load')
      const end = await startLoad(member, peerId, dir)
      await trips(load)
      await end()
      await order('rest')
    }
    const base = row('at rest', 'ms', idle)
    const beside = row('beside a bulk transfer', 'ms', bulk, base)
    const under = row('beside gossip, roll-up and store', 'ms', load, base)
    const megabits = rates.map(each => Math.round(each / 1e5) / 10).sort((a, b) => a - b)
    return {
      rows: [base, beside, under],
      notes: [
        `bulk achieved ${megabits[0]} to ${megabits.at(-1)} Mbit/s meanwhile, held back after each question`,
        verdict(beside, 3),
        verdict(under, 2),
      ],
    }
  } finally {
    await links.stop()
    await peer.stop()
  }
}

/** Takes all that comes, as fast as it comes. */
function startBulk(open: () => AsyncIterable<Uint8Array>): { end(): Promise<number> } {
  const began = nowMs()
  let bytes = 0
  let isOver = false
  const reading = (async () => {
    for await (const item of open()) {
      bytes += item.length
      if (isOver) return
    }
  })()
  reading.catch(() => {}) // told by `end`
  return {
    async end() {
      isOver = true
      await reading
      return (bytes * 8000) / (nowMs() - began)
    },
  }
}

const verdict = ({ what, ratio }: Row, wanted: number): string =>
  `${what}: p99 is ${(ratio?.p99 ?? Number.NaN).toFixed(2)} times that at rest, want ${wanted} at the most`

// Round trip of 100 bytes between two processes: over a plain TCP socket, and over the held protection stream. The two
// take turns, so that what else the machine does meets both alike.

import { connect, type Socket } from 'node:net'
import { startChild } from './child.ts'
import { issueMembers, nowMs, openMember, readFeeder, until } from './members.ts'
import type { PeerReady } from './rtt-peer.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row } from './table.ts'

const NEAR = 'relay-650'
const FAR = 'recloser-632'
const BYTES = 100

export const roundTrips: Section = { title: `Round trip of ${BYTES} bytes, two processes, loopback`, measure }

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const count = quick ? 200 : 2000
  const feeder = readFeeder()
  await issueMembers(dir, feeder, [NEAR, FAR])
  const peer = startChild('rtt-peer', [dir, FAR])
  const { links } = await openMember(dir, feeder, NEAR)
  let socket: Socket | undefined
  try {
    const { message } = await peer.next<PeerReady>(({ kind }) => kind === 'ready')
    await links.start()
    links.learn(message.peerId, message.addresses)
    await until('the two peers admit each other', () => links.peers().length === 1)
    links.hold(new Set([message.peerId]))
    await until('the held stream answers', () => links.peers()[0]?.rttMs !== undefined)
    socket = await connected(message.echoPort)

    const payload = new Uint8Array(BYTES)
    const overTcp = rawTrip(socket, payload)
    const overStream = () => links.probe(message.peerId, payload)
    for (let warmUp = 0; warmUp < count / 2; warmUp++) {
      await overTcp()
      await overStream()
    }
    const raw: number[] = []
    const held: number[] = []
    for (let trip = 0; trip < count; trip++) {
      const isRawFirst = chance() < 0.5
      if (isRawFirst) raw.push(await overTcp())
      held.push(await overStream())
      if (!isRawFirst) raw.push(await overTcp())
    }
    const base = row('plain TCP echo', 'ms', raw)
    return { rows: [base, row('held protection stream', 'ms', held, base)], notes: [] }
  } finally {
    socket?.destroy()
    await links.stop()
    await peer.stop()
  }
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => resolve(socket))
  })
}

/** One trip at a time: until all bytes are back. */
function rawTrip(socket: Socket, payload: Uint8Array): () => Promise<number> {
  let missing = 0
  let sent = 0
  let done: (rttMs: number) => void = () => {}
  socket.on('data', chunk => {
    missing -= chunk.length
    if (missing === 0) done(nowMs() - sent)
  })
  return () =>
    new Promise(resolve => {
      done = resolve
      missing = payload.length
      sent = nowMs()
      socket.write(payload)
    })
}

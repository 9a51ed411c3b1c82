// A connection that is cut in the moment in which a stream is opened on it; and what a small and a large message cost.

import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect, it } from 'vitest'
import { steadyYamux } from '../../src/mesh/steady-yamux.ts'

const pause = (ms: number): Promise<void> => new Promise(wake => setTimeout(wake, ms))

it('fails the opening, and does not end the process', async () => {
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  process.on('uncaughtException', note)
  try {
    for (let turns = 0; turns < 4; turns++)
      for (const cut of ['abort', 'close'] as const) {
        const [connection] = multiaddrConnectionPair()
        const muxer = steadyYamux()().createStreamMuxer(connection)
        // The frame that opens it goes out in a later turn than this one.
        const opening = muxer.createStream({})
        for (let turn = 0; turn < turns; turn++) await undefined
        if (cut === 'abort') connection.abort(new Error('expelled'))
        else void connection.close()
        await opening.catch(() => {})
        await pause(5)
        expect(muxer.status).not.toBe('open')
      }
    expect(uncaught).toEqual([])
  } finally {
    process.off('uncaughtException', note)
  }
})

it('answers small messages with nothing, and gives room back in time for a message of many windows', async () => {
  const [one, other] = multiaddrConnectionPair()
  let answered = 0
  const counted = other.send.bind(other)
  other.send = data => {
    answered++
    return counted(data)
  }
  const muxers = [steadyYamux()().createStreamMuxer(one), steadyYamux()().createStreamMuxer(other)] as const
  let received = 0
  muxers[1].addEventListener('stream', ({ detail }) => {
    detail.addEventListener('message', ({ data }) => {
      received += data.byteLength
    })
  })
  const stream = await muxers[0].createStream({})
  const until = async (bytes: number): Promise<void> => {
    for (let turns = 0; received < bytes; turns++) {
      if (turns > 2000) throw new Error(`${received} of ${bytes} bytes came`)
      await pause(1)
    }
  }
  stream.send(new Uint8Array(100))
  await until(100)
  const atFirst = answered
  for (let n = 2; n <= 500; n++) {
    stream.send(new Uint8Array(100))
    await until(n * 100)
  }
  expect(answered - atFirst).toBe(0)

  const large = 8 * 1024 * 1024
  for (let sent = 0; sent < large; sent += 64 * 1024)
    if (!stream.send(new Uint8Array(64 * 1024))) await stream.onDrain()
  await until(50_000 + large)
  expect(received).toBe(50_000 + large)
  expect(answered - atFirst).toBeGreaterThan(0)
})

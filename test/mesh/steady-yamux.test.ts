// A connection that is cut in the moment in which a stream is opened on it.

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

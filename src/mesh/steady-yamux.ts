// The muxer, kept from ending the process, and from answering every message.
//
// Yamux opens a stream by a frame that it sends a moment later, outside of any call that could be caught. Is the connection
// cut in that moment, as a peer's is that is expelled while something is asked of it, then the sending throws where nobody
// catches it. On a connection that has ended there is nothing to send.
//
// It also gives room back with a frame of its own for each frame that comes, so that a message of a hundred bytes costs a second
// packet the other way: a tenth of the processor time of a back end with 250 peers, in a profile of one. Here it waits until half
// of the stream's window has been used, as Go's yamux does. Who sends has the other half until then.

import { yamux } from '@libp2p/yamux'

type Factory = ReturnType<ReturnType<typeof yamux>>
type Muxer = ReturnType<Factory['createStreamMuxer']>
interface Insides {
  send(data: never): boolean
  _newStream(...given: never[]): YamuxInsides
}
interface YamuxInsides {
  readonly state: number
  /** Bytes that the other side may send in all, and from now on, before it is given room again. */
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate(): void
}

/**
 * Of yamux's states of a stream. In the first two the update carries the flag that opens or accepts it; while paused none goes
 * out, and the call keeps the time.
 */
const NEEDS_EACH: ReadonlySet<number> = new Set([0, 2, 5]) // Init, SYNReceived, Paused

export const steadyYamux = (): typeof makeYamux => makeYamux

function makeYamux(): Factory {
  const factory = yamux()()
  const create = factory.createStreamMuxer.bind(factory)
  factory.createStreamMuxer = (connection): Muxer => {
    const muxer = create(connection)
    const insides = muxer as unknown as Insides
    const send = insides.send.bind(muxer)
    insides.send = data => {
      try {
        return send(data)
      } catch (error) {
        if (connection.status === 'open') throw error
        return false
      }
    }
    const newStream = insides._newStream.bind(muxer)
    insides._newStream = (...given) => sparing(newStream(...given))
    return muxer
  }
  return factory
}

function sparing(stream: YamuxInsides): YamuxInsides {
  const update = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    const hasRoom = stream.recvWindowCapacity > stream.recvWindow / 2
    if (!hasRoom || NEEDS_EACH.has(stream.state)) update()
  }
  return stream
}

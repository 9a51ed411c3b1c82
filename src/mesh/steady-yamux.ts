// The muxer, kept from ending the process. Yamux opens a stream by a frame that it sends a moment later, outside of any call
// that could be caught. Is the connection cut in that moment, as a peer's is that is expelled while something is asked of
// it, then the sending throws where nobody catches it. On a connection that has ended there is nothing to send.

import { yamux } from '@libp2p/yamux'

type Factory = ReturnType<ReturnType<typeof yamux>>
type Muxer = ReturnType<Factory['createStreamMuxer']>
interface Sending {
  send(data: never): boolean
}

export const steadyYamux = (): typeof makeYamux => makeYamux

function makeYamux(): Factory {
  const factory = yamux()()
  const create = factory.createStreamMuxer.bind(factory)
  factory.createStreamMuxer = (connection): Muxer => {
    const muxer = create(connection)
    const sending = muxer as unknown as Sending
    const send = sending.send.bind(muxer)
    sending.send = data => {
      try {
        return send(data)
      } catch (error) {
        if (connection.status === 'open') throw error
        return false
      }
    }
    return muxer
  }
  return factory
}

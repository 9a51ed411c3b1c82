// Lets libp2p's own services (identify, ping, gossipsub) meet admitted peers only.
//
// A service registers its stream handlers and topologies with the registrar; it is given a registrar that wraps both.
// libp2p's stream middleware would be the shorter way, but libp2p 3.3 appends the protocol's handler to the middleware
// array that it was given, once for each incoming stream, so the second stream would be handled twice.

import type { Connection, PeerId, Stream, StreamHandler, StreamHandlerOptions, Topology } from '@libp2p/interface'

interface Registrar {
  handle(protocol: string, handler: StreamHandler, options?: StreamHandlerOptions): Promise<void>
  register(protocol: string, topology: Topology): Promise<string>
}

export type IsAdmitted = (peerId: PeerId) => boolean

/** The service of `factory`, seeing admitted peers only. */
export function gated<C extends object, S>(
  factory: (components: C) => S,
  isAdmitted: IsAdmitted,
): (components: C) => S {
  return components =>
    factory(
      new Proxy(components, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key)
          return key === 'registrar' ? gatedRegistrar(value as Registrar, isAdmitted) : value
        },
      }),
    )
}

function gatedRegistrar(registrar: Registrar, isAdmitted: IsAdmitted): Registrar {
  const handle: Registrar['handle'] = (protocol, handler, options) =>
    registrar.handle(protocol, admittedOnly(handler, isAdmitted), options)
  const register: Registrar['register'] = (protocol, topology) =>
    registrar.register(protocol, {
      ...topology,
      onConnect: (peerId, connection) => {
        if (isAdmitted(peerId)) topology.onConnect?.(peerId, connection)
      },
    })
  return new Proxy(registrar, {
    get(target, key) {
      if (key === 'handle') return handle
      if (key === 'register') return register
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export function admittedOnly(handler: StreamHandler, isAdmitted: IsAdmitted): StreamHandler {
  return (stream: Stream, connection: Connection) => {
    if (isAdmitted(connection.remotePeer)) return handler(stream, connection)
    stream.abort(new Error('not admitted'))
  }
}

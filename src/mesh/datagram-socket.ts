// The UDP sockets of one agent, one for each address that it listens on, on the same port numbers as TCP where they are
// free. Best effort: what the system does not take is dropped.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import type { Place } from './datagram-keys.ts'
import { markExpedited } from './datagram-mark.ts'

export interface DatagramSocketsOptions {
  /** Port 0 takes a free one. */
  readonly places: readonly Place[]
  readonly isMarked: boolean
  receive(datagram: Buffer, socket: number, from: RemoteInfo): void
  log(event: string, fields: Record<string, unknown>): void
}

export interface DatagramSockets {
  /** Where each is bound; an unspecified address means all of the machine's. */
  readonly bound: readonly Place[]
  readonly marked: boolean
  send(datagram: Buffer, socket: number, address: string, port: number): boolean
  close(): void
}

/** Beyond this the system sends slower than is sent here: further datagrams are dropped, as the network would. */
const MAX_QUEUED = 1 << 20
const RECEIVE_BUFFER = 1 << 20

/** Addresses where no socket can be bound are logged and left out: the stream serves them. */
export async function openDatagramSockets(options: DatagramSocketsOptions): Promise<DatagramSockets> {
  const sockets: Socket[] = []
  const bound: Place[] = []
  let isOpen = true
  let isMarked = false
  let sent = 0
  let isFull = false
  const marks: Promise<string | undefined>[] = []
  for (const place of options.places) {
    const family = isIP(place.address) === 6 ? 'udp6' : 'udp4'
    const socket = (await bind(family, place)) ?? (await bind(family, { ...place, port: 0 }))
    if (socket === undefined) {
      options.log('datagrams-off', { address: place.address, reason: 'no UDP socket can be bound there' })
      continue
    }
    const index = sockets.push(socket) - 1
    bound.push({ address: place.address, port: socket.address().port })
    if (options.isMarked) marks.push(markExpedited(socket, family))
    socket.on('message', (datagram, from) => options.receive(datagram, index, from))
    socket.on('error', error => options.log('datagram-socket', { reason: error.message }))
  }
  // Nothing waits for the mark: the first datagrams may go without it.
  void Promise.all(marks).then(reasons => {
    const reason = reasons.find(each => each !== undefined)
    isMarked = reasons.length > 0 && reason === undefined
    if (reason !== undefined && isOpen) options.log('datagrams-unmarked', { reason })
  })

  return {
    bound,
    get marked() {
      return isMarked
    },
    send(datagram, index, address, port) {
      const socket = sockets[index]
      if (!isOpen || socket === undefined) return false
      // The system is asked each few datagrams only.
      if (isFull || sent++ % 16 === 0) isFull = socket.getSendQueueSize() > MAX_QUEUED
      if (isFull) return false
      // Without offset and length: with them Node makes another view of it.
      socket.send(datagram, port, address)
      return true
    },
    close() {
      if (!isOpen) return
      isOpen = false
      for (const socket of sockets) socket.close()
    },
  }
}

function bind(family: 'udp4' | 'udp6', { address, port }: Place): Promise<Socket | undefined> {
  return new Promise(resolve => {
    const socket = createSocket({
      type: family,
      ipv6Only: family === 'udp6',
      recvBufferSize: RECEIVE_BUFFER,
      // Addresses are numeric, and the resolver's turn of the event loop is most of a datagram's time.
      lookup: (host, _options, found) => found(null, host, family === 'udp6' ? 6 : 4),
    })
    const failed = (): void => {
      socket.close()
      resolve(undefined)
    }
    socket.once('error', failed)
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', failed)
      resolve(socket)
    })
  })
}

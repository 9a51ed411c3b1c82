// The least that relaying along a tree can cost in this program's own runtime: plain TCP, where each node passes on what it
// read, and UDP with AES-256-GCM on every hop, opened and sealed anew. No signatures, no replay windows, no rules.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { numeric } from './line.ts'
import { type Contact, type Noted, numbered, numberOf, type Station, type StationPlan } from './station.ts'
import { neighboursOf, parentOf } from './tree-shape.ts'

const HOST = '127.0.0.1'

export async function tcpStation({ indices, shape, bytes }: StationPlan, noted: Noted): Promise<Station> {
  const below = new Map<number, Socket[]>()
  const contacts: Contact[] = []
  for (const index of indices) {
    const children: Socket[] = []
    below.set(index, children)
    const server = createServer({ noDelay: true }, socket => {
      children.push(socket)
      socket.on('error', () => socket.destroy())
    })
    await new Promise<void>(resolve => server.listen(0, HOST, resolve))
    contacts.push({ index, peerId: '', addresses: [String((server.address() as AddressInfo).port)] })
  }
  const passOn = (index: number, chunk: Uint8Array): void => {
    for (const child of below.get(index) ?? []) child.write(chunk)
  }

  /** Bytes go on as they come; a message is there when all of it is. */
  function receive(index: number, socket: Socket): void {
    let rest = Buffer.alloc(0)
    socket.on('data', chunk => {
      passOn(index, chunk)
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (; rest.length >= bytes; rest = rest.subarray(bytes)) noted.arrived(index, numberOf(rest))
    })
  }

  return {
    contacts,
    async connect(some, all) {
      for (const index of some.filter(each => each > 0)) {
        const port = Number(all.get(parentOf(index, shape))?.addresses[0])
        const socket = connect({ port, host: HOST, noDelay: true })
        await new Promise<void>((resolve, reject) => {
          socket.once('error', reject)
          socket.once('connect', resolve)
        })
        receive(index, socket)
      }
    },
    send: message => passOn(0, numbered(message, bytes)),
  }
}

/** One key for all is enough to know what the sealing and opening cost. */
const KEY = new Uint8Array(32).fill(7)
const HEADER_BYTES = 17
const TAG_BYTES = 16

export async function udpStation({ indices, shape, bytes }: StationPlan, noted: Noted): Promise<Station> {
  const sockets = new Map<number, UdpSocket>()
  const below = new Map<number, number[]>(indices.map(index => [index, []]))
  const contacts: Contact[] = []
  for (const index of indices) {
    const socket = createSocket({ type: 'udp4', lookup: numeric })
    let counter = 0n
    const passOn = (plain: Uint8Array): void => {
      for (const port of below.get(index) ?? []) socket.send(sealed(plain, counter++), port, HOST)
    }
    socket.on('message', datagram => {
      const plain = opened(datagram)
      passOn(plain)
      noted.arrived(index, numberOf(plain))
    })
    await new Promise<void>(resolve => socket.bind(0, HOST, resolve))
    sockets.set(index, socket)
    contacts.push({ index, peerId: '', addresses: [String(socket.address().port)] })
  }
  let counter = 0n
  return {
    contacts,
    async connect(some, all) {
      for (const index of some) {
        const children = neighboursOf(index, shape).filter(each => each > index)
        below.set(
          index,
          children.map(child => Number(all.get(child)?.addresses[0])),
        )
      }
    },
    send(message) {
      const plain = numbered(message, bytes)
      for (const port of below.get(0) ?? []) sockets.get(0)?.send(sealed(plain, counter++), port, HOST)
    },
  }
}

function sealed(plain: Uint8Array, counter: bigint): Uint8Array {
  const datagram = Buffer.allocUnsafe(HEADER_BYTES + plain.length + TAG_BYTES)
  datagram.fill(1, 0, 9)
  datagram.writeBigUInt64BE(counter, 9)
  const cipher = createCipheriv('aes-256-gcm', KEY, nonceOf(datagram))
  cipher.setAAD(datagram.subarray(0, HEADER_BYTES))
  datagram.set(cipher.update(plain), HEADER_BYTES)
  cipher.final()
  datagram.set(cipher.getAuthTag(), HEADER_BYTES + plain.length)
  return datagram
}

function opened(datagram: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', KEY, nonceOf(datagram))
  decipher.setAAD(datagram.subarray(0, HEADER_BYTES))
  decipher.setAuthTag(datagram.subarray(datagram.length - TAG_BYTES))
  const plain = decipher.update(datagram.subarray(HEADER_BYTES, datagram.length - TAG_BYTES))
  decipher.final()
  return plain
}

function nonceOf(datagram: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce.set(datagram.subarray(9, HEADER_BYTES), 4)
  return nonce
}

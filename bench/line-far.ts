// The answering end of one kind of line, in a process of its own: gives back what it gets.
//
//   node line-far.js KIND DIR [BROKER'S PORT] [VIA, as JSON]

import '../src/node/polyfill.ts'
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import { type FarEnd, type FromFar, type LineKind, numeric, type Via } from './line.ts'

const [kind = 'udp', dir = '', port = '0', via] = process.argv.slice(2) as [LineKind, string, string, string?]
const tell = (message: FromFar): void => void process.send?.(message)

async function start(): Promise<FarEnd> {
  switch (kind) {
    case 'udp':
      return echoDatagrams()
    case 'tcp':
      return echoStream()
    case 'mosquitto':
      await (await import('./line-broker.ts')).answerMqtt(Number(port))
      return at(Number(port))
    case 'nats':
      await (await import('./line-broker.ts')).answerNats(Number(port))
      return at(Number(port))
    default:
      return (await import('./line-mesh.ts')).answerMesh(
        kind,
        dir,
        via === undefined ? undefined : (JSON.parse(via) as Via),
      )
  }
}

const at = (port: number): FarEnd => ({ port, peerId: '', addresses: [] })

async function echoDatagrams(): Promise<FarEnd> {
  const socket = createSocket({ type: 'udp4', lookup: numeric })
  socket.on('message', (message, from) => socket.send(message, from.port, from.address))
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  return at(socket.address().port)
}

async function echoStream(): Promise<FarEnd> {
  const server = createServer({ noDelay: true }, socket => {
    socket.on('data', chunk => void socket.write(chunk))
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return at((server.address() as AddressInfo).port)
}

// The section says why, rather than that a process has ended.
process.on('uncaughtException', error => tell({ kind: 'failed', message: `${kind}: ${error.message}` }))
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
start().then(
  far => tell({ kind: 'ready', far }),
  (error: Error) => tell({ kind: 'failed', message: `${kind}: ${error.message}` }),
)

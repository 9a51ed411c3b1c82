// The asking end of one kind of line, in a process of its own: makes trips when told, and times them here.
//
//   node line-near.js KIND DIR

import '../src/node/polyfill.ts'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FarEnd, type FromNear, type Line, type LineKind, numeric, type ToNear } from './line.ts'

const [kind = 'udp', dir = ''] = process.argv.slice(2) as [LineKind, string]
const tell = (message: FromNear): void => void process.send?.(message)
let line: Line | undefined

async function open(far: FarEnd, payload: Uint8Array, isVia: boolean): Promise<Line> {
  switch (kind) {
    case 'udp':
      return udpLine(far.port, payload)
    case 'tcp':
      return tcpLine(far.port, payload)
    // Only what a kind needs is loaded into its process.
    case 'mosquitto':
      return (await import('./line-broker.ts')).mqttLine(far.port, payload)
    case 'nats':
      return (await import('./line-broker.ts')).natsLine(far.port, payload)
    default:
      return (await import('./line-mesh.ts')).meshLine(kind, dir, far, payload, isVia)
  }
}

/** Connected, so that neither end looks anything up: the least that Node's own sockets cost. */
async function udpLine(port: number, payload: Uint8Array): Promise<Line> {
  const socket = createSocket({ type: 'udp4', lookup: numeric })
  await new Promise<void>(resolve => socket.connect(port, '127.0.0.1', resolve))
  let done: () => void = () => {}
  socket.on('message', () => done())
  return {
    trip: () =>
      new Promise(resolve => {
        done = resolve
        socket.send(payload)
      }),
  }
}

async function tcpLine(port: number, payload: Uint8Array): Promise<Line> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', resolve)
  })
  let missing = 0
  let done: () => void = () => {}
  socket.on('data', chunk => {
    missing -= chunk.length
    if (missing === 0) done()
  })
  return {
    trip: () =>
      new Promise(resolve => {
        done = resolve
        missing = payload.length
        socket.write(payload)
      }),
  }
}

/** @param everyMs time between the end of a trip and the next one; 0 for none */
async function trips({ trip }: Line, count: number, everyMs: number): Promise<Float64Array> {
  const ms = new Float64Array(count)
  for (let index = 0; index < count; index++) {
    if (everyMs > 0) await sleep(everyMs)
    const began = performance.now()
    await trip()
    ms[index] = performance.now() - began
  }
  return ms
}

async function answer(message: ToNear): Promise<FromNear> {
  if (message.kind === 'open') {
    line = await open(message.far, new Uint8Array(message.bytes), message.isVia)
    return { kind: 'opened' }
  }
  if (line === undefined) throw new Error(`${kind}: not open`)
  return { kind: 'times', ms: await trips(line, message.count, message.everyMs), note: line.note?.() }
}

process.on('message', (message: ToNear) => {
  answer(message).then(tell, (error: Error) => tell({ kind: 'failed', message: `${kind}: ${error.message}` }))
})
// The section says why, rather than that a process has ended.
process.on('uncaughtException', error => tell({ kind: 'failed', message: `${kind}: ${error.message}` }))
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})

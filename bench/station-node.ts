// One process of a spreading: opens its nodes, connects, sends when told, and hands over what was noted.
//
//   node station-node.js PLAN, a StationPlan as JSON

import '../src/node/polyfill.ts'
import { hrtime } from 'node:process'
import type { FromStation, Noted, Station, StationPlan, Times, ToStation } from './station.ts'
import { depthOf } from './tree-shape.ts'

const plan = JSON.parse(process.argv[2] ?? '') as StationPlan
const tell = (message: FromStation): void => void process.send?.(message)
// Not from members.ts, which loads all of the mesh.
const nowMs = (): number => Number(hrtime.bigint()) / 1e6

const empty = (): Map<number, [message: number, atMs: number][]> => new Map(plan.indices.map(index => [index, []]))
let times = { arrived: empty(), verified: empty() }
const noted: Noted = {
  arrived: (index, message, atMs = nowMs()) => void times.arrived.get(index)?.push([message, atMs]),
  verified: (index, message, atMs = nowMs()) => void times.verified.get(index)?.push([message, atMs]),
}

async function open(): Promise<Station> {
  // Only what a kind needs is loaded into its process.
  switch (plan.kind) {
    case 'mesh':
      return (await import('./station-mesh.ts')).meshStation(plan, noted)
    case 'tcp':
      return (await import('./station-raw.ts')).tcpStation(plan, noted)
    case 'udp':
      return (await import('./station-raw.ts')).udpStation(plan, noted)
    case 'gossip':
      return (await import('./station-gossip.ts')).gossipStation(plan, noted)
    case 'mosquitto':
      return (await import('./station-broker.ts')).mqttStation(plan, noted)
    case 'nats':
      return (await import('./station-broker.ts')).natsStation(plan, noted)
  }
}

function collect(): Times {
  const taken = times
  times = { arrived: empty(), verified: empty() }
  return taken
}

let sent = 0
async function answer(station: Station, message: ToStation): Promise<FromStation> {
  switch (message.kind) {
    case 'connect':
      await station.connect(
        plan.indices.filter(index => depthOf(index, plan.shape) === message.depth),
        message.all,
      )
      return { kind: 'connected' }
    case 'ready':
      await station.ready?.(message.all)
      return { kind: 'ready' }
    case 'send': {
      const number = sent++
      const atMs = nowMs()
      station.send(number)
      return { kind: 'sent', message: number, atMs }
    }
    case 'collect':
      station.note?.()
      return { kind: 'collected', times: collect(), counts: station.counts?.() ?? new Map() }
  }
}

const failed = (error: Error): void => tell({ kind: 'failed', message: `${plan.kind}: ${error.message}` })
// The section says why, rather than that a process has ended.
process.on('uncaughtException', error => failed(error))
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
open().then(station => {
  process.on('message', (message: ToStation | string) => {
    // What is no object is for memory-probe.ts.
    if (typeof message === 'object') void answer(station, message).then(tell, failed)
  })
  tell({ kind: 'opened', contacts: station.contacts })
}, failed)

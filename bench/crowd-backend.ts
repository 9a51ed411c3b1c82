// One real back-end peer in a process of its own. Says how much memory it has, and what it has sent, whenever it is asked.
//
//   node crowd-backend.js CONFIG

import '../src/node/polyfill.ts'
import { startAgent } from '../src/node/agent.ts'
import { readAgentConfig } from '../src/node/config.ts'
import { acceptedTraffic } from './accepted-traffic.ts'
import type { FromBackEnd } from './crowd-messages.ts'
import { nowMs } from './members.ts'

const tell = (message: FromBackEnd): void => void process.send?.(message)
const sentBytes = acceptedTraffic()
let records = 0

function state(): void {
  const { user, system } = process.cpuUsage()
  const rssMb = process.memoryUsage().rss / 2 ** 20
  tell({ kind: 'state', rssMb, cpuMs: (user + system) / 1000, records, sentBytes: sentBytes(), atMs: nowMs() })
}

process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
process.on('message', state)
startAgent(readAgentConfig(process.argv[2] ?? ''), {
  onReport: ({ event, ...fields }) => {
    if (event === 'collected') records = Number(fields['total'])
    if (event === 'tariff-offered') tell({ kind: 'offered', what: 'tariff', atMs: nowMs() })
    if (event === 'prices-offered') tell({ kind: 'offered', what: 'prices', atMs: nowMs() })
    if (event === 'offers-said') tell({ kind: 'said', messages: Number(fields['messages']) })
  },
}).then(
  agent => tell({ kind: 'ready', peerId: agent.peerId, addresses: agent.addresses() }),
  (error: Error) => tell({ kind: 'failed', message: error.message }),
)

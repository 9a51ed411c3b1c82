// One real back-end peer in a process of its own. Says how much memory it has whenever it is asked.
//
//   node crowd-backend.js CONFIG

import '../src/node/polyfill.ts'
import { startAgent } from '../src/node/agent.ts'
import { readAgentConfig } from '../src/node/config.ts'
import type { FromBackEnd } from './crowd-messages.ts'
import { nowMs } from './members.ts'

const tell = (message: FromBackEnd): void => void process.send?.(message)
let records = 0

process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})
process.on('message', () => tell({ kind: 'memory', rssMb: process.memoryUsage().rss / 2 ** 20, records }))
startAgent(readAgentConfig(process.argv[2] ?? ''), {
  onReport: ({ event, ...fields }) => {
    if (event === 'collected') records = Number(fields['total'])
    if (event === 'tariff-offered' || event === 'prices-offered') tell({ kind: 'offered', event, atMs: nowMs() })
  },
}).then(
  agent => tell({ kind: 'ready', peerId: agent.peerId, addresses: agent.addresses() }),
  (error: Error) => tell({ kind: 'failed', message: error.message }),
)

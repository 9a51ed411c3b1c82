// A process that runs one or several agents for a parent process. Reports go to the parent; when the parent goes, so do
// the agents, in order.

import './polyfill.ts'
import { type Agent, startAgent } from './agent.ts'
import type { Report } from './component.ts'
import { readAgentConfig } from './config.ts'

export type WorkerMessage =
  | { readonly kind: 'report'; readonly agent: string; readonly report: Report }
  | { readonly kind: 'failed'; readonly agent: string; readonly code: string; readonly message: string }
  | { readonly kind: 'memory'; readonly rssBytes: number; readonly heapBytes: number }

const agents: Agent[] = []
let stopping = false

const tell = (message: WorkerMessage): void => {
  if (process.connected) process.send?.(message)
}

async function start(file: string): Promise<void> {
  try {
    const config = readAgentConfig(file)
    agents.push(await startAgent(config, { onReport: report => tell({ kind: 'report', agent: config.name, report }) }))
  } catch (error) {
    const { code = 'INTERNAL', message } = error as Error & { code?: string }
    tell({ kind: 'failed', agent: file, code, message })
  }
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await Promise.all(agents.map(agent => agent.stop()))
  process.exit(0)
}

process.on('message', message => {
  if (message === 'stop') void stop()
  if (message === 'memory') {
    const { rss, heapUsed } = process.memoryUsage()
    tell({ kind: 'memory', rssBytes: rss, heapBytes: heapUsed })
  }
})
process.on('disconnect', () => void stop())
// Ctrl-C in a terminal reaches every process of the group; the parent stops its workers in order.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => void stop())

for (const file of process.argv.slice(2)) await start(file)

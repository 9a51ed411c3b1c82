// A worker process with the agents that live in it. It is started, stopped, killed and started again as a whole.

import { type ChildProcess, fork } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { agentNodeOptions } from '../../src/node/node-options.ts'
import type { WorkerMessage } from '../../src/node/worker.ts'

export interface WorkerProcess {
  readonly label: string
  readonly agents: readonly string[]
  /** Does nothing while it runs. */
  start(): void
  /** Undefined while it is not running. */
  pid(): number | undefined
  /** SIGKILL, and no restart. Resolves when it is gone. */
  kill(): Promise<void>
  /** Asks to stop; kills after `withinMs`. @returns whether it went by itself */
  stop(withinMs: number): Promise<boolean>
}

const ENTRY = fileURLToPath(new URL(`../../src/node/worker${import.meta.url.slice(-3)}`, import.meta.url))

export async function workerProcess(options: {
  readonly label: string
  readonly agents: readonly { readonly name: string; readonly config: string }[]
  readonly logDir: string
  onMessage(message: WorkerMessage): void
  /** It ended though nobody here asked it to. */
  onDeath(worker: WorkerProcess, how: string): void
}): Promise<WorkerProcess> {
  const { label, agents, logDir, onMessage, onDeath } = options
  await mkdir(logDir, { recursive: true })
  let child: ChildProcess | undefined
  let ended: Promise<boolean> = Promise.resolve(true)
  let expected = false

  const worker: WorkerProcess = {
    label,
    agents: agents.map(({ name }) => name),
    pid: () => child?.pid,
    start() {
      if (child !== undefined) return
      const log = openSync(join(logDir, `${label}.log`), 'a')
      expected = false
      const started = fork(
        ENTRY,
        agents.map(({ config }) => config),
        { stdio: ['ignore', log, log, 'ipc'], execArgv: [...agentNodeOptions] },
      )
      child = started
      started.on('message', message => onMessage(message as WorkerMessage))
      ended = new Promise(resolve => {
        started.once('exit', (code, signal) => {
          child = undefined
          if (!expected) onDeath(worker, signal ?? `exit ${code}`)
          resolve(code === 0)
        })
      })
      started.on('error', () => {})
    },
    async kill() {
      expected = true
      child?.kill('SIGKILL')
      await ended
    },
    async stop(withinMs) {
      expected = true
      if (child === undefined) return true
      const leaving = child
      if (leaving.connected) leaving.send('stop', () => {})
      const timer = setTimeout(() => leaving.kill('SIGKILL'), withinMs)
      const clean = await ended
      clearTimeout(timer)
      return clean
    },
  }
  return worker
}

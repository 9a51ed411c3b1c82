// The command line as a person runs it: the built program in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../dist/src/node/cli/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param inside a command that runs the rest of its arguments elsewhere, such as `ip netns exec NAME` */
const start = (args: readonly string[], cwd?: string, inside: readonly string[] = []): ChildProcess => {
  const { FEEDERMESH_AS: _, ...env } = process.env
  const [command = process.execPath, ...rest] = [...inside, process.execPath, MAIN, ...args]
  return spawn(command, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs it to its end. */
export async function feedermesh(args: readonly string[], cwd?: string, inside?: readonly string[]): Promise<Ended> {
  const child = start(args, cwd, inside)
  const said = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', text => (said.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', text => (said.stderr += text))
  const [code] = await once(child, 'close')
  return { code, ...said }
}

export interface AgentProcess {
  /** Multiaddress, once it has started. */
  readonly address: string
  /** What it logged so far, a JSON object a line. */
  readonly log: readonly Record<string, unknown>[]
  /** Resolves when it has logged this event so many times. */
  logged(event: string, times?: number, ms?: number): Promise<Record<string, unknown>>
  /** SIGTERM. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>
}

/** Resolves when the agent has started. Its configuration must log at `info`. */
export async function startAgentProcess(config: string, inside?: readonly string[]): Promise<AgentProcess> {
  const child = start(['agent', '--config', config], undefined, inside)
  const ended = once(child, 'close')
  const log: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream })
  lines.on('line', line => {
    log.push(line.startsWith('{') ? JSON.parse(line) : { event: 'line', line })
    for (const look of waiting) look()
  })

  function logged(event: string, times = 1, ms = 60_000): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(new Error(`not within ${ms} ms: ${times} × ${event}\n${log.map(x => JSON.stringify(x)).join('\n')}`)),
        ms,
      )
      const look = (): void => {
        const found = log.filter(entry => entry.event === event)[times - 1]
        if (found === undefined) return
        clearTimeout(timer)
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  }

  const early = ended.then(([code]) => {
    throw new Error(`agent ended with ${code}: ${log.map(x => JSON.stringify(x)).join('\n')}`)
  })
  early.catch(() => {})
  const started = await Promise.race([logged('started'), early])
  return {
    address: (started.addresses as string[])[0] as string,
    log,
    logged,
    async stop() {
      const began = performance.now()
      child.kill('SIGTERM')
      const [code] = await ended
      return { code, tookMs: performance.now() - began }
    },
  }
}

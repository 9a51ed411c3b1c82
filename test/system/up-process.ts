// `feedermesh up --json` as a child process, as a program would run it.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { z } from 'zod'
import { outputs } from '../../src/node/cli/outputs.ts'

export type UpLine = z.infer<typeof outputs.up> & { [field: string]: unknown }

export interface UpProcess {
  readonly child: ChildProcess
  readonly lines: UpLine[]
  /** Resolves with the first line, past or coming, that fits. */
  line(what: string, fits: (line: UpLine) => boolean, withinMs: number): Promise<UpLine>
  /** Exit code, once it has ended. */
  readonly ended: Promise<number | null>
}

export function startUp(...args: string[]): UpProcess {
  const child = spawn(process.execPath, ['dist/src/node/cli/main.js', 'up', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: UpLine[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', text => {
    // Every line must be what `feedermesh schema up` publishes.
    lines.push(outputs.up.parse(JSON.parse(text)) as UpLine)
    for (const look of waiting) look()
  })
  const ended = new Promise<number | null>(resolve => child.once('close', code => resolve(code)))
  return {
    child,
    lines,
    ended,
    line: (what, fits, withinMs) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(() => reject(new Error(`not within ${withinMs} ms: ${what}`))), withinMs)
        const look = (): void => {
          const found = lines.find(fits)
          if (found !== undefined) settle(() => resolve(found))
        }
        const settle = (act: () => void): void => {
          clearTimeout(timer)
          child.off('close', onClose)
          waiting.delete(look)
          act()
        }
        const onClose = (code: number | null): void => {
          look()
          settle(() => reject(new Error(`ended with ${code} before ${what}`)))
        }
        child.once('close', onClose)
        waiting.add(look)
        look()
        if (child.exitCode !== null) onClose(child.exitCode)
      }),
  }
}

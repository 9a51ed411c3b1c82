// The command line within the test's own process: for what ends by itself and is about its words. Starting a process for
// each takes ten times as long. One after the other: each takes over both standard streams and the exit code meanwhile.

import { runCommandLine } from '../../src/node/cli/program.ts'
import type { Ended } from './cli-process.ts'

let last: Promise<unknown> = Promise.resolve()

export function commandLine(args: readonly string[], cwd = process.cwd()): Promise<Ended> {
  const ended = last.then(() => run(args, cwd))
  last = ended
  return ended
}

async function run(args: readonly string[], cwd: string): Promise<Ended> {
  const before = { exitCode: process.exitCode, cwd: process.cwd(), FEEDERMESH_AS: process.env.FEEDERMESH_AS }
  const said = { stdout: '', stderr: '' }
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write }
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (text: string | Uint8Array) => {
      said[stream] += typeof text === 'string' ? text : Buffer.from(text).toString()
      return true
    }
  }
  const listeners = process.stdout.listeners('error')
  delete process.env.FEEDERMESH_AS
  process.exitCode = 0
  process.chdir(cwd)
  try {
    await runCommandLine(args)
    return { code: Number(process.exitCode), ...said }
  } finally {
    process.stdout.write = writes.stdout
    process.stderr.write = writes.stderr
    // A process that ends leaves none behind.
    for (const each of process.stdout.listeners('error')) {
      if (!listeners.includes(each)) process.stdout.off('error', each as (error: Error) => void)
    }
    process.chdir(before.cwd)
    process.exitCode = before.exitCode
    if (before.FEEDERMESH_AS !== undefined) process.env.FEEDERMESH_AS = before.FEEDERMESH_AS
  }
}

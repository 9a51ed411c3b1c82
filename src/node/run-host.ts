// Runs the command of an attached computer's configuration, or sends its HTTP request.
//
// What has not ended by its time is ended, with all that it started. Output is counted and thrown away. The environment is what
// is written here: no secret of the agent is passed on.

import { spawn } from 'node:child_process'
import type { Severity, WarningKind } from '../protection/messages.ts'
import type { HostConfig } from './host-config.ts'

/** What an answer may have; the rest is not read. */
const MAX_ANSWER_BYTES = 65_536
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface Told {
  readonly ok: boolean
  readonly outputBytes: number
  readonly why?: string
}

export interface HostValues {
  readonly event: 'warning' | 'all-clear'
  readonly severity?: Severity
  readonly kind?: WarningKind
  /** 0 when it is there now, or nobody knows. */
  readonly timeLeftMs?: number
  readonly lastsMs?: number
}

function environmentOf({ event, severity, kind, timeLeftMs, lastsMs }: HostValues): Record<string, string> {
  return {
    PATH,
    FEEDERMESH_EVENT: event,
    ...(severity === undefined ? {} : { FEEDERMESH_SEVERITY: severity }),
    ...(kind === undefined ? {} : { FEEDERMESH_KIND: kind }),
    ...(timeLeftMs === undefined ? {} : { FEEDERMESH_TIME_LEFT_MS: String(timeLeftMs) }),
    ...(lastsMs === undefined ? {} : { FEEDERMESH_LASTS_MS: String(lastsMs) }),
  }
}

/** Resolves when it has ended, one way or the other. */
export type TellHost = (host: HostConfig, values: HostValues, signal: AbortSignal) => Promise<Told>

export const runHost: TellHost = (host, values, signal) =>
  host.command === undefined ? asked(host, values, signal) : commanded(host, values, signal)

function commanded(
  { command = [], timeoutSeconds }: HostConfig,
  values: HostValues,
  signal: AbortSignal,
): Promise<Told> {
  const [program = '', ...args] = command
  return new Promise(resolve => {
    let outputBytes = 0
    let why: string | undefined
    // A group of its own, so that it can be ended with all that it started.
    const child = spawn(program, args, {
      env: environmentOf(values),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const end = (reason: string) => (): void => {
      why ??= reason
      if (child.pid === undefined) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        child.kill('SIGKILL') // it has ended meanwhile, or left its group
      }
      // What has left the group may hold the pipes open for ever.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const timer = setTimeout(end(`not done in ${timeoutSeconds} s`), timeoutSeconds * 1000)
    const onAbort = end('the agent stops')
    signal.addEventListener('abort', onAbort, { once: true })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (outputBytes += chunk.length))
    let isOver = false
    const over = (reason: string | undefined): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      const reasoned = why ?? reason
      resolve({ ok: reasoned === undefined, outputBytes, ...(reasoned === undefined ? {} : { why: reasoned }) })
    }
    child.on('error', error => over(`${program}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be run'}`))
    child.on('exit', (code, killedBy) => {
      // Its output is read to the end, unless something that it left behind goes on writing.
      setImmediate(() => over(code === 0 ? undefined : `ended with ${code ?? killedBy}`))
    })
  })
}

async function asked({ request, timeoutSeconds }: HostConfig, values: HostValues, stop: AbortSignal): Promise<Told> {
  let outputBytes = 0
  if (request === undefined) return { ok: false, outputBytes, why: 'neither a command nor a request' }
  const { url, method, headers } = request
  const timeOut = AbortSignal.timeout(timeoutSeconds * 1000)
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
      ...(method === 'GET' ? {} : { body: JSON.stringify(values) }),
      // Elsewhere is not what was configured.
      redirect: 'manual',
      signal: AbortSignal.any([timeOut, stop]),
    })
    for await (const chunk of answer.body ?? []) {
      outputBytes += chunk.length
      if (outputBytes > MAX_ANSWER_BYTES) break
    }
    if (answer.ok) return { ok: true, outputBytes }
    return { ok: false, outputBytes, why: `answered ${answer.status}` }
  } catch (error) {
    if (timeOut.aborted) return { ok: false, outputBytes, why: `not done in ${timeoutSeconds} s` }
    if (stop.aborted) return { ok: false, outputBytes, why: 'the agent stops' }
    const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } }
    return { ok: false, outputBytes, why: cause?.code ?? message }
  }
}

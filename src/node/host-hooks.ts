// Tells attached computers of warnings: runs a command, or sends an HTTP request, as the local configuration has it.
//
// - Nothing of a message reaches them but what is written here: two words and a kind of closed lists, and whole numbers.
// - Each host is told one thing at a time. What comes meanwhile waits, the newest thing alone: one process or request, and
//   one waiting word, per host of the configuration, however often somebody warns.
// - It is tried once. What has not ended by its time is ended, with all that it started. Output is counted and thrown away.
// - The environment is what is written here: no secret of the agent is passed on.

import { spawn } from 'node:child_process'
import { type Severity, severityWords, type WarningKind, warningKinds } from '../protection/messages.ts'
import type { ComponentContext } from './component.ts'
import type { HostConfig } from './host-config.ts'

export type HostWord =
  | {
      readonly event: 'warning'
      readonly severity: Severity
      readonly kind: WarningKind
      /** When this was said, and how long it was until then, as `clock.now()` has it. */
      readonly at: number
      readonly arrivesInMs?: number | undefined
      readonly lastsMs?: number | undefined
    }
  | { readonly event: 'all-clear' }

export interface HostHooks {
  /** Some host is told of such. */
  readonly any: boolean
  tell(word: HostWord): void
  /** Waits a moment for what runs, and ends it. */
  stop(): Promise<void>
}

/** What an answer may have; the rest is not read. */
const MAX_ANSWER_BYTES = 65_536
/** At the end of the agent, for what runs: a computer may be in the middle of its shutdown. */
const PATIENCE_MS = 2000
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

interface Told {
  readonly ok: boolean
  readonly outputBytes: number
  readonly why?: string
}

export function hostHooks(
  hosts: readonly HostConfig[],
  { clock, report }: Pick<ComponentContext, 'clock' | 'report'>,
): HostHooks {
  const lanes = hosts.map(host => laneOf(host))
  let stopped = false

  function laneOf(host: HostConfig) {
    let running: Promise<void> | undefined
    let waiting: HostWord | undefined
    let wasTold = false
    let abort = new AbortController()

    function tell(word: HostWord): void {
      if (stopped) return
      if (word.event === 'warning' && host.from === 'catastrophic' && word.severity !== 'catastrophic') return
      // Who never heard of a warning hears of no end.
      if (word.event === 'all-clear' && !wasTold) return
      wasTold = word.event === 'warning'
      if (!host.on.includes(word.event)) return
      if (running !== undefined) {
        waiting = word
        return
      }
      running = run(word).finally(() => {
        running = undefined
        const next = waiting
        waiting = undefined
        if (next !== undefined && !stopped) {
          wasTold ||= next.event === 'all-clear'
          tell(next)
        }
      })
    }

    async function run(word: HostWord): Promise<void> {
      const values = valuesOf(word, clock.now())
      const began = clock.now()
      abort = new AbortController()
      const told = await (host.command === undefined
        ? asked(host, values, abort.signal)
        : commanded(host, values, abort.signal))
      const common = { name: host.name, what: word.event, outputBytes: told.outputBytes }
      const tookMs = Math.round(clock.now() - began)
      if (told.ok) report('host-told', { ...common, tookMs, ...shown(values) })
      else report('alarm', { alarm: 'host-not-told', ...common, tookMs, reason: told.why })
    }

    return {
      tell,
      async stop(): Promise<void> {
        waiting = undefined
        if (running === undefined) return
        const cancel = setTimeout(() => abort.abort(), PATIENCE_MS)
        await running
        clearTimeout(cancel)
      },
    }
  }

  return {
    any: hosts.length > 0,
    tell: word => {
      for (const lane of lanes) lane.tell(word)
    },
    async stop() {
      stopped = true
      await Promise.all(lanes.map(lane => lane.stop()))
    },
  }
}

interface Values {
  readonly event: 'warning' | 'all-clear'
  readonly severity?: Severity
  readonly kind?: WarningKind
  /** 0 when it is there now, or nobody knows. */
  readonly timeLeftMs?: number
  readonly lastsMs?: number
}

/** Words of the closed lists, and whole numbers: whatever it is given, nothing else comes out. */
function valuesOf(word: HostWord, now: number): Values {
  if (word.event !== 'warning') return { event: 'all-clear' }
  const left = word.arrivesInMs === undefined ? 0 : word.arrivesInMs - (now - word.at)
  return {
    event: 'warning',
    severity: severityWords.find(each => each === word.severity) ?? 'catastrophic',
    kind: warningKinds.find(each => each === word.kind) ?? 'sag',
    timeLeftMs: whole(left),
    ...(word.lastsMs === undefined ? {} : { lastsMs: whole(word.lastsMs) }),
  }
}

const whole = (value: number): number => (Number.isFinite(value) ? Math.max(0, Math.round(value)) : 0)
const shown = ({ severity, kind, timeLeftMs }: Values) => (severity === undefined ? {} : { severity, kind, timeLeftMs })

function environmentOf({ event, severity, kind, timeLeftMs, lastsMs }: Values): Record<string, string> {
  return {
    PATH,
    FEEDERMESH_EVENT: event,
    ...(severity === undefined ? {} : { FEEDERMESH_SEVERITY: severity }),
    ...(kind === undefined ? {} : { FEEDERMESH_KIND: kind }),
    ...(timeLeftMs === undefined ? {} : { FEEDERMESH_TIME_LEFT_MS: String(timeLeftMs) }),
    ...(lastsMs === undefined ? {} : { FEEDERMESH_LASTS_MS: String(lastsMs) }),
  }
}

function commanded({ command = [], timeoutSeconds }: HostConfig, values: Values, signal: AbortSignal): Promise<Told> {
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

async function asked({ request, timeoutSeconds }: HostConfig, values: Values, stop: AbortSignal): Promise<Told> {
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

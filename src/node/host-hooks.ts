// Tells attached computers of warnings: runs a command, or sends an HTTP request, as the local configuration has it.
//
// - Nothing of a message reaches them but what is written here: two words and a kind of closed lists, and whole numbers.
// - Each host is told one thing at a time. What comes meanwhile waits, the newest thing alone: one process or request, and
//   one waiting word, per host of the configuration, however often somebody warns.
// - It is tried once, see `run-host.ts`.

import { type Severity, severityWords, type WarningKind, warningKinds } from '../protection/messages.ts'
import type { ComponentContext } from './component.ts'
import type { HostConfig } from './host-config.ts'
import { type HostValues, runHost } from './run-host.ts'

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

/** At the end of the agent, for what runs: a computer may be in the middle of its shutdown. */
const PATIENCE_MS = 2000

export function hostHooks(
  hosts: readonly HostConfig[],
  { clock, report, tellHost = runHost }: Pick<ComponentContext, 'clock' | 'report' | 'tellHost'>,
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
      const told = await tellHost(host, values, abort.signal)
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

/** Words of the closed lists, and whole numbers: whatever it is given, nothing else comes out. */
function valuesOf(word: HostWord, now: number): HostValues {
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
const shown = ({ severity, kind, timeLeftMs }: HostValues) =>
  severity === undefined ? {} : { severity, kind, timeLeftMs }

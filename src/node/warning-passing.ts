// At a warned IED: tells the back-end peers that its configuration names, for as long as it is warned.
//
// Each is told at once, and again while it lasts; that it is over is tried a few times. The time left is counted down to the
// moment of the telling.

import { instant } from '../../topology/units.ts'
import type { Severity, WarningKind } from '../protection/messages.ts'
import { PASSED_AGAIN_MS, type PassedWarning, passedWarningMessage } from '../protection/passed-warning.ts'
import type { ComponentContext } from './component.ts'

export const WARNED_PROTOCOL = '/feedermesh/warned/1.0.0'
const REQUEST_MS = 5000
const TRIES = 3

export interface Passed {
  readonly event: string
  readonly severity: Severity
  readonly kind: WarningKind
  readonly arrivesInMs?: number | undefined
  readonly lastsMs?: number | undefined
}

export function warningPassing({ config, clock, links, messenger, credential, log }: ComponentContext) {
  const { backEnds } = config.earlyWarning
  /** As many as the early warning runs at once. */
  const standing = new Map<string, { readonly passed: Passed; readonly at: number; cancel: () => void }>()
  let stopped = false

  const peerOf = (backEnd: string): string | undefined =>
    messenger.peerOf(
      backEnd,
      each => each.name === backEnd && each.organisation === credential.organisation && each.roles.includes('BACKEND'),
    )

  function wordOf({ passed, at }: { passed: Passed; at: number }, stands: boolean): PassedWarning {
    const { event, severity, kind, arrivesInMs, lastsMs } = passed
    const left = arrivesInMs === undefined ? undefined : Math.max(0, Math.round(arrivesInMs - (clock.now() - at)))
    return {
      event,
      stands,
      severity,
      kind,
      ...(left === undefined ? {} : { arrivesInMs: left }),
      ...(lastsMs === undefined ? {} : { lastsMs: Math.round(lastsMs) }),
    }
  }

  async function tell(backEnd: string, word: () => PassedWarning, tries: number): Promise<void> {
    for (let left = tries; left > 0 && !stopped; left--) {
      try {
        const peerId = peerOf(backEnd)
        if (peerId === undefined) throw new Error('not known yet')
        await links.request(peerId, WARNED_PROTOCOL, passedWarningMessage.encode(word()), { timeoutMs: REQUEST_MS })
        return
      } catch (error) {
        log.info('warning-not-passed-on', { backEnd, reason: (error as Error).message })
        if (left > 1) await new Promise<void>(resolve => void clock.wakeAt(instant(clock.now() + 1000), resolve))
      }
    }
  }

  function tellAll(word: () => PassedWarning, tries: number): void {
    for (const backEnd of backEnds) {
      tell(backEnd, word, tries).catch(error =>
        log.error('warning-not-passed-on', { reason: (error as Error).message }),
      )
    }
  }

  function again(event: string): void {
    const known = standing.get(event)
    if (known === undefined || stopped) return
    known.cancel = clock.wakeAt(instant(clock.now() + PASSED_AGAIN_MS), () => again(event))
    tellAll(() => wordOf(known, true), 1)
  }

  return {
    warned(passed: Passed): void {
      if (backEnds.length === 0 || standing.has(passed.event)) return
      standing.set(passed.event, { passed, at: clock.now(), cancel: () => {} })
      again(passed.event)
    },
    ended(event: string): void {
      const known = standing.get(event)
      if (known === undefined) return
      standing.delete(event)
      known.cancel()
      tellAll(() => wordOf(known, false), TRIES)
    },
    stop(): void {
      stopped = true
      for (const { cancel } of standing.values()) cancel()
    },
  }
}

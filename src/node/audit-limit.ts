// Keeps strangers from filling the audit log: of each kind of entry so many a minute stand in it one by one, and the rest
// of that minute is counted and stands in it as one.

import type { Instant } from '../../topology/units.ts'

export interface AuditLimit {
  /** Whether this one stands in the log by itself. `key`: of a closed set, never what a peer chose. */
  pass(key: string, now: Instant): boolean
  /** How many were held back in minutes that are over. Each is told once. */
  held(now: Instant): readonly { readonly key: string; readonly count: number }[]
}

const MINUTE_MS = 60_000

export function auditLimit(perMinute: number): AuditLimit {
  const kinds = new Map<string, { sinceMs: number; passed: number; held: number }>()
  /** Of minutes that are over, not told yet. */
  const over = new Map<string, number>()

  function present(key: string, now: Instant) {
    const kind = kinds.get(key) ?? { sinceMs: now, passed: 0, held: 0 }
    kinds.set(key, kind)
    if (now - kind.sinceMs < MINUTE_MS) return kind
    if (kind.held > 0) over.set(key, (over.get(key) ?? 0) + kind.held)
    kind.sinceMs = now
    kind.passed = 0
    kind.held = 0
    return kind
  }

  return {
    pass(key, now) {
      const kind = present(key, now)
      const passes = kind.passed < perMinute
      if (passes) kind.passed++
      else kind.held++
      return passes
    },
    held(now) {
      for (const key of kinds.keys()) present(key, now)
      const told = [...over].map(([key, count]) => ({ key, count }))
      over.clear()
      return told
    },
  }
}

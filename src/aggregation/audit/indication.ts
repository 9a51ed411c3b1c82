// One sign that a meter is tampered with. By itself it is a lead: there are honest reasons for each. Two that do not
// follow from each other, of different families, are an alarm.

import type { UtcMs } from '../../../topology/units.ts'

/** What a sign is read from. Two of one family may have one cause, and count as one. */
export const families = {
  'energy-balance': 'others',
  'consumption-break': 'own-energy',
  stopped: 'own-energy',
  'reverse-energy': 'wiring',
  'reversed-phase': 'wiring',
  'missing-potential': 'voltage',
  'register-reset': 'register',
  'clock-changed': 'clock',
  'device-changed': 'identity',
  'same-serial': 'identity',
  'new-ledger': 'store',
  'tamper-record': 'contact',
} as const
export type IndicationKind = keyof typeof families

export interface Indication {
  readonly ied: string
  readonly kind: IndicationKind
  readonly fromUtcMs: UtcMs
  readonly toUtcMs: UtcMs
  /** With the figures that speak for it. */
  readonly words: string
}

export interface Suspicion {
  readonly ied: string
  readonly state: 'lead' | 'alarm'
  /** Oldest first. */
  readonly evidence: readonly Indication[]
}

/** Those with an alarm first, then by how many families speak against them, then by name. */
export function suspicions(indications: readonly Indication[]): Suspicion[] {
  const byIed = new Map<string, Indication[]>()
  for (const each of indications) byIed.set(each.ied, [...(byIed.get(each.ied) ?? []), each])
  const ranked = [...byIed].map(([ied, found]) => {
    const kinds = new Set(found.map(({ kind }) => families[kind]))
    const evidence = [...found].sort(
      (one, other) => one.fromUtcMs - other.fromUtcMs || (one.kind < other.kind ? -1 : 1),
    )
    return { families: kinds.size, ied, state: kinds.size >= 2 ? ('alarm' as const) : ('lead' as const), evidence }
  })
  ranked.sort((one, other) => other.families - one.families || (one.ied < other.ied ? -1 : 1))
  return ranked.map(({ families: _, ...suspicion }) => suspicion)
}

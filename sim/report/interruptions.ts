// Who was without supply, from when to when.

import type { SupplyChange } from '../run/index.ts'

export interface Interruption {
  readonly load: string
  readonly customers: number
  readonly fromMs: number
  /** Absent: still without supply at the end of the run. */
  readonly toMs?: number
}

/** In the order in which they began. */
export function interruptionsOf(supply: readonly SupplyChange[]): Interruption[] {
  const found: Interruption[] = []
  const under = new Map<string, number>()
  for (const { load, customers, atMs, supplied } of supply) {
    const index = under.get(load)
    if (!supplied && index === undefined) under.set(load, found.push({ load, customers, fromMs: atMs }) - 1)
    if (!supplied || index === undefined) continue
    under.delete(load)
    found[index] = { ...(found[index] as Interruption), toMs: atMs }
  }
  return found
}

/** Customers without supply, from each moment on. Begins with none at 0. */
export function customersOut(supply: readonly SupplyChange[]): { readonly atMs: number; readonly customers: number }[] {
  const steps = [{ atMs: 0, customers: 0 }]
  let customers = 0
  for (const change of supply) {
    customers += change.supplied ? -change.customers : change.customers
    if (steps.at(-1)?.atMs === change.atMs) steps.pop()
    steps.push({ atMs: change.atMs, customers })
  }
  return steps
}

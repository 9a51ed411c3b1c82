// Takes loads off down to a level and gives them back, through the load desk's ranks: a person, protection and central orders
// go before it. It is said again each time by who decides, so nothing of it has to be kept here.

import { loadsToReduce } from '../aggregation/suppliers/usage-range.ts'
import type { ComponentContext } from './component.ts'
import { type ManagedLoad, managedLoad } from './managed-load.ts'

export interface LoadReduction {
  readonly loads: readonly string[]
  /** @returns the loads that are off now for this */
  reduce(why: string, drawnKw: number | undefined): readonly string[]
  release(): void
  /** What an earlier start took off and is not wanted off any more is given back. */
  begin(): void
  tick(): void
  off(): readonly string[]
  stop(): void
}

/** @throws NodeError BAD_INPUT for a load that nobody moves */
export function loadReduction(
  context: ComponentContext,
  {
    kw,
    loads,
    orderMinutes,
  }: { readonly kw?: number | undefined; readonly loads: readonly string[]; readonly orderMinutes: number },
  part: string,
): LoadReduction {
  const managed: ManagedLoad[] = loads.map(name =>
    managedLoad(context, { name }, { part, orderMinutes, where: 'suppliers.reduceTo.loads' }),
  )
  let off = new Set<string>()

  return {
    loads,
    reduce(why, drawnKw) {
      const left = managed.filter(({ name }) => !off.has(name))
      const reducible = left.map(({ name, kw: ownKw, priority }) => ({
        name,
        watts: Math.round(ownKw * 1000),
        priority,
      }))
      const more = loadsToReduce(
        reducible,
        drawnKw === undefined ? undefined : drawnKw * 1000,
        kw === undefined ? undefined : kw * 1000,
      )
      off = new Set([...off, ...more])
      for (const each of managed) if (more.includes(each.name)) each.want('off', why)
      return [...off]
    },
    release() {
      for (const each of managed) if (off.has(each.name)) each.want('free', '')
      off = new Set()
    },
    begin() {
      // Orders to others end by themselves.
      for (const each of managed) if (each.isOwn && !off.has(each.name)) each.want('free', '')
    },
    tick() {
      for (const each of managed) each.tick()
    },
    off: () => [...off],
    stop() {
      for (const each of managed) each.stop()
    },
  }
}

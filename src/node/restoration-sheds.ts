// What the IED that leads a restoration has had shed, kept over restarts: asked for, and given back when its device no longer
// feeds what was dark.

import { instant } from '../../topology/units.ts'
import { operatorOfLoad, zoneOfLoad } from '../protection/restoration/room.ts'
import type { ComponentContext } from './component.ts'
import type { RestorationCalls } from './restoration-calls.ts'
import type { RestorationStore } from './restoration-store.ts'

/** Until a load that nobody gives back returns by itself: the longest that a repair usually takes. */
const HOLD_MINUTES = 240
/** A device with its read-back. */
const SHED_MS = 3000
const AGAIN_MS = 10_000

type Outcome = { readonly travelMs: number } | { readonly failed: string }

export function restorationSheds(
  { clock, feeder, report }: Pick<ComponentContext, 'clock' | 'feeder' | 'report'>,
  { kept, calls }: { readonly kept: RestorationStore; readonly calls: Pick<RestorationCalls, 'ask'> },
) {
  let isReleasing = false
  let stopped = false
  let cancel = (): void => {}

  /** @param isOver of a load, whether there is no need any more that it is off */
  async function giveBack(isOver: (load: string) => boolean): Promise<void> {
    const { sheds } = kept.get()
    const over = sheds?.loads.filter(isOver) ?? []
    if (sheds === undefined || over.length === 0 || isReleasing || stopped) return
    isReleasing = true
    try {
      const { incident } = sheds
      const answers = await Promise.all(
        over.map(async load => {
          const ied = operatorOfLoad(feeder.file, load)
          return ied === undefined || (await calls.ask(ied, { kind: 'unshed', incident, load }, SHED_MS)) !== undefined
        }),
      )
      const given = over.filter((_, n) => answers[n])
      const loads = sheds.loads.filter(load => !given.includes(load))
      await kept.change(({ sheds: was, ...rest }) => {
        if (was?.incident !== incident) return { ...rest, ...(was === undefined ? {} : { sheds: was }) }
        return loads.length === 0 ? rest : { ...rest, sheds: { incident, loads } }
      })
      if (given.length > 0) report('loads-given-back', { incident, loads: given })
      if (given.length < over.length) again(isOver)
    } finally {
      isReleasing = false
    }
  }
  const give = (isOver: (load: string) => boolean): void => void giveBack(isOver).catch(() => again(isOver))

  /** Whoever was away is asked until it answers; its hold ends by itself. */
  function again(isOver: (load: string) => boolean): void {
    cancel()
    if (!stopped) cancel = clock.wakeAt(instant(clock.now() + AGAIN_MS), () => give(isOver))
  }

  return {
    /** @returns by load: what it took until it was read back, else why it is not shed */
    async shed(incident: string, wanted: readonly string[]): Promise<Map<string, Outcome>> {
      try {
        // Before they are asked: after a crash in between it is known whom to give back.
        await kept.change(was => {
          const before = was.sheds?.incident === incident ? was.sheds.loads : []
          return { ...was, sheds: { incident, loads: [...new Set([...before, ...wanted])] } }
        })
      } catch (error) {
        return new Map(wanted.map(load => [load, { failed: `not recorded: ${(error as Error).message}` }]))
      }
      const asked = wanted.map(async (load): Promise<[string, Outcome]> => {
        const ied = operatorOfLoad(feeder.file, load)
        const question = { kind: 'shed', incident, load, minutes: HOLD_MINUTES } as const
        const answer = ied === undefined ? undefined : await calls.ask(ied, question, SHED_MS)
        if (answer?.kind === 'done') return [load, { travelMs: answer.travelMs ?? 0 }]
        return [load, { failed: answer?.kind === 'refused' ? answer.why : 'its IED does not answer' }]
      })
      return new Map(await Promise.all(asked))
    },
    /** The own device does not feed what was dark: there is nothing to make room for. */
    notFeeding: (): void => give(() => true),
    /** It feeds these zones now: what was shed elsewhere, for a plan that came to nothing, is given back. */
    feeding(zones: readonly string[]): void {
      const fed = new Set(zones)
      give(load => !fed.has(zoneOfLoad(feeder, load)))
    },
    stop(): void {
      stopped = true
      cancel()
    },
  }
}
export type RestorationSheds = ReturnType<typeof restorationSheds>

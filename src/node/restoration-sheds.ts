// What the IED that leads a restoration has had shed, kept over restarts: asked for, and given back when its device no longer
// feeds what was dark.

import { instant } from '../../topology/units.ts'
import { operatorOfLoad } from '../protection/restoration/room.ts'
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

  async function giveBack(): Promise<void> {
    const { sheds } = kept.get()
    if (sheds === undefined || isReleasing || stopped) return
    isReleasing = true
    const { incident } = sheds
    const left = await Promise.all(
      sheds.loads.map(async load => {
        const ied = operatorOfLoad(feeder.file, load)
        const answer = ied === undefined ? undefined : await calls.ask(ied, { kind: 'unshed', incident, load }, SHED_MS)
        return answer === undefined && ied !== undefined ? [load] : []
      }),
    )
    isReleasing = false
    const loads = left.flat()
    const given = sheds.loads.filter(load => !loads.includes(load))
    if (given.length > 0) report('loads-given-back', { incident, loads: given })
    await kept.change(({ sheds: _, ...rest }) => (loads.length === 0 ? rest : { ...rest, sheds: { incident, loads } }))
    if (loads.length > 0) again()
  }

  /** Whoever was away is asked until it answers; its hold ends by itself. */
  function again(): void {
    cancel()
    if (!stopped) cancel = clock.wakeAt(instant(clock.now() + AGAIN_MS), () => void giveBack().catch(() => again()))
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
    notFeeding: (): void => void giveBack().catch(() => again()),
    stop(): void {
      stopped = true
      cancel()
    },
  }
}
export type RestorationSheds = ReturnType<typeof restorationSheds>

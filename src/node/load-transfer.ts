// One load between two sources: carries out `transfer-switch.ts` by orders to the IEDs of the two switching devices, and
// keeps where it is; what is switched by hand is followed. A person resets it, under the load's name, when it stopped because an outcome was not known.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration } from '../../topology/units.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import {
  type Side,
  type TransferEvent,
  type TransferState,
  transferSwitch,
} from '../protection/load/transfer-switch.ts'
import type { ComponentContext } from './component.ts'
import { NodeError } from './node-error.ts'

const kept = z
  .object({ phase: z.enum(['resting', 'moving', 'stopped']), side: z.enum(['first', 'second']), why: z.string() })
  .strict()

/** Positions of a move of its own are heard by then, at the latest with the heartbeat. */
const SETTLE_MS = 10_000

export interface LoadTransfer {
  readonly state: () => TransferState
  /** Only while it rests. */
  go(to: Side): void
  /** What an interrupted start left undone goes on. */
  begin(): void
  stop(): Promise<void>
}

/** @throws NodeError BAD_INPUT when no IED operates one of the devices */
export async function loadTransfer(
  context: ComponentContext,
  given: { readonly load: string; readonly first: string; readonly second: string; readonly pauseSeconds: number },
  where: string,
  /** Where the load is before it was ever moved from here. */
  startsOn: Side = 'first',
): Promise<LoadTransfer> {
  const { store, clock, bus, order, feeder } = context
  const { load } = given
  const iedOf = (device: string): string => {
    const ied = feeder.file.ieds.find(({ operates }) => operates === device)
    if (ied !== undefined) return ied.name
    throw new NodeError('BAD_INPUT', `${where}: ${load}: no IED operates "${device}"`)
  }
  const ieds = { first: iedOf(given.first), second: iedOf(given.second) }
  const key = `generation-management/transfer/${load}`
  const step = transferSwitch({ pause: duration(given.pauseSeconds * 1000), settle: duration(SETTLE_MS) })
  const inTurn = serialQueue()
  const before = await store.get(key)
  const was = before === undefined ? undefined : kept.parse(fromCbor(before))
  let state: TransferState =
    was?.phase === 'stopped' ? { phase: 'stopped', why: was.why } : { phase: 'resting', on: restingSide(was, startsOn) }
  /** The side that is aimed at. */
  let side: Side = was?.side ?? startsOn
  let stopped = false
  let cancelWake = (): void => {}

  function feed(event: TransferEvent): void {
    if (stopped) return
    const next = step(state, event, clock.now())
    state = next.state
    if ('to' in state) side = state.to
    else if (state.phase === 'resting') side = state.on
    let durable: Promise<void> = Promise.resolve()
    for (const action of next.actions) {
      switch (action.kind) {
        case 'keep':
          durable = inTurn(keep)
          durable.catch(error =>
            context.report('alarm', { alarm: 'load-not-transferred', load, reason: (error as Error).message }),
          )
          break
        case 'order':
          // Not durable: the next start would not know, so nothing is ordered, and it rests where it was.
          durable
            .then(() => give(action.side, action.verb))
            .catch(() => feed({ kind: 'answered', result: 'refused', words: 'it cannot be kept' }))
          break
        case 'tell':
          if (action.isAlarm) context.report('alarm', { alarm: 'load-transfer', load, reason: action.words })
          else context.report('load-transferred', { load, to: side, words: action.words })
          break
        case 'wake':
          cancelWake()
          cancelWake = clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
      }
    }
    // Somebody else may have switched meanwhile.
    if (event.kind === 'answered' && state.phase === 'resting') feed({ kind: 'seen', on: shown() })
  }

  async function give(on: Side, verb: 'open' | 'close'): Promise<void> {
    try {
      const { result, words } = await order({
        to: ieds[on],
        what: { verb },
        cause: `transfer of ${load}`,
        timeoutMs: 15_000,
      })
      feed({ kind: 'answered', result, words })
    } catch (error) {
      // It never got there.
      feed({ kind: 'answered', result: 'refused', words: (error as Error).message })
    }
  }

  async function keep(): Promise<void> {
    const why = state.phase === 'stopped' ? state.why : ''
    const phase = state.phase === 'resting' || state.phase === 'stopped' ? state.phase : 'moving'
    await store.batch([{ put: key, value: toCbor({ phase, side, why }) }], { durable: true })
  }

  /** A device whose position is not known leaves everything as it is. */
  function shown(): Side | undefined {
    const [first, second] = [feeder.position(given.first), feeder.position(given.second)]
    if (first === 'closed' && second === 'open') return 'first'
    return first === 'open' && second === 'closed' ? 'second' : undefined
  }
  const cancelTopology = bus.on('topology', ({ device }) => {
    if (device === given.first || device === given.second) feed({ kind: 'seen', on: shown() })
  })

  const cancel = bus.on('reset', ({ name, answer }) => {
    if (name !== load) return
    const { phase } = state
    if (phase !== 'stopped') return answer(Promise.resolve({ result: 'done', words: `${load}: it has not stopped` }))
    const closed = (['first', 'second'] as const).filter(each => feeder.position(given[each]) === 'closed')
    const [only] = closed
    if (only === undefined || closed.length > 1) {
      const words = `${load}: ${closed.length === 0 ? 'neither source is' : 'both sources are'} closed, want one`
      return answer(Promise.resolve({ result: 'refused', reason: 'interlock', words }))
    }
    state = { phase: 'resting', on: only }
    side = only
    answer(inTurn(keep).then(() => ({ result: 'done', words: `${load}: it is on its ${only} source` })))
  })

  return {
    state: () => state,
    go: to => feed({ kind: 'go', to }),
    begin() {
      if (was?.phase === 'moving') feed({ kind: 'go', to: was.side })
      feed({ kind: 'seen', on: shown() })
    },
    async stop() {
      stopped = true
      cancel()
      cancelTopology()
      cancelWake()
      await inTurn(async () => {})
    },
  }
}

/** One that was interrupted counts as on the other side, from which it goes again: opening what is open does no harm. */
function restingSide(was: z.infer<typeof kept> | undefined, startsOn: Side): Side {
  if (was === undefined) return startsOn
  if (was.phase === 'resting') return was.side
  return was.side === 'first' ? 'second' : 'first'
}

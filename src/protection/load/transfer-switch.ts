// Moves a load from one source to another over two switches: open transition, so that never both are closed.
//
//   resting ──go──► opening the one ──read back open──► pausing ──► closing the other ──read back closed──► resting
//                        │ not done                                      │ not done
//                        ▼                                               ▼
//                     resting, as it was                    going back: the one is closed again ──► resting
//
// The other one closes only after the order to open the first was answered "done", which the IED there has read back; and
// the IED of the other one has its own interlock against joining two sources. An order whose outcome is not known counts as
// not done: nothing is closed after it, and that is an alarm for a person. After a restart in the middle it begins with
// opening again: the same side is aimed at, and opening what is open does no harm.
//
// While it rests, the devices say where it is: when for `settle` the other side alone has been closed, somebody else has moved
// it, and it rests there. Positions come over the mesh, so those of a move of its own may be late by less than that. One that
// stopped is not believed by positions alone: a person who has looked resets it.

import { after, type Duration, type Instant } from '../../../topology/units.ts'

export type Side = 'first' | 'second'

export type TransferState =
  /** `moved`: since when the devices have shown the other side. */
  | { readonly phase: 'resting'; readonly on: Side; readonly moved?: { readonly until: Instant } }
  | { readonly phase: 'opening' | 'closing'; readonly to: Side }
  | { readonly phase: 'pausing'; readonly to: Side; readonly until: Instant }
  | { readonly phase: 'returning'; readonly to: Side }
  /** Neither is known to be closed: a person has to look. */
  | { readonly phase: 'stopped'; readonly why: string }

export type TransferEvent =
  | { readonly kind: 'go'; readonly to: Side }
  | { readonly kind: 'answered'; readonly result: 'done' | 'refused' | 'failed' | 'unknown'; readonly words: string }
  /** What the devices show: the side that alone is closed, with the other one open; undefined for all else, and not known. */
  | { readonly kind: 'seen'; readonly on: Side | undefined }
  | { readonly kind: 'tick' }

export type TransferAction =
  /** Durable before the first order goes out. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'order'; readonly side: Side; readonly verb: 'open' | 'close' }
  | { readonly kind: 'tell'; readonly words: string; readonly isAlarm: boolean }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface TransferStep {
  readonly state: TransferState
  readonly actions: readonly TransferAction[]
}

export const otherSide = (side: Side): Side => (side === 'first' ? 'second' : 'first')

export const transferSwitch =
  ({ pause, settle }: { readonly pause: Duration; readonly settle: Duration }) =>
  (state: TransferState, event: TransferEvent, now: Instant): TransferStep => {
    const stay: TransferStep = { state, actions: [] }
    if (event.kind === 'go') {
      if (state.phase !== 'resting' || state.on === event.to) return stay
      const { to } = event
      return {
        state: { phase: 'opening', to },
        actions: [{ kind: 'keep' }, { kind: 'order', side: otherSide(to), verb: 'open' }],
      }
    }
    if (event.kind === 'seen') {
      if (state.phase !== 'resting') return stay
      const { on } = state
      if (event.on === undefined || event.on === on) return { state: { phase: 'resting', on }, actions: [] }
      if (state.moved !== undefined) return stay
      const until = after(now, settle)
      return { state: { phase: 'resting', on, moved: { until } }, actions: [{ kind: 'wake', at: until }] }
    }
    if (event.kind === 'tick' && state.phase === 'resting') {
      if (state.moved === undefined || now < state.moved.until) return stay
      const on = otherSide(state.on)
      return rest(on, `found on its ${on} source: it was moved by another hand`, false)
    }
    if (event.kind === 'tick') {
      if (state.phase !== 'pausing' || now < state.until) return stay
      return { state: { phase: 'closing', to: state.to }, actions: [{ kind: 'order', side: state.to, verb: 'close' }] }
    }
    return answered(state, event)

    function answered(from: TransferState, { result, words }: TransferEvent & { kind: 'answered' }): TransferStep {
      const isDone = result === 'done'
      switch (from.phase) {
        case 'opening': {
          if (isDone) {
            const until = after(now, pause)
            return { state: { phase: 'pausing', to: from.to, until }, actions: [{ kind: 'wake', at: until }] }
          }
          const on = otherSide(from.to)
          if (result !== 'unknown') return rest(on, `not moved to its ${from.to} source: ${words}`, true)
          return stop(`whether its ${on} source has been opened is not known: ${words}`)
        }
        case 'closing': {
          if (isDone) return rest(from.to, `moved to its ${from.to} source`, false)
          // It may be closed: the other one must not be.
          if (result === 'unknown') return stop(`whether its ${from.to} source has been closed is not known: ${words}`)
          const back = otherSide(from.to)
          return { state: { phase: 'returning', to: back }, actions: [{ kind: 'order', side: back, verb: 'close' }] }
        }
        case 'returning':
          if (isDone) return rest(from.to, `back on its ${from.to} source: the other one could not be closed`, true)
          return stop(`it could be closed onto neither source: ${words}`)
        default:
          return { state: from, actions: [] }
      }
    }
  }

const rest = (on: Side, words: string, isAlarm: boolean): TransferStep => ({
  state: { phase: 'resting', on },
  actions: [{ kind: 'keep' }, { kind: 'tell', words, isAlarm }],
})

const stop = (why: string): TransferStep => ({
  state: { phase: 'stopped', why },
  actions: [{ kind: 'keep' }, { kind: 'tell', words: why, isAlarm: true }],
})

// The lockout relay (86): any of its sources sets it, it opens the device and keeps it from being closed, and only a person
// resets it. The shell keeps it over restarts: a latch that was not read back counts as set.

export interface LockoutState {
  /** What set it, oldest first; nothing is left out but what is there already. */
  readonly by: readonly string[]
}

export type LockoutEvent =
  | { readonly kind: 'set'; readonly by: string }
  /** By a person. Refused while a source still stands. */
  | { readonly kind: 'reset'; readonly standing: readonly string[] }

export type LockoutAction =
  | { readonly kind: 'open' }
  | { readonly kind: 'keep'; readonly by: readonly string[] }
  | { readonly kind: 'answer'; readonly done: boolean; readonly words: string }

export interface LockoutStep {
  readonly state: LockoutState
  readonly actions: readonly LockoutAction[]
}

export const unlocked: LockoutState = { by: [] }
export const isLockedOut = ({ by }: LockoutState): boolean => by.length > 0
/** Names of trip sources: a closed set in any relay, bounded here all the same. */
const SOURCES_KEPT = 16

export function lockout(state: LockoutState, event: LockoutEvent): LockoutStep {
  if (event.kind === 'set') {
    // Opening again does no harm, and what is open may have been closed by hand at the device.
    if (state.by.includes(event.by)) return { state, actions: [{ kind: 'open' }] }
    const by = [...state.by, event.by].slice(-SOURCES_KEPT)
    return { state: { by }, actions: [{ kind: 'open' }, { kind: 'keep', by }] }
  }
  const standing = event.standing.filter(each => state.by.includes(each))
  if (!isLockedOut(state)) return { state, actions: [answer(false, 'nothing is locked out')] }
  if (standing.length > 0) return { state, actions: [answer(false, `${standing.join(', ')} still stands`)] }
  return {
    state: unlocked,
    actions: [{ kind: 'keep', by: [] }, answer(true, `reset; it was set by ${state.by.join(', ')}`)],
  }
}

const answer = (done: boolean, words: string): LockoutAction => ({ kind: 'answer', done, words })

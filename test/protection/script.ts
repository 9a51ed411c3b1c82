// Scripts for state machines: `word@ms word@ms …`, a word being parts between colons.

import { type Instant, instant } from '../../topology/units.ts'

export interface Cue {
  readonly parts: readonly string[]
  readonly at: Instant
}

export const cues = (script: string): Cue[] =>
  script.split(/\s+/).map(cue => {
    const [word = '', ms = '0'] = cue.split('@')
    return { parts: word.split(':'), at: instant(Number(ms)) }
  })

/** Feeds a script to a machine and writes down what it does. */
export function play<S, E, A>(
  step: (state: S, event: E, now: Instant) => { readonly state: S; readonly actions: readonly A[] },
  start: S,
  script: string,
  eventOf: (parts: readonly string[], now: Instant) => E,
  write: (action: A, now: Instant) => string,
): string {
  let state = start
  const done: string[] = []
  for (const { parts, at } of cues(script)) {
    const next = step(state, eventOf(parts, at), at)
    state = next.state
    done.push(...next.actions.map(action => write(action, at)))
  }
  return done.join(' ')
}

// The sequence of events: numbered over restarts, and a flood that is counted.

import { describe, expect, it } from 'vitest'
import {
  beginSequence,
  IN_A_WINDOW,
  type Origin,
  type SequenceEvent,
  type SequenceState,
  sequenceOfEvents,
  WINDOW,
} from '../../src/protection/sequence-of-events.ts'
import { instant } from '../../topology/units.ts'

function player(last = 0) {
  let state: SequenceState = beginSequence(last)
  const kept: string[] = []
  const wakes: number[] = []
  return {
    kept,
    wakes,
    feed(event: SequenceEvent, at: number) {
      const next = sequenceOfEvents(state, event, instant(at))
      state = next.state
      for (const action of next.actions) {
        if (action.kind === 'wake') wakes.push(action.at)
        else {
          const { number, event: name, fields } = action.entry
          kept.push(name === 'gap' ? `${number} gap ${fields.count} ${fields.because}` : `${number} ${name}`)
        }
      }
    },
    happens(event: string, at: number, origin: Origin = 'own') {
      this.feed({ kind: 'happened', happening: { event, origin, at: instant(at), fields: {} } }, at)
    },
  }
}

describe('the sequence of events', () => {
  it('goes on with the number after the last one', () => {
    const { kept, happens, feed } = player(41)
    happens.call({ feed }, 'pickup', 0)
    happens.call({ feed }, 'relay-tripped', 1)
    expect(kept).toEqual(['42 pickup', '43 relay-tripped'])
  })
  it('keeps as many as fit, counts the others, and says so once when the time is over', () => {
    const play = player()
    for (let n = 0; n < IN_A_WINDOW.heard + 7; n++) play.happens('told', n, 'heard')
    expect(play.kept).toHaveLength(IN_A_WINDOW.heard)
    expect(play.wakes).toEqual([WINDOW])
    play.feed({ kind: 'tick' }, WINDOW - 1)
    expect(play.kept).toHaveLength(IN_A_WINDOW.heard)
    play.feed({ kind: 'tick' }, WINDOW)
    expect(play.kept.at(-1)).toBe(`${IN_A_WINDOW.heard + 1} gap 7 too many at once`)
    play.happens('told', WINDOW + 1, 'heard')
    expect(play.kept.at(-1)).toBe(`${IN_A_WINDOW.heard + 2} told`)
  })
  it('has room for its own device while others flood it', () => {
    const play = player()
    for (let n = 0; n < 10_000; n++) play.happens('told', 1, 'heard')
    play.happens('pickup', 2)
    expect(play.kept.at(-1)).toBe(`${IN_A_WINDOW.heard + 1} pickup`)
  })
  it('says no gap where nothing was held back', () => {
    const play = player()
    for (let n = 0; n < IN_A_WINDOW.own; n++) play.happens('pickup', n)
    play.feed({ kind: 'tick' }, WINDOW)
    expect(play.kept).toHaveLength(IN_A_WINDOW.own)
  })
  it('says at the end what it held back, and what the ledger did not take', () => {
    const play = player()
    for (let n = 0; n < IN_A_WINDOW.own + 1; n++) play.happens('pickup', n)
    play.feed({ kind: 'not-kept', count: 3 }, 500)
    play.feed({ kind: 'stop' }, 600)
    expect(play.kept.slice(-2)).toEqual(['121 gap 3 not kept', '122 gap 1 too many at once'])
  })
})

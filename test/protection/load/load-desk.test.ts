// The load desk as a script: who says what, what the device shows, and what is kept and operated for it.

import { describe, expect, it } from 'vitest'
import {
  HAND_ON_MS,
  type LoadDeskEvent,
  loadDesk,
  loadDeskStart,
  refusalOf,
} from '../../../src/protection/load/load-desk.ts'
import type { Hold, Rank, Wish } from '../../../src/protection/load/precedence.ts'
import { instant } from '../../../topology/units.ts'

/** Drives one desk; the device does as told unless `jammed`, and the disk keeps unless `full`. */
function desk(kept: { holds: Hold[]; ours: boolean } = { holds: [], ours: false }) {
  let state = loadDeskStart(kept)
  let now = 0
  const done: string[] = []
  const device = { jammed: false, full: false }
  const feed = (event: LoadDeskEvent): void => {
    const next = loadDesk(state, event, instant(now))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'operate') {
        done.push(`${device.jammed ? 'tried ' : ''}${action.to}@${now}`)
        feed(device.jammed ? { kind: 'failed', reason: 'jammed', untouched: false } : { kind: 'done' })
      } else if (action.kind === 'keep' && action.answer) feed({ kind: 'kept', durable: !device.full })
      else if (action.kind === 'held-back') done.push(`held back ${action.to}: ${action.reason}`)
      else if (action.kind === 'by-hand') done.push(`hand ${action.wish}`)
      else if (action.kind === 'shed-already') done.push('off already')
    }
  }
  return {
    done,
    device,
    feed,
    say: (rank: Rank, wish: Wish, more: Partial<Hold> = {}) =>
      feed({ kind: 'say', hold: { rank, by: rank, wish, why: '', since: instant(now), ...more } }),
    release: (rank: Rank) => feed({ kind: 'release', ranks: [rank] }),
    shows: (wish: Wish | undefined, local = false) => feed({ kind: 'shown', wish, at: instant(now), local }),
    bars: (inhibited: boolean, latched?: string) => feed({ kind: 'bars', inhibited, latched }),
    until(ms: number) {
      now = ms
      feed({ kind: 'tick' })
    },
    state: () => state,
  }
}

describe('a load', () => {
  it('goes off for the first that wants it off and on again after the last', () => {
    const { say, release, shows, done, state } = desk()
    shows('on')
    say('rule', 'off')
    say('protection', 'off')
    release('rule')
    expect(done).toEqual(['off@0'])
    expect(state().ours).toBe(true)
    release('protection')
    expect(done).toEqual(['off@0', 'on@0'])
    expect(state().ours).toBe(false)
  })

  it('is not taken off when that cannot be kept', () => {
    const { say, shows, done, device } = desk()
    device.full = true
    shows('on')
    say('rule', 'off')
    expect(done).toEqual([])
  })

  it('that somebody else had taken off is left to them', () => {
    const { say, release, shows, done } = desk()
    shows('off')
    say('rule', 'off')
    release('rule')
    expect(done).toEqual(['off already'])
  })

  it('comes back after a restart when nobody wants it off, and not while somebody does', () => {
    const hold: Hold = { rank: 'rule', by: 'rule', wish: 'off', why: '', since: instant(0) }
    const { until, release, shows, done } = desk({ holds: [hold], ours: true })
    shows('off')
    until(1000)
    expect(done).toEqual([])
    release('rule')
    expect(done).toEqual(['on@1000'])
  })

  it('is tried again with growing gaps, for a rule', () => {
    const { say, shows, until, done, device } = desk()
    shows('on')
    device.jammed = true
    say('rule', 'off')
    until(999)
    until(1000)
    until(2999)
    device.jammed = false
    until(3000)
    expect(done).toEqual(['tried off@0', 'tried off@1000', 'off@3000'])
  })

  it('is not tried again behind the back of who ordered', () => {
    const { say, shows, until, done, device } = desk()
    shows('on')
    device.jammed = true
    say('person', 'off', { order: 'p/1' })
    device.jammed = false
    until(60_000)
    expect(done).toEqual(['tried off@0'])
  })

  it('gets its state again when the device was silent and may have lost it', () => {
    const { say, shows, feed, done } = desk()
    shows('on')
    say('rule', 'off')
    feed({ kind: 'silent' })
    shows('on')
    expect(done).toEqual(['off@0', 'off@0'])
  })
})

describe('an order', () => {
  it('of a person for some minutes goes before warning, central order and rule, and then they count again', () => {
    const { say, until, shows, done } = desk()
    shows('on')
    say('rule', 'off')
    say('central', 'off', { order: 'c/1' })
    say('protection', 'off')
    say('person', 'on', { order: 'p/1', until: instant(60_000) })
    expect(done).toEqual(['off@0', 'on@0'])
    until(59_999)
    expect(done).toHaveLength(2)
    until(60_000)
    expect(done.at(-1)).toBe('off@60000')
  })

  it('central "on" beats the rule that stands, and not the next one', () => {
    const { say, release, shows, done } = desk()
    shows('on')
    say('rule', 'off')
    say('central', 'on', { order: 'c/1', whileContested: true })
    release('rule')
    say('rule', 'off')
    expect(done).toEqual(['off@0', 'on@0', 'off@0'])
  })

  it('central "on" is refused while a warning or a person keeps it off, and says who', () => {
    const { say, shows, state } = desk()
    shows('on')
    say('protection', 'off', { by: 'early-warning', why: 'e/1/1' })
    const central = { rank: 'central', by: 'master', wish: 'on' } as const
    expect(refusalOf(state(), central, instant(0))).toBe('early-warning (protection) holds it off: e/1/1')
    expect(refusalOf(state(), { ...central, rank: 'person' }, instant(0))).toBeUndefined()
  })
})

describe('a hand at the device', () => {
  it('that puts it on goes before a rule, for eight hours', () => {
    const { say, shows, until, done } = desk()
    shows('on')
    say('rule', 'off')
    until(1000)
    shows('on')
    until(1000 + HAND_ON_MS - 1)
    expect(done).toEqual(['off@0', 'hand on'])
    until(1000 + HAND_ON_MS)
    expect(done.at(-1)).toBe(`off@${1000 + HAND_ON_MS}`)
  })

  it('that takes it off goes before a central order, until a person says otherwise', () => {
    const { say, shows, state, until, done } = desk()
    shows('on')
    until(1)
    shows('off')
    const central = { rank: 'central', by: 'master', wish: 'on' } as const
    expect(refusalOf(state(), central, instant(1))).toMatch(/a hand at the device/)
    until(HAND_ON_MS * 10)
    expect(done).toEqual(['hand off'])
    say('person', 'on', { order: 'p/1', whileContested: true })
    expect(done.at(-1)).toMatch(/^on@/)
  })

  it('that puts it back has let go of it', () => {
    const { shows, until, state } = desk()
    shows('on')
    until(1)
    shows('off')
    until(2)
    shows('on')
    expect(state().holds).toEqual([])
  })
})

describe('what bars it', () => {
  it('local control: nothing moves, either way, and it is said once', () => {
    const { say, shows, done, until } = desk()
    shows('on', true)
    say('rule', 'off')
    until(5)
    expect(done).toEqual(['held back off: the device is switched to local control'])
    shows('on', false)
    expect(done.at(-1)).toBe('off@5')
  })

  it('an inhibit: no automatic operation, and what is due follows at its end', () => {
    const { say, shows, bars, done, release } = desk()
    shows('on')
    bars(true)
    say('rule', 'off')
    release('rule')
    expect(done).toEqual(['held back off: an inhibit stands here'])
    say('rule', 'off')
    bars(false)
    expect(done.at(-1)).toBe('off@0')
  })

  it('an inhibit does not keep a person from taking it off', () => {
    const { say, shows, bars, done } = desk()
    shows('on')
    bars(true)
    say('person', 'off', { order: 'p/1' })
    expect(done).toEqual(['off@0'])
  })

  it('a latch: not back on before it is reset, whoever wants it', () => {
    const { say, shows, bars, done, release } = desk()
    shows('on')
    say('rule', 'off')
    bars(false, 'winding')
    release('rule')
    say('person', 'on', { order: 'p/1' })
    expect(done[0]).toBe('off@0')
    expect(done.filter(each => each.startsWith('on'))).toEqual([])
    bars(false)
    expect(done.at(-1)).toBe('on@0')
  })
})

describe('what protection does on its own', () => {
  it('is no hand, is not undone by a word from before, and not by the desk', () => {
    const { say, shows, feed, until, done } = desk()
    shows('off')
    say('rule', 'on')
    feed({ kind: 'moves' })
    until(1)
    shows('off') // seen while it moves
    feed({ kind: 'moved', to: 'off', confirmed: true })
    until(2)
    shows('off')
    until(60_000)
    expect(done).toEqual(['on@0'])
    say('rule', 'on')
    expect(done).toEqual(['on@0', 'on@60000'])
  })

  it('a generator that its own relay has opened is not closed by a word that was carried out', () => {
    const { say, shows, feed, until, done } = desk()
    shows('off')
    say('rule', 'on')
    feed({ kind: 'silent' })
    until(10)
    shows('off')
    until(1000)
    expect(done).toEqual(['on@0'])
  })
})

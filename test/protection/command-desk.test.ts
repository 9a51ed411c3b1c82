// The command desk of recloser R, played from scripts: what comes in, with its time in ms, and what the desk does.
//
//   open:x          an order with the number x comes        looked:open     the device shows this (looked:none: no answer)
//   recorded / full it is durable / it is not               done, failed, unknown     how the operation ended
//
// Steps are not written: each answer is for the phase that is under way, and `late:` sends it for the one before.

import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../../src/protection/closing-check.ts'
import { commandId, MAX_LIFETIME_MS, type Order, type Verb, type What } from '../../src/protection/command.ts'
import {
  commandDesk,
  type DeskAction,
  type DeskEvent,
  type DeskState,
  deskPatience,
  deskStart,
  MAX_REMEMBERED,
} from '../../src/protection/command-desk.ts'
import { UTC_TOLERANCE_MS } from '../../src/protection/order-age.ts'
import { instant } from '../../topology/units.ts'

const OPERATIONS = { open: 'open', disconnect: 'open', close: 'close', connect: 'close' } as const
const deskOf = (readOnly = false) =>
  commandDesk({
    ied: 'R',
    operation: verb => ({ operation: OPERATIONS[verb], of: 'switch', device: 'R2' }),
    readOnly,
    patience: deskPatience,
  })

const WHAT: Partial<Record<Verb, What>> = {
  inhibit: { verb: 'inhibit', minutes: 5 },
  'de-energise': { verb: 'de-energise', section: 's2' },
}
const orderOf = (verb: Verb, number: string): Order => ({
  to: 'R',
  by: 'ada',
  id: number.padStart(32, '0'),
  ticket: new Uint8Array(),
  utcMs: 0,
  lifetimeMs: 60_000,
  what: WHAT[verb] ?? ({ verb } as What),
})

const around: Surroundings = { inhibited: false, joins: 'nothing', energised: 'yes' }
const RESULTS = new Set(['done', 'failed', 'unknown'])

interface Setting {
  readonly readOnly?: boolean
  readonly around?: Partial<Surroundings>
  readonly age?: Partial<Pick<DeskEvent & { kind: 'order' }, 'ticketAgeMs' | 'utcAgeMs' | 'refusal' | 'digest'>>
  readonly start?: DeskState
}

function desk(setting: Setting = {}) {
  const step = deskOf(setting.readOnly)
  let state = setting.start ?? deskStart([], instant(0))
  let requests = 0
  let current = 0
  let before = 0

  function feed(event: DeskEvent, now: number): string[] {
    const next = step(state, event, instant(now))
    state = next.state
    for (const action of next.actions) {
      if (!('step' in action)) continue
      before = current
      current = action.step
    }
    return next.actions.flatMap(action => wordOf(action))
  }

  function play(script: string): string {
    const said: string[] = []
    for (const each of script.split(' ')) {
      const [word = '', at = '0'] = each.split('@')
      said.push(...feed(eventOf(word), Number(at)))
    }
    return said.join(' ')
  }

  function eventOf(word: string): DeskEvent {
    const parts = word.split(':')
    const isLate = parts[0] === 'late'
    const [what = '', argument = ''] = isLate ? parts.slice(1) : parts
    const at = isLate ? before : current
    if (what === 'tick') return { kind: 'tick' }
    if (what === 'recorded' || what === 'full') return { kind: 'recorded', step: at, durable: what === 'recorded' }
    if (RESULTS.has(what)) return { kind: 'acted', step: at, result: what as 'done', words: what }
    if (what === 'looked') {
      const [position, pickup] = argument.split('+')
      const seen = position === 'none' ? undefined : { position: position as 'open', pickup: pickup === 'pickup' }
      return { kind: 'looked', step: at, seen, around: { ...around, ...setting.around } }
    }
    const order = orderOf(what as Verb, argument)
    return {
      kind: 'order',
      request: requests++,
      order,
      digest: `${what}${argument}`,
      refusal: undefined,
      ticketAgeMs: 100,
      utcAgeMs: 100,
      ...setting.age,
    }
  }

  return { play, state: () => state }
}

function wordOf(action: DeskAction): string[] {
  switch (action.kind) {
    case 'wake':
      return []
    case 'look':
      return ['look']
    case 'record':
      return [action.outcome === undefined ? 'begin' : `end:${action.outcome.result}`]
    case 'operate':
      return [`operate:${action.operation}`]
    case 'act':
      return [`act:${action.order.what.verb}`]
    case 'forget':
      return ['forget']
    case 'answer': {
      const { result, reason, position } = action.outcome
      return [`answer${action.requests.join('+')}:${reason ?? result}${position === undefined ? '' : `/${position}`}`]
    }
  }
}

const OPENS = 'open:1 looked:closed recorded done looked:open recorded'
const cases: { it: string; given: string; gives: string; setting?: Setting }[] = [
  {
    it: 'looks, records, operates, reads back, records, answers',
    given: OPENS,
    gives: 'look begin operate:open look end:done answer0:done/open',
  },
  {
    it: 'closes when nothing stands against it',
    given: 'close:1 looked:open recorded looked:open done looked:closed recorded',
    gives: 'look begin look operate:close look end:done answer0:done/closed',
  },
  {
    it: 'operates nothing that is as wanted already, and records that it was asked',
    given: 'open:1 looked:open recorded looked:open recorded',
    gives: 'look begin look end:done answer0:done/open',
  },
  {
    it: 'refuses a closing onto what it picks up, before anything is recorded as begun',
    given: 'close:1 looked:open+pickup',
    gives: 'look answer0:interlock/open forget',
  },
  {
    it: 'refuses a closing under an inhibit',
    given: 'close:1 looked:open',
    gives: 'look answer0:interlock/open forget',
    setting: { around: { inhibited: true } },
  },
  {
    it: 'opens under an inhibit',
    given: 'open:1 looked:closed recorded',
    gives: 'look begin operate:open',
    setting: { around: { inhibited: true } },
  },
  {
    it: 'refuses a closing when the device does not say its position',
    given: 'close:1 looked:none',
    gives: 'look answer0:interlock forget',
  },
  {
    it: 'opens a device that does not say its position: that needs no interlock',
    given: 'open:1 looked:none recorded done looked:open recorded',
    gives: 'look begin operate:open look end:done answer0:done/open',
  },
  {
    it: 'operates nothing that cannot be recorded',
    given: 'open:1 looked:closed full',
    gives: 'look begin answer0:not-recorded forget',
  },
  {
    it: 'answers what was done although its end cannot be recorded',
    given: 'open:1 looked:closed recorded done looked:open full open:1',
    gives: 'look begin operate:open look end:done answer0:done/open answer1:done/open',
  },
  {
    it: 'answers a repeat while it is under way together with the first one',
    given: 'open:1 looked:closed open:1 recorded open:1 done looked:open recorded',
    gives: 'look begin operate:open look end:done answer0+1+2:done/open',
  },
  {
    it: 'answers a repeat after its end with its outcome, and operates nothing',
    given: `${OPENS} open:1 open:1@59000`,
    gives: 'look begin operate:open look end:done answer0:done/open answer1:done/open answer2:done/open',
  },
  {
    it: 'does not close when something has come up while its beginning was recorded, and records that',
    given: 'close:1 looked:open recorded looked:open+pickup recorded close:1',
    gives: 'look begin look end:refused answer0:interlock/open answer1:interlock/open',
  },
  {
    it: 'does not close when the device says nothing any more by then',
    given: 'close:1 looked:open recorded@10 tick@2009 tick@2010 recorded@2011',
    gives: 'look begin look end:refused answer0:interlock',
  },
  {
    it: 'refuses the repeat of an order that was refused by the interlock, though it would allow it by now',
    given: 'close:1 looked:open+pickup close:1 close:2 looked:open recorded',
    gives: 'look answer0:interlock/open forget answer1:interlock/open look begin look',
  },
  {
    it: 'has one operation at a time, others get busy and have to be ordered anew',
    given: 'open:1 looked:closed close:2 recorded done looked:open recorded close:2 close:3',
    gives: 'look begin answer1:busy operate:open look end:done answer0:done/open answer2:busy look',
  },
  {
    it: 'never says refused of what is under way, however many ask for it',
    given: `open:1 looked:closed ${'open:1 '.repeat(15)}open:1`,
    gives: 'look begin answer16:unknown',
  },
  {
    it: 'does something inside the agent while the device is busy',
    given: 'open:1 inhibit:2 recorded done recorded',
    gives: 'look begin act:inhibit end:done answer1:done',
  },
  {
    it: 'plans for others while the device is busy with one of those orders',
    given: 'de-energise:1 recorded open:2 looked:closed',
    gives: 'begin act:de-energise look begin',
  },
  {
    it: 'believes what it reads back rather than what the device said',
    given: 'close:1 looked:open recorded looked:open done looked:open recorded',
    gives: 'look begin look operate:close look end:failed answer0:failed/open',
  },
  {
    it: 'believes the read-back when the device said nothing in time',
    given: 'open:1 looked:closed recorded unknown looked:open recorded',
    gives: 'look begin operate:open look end:done answer0:done/open',
  },
  {
    it: 'says unknown, with the position now, when neither says that it was done',
    given: 'open:1 looked:closed recorded unknown looked:closed recorded',
    gives: 'look begin operate:open look end:unknown answer0:unknown/closed',
  },
  {
    it: 'says that the device refused',
    given: 'open:1 looked:closed recorded failed looked:closed recorded',
    gives: 'look begin operate:open look end:failed answer0:failed/closed',
  },
  // Time-outs, from the patience of each phase: 2 s to look, 3 s to record, 6 s to operate.
  {
    it: 'waits for the first look as long as it should, and then opens without it',
    given: 'open:1 tick@1999 tick@2000',
    gives: 'look begin',
  },
  {
    it: 'does not close without it',
    given: 'close:1 tick@1999 tick@2000',
    gives: 'look answer0:interlock forget',
  },
  {
    it: 'operates nothing when recording hangs, and nothing when it ends at last',
    given: 'open:1 looked:closed tick@2999 tick@3000 recorded@3001',
    gives: 'look begin answer0:not-recorded forget',
  },
  {
    it: 'reads back when the device confirms nothing in time, and takes no late word of it',
    given:
      'open:1 looked:closed recorded tick@5999 tick@6000 late:done@6001 looked:closed@6002 recorded@6003 late:done@7000',
    gives: 'look begin operate:open look end:unknown answer0:unknown/closed',
  },
  {
    it: 'takes no late first look for the reading back',
    given: 'open:1 tick@2000 recorded@2001 done@2002 late:looked:closed@2003 looked:open@2004 recorded@2005',
    gives: 'look begin operate:open look end:done answer0:done/open',
  },
  // Who and when.
  {
    it: 'refuses who may not',
    given: 'open:1',
    gives: 'answer0:not-authorised',
    setting: { age: { refusal: { reason: 'not-authorised', words: 'no' } } },
  },
  {
    it: 'is refused when read-only',
    given: 'open:1 close:2',
    gives: 'answer0:read-only answer1:read-only',
    setting: { readOnly: true },
  },
  { it: 'may be inhibited when read-only', given: 'inhibit:1', gives: 'begin', setting: { readOnly: true } },
  {
    it: 'refuses an order without a ticket of its own',
    given: 'open:1',
    gives: 'answer0:expired',
    setting: { age: { ticketAgeMs: undefined } },
  },
  { it: 'takes an order at its lifetime', given: 'open:1', gives: 'look', setting: { age: { ticketAgeMs: 60_000 } } },
  {
    it: 'refuses it just after',
    given: 'open:1',
    gives: 'answer0:expired',
    setting: { age: { ticketAgeMs: 60_001 } },
  },
  {
    it: 'bears clocks that differ by two minutes',
    given: 'open:1',
    gives: 'look',
    setting: { age: { utcAgeMs: 60_000 + UTC_TOLERANCE_MS } },
  },
  {
    it: 'does not bear more',
    given: 'open:1',
    gives: 'answer0:expired',
    setting: { age: { utcAgeMs: 60_001 + UTC_TOLERANCE_MS } },
  },
  { it: 'bears two minutes ahead', given: 'open:1', gives: 'look', setting: { age: { utcAgeMs: -UTC_TOLERANCE_MS } } },
  {
    it: 'does not bear more ahead',
    given: 'open:1',
    gives: 'answer0:from-the-future',
    setting: { age: { utcAgeMs: -UTC_TOLERANCE_MS - 1 } },
  },
  {
    it: 'goes by its ticket alone where a clock is not good',
    given: 'open:1',
    gives: 'look',
    setting: { age: { utcAgeMs: undefined } },
  },
]

describe('the command desk', () => {
  it.each(cases)('$it', ({ given, gives, setting }) => expect(desk(setting).play(given)).toBe(gives))

  it('refuses another order under the same number', () => {
    const started = desk({ age: { digest: 'one' } })
    started.play(OPENS)
    const other = desk({ age: { digest: 'other' }, start: started.state() })
    expect(other.play('close:1')).toBe('answer0:id-taken')
  })

  describe('after a crash', () => {
    const id = commandId(orderOf('open', '1'))
    it('says of an order that was begun that its outcome is not known, with the position now, and operates nothing', () => {
      const { play } = desk({
        start: deskStart([{ id, digest: 'open1' }], instant(0)),
        age: { ticketAgeMs: undefined },
      })
      expect(play('open:1 looked:closed recorded open:1')).toBe(
        'look end:unknown answer0:unknown/closed answer1:unknown/closed',
      )
    })
    it('answers an order that had ended with its outcome', () => {
      const outcome = { command: id, ied: 'R', result: 'done' as const, words: 'done', position: 'open' as const }
      const { play } = desk({ start: deskStart([{ id, digest: 'open1', outcome }], instant(0)) })
      expect(play('open:1')).toBe('answer0:done/open')
    })
  })

  it('forgets a number when its ticket has long ended, and refuses the order then by its age', () => {
    const first = desk()
    first.play(OPENS)
    const kept = `@${MAX_LIFETIME_MS + 59_999}`
    expect(first.play(`open:1${kept}`)).toBe('answer1:done/open')
    const later = desk({ start: first.state(), age: { ticketAgeMs: MAX_LIFETIME_MS + 60_000 } })
    expect(later.play(`open:1@${MAX_LIFETIME_MS + 60_000}`)).toBe('forget answer0:expired')
  })

  it(`remembers ${MAX_REMEMBERED} orders, and gives busy to more rather than forgetting one`, () => {
    const kept = Array.from({ length: MAX_REMEMBERED }, (_, n) => ({ id: `x/${n}`, digest: 'x' }))
    const full = desk({ start: deskStart(kept, instant(0)) })
    expect(full.play('open:1')).toBe('answer0:busy')
    const room = desk({ start: deskStart(kept.slice(1), instant(0)) })
    expect(room.play('open:1')).toBe('look')
  })
})

import { describe, expect, it } from 'vitest'
import {
  restingSectionalizer,
  type SectionalizerEvent,
  type SectionalizerSettings,
  sectionalizer,
} from '../../../src/protection/elements/sectionalizer.ts'
import { duration } from '../../../topology/units.ts'
import { play } from '../script.ts'

/** Behind a recloser of three trips: opens at the second count. */
const SETTINGS: SectionalizerSettings = {
  actuatingAmps: 160,
  counts: 2,
  memory: duration(60_000),
  restraintAmps: 0.5,
  inrushRestraint: duration(0),
}

const run = (script: string, settings = SETTINGS): string =>
  play(
    sectionalizer(settings),
    restingSectionalizer,
    script,
    ([word = '', dead]): SectionalizerEvent =>
      word === 'tick' || word === 'closed'
        ? { kind: word }
        : {
            kind: 'current',
            amps: word === 'unknown' ? undefined : Number(word),
            isDead: dead === undefined ? undefined : dead === 'dead',
          },
    (action, now) => (action.kind === 'open' ? `open@${now}` : `${action.counts}@${now}`),
  )

const cases = [
  {
    it: 'opens in the dead time after its last count',
    given: '50@0 900@100 0@300 900@800 0@1000',
    gives: '1@300 2@1000 open@1000',
  },
  { it: 'does not count a current that falls to that of the load', given: '900@100 40@200 0@5000', gives: '' },
  { it: 'counts nothing at its actuating level', given: '160@100 0@300', gives: '' },
  { it: 'counts just above it', given: '160.1@100 0@300', gives: '1@300' },
  { it: 'takes what still flows below its restraint for nothing', given: '900@100 0.5@300', gives: '1@300' },
  { it: 'waits while a little more flows', given: '900@100 0.6@300 0@400', gives: '' },
  { it: 'forgets after its memory time', given: '900@100 0@300 900@60299 0@60300', gives: '1@300 1@60300' },
  { it: 'remembers until then', given: '900@100 0@300 900@60000 0@60299', gives: '1@300 2@60299 open@60299' },
  {
    it: 'counts from the first when somebody has closed it',
    given: '900@100 0@300 closed@400 900@500 0@700',
    gives: '1@300 1@700',
  },
  { it: 'counts nothing while the voltage stays', given: '900@100 0:live@300 900@400 0:dead@500', gives: '1@500' },
  { it: 'counts nothing that it has not seen end', given: '900@100 unknown@200 0@300', gives: '' },
]

describe('a sectionalizer', () => {
  for (const each of cases) it(each.it, () => expect(run(each.given)).toBe(each.gives))

  it('is armed by twice its level only, while inrush may flow', () => {
    const restrained = { ...SETTINGS, inrushRestraint: duration(3000) }
    expect(run('300@100 0@200', restrained)).toBe('')
    expect(run('330@100 0@200', restrained)).toBe('1@200')
    expect(run('300@100 300@3099 0@3099', restrained)).toBe('')
    expect(run('300@100 300@3100 0@3200', restrained)).toBe('1@3200')
  })
})

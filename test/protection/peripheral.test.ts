// A motor's temperature probe and a door contact, played from scripts: values with their time in s, and what comes of them.
//
//   101        the probe shows 101 °C      bad        no value, of a device that answers     nan       no number
//   silent     the device does not answer  on, off    what the device shows of the motor
//   done, failed     how the trip ended    reset      by a person                            tick
//
// Limits: warns at 100, trips at 120 for 10 s, 5 below it counts as below; broken after 3 s; shows -40 to 250.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type PeripheralAction,
  type PeripheralEvent,
  type PeripheralSettings,
  peripheral,
  peripheralStart,
} from '../../src/protection/peripheral.ts'
import { instant } from '../../topology/units.ts'

const MOTOR: PeripheralSettings = {
  name: 'motor',
  unit: '°C',
  above: true,
  warnAt: 100,
  tripAt: 120,
  hysteresis: 5,
  range: [-40, 250],
  delayMs: 10_000,
  brokenAfterMs: 3000,
  trips: true,
  reset: 'manual',
  tripsWhenBroken: false,
}

function play(script: string, changes: Partial<PeripheralSettings> = {}, latched = false): string {
  const step = peripheral({ ...MOTOR, ...changes })
  let state = peripheralStart(latched)
  const said: string[] = []
  for (const each of script.split(' ')) {
    const [word = '', at = '0'] = each.split('@')
    const next = step(state, eventOf(word), instant(Number(at) * 1000))
    state = next.state
    said.push(...next.actions.map(wordOf))
  }
  return said.join(' ')
}

function eventOf(word: string): PeripheralEvent {
  switch (word) {
    case 'silent':
    case 'reset':
    case 'tick':
      return { kind: word }
    case 'on':
    case 'off':
      return { kind: 'off', isOff: word === 'off' }
    case 'done':
    case 'failed':
      return { kind: 'tripped', confirmed: word === 'done' }
    case 'bad':
      return { kind: 'value', value: undefined }
    case 'nan':
      return { kind: 'value', value: Number.NaN }
    case 'old':
      return { kind: 'value', value: 130, why: 'oldData' }
    default:
      return { kind: 'value', value: Number(word) }
  }
}

function wordOf(action: PeripheralAction): string {
  switch (action.kind) {
    case 'tell':
      return `${action.matter}:${action.phase}`
    case 'trip':
      return `trip:${action.cause}`
    case 'latch':
      return action.stands ? 'latch' : 'unlatch'
    case 'answer':
      return action.done ? 'yes' : 'no'
    case 'wake':
      return `wake@${Number(action.at) / 1000}`
  }
}

const cases: { it: string; given: string; gives: string; settings?: Partial<PeripheralSettings>; latched?: boolean }[] =
  [
    { it: 'says nothing of a cool motor', given: '20 99.9@100 50@200', gives: '' },
    {
      it: 'warns after the delay, at the limit and not below',
      given: '99.9@0 100@10 100@19.9 100@20 95.1@30 94.9@40',
      gives: 'near:begins near:ends',
    },
    {
      it: 'trips and latches once the limit is reached for the delay',
      given: 'on 120@0 125@9.9 125@10 done@10.1 off@11 130@12',
      gives: 'over:begins latch trip:over',
    },
    { it: 'does not trip just below the limit', given: 'on 119.9@0 119.9@10 119.9@600', gives: 'near:begins' },
    {
      it: 'begins anew when it was below the limit in between, by more than the hysteresis',
      given: 'on 120@0 114.9@5 120@6 120@15.9 120@16',
      gives: 'near:begins over:begins latch trip:over',
    },
    {
      it: 'does not begin anew within the hysteresis',
      given: 'on 120@0 115@5 120@10',
      gives: 'over:begins latch trip:over',
    },
    {
      it: 'trips at once without a delay',
      given: 'on 120@0',
      gives: 'over:begins latch trip:over',
      settings: { delayMs: 0 },
    },
    {
      it: 'does not trip on silence, and lets silence not put the trip off',
      given: 'on 120@0 silent@4 tick@10 120@10',
      gives: 'over:begins latch trip:over',
    },
    {
      it: 'counts anew after a silence that is too long',
      given: 'on 120@0 silent@4 120@20 120@29.9 120@30',
      gives: 'over:begins latch trip:over',
    },
    {
      it: 'does not trip again what is off, and stays latched when it has cooled',
      given: 'on 120@0 120@10 done@10 off@10 120@60 20@600',
      gives: 'over:begins latch trip:over',
    },
    {
      it: 'trips again at once when somebody closes it while it is hot',
      given: 'on 120@0 120@10 done@10 off@10 on@20 120@21',
      gives: 'over:begins latch trip:over trip:over',
    },
    {
      it: 'leaves alone what somebody closes when it is cool',
      given: 'on 120@0 120@10 done@10 off@10 20@600 on@610 20@611',
      gives: 'over:begins latch trip:over',
    },
    {
      it: 'tries again with growing pauses until the device shows that it is off',
      given: 'on 120@0 120@10 failed@12 tick@12.9 tick@13 failed@15 tick@16.9 tick@17 off@18 done@18.1 120@30',
      gives: 'over:begins latch trip:over wake@13 trip:over wake@17 trip:over',
    },
    {
      it: 'tries again though the device is silent meanwhile',
      given: 'on 120@0 120@10 silent@11 failed@12 tick@13',
      gives: 'over:begins latch trip:over wake@13 trip:over',
    },
    {
      it: 'takes a trip for done that the device shows, though the answer was lost',
      given: 'on 120@0 120@10 failed@12 off@12.5 tick@13',
      gives: 'over:begins latch trip:over wake@13',
    },
    {
      it: 'is reset by a person once it has cooled, and not before',
      given: 'on 120@0 120@10 done@10 off@10 reset@20 115@30 reset@40 114.9@50 reset@60 reset@61',
      gives: 'over:begins latch trip:over no no unlatch over:ends near:begins yes yes',
    },
    {
      it: 'resets itself below the limit where the setting says so',
      given: 'on 120@0 120@10 done@10 off@10 115@20 silent@21 114.9@30 94.9@40',
      gives: 'over:begins latch trip:over over:ends near:begins unlatch near:ends',
      settings: { reset: 'auto' },
    },
    {
      it: 'is latched still after a restart, cool or not, until it is reset',
      given: 'off 20@0 20@100 reset@101',
      gives: 'unlatch over:ends yes',
      latched: true,
    },
    {
      it: 'trips after a restart what is on and hot, after the delay',
      given: 'on 130@0 130@10',
      gives: 'trip:over',
      latched: true,
    },
    {
      it: 'alarms for a broken probe after its time, and does not trip',
      given: 'on 20@0 bad@1 bad@3.9 bad@4 bad@100 20@101 20@103.9 20@104',
      gives: 'broken:begins broken:ends',
    },
    { it: 'takes one bad value for nothing', given: 'on 20@0 bad@1 20@2 bad@3 20@4 bad@5.9', gives: '' },
    {
      it: 'takes an open circuit for broken: below and above what it can show, and what is no number',
      given: 'on 20@0 -40.1@1 250.1@2 nan@4 250@5 250@15',
      gives: 'broken:begins broken:ends over:begins latch trip:over',
    },
    { it: 'takes a doubted value for none, hot as it is', given: 'on old@0 old@3 old@60', gives: 'broken:begins' },
    {
      it: 'trips for a broken probe where the setting says so, and is not reset before it is whole',
      given: 'on bad@0 bad@3 done@3 off@3 reset@4 20@5 20@8 reset@9',
      gives: 'broken:begins over:begins latch trip:broken no broken:ends unlatch over:ends yes',
      settings: { tripsWhenBroken: true },
    },
    {
      it: 'takes a value that never changes for broken where the setting says so',
      given: 'on 20@0 20@59.9 20@60 21@61 21@64',
      gives: 'broken:begins broken:ends',
      settings: { frozenAfterMs: 60_000 },
    },
    {
      it: 'can be reset while the probe is broken, which must not keep the motor off for ever',
      given: 'on 120@0 120@10 done@10 off@10 bad@20 bad@23 reset@24',
      gives: 'over:begins latch trip:over broken:begins unlatch over:ends yes',
    },
    {
      it: 'only alarms without an action',
      given: 'on 120@0 120@10 90@20',
      gives: 'over:begins over:ends',
      settings: { trips: false },
    },
    {
      it: 'watches a lower limit',
      given: 'on 20@0 10@10 10@20 15@30 15.1@40',
      gives: 'over:begins latch trip:over',
      settings: { above: false, warnAt: undefined, tripAt: 10 },
    },
    {
      it: 'watches a contact',
      given: 'on 0@0 1@1 1@10.9 1@11 done@11 off@11 0@20 reset@21',
      gives: 'over:begins latch trip:over unlatch over:ends yes',
      settings: { warnAt: undefined, tripAt: 1, hysteresis: 0, range: [0, 1], unit: '' },
    },
  ]

describe('peripheral', () => {
  for (const { it: name, given, gives, settings, latched } of cases) {
    it(name, () => expect(play(given, settings, latched)).toBe(gives))
  }

  it('never trips without good values beyond the limit for the delay, whatever comes', () => {
    const words = fc.constantFrom(
      '20',
      '99',
      '110',
      '119.9',
      'bad',
      'nan',
      'old',
      '-50',
      '300',
      'silent',
      'on',
      'off',
      'tick',
      'reset',
      'failed',
      'done',
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(words, fc.integer({ min: 0, max: 20 })), { maxLength: 60 }), happenings => {
        let at = 0
        const script = happenings.map(([word, later]) => {
          at += later
          return `${word}@${at}`
        })
        expect(play(['on@0', ...script].join(' '))).not.toMatch(/trip|latch/)
      }),
    )
  })

  it('always trips what is on and hot for long enough, however often values are missing in between', () => {
    const words = fc.constantFrom('130', '130', 'bad', 'silent', 'nan', 'old', 'on', 'tick')
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), between => {
        // At the most 2 s without a good value, so that the probe counts as whole.
        const script = between.flatMap((word, n) => [`${word}@${n + 1}`, `130@${n + 1.5}`])
        const end = between.length + 30
        const tail = Array.from({ length: 14 }, (_, n) => `130@${end - 28 + n}`)
        expect(play(['on@0', '130@0.5', ...script, ...tail].join(' '))).toMatch(/latch trip:over/)
      }),
    )
  })
})

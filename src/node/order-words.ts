// An order in the words of the command line and of scenarios: `open`, `de-energise s671-692`, `set KEY VALUE`.

import { MAX_HOLD_MINUTES, MAX_TEST_SECONDS, MIN_TEST_SECONDS, type Verb, type What } from '../protection/command.ts'
import { testFaultKinds } from '../protection/site-test-fault.ts'
import { NodeError } from './node-error.ts'

export const DEFAULT_INHIBIT_MINUTES = 480

/** @throws NodeError BAD_INPUT */
export function parseWhat([verb, ...rest]: readonly string[]): What {
  const [first, second] = rest
  const need = (count: number, form: string): void => {
    if (rest.length !== count) throw new NodeError('BAD_INPUT', `${verb}: want ${form}`)
  }
  switch (verb as Verb | 'trip' | undefined) {
    case 'open':
    case 'trip':
      need(0, 'nothing after it')
      return { verb: 'open' }
    case 'close':
    case 'release':
    case 'reset-billing':
    case 'accept-device':
    case 'send-data':
    case 'record':
      need(0, 'nothing after it')
      return { verb: verb as 'close' }
    case 'connect':
    case 'disconnect': {
      if (first === undefined) return { verb: verb as 'connect' }
      if (rest.length > 1) throw new NodeError('BAD_INPUT', `${verb}: want ${verb} [MINUTES]`)
      return { verb: verb as 'connect', minutes: minutesIn(first) }
    }
    case 'price':
      need(2, 'price PER-KWH MINUTES, such as price 0.85 60')
      if (!PRICE.test(first as string)) {
        throw new NodeError('BAD_INPUT', `price ${first}: want a decimal number of six places at most`)
      }
      return { verb: 'price', perKwh: first as string, minutes: minutesIn(second as string) }
    case 'de-energise':
      need(1, 'de-energise SECTION')
      return { verb: 'de-energise', section: first as string }
    case 'acknowledge':
      need(1, 'acknowledge ALERT, the id that "feedermesh alerts" shows')
      return { verb: 'acknowledge', alert: first as string }
    case 'reset':
      need(1, 'reset NAME, of a peripheral or setpoint that has latched')
      return { verb: 'reset', name: first as string }
    case 'tag':
      if (first === undefined) throw new NodeError('BAD_INPUT', 'tag: want tag WORDS, who works there and why')
      return { verb: 'tag', words: rest.join(' ') }
    case 'note':
      if (first === undefined) throw new NodeError('BAD_INPUT', 'note: want note WORDS, what was done at the device')
      return { verb: 'note', words: rest.join(' ') }
    case 'untag':
    case 'return-to-normal':
      need(0, 'nothing after it')
      return { verb: verb as 'untag' }
    case 'site-test': {
      if (first === undefined || rest.length > 2)
        throw new NodeError('BAD_INPUT', 'want site-test SECTION[:KIND] [SECONDS]')
      return siteTestOf(first, second)
    }
    case 'end-site-test':
      need(0, 'nothing after it')
      return { verb: 'end-site-test' }
    case 'reset-origin':
      need(1, 'reset-origin NAME')
      return { verb: 'reset-origin', origin: first as string }
    case 'inhibit': {
      const minutes = first === undefined ? DEFAULT_INHIBIT_MINUTES : first === 'off' ? 0 : Number(first)
      if (rest.length > 1 || !Number.isInteger(minutes)) throw new NodeError('BAD_INPUT', 'want inhibit [MINUTES|off]')
      return { verb: 'inhibit', minutes }
    }
    case 'set':
      need(2, 'set KEY VALUE')
      return { verb: 'set', key: first as string, value: valueIn(second as string) }
    default:
      throw new NodeError('BAD_INPUT', `no verb "${verb ?? ''}", want one of those that command --help lists`)
  }
}

export const DEFAULT_TEST_SECONDS = 10

/** @param fault SECTION[:KIND] @param stuck a device that is played as one that does not open */
export function siteTestOf(fault: string, duration = String(DEFAULT_TEST_SECONDS), stuck?: string): What {
  const [section = '', kind = 'three-phase', ...more] = fault.split(':')
  const seconds = Number(duration)
  const known = testFaultKinds.find(each => each === kind)
  if (known === undefined || more.length > 0)
    throw new NodeError('BAD_INPUT', `${fault}: want SECTION or SECTION:KIND, of ${testFaultKinds.join(', ')}`)
  if (!Number.isInteger(seconds) || seconds < MIN_TEST_SECONDS || seconds > MAX_TEST_SECONDS)
    throw new NodeError('BAD_INPUT', `${duration}: want ${MIN_TEST_SECONDS} to ${MAX_TEST_SECONDS} whole seconds`)
  return { verb: 'site-test', section, kind: known, seconds, ...(stuck === undefined ? {} : { stuck }) }
}

const PRICE = /^-?\d{1,9}(\.\d{1,6})?$/

function minutesIn(text: string): number {
  const minutes = Number(text)
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= MAX_HOLD_MINUTES) return minutes
  throw new NodeError('BAD_INPUT', `${text}: want whole minutes, 1 to ${MAX_HOLD_MINUTES}`)
}

function valueIn(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

// An order in the words of the command line and of scenarios: `open`, `de-energise s671-692`, `set KEY VALUE`.

import type { Verb, What } from '../protection/command.ts'
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
    case 'connect':
    case 'disconnect':
    case 'reset-billing':
    case 'accept-device':
    case 'send-data':
    case 'record':
      need(0, 'nothing after it')
      return { verb: verb as 'close' }
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
    case 'untag':
    case 'return-to-normal':
      need(0, 'nothing after it')
      return { verb: verb as 'untag' }
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

function valueIn(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

// What an entry of the sequence of events is to a reader: something seen, heard, said, decided or done, or something that was
// not done; and the entry in words. Entries that are not named here are read by their fields, so that a new scheme is
// explained from its first day.

import type { Plain } from './sequence-of-events.ts'

export type Role = 'saw' | 'heard' | 'said' | 'decided' | 'did' | 'did not'

type Fields = Readonly<Record<string, Plain>>
type Words = (fields: Fields) => string

/** Of a field: a number as exactly as a reader wants it. */
const shown = (value: Plain): string =>
  typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(Math.abs(value) < 100 ? value.toPrecision(3) : value.toFixed(1)))
    : String(value)

const of = (key: string) => (fields: Fields) => shown(fields[key] ?? '')
const device = of('device')
const origin = of('origin')

const KNOWN: Readonly<Record<string, readonly [Role, Words]>> = {
  'first-look': ['saw', f => `its device at first: ${rest(f, [])}`],
  before: ['saw', f => `as it was before: ${rest(f, [])}`],
  position: ['saw', f => `${device(f)} ${of('position')(f)}`],
  pickup: ['saw', f => `its ${f.ground === true ? 'ground' : 'fault'} element picked up`],
  'ground-pickup': ['saw', () => 'its ground element picked up too'],
  dropout: ['saw', () => 'its fault element dropped out'],
  'high-set-pickup': ['saw', () => 'its high-set element picked up'],
  'high-set-dropout': ['saw', () => 'its high-set element dropped out'],
  'relay-tripped': ['saw', () => 'its relay tripped'],
  'relay-reset': ['saw', () => 'its relay reset'],
  'relay-locked-out': ['saw', () => 'its relay locked out: no more shots'],
  'relay-unlocked': ['saw', () => 'its relay no longer locked out'],
  'hot-line-tag': ['saw', () => 'a hot-line tag on its device'],
  'hot-line-tag-off': ['saw', () => 'the hot-line tag gone'],
  'local-control': ['saw', () => 'its device in local control'],
  'remote-control': ['saw', () => 'its device in remote control again'],
  'voltage-low': ['saw', () => 'the voltage low'],
  'voltage-normal': ['saw', () => 'the voltage normal again'],
  'no-voltage': ['saw', () => 'no voltage'],
  'voltage-back': ['saw', () => 'voltage again'],
  'far-side-dead': ['saw', () => 'no voltage on the far side of its device'],
  'far-side-live': ['saw', () => 'voltage on the far side of its device'],
  'load-shed': ['saw', () => 'its load off'],
  'load-restored': ['saw', () => 'its load on again'],
  'fault-passage': ['saw', passageWords],
  'fault-current': ['saw', f => `current during the fault: ${rest(f, [])}`],
  'power-quality': ['saw', f => String(f.text ?? rest(f, ['id']))],
  'device-silent': ['saw', f => `its field device silent${because(f)}`],
  'device-answering': ['saw', () => 'its field device answering'],
  'link-silent': ['saw', f => `the link to ${of('peer')(f)} silent`],
  'link-back': ['saw', f => `the link to ${of('peer')(f)} back`],
  'position-known': ['heard', f => `${device(f)} ${of('position')(f)}`],
  'position-unknown': ['heard', f => `nothing of ${device(f)} any more: its position is unknown`],
  told: [
    'heard',
    f =>
      `${origin(f)}: ${device(f)} has tripped${f.holds === true ? '; the own element is picked up: backs it up' : ''}`,
  ],
  'outage-expected': ['heard', f => `${origin(f)}: ${device(f)} has tripped above: an outage is to be expected`],
  warned: [
    'heard',
    f =>
      `${origin(f)} warns of a ${of('severity')(f)} disturbance on ${of('section')(f)}: reaction ${of('reaction')(f)}`,
  ],
  'own-measurement': ['decided', () => 'the own measurement confirms the warning'],
  'warning-ended': ['decided', f => `the warning is over${f.by === undefined ? '' : ` (${of('by')(f)})`}`],
  'warning-sent': [
    'said',
    f => `to those below: a ${of('severity')(f)} disturbance on ${of('section')(f)}${residual(f)}`,
  ],
  'all-clear-sent': ['said', f => `all clear for ${of('section')(f)}`],
  'relay-state': ['said', f => `up and down: the relay of ${device(f)}: ${state(f)}`],
  'relay-heard': ['heard', f => `${origin(f)}: the relay of ${device(f)}, ${of('place')(f)}: ${state(f)}`],
  'transfer-trip': [
    'said',
    f =>
      `to generators below: ${f.stands === false ? `the trip of ${device(f)} is over` : `leave, ${device(f)} has tripped`}`,
  ],
  'transfer-trip-over': ['heard', f => `${origin(f)}: the trip of ${device(f)} is over`],
  'sag-begins': ['saw', f => (f.dead === true ? 'no voltage' : 'the voltage low')],
  'sag-ends': ['saw', () => 'the voltage normal again'],
  'last-gasp': ['heard', f => `${of('ied')(f)} has lost its supply`],
  'power-restored': ['heard', f => `${of('ied')(f)} has its supply back after ${of('lastedSeconds')(f)} s`],
  'supply-recorded': ['did', f => `record ${of('of')(f)} as ${state(f)}`],
  'neighbour-silent': ['saw', f => `${of('ied')(f)} silent`],
  'neighbour-answering': ['saw', f => `${of('ied')(f)} answering again`],
  'restoration-begins': ['decided', f => `restoration by ${device(f)}: asks for ${of('grants')(f)}`],
  'restoration-waits': ['did not', f => `go on with restoration: ${of('why')(f)}`],
  'restoration-closes': ['decided', f => `close ${device(f)}, which feeds ${of('feeds')(f)}`],
  'restoration-over': ['decided', f => `restoration is over: ${of('why')(f)}`],
  isolated: ['did', f => `have ${of('devices')(f)} opened and read back, in ${of('travelMs')(f)} ms`],
  restored: ['did', f => `feed ${of('feeds')(f)} by ${device(f)} in ${of('ms')(f)} ms${travel(f)}`],
  tripped: ['said', f => `up and down: ${device(f)} has tripped`],
  operated: ['did', f => `${of('operation')(f)}${cause(f)}, read back`],
  'shed-already': ['did not', () => 'shed: somebody else had shed the load'],
  'reaction-inhibited': [
    'did not',
    f => `${of('operation')(f)}: ${String(f.reason ?? 'an inhibit stands')}${cause(f)}`,
  ],
  ordered: ['did', f => `${of('order')(f)}, as ${of('by')(f)} ordered: ${of('words')(f)}`],
  'order-refused': ['did not', f => `${of('order')(f)}, as ${of('by')(f)} ordered: ${of('words')(f)}`],
  inhibited: ['decided', f => `nothing of its own accord: ${of('by')(f)} inhibits it`],
  'inhibit-ended': ['decided', f => `free to act again (${of('by')(f)})`],
  latched: ['decided', f => `no closing until a person resets ${of('by')(f)}`],
  unlatched: ['decided', f => `${of('by')(f)} no longer bars closing`],
  started: ['did', f => `start, epoch ${of('epoch')(f)}`],
  recording: ['did', f => `keep recording ${of('id')(f)} (${of('trigger')(f)})`],
  gap: ['did not', f => `keep ${of('count')(f)} entries: ${of('because')(f)}`],
  alarm: ['decided', alarmWords],
  'interlock-asked': ['said', f => `question ${of('number')(f)}: do ${of('asked')(f) || 'none'} below see the fault?`],
  'interlock-answered': ['said', f => `to ${of('to')(f)}, question ${of('number')(f)}: sees it ${of('sees')(f)}`],
  'interlock-trip': ['decided', f => `the fault is in its own zone: fast trip after ${of('afterMs')(f)} ms`],
  'interlock-stood-by': ['did not', f => `trip fast: ${rest(f, ['id', 'incident', 'number'])}`],
  // Of a run in virtual time, where the truth is known.
  device: ['did', of('words')],
  scenario: ['did', of('words')],
}

/** Alarms that say that something was wanted and not done. */
const UNDONE: ReadonlySet<Plain | undefined> = new Set(['operation-failed', 'undecided', 'order-interrupted'])

export interface Told {
  readonly role: Role
  readonly words: string
}

export function toldOf(event: string, fields: Fields): Told {
  const known = Object.hasOwn(KNOWN, event) ? KNOWN[event] : undefined
  if (known === undefined) return { role: guessed(event, fields), words: generic(event, fields) }
  const [role, words] = known
  return { role: isInaction(event, fields) ? 'did not' : role, words: words(fields) }
}

/** A message that was heard is one, whatever the reaction; that nothing was done then stands in its words. */
const isInaction = (event: string, { alarm }: Fields): boolean => event === 'alarm' && UNDONE.has(alarm)

const DONE = /^(operated|opened|closed|shed|restored|tripped|started|stopped|transferred|released|granted|isolated)\b/
const UNDONE_WORDS =
  /(^|-)(refus\w*|held|inhibit\w*|withheld|not|no|none|fail\w*|restrain\w*|blocked|skipped|suspended|abandoned|ignored)(-|$)/
const SAID = /(^|-)(sent|announced|asked|answered|said|told-others)(-|$)/

function guessed(event: string, fields: Fields): Role {
  if (UNDONE_WORDS.test(event)) return 'did not'
  if (DONE.test(event)) return 'did'
  if (SAID.test(event)) return 'said'
  return fields.origin !== undefined || fields.from !== undefined ? 'heard' : 'decided'
}

const generic = (event: string, fields: Fields): string => {
  const said = typeof fields.words === 'string' ? fields.words : rest(fields, ['id', 'incident'])
  return `${event.replaceAll('-', ' ')}${said === '' ? '' : `: ${said}`}`
}

const rest = (fields: Fields, without: readonly string[]): string =>
  Object.entries(fields)
    .filter(([key]) => !without.includes(key))
    .map(([key, value]) => `${key} ${shown(value)}`)
    .join(', ')

const because = ({ reason }: Fields): string => (reason === undefined ? '' : `: ${reason}`)
const cause = (f: Fields): string => (f.cause === undefined ? '' : ` (${f.cause})`)
const residual = ({ residualPu }: Fields): string =>
  residualPu === undefined ? '' : `, ${Number(Number(residualPu).toFixed(3))} pu left`
const state = (f: Fields): string => of('state')(f).replaceAll('-', ' ')
const travel = ({ travelMs }: Fields): string => (travelMs === undefined ? '' : `, ${shown(travelMs)} ms of it travel`)

function passageWords(f: Fields): string {
  const entered = String(f.entered ?? '')
  if (entered === '') return 'fault current no more in the sections that it observes'
  const left = new Set(String(f.left ?? '').split(' '))
  const here = entered.split(' ').filter(section => !left.has(section))
  const where = here.length === 0 ? `${entered} and out again` : `${here.join(', ')}, and not out of it`
  return `fault current into ${where}${residual(f)}`
}

function alarmWords(f: Fields): string {
  const what = String(f.alarm ?? 'alarm').replaceAll('-', ' ')
  return `alarm: ${what}${cause(f)}${because(f)}${details(f)}`
}

const details = (f: Fields): string => {
  const said = rest(f, ['alarm', 'cause', 'reason', 'id', 'incident'])
  return said === '' ? '' : ` — ${said}`
}

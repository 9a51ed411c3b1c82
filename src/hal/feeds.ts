// What a register can feed: the fields of `Measurement` and `Status`, each with its kind and its unit.

export type FeedKind =
  /** A physical quantity, held as a double. */
  | 'number'
  /** A register of whole watt-hours, held as a bigint and never as a binary float. */
  | 'energy'
  | 'boolean'
  | 'position'
  /** One bit for each observed section. */
  | 'mask'

export type PollClass = 'fast' | 'slow'

interface FeedFacts {
  readonly kind: FeedKind
  /** Slow feeds go into a measurement, fast ones into a status. */
  readonly class: PollClass
  /** What a scaled value is in. */
  readonly unit?: string
}

const amount = (unit: string): FeedFacts => ({ kind: 'number', class: 'slow', unit })
const energy: FeedFacts = { kind: 'energy', class: 'slow', unit: 'Wh' }
const flag: FeedFacts = { kind: 'boolean', class: 'fast' }
const mask: FeedFacts = { kind: 'mask', class: 'fast' }

const FACTS = {
  'volts.a': amount('V'),
  'volts.b': amount('V'),
  'volts.c': amount('V'),
  'amps.a': amount('A'),
  'amps.b': amount('A'),
  'amps.c': amount('A'),
  'kw.a': amount('kW'),
  'kw.b': amount('kW'),
  'kw.c': amount('kW'),
  'kvar.a': amount('kvar'),
  'kvar.b': amount('kvar'),
  'kvar.c': amount('kvar'),
  frequencyHz: amount('Hz'),
  temperatureC: amount('°C'),
  importWh: energy,
  exportWh: energy,
  position: { kind: 'position', class: 'fast' },
  shed: flag,
  pickup: flag,
  tripped: flag,
  sag: flag,
  dead: flag,
  entered: mask,
  left: mask,
  residualPu: { kind: 'number', class: 'fast', unit: 'pu' },
} as const satisfies Record<string, FeedFacts>

export type Feed = keyof typeof FACTS
export const FEEDS = Object.keys(FACTS) as [Feed, ...Feed[]]
export const factsOf = (feed: Feed): FeedFacts => FACTS[feed]

/** What one point decodes to. Absent values are not in the list at all. */
export type FeedValue = number | bigint | boolean | 'open' | 'closed' | 'unknown'

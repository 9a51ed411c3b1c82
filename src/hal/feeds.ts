// What a register can feed: the fields of `Measurement`, `Status` and `DeviceIdentity`, each with its kind and its unit.

export type FeedKind =
  /** A physical quantity, held as a double. */
  | 'number'
  /** A register of whole watt-hours or var-hours, held as a bigint and never as a binary float. */
  | 'energy'
  | 'boolean'
  | 'position'
  /** One bit for each observed section. */
  | 'mask'
  | 'text'
  /** A counter by which the device shows that it lives; goes into no measurement. */
  | 'heartbeat'

/**
 * How often a point is read: `fast` is the status, by which protection acts; `measurement` what changes from second to
 * second, `energy` the registers that bills are made of, `rare` what hardly ever changes.
 */
export const POLL_CLASSES = ['fast', 'measurement', 'energy', 'rare'] as const
export type PollClass = (typeof POLL_CLASSES)[number]

interface FeedFacts {
  readonly kind: FeedKind
  readonly class: PollClass
  /** What a scaled value is in. */
  readonly unit?: string
  /** What can be at all: beyond, the value is shown, and doubted. */
  readonly limits?: readonly [min: number, max: number]
}

const AC = ['a', 'b', 'c'] as const
type Limits = readonly [min: number, max: number]

const amount = (unit: string, limits?: Limits): FeedFacts => ({
  kind: 'number',
  class: 'measurement',
  unit,
  ...(limits && { limits }),
})
const energy = (unit: string): FeedFacts => ({ kind: 'energy', class: 'energy', unit })
const flag: FeedFacts = { kind: 'boolean', class: 'fast' }
const mask: FeedFacts = { kind: 'mask', class: 'fast' }
const text: FeedFacts = { kind: 'text', class: 'rare' }

/** No line of a feeder is beyond these, nor any current or power in it. */
const VOLTS: Limits = [0, 1_000_000]
const AMPS: Limits = [0, 200_000]
const POWER: Limits = [-10_000_000, 10_000_000]
const PERCENT: Limits = [0, 1_000]

type Each<Q extends string, P extends string> = { [name in `${Q}.${P}`]: FeedFacts }
const each = <Q extends string, P extends string>(quantity: Q, parts: readonly P[], facts: FeedFacts): Each<Q, P> =>
  Object.fromEntries(parts.map(part => [`${quantity}.${part}`, facts])) as Each<Q, P>

const PROBES = ['1', '2', '3', '4', '5', '6', '7', '8'] as const
const INPUTS = [...PROBES, '9', '10', '11', '12', '13', '14', '15', '16'] as const
const PHASES_AND_TOTAL = [...AC, 'total'] as const

const FACTS = {
  ...each('volts', AC, amount('V', VOLTS)),
  ...each('voltsLineToLine', ['ab', 'bc', 'ca'], amount('V', VOLTS)),
  ...each('amps', [...AC, 'n'], amount('A', AMPS)),
  ...each('kw', PHASES_AND_TOTAL, amount('kW', POWER)),
  ...each('kvar', PHASES_AND_TOTAL, amount('kvar', POWER)),
  ...each('kva', PHASES_AND_TOTAL, amount('kVA', [0, POWER[1]])),
  ...each('powerFactor', PHASES_AND_TOTAL, amount('', [-1, 1])),
  frequencyHz: amount('Hz', [0, 500]),
  ...each('thdVolts', AC, amount('%', PERCENT)),
  ...each('thdAmps', AC, amount('%', PERCENT)),
  unbalanceVolts: amount('%', PERCENT),
  unbalanceAmps: amount('%', PERCENT),
  temperatureC: amount('°C', [-273.15, 2_000]),
  ...each('temperaturesC', PROBES, amount('°C', [-273.15, 2_000])),
  importWh: energy('Wh'),
  exportWh: energy('Wh'),
  importVarh: energy('varh'),
  exportVarh: energy('varh'),
  position: { kind: 'position', class: 'fast' },
  shed: flag,
  pickup: flag,
  groundPickup: flag,
  highSet: flag,
  tripped: flag,
  lockedOut: flag,
  hotLineTag: flag,
  local: flag,
  sag: flag,
  dead: flag,
  farDead: flag,
  inSync: flag,
  powerFail: flag,
  entered: mask,
  left: mask,
  residualPu: { kind: 'number', class: 'fast', unit: 'pu', limits: [0, 10] },
  ...each('inputs', INPUTS, flag),
  heartbeat: { kind: 'heartbeat', class: 'fast' },
  ...each('identity', ['manufacturer', 'model', 'serialNumber', 'firmware'], text),
} as const satisfies Record<string, FeedFacts>

export type Feed = keyof typeof FACTS
export const FEEDS = Object.keys(FACTS) as [Feed, ...Feed[]]
export const factsOf = (feed: Feed): FeedFacts => FACTS[feed]

/** Digital inputs, probes: what is beside the switching device. All else of the fast class is what protection acts on. */
export const isPeripheral = (feed: Feed): boolean => feed.startsWith('inputs.')

/** What one point decodes to. Absent values are not in the list at all. */
export type FeedValue = number | bigint | boolean | string

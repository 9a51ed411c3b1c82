// Which channel is what: units, phases, and the primary side. Makers name channels as they like, so this reads the usual
// names and leaves the rest alone; a configuration can always say it.

import type { PerPhase } from '../port.ts'
import { ComtradeError } from './comtrade-error.ts'
import { show } from './header.ts'
import type { AnalogChannel, ComtradeRecord } from './record.ts'

const phases = ['a', 'b', 'c'] as const
export type Phase = (typeof phases)[number]
export type Quantity = 'volts' | 'amps'

/** Number or name. */
export type ChannelName = string | number

const UNIT = /^(k|m)?\s*(v|volts?|a|amps?|amperes?)$/i

/** What it measures and how much one of its units is, in volts or amperes; undefined for everything else. */
export function quantityOf(unit: string): { readonly quantity: Quantity; readonly factor: number } | undefined {
  const [, prefix = '', name] = UNIT.exec(unit.trim()) ?? []
  if (name === undefined) return undefined
  const factor = prefix === '' ? 1 : prefix === 'm' ? 1e-3 : prefix === 'M' ? 1e6 : 1e3
  return { quantity: /^v/i.test(name) ? 'volts' : 'amps', factor }
}

/** From a value as recorded to one on the primary side. */
export const toPrimary = ({ side, primary, secondary }: AnalogChannel): number =>
  side === 'S' && primary > 0 && secondary > 0 ? primary / secondary : 1

const PHASES: Readonly<Record<string, Phase>> = {
  ...{ a: 'a', l1: 'a', r: 'a', '1': 'a' },
  ...{ b: 'b', l2: 'b', s: 'b', '2': 'b' },
  ...{ c: 'c', l3: 'c', t: 'c', '3': 'c' },
}
/** `Va`, `IL2`, `5-Ua`, `F6-VB`; and neither `Vab` nor `U21`, which are between phases, nor `3U0`. */
const NAME = /(?:^|[^a-z0-9])[uvi]_?(l?[123]|[abc])(?:$|[^a-z0-9])/i

function phaseOf({ phase, name }: AnalogChannel): Phase | undefined {
  const said = PHASES[phase.toLowerCase()]
  // A lone digit in the field for the phase is a number of the maker's as often as a phase.
  if (said !== undefined && !/^\d$/.test(phase)) return said
  return PHASES[NAME.exec(name)?.[1]?.toLowerCase() ?? '']
}

/** The first channel of each phase, by the usual names. */
export function usualChannels({ header }: ComtradeRecord, wanted: Quantity): PerPhase<AnalogChannel> {
  const found: Partial<Record<Phase, AnalogChannel>> = {}
  for (const channel of header.analog) {
    const phase = phaseOf(channel)
    if (phase !== undefined && quantityOf(channel.unit)?.quantity === wanted) found[phase] ??= channel
  }
  return found
}

/** @throws ComtradeError COMTRADE_NO_CHANNEL */
export function namedChannels(record: ComtradeRecord, named: PerPhase<ChannelName>): PerPhase<AnalogChannel> {
  return Object.fromEntries(
    phases.flatMap(phase => {
      const wanted = named[phase]
      return wanted === undefined ? [] : [[phase, findChannel(record, record.header.analog, wanted)]]
    }),
  )
}

/** @throws ComtradeError COMTRADE_NO_CHANNEL */
export function findChannel<T extends { readonly name: string; readonly number: number }>(
  { file }: ComtradeRecord,
  channels: readonly T[],
  wanted: ChannelName,
): T {
  const found = channels.find(({ name, number }) => wanted === number || wanted === name)
  if (found !== undefined) return found
  const names = channels.slice(0, 20).map(({ name }) => name)
  const more = channels.length > names.length ? ` and ${channels.length - names.length} more` : ''
  throw new ComtradeError(
    'COMTRADE_NO_CHANNEL',
    `${file}: no channel ${typeof wanted === 'number' ? wanted : show(wanted)}, want ${names.map(show).join(', ') || 'none'}${more}`,
  )
}

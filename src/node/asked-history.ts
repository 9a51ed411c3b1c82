// `feedermesh history --ask`: the back-end peer asks the IED first, and lists what it then has.

import { after, duration, utcMs } from '../../topology/units.ts'
import { recordClasses } from '../aggregation/record.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext } from './component.ts'
import type { HistoryAsks } from './history-asks.ts'
import type { KeptAsk } from './kept-asks.ts'
import type { ListingQuery } from './listings.ts'
import { NodeError } from './node-error.ts'
import { type Listed, PAUSE } from './readout-rows.ts'

const LOOK_EVERY = duration(250)
/** A reader takes a peer that says nothing for half a minute for gone. */
const LOOKS_A_SIGN = 20

export async function* askedHistory(
  { clock, feeder }: Pick<ComponentContext, 'clock' | 'feeder'>,
  asks: HistoryAsks,
  query: ListingQuery,
  listed: () => AsyncIterable<Listed>,
  signal: AbortSignal,
  from: Credential,
): AsyncGenerator<Listed | typeof PAUSE> {
  const { ied, fromUtc = utcMs(0), toUtc = clock.utc(), classes = recordClasses } = query
  if (ied === undefined) throw new NodeError('BAD_INPUT', 'history: ied: want the IED that is to be asked')
  if (!feeder.file.ieds.some(each => each.name === ied))
    throw new NodeError('BAD_INPUT', `history: ied: no IED ${ied} in the feeder file`)
  if (from.department !== undefined)
    throw new NodeError(
      'REFUSED',
      `history: ${from.name} is of department ${from.department}: want who reads all classes`,
    )
  if (toUtc <= fromUtc) throw new NodeError('BAD_INPUT', 'history: --from is not before --to')
  const id = await asks.ask({ ied, range: { fromUtcMs: fromUtc, toUtcMs: toUtc, classes }, by: from.name })
  for (let looks = 1; asks.of(id)?.state === 'going'; looks++) {
    if (signal.aborted) return // it goes on all the same
    await new Promise<void>(resume => void clock.wakeAt(after(clock.now(), LOOK_EVERY), resume))
    if (looks % LOOKS_A_SIGN === 0) yield PAUSE
  }
  const { state, words } = asks.of(id) ?? { state: 'silent', words: '' }
  if (state === 'refused') throw new NodeError('REFUSED', `history: ${ied} gives nothing: ${words}`)
  if (state === 'silent') throw new NodeError('UNREACHABLE', `history: ${ied} did not answer for a day: ${words}`)
  yield* listed()
}

export const askedRow = ({ ied, range, askedUtcMs, by, state, upTo, lacking, gone, words }: KeptAsk) => ({
  ied,
  fromUtc: new Date(range.fromUtcMs).toISOString(),
  toUtc: new Date(range.toUtcMs).toISOString(),
  classes: range.classes.length === recordClasses.length ? [] : range.classes,
  askedUtc: new Date(askedUtcMs).toISOString(),
  by,
  state,
  upTo,
  lacking,
  gone,
  words,
})

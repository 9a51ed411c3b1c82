import { describe, expect, it } from 'vitest'
import {
  noTransferTrip,
  type TransferTripAction,
  type TransferTripEvent,
  transferTrip,
} from '../../src/protection/transfer-trip.ts'
import { play } from './script.ts'

// `PCC:stands` the trip of PCC stands and it is above; `PCC:stands:undecided` nobody can say where; `PCC:over` it ended;
// `PCC:stands:upstream:2` another trip of it; `PCC:not-opened` the generator could not be opened.
const eventOf = ([device = '', what = '', place = 'upstream', trip = '1']: readonly string[]): TransferTripEvent =>
  what === 'not-opened'
    ? { kind: 'not-opened', device }
    : {
        kind: 'trip',
        device,
        trip,
        stands: what === 'stands',
        place: place as 'upstream' | 'undecided',
        origin: `ied-${device}`,
      }
const write = (action: TransferTripAction): string =>
  action.kind === 'open' ? `open:${action.generator}:${action.device}` : `${action.kind}:${action.device}`
const run = (given: string, generator: string | undefined = 'G'): string =>
  play(transferTrip({ generator }), noTransferTrip, given, eventOf, write)

describe('a transfer trip', () => {
  const cases = [
    { it: 'opens the generator', given: 'PCC:stands@0', does: 'open:G:PCC' },
    { it: 'opens it once, however often it is repeated', given: 'PCC:stands@0 PCC:stands@4', does: 'open:G:PCC' },
    { it: 'closes nothing when it is over', given: 'PCC:stands@0 PCC:over@50', does: 'open:G:PCC ended:PCC' },
    {
      it: 'opens it again when the device trips again',
      given: 'PCC:stands@0 PCC:over@50 PCC:stands@60',
      does: 'open:G:PCC ended:PCC open:G:PCC',
    },
    {
      it: 'opens it again when the device trips again and nobody heard that the first one was over',
      given: 'PCC:stands@0 PCC:stands:upstream:2@60 PCC:stands:upstream:2@64',
      does: 'open:G:PCC open:G:PCC',
    },
    {
      it: 'opens it at the next repeat when it could not be opened',
      given: 'PCC:stands@0 PCC:not-opened@20 PCC:stands@40 PCC:stands@80',
      does: 'open:G:PCC open:G:PCC',
    },
    { it: 'is nothing where none stood', given: 'PCC:over@0', does: '' },
    {
      it: 'of each device above counts for itself',
      given: 'PCC:stands@0 SUB:stands@1 PCC:over@2',
      does: 'open:G:PCC open:G:SUB ended:PCC',
    },
    {
      it: 'does nothing but alarm, once, while nobody can say where the device is',
      given: 'PCC:stands:undecided@0 PCC:stands:undecided@4',
      does: 'alarm:PCC',
    },
    {
      it: 'opens the generator when a repeat can be placed',
      given: 'PCC:stands:undecided@0 PCC:stands@4',
      does: 'alarm:PCC open:G:PCC',
    },
  ]
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))
  it('is nothing to an IED that operates no generator', () => {
    const step = transferTrip({ generator: undefined })
    expect(play(step, noTransferTrip, 'PCC:stands@0 PCC:over@1', eventOf, write)).toBe('')
  })
})

import { describe, expect, it } from 'vitest'
import {
  noTransferTrip,
  type TransferTripAction,
  type TransferTripEvent,
  transferTrip,
} from '../../src/protection/transfer-trip.ts'
import { duration } from '../../topology/units.ts'
import { play } from './script.ts'

// `PCC:stands` the trip of PCC stands and it is above; `PCC:stands:undecided` nobody can say where; `PCC:over` it ended;
// `PCC:stands:upstream:2` another trip of it; `PCC:not-opened` the generator could not be opened.
// `coupling:open` the switch at the point of common coupling is open; `not-separated` it could not be opened.
function eventOf([device = '', what = '', place = 'upstream', trip = '1']: readonly string[]): TransferTripEvent {
  if (device === 'tick') return { kind: 'tick' }
  if (device === 'not-separated') return { kind: 'not-separated' }
  if (device === 'coupling') return { kind: 'coupling', position: what as 'open' | 'closed' | 'unknown' }
  if (what === 'not-opened') return { kind: 'not-opened', device }
  return {
    kind: 'trip',
    device,
    trip,
    stands: what === 'stands',
    place: place as 'upstream' | 'undecided',
    origin: `ied-${device}`,
  }
}
function write(action: TransferTripAction): string {
  if (action.kind === 'wake') return `wake@${action.at}`
  return action.kind === 'open' ? `open:${action.generator}:${action.device}` : `${action.kind}:${action.device}`
}
const runIsland = (given: string): string =>
  play(
    transferTrip({ generator: 'G', onTrip: 'island', separateWithin: duration(1000) }),
    noTransferTrip,
    given,
    eventOf,
    write,
  )
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

describe('a transfer trip to a generator that may go on alone', () => {
  const cases = [
    {
      it: 'opens the switch at the point of common coupling, and leaves the generator running once that is open',
      given: 'SUB:stands@0 coupling:open@80 tick@1000',
      does: 'separate:SUB wake@1000 alone:SUB',
    },
    {
      it: 'leaves when the switch is not known to be open in time',
      given: 'SUB:stands@0 coupling:unknown@80 tick@999 tick@1000 tick@1001',
      does: 'separate:SUB wake@1000 open:G:SUB',
    },
    {
      it: 'leaves at once when the switch could not be opened',
      given: 'SUB:stands@0 not-separated@20 tick@1000',
      does: 'separate:SUB wake@1000 open:G:SUB',
    },
    {
      it: 'waits once for all repeats and further trips',
      given: 'SUB:stands@0 SUB:stands@4 MID:stands@9',
      does: 'separate:SUB wake@1000',
    },
    {
      it: 'waits on though the trip is over meanwhile: that says nothing about the switch',
      given: 'SUB:stands@0 SUB:over@40 tick@1000',
      does: 'separate:SUB wake@1000 ended:SUB open:G:SUB',
    },
    { it: 'has nothing to do while it is alone', given: 'coupling:open@0 SUB:stands@10', does: 'alone:SUB' },
    {
      it: 'separates again after it was joined again',
      given: 'coupling:open@0 coupling:closed@5 SUB:stands@10',
      does: 'separate:SUB wake@1010',
    },
    {
      it: 'knows nothing of a switch of which nothing is known',
      given: 'coupling:open@0 coupling:unknown@5 SUB:stands@10',
      does: 'separate:SUB wake@1010',
    },
    { it: 'is not moved by what cannot be placed', given: 'SUB:stands:undecided@0', does: 'alarm:SUB' },
    { it: 'is not moved by a failure where nothing separates', given: 'not-separated@0 tick@5', does: '' },
  ]
  for (const c of cases) it(c.it, () => expect(runIsland(c.given)).toBe(c.does))
})

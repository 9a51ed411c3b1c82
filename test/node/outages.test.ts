// What a peer makes of last gasps and returns that come late, twice, or in another order than they were said.

import { describe, expect, it } from 'vitest'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { outagesComponent } from '../../src/node/components/outages.ts'
import { supplyNoticeMessage } from '../../src/protection/supply-notice.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

type Heard = (said: { origin: { name: string }; payload: Uint8Array; ageMs: number }) => void

async function backEnd() {
  let hear: Heard = () => {}
  let outages: () => Promise<{ outages: { gasped: string[] }[]; returned: { ied: string }[] }> = async () => {
    throw new Error('no read-out')
  }
  await outagesComponent.start({
    name: 'backend',
    feeder: createFeeder(smallFeeder()),
    config: { reliability: { confirmSeconds: 1, jitterMs: 80 } },
    bus: bus(() => {}),
    clock: { now: () => 100_000, utc: () => 1_800_000_000_000, wakeAt: () => () => {} },
    links: { peers: () => [], onPeer: () => {}, subscribe: () => {}, unsubscribe: () => {} },
    messenger: { on: (_: unknown, heard: Heard) => (hear = heard) },
    report: () => {},
    readout: (_: string, answer: typeof outages) => (outages = answer),
  } as unknown as ComponentContext)
  return {
    hears(event: string, what: 'lost' | 'returned', copy = 1) {
      hear({
        origin: { name: 'meter' },
        payload: supplyNoticeMessage.encode({ event, what, lostMs: 1_000, copy }),
        ageMs: 0,
      })
    },
    async dark() {
      return (await outages()).outages.flatMap(({ gasped }) => gasped)
    },
  }
}

describe('what is heard of a supply', () => {
  it('ends with the return, though a copy of the last gasp comes by a slower way', async () => {
    const peer = await backEnd()
    peer.hears('1/1', 'lost')
    expect(await peer.dark()).toEqual(['meter'])
    peer.hears('1/1', 'returned')
    peer.hears('1/1', 'lost', 2)
    expect(await peer.dark()).toEqual([])
    // The next outage is another one.
    peer.hears('1/2', 'lost')
    expect(await peer.dark()).toEqual(['meter'])
  })

  it('has not begun where the return is heard first', async () => {
    const peer = await backEnd()
    peer.hears('1/1', 'returned')
    peer.hears('1/1', 'lost')
    expect(await peer.dark()).toEqual([])
  })
})

// A warning over a link with a second of delay each way: the age of a frame is measured as the most that it can be, a round
// trip, and a warning lives long enough for that and for what is before it in the queue.

import { afterEach, describe, expect, it } from 'vitest'
import { refusedForAge } from '../../src/mesh/message-age.ts'
import { WARNING_LIFETIME } from '../../src/node/components/early-warning.ts'
import { utcMs } from '../../topology/units.ts'
import { type Pathed, startPathed, wayOf } from '../mesh/pathed-links.ts'
import { until } from '../mesh/real-links.ts'

const DELAY_MS = 1000
let pathed: Pathed | undefined
afterEach(async () => {
  await pathed?.stop()
  pathed = undefined
})

const warning = { utc: utcMs(0), utcGood: true, lifetime: WARNING_LIFETIME }
const aged = (ageMs: number) => refusedForAge(warning, { ageMs, utc: 0, utcGood: true })

describe('a warning', () => {
  it('lives eight seconds of measured age, and no longer', () => {
    expect([aged(8000), aged(8000.5)]).toEqual([undefined, 'expired'])
  })

  it('is young enough over a link of one second each way', async () => {
    pathed = await startPathed()
    const { a, b, udp, tcp } = pathed
    const ages: (number | undefined)[] = []
    a.links.onFrame((_from, _frame, { ageMs }) => ages.push(ageMs))
    b.links.hold(new Set([a.links.peerId]))
    await until('datagrams both ways', () => wayOf(a, b) === 'datagram' && wayOf(b, a) === 'datagram')
    udp.set({ delayMs: DELAY_MS })
    tcp.set({ delayMs: DELAY_MS })
    const deadline = Date.now() + 60_000
    while (ages.filter(age => age !== undefined).length < 5 && Date.now() < deadline) {
      b.links.send(a.links.peerId, Uint8Array.of(7), 0)
      await new Promise(resolve => setTimeout(resolve, 250))
    }
    const measured = ages.filter(age => age !== undefined)
    expect(measured.length).toBeGreaterThanOrEqual(5)
    for (const age of measured) {
      expect(age).toBeGreaterThanOrEqual(DELAY_MS - 1)
      expect(aged(age)).toBeUndefined()
    }
  })
})

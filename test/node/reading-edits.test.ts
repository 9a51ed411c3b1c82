// A person edits an interval: with the right, signed, of an interval that there is; the reading stays, the record says all.

import { randomBytes } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { editIn, type ReadingEdit } from '../../src/aggregation/billing/index.ts'
import type { Reading } from '../../src/aggregation/reading.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { sendOrder, signedOrder } from '../../src/node/give-order.ts'
import type { Person } from '../mesh/fixtures.ts'
import { billingContents, billingReadings } from './billing-records.ts'
import { commandSite, type Desk } from './command-site.ts'

const site = await commandSite([await newAuthority('u')])
const [otto, ada] = [await site.somebody('otto', ['OPERATOR']), await site.somebody('ada', ['ENGINEER'])]
let at: Desk | undefined
afterAll(() => at?.agent.stop())

const edits = (desk: Desk): ReadingEdit[] => billingContents(desk).flatMap(each => editIn(each) ?? [])

it('becomes a record that says who, when, why, and what stood there', async () => {
  const desk = await site.desk('recloser', {
    config: {
      components: ['audit', 'commands', 'interval-readings', 'field-device'],
      device: { driver: 'modbus-tcp', host: 'memory', map: 'memory' },
      readings: { intervalSeconds: 1, maxKw: 20_000 },
    },
  })
  at = desk
  for (let wh = 1_000n; billingReadings(desk).length < 4; wh += 1n) {
    desk.hal.show({ measurement: { importWh: wh, exportWh: 0n } })
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const before = billingReadings(desk)[2] as Reading
  const order = async (who: Person, change: { startUtcMs?: number; importWh?: number } = {}) => {
    const way = site.toolOf(who, desk)
    const energy = { startUtcMs: before.startUtcMs, importWh: 700, exportWh: 0, ...change }
    const what = { verb: 'edit-reading' as const, ...energy, words: 'pulse output was bridged' }
    const id = randomBytes(16).toString('hex')
    const { payload, signed } = await signedOrder(way, site.signer(who), { to: 'recloser', what }, id)
    return sendOrder(way, payload, signed, { timeoutMs: 5_000 })
  }
  expect(await order(otto)).toMatchObject({ result: 'refused', reason: 'not-authorised' })
  expect(await order(ada, { startUtcMs: before.startUtcMs + 7 })).toMatchObject({
    result: 'refused',
    words: expect.stringContaining('no interval begins at'),
  })
  // 20 MW for a second are 5,556 Wh.
  expect(await order(ada, { importWh: 5_557 })).toMatchObject({ result: 'refused', reason: 'bad-value' })
  expect(edits(desk)).toEqual([])
  expect(await order(ada)).toMatchObject({ result: 'done' })
  expect(await order(ada, { importWh: 800 })).toMatchObject({ result: 'done' })
  const [first, second] = edits(desk)
  expect(first).toMatchObject({
    startUtcMs: before.startUtcMs,
    endUtcMs: before.endUtcMs,
    was: { importWh: before.importWhEnd - before.importWhStart },
    is: { importWh: 700n, exportWh: 0n },
    by: 'ada of u',
    reason: 'pulse output was bridged',
  })
  expect(first?.envelopes).toHaveLength(1)
  expect(second?.was).toMatchObject({ importWh: 700n, quality: 'edited' })
  expect(billingReadings(desk)[2]).toEqual(before)
})

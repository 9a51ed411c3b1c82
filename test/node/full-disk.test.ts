// An agent whose disk takes no writes for a while: it goes on by itself, and no watt-hour is lost or counted twice.

import { afterEach, expect, it } from 'vitest'
import { StoreError } from '../../src/aggregation/store.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { until } from '../mesh/real-links.ts'
import { billingReadings } from './billing-records.ts'
import { commandSite, type Desk } from './command-site.ts'

const site = await commandSite([await newAuthority('u')])
const running = new Set<Desk>()
afterEach(async () => {
  for (const each of running) await each.agent.stop()
  running.clear()
})

it.each([
  ['lost', false],
  ['kept, though they failed', true],
])('with writes that are %s', async (_, isKept) => {
  let isFull = false
  let refused = 0
  const desk = await site.desk('recloser', {
    config: {
      components: ['ledger-retention', 'interval-readings', 'field-device'],
      device: { driver: 'modbus-tcp', host: 'memory', map: 'memory', valuesPollMs: 50 },
      readings: { intervalSeconds: 1, maxKw: 20_000 },
    },
    store: own => ({
      ...own,
      async batch(changes, options) {
        const isLedger = changes.some(({ put }) => put?.startsWith('ledger/') === true)
        if (!isFull || (isKept && isLedger)) await own.batch(changes, options)
        if (!isFull) return
        if (isLedger) refused++
        throw new StoreError('STORE_FULL', 'no space left')
      },
    }),
  })
  running.add(desk)
  let wh = 1_000n
  const show = (): void => desk.hal.show({ measurement: { importWh: wh++, exportWh: 0n } })
  const metering = setInterval(show, 100)
  try {
    await until('readings', () => billingReadings(desk).length >= 2, 20_000)
    isFull = true
    await until('refused writes', () => refused >= 2, 20_000)
    isFull = false
    const before = billingReadings(desk).length
    await until('readings again', () => billingReadings(desk).length >= before + 2, 20_000)
  } finally {
    clearInterval(metering)
  }
  const all = billingReadings(desk)
  for (const [n, each] of all.entries()) {
    if (n === 0) continue
    expect([each.importWhStart, each.startUtcMs]).toEqual([all[n - 1]?.importWhEnd, all[n - 1]?.endUtcMs])
  }
})

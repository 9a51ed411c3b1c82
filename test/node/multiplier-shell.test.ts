// Multipliers that are changed between two starts of an agent count from the second start on, in its ledger.

import { afterAll, expect, it } from 'vitest'
import { rawInterval } from '../../src/aggregation/billing/index.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { until } from '../mesh/real-links.ts'
import { billingReadings } from './billing-records.ts'
import { commandSite, type Desk } from './command-site.ts'

const site = await commandSite([await newAuthority('u')])
let running: Desk | undefined
afterAll(() => running?.agent.stop())

async function started(ctRatio: number, again?: Desk): Promise<Desk> {
  const desk = await site.desk('recloser', {
    ...(again === undefined ? {} : { again }),
    config: {
      components: ['interval-readings', 'field-device'],
      device: { driver: 'modbus-tcp', host: 'memory', map: 'memory', valuesPollMs: 50 },
      readings: { intervalSeconds: 2, maxKw: 20_000 },
      metering: { accuracyClass: 0.5, ctRatio, registers: 'secondary' },
    },
  })
  running = desk
  return desk
}

it('closes what was before by the old ones, and goes on with the new', async () => {
  const first = await started(40)
  first.hal.show({ measurement: { importWh: 100n, exportWh: 0n } })
  await until('its first readings', () => billingReadings(first).length >= 2, 15_000)
  await first.agent.stop()
  const before = billingReadings(first)
  first.hal.show({ measurement: { importWh: 101n, exportWh: 0n } })
  const again = await started(80, first)
  await until(
    'other multipliers',
    () => billingReadings(again).some(({ flags }) => flags.includes('multiplier')),
    15_000,
  )
  again.hal.show({ measurement: { importWh: 103n, exportWh: 0n } })
  await until('a reading by them', () => billingReadings(again).at(-1)?.importWhEnd === 103n, 15_000)
  const all = billingReadings(again)
  expect(before.every(({ multiplier }) => multiplier?.ctRatio === '40')).toBe(true)
  const [closing, begins] = all.slice(before.length)
  expect([closing?.multiplier?.ctRatio, closing?.flags]).toEqual(['40', ['multiplierChanged']])
  expect([begins?.multiplier?.ctRatio, begins?.flags]).toEqual(['80', ['multiplier']])
  expect(all.filter(({ flags }) => flags.includes('multiplierChanged'))).toHaveLength(1)
  expect(all.reduce((sum, each) => sum + rawInterval(each).importWh, 0n)).toBe(40n + 160n)
})

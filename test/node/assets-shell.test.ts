// What an IED records of itself: what it is and where, what its breaker did and at which current, what people note; once
// each, also over a restart.

import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { bodyCodec, headerCodec } from '../../src/aggregation/record.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { fromCbor } from '../../topology/cbor.ts'
import { commandSite, type Desk } from './command-site.ts'

const site = await commandSite([await newAuthority('u')])
const otto = await site.somebody('otto', ['OPERATOR'])
const running = new Set<Desk>()
afterEach(async () => {
  for (const each of running) await each.agent.stop()
  running.clear()
})

async function desk(again?: Desk): Promise<Desk> {
  const started = await site.desk('recloser', {
    ...(again === undefined ? {} : { again }),
    config: {
      components: ['audit', 'commands', 'assets', 'field-device'],
      device: { driver: 'modbus-tcp', host: 'memory', map: 'memory', valuesPollMs: 50 },
      position: { latitude: 47, longitude: 8, accuracyM: 5 },
      equipment: { breakingAmps: 10_000, breaksAtRated: 100 },
      metering: { accuracyClass: 0.5, multiplier: 40 },
    },
  })
  running.add(started)
  return started
}

const records = ({ disk }: Desk, wanted: string): Record<string, unknown>[] =>
  [...disk.values.keys()]
    .sort()
    .filter(key => key.startsWith('ledger/header/'))
    .flatMap(key => {
      const body = disk.values.get(key.replace('header', 'body'))
      const header = headerCodec.decode(disk.values.get(key) as Uint8Array)
      const isWanted = body !== undefined && header.class === wanted
      return isWanted ? [fromCbor(bodyCodec.decode(body).content) as Record<string, unknown>] : []
    })

async function until(what: () => boolean): Promise<void> {
  for (let left = 400; !what(); left--) {
    if (left === 0) throw new Error('it did not come to be')
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

it('records inventory, operations with their current and wear, and notes as people sign them; and nothing twice', async () => {
  const at = await desk()
  await until(() => records(at, 'inventory').length === 1)
  expect(records(at, 'inventory')[0]).toMatchObject({
    program: '0.1.0',
    metering: { multiplier: 40 },
    verdict: 'unknown',
  })
  expect(records(at, 'maintenance')).toMatchObject([{ event: 'metering-changed', is: { accuracyClass: 0.5 } }])

  at.hal.show({ measurement: { amps: { a: 5000, b: 100, c: 90 } } })
  await new Promise(resolve => setTimeout(resolve, 200)) // it is measured
  at.hal.show({ status: { position: 'open' } })
  await until(() => records(at, 'maintenance').length === 2)
  expect(records(at, 'maintenance')[1]).toMatchObject({ event: 'breaker-operation', to: 'open', amps: 5000 })
  expect(records(at, 'maintenance')[1]?.wear).toBeCloseTo(0.0025)

  const way = site.toolOf(otto, at)
  const what = { verb: 'note' as const, words: 'bushing cleaned' }
  const order = { to: 'recloser', what }
  const { payload, signed } = await signedOrder(way, site.signer(otto), order, randomBytes(16).toString('hex'))
  expect(await sendOrder(way, payload, signed, { timeoutMs: 5000 })).toMatchObject({ result: 'done' })
  expect(records(at, 'maintenance')[2]).toMatchObject({ event: 'note', words: 'bushing cleaned' })
  expect(records(at, 'maintenance')[2]?.by).toContain('otto')
  running.delete(at)
  await at.agent.stop()

  at.hal.show({ status: { position: 'closed' } })
  const later = await desk(at)
  await until(() => records(later, 'maintenance').length === 4)
  expect(records(later, 'maintenance')[3]).toMatchObject({ event: 'breaker-operation', to: 'closed', unseen: true })
  await new Promise(resolve => setTimeout(resolve, 200))
  expect([records(later, 'inventory').length, records(later, 'maintenance').length]).toEqual([1, 4])
})

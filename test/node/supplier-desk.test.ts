// What a supplier's back-end peer says when somebody writes nonsense into its files while it runs.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { pricePush } from '../../src/aggregation/suppliers/supplier-message.ts'
import type { ComponentContext } from '../../src/node/component.ts'
import { NodeError } from '../../src/node/node-error.ts'
import { type SupplierConfig, supplierSchema } from '../../src/node/supplier-config.ts'
import { type SupplierDesk, supplierDesk } from '../../src/node/supplier-desk.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const tariff = { tariff: 'Spot', currency: 'EUR', timeZone: 'UTC', energy: [{ name: 'Energy', perKwh: '0.30' }] }
const pricesOf = (perKwh: string): string =>
  JSON.stringify({ currency: 'EUR', minutes: 60, prices: [{ from: '2026-06-01T12:00:00Z', perKwh }] })

const places: string[] = []
const desks: SupplierDesk[] = []
afterEach(async () => {
  for (const desk of desks.splice(0)) desk.stop()
  for (const dir of places.splice(0)) await rm(dir, { recursive: true })
})

async function supplier(perKwh: string) {
  const dir = await mkdtemp(join(tmpdir(), 'feedermesh-supplier-'))
  places.push(dir)
  const prices = join(dir, 'prices.yaml')
  await writeFile(prices, pricesOf(perKwh))
  const timers: (() => void)[] = []
  const alarms: string[] = []
  const said: string[] = []
  const messages: unknown[] = []
  const context = {
    clock: {
      utc: () => NOW,
      every(_: number, run: () => void) {
        timers.push(run)
        return () => {}
      },
    },
    feeder: { file: { name: 'small' } },
    log: { warn: () => {} },
    bus: { on: () => () => {} },
    messenger: {
      say: ({ type, payload }: { type: string; payload: Uint8Array }) => {
        if (type === 'price-push') said.push(...pricePush.decode(payload).perKwh)
      },
    },
    report(event: string, fields: Record<string, unknown>) {
      if (event === 'alarm') alarms.push(`${event} ${fields.reason}`)
      if (event === 'offers-said') messages.push(fields.messages)
    },
  } as unknown as ComponentContext
  const config = supplierSchema.parse({ name: 'sun', tariffs: [tariff], prices }) as SupplierConfig
  const desk = supplierDesk(context, config)
  desks.push(desk)
  /** A file counts once it has been left alone from one look to the next. */
  const lookUntil = async (fact: () => boolean): Promise<void> => {
    for (let n = 0; !fact(); n++) {
      if (n > 500) throw new Error('not after 500 looks')
      for (const run of timers) run()
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  return { desk, lookUntil, alarms, said, messages, write: (text: string) => writeFile(prices, text) }
}

describe('prices of a file', () => {
  it.each(['0,30', 'abc', '1e3', '', '1234567890.5'])('"%s" are refused at the start, in one line', async perKwh => {
    const failed = await supplier(perKwh).catch(error => error)
    expect(failed).toBeInstanceOf(NodeError)
    expect(failed.message).toMatch(/prices\.yaml:1: prices\[0\]\.perKwh: .*want a decimal number/)
  })

  it('that are no prices change nothing while it runs, and are an alarm', async () => {
    const { desk, lookUntil, alarms, said, write } = await supplier('0.30')
    await lookUntil(() => said.length > 0)
    await write(pricesOf('0,45'))
    await lookUntil(() => alarms.length > 0)
    expect(alarms[0]).toMatch(/^alarm .*prices\[0\]\.perKwh/)
    expect(desk.offers().prices?.perKwh).toEqual(['0.30'])
    await write(pricesOf('-0.045'))
    await lookUntil(() => said.at(-1) === '-0.045')
    expect(new Set(said)).toEqual(new Set(['0.30', '-0.045']))
  })

  it('that change are said at once, and it tells in how many messages: one of each tariff and one of the prices', async () => {
    const { lookUntil, messages, write } = await supplier('0.30')
    await write(pricesOf('0.45'))
    await lookUntil(() => messages.length > 0)
    expect(messages).toEqual([2])
  })
})

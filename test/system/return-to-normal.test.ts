// One command leads a feeder back to its normal state, on real agents: libp2p on the loopback, Modbus devices. Begun at the device
// that may not close yet.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { leadReturn } from '../../src/node/lead-return.ts'
import { giveOrder } from '../../src/node/person-orders.ts'
import type { Outcome, What } from '../../src/protection/command.ts'
import { allMet, pause, type RunningFeeder, startFeeder, untilAnswered } from './feeder-in-process.ts'

const NAMES = [
  'relay-north',
  'switch-north',
  'recloser-north',
  'cap-n4',
  'tie',
  'recloser-south',
  'relay-south',
  'switch-south',
]

let running: RunningFeeder
const addressOf = (name: string): string => running.agents.get(name)?.addresses()[0] as string

beforeAll(async () => {
  running = await startFeeder({ feeder: 'loop-pair', restoration: true, only: new Set(NAMES) })
  await allMet(running, NAMES)
}, 200_000)
afterAll(() => running?.stop())

async function order(ied: string, what: What): Promise<Outcome> {
  const given = await giveOrder({
    order: { ied, what },
    login: `${running.dir}/operators/utility.yaml`,
    cosign: false,
    lifetimeMs: 60_000,
    timeoutMs: 20_000,
    addressOf,
  })
  if (!('outcome' in given)) throw new Error('invariant: an order that is not saved has an outcome')
  return given.outcome
}

it('opens the tie, then closes what had been opened', async () => {
  expect(await order('recloser-north', { verb: 'open' })).toMatchObject({ result: 'done', position: 'open' })
  // Closing waits until the tie has heard of it: until then it would join two sources.
  await untilAnswered(
    'the tie feeds the far end',
    async () => (await order('tie', { verb: 'close' })).result === 'done',
  )
  // Everybody hears of it.
  await pause(3000)

  const told: string[] = []
  const ended = await leadReturn(
    'recloser-north',
    ied => order(ied, { verb: 'return-to-normal' }),
    ({ ied, result, words }) => void told.push(`${ied} ${result}: ${words}`),
  )
  expect(told).toEqual([
    expect.stringMatching(/^recloser-north refused: both sides are live/),
    expect.stringMatching(/^tie done: TR is open again; then close RC-N/),
    'recloser-north done: RC-N is closed again',
  ])
  expect(ended.result).toBe('done')
}, 200_000)

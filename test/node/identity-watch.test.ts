// The metering device behind an agent is swapped, updated or set otherwise: an alarm, a record, flagged readings, until a
// person accepts it; also over a restart.

import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeReading } from '../../src/aggregation/reading.ts'
import { bodyCodec, headerCodec } from '../../src/aggregation/record.ts'
import { type DeviceIdentity, type Hal, HalError, type MemoryHal } from '../../src/hal/index.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { sendOrder, signedOrder } from '../../src/node/give-order.ts'
import type { Outcome, What } from '../../src/protection/command.ts'
import { fromCbor } from '../../topology/cbor.ts'
import { commandSite, type Desk } from './command-site.ts'

const site = commandSite([await newAuthority('u')])
const ines = await site.somebody('ines', ['ENGINEER'])
const otto = await site.somebody('otto', ['OPERATOR'])
const OLD: DeviceIdentity = { model: 'SDM630', serialNumber: '20224555', firmware: '1.02', configurationHash: 'aa' }

const running = new Set<Desk>()
afterEach(async () => {
  for (const each of running) await each.agent.stop()
  running.clear()
})

/** What the device says of itself, from one look to the next; none when it does not answer. */
interface Shown {
  identity: DeviceIdentity | undefined
}

async function desk(shown: Shown, again?: Desk): Promise<Desk> {
  const started = await site.desk('meter', {
    ...(again === undefined ? {} : { again }),
    hal: (own: MemoryHal): Hal => ({
      ...own,
      close: async () => {},
      async identity() {
        if (shown.identity === undefined) throw new HalError('HAL_TIMEOUT', 'no answer')
        return shown.identity
      },
    }),
    config: {
      device: { driver: 'modbus-tcp', host: 'memory', map: 'memory', rarePollMs: 50 },
      readings: { intervalSeconds: 1 },
      components: ['audit', 'commands', 'interval-readings', 'identity-watch'],
    },
  })
  started.hal.show({ measurement: { importWh: 1000n } })
  running.add(started)
  return started
}
async function stop(each: Desk): Promise<void> {
  running.delete(each)
  await each.agent.stop()
}

const alarms = ({ reports }: Desk): unknown[] =>
  reports.filter(({ alarm }) => alarm === 'device-changed').map(({ changes }) => changes)

/** What is on the agent's disk, oldest first. */
function recordsOf({ disk }: Desk): { recordClass: string; content: Uint8Array }[] {
  const keys = [...disk.values.keys()].sort()
  return keys
    .filter(key => key.startsWith('ledger/header/'))
    .flatMap(key => {
      const body = disk.values.get(key.replace('header', 'body'))
      const header = headerCodec.decode(disk.values.get(key) as Uint8Array)
      return body === undefined ? [] : [{ recordClass: header.class, content: bodyCodec.decode(body).content }]
    })
}

const records = (at: Desk, wanted: string): unknown[] =>
  recordsOf(at).flatMap(({ recordClass, content }) => (recordClass === wanted ? [fromCbor(content)] : []))

const readingFlags = (at: Desk): readonly string[] | undefined => {
  const last = recordsOf(at).findLast(({ recordClass }) => recordClass === 'billing')
  return last && decodeReading(last.content).flags
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 400; !(await what()); left--) {
    if (left === 0) throw new Error('it did not come to be')
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

async function give(at: Desk, what: What, who = ines): Promise<Outcome> {
  const way = site.toolOf(who, at)
  const { payload, signed } = await signedOrder(
    way,
    site.signer(who),
    { to: 'meter', what },
    randomBytes(16).toString('hex'),
  )
  return sendOrder(way, payload, signed, { timeoutMs: 5000 })
}

describe('the identity watch', () => {
  it('records who the device is, and says nothing while it stays so', async () => {
    const at = await desk({ identity: OLD })
    await until(async () => (await records(at, 'event')).length > 0)
    expect(await records(at, 'event')).toEqual([{ event: 'device-learned', identity: OLD }])
    await until(async () => (await readingFlags(at)) !== undefined)
    expect(await readingFlags(at)).not.toContain('deviceChanged')
    expect(alarms(at)).toEqual([])
  })

  it('raises an alarm for a meter that was swapped, flags its readings, and says it again after a restart', async () => {
    const shown: Shown = { identity: OLD }
    const before = await desk(shown)
    await until(async () => (await records(before, 'event')).length > 0)
    await stop(before)

    shown.identity = { ...OLD, serialNumber: '666' }
    const at = await desk(shown, before)
    await until(() => alarms(at).length > 0)
    expect(alarms(at)).toEqual(['serialNumber 20224555 is now 666'])
    expect(await records(at, 'tamper')).toEqual([
      { event: 'device-changed', changes: [{ field: 'serialNumber', was: '20224555', is: '666' }] },
    ])
    await until(async () => (await readingFlags(at))?.includes('deviceChanged') === true)
    await stop(at)

    const later = await desk(shown, at)
    await until(() => alarms(later).length > 0)
    await new Promise(resolve => setTimeout(resolve, 300)) // several looks
    expect(alarms(later)).toEqual(['serialNumber 20224555 is now 666']) // once for this start
    expect(await records(later, 'tamper')).toHaveLength(1) // and recorded once for all
  })

  it('ends with the acceptance by a person who may, and with that alone', async () => {
    const shown: Shown = { identity: OLD }
    const at = await desk(shown)
    await until(async () => (await records(at, 'event')).length > 0)
    shown.identity = { ...OLD, firmware: '1.03', configurationHash: 'bb' }
    await until(() => alarms(at).length > 0)
    expect(alarms(at)).toEqual(['firmware 1.02 is now 1.03; configurationHash aa is now bb'])

    expect(await give(at, { verb: 'accept-device' }, otto)).toMatchObject({
      result: 'refused',
      reason: 'not-authorised',
    })
    const outcome = await give(at, { verb: 'accept-device' })
    expect(outcome).toMatchObject({ result: 'done' })
    expect(outcome.words).toContain('firmware 1.02 is now 1.03')
    expect(await records(at, 'operation')).toContainEqual(
      expect.objectContaining({ event: 'device-accepted', by: expect.stringContaining('ines') }),
    )
    await stop(at)
    const later = await desk(shown, at)
    await until(async () => (await readingFlags(later)) !== undefined)
    expect(alarms(later)).toEqual([])
    expect(await give(later, { verb: 'accept-device' })).toMatchObject({ words: 'the device is the accepted one' })
  })

  it('is quiet about a device that does not say who it is, and looks again', async () => {
    const shown: Shown = { identity: undefined }
    const at = await desk(shown)
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(alarms(at)).toEqual([])
    shown.identity = OLD
    await until(async () => (await records(at, 'event')).length > 0)
  })
})

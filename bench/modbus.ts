// What the hardware abstraction layer adds to Modbus: fifty devices read through it, decoded, judged and composed, against a
// bare loop of the library's reads of the same registers, whose answers are thrown away. The two take turns.

import { readFileSync } from 'node:fs'
import modbus from 'modbus-serial'
import { type DeviceMap, parseDeviceMap } from '../src/hal/device-map.ts'
import { modbusHal } from '../src/hal/modbus-hal.ts'
import { type Block, coverPoints } from '../src/hal/read-plan.ts'
import { shippedMapFile } from '../src/hal/shipped-maps.ts'
import { instant, utcMs } from '../topology/units.ts'
import { startChild } from './child.ts'
import { nowMs } from './members.ts'
import type { ServersReady } from './modbus-servers.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row, target } from './table.ts'

const DEVICES = 50
const MAP = 'shipped:eastron-sdm630'
const TIMEOUT_MS = 5_000
const SWEEPS_TO_WARM_UP = 20

export const modbusDevices: Section = {
  title: `Modbus: ${DEVICES} devices, all their values, through the HAL and by a bare loop`,
  withinMs: 120_000,
  measure,
}

/** Reads all devices once. */
type Sweep = () => Promise<void>

async function measure({ quick, chance }: SectionOptions): Promise<SectionResult> {
  const servers = startChild('./modbus-servers', [String(DEVICES)])
  const { message } = await servers.next<ServersReady>(({ kind }) => kind === 'ready')
  const map = mapOf()
  const read = map.points.filter(isRead)
  const blocks = coverPoints(map, isRead)
  const hal = await throughHal(message.ports, map)
  const bare = await bareLoop(message.ports, blocks)
  try {
    const both = [
      { ...hal, took: [] as number[] },
      { ...bare, took: [] as number[] },
    ] as const
    for (let sweep = 0; sweep < SWEEPS_TO_WARM_UP; sweep++) for (const each of both) await each.sweep()
    for (let sweep = 0; sweep < (quick ? 60 : 600); sweep++) {
      for (const { sweep: run, took } of chance() < 0.5 ? both : [...both].reverse()) {
        const began = nowMs()
        await run()
        took.push(nowMs() - began)
      }
    }
    const values = DEVICES * read.length
    const perSecond = (took: readonly number[]): number =>
      (values * took.length * 1000) / took.reduce((a, b) => a + b, 0)
    const base = row('all values of all devices, bare loop', 'ms', both[1].took)
    const through = row('all values of all devices, HAL', 'ms', both[0].took, base)
    const ratio = perSecond(both[0].took) / perSecond(both[1].took)
    return {
      rows: [base, through],
      targets: [target('time for the same values over the bare loop, in all', 1 / ratio, 1 / 0.8)],
      notes: [
        `${values} values in ${DEVICES * blocks.length} requests a sweep; ` +
          `${Math.round(perSecond(both[0].took))} values a second through the HAL, ` +
          `${Math.round(perSecond(both[1].took))} by the bare loop: ${ratio.toFixed(2)} of it (wanted: 0.8)`,
      ],
    }
  } finally {
    await hal.close()
    await bare.close()
    await servers.stop()
  }
}

function mapOf(): DeviceMap {
  const file = shippedMapFile(MAP)
  if (file === undefined) throw new Error(`${MAP} is not shipped`)
  return parseDeviceMap(readFileSync(file, 'utf8'), file)
}

const isRead = ({ class: pollClass }: { readonly class: string }): boolean =>
  pollClass === 'measurement' || pollClass === 'energy'

async function throughHal(ports: readonly number[], map: DeviceMap) {
  const hals = ports.map(port =>
    modbusHal({
      host: '127.0.0.1',
      port,
      unitId: 1,
      map,
      timeoutMs: TIMEOUT_MS,
      now: () => instant(nowMs()),
      utc: () => utcMs(Date.now()),
    }),
  )
  const sweep: Sweep = async () => {
    const measured = await Promise.all(hals.map(hal => hal.measure(['measurement', 'energy'])))
    if (measured.some(({ volts, importWh }) => volts?.c !== 230 || importWh !== 230_000n)) {
      throw new Error('a device was read wrongly')
    }
  }
  return { sweep, close: () => Promise.all(hals.map(hal => hal.close())) }
}

async function bareLoop(ports: readonly number[], blocks: readonly Block[]) {
  const clients = await Promise.all(
    ports.map(async port => {
      const client = new modbus.default()
      await client.connectTCP('127.0.0.1', { port })
      client.setID(1)
      client.setTimeout(TIMEOUT_MS)
      return client
    }),
  )
  const sweep: Sweep = async () => {
    await Promise.all(
      clients.map(async client => {
        for (const { address, count } of blocks) await client.readInputRegisters(address, count)
      }),
    )
  }
  return {
    sweep,
    close: async () => {
      for (const client of clients) client.destroy(() => {})
    },
  }
}

// Two agents, each in a process of its own, whose configurations name the same serial port.

import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { noSerialLines, rtuDevice, serialPair } from '../hal/serial-line.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, startAgentProcess } from './cli-process.ts'
import { pause, untilAnswered } from './feeder-in-process.ts'
import { makeSite } from './site.ts'

const MAP = `
deviceMap: 1
name: meter
points:
  - { feeds: kw.a, table: holding, address: 0, type: uint16 }
  - { feeds: pickup, table: holding, address: 9, type: bits16, bit: 0 }
`

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

describe.skipIf(noSerialLines)(
  `a serial line that two agents name${noSerialLines ? ` (skipped: ${noSerialLines})` : ''}`,
  { timeout: 300_000 },
  () => {
    it('belongs to the first, whose polls go on; the second says so, and has it when the first has gone', async () => {
      const site = await makeSite()
      stops.push(() => site.remove())
      const line = await serialPair()
      stops.push(() => line.cut())
      const served = await rtuDevice(line.far)
      stops.push(() => served.stop())
      writeFileSync(site.path('meter.yaml'), MAP)
      const serial = { driver: 'modbus-rtu', path: line.near, baudRate: 115_200, map: 'meter.yaml', timeoutMs: 2000 }
      // Each asks a unit of its own, so that the device's end of the line tells them apart.
      const start = async (name: string, unitId: number): Promise<AgentProcess> => {
        const device = { ...serial, unitId, statusPollMs: 50, valuesPollMs: 200 }
        const agent = await startAgentProcess(await site.agent(name, { device }))
        stops.push(() => agent.stop())
        return agent
      }
      const asked = (unit: number): number => served.requests.filter(each => each.unit === unit).length

      const first = await start('relay', 1)
      await first.logged('device-answering')
      const second = await start('recloser', 2)
      await second.logged('device-silent')
      const before = asked(1)
      await pause(2000)
      expect(asked(1) - before).toBeGreaterThan(20) // of some 50
      expect(asked(2)).toBe(0)
      expect(first.log.filter(({ event }) => event === 'device-silent')).toEqual([])

      const viewer = await site.viewer(site.authority)
      const { stdout } = await commandLine(['alarms', '--at', second.address, '--as', viewer, '--json'])
      const { alarms } = outputs.alarms.parse(JSON.parse(stdout))
      expect(JSON.stringify(alarms.find(({ event }) => event === 'device-silent'))).toMatch(
        /another program or agent has this serial line open/,
      )

      await first.stop()
      await second.logged('device-answering')
      await untilAnswered('the second asks', async () => asked(2) > 5)
    })
  },
)

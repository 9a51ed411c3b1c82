// The whole program on one IED, whose field device is a server that this project did not write.

import type { ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { commandLine } from '../system/cli-in-process.ts'
import { type AgentProcess, startAgentProcess } from '../system/cli-process.ts'
import { untilAnswered } from '../system/feeder-in-process.ts'
import { IEDS, makeSite, modbus, type Site } from '../system/site.ts'
import { kill, PYMODBUS_MAP, startServer, wantPymodbus } from './pymodbus-process.ts'

describe('feedermesh agent with a pymodbus server', { timeout: 300_000 }, () => {
  let site: Site
  let port: number
  let server: ChildProcess | undefined
  let agent: AgentProcess
  let viewer: string

  beforeAll(async () => {
    wantPymodbus()
    site = await makeSite(IEDS.filter(({ name }) => name === 'recloser'))
    port = await freePort()
    server = await startServer(port)
    viewer = await site.viewer(site.authority)
    const device = modbus(port, { map: PYMODBUS_MAP, valuesPollMs: 200, timeoutMs: 3000 })
    agent = await startAgentProcess(await site.agent('recloser', { ...device, readings: { intervalSeconds: 1 } }))
  })
  afterAll(async () => {
    await agent?.stop()
    await kill(server)
    await site?.remove()
  })

  async function ask(what: string): Promise<unknown> {
    const { code, stdout, stderr } = await commandLine([what, '--at', agent.address, '--as', viewer, '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  const readings = async () => outputs.readings.parse(await ask('readings')).readings
  const events = async (): Promise<string[]> =>
    outputs.alarms.parse(await ask('alarms')).alarms.map(({ event }) => event)

  it('writes a reading a second to its ledger, with what the registers hold', async () => {
    await agent.logged('device-answering')
    await untilAnswered('there are readings', async () => (await readings()).length > 1)
    const rows = await readings()
    for (const row of rows) {
      // 70 000 kWh, and -1234 tens of watts; there is no export register.
      expect(row).toMatchObject({ ied: 'recloser', importRegisterKwh: '70000.000', importKwh: '0.000', kw: -12.34 })
      // A second, and what a busy machine adds.
      expect(Date.parse(row.endUtc) - Date.parse(row.startUtc)).toBeLessThan(5000)
    }
    const { ledgers } = outputs.ledger.parse(await ask('ledger'))
    expect(ledgers[0]?.number).toBeGreaterThan(rows.length)
  })

  it('says once that the server is gone, and once that it is back', async () => {
    await kill(server)
    await agent.logged('device-silent')
    await pause(2500)
    expect((await events()).filter(event => event === 'device-silent')).toHaveLength(1)
    server = await startServer(port)
    await agent.logged('device-answering', 2)
    await untilAnswered(
      'it is known',
      async () => (await events()).filter(each => each === 'device-answering').length > 1,
    )
    const seen = (await events()).filter(event => event.startsWith('device-'))
    expect(seen).toEqual(['device-answering', 'device-silent', 'device-answering'])
  })

  it('guesses nothing for the time between: one longer reading covers it', async () => {
    // One after the longer one.
    const had = (await readings()).length
    await untilAnswered('two more are written', async () => (await readings()).length > had + 1)
    const rows = await readings()
    const seconds = rows.map(({ startUtc, endUtc }) => (Date.parse(endUtc) - Date.parse(startUtc)) / 1000)
    const longest = Math.max(...seconds)
    expect(longest).toBeGreaterThan(2.2)
    expect(rows[seconds.indexOf(longest)]?.flags.length).toBeGreaterThan(0)
    for (const [index, { startUtc }] of rows.entries()) {
      if (index > 0) expect(startUtc).toBe(rows[index - 1]?.endUtc)
    }
  })

  it('ends on SIGTERM within two seconds', async () => {
    const { code, tookMs } = await agent.stop()
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(2000)
  })
})

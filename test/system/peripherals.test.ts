// A motor's probe is heated: the motor stops, whether anybody is there to hear of it or not; the alarm and the values reach
// the back end; nobody starts the motor again before a person has reset it. Agents in processes of their own, a real
// Modbus device, the command line as a person uses it.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, startAgentProcess } from './cli-process.ts'
import { until } from './feeder-in-process.ts'
import { makeSite, modbus, type Site } from './site.ts'

const MAIN = fileURLToPath(new URL('../../dist/src/node/cli/main.js', import.meta.url))
const IEDS = [
  { name: 'relay', kind: 'relay', node: 'S', organisation: 'u', operates: 'CB', observes: ['s1', 's3'] },
  { name: 'motor', kind: 'motor', node: 'N3', organisation: 'u', operates: 'L3', meters: ['L3'] },
]
const ROUTES = [
  { to: 'ada', severities: ['alarm'] },
  { to: { role: 'VIEWER' }, severities: ['warning', 'alert', 'alarm'] },
]

type Alert = z.infer<(typeof outputs)['alerts-follow']>

let site: Site
let devices: DeviceHost
let motor: AgentProcess
let backEnd: AgentProcess
let motorConfig: string
let ada: string
let vera: string

beforeAll(async () => {
  site = await makeSite(IEDS)
  devices = await startDeviceHost({ file: site.file })
  ada = await site.viewer(site.authority, 'OPERATOR', 'ada')
  vera = await site.viewer(site.authority, 'VIEWER', 'vera')
  motorConfig = await site.agent('motor', {
    readings: { intervalSeconds: 1 },
    forwarding: { intervalSeconds: 600 }, // an alarm does not wait for that
    recipients: [{ backEnd: 'u-backend', organisation: 'u' }],
    peripherals: [
      {
        name: 'winding',
        input: 'temperatureC',
        warnAt: 90,
        tripAt: 120,
        delaySeconds: 0.5,
        brokenAfterSeconds: 1,
        action: 'disconnect',
      },
    ],
    formulas: [{ name: 'aboveRoom', is: 'T - 25', unit: '°C' }],
    setpoints: [
      { name: 'warm', when: 'aboveRoom > 30', hysteresis: 5, severity: 'warning', text: 'the motor is warm' },
    ],
    ...modbus(devices.ports.get('motor') as number, { valuesPollMs: 100 }),
  })
  motor = await startAgentProcess(motorConfig)
})
afterAll(async () => {
  await backEnd?.stop()
  await motor?.stop()
  await devices?.stop()
  await site?.remove()
})

async function done(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await commandLine(args, site.dir)
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
  return stdout
}
const alertsAt = async (agent: AgentProcess, ...options: string[]): Promise<Alert[]> =>
  outputs.alerts.parse(
    JSON.parse(await done(['alerts', '--at', agent.address, '--as', vera, '--json', '--all', ...options])),
  ).alerts
const order = (...words: string[]) =>
  commandLine(['command', 'motor', ...words, '--at', motor.address, '--as', ada, '--json'], site.dir)
const isRunning = (): boolean => !devices.snapshot().disconnected.includes('L3')

describe('a motor with a temperature probe', { timeout: 300_000 }, () => {
  it('stops when it is too hot, with nobody there to hear of it', async () => {
    await motor.logged('device-answering')
    expect(isRunning()).toBe(true)
    devices.probeTemperature('motor', 60)
    await motor.logged('setpoint')
    devices.probeTemperature('motor', 119)
    await motor.logged('peripheral')
    expect(isRunning()).toBe(true)
    devices.probeTemperature('motor', 131)
    await until('the motor has stopped', () => !isRunning(), 10_000)
    expect(await motor.logged('operated')).toMatchObject({ operation: 'open', cause: 'peripheral winding' })
  })

  it('tells the back end once it is there: the alarm, and the values with the power data', async () => {
    const config = await site.agent('u-backend', {
      role: 'BACKEND',
      seeds: [motor.address],
      alerts: { routes: ROUTES },
    })
    backEnd = await startAgentProcess(config)
    let alarm: Alert | undefined
    const found = async (): Promise<boolean> => {
      // It is fetched in its turn, and that is late here: a person asks for it.
      await order('send-data')
      alarm = (await alertsAt(backEnd)).find(({ kind }) => kind === 'peripheral')
      return alarm?.severity === 'alarm'
    }
    await untilDone('the alarm is at the back end', found, 60_000)
    expect(alarm).toMatchObject({
      ied: 'motor',
      phase: 'standing',
      text: 'winding: 131 °C, at or above 120 °C',
      to: ['ada', 'every VIEWER'],
      fields: { name: 'winding', value: 131 },
    })
    const rows = async () =>
      outputs.readings.parse(
        JSON.parse(await done(['readings', '--at', backEnd.address, '--as', vera, '--ied', 'motor', '--json'])),
      ).readings
    await untilDone('the values are there', async () => (await rows()).some(row => row.temperatureC === 131), 30_000)
  })

  it('is shown with its limits, formulas and setpoints', async () => {
    const { peripherals } = outputs.peripherals.parse(
      JSON.parse(await done(['peripherals', '--at', motor.address, '--as', vera, '--json'])),
    )
    expect(peripherals).toMatchObject([{ name: 'winding', value: 131, state: 'latched', probe: 'good', off: true }])
    const { formulas } = outputs.formulas.parse(
      JSON.parse(await done(['formulas', '--at', motor.address, '--as', vera, '--json'])),
    )
    expect(formulas).toMatchObject([
      { kind: 'formula', name: 'aboveRoom', value: 106, unit: '°C' },
      { kind: 'setpoint', name: 'warm', value: true, state: 'active' },
    ])
    expect(await done(['formulas', '--at', motor.address, '--as', vera])).toMatch(/aboveRoom/)
  })

  it('is not started again before a person has reset it, and that not before it has cooled; a restart changes nothing', async () => {
    expect((await order('connect')).stdout).toContain('winding has latched; reset it first')
    expect((await order('reset', 'winding')).stdout).toContain('still beyond its limit')
    await motor.stop()
    devices.probeTemperature('motor', 40)
    motor = await startAgentProcess(motorConfig)
    await motor.logged('device-answering')
    const refused = await order('connect')
    expect({ code: refused.code, said: refused.stdout }).toMatchObject({
      code: 4,
      said: expect.stringContaining('winding has latched'),
    })
    expect(isRunning()).toBe(false)
    expect(JSON.parse((await order('reset', 'winding')).stdout)).toMatchObject({ result: 'done' })
    expect(JSON.parse((await order('connect')).stdout)).toMatchObject({ result: 'done', position: 'closed' })
    expect(isRunning()).toBe(true)
  })

  it('is acknowledged by a person with the right, by way of the motor’s own agent', async () => {
    const [alarm] = (await alertsAt(motor)).filter(({ kind }) => kind === 'peripheral')
    expect(alarm).toMatchObject({ phase: 'cleared', acknowledgedBy: null })
    const args = ['alerts', 'acknowledge', alarm?.id ?? '', '--at', motor.address]
    const refused = await commandLine([...args, '--as', vera], site.dir)
    expect(refused).toMatchObject({ code: 4, stdout: expect.stringContaining('no right CONTROL') })
    expect(await done([...args, '--as', ada])).toContain('acknowledged')
    expect(await done([...args, '--as', ada])).toContain('ada of u has acknowledged it already')
    const [after] = (await alertsAt(motor)).filter(({ kind }) => kind === 'peripheral')
    expect(after).toMatchObject({ acknowledgedBy: 'ada of u' })
    const unknown = await commandLine(['alerts', 'acknowledge', 'motor/1/999', '--at', motor.address, '--as', ada])
    expect(unknown).toMatchObject({ code: 4, stdout: expect.stringContaining('has no alert') })
    expect((await commandLine(['alerts', 'acknowledge', 'what', '--at', motor.address, '--as', ada])).code).toBe(2)
  })

  it('tells who follows at once of a broken probe, and does not stop the motor for it', async () => {
    const followed: Alert[] = []
    const child = spawn(process.execPath, [MAIN, 'alerts', '--at', motor.address, '--as', vera, '--follow', '--json'], {
      cwd: site.dir,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      createInterface({ input: child.stdout }).on('line', line =>
        followed.push(outputs['alerts-follow'].parse(JSON.parse(line))),
      )
      await until('the listing has begun', () => followed.some(({ notice }) => notice === 'present'), 20_000)
      devices.probeTemperature('motor', Number.NaN)
      const isBroken = ({ notice, text, severity }: Alert): boolean =>
        notice === 'raised' && severity === 'alarm' && text.startsWith('winding: it gives no value')
      await until('the broken probe is told', () => followed.some(isBroken), 15_000)
      expect(isRunning()).toBe(true)
      devices.probeTemperature('motor', 40)
      await until('its end is told', () => followed.some(({ notice }) => notice === 'cleared'), 15_000)
    } finally {
      child.kill('SIGINT')
    }
  })
})

async function untilDone(what: string, isDone: () => Promise<boolean>, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await isDone())) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise(wake => setTimeout(wake, 500))
  }
}

// Two IEDs with phasor measurement units, and one with a SunSpec meter, opened by configuration alone, in a mesh with a
// back-end peer: the built program, real links, and units that answer over TCP.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StreamShape } from '../../sim/devices/pmu-frames.ts'
import { type PmuServer, startPmuServer } from '../../sim/devices/pmu-server.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { imageAt, modelImage, WITHOUT } from '../hal/sunspec/register-image.ts'
import { type SunspecDevice, startSunspecDevice } from '../hal/sunspec/sunspec-device.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, startAgentProcess } from './cli-process.ts'
import { makeSite, type Site } from './site.ts'

const MAIN = fileURLToPath(new URL('../../dist/src/node/cli/main.js', import.meta.url))
const BACK_END = 'control-centre'

let site: Site
let viewer: string
const units: PmuServer[] = []
const agents: AgentProcess[] = []
let meter: SunspecDevice | undefined
let backEnd: AgentProcess
let meterAgent: AgentProcess | undefined

const stream: StreamShape = {
  timeBase: 1_000_000,
  framesPerSecond: 20,
  pmus: [
    {
      station: 'feeder',
      idCode: 11,
      polar: true,
      phasorsFloat: true,
      analogsFloat: false,
      frequencyFloat: true,
      phasors: ['VA', 'VB', 'VC'].map(name => ({ name, kind: 'volts', perBit: 1, turnRadians: 0 })),
      analogs: 0,
      digitals: 0,
      nominalHz: 50,
      changes: 1,
    },
  ],
}

/** A unit whose phase a stands at this angle. */
async function startUnit(degrees: number): Promise<PmuServer> {
  const phasors = [0, -120, 120].map(turn => ({ magnitude: 230, radians: ((degrees + turn) * Math.PI) / 180 }))
  const course = () => [{ stat: 0, phasors, frequencyHz: 49.99, rocofHzPerS: 0 }]
  const unit = await startPmuServer({ port: 0, idCode: 11, stream, course, utc: Date.now })
  units.push(unit)
  return unit
}

async function start(name: string, config: Record<string, unknown>): Promise<AgentProcess> {
  const seeds = agents.map(({ address }) => address)
  const agent = await startAgentProcess(await site.agent(name, { seeds, ...config }))
  agents.push(agent)
  return agent
}

const recipients = [{ backEnd: BACK_END, organisation: 'u' }]
const pmu = ({ port }: PmuServer) => ({
  driver: 'c37118',
  host: '127.0.0.1',
  port,
  idCode: 11,
  phasors: { volts: { a: 'VA', b: 'VB', c: 'VC' } },
})

beforeAll(async () => {
  site = await makeSite()
  viewer = await site.viewer(site.authority)
  await start('relay', { device: pmu(await startUnit(30)), recipients })
  await start('recloser', { device: pmu(await startUnit(25.5)), recipients })
  if (WITHOUT === undefined) {
    meter = await startSunspecDevice(
      imageAt(40_000, modelImage(1, { Mn: 'M', SN: '1' }), modelImage(203, { TotWhImp: 5000, TotWh_SF: 0 })),
    )
    meterAgent = await start('meter', {
      device: { driver: 'sunspec', host: '127.0.0.1', port: meter.port },
      readings: { intervalSeconds: 1 },
      recipients,
    })
  }
  const follows = { use: 'phasor-collector', settings: { ieds: ['recloser', 'relay'], reference: 'relay' } }
  backEnd = await start(BACK_END, { role: 'BACKEND', components: ['alarms', 'peers', 'collector', follows] })
}, 120_000)
afterAll(async () => {
  for (const agent of agents) await agent.stop()
  for (const unit of units) await unit.stop()
  await meter?.stop()
  await site?.remove()
})

const ask = (what: string, at: AgentProcess, ...more: string[]) =>
  commandLine([what, '--at', at.address, '--as', viewer, '--json', ...more])

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = performance.now() + 60_000; performance.now() < end; await pause(200)) {
    const seen = await look()
    if (seen) return seen
  }
  throw new Error('did not come')
}

describe('phasors in a mesh', { timeout: 120_000 }, () => {
  it('stand side by side at the back-end peer, with the angle between the places', async () => {
    const rows = await until(async () => {
      const { code, stdout, stderr } = await ask('phasors', backEnd, '--limit', '40')
      expect([code, stderr]).toEqual([0, ''])
      const { phasors } = outputs.phasors.parse(JSON.parse(stdout))
      const good = phasors.filter(({ angleDegrees }) => angleDegrees !== null)
      return good.length > 4 && good
    })
    const angles = new Map(rows.map(({ ied, angleDegrees }) => [ied, angleDegrees]))
    expect(angles.get('relay')).toBe(0)
    expect(angles.get('recloser')).toBeCloseTo(-4.5, 3)
    for (const { positiveVolts, negativePercent, frequencyHz, quality } of rows) {
      expect([quality, frequencyHz]).toEqual(['good', 49.99])
      expect(positiveVolts).toBeCloseTo(230, 2)
      expect(negativePercent).toBeCloseTo(0, 2)
    }
  })

  it('are followed line by line', async () => {
    const args = ['phasors', '--at', backEnd.address, '--as', viewer, '--follow', '--json']
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const times: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      const row = outputs.phasors.shape.phasors.element.parse(JSON.parse(line))
      if (row.ied === 'relay') times.push(row.utc)
      if (times.length === 15) break
    }
    child.kill('SIGINT')
    await once(child, 'exit')
    expect(times).toEqual([...times].sort())
    expect(new Set(times).size).toBe(times.length)
  })

  it("are an IED's own too, and stand in a table", async () => {
    const own = await ask('phasors', agents[0] as AgentProcess, '--limit', '1')
    expect(outputs.phasors.parse(JSON.parse(own.stdout)).phasors[0]).toMatchObject({ ied: 'relay', angleDegrees: 0 })
    const { stdout } = await commandLine(['phasors', '--at', backEnd.address, '--as', viewer, '--limit', '2'])
    expect(stdout.split('\n')[0]).toMatch(/^utc +ied +quality +Va +Vb +Vc .* angleDegrees +frequencyHz/)
  })

  it('go on without a unit that falls silent, and with it when it is back', async () => {
    const unit = units[1] as PmuServer
    const latest = async () => {
      const { stdout } = await ask('phasors', backEnd, '--ied', 'recloser', '--limit', '1')
      return outputs.phasors.parse(JSON.parse(stdout)).phasors[0]?.quality
    }
    unit.mute(true)
    await until(async () => (await latest()) === 'missing')
    unit.mute(false)
    await until(async () => (await latest()) === 'good')
    const { stdout } = await ask('phasor-places', backEnd)
    const { places } = outputs['phasor-places'].parse(JSON.parse(stdout))
    expect(places.map(({ ied, following }) => [ied, following])).toEqual([
      ['recloser', true],
      ['relay', true],
    ])
  })

  it.skipIf(WITHOUT)(`and a SunSpec meter's energy arrives beside them${WITHOUT ? ` (${WITHOUT})` : ''}`, async () => {
    const device = meter as SunspecDevice
    expect(meterAgent).toBeDefined()
    const shown = (wattHours: number) =>
      imageAt(40_000, modelImage(1, { Mn: 'M', SN: '1' }), modelImage(203, { TotWhImp: wattHours, TotWh_SF: 0 }))
    device.registers = shown(5250)
    await until(async () => {
      const { stdout } = await ask('totals', backEnd)
      const { totals } = outputs.totals.parse(JSON.parse(stdout))
      return totals.some(({ ied, importWh }) => ied === 'meter' && importWh === '250')
    })
  })
})

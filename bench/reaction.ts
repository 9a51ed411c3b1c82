// What an agent adds to the transport between a measurement and the action that follows from it: a contact of a Modbus
// device that its agent opens it for, over loopback. Beside it a bare loop of the library, which reads the same registers as
// often and writes the same coil as soon as it has read the contact. Both against devices of one process, in turns.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import modbus from 'modbus-serial'
import { prepare } from '../sim/up/prepare.ts'
import { quietScenario } from '../sim/up/scenario.ts'
import { agentNodeOptions } from '../src/node/node-options.ts'
import type { WorkerMessage } from '../src/node/worker.ts'
import { type Child, startChild } from './child.ts'
import { FEEDER_PATH, ROOT, readFeeder } from './members.ts'
import type { FromDevice, ToDevice } from './reaction-device.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { over, row, target } from './table.ts'

const IED = 'recloser-675'
/** As an agent polls its device's status. */
const POLL_MS = 20
const STATUS = { address: 100, registers: 7, contactWord: 2, contactBit: 2 } as const
const OPEN_COIL = 0
const BARE = 0
const AGENT = 1
/** On top of the transport. */
const ASKED_MS = 2

export const reaction: Section = {
  title: 'From measurement to action, an agent over loopback Modbus',
  withinMs: 150_000,
  measure,
}

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const devices = startChild('./reaction-device')
  const { message } = await devices.next<Extract<FromDevice, { kind: 'ready' }>>(({ kind }) => kind === 'ready')
  const stopBare = await bareLoop(message.ports[BARE] ?? 0)
  const agent = await startAgent(dir, message.ports[AGENT] ?? 0)
  try {
    const took: [number[], number[]] = [[], []]
    const toWarmUp = quick ? 10 : 50
    for (let n = 0; n < toWarmUp + (quick ? 40 : 300); n++) {
      for (const device of chance() < 0.5 ? ([BARE, AGENT] as const) : ([AGENT, BARE] as const)) {
        await sleep(100 + 40 * chance()) // wherever in the poll
        devices.send({ kind: 'round', device } satisfies ToDevice)
        const { message: opened } = await devices.next<Extract<FromDevice, { kind: 'opened' }>>(
          told => told.kind === 'opened' && told.device === device,
        )
        if (n >= toWarmUp) took[device].push(opened.tookMs)
      }
    }
    const bare = row('bare loop: read, write', 'ms', took[BARE])
    const through = row('agent: read, decode, judge, decide, write', 'ms', took[AGENT], bare)
    const added = through.figure.p99 - bare.figure.p99
    return {
      rows: [bare, through],
      targets: [target('added to the transport, p99', added, ASKED_MS, 'ms')],
      notes: [
        `added: p50 ${(through.figure.p50 - bare.figure.p50).toFixed(2)} ms, p99 ${added.toFixed(2)} ms; ` +
          `×${over(through, bare).toFixed(2)} and ×${over(through, bare, 'p99').toFixed(2)} of the bare loop`,
      ],
    }
  } finally {
    stopBare()
    await agent.stop()
    await devices.stop()
  }
}

/** Reads the status as an agent does, and opens as soon as the contact shows. */
async function bareLoop(port: number): Promise<() => void> {
  const client = new modbus.default()
  await client.connectTCP('127.0.0.1', { port })
  client.setID(1)
  client.setTimeout(5000)
  let stopped = false
  const poll = async (): Promise<void> => {
    while (!stopped) {
      const { data } = await client.readInputRegisters(STATUS.address, STATUS.registers)
      const isClosed = ((data[STATUS.contactWord] ?? 0) >> STATUS.contactBit) & 1
      if (isClosed === 1) await client.writeCoil(OPEN_COIL, true)
      await sleep(POLL_MS)
    }
  }
  void poll().catch(() => {}) // the connection has gone: the section is over
  return () => {
    stopped = true
    client.destroy(() => {})
  }
}

/** One agent in a worker process, as `feedermesh up` starts it, on a map with the contact in place of the sag flag. */
async function startAgent(dir: string, port: number): Promise<Child> {
  const { file } = readFeeder()
  const shipped = readFileSync(join(ROOT, 'sim/maps/feedermesh-device.yaml'), 'utf8')
  const map = shipped.replace('feeds: sag,', 'feeds: inputs.1,')
  if (map === shipped) throw new Error('the device map has no sag flag')
  const deviceMap = join(dir, 'map.yaml')
  writeFileSync(deviceMap, map)
  const gate = { name: 'gate', contact: 'inputs.1', tripWhen: true, action: 'open', reset: 'auto', delaySeconds: 0 }
  const plan = await prepare({
    feederPath: FEEDER_PATH,
    file,
    dataDir: join(dir, 'data'),
    fresh: true,
    scenario: { ...quietScenario(file.name), agents: { [IED]: { peripherals: [gate] } } },
    devicePorts: new Map(file.ieds.map(({ name }) => [name, port])),
    deviceMap,
    allOwn: false,
  })
  const config = plan.ieds.find(({ name }) => name === IED)?.config as string
  const child = startChild('../src/node/worker', [config], agentNodeOptions)
  const { message } = await child.next<WorkerMessage>(
    told => told.kind === 'failed' || (told.kind === 'report' && told.report.event === 'device-answering'),
    60_000,
  )
  if (message.kind === 'failed') throw new Error(`${message.agent}: ${message.message}`)
  return child
}

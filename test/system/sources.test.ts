// A feeder that runs with true agents, in which each field device is of another kind by configuration alone:
//
//   S ══CB══ s1 ══ N1 ══R2══ s2 ══ N2     recorder at S: a recording of a real sag, played as its device
//                   ║                     rtu at N1: a phasor measurement unit (IEEE C37.118.2)
//                   ╚═══ s3 ═══ N3        meter at N2: Modbus RTU on a serial line; meter3 at N3: SunSpec
//
// The recorder operates nothing: of a breaker whose position its own device does not show nobody could say what it feeds.
// What the recording shows is warned of downstream. The servers are real, in this process; all agents are `feedermesh up`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type PmuServer, startPmuServer } from '../../sim/devices/pmu-server.ts'
import { noSerialLines, rtuDevice, type SerialPair, serialPair, withCrc } from '../hal/serial-line.ts'
import { imageAt, modelImage, WITHOUT } from '../hal/sunspec/register-image.ts'
import { startSunspecDevice } from '../hal/sunspec/sunspec-device.ts'
import { smallFeeder } from '../sim/small-feeder.ts'
import { commandLine } from './cli-in-process.ts'

import { startUp, type UpLine, type UpProcess } from './up-process.ts'

const RECORDING = resolve('../shared/data/waveforms/comtrade/tshort/1999-ascii-pq.cfg')
const VOLTS = 4000 / Math.sqrt(3)
const READY_MS = 100_000

const missing = noSerialLines ?? WITHOUT
const title = `devices of other kinds in a running mesh${missing === undefined ? '' : ` (skipped: ${missing})`}`

describe.skipIf(missing !== undefined)(title, () => {
  const dir = mkdtempSync(join(tmpdir(), 'feedermesh-sources-'))
  const stops: (() => Promise<unknown>)[] = []
  let up: UpProcess
  let pmuVolts = VOLTS
  let line: SerialPair

  const config = (ied: string, device: object): string => {
    const file = join(dir, `${ied}.yaml`)
    writeFileSync(file, stringify({ device }))
    return `${ied}=${file}`
  }
  const from = (ied: string, event: string, fits: (each: UpLine) => boolean = () => true) =>
    up.line(`${event} of ${ied}`, each => each.event === event && each.ied === ied && fits(each), READY_MS)

  beforeAll(async () => {
    const feeder = smallFeeder({
      frequencyHz: 60,
      generators: [],
      ieds: [
        { name: 'recorder', kind: 'rtu', node: 'S', organisation: 'u', observes: ['s1'] },
        { name: 'rtu', kind: 'rtu', node: 'N1', organisation: 'u', observes: ['s2'] },
        { name: 'meter', kind: 'meter', node: 'N2', organisation: 'u', meters: ['L2'] },
        { name: 'meter3', kind: 'meter', node: 'N3', organisation: 'u', meters: ['L3'] },
      ],
    })
    writeFileSync(join(dir, 'small.yaml'), stringify(feeder))

    line = await serialPair()
    stops.push(() => line.cut())
    const meter = await rtuDevice(line.far)
    meter.answer = (request, send) => send(sdm120(request))
    stops.push(() => meter.stop())
    const sunspec = await startSunspecDevice(
      imageAt(
        40_000,
        modelImage(1, { Mn: 'Acme', SN: '4711' }),
        modelImage(213, { PhVphA: VOLTS, Hz: 60, TotWhImp: 5e6 }),
      ),
    )
    stops.push(() => sunspec.stop())
    const pmu = await startUnit(() => pmuVolts)
    stops.push(() => pmu.stop())

    up = startUp(
      join(dir, 'small.yaml'),
      '--data',
      join(dir, 'data'),
      ...[
        '--config',
        config('recorder', { driver: 'comtrade', file: RECORDING, loop: true, scaleTo: { volts: VOLTS } }),
      ],
      ...['--config', config('rtu', { driver: 'c37118', host: '127.0.0.1', port: pmu.port, idCode: 7, phasors: UNIT })],
      ...[
        '--config',
        config('meter', { driver: 'modbus-rtu', path: line.near, baudRate: 115_200, map: 'shipped:eastron-sdm120' }),
      ],
      ...['--config', config('meter3', { driver: 'sunspec', host: '127.0.0.1', port: sunspec.port })],
    )
    await up.line('ready', ({ event }) => event === 'ready', READY_MS)
  }, 150_000)

  afterAll(async () => {
    up?.child.kill('SIGINT')
    await up?.ended
    for (const stop of stops.splice(0).reverse()) await stop()
    rmSync(dir, { recursive: true, force: true })
  })

  it('all come up, and find each other', () => {
    expect(up.lines.find(({ event }) => event === 'ready')).toMatchObject({ ok: true })
  })

  it('the sag of the recording is seen as it is, and all downstream are warned of it', async () => {
    const sag = await from(
      'recorder',
      'power-quality',
      ({ kind, extremePu }) => kind === 'sag' && Number(extremePu) < 0.7,
    )
    expect(sag.extremePu).toBeGreaterThan(0.55)
    for (const ied of ['rtu', 'meter', 'meter3'])
      expect(await from(ied, 'warned', ({ section }) => section === 's1')).toMatchObject({ origin: 'recorder' })
  })

  it.each([
    ['rtu', 'half-cycle'],
    ['meter', 'poll'],
    ['meter3', 'poll'],
  ])('%s measures its volts', async (ied, resolution) => {
    const { stdout, stderr } = await commandLine(['pq', 'show', '--at', ied, '--data', join(dir, 'data'), '--json'])
    expect(stderr).toBe('')
    const shown = JSON.parse(stdout)
    expect(shown.resolution).toBe(resolution)
    expect(shown.channels.find(({ channel }: { channel: string }) => channel === 'volts.a').rms).toBeCloseTo(VOLTS, 0)
  })

  it('says who its metering device is', async () => {
    const { stdout } = await commandLine(['device', '--at', 'meter3', '--data', join(dir, 'data'), '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ device: { shown: { manufacturer: 'Acme', serialNumber: '4711' } } })
  })

  it('a sag that a phasor measurement unit shows warns downstream too, and not upstream', async () => {
    pmuVolts = 0.4 * VOLTS
    const warned = await from('meter', 'warned', ({ origin }) => origin === 'rtu')
    pmuVolts = VOLTS
    expect(warned).toMatchObject({ section: 's2' })
    expect(
      up.lines.filter(({ event, ied, origin }) => event === 'warned' && ied === 'recorder' && origin === 'rtu'),
    ).toEqual([])
  })

  it('a line that is pulled out is a silent device, and no trip', async () => {
    await line.cut()
    await from('meter', 'device-silent')
    expect(up.lines.filter(({ event }) => event === 'tripped' || event === 'operated')).toEqual([])
  })
})

const UNIT = { volts: { a: 'VA', b: 'VB', c: 'VC' } }

function startUnit(volts: () => number): Promise<PmuServer> {
  const phasors = ['VA', 'VB', 'VC'].map(name => ({ name, kind: 'volts' as const, perBit: 1, turnRadians: 0 }))
  const unit = { station: 'N1', idCode: 7, polar: true, phasorsFloat: true, analogsFloat: false, frequencyFloat: true }
  return startPmuServer({
    port: 0,
    idCode: 7,
    stream: {
      timeBase: 1_000_000,
      framesPerSecond: 60,
      pmus: [{ ...unit, phasors, analogs: 0, digitals: 0, nominalHz: 60, changes: 0 }],
    },
    course: () => [
      {
        stat: 0,
        phasors: [0, -2, 2].map(thirds => ({ magnitude: volts(), radians: (thirds * Math.PI) / 3 })),
        frequencyHz: 60,
        rocofHzPerS: 0,
      },
    ],
    utc: Date.now,
  })
}

/** What an Eastron SDM120 answers: 2309.4 V behind a transformer, 60 Hz, 1.5 kWh; zero elsewhere. */
function sdm120({ unit, code, address, operand }: { unit: number; code: number; address: number; operand: number }) {
  const image = Buffer.alloc(2 * (address + operand + 2))
  const put = (register: number, value: number): void => {
    if (code === 4 && 2 * register + 4 <= image.length) image.writeFloatBE(value, 2 * register)
  }
  put(0, VOLTS)
  put(70, 60)
  put(72, 1.5)
  const bytes = image.subarray(2 * address, 2 * (address + operand))
  return withCrc(unit, code, bytes.length, ...bytes)
}

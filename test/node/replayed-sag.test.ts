// A real recording as the device of an agent: its own components see the sag where it is, and record it. Facts of the
// recording: ../shared/data/waveforms/comtrade_truth.json.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { readComtrade, replayHal } from '../../src/hal/comtrade/index.ts'
import { bus, type ComponentContext, type Report } from '../../src/node/component.ts'
import { faultRecorder } from '../../src/node/components/fault-recorder.ts'
import { fieldDevice } from '../../src/node/components/field-device.ts'
import { powerQualityComponent } from '../../src/node/components/power-quality.ts'
import { powerQualitySchema } from '../../src/node/power-quality-config.ts'
import type { PowerQualityEvent } from '../../src/protection/power-quality/event.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { steppedClock } from '../hal/comtrade/recorded.ts'

const RECORDING = fileURLToPath(
  new URL('../../../shared/data/waveforms/comtrade/tshort/1999-ascii-pq.cfg', import.meta.url),
)
const isThere = existsSync(RECORDING)
const FILE = 'topology/feeders/ieee13.yaml'
const START = 1000
const STARTS_AFTER = 500
/** Vc falls first, Vb follows; neither is back when the record ends. */
/** What they are in per unit of: the beginning of each. */
const [VB_VOLTS, VC_VOLTS] = [7838.2, 7621.5]
const SAG = { c: { startSeconds: 7 / 120, extremePu: 0.6786 }, b: { startSeconds: 14 / 120, extremePu: 0.6103 } }
const HALF_CYCLE_MS = 1000 / 120

async function played(nominalVolts: number) {
  const clock = steppedClock(START)
  const file = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.stack}`))
  const events: PowerQualityEvent[] = []
  const reports: Report[] = []
  inside.on('powerQuality', event => events.push(event))
  const record = readComtrade(RECORDING)
  const context = {
    name: file.ieds[0]?.name,
    feeder: createFeeder(file),
    epoch: 1,
    config: {
      device: { statusPollMs: 20, valuesPollMs: 1000 },
      powerQuality: powerQualitySchema.parse({ nominalVolts }),
    },
    clock,
    hal: replayHal({ record, startAfterMs: STARTS_AFTER, ...clock }),
    store: openMemoryStore(),
    ledger: { append: async () => ({ number: 1 }) },
    bus: inside,
    chance: () => 0,
    readout: () => {},
    listing: () => {},
    log: { debug: () => {}, error: (event: string) => expect.unreachable(event) },
    report: (event: string, fields = {}) => reports.push({ event, atMs: clock.now(), ...fields }),
  } as unknown as ComponentContext
  const running = [
    await powerQualityComponent.start(context),
    await faultRecorder.start(context),
    await fieldDevice.start(context),
  ]
  for (let passed = 0; passed < 4000; passed += 10) {
    clock.forward(10)
    await new Promise(setImmediate)
  }
  for (const each of running.reverse()) await each.stop()
  return { events, reports }
}

describe.skipIf(!isThere)(`a real sag, replayed${isThere ? '' : ' (SKIPPED: no ../shared/data/waveforms)'}`, () => {
  it('is a sag of the agent where the recording has it, as deep', async () => {
    const { events, reports } = await played(VC_VOLTS)
    const sags = events.filter(({ kind }) => kind === 'sag')
    const [begins] = sags
    expect(begins).toMatchObject({ phase: 'begins', channels: ['volts.c'], resolution: 'samples' })
    const started = (begins?.startedAt ?? 0) - START - STARTS_AFTER
    expect(Math.abs(started - SAG.c.startSeconds * 1000)).toBeLessThanOrEqual(HALF_CYCLE_MS)
    expect((begins?.detectedAt ?? 0) - (begins?.startedAt ?? 0)).toBeLessThanOrEqual(4 * HALF_CYCLE_MS)
    const ends = sags.find(({ phase }) => phase === 'ends')
    expect(ends).toMatchObject({ channels: ['volts.b', 'volts.c'], isCutOff: true })
    expect(Math.abs((ends?.extremePu ?? 0) - (SAG.b.extremePu * VB_VOLTS) / VC_VOLTS)).toBeLessThanOrEqual(0.02)

    const recorded = reports.filter(({ event }) => event === 'recording')
    expect(recorded[0]).toMatchObject({ source: 'samples', trigger: 'powerQuality' })
    expect(reports.filter(({ event }) => event === 'alarm')).toEqual([])
  })
})

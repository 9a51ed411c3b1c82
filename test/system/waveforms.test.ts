// A recording is the field device of a running agent: its sag is seen and recorded, and the recording fetched over the mesh by
// whoever may, with the built program.

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, startAgentProcess } from './cli-process.ts'
import { makeSite, type Site } from './site.ts'

const RECORDING = fileURLToPath(new URL('../../docs/examples/sag.cff', import.meta.url))
/** Of the recording: 8.3 cycles of 50 Hz after its start, for 8.8 cycles; the half cycles around count too. */
const SAG = { startSeconds: 8.3 / 50, durationSeconds: 8.8 / 50, extremePu: 3830 / 6350 }
const HALF_CYCLE = 0.5 / 50

let site: Site
let viewer: string
let engineer: string
let agent: AgentProcess

beforeAll(async () => {
  site = await makeSite()
  viewer = await site.viewer(site.authority)
  engineer = await site.viewer(site.authority, 'ENGINEER')
  const config = await site.agent('recloser', {
    device: { driver: 'comtrade', file: RECORDING, startAfterMs: 1500, status: { pickup: 'pickup' } },
    components: [
      'alarms',
      'peers',
      'positions',
      { use: 'power-quality' },
      { use: 'fault-recorder', settings: { preTriggerMs: 200, postTriggerMs: 150 } },
      'field-device',
    ],
    powerQuality: { nominalVolts: 6350 },
  })
  agent = await startAgentProcess(config)
}, 120_000)
afterAll(async () => {
  await agent?.stop()
  await site?.remove()
})

describe('a replayed recording', { timeout: 120_000 }, () => {
  it('is seen as the sag that it is, and recorded; and the recording is fetched and shows it too', async () => {
    const recorded = await agent.logged('recording', 1, 60_000)
    expect(recorded).toMatchObject({ id: 1, source: 'samples' })
    const listed = await commandLine(['events', '--at', agent.address, '--as', viewer, '--json'])
    expect([listed.code, listed.stderr]).toEqual([0, ''])
    const { events } = outputs.events.parse(JSON.parse(listed.stdout))
    const kinds = new Set(events.flatMap(({ triggers }) => triggers.map(({ kind }) => kind)))
    expect([...kinds].sort()).toEqual(['pickup', 'powerQuality'])
    expect(events[0]).toMatchObject({ id: 1, sha256: recorded.sha256, source: 'samples' })
    expect(events[0]?.channels).toEqual(expect.arrayContaining(['Va', 'Vb', 'Vc', 'Ia', 'Ib', 'Ic', 'pickup']))

    const file = site.path('1.cff')
    const fetched = await commandLine([
      'events',
      '--at',
      agent.address,
      '--as',
      engineer,
      '--waveform',
      '1',
      '--out',
      file,
      '--json',
    ])
    expect([fetched.code, fetched.stderr]).toEqual([0, ''])
    expect(outputs['events-waveform'].parse(JSON.parse(fetched.stdout))).toMatchObject({
      id: 1,
      file,
      sha256: events[0]?.sha256,
    })

    const sagOf = async (of: string) => {
      const { code, stdout } = await commandLine(['pq', 'analyse', of, '--nominal', '6350', '--json'])
      expect(code).toBe(0)
      const analysis = outputs['pq-analyse'].parse(JSON.parse(stdout))
      return { analysis, sag: analysis.events.find(({ channel, kind }) => channel === 'Va' && kind === 'sag') }
    }
    const original = await sagOf(RECORDING)
    expect(Math.abs((original.sag?.startSeconds ?? 0) - SAG.startSeconds)).toBeLessThanOrEqual(2 * HALF_CYCLE)
    expect(Math.abs((original.sag?.durationSeconds ?? 0) - SAG.durationSeconds)).toBeLessThanOrEqual(2 * HALF_CYCLE)
    expect(original.sag?.extremePu).toBeCloseTo(SAG.extremePu, 1)
    const again = await sagOf(file)
    expect(again.analysis).toMatchObject({ station: 'small', device: 'recloser', lineHz: 50 })
    expect(again.sag?.extremePu).toBeCloseTo(original.sag?.extremePu ?? 0, 2)
    expect(Math.abs((again.sag?.durationSeconds ?? 0) - (original.sag?.durationSeconds ?? 0))).toBeLessThanOrEqual(
      2 * HALF_CYCLE,
    )
  })

  it('is not given to a viewer, and leaves no file', async () => {
    const file = site.path('not-mine.cff')
    const { code, stderr } = await commandLine([
      'events',
      '--at',
      agent.address,
      '--as',
      viewer,
      '--waveform',
      '1',
      '--out',
      file,
    ])
    expect(code).toBe(4)
    expect(stderr).toMatch(/VIEWER may not fetch recordings, want ENGINEER or SECADM or SECAUD\n$/)
    expect(readdirSync(site.dir).filter(name => name.startsWith('not-mine'))).toEqual([])
  })

  it('that is not there is said so in one line', async () => {
    const { code, stderr } = await commandLine([
      'events',
      '--at',
      agent.address,
      '--as',
      engineer,
      '--waveform',
      '99',
      '--out',
      site.path('99.cff'),
    ])
    expect([code, stderr.trim().split('\n')]).toEqual([4, [expect.stringMatching(/no recording 99 here/)]])
  })
})

describe('the command line', { timeout: 120_000 }, () => {
  it('ends with 2 and one clear line for a recording that is broken', async () => {
    const rows = [
      [site.path('none.cfg'), /none\.cfg: can't read this recording/],
      [fileURLToPath(new URL('../../package.json', import.meta.url)), /want a recording's \.cfg/],
    ] as const
    for (const [file, words] of rows) {
      const { code, stdout, stderr } = await commandLine(['pq', 'analyse', file])
      expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1])
      expect(stderr).toMatch(words)
    }
    const { code, stderr } = await commandLine(['pq', 'analyse', RECORDING, '--nominal', '-1'])
    expect([code, stderr]).toEqual([2, '--nominal -1: want a number above 0\n'])
  })
  it('draws to a file, or to the standard output', async () => {
    const drawn = await commandLine(['pq', 'analyse', RECORDING, '--svg', '-'])
    expect([drawn.code, drawn.stdout.startsWith('<svg '), drawn.stdout.endsWith('</svg>\n')]).toEqual([0, true, true])
    const { code, stderr } = await commandLine([
      'pq',
      'analyse',
      RECORDING,
      '--svg',
      site.path('no', 'such', 'dir.svg'),
    ])
    expect(code).toBe(2)
    expect(stderr).toMatch(/can't write this drawing/)
  })
})

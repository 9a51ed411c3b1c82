import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { simSweep } from '../../../sim/sweep/command.ts'
import { playAlone } from '../../../sim/sweep/play-alone.ts'
import { playWithAgents } from '../../../sim/sweep/play-with-agents.ts'
import { type SweepOptions, sweep } from '../../../sim/sweep/sweep.ts'
import { outputs } from '../../../src/node/cli/outputs.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { readFeederFile } from '../../../topology/read-any.ts'
import { smallFeeder } from '../small-feeder.ts'

const OPTIONS: SweepOptions = {
  kinds: ['line-ground', 'three-phase'],
  comms: ['up', 'down'],
  resistanceOhm: 0,
  seed: '1',
  limitMs: 20_000,
  alwaysWithAgents: false,
  jobs: 1,
}
const PATH = fileURLToPath(new URL('../../../topology/feeders/ieee13.yaml', import.meta.url))
const IEEE13 = parseFeeder(readFileSync(PATH, 'utf8'), PATH)

describe('sweep', () => {
  it('judges each fault, with and without communications', async () => {
    const { cases } = await sweep(smallFeeder(), { ...OPTIONS, sections: ['s1', 's2'] })
    expect(
      cases.map(({ section, kind, comms, verdict, clearedBy, clearedMs }) => [
        section,
        kind,
        comms,
        verdict,
        clearedBy,
        clearedMs,
      ]),
    ).toEqual(
      ['s1', 's2'].flatMap(section =>
        ['line-ground', 'three-phase'].flatMap(kind =>
          ['up', 'down'].map(comms => [
            section,
            kind,
            comms,
            'right',
            ...(section === 's1' ? ['CB', 850] : ['R2', 440]),
          ]),
        ),
      ),
    )
  })

  it('takes a generator off with communications, and leaves it on without', async () => {
    const { cases } = await sweep(smallFeeder(), { ...OPTIONS, sections: ['s2'], kinds: ['three-phase'] })
    expect(cases.map(({ comms, generatorsLeft }) => [comms, generatorsLeft])).toEqual([
      ['up', []],
      ['down', ['G2']],
    ])
  })

  it('plays trouble about the right device, with time grading beside it', async () => {
    const { cases } = await sweep(smallFeeder(), {
      ...OPTIONS,
      sections: ['s2'],
      kinds: ['three-phase'],
      comms: ['slow', 'lossy', 'partitioned', 'agent-dead', 'device-stuck'],
    })
    expect(cases.map(({ comms, expected, alone }) => [comms, expected, alone?.clearedBy, alone?.clearedMs])).toEqual([
      ['slow', 'R2', 'R2', 440],
      ['lossy', 'R2', 'R2', 440],
      ['partitioned', 'R2', 'R2', 440],
      ['agent-dead', 'R2', 'R2', 440],
      ['device-stuck', 'CB', 'CB', 850],
    ])
    for (const { verdict, clearedBy, clearedMs = 1e9, expected, alone } of cases) {
      expect([verdict, clearedBy]).toEqual(['right', expected])
      expect(clearedMs).toBeLessThanOrEqual(alone?.clearedMs ?? 0)
    }
  })

  it('says the current and the pickup when a fault is too weak for all of them', async () => {
    const { cases } = await sweep(smallFeeder(), {
      ...OPTIONS,
      sections: ['s3'],
      kinds: ['line-ground'],
      comms: ['down'],
      resistanceOhm: 40,
    })
    expect(cases[0]).toMatchObject({
      verdict: 'not cleared',
      why: expect.stringMatching(/^below pickup: CB sees \d+ A, picks up above 400 A$/),
    })
  })

  it('does not know a section that the feeder lacks, and names a near one', async () => {
    await expect(sweep(IEEE13, { ...OPTIONS, sections: ['s692-676'] })).rejects.toThrow(
      /^--sections: s692-676: feeder ieee13 has no such section, did you mean s692-675\?$/,
    )
  })
})

// What lets the sweep play the field alone where no message passes.
describe('agents without communications', () => {
  it.each([
    ['s692-675', 'three-phase'],
    ['s684-611', 'line-ground'],
    ['s632-671', 'line-line'],
    ['s650-632', 'three-phase'],
  ] as const)('operate nothing: %s, %s', async (section, kind) => {
    const fault = { section, kind }
    const alone = playAlone(IEEE13, fault, 20_000, () => {})
    const played = await playWithAgents(IEEE13, fault, 'down', 'seed', alone.forMs)
    expect(played.agents).toEqual([])
    expect(played.field).toEqual(alone.field)
    expect(played.field.length).toBeGreaterThan(0)
  })
})

const BUILT = fileURLToPath(new URL('../../../dist/sim/sweep/sweep.js', import.meta.url))
describe.skipIf(!existsSync(BUILT))('sweep in several processes (needs `npm run build`)', () => {
  it('gives what one process gives', async () => {
    const built = (await import(BUILT)) as typeof import('../../../sim/sweep/sweep.ts')
    const options = { ...OPTIONS, sections: ['s1', 's2'] }
    const [one, two] = [
      await built.sweep(smallFeeder(), options),
      await built.sweep(smallFeeder(), { ...options, jobs: 2 }),
    ]
    expect(two).toEqual(one)
  })
})

describe('feedermesh sim sweep --json', () => {
  it('prints what its schema says, and exits with 1 when something was not cleared', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'feedermesh-sweep-'))
    let said = ''
    const out = new Writable({
      write(chunk, _, done) {
        said += String(chunk)
        done()
      },
    })
    const code = await simSweep({
      ...OPTIONS,
      feederPath: PATH,
      sections: ['s633-634'],
      from: undefined,
      comms: ['down'],
      energises: false,
      resistanceOhm: 4,
      limitSeconds: 20,
      jobs: 1,
      allow: ['s633-634:three-phase=not-cleared'],
      output: join(folder, 'matrix.csv'),
      json: true,
      replay: '',
      out,
      error: out,
      signal: new AbortController().signal,
    })
    expect(code).toBe(1)
    const printed = outputs['sim-sweep'].strict().parse(JSON.parse(said))
    expect(printed.cases.map(({ kind, ok }) => [kind, ok])).toEqual([
      ['line-ground', false],
      ['three-phase', true],
    ])
    expect(readFileSync(join(folder, 'matrix.csv'), 'utf8').split('\r\n')[1]).toMatch(
      /^s633-634,line-ground,down,not cleared,false/,
    )
    rmSync(folder, { recursive: true })
  })

  it('goes on from a section, and ends with a line of its counts; one that is ended says where to go on', async () => {
    const [one, other] = readFeederFile(PATH)
      .feeder.sections.slice(0, 2)
      .map(({ name }) => name) as [string, string]
    let said = ''
    const out = new Writable({
      write(chunk, _, done) {
        said += String(chunk)
        done()
      },
    })
    const given = {
      ...OPTIONS,
      feederPath: PATH,
      sections: [one, other],
      kinds: ['three-phase' as const],
      comms: ['down' as const],
      energises: false,
      resistanceOhm: 0,
      limitSeconds: 20,
      jobs: 1,
      allow: [],
      output: undefined,
      json: false,
      replay: '',
      out,
      error: out,
    }
    await simSweep({ ...given, from: other, signal: new AbortController().signal })
    expect(said.trimEnd().split('\n').at(-1)).toMatch(
      new RegExp(`^ieee13 from ${other} on: 1 cases: .*; took [\\d.]+ s$`),
    )

    said = ''
    const abort = new AbortController()
    const error = new Writable({
      write(chunk, _, done) {
        said += String(chunk)
        done()
      },
    })
    const signal = new Proxy(abort.signal, {
      get(target, key) {
        if (key !== 'throwIfAborted') return Reflect.get(target, key, target)
        // Before the second fault.
        return () => {
          asked++
          if (asked > 1) abort.abort(new Error('ended by hand'))
          target.throwIfAborted()
        }
      },
    })
    let asked = 0
    await expect(simSweep({ ...given, error, from: undefined, signal })).rejects.toThrow('ended by hand')
    expect(said).toContain(`ieee13: 1 cases:`)
    expect(said).toContain(`to go on: --from ${other}`)
  })
})

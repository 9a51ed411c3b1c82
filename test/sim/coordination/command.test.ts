import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { type CoordinationArguments, coordination } from '../../../sim/coordination/command.ts'
import { drawnCurves, longestWay } from '../../../sim/coordination/drawn-curves.ts'
import { studyFaults } from '../../../sim/coordination/fault-study.ts'
import { stateWith } from '../../../sim/coordination/study-state.ts'
import { outputs } from '../../../src/node/cli/outputs.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const IEEE13 = 'topology/feeders/ieee13.yaml'
const LOOP_PAIR = 'topology/feeders/loop-pair.yaml'
const folder = mkdtempSync(join(tmpdir(), 'feedermesh-coordination-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(feederPath: string, more: Partial<CoordinationArguments> = {}): { code: number; said: string } {
  let said = ''
  const out = new Writable({
    write(chunk, _, done) {
      said += String(chunk)
      done()
    },
  })
  const code = coordination({
    feederPath,
    open: [],
    close: [],
    ties: false,
    intervalMs: undefined,
    groundOhm: 0,
    allow: [],
    svg: undefined,
    devices: undefined,
    ground: false,
    json: false,
    out,
    error: out,
    ...more,
  })
  return { code, said }
}

describe('feedermesh protection coordination', () => {
  it('prints what its schema says', () => {
    const { code, said } = run(IEEE13, { json: true })
    const answer = outputs['protection-coordination'].strict().parse(JSON.parse(said))
    expect(code).toBe(0)
    expect(answer).toMatchObject({ feeder: 'ieee13', ok: true, states: [{ state: 'normal', converged: true }] })
    const cb650 = answer.states[0]?.devices.find(({ device }) => device === 'CB650')
    expect(cb650?.highSet).toMatchObject({ pickupAmps: 2800, groundPickupAmps: 1700 })
  })

  it('exits with 1 when a margin is violated, unless the pair is allowed, either way round', () => {
    const over = { open: ['CB-N'], close: ['tr'] }
    const { code, said } = run(LOOP_PAIR, over)
    expect(code).toBe(1)
    expect(said).toContain('margin violated: RC-N/TR, TR/RC-S')
    const allowed = run(LOOP_PAIR, { ...over, allow: ['TR/RC-N', 'TR/RC-S'] })
    expect(allowed.code).toBe(0)
    expect(allowed.said).toContain('every margin kept (allowed: RC-N/TR, TR/RC-S)')
    expect(run(LOOP_PAIR, { ...over, intervalMs: 150, allow: ['RC-N/TR'] }).code).toBe(0)
  })

  it('judges both directions over each tie', () => {
    const { code, said } = run(LOOP_PAIR, { ties: true })
    expect(code).toBe(1)
    expect(said).toContain('loop-pair, normal state')
    expect(said).toContain('loop-pair, CB-S open, TR closed')
  })

  it('draws the longest way from the source, or what is asked for', () => {
    const path = join(folder, 'curves.svg')
    expect(run(IEEE13, { svg: path }).code).toBe(0)
    const svg = readFileSync(path, 'utf8')
    for (const text of ['CB650', 'R632', 'R684', 'high-set 1950 A', '4.16 kV']) expect(svg).toContain(text)
    expect(svg).not.toContain('R645')
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    run(IEEE13, { svg: path, devices: ['r645'] })
    expect(readFileSync(path, 'utf8')).toContain('R645')
    const { said } = run(LOOP_PAIR, { svg: '-', ground: true, devices: ['CB-S', 'F-S4'] })
    expect(said).toMatch(/^<svg .*51N 240 A, 0\.90 s.*<\/svg>\s*$/s)
  })

  it.each([
    [{ open: ['R67'] }, /^--open: "R67" — feeder ieee13 has no such device, want R675\?$/],
    [{ allow: ['R675'] }, /^--allow: "R675" — not understood, want DEVICE\/DEVICE$/],
    [{ svg: '-', devices: ['SW692'] }, /^--devices: SW692 has no curve, want devices that interrupt by themselves/],
    [{ devices: ['R675'] }, /^--devices: says what --svg draws, want --svg FILE too$/],
    [{ ground: true }, /^--ground: says what --svg draws/],
    [{ svg: '/nowhere/at/all.svg' }, /^--svg \/nowhere\/at\/all\.svg: /],
  ])('refuses %j', (more, message) => {
    expect(() => run(IEEE13, more)).toThrow(message)
  })
})

describe('drawn curves', () => {
  const file = parseFeeder(readFileSync('topology/feeders/customer-site.yaml', 'utf8'), 'customer-site')
  const study = studyFaults(stateWith(file, [], []).feeder)

  it('are all at the voltage of the one nearest to the source', () => {
    const { kilovolts, devices } = drawnCurves(study, ['CB-M', 'PCC'], 'phase', 'normal')
    expect(kilovolts).toBeCloseTo(20, 6)
    expect(devices.map(({ name }) => name)).toEqual(['PCC', 'CB-M'])
    // 400 A at 6.3 kV.
    expect(devices[1]?.curve[0]?.[0]).toBeCloseTo((400 * 6.3) / 20, 3)
    expect(devices[1]?.settings.at(-1)).toBe('these at 6.3 kV, drawn at 20 kV')
  })

  it('are by default of the way with the most devices', () => {
    expect(longestWay(study)).toEqual(['CB-U', 'RC-U', 'PCC', 'CB-M'])
  })
})

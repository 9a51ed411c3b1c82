import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { explain } from '../../src/node/cli/explain.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { topologyCommand } from '../../src/node/cli/topology.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { hasFeeders, MASTERS, WITHOUT } from '../topology/opendss/masters.ts'

const IEEE13 = 'topology/feeders/ieee13.yaml'
const LOOP_PAIR = 'topology/feeders/loop-pair.yaml'
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'topology-cli-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dir, { recursive: true })
})

interface Run {
  readonly out: string
  readonly errors: string
  readonly code: number
}

async function run(...args: string[]): Promise<Run> {
  const said = { out: '', errors: '' }
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    said.out += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    said.errors += text
    return true
  })
  try {
    await topologyCommand().exitOverride().parseAsync(args, { from: 'user' })
    return { ...said, code: 0 }
  } catch (error) {
    const { line, code } = explain(error)
    return { ...said, errors: `${said.errors}${line}`, code }
  } finally {
    vi.restoreAllMocks()
  }
}
const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).out)

describe('topology check', () => {
  it('counts what the file has', async () => {
    const answer = await json('check', IEEE13)
    expect(outputs['topology-check'].parse(answer)).toEqual(answer)
    expect(answer).toMatchObject({ format: 'feedermesh', buses: 13, loads: 9, loadKw: 3466, radial: true, ieds: 16 })
    expect(answer).toMatchObject({ customers: 563, zones: 7, notes: [], warnings: [] })
    expect((await json('check', LOOP_PAIR)).devices).toContainEqual({ kind: 'recloser', closed: 3, open: 1 })
  })

  it('says it to people too', async () => {
    const { out, code } = await run('check', IEEE13)
    expect(code).toBe(0)
    expect(out).toContain('feeder ieee13 (feedermesh) is right')
    expect(out).toMatch(/loads +9, 3466 kW, 563 customers/)
    expect(out).toMatch(/switches +1 closed, 0 open \(sections that are a switch and nothing else\)/)
  })

  it('points at lines that would be without impedance', async () => {
    const file = join(dir, 'bare.yaml')
    writeFileSync(file, readFileSync(IEEE13, 'utf8').replace(/(name: s632-633,.*), lineCode: [^,} ]+/, '$1'))
    expect((await json('check', file)).warnings).toContain('1 section has a length but no impedance: s632-633')
  })

  it('gives every complaint with its line, and exit code 2', async () => {
    const path = join(dir, 'wrong.yaml')
    const text = readFileSync(IEEE13, 'utf8').replace('from: "632", to: "633"', 'from: "631", to: "633"')
    writeFileSync(path, text.replace('operates: CB650', 'operates: CB65'))
    const { errors, code, out } = await run('check', path)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(errors.split('\n')).toHaveLength(2)
    expect(errors).toMatch(/wrong\.yaml:\d+: sections\[1\]\.from: "631" — no such node/)
    expect(errors).toMatch(/wrong\.yaml:\d+: ieds\[0\]\.operates: "CB65" — .*want "CB650"\?/)
  })

  it('does not know other formats, nor files that are not there', async () => {
    writeFileSync(join(dir, 'case.m'), 'mpc.version = 2')
    expect(await run('check', join(dir, 'case.m'))).toMatchObject({ code: 2, out: '' })
    expect((await run('check', join(dir, 'none.yaml'))).code).toBe(2)
  })

  it('says what it would place', async () => {
    const bare = join(dir, 'bare.yaml')
    writeFileSync(bare, readFileSync(IEEE13, 'utf8').replace(/\nieds:[\s\S]*/, '\n'))
    expect((await json('check', bare)).warnings.join(' ')).toContain('--place proposes some')
    const placed = await json('check', bare, '--place')
    expect(placed.placed.devices).toEqual(['R-633'])
    expect(placed.placed.ieds).toContain('meter-671')
    expect(placed.ieds).toBe(placed.placed.ieds.length)
  })
})

describe('topology downstream', () => {
  it('counts what a section feeds', async () => {
    const answer = await json('downstream', IEEE13, 's632-671')
    expect(answer).toMatchObject({ kind: 'section', buses: 7, loads: 6, loadKw: 2666, customers: 383 })
    expect(answer.ieds).toContain('gen-675')
    expect(answer.busNames).toEqual(['611', '652', '671', '675', '680', '684', '692'])
  })

  it('takes a device, a transformer, and any case', async () => {
    expect(await json('downstream', IEEE13, 'r675')).toMatchObject({ name: 'R675', kind: 'device', buses: 1 })
    expect(await json('downstream', IEEE13, 'xfm-1')).toMatchObject({ name: 'XFM-1', kind: 'section', loadKw: 400 })
  })

  it('follows the positions asked for', async () => {
    const rest = await json('downstream', LOOP_PAIR, 'RC-S')
    const turned = await json('downstream', LOOP_PAIR, 'RC-S', '--open', 'CB-S', '--close', 'tr')
    expect(turned.customers).not.toBe(rest.customers)
    expect(turned.busNames).toContain('s3')
  })

  it('suggests the nearest name, with exit code 2', async () => {
    const { errors, code } = await run('downstream', IEEE13, 's632-67')
    expect({ errors, code }).toEqual({ errors: '"s632-67" — no such section or device, want "s632-671"?', code: 2 })
  })

  it('names the section that feeds what was asked for', async () => {
    expect((await run('downstream', IEEE13, '675')).errors).toBe(
      '"675" — is a node, want a section or device, as "s692-675", by which it is fed',
    )
    expect((await run('downstream', IEEE13, 'METER-675')).errors).toContain('is an IED, want a section or device')
    expect((await run('downstream', IEEE13, '650')).errors).toBe('"650" — is a node, want a section or device')
  })

  it('says why something feeds nothing', async () => {
    expect((await run('downstream', LOOP_PAIR, 'TR')).out).toContain('either of its ends has a source without it')
    const dark = await run('downstream', LOOP_PAIR, 'SW-S', '--open', 'CB-S')
    expect(dark.out).toContain('it is without voltage in this state')
  })

  it('does not guess between --open and --close of one device', async () => {
    const { errors, code } = await run('downstream', IEEE13, 'R675', '--open', 'R684', '--close', 'r684')
    expect({ errors, code }).toEqual({ errors: '"R684" — is in --open and in --close, want one of them', code: 2 })
  })
})

describe('topology zones', () => {
  it('says who bounds a zone, what it holds, and what could feed it', async () => {
    const { zones } = await json('zones', LOOP_PAIR)
    const zone = zones.find((each: { zone: string }) => each.zone === 's4')
    expect(zone).toMatchObject({
      energised: 'yes',
      nodes: ['s4', 's5'],
      neighbours: ['s4a', 's3', 'n4'],
      customers: 138,
    })
    expect(zone.boundary).toContainEqual({ device: 'TR', position: 'open' })
    expect(zone.ties).toEqual([{ section: 'n5-s5', devices: ['TR'], node: 'n5', certain: true }])
    expect((await run('zones', LOOP_PAIR)).out).toContain('could be fed by closing')
  })
})

describe('topology show', () => {
  it('is a tree with devices, loads and IEDs', async () => {
    const lines = (await run('show', IEEE13)).out.split('\n')
    expect(lines[0]).toBe('650  source  IED relay-650')
    expect(lines).toContain('  ├ 645  via s632-645  [recloser R645]  170 kW, 40 customers  IED meter-645')
    expect(lines).toContain('    │ ├ 611  via s684-611  {C611}  170 kW, 42 customers  IED meter-611')
  })

  it('shows another state', async () => {
    const { out } = await run('show', IEEE13, '--open', 'r684')
    expect(out).toContain('684  DARK  via s671-684  [recloser R684 OPEN]')
    const { rows } = await json('show', IEEE13, '--open', 'R684')
    expect(rows.filter((row: { energised: string }) => row.energised === 'no')).toHaveLength(3)
  })

  it('writes the diagram, to a file or to the standard output', async () => {
    const path = join(dir, 'out.svg')
    expect((await run('show', IEEE13, '--svg', path)).code).toBe(0)
    expect(readFileSync(path, 'utf8')).toMatch(/^<svg [\s\S]*drawn from feeders\/ieee13\.yaml[\s\S]*<\/svg>\n$/)
    expect((await run('show', IEEE13, '--svg', '-', '--open', 'R684')).out).toContain('shown with R684 open')
    expect(await run('show', IEEE13, '--svg', join(dir, 'no', 'such.svg'))).toMatchObject({ code: 2 })
    expect(existsSync(join(dir, 'no'))).toBe(false)
  })
})

describe('topology convert', () => {
  it('writes a file that reads back the same', async () => {
    const { out } = await run('convert', IEEE13)
    expect(parseFeeder(out, 'out')).toEqual(parseFeeder(readFileSync(IEEE13, 'utf8'), IEEE13))
  })
})

describe.skipIf(!hasFeeders)(`topology on public feeders (${WITHOUT})`, () => {
  it.each(Object.entries(MASTERS))('checks, draws and converts %s, with IEDs', async (_, path) => {
    const [svg, yaml] = [join(dir, 'out.svg'), join(dir, 'out.yaml')]
    const before = await json('check', path)
    expect(before.format).toBe('opendss')
    expect((await run('show', path, '--place', '--svg', svg)).code).toBe(0)
    expect((await run('convert', path, '--place', '-o', yaml)).code).toBe(0)
    const text = readFileSync(yaml, 'utf8')
    expect(text).toContain('# Devices proposed by rule')
    const after = await json('check', yaml)
    const { buses, loads, loadKw, transformers, radial, deepestBus } = before
    expect(after).toMatchObject({ buses, loads, loadKw, transformers, radial, deepestBus, format: 'feedermesh' })
    expect(after.warnings.filter((warning: string) => /observer|meter|no IED/.test(warning))).toEqual([])
  })

  it.each([
    ['ieee13', '650632', 13, 15, 3466],
    ['ieee13', '692675', 1, 3, 843],
    ['ieee13mod_onm', 'CB_101', 22, 20, 3876],
    ['ieee13x', 'brkr1', 19, 16, 3471],
    ['ieee34mod2', 'L14B', 31, 29, 1473],
    ['ieee37', 'jumper', 0, 0, 0],
  ])('%s: %s feeds %i buses, %i loads, %d kW', async (master, line, buses, loads, loadKw) => {
    expect(await json('downstream', MASTERS[master] ?? '', line)).toMatchObject({ buses, loads, loadKw })
  })
})

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { feedermesh } from './cli-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'sim-run-'))
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const scenario = (withinMs: number): string => `feedermesh: 1
simulation: small
feeder: ieee13
forSeconds: 20
network: { lossShare: 0.1, duplicateShare: 0.05 }
agents: { recloser-675: { interlock: { fastTrip: false } } }
steps:
  - { atSeconds: 8, name: sag, disturb: { section: s671-692, residualPu: 0.25, forSeconds: 2 } }
  - { atSeconds: 14, name: fault, fault: { section: s692-675 } }
expect:
  - { trips: R675, after: fault, withinMs: ${withinMs} }
`

describe('feedermesh sim run', () => {
  it('gives the same trace in two processes, byte for byte', async () => {
    const path = write('same.yaml', scenario(400))
    const [one, two] = [join(folder, 'one.jsonl'), join(folder, 'two.jsonl')]
    const ran = [
      await feedermesh(['sim', 'run', path, '--trace', one, '--quiet']),
      await feedermesh(['sim', 'run', path, '--trace', two, '--quiet']),
    ]
    expect(ran.map(({ code }) => code)).toEqual([0, 0])
    expect(readFileSync(one, 'utf8').length).toBeGreaterThan(10_000)
    expect(readFileSync(two).equals(readFileSync(one))).toBe(true)
  })
  it('streams objects that its schema describes, the summary last', async () => {
    const { code, stdout } = await feedermesh(['sim', 'run', write('ok.yaml', scenario(400)), '--json', '--seed', '5'])
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => outputs['sim-run'].parse(JSON.parse(line)))
    expect(code).toBe(0)
    expect(lines.at(-1)).toMatchObject({
      event: 'summary',
      ok: true,
      seed: '5',
      expectations: [{ name: 'fault: R675 trips within 400 ms', ok: true, measured: 'after 300.0 ms' }],
    })
    expect(lines.slice(0, -1).every(({ event }) => event !== 'summary')).toBe(true)
  })
  it('ends with 1 when an expectation is not met, and says how to have the run again', async () => {
    const path = write('late.yaml', scenario(100))
    const { code, stdout } = await feedermesh(['sim', 'run', path, '--seed', '7'])
    expect(code).toBe(1)
    expect(stdout).toContain('FAIL  fault: R675 trips within 100 ms: after 300.0 ms')
    expect(stdout).toContain(`feedermesh sim run ${path} --seed 7`)
    expect(stdout).toContain('14.000 s  >>> short circuit on s692-675')
  })
  it('ends with 2 and one line when the scenario is wrong', async () => {
    const path = write('wrong.yaml', scenario(100).replace('s692-675', 's692-999'))
    const { code, stdout, stderr } = await feedermesh(['sim', 'run', path])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`${path}:9: steps[1].fault.section: "s692-999" — no such section in feeder ieee13`)
  })
  it('publishes the schema of scenarios', async () => {
    const { code, stdout } = await feedermesh(['schema', 'sim-scenario'])
    expect(code).toBe(0)
    expect(Object.keys(JSON.parse(stdout).properties)).toContain('steps')
  })
})

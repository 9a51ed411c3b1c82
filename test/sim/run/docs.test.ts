// docs/sim-scenarios.md keeps up: each step and expectation is in its tables, and its example does what it says.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXPECTATIONS } from '../../../sim/run/expectation-schema.ts'
import { readScenario, shippedDir } from '../../../sim/run/read-scenario.ts'
import { runScenario } from '../../../sim/run/run-scenario.ts'
import { simScenarioSchema } from '../../../sim/run/scenario-schema.ts'
import { ACTIONS } from '../../../sim/run/step-schema.ts'

const text = readFileSync(join(shippedDir(), 'docs/sim-scenarios.md'), 'utf8')
const rows = [...text.matchAll(/^\| `(\w+)/gm)].map(([, name = '']) => name)

describe('the document about scenarios of the simulator', () => {
  it('has each step, expectation and key of the head', () => {
    const head = Object.keys(simScenarioSchema.shape).filter(key => !['feedermesh', 'steps', 'expect'].includes(key))
    expect([...head, ...ACTIONS, ...EXPECTATIONS].filter(name => !rows.includes(name))).toEqual([])
  })
  it('has an example that ends as it says', async () => {
    const [, yaml = ''] = /```yaml\n([^`]*)```/.exec(text) ?? []
    const file = join(mkdtempSync(join(tmpdir(), 'example-')), 'my.yaml')
    writeFileSync(file, yaml)
    const { scenario, feeder } = readScenario(file)
    const { expectations } = await runScenario(scenario, feeder)
    const said = expectations.map(({ name, ok, measured }) => `${ok ? 'ok  ' : 'FAIL'}  ${name}: ${measured}`)
    expect(said.filter(line => !text.includes(line))).toEqual([])
    expect(said.length).toBeGreaterThan(0)
  })
})

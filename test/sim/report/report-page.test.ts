import { describe, expect, it } from 'vitest'
import { type ReportInput, recordVoltages, reportPage, type VoltageRecord } from '../../../sim/report/index.ts'
import { checkedScenario, runScenario, type SimScenarioInput } from '../../../sim/run/index.ts'
import { createTrace } from '../../../sim/runtime/trace.ts'
import { smallFeeder } from '../small-feeder.ts'

const three = (value: number) => ({ a: value, b: value, c: value })
const FEEDER = smallFeeder({
  loads: [
    { name: 'L2', node: 'N2', kw: three(100), kvar: three(0), customers: 30, sheddableShare: 0.4 },
    { name: 'L3', node: 'N3', kw: { a: 30 }, kvar: {}, customers: 12 },
  ],
})
const HOSTILE = '</script><img src=x onerror=alert(1)>"\''
const SCENARIO: SimScenarioInput = {
  feedermesh: 1,
  simulation: 'small',
  feeder: 'small',
  forSeconds: 8,
  steps: [{ atSeconds: 3, name: 'short', fault: { section: 's2' } }],
  expect: [{ trips: 'R2', after: 'short', withinMs: 450 }],
}

async function played(scenario: SimScenarioInput): Promise<ReportInput> {
  let voltages: VoltageRecord | undefined
  const run = await runScenario(checkedScenario(scenario, FEEDER), FEEDER, {
    onWorld: world => {
      voltages = recordVoltages(world)
    },
  })
  const replay = 'feedermesh sim run small.yaml --seed 1'
  return { run, voltages: voltages?.courses() ?? [], scenarioText: `# scenario`, replay }
}

describe('reportPage', async () => {
  const input = await played(SCENARIO)
  const page = reportPage(input)

  it('says what was expected, what was measured, and shows the fault and what operated', () => {
    expect(page).toContain('✓ passed')
    expect(page).toContain('after 400.0 ms')
    expect(page).toContain('R2 trips')
    expect(page).toContain('open after 440 ms')
    expect(page).toContain('SAIFI')
    expect(page).toContain(input.run.trace.hash())
  })

  it('has a lane for each IED that something happened to, nearest to the source first', () => {
    const lanes = [...page.matchAll(/<span title="([^"]+)">/g)].map(([, name]) => name)
    expect(lanes.slice(0, 2)).toEqual(['relay', 'recloser'])
    expect(page).toMatch(/class="mark trip" data-t="3400"/)
    expect(page).toMatch(/class="bar open" data-t="3440" data-u="8000"/)
    expect(page).toMatch(/class="arrow told"/)
  })

  it('is the same, byte for byte, for the same scenario and seed', async () => {
    expect(reportPage(await played(SCENARIO))).toBe(page)
  })

  it('loads nothing: no address but that of the SVG name space', () => {
    const addresses = [...page.matchAll(/[a-z]+:\/\/[^\s"'<]+/g)].map(([address]) => address)
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']))
    expect(page).not.toMatch(/<(link|iframe|img|object|embed|base)\b|@import|url\(|\bsrc=/)
    expect(page).toContain(`content="default-src 'none';`)
  })

  it('escapes every text that comes from a file or a message', () => {
    const trace = createTrace(() => 1)
    trace.add('recloser', 'alarm', { alarm: HOSTILE, reason: HOSTILE })
    trace.add(HOSTILE, HOSTILE, { [HOSTILE]: HOSTILE })
    trace.add('world', 'fault', { words: HOSTILE, step: HOSTILE })
    const { run } = input
    const hostile = reportPage({
      ...input,
      run: {
        ...run,
        trace,
        seed: HOSTILE,
        scenario: { ...run.scenario, simulation: HOSTILE, description: HOSTILE },
        feeder: { ...run.feeder, description: HOSTILE },
        expectations: [{ name: HOSTILE, ok: false, measured: HOSTILE }],
        steps: run.steps.map(step => ({ ...step, words: HOSTILE })),
        supply: [{ atMs: 10, load: HOSTILE, customers: 1, supplied: false }],
      },
      scenarioText: HOSTILE,
      replay: HOSTILE,
    })
    expect(hostile).toContain('&lt;/script&gt;&lt;img')
    expect(hostile.match(/<\/script>/g)).toHaveLength(1)
    expect(hostile).not.toContain('<img')
  })

  it('shows a run in which nothing was done and nothing expected', () => {
    const { run } = input
    const trace = createTrace(() => 0)
    const empty = reportPage({
      ...input,
      run: { ...run, trace, steps: [], expectations: [], switching: [], supply: [] },
      voltages: [],
    })
    expect(empty).toContain('nothing was expected')
  })
})

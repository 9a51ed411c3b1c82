import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lengthSeconds, parseScenario } from '../../../sim/up/scenario.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const path = 'topology/feeders/ieee13.yaml'
const feeder = parseFeeder(readFileSync(path, 'utf8'), path)
const parse = (steps: unknown[], more: object = {}) =>
  parseScenario(JSON.stringify({ feedermesh: 1, feeder: 'ieee13', steps, ...more }), 'my.yaml', feeder)
const complaint = (steps: unknown[]): string => {
  try {
    parse(steps)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('orders', () => {
  it('are given once, by one person of whom they concern, and are to be done', () => {
    const [step] = parse([{ atSeconds: 1, command: { ied: 'recloser-675', order: 'open' } }]).steps
    expect(step).toMatchObject({ command: { people: 1, twice: false }, result: 'done' })
  })

  it.each([
    [{ ied: 'recloser-676', order: 'open' }, 'steps.0.command.ied: "recloser-676" is no IED'],
    [{ ied: 'recloser-675', order: 'explode' }, 'steps.0.command.order: no verb "explode"'],
    [{ ied: 'recloser-675', order: 'de-energise' }, 'steps.0.command.order: de-energise: want de-energise SECTION'],
    [{ ied: 'recloser-675', order: 'open', by: 'nobody' }, 'steps.0.command.by: "nobody" is no organisation'],
    [{ ied: 'recloser-675', order: 'open', through: 'R675' }, 'steps.0.command.through: "R675" is no IED'],
  ])('%j is told what is wrong with it', (command, words) => {
    expect(complaint([{ atSeconds: 1, command }])).toContain(words)
  })

  it('may be passed on by a back-end peer, and be words as on the command line', () => {
    const command = { ied: 'relay-650', order: 'de-energise s671-692', through: 'utility-backend' }
    expect(complaint([{ atSeconds: 1, command }])).toBe('')
  })

  it('have a reason only when they are to be refused', () => {
    const command = { ied: 'recloser-675', order: 'close' }
    expect(complaint([{ atSeconds: 1, command, reason: 'interlock' }])).toContain('steps.0.reason')
    expect(complaint([{ atSeconds: 1, command, result: 'refused', reason: 'interlock' }])).toBe('')
  })

  it('take their time into the length of the scenario, twice when they are given twice', () => {
    const command = { ied: 'recloser-675', order: 'open' }
    expect(lengthSeconds(parse([{ atSeconds: 10, command, withinMs: 4000 }]))).toBe(15)
    expect(lengthSeconds(parse([{ atSeconds: 10, command: { ...command, twice: true }, withinMs: 4000 }]))).toBe(19)
  })

  it('take two people where the scenario says so, and nobody else', () => {
    expect(parse([]).twoPerson).toEqual([])
    expect(parse([], { twoPerson: ['close'] }).twoPerson).toEqual(['close'])
  })
})

describe('revocations', () => {
  it.each([
    [{ ied: 'meter-999' }, 'steps.0.revoke.ied: "meter-999" is no IED'],
    [{ ied: 'meter-634', at: 'meter-634' }, 'steps.0.revoke.at: "meter-634" is no other IED'],
    [{ ied: 'meter-634', at: 'meter-675' }, ''],
    [{ ied: 'meter-634' }, ''],
  ])('%j', (revoke, words) => {
    const said = complaint([{ atSeconds: 1, revoke }])
    if (words === '') expect(said).toBe('')
    else expect(said).toContain(words)
  })
})

describe('steps in the field', () => {
  const fault = { atSeconds: 1, name: 'dig', fault: { section: 's692-675' } }
  const complaints = (steps: unknown[], more: object = {}): string => {
    try {
      parse(steps, more)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }

  it('are the simulator\'s, beside the own step "fault" with what must trip', () => {
    expect(parse([fault]).steps[0]).toMatchObject({ name: 'dig' })
    expect(complaints([{ atSeconds: 1, fault: { section: 's692-675' }, trips: 'R675', told: [] }])).toBe('')
    expect(complaints([fault, { atSeconds: 2, end: 'dig' }])).toBe('')
    expect(
      complaints([
        { atSeconds: 1, stuck: { device: 'R675' } },
        { atSeconds: 2, operate: { device: 'R675', to: 'open' } },
      ]),
    ).toBe('')
  })

  it.each([
    [[{ ...fault, fault: { section: 's1' } }], {}, 'steps.0.fault.section: "s1" is no section'],
    [[{ atSeconds: 1, stuck: { device: 'R1' } }], {}, 'steps.0.stuck.device: "R1" is no switching device'],
    [[{ atSeconds: 1, stuck: { device: 'R675', what: 'relay' } }], {}, 'steps.0.stuck.what: "relay", want contacts'],
    [[{ atSeconds: 1, operate: { device: 'R1', to: 'open' } }], {}, 'steps.0.operate.device: "R1" is no'],
    [[fault, { ...fault, atSeconds: 2 }], {}, 'steps.1.name: "dig" is the name of an earlier step too'],
    [[fault, { atSeconds: 2, end: 'digging' }], {}, 'steps.1.end: "digging" is no fault'],
    [
      [fault, { atSeconds: 1, end: 'dig' }],
      {},
      'steps.1.end: "dig" is no fault or stuck device that has begun by then',
    ],
    [[fault], { expect: [{ trips: 'R1', after: 'dig', withinMs: 9 }] }, 'expect.0.trips: "R1" is no switching device'],
    [[fault], { expect: [{ opens: 'R675', after: 'dug', withinMs: 9 }] }, 'expect.0.after: no step has the name "dug"'],
    [[fault], { expect: [{ restored: ['L1'], after: 'dig', withinSeconds: 9 }] }, 'expect.0.restored: "L1" is no load'],
    [[fault], { expect: [{ running: 'all' }] }, 'expect[0]: want one of trips'],
    [[], { agents: { nobody: {} } }, 'agents.nobody: "nobody" is no IED'],
    [[], { agents: { 'meter-675': { interlock: { windowMs: 'long' } } } }, 'agents.meter-675.interlock.windowMs'],
    [[], { agents: { 'meter-675': { credential: 'mine' } } }, 'agents.meter-675'],
    [[], { computers: ['R675'] }, 'computers: "R675" is no IED'],
  ])('%j %j is told what is wrong with it', (steps, more, words) => {
    expect(complaints(steps, more)).toContain(words)
  })

  it('keep what is written of an agent, without the defaults of what is not', () => {
    const agents = { 'meter-675': { earlyWarning: { holdSeconds: 7 } } }
    expect(parse([], { agents }).agents).toEqual(agents)
  })

  it('take the time of what is expected after them into the length of the scenario', () => {
    const expected = { expect: [{ opens: 'R675', after: 'dig', withinMs: 4000 }] }
    expect(lengthSeconds(parse([fault], expected))).toBe(6)
    expect(lengthSeconds(parse([{ ...fault, fault: { section: 's692-675', forSeconds: 9 } }], expected))).toBe(11)
  })
})

it('the shipped scenarios are ones', () => {
  for (const name of ['ieee13', 'ieee13-trust']) {
    const file = `sim/scenarios/${name}.yaml`
    expect(parseScenario(readFileSync(file, 'utf8'), file, feeder).steps.length).toBeGreaterThan(3)
  }
  const loop = 'topology/feeders/loop-pair.yaml'
  const file = 'sim/scenarios/loop-pair.yaml'
  const { expect: expected } = parseScenario(
    readFileSync(file, 'utf8'),
    file,
    parseFeeder(readFileSync(loop, 'utf8'), loop),
  )
  expect(expected.length).toBeGreaterThan(20)
})

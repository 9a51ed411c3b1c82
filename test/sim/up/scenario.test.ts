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

it('the shipped scenarios are ones', () => {
  for (const name of ['ieee13', 'ieee13-trust']) {
    const file = `sim/scenarios/${name}.yaml`
    expect(parseScenario(readFileSync(file, 'utf8'), file, feeder).steps.length).toBeGreaterThan(3)
  }
})

// Formulas, setpoints, peripherals and alerts in an agent: what is wrong in the configuration, what is driven and what is
// held back, and what outlives a restart.

import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { parseAgentConfig } from '../../src/node/config.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import { sendOrder, signedOrder } from '../../src/node/give-order.ts'
import type { Outcome, What } from '../../src/protection/command.ts'
import type { Person } from '../mesh/fixtures.ts'
import { commandSite, type Desk } from './command-site.ts'

const authority = await newAuthority('u')
const site = commandSite([authority])
const wrong = (section: string): string => {
  try {
    parseAgentConfig(`${exampleConfig}\n${section}`, 'ied.yaml')
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

describe('what is wrong in formulas, setpoints and peripherals is said with its line', () => {
  const cases = [
    ['formulas: [{ name: a, is: "b + 1" }]', /ied\.yaml:\d+: formulas\[0\]\.is: .*there is no value "b"/],
    ['formulas: [{ name: a, is: "a + 1" }]', /there is no value "a"/],
    ['formulas: [{ name: Va, is: "1" }]', /there is something of this name already/],
    ['formulas: [{ name: max, is: "1" }]', /there is something of this name already/],
    ['setpoints: [{ name: a, when: "Va + 1" }]', /setpoints\[0\]\.when: .*it is a number, want a condition/],
    ['setpoints: [{ name: a, when: "open", hysteresis: 3 }]', /it needs a single comparison/],
    ['setpoints: [{ name: a, when: "Va > 1", hysteresis: 3, until: open }]', /want until or hysteresis/],
    ['setpoints: [{ name: a, when: open, driveBack: true }]', /there is nothing to drive/],
    ['setpoints: [{ name: a, when: open }, { name: a, when: open }]', /want each name once/],
    ['peripherals: [{ name: a, input: temperatureC }]', /peripherals\[0\]\.tripAt: .*want warnAt or tripAt/],
    ['peripherals: [{ name: a, input: temperatureC, warnAt: 9, tripAt: 5 }]', /it would trip before it warns/],
    ['peripherals: [{ name: a, input: temperatureC, tripAt: 300 }]', /it can show -40 to 250 only/],
    ['peripherals: [{ name: a, contact: inputs.1, tripAt: 5 }]', /a contact has warnWhen or tripWhen/],
    ['peripherals: [{ name: a, input: temperatureC, warnAt: 5, action: open }]', /there is nothing to trip at/],
    ['peripherals: [{ name: a, warnAt: 5 }]', /want input or contact/],
  ] as const
  it.each(cases)('%s', (section, says) => expect(wrong(section)).toMatch(says))
})

const config = (more: Record<string, unknown>) => ({
  components: ['alarms', 'audit', 'commands', 'peripherals', 'setpoints', 'field-device'],
  device: { driver: 'modbus-tcp', host: 'memory', map: 'memory', statusPollMs: 10, valuesPollMs: 50 },
  ...more,
})
const said = (desk: Desk, event: string): string[] =>
  desk.reports
    .filter(report => report.event === event)
    .map(({ name, phase, operation, cause }) => `${name ?? operation} ${phase ?? cause}`)

async function order(who: Person, at: Desk, what: What): Promise<Outcome> {
  const way = site.toolOf(who, at)
  const id = randomBytes(16).toString('hex')
  const { payload, signed } = await signedOrder(way, site.signer(who), { to: 'recloser', what }, id)
  return sendOrder(way, payload, signed, { timeoutMs: 5000 })
}

async function until(what: string, fact: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`)
    await new Promise(wake => setTimeout(wake, 20))
  }
}

describe('a setpoint', { timeout: 60_000 }, () => {
  it('opens the device, and drives it back only as far as it has driven it', async () => {
    const setpoints = [{ name: 'high', when: 'Va > 550', hysteresis: 10, drive: 'open', driveBack: true }]
    const desk = await site.desk('recloser', { config: config({ setpoints }), positions: { CB: 'closed', T4: 'open' } })
    try {
      desk.hal.show({ measurement: { volts: { a: 545 } } })
      await until('the device answers', () => said(desk, 'device-answering').length > 0)
      expect(desk.hal.operated).toEqual([])
      desk.hal.show({ measurement: { volts: { a: 551 } } })
      await until('it opens', () => desk.hal.operated.includes('open'))
      desk.hal.show({ status: { position: 'open', pickup: false }, measurement: { volts: { a: 545 } } })
      await new Promise(wake => setTimeout(wake, 300))
      expect(desk.hal.operated).toEqual(['open'])
      desk.hal.show({ measurement: { volts: { a: 539 } } })
      await until('it closes', () => desk.hal.operated.includes('close'))
      expect(said(desk, 'setpoint')).toEqual(['high begins', 'high ends'])
    } finally {
      await desk.agent.stop()
    }
  })

  it('does nothing about a value that is not there, or doubted', async () => {
    const setpoints = [{ name: 'low', when: 'Va < 100', drive: 'open' }]
    const desk = await site.desk('recloser', { config: config({ setpoints }) })
    try {
      desk.hal.show({ measurement: { volts: { a: 50 }, doubts: { 'volts.a': ['oldData'] } } })
      await until('the device answers', () => said(desk, 'device-answering').length > 0)
      await new Promise(wake => setTimeout(wake, 300))
      desk.hal.show({ measurement: { volts: { b: 50 } } })
      await new Promise(wake => setTimeout(wake, 300))
      expect(desk.hal.operated).toEqual([])
      expect(said(desk, 'setpoint')).toEqual([])
    } finally {
      await desk.agent.stop()
    }
  })
})

describe('a peripheral', { timeout: 60_000 }, () => {
  const peripherals = [{ name: 'winding', input: 'temperatureC', tripAt: 120, delaySeconds: 0, action: 'open' }]
  it('keeps its latch over a restart, and lets nobody close before it is reset', async () => {
    let desk = await site.desk('recloser', { config: config({ peripherals }), positions: { CB: 'closed', T4: 'open' } })
    desk.hal.show({ measurement: { temperatureC: 130 } })
    await until('it opens', () => desk.hal.operated.includes('open'))
    desk.hal.show({ status: { position: 'open', pickup: false }, measurement: { temperatureC: 20 } })
    await new Promise(wake => setTimeout(wake, 200))
    await desk.agent.stop()
    desk = await site.desk('recloser', {
      config: config({ peripherals }),
      again: desk,
      positions: { CB: 'closed', T4: 'open' },
    })
    try {
      const ada = await site.somebody('ada', ['OPERATOR'])
      await until('the device answers', () => said(desk, 'device-answering').length > 0)
      expect(await order(ada, desk, { verb: 'close' })).toMatchObject({
        result: 'refused',
        words: 'winding has latched; reset it first',
      })
      expect(await order(ada, desk, { verb: 'reset', name: 'nothing' })).toMatchObject({ result: 'refused' })
      expect(await order(ada, desk, { verb: 'reset', name: 'winding' })).toMatchObject({ result: 'done' })
      expect(await order(ada, desk, { verb: 'close' })).toMatchObject({ result: 'done' })
    } finally {
      await desk.agent.stop()
    }
  })

  it('cannot be had where there is nothing to operate', async () => {
    const starting = site.desk('recloser', { config: config({ peripherals }), hal: ({ operate: _, ...own }) => own })
    await expect(starting).rejects.toThrow(/peripherals: winding: action: open: the device is read-only/)
  })
})

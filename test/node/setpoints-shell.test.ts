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
    ['setpoints: [{ name: a, when: open, drive: { output: l }, driveBack: true }]', /goes off by itself/],
    ['setpoints: [{ name: a, when: open, drive: jump }]', /want one of open, .* or an output as in/],
    [
      'setpoints: [{ name: a, when: open, drive: { output: l } }, { name: b, when: sag, drive: { output: l } }]',
      /setpoints\[1\]\.drive: .*l is driven by a already/,
    ],
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

  it('tries an opening that failed again, for as long as it stands', async () => {
    const setpoints = [{ name: 'high', when: 'Va > 550', drive: 'open' }]
    const desk = await site.desk('recloser', { config: config({ setpoints }) })
    const failures = () => desk.reports.filter(({ alarm }) => alarm === 'operation-failed').length
    try {
      desk.hal.jam(true)
      desk.hal.show({ measurement: { volts: { a: 551 } } })
      await until('it fails', () => failures() > 0)
      desk.hal.jam(false)
      await until('it opens after all', () => desk.hal.operated.includes('open'))
      expect(failures()).toBe(1)
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

describe('an output that a setpoint drives', { timeout: 60_000 }, () => {
  const setpoints = [{ name: 'high', when: 'Va > 550', hysteresis: 10, drive: { output: 'lamp1' } }]
  const outputs = ['lamp1', 'horn']

  it('is on while the condition stands, off after it, and left as it is by what is not known', async () => {
    const desk = await site.desk('recloser', { config: config({ setpoints }), outputs })
    try {
      desk.hal.show({ measurement: { volts: { a: 551 } } })
      await until('it is on', () => desk.hal.driven.includes('lamp1 on'))
      desk.hal.show({ measurement: { volts: {} } })
      await new Promise(wake => setTimeout(wake, 300))
      expect(desk.hal.driven).toEqual(['lamp1 on'])
      desk.hal.show({ measurement: { volts: { a: 539 } } })
      await until('it is off', () => desk.hal.driven.includes('lamp1 off'))
      expect(desk.hal.driven).toEqual(['lamp1 on', 'lamp1 off'])
      expect(said(desk, 'operated')).toEqual(['lamp1 on setpoint high', 'lamp1 off setpoint high over'])
      expect(desk.hal.operated).toEqual([])
    } finally {
      await desk.agent.stop()
    }
  })

  it('goes off at the first look that knows better after a restart, and its end is recorded', async () => {
    let desk = await site.desk('recloser', { config: config({ setpoints }), outputs })
    desk.hal.show({ measurement: { volts: { a: 551 } } })
    await until('it is on', () => said(desk, 'operated').includes('lamp1 on setpoint high'))
    await desk.agent.stop()
    desk.hal.show({ measurement: { volts: {} } })
    desk = await site.desk('recloser', { config: config({ setpoints }), outputs, again: desk })
    try {
      await until('the device answers', () => said(desk, 'device-answering').length > 0)
      await new Promise(wake => setTimeout(wake, 200))
      expect(desk.hal.driven).toEqual(['lamp1 on'])
      desk.hal.show({ measurement: { volts: { a: 500 } } })
      await until('its end is recorded', () => said(desk, 'operated').includes('lamp1 off setpoint high over'))
      expect(desk.hal.driven).toEqual(['lamp1 on', 'lamp1 off'])
    } finally {
      await desk.agent.stop()
    }
  })

  it('is written again once a silent device answers: it may have lost it', async () => {
    const desk = await site.desk('recloser', { config: config({ setpoints }), outputs })
    try {
      desk.hal.show({ measurement: { volts: { a: 551 } } })
      await until('it is on', () => desk.hal.driven.length === 1)
      desk.hal.fail('HAL_TIMEOUT')
      await until('it is silent', () => said(desk, 'device-silent').length > 0)
      desk.hal.fail()
      await until('it is on again', () => desk.hal.driven.length === 2)
      expect(desk.hal.driven).toEqual(['lamp1 on', 'lamp1 on'])
      expect(said(desk, 'operated')).toEqual(['lamp1 on setpoint high'])
    } finally {
      await desk.agent.stop()
    }
  })

  it('that does not do as told is one alarm', async () => {
    const desk = await site.desk('recloser', { config: config({ setpoints }), outputs })
    try {
      desk.hal.jam(true)
      desk.hal.show({ measurement: { volts: { a: 551 } } })
      const failures = () => desk.reports.filter(({ alarm }) => alarm === 'operation-failed')
      await until('the alarm', () => failures().length > 0)
      await new Promise(wake => setTimeout(wake, 300))
      expect(failures()).toMatchObject([{ operation: 'lamp1 on', cause: 'setpoint high' }])
    } finally {
      await desk.agent.stop()
    }
  })

  it('waits for the end of an inhibit', async () => {
    const desk = await site.desk('recloser', { config: config({ setpoints }), outputs })
    try {
      const eve = await site.somebody('eve', ['ENGINEER'])
      const outcome = await order(eve, desk, { verb: 'inhibit', minutes: 10 })
      expect(outcome).toMatchObject({ result: 'done' })
      desk.hal.show({ measurement: { volts: { a: 551 } } })
      await until('it says so', () => said(desk, 'reaction-inhibited').includes('lamp1 on setpoint high'))
      expect(desk.hal.driven).toEqual([])
      await order(eve, desk, { verb: 'inhibit', minutes: 0 })
      await until('it is on', () => desk.hal.driven.includes('lamp1 on'))
    } finally {
      await desk.agent.stop()
    }
  })

  it.each([
    [{ outputs: ['horn'] }, /setpoints: high: drive: output lamp1: no such output, want one of horn/],
    [{}, /the device has no outputs/],
  ])('cannot be had where the device has none of it', async (more, says) => {
    await expect(site.desk('recloser', { config: config({ setpoints }), ...more })).rejects.toThrow(says)
  })

  it('cannot be had by an agent that is read-only', async () => {
    const readOnly = { ...config({ setpoints }), device: { ...config({}).device, readOnly: true } }
    await expect(site.desk('recloser', { config: readOnly, outputs })).rejects.toThrow(/the device is read-only/)
  })
})

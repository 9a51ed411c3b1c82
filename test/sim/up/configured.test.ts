// What `up --config IED=FILE` takes, and what it says of what it does not take.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configuredIeds } from '../../../sim/up/configured.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const path = 'topology/feeders/ieee13.yaml'
const feeder = parseFeeder(readFileSync(path, 'utf8'), path)
const dir = mkdtempSync(join(tmpdir(), 'configured-'))
let files = 0
const file = (text: string): string => {
  const name = join(dir, `${++files}.yaml`)
  writeFileSync(name, text)
  return name
}

describe('up --config', () => {
  it('takes sections of an agent, as they were written, with the paths of the device made absolute', () => {
    const given = file('device: { driver: modbus-tcp, host: 192.0.2.1, map: m.yaml }\nreactions: { severe: shed }\n')
    const sections = configuredIeds([`meter-671=${given}`], feeder).get('meter-671')
    expect(sections).toMatchObject({ device: { host: '192.0.2.1', map: join(dir, 'm.yaml') } })
    expect(sections?.reactions).toEqual({ severe: 'shed' })
    expect(Object.keys(sections ?? {})).toEqual(['device', 'reactions'])
  })

  it.each([
    ['meter-671', /want IED=FILE/],
    ['meter-61=x.yaml', /no IED "meter-61", did you mean meter-6/],
    ['meter-671=/nowhere/x.yaml', /nowhere/],
    [`meter-671=${file('name: other\n')}`, /name/],
    [`meter-671=${file('device: { driver: modbus-tcp, host: h, map: m, unitId: 999 }\n')}`, /unitId.*255/],
  ])('says of %s in one line what is wrong', (given, words) => {
    expect(() => configuredIeds([given], feeder)).toThrow(words)
  })

  it('takes one file for each IED', () => {
    const given = `meter-671=${file('reactions: { severe: open }\n')}`
    expect(() => configuredIeds([given, given], feeder)).toThrow(/configured before/)
  })
})

// The degradation watch on real agents with Modbus devices: the load grows from period to period (of 20 s here). Every agent
// names the same worst place, also those that do not measure it: at first since it will cross its limit, then since it has.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import { pause, type RunningFeeder, startFeeder, untilAnswered } from './feeder-in-process.ts'

const NAMES = ['relay-north', 'recloser-north', 'meter-n3', 'meter-n4a']
const PERIOD_MS = 20_000
/** Of what the conductor may carry; relay-north's section, the source's, has 0.22 of it. */
const LIMIT = 0.3
const SETTINGS = `degradation: { slotSeconds: 5, periodSeconds: 20, horizonPeriods: 8, limits: { loading: ${LIMIT} } }\n`

let running: RunningFeeder
async function worst(at: string) {
  const login = [...running.plan.viewers.values()].at(-1) as string
  const address = running.agents.get(at)?.addresses()[0] as string
  return outputs.degradation.parse(await askReadout(address, login, 'degradation', {}))
}
/** What all four name first, where they name the same: a place and how it stands. */
async function named(): Promise<string> {
  const first = await Promise.all(NAMES.map(async at => (await worst(at)).degradation[0]))
  const words = new Set(first.map(each => `${each?.zone} ${each?.measure} ${each?.state} ${each?.seenBy.join()}`))
  return words.size === 1 ? ([...words][0] as string) : 'not yet the same'
}

beforeAll(async () => {
  running = await startFeeder({
    feeder: 'loop-pair',
    only: new Set(NAMES),
    more: Object.fromEntries(NAMES.map(name => [name, SETTINGS])),
  })
}, 200_000)
afterAll(() => running?.stop())

it('names the worst place at IEDs that only hear of it, before its limit is crossed and after', async () => {
  await untilAnswered('each has heard of all', async () => {
    const answers = await Promise.all(NAMES.map(worst))
    return answers.every(({ ieds, degradation }) => ieds === NAMES.length && degradation.length === 0)
  })
  let scale = 1
  const grown = async (): Promise<string> => {
    scale *= 1.06
    running.devices.setLoadScale(scale)
    await pause(PERIOD_MS)
    return named()
  }
  const said = new Set<string>()
  for (let period = 0; period < 12 && !said.has('n1 loading beyond relay-north'); period++) said.add(await grown())
  expect([...said].filter(each => each.startsWith('n1'))).toEqual([
    'n1 loading creeping relay-north',
    'n1 loading beyond relay-north',
  ])
  const told = running.reports.filter(
    ({ report }) => report.event === 'degradation-heard' && report.ied === 'relay-north',
  )
  expect(new Set(told.map(({ ied }) => ied))).toEqual(new Set(NAMES.slice(1)))
}, 600_000)

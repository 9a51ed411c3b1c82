// The main job, whole: the default scenario as `npm start` plays it, with every expectation met. Who must be warned, told
// and leave stands in the scenario file, written by hand.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startUp } from './up-process.ts'

it('plays the default scenario within a minute of being ready, and meets every expectation', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'feedermesh-scenario-'))
  const feeder = startUp('topology/feeders/ieee13.yaml', '--data', join(dir, 'data'), '--for', '60s')
  try {
    const summary = await feeder.line('summary', line => line.event === 'summary', 200_000)
    const expectations = summary.expectations as { name: string; ok: boolean; measured: string }[]
    expect(expectations.filter(({ ok }) => !ok)).toEqual([])
    const names = expectations.map(({ name }) => name.replace(/^(aggregator )?(recloser|switch|relay)-\d+/, '$1IED'))
    expect(names.sort()).toEqual(
      [
        'the agents find each other and elect an aggregator',
        'sag on s671-692: exactly the 5 IEDs downstream are warned',
        "sag on s671-692: all warned within 200 ms of the origin's detection",
        'sag on s671-692: sheddable loads dropped and came back',
        'fault on s692-675: R675 trips, and no other device',
        'fault on s692-675: 3 upstream operators are told, and hold',
        'fault on s692-675: gen-675 below leaves',
        'aggregator IED killed: replaced within 2000 ms',
        'IED starts again on its own ledger',
        'customer-backend cut off for 8 s: catches up within 10 s',
        "customer-backend: readings of its 3 IEDs, none lost, none twice, nobody else's",
        "utility-backend: readings of its 16 IEDs, none lost, none twice, nobody else's",
        'customer-backend: its store agrees with the registers of 3 meters to the watt-hour',
        'utility-backend: its store agrees with the registers of 16 meters to the watt-hour',
        'customer-backend: bills of its 2 meters, for the energy delivered to the watt-hour',
        'utility-backend: bills of its 8 meters, for the energy delivered to the watt-hour',
        'customer-backend: reliability shows the interruption of gen-675, meter-675, and whose it was',
        'utility-backend: reliability shows the interruption of cap-675, gen-675, meter-675, and whose it was',
        "customer-backend: reads no portion that is another's alone",
        "utility-backend: reads no portion that is another's alone",
        'bills of 2 meters are the same at each back end that has their readings',
      ].sort(),
    )
    expect(await feeder.ended).toBe(0)
  } finally {
    feeder.child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  }
}, 240_000)

// Protection across the feeder on the real mesh: the scenario that is shipped for the loop scheme, with processes, libp2p
// and Modbus devices, as `feedermesh up topology/feeders/loop-pair.yaml` plays it. While it runs, `ready` says who would act,
// and afterwards `why` puts one fault together from all IEDs.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { feedermesh } from './cli-process.ts'
import { startUp } from './up-process.ts'

it('plays warning, breaker failure, transfer trip, interlock and restoration, and meets every expectation', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'feedermesh-protection-'))
  const data = join(dir, 'data')
  const ask = (...args: string[]) => feedermesh([...args, '--data', data, '--json'])
  const feeder = startUp('topology/feeders/loop-pair.yaml', '--data', data, '--for', '42s')
  try {
    expect(await feeder.line('ready', ({ event }) => event === 'ready', 120_000)).toMatchObject({ ok: true })
    // Between the story of the stuck breaker and that of the cable.
    await feeder.line('all back', ({ event, name }) => event === 'step' && name === 'all-back', 90_000)
    const { stdout } = await ask('ready', '--all', '--at', 'relay-north')
    const { ieds } = outputs.ready.parse(JSON.parse(stdout))
    const schemes = (name: string): readonly string[] =>
      ieds.find(({ ied }) => ied === name)?.schemes.map(({ scheme }) => scheme) ?? []
    expect(ieds.map(({ ied }) => ied)).toEqual(
      expect.arrayContaining(['relay-north', 'recloser-north', 'tie', 'relay-south']),
    )
    expect(schemes('relay-north')).toEqual(expect.arrayContaining(['interlock', 'restoration']))

    const tripped = await feeder.line(
      'CB-N trips',
      ({ event, device }) => event === 'tripped' && device === 'CB-N',
      90_000,
    )
    await feeder.line('the tie has closed', ({ event, ied }) => event === 'restored' && ied === 'tie', 90_000)
    const account = await ask('why', String(tripped.id), '--at', 'meter-n2')
    const why = outputs.why.parse(JSON.parse(account.stdout))
    if (!('rows' in why)) throw new Error('not an account')
    // Of one fault, in one table: who asked, who answered, who tripped, who was told.
    const said = new Set(why.rows.map(({ ied, event }) => `${ied} ${event}`))
    for (const row of [
      'relay-north interlock-asked',
      'recloser-north interlock-answered',
      'relay-north interlock-trip',
      'relay-north tripped',
    ])
      expect([...said]).toContain(row)
    expect(new Set(why.rows.map(({ ied }) => ied)).size).toBeGreaterThanOrEqual(5)
    const times = why.rows.map(({ sinceStartMs }) => sinceStartMs)
    expect(times).toEqual(times.toSorted((one, other) => one - other))

    const summary = await feeder.line('summary', ({ event }) => event === 'summary', 120_000)
    const expectations = summary.expectations as { name: string; ok: boolean; measured: string }[]
    expect(expectations.filter(({ ok }) => !ok)).toEqual([])
    const measured = (name: string): string => expectations.find(each => each.name === name)?.measured ?? ''
    const afterMs = Number(/after ([\d.]+) ms/.exec(measured('cable: CB-N trips by answer, in place of 900 ms'))?.[1])
    expect(afterMs).toBeLessThan(880)
    expect(measured('cable: the tie feeds what lies beyond')).toMatch(/ms \d+, travelMs \d+, decisionMs \d+/)
    expect(expectations.length).toBeGreaterThanOrEqual(28)
    expect(await feeder.ended).toBe(0)
  } finally {
    feeder.child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  }
}, 240_000)

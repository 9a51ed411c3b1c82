// Orders and a revocation with real keys and processes, as the shipped scenario plays them, and what people see of it with
// the commands that the README names.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { outputs } from '../../src/node/cli/outputs.ts'
import { feedermesh } from './cli-process.ts'
import { startUp } from './up-process.ts'

it('plays the scenario of orders and a revocation, and meets every expectation', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'feedermesh-trust-'))
  const data = join(dir, 'data')
  const scenario = 'sim/scenarios/ieee13-trust.yaml'
  const feeder = startUp('topology/feeders/ieee13.yaml', '--scenario', scenario, '--data', data, '--for', '32s')
  try {
    // Behind the last step: three more processes would take the time from what is measured.
    await feeder.line('the last step', ({ name }) => /gen-675: connect: refused/.test(String(name)), 180_000)
    const ask = (...args: string[]) => feedermesh([...args, '--data', data, '--json'])
    const [peers, audit, refused] = await Promise.all([
      ask('peers', '--why', 'meter-634', '--at', 'recloser-671'),
      ask('audit', '--at', 'recloser-671'),
      ask('audit', '--at', 'recloser-671', '--as', join(data, 'viewer.yaml')),
    ])
    expect(outputs['peers-why'].parse(JSON.parse(peers.stdout)).peers.filter(({ admitted }) => admitted)).toEqual([])
    const orders = outputs.audit.parse(JSON.parse(audit.stdout)).audit.filter(({ kind }) => kind === 'role-use')
    expect(orders.map(({ subject, allowed }) => ({ subject, allowed }))).toContainEqual({
      subject: 'utility-operator of utility and utility-2-operator of utility',
      allowed: true,
    })
    expect(refused.code).toBe(4)

    const summary = await feeder.line('summary', line => line.event === 'summary', 120_000)
    const expectations = summary.expectations as { name: string; ok: boolean; measured: string }[]
    expect(expectations.filter(({ ok }) => !ok)).toEqual([])
    expect(expectations.map(({ name }) => name).sort()).toEqual(
      [
        'the agents find each other and elect an aggregator',
        "utility's operator to recloser-671: open: done and read back",
        "utility's operator to recloser-671: open: the same order once more operates nothing",
        "customer's operator to recloser-645: open: refused (not-authorised)",
        "utility's operator to recloser-671: close: refused (two-person)",
        "two of utility's operators to recloser-671: close: done and read back",
        'meter-634 revoked by utility: every agent cuts it off within 1000 ms',
        'meter-634 revoked by utility: nobody admits it again',
        'meter-634 revoked by utility: the others stay joined',
        'fault on s692-675: R675 trips, and no other device',
        'fault on s692-675: 3 upstream operators are told, and hold',
        'fault on s692-675: gen-675 below leaves',
        "customer's operator to gen-675: connect: refused (interlock)",
        "customer-backend: readings of its 3 IEDs, none lost, none twice, nobody else's",
        "utility-backend: readings of its 16 IEDs, none lost, none twice, nobody else's",
      ].sort(),
    )
    expect(await feeder.ended).toBe(0)
    const authority = join(data, 'authorities', 'utility.jwk')
    const list = await feedermesh(['authority', 'list', '--authority', authority, '--json'])
    const states = outputs['authority-list'].parse(JSON.parse(list.stdout)).credentials
    expect(states.filter(({ state }) => state === 'revoked').map(({ name }) => name)).toEqual(['meter-634'])
  } finally {
    feeder.child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  }
}, 240_000)

// kill -9 at any time: no acknowledged reading lost, none counted twice. While the default scenario runs, one agent
// process after the other, back-end peers included, is killed from outside; `up` starts it again as a service manager
// would. At the end the meters stand still and each back end's store is compared with the meters' own registers.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { pause } from './feeder-in-process.ts'
import { startUp, type UpLine, type UpProcess } from './up-process.ts'

const FEEDER = 'topology/feeders/ieee13.yaml'
const SEED = 20_261_122
const EVERY_MS = 2500

const dirs: string[] = []
const running: UpProcess[] = []
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(dirs.map(dir => rm(dir, { recursive: true, force: true })))
})

function up(...args: string[]): UpProcess {
  const started = startUp(...args)
  running.push(started)
  return started
}

/** Numerical Recipes' linear congruential generator: the same victims in the same order every time. */
function* chances(seed: number): Generator<number, never> {
  let state = seed >>> 0
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

const isLine = (event: string) => (line: UpLine) => line.event === event

describe('up', () => {
  it('loses no reading and counts none twice, whichever agent is killed with SIGKILL, and whenever', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'feedermesh-kill-'))
    dirs.push(dir)
    const feeder = up(FEEDER, '--data', join(dir, 'data'), '--processes', 'each', '--for', '66s')
    const ready = await feeder.line('mesh ready', isLine('ready'), 90_000)
    expect(ready).toMatchObject({ ok: true })

    const chance = chances(SEED)
    const victims: string[] = []
    while (!feeder.lines.some(isLine('scenario-done'))) {
      const alive = new Map<string, number>()
      for (const line of feeder.lines) {
        if (line.event === 'process-started') alive.set(String(line.process), Number(line.pid))
        if (line.event === 'process-died') alive.delete(String(line.process))
      }
      const names = [...alive.keys()].sort()
      const victim = names[Math.floor(chance.next().value * names.length)]
      if (victim !== undefined && feeder.child.exitCode === null) {
        victims.push(victim)
        try {
          process.kill(alive.get(victim) as number, 'SIGKILL')
        } catch {
          // The scenario killed it just before.
        }
      }
      await pause(EVERY_MS)
      if (feeder.child.exitCode !== null) break
    }
    const summary = await feeder.line('summary', isLine('summary'), 120_000)
    await feeder.ended
    expect(victims.length).toBeGreaterThan(8)
    const accounts = (summary.expectations as { name: string; ok: boolean; measured: string }[]).filter(({ name }) =>
      name.includes('agrees with the registers'),
    )
    expect(
      accounts.map(({ name, ok, measured }) => (ok ? 'ok' : `${name}: ${measured}`)),
      `killed: ${victims}`,
    ).toEqual(['ok', 'ok'])
  }, 240_000)

  it('ends on Ctrl-C within two seconds, and goes on with its ledgers when it starts again', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'feedermesh-again-'))
    dirs.push(dir)
    const data = join(dir, 'data')
    const first = up(FEEDER, '--data', data)
    expect(await first.line('mesh ready', isLine('ready'), 90_000)).toMatchObject({ ok: true })
    await first.line('readings', isLine('collected'), 20_000)
    const pressed = Date.now()
    first.child.kill('SIGINT')
    expect(await first.ended).toBe(0)
    expect(Date.now() - pressed).toBeLessThan(2000)

    const again = up(FEEDER, '--data', data)
    expect(await again.line('mesh ready', isLine('ready'), 90_000)).toMatchObject({ ok: true })
    const started = again.lines.filter(line => line.event === 'started')
    const meters = started.filter(line => String(line.ied).startsWith('meter-'))
    expect(meters.length).toBeGreaterThan(0)
    for (const line of meters) expect(Number(line.ledger)).toBeGreaterThan(0)
    const peerIds = (lines: readonly UpLine[]) =>
      lines
        .filter(line => line.event === 'started')
        .map(line => `${line.ied} ${line.peerId}`)
        .sort()
    expect(peerIds(again.lines)).toEqual(peerIds(first.lines))
    again.child.kill('SIGINT')
    expect(await again.ended).toBe(0)
  }, 240_000)
})

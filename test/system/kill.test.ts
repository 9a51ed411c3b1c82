// kill -9 at any time: no acknowledged reading lost, none counted twice. On a running feeder one agent process after the
// other, back-end peers included, is killed from outside; `up` starts it again as a service manager would. At the end the
// meters stand still and each back end's store is compared with the meters' own registers.
//
// On a feeder of eight IEDs, to save time. With KILL_FEEDER=ieee13 while its default scenario runs.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { smallFeeder } from '../sim/small-feeder.ts'
import { pause } from './feeder-in-process.ts'
import { startUp, type UpLine, type UpProcess } from './up-process.ts'

const IS_WHOLE = process.env.KILL_FEEDER === 'ieee13'
const SEED = 20_261_122
/** So that each has its turn before the scenario ends: of eighteen within 43 seconds, of ten within 15. */
const EVERY_MS = IS_WHOLE ? 2100 : 1200
/** The account may take long on a busy machine; it ends when all agrees. */
const SETTLE_SECONDS = 90
const FOR_SECONDS = (IS_WHOLE ? 49 : 15) + SETTLE_SECONDS

const dirs: string[] = []
const running: UpProcess[] = []
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(dirs.map(dir => rm(dir, { recursive: true, force: true })))
})

interface Place {
  /** Arguments: the feeder, what is played on it, and where the data goes. */
  readonly args: readonly string[]
}

async function place(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), 'feedermesh-kill-'))
  dirs.push(dir)
  const data = ['--data', join(dir, 'data')]
  if (IS_WHOLE) return { args: ['topology/feeders/ieee13.yaml', ...data] }
  await writeFile(join(dir, 'small.yaml'), stringify(smallFeeder()))
  const scenario = { readingSeconds: 2, forwardingSeconds: 1, settle: true, settleSeconds: SETTLE_SECONDS }
  await writeFile(join(dir, 'scenario.yaml'), stringify({ feedermesh: 1, feeder: 'small', ...scenario }))
  return { args: [join(dir, 'small.yaml'), '--scenario', join(dir, 'scenario.yaml'), ...data] }
}

function up(...args: string[]): UpProcess {
  const started = startUp(...args)
  running.push(started)
  return started
}

/** Process ids by process name, of those that run now. */
function pids({ lines }: UpProcess): Map<string, number> {
  const alive = new Map<string, number>()
  for (const line of lines) {
    if (line.event === 'process-started' || line.event === 'restart') alive.set(String(line.process), Number(line.pid))
    if (line.event === 'process-died') alive.delete(String(line.process))
    if (line.event === 'kill') alive.delete(String(line.ied)) // by the scenario
  }
  return alive
}

/** The same order every time (Fisher and Yates, with Numerical Recipes' linear congruential generator). */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const mixed = [...list]
  let state = seed >>> 0
  for (let last = mixed.length - 1; last > 0; last--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const other = Math.floor((state / 2 ** 32) * (last + 1))
    ;[mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T]
  }
  return mixed
}

const isLine = (event: string) => (line: UpLine) => line.event === event

describe('up', () => {
  it('loses no reading and counts none twice, whichever agent is killed with SIGKILL, and whenever', async () => {
    const { args } = await place()
    const feeder = up(...args, '--processes', 'each', '--for', `${FOR_SECONDS}s`)
    const ready = await feeder.line('mesh ready', isLine('ready'), 90_000)
    expect(ready).toMatchObject({ ok: true })

    const order = shuffled([...pids(feeder).keys()].sort(), SEED)
    const victims: string[] = []
    const isDone = (): boolean => victims.length >= order.length && feeder.lines.some(isLine('scenario-done'))
    while (!isDone() && !feeder.lines.some(isLine('settling')) && feeder.child.exitCode === null) {
      const victim = order[victims.length % order.length] as string
      victims.push(victim)
      const pid = pids(feeder).get(victim)
      try {
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
      } catch {
        // The scenario killed it just before.
      }
      await pause(EVERY_MS)
    }
    const summary = await feeder.line('summary', isLine('summary'), 120_000)
    await feeder.ended
    expect([...new Set(victims)].sort(), 'everybody had their turn').toEqual(order.toSorted())
    const accounts = (summary.expectations as { name: string; ok: boolean; measured: string }[]).filter(({ name }) =>
      name.includes('agrees with the registers'),
    )
    expect(
      accounts.map(({ name, ok, measured }) => (ok ? 'ok' : `${name}: ${measured}`)),
      `killed: ${victims}`,
    ).toEqual(['ok', 'ok'])
  }, 240_000)

  it('ends on Ctrl-C within two seconds, and goes on with its ledgers when it starts again', async () => {
    const { args } = await place()
    const first = up(...args)
    expect(await first.line('mesh ready', isLine('ready'), 90_000)).toMatchObject({ ok: true })
    await first.line('readings', isLine('collected'), 20_000)
    const pressed = Date.now()
    first.child.kill('SIGINT')
    expect(await first.ended).toBe(0)
    expect(Date.now() - pressed).toBeLessThan(2000)

    const again = up(...args)
    expect(await again.line('mesh ready', isLine('ready'), 90_000)).toMatchObject({ ok: true })
    const started = again.lines.filter(line => line.event === 'started')
    const meters = started.filter(line => String(line.ied).startsWith('meter'))
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

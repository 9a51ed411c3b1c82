// The fuzzer as a person runs it. Some seeds in every test run; `npm run fuzz` takes a thousand, and
// SIM_FUZZ_SEEDS as many as it says. What fails here is looked into with `feedermesh sim fuzz ieee13 --seed N`.

import { describe, expect, it } from 'vitest'
import { feedermesh } from './cli-process.ts'

const eventsIn = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

const SEEDS = Number(process.env.SIM_FUZZ_SEEDS ?? 12)

describe('feedermesh sim fuzz', () => {
  it(`finds nothing in ${SEEDS} seeds on the 13-node feeder`, async () => {
    const { code, stdout, stderr } = await feedermesh(
      `sim fuzz ieee13 --seeds ${SEEDS} --jobs 2 --no-shrink --json`.split(' '),
    )
    const events = eventsIn(stdout)
    expect(events.filter(({ ok }) => ok !== true)).toEqual([])
    expect(events.filter(({ event }) => event === 'seed').length).toBe(SEEDS)
    expect(events.at(-1)).toMatchObject({ event: 'summary', ok: true, seeds: SEEDS, failed: [] })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  }, 900_000)

  it('plays a seed in the same way each time', async () => {
    const runs = [1, 2].map(() => feedermesh('sim fuzz customer-site --seed 11 --seconds 45 --json'.split(' ')))
    const [one, other] = (await Promise.all(runs)).map(({ stdout }) => eventsIn(stdout)[0])
    expect(one).toMatchObject({ event: 'seed', seed: 11, ok: true })
    expect(one).toEqual(other)
  })

  it.each([
    ['sim fuzz no-such-feeder', 'no-such-feeder'],
    ['sim fuzz ieee13 --seeds 0', 'want a whole number from 1'],
    ['sim fuzz ieee13 --seconds 10', 'want a whole number from 45'],
    ['sim fuzz ieee13 --seed -1', 'want a whole number from 0'],
  ])('ends on bad input with one clear line: %s', async (command, says) => {
    const { code, stderr } = await feedermesh(command.split(' '))
    expect(code).toBe(2)
    expect(stderr).toContain(says)
    expect(stderr.trim().split('\n').length).toBe(1)
  })
})

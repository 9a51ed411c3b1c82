// One supplier, sixty customers in four processes, over the mesh: all have its changed tariff and prices, verified, and exactly
// them in their stores. The bench's own program, which has a thousand at its full size.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const RUN = fileURLToPath(new URL('../../dist/bench/run.js', import.meta.url))

it('reaches each customer with a tariff and 96 prices', { timeout: 300_000 }, async () => {
  const args = [RUN, '--only', 'pushed to all', '--quick', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { sections } = JSON.parse(stdout) as {
    sections: { failed?: string; rows: { what: string; figure: { count: number } }[]; targets: { is: number }[] }[]
  }
  expect(sections.map(({ failed }) => failed)).toEqual([undefined])
  const [section] = sections
  expect(section?.targets.map(({ is }) => is)).toEqual([0, 0, 0])
  expect(section?.rows.map(({ figure }) => figure.count)).toEqual([60, 60])
})

// What the documents show of commands is what they print.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditDefaults, auditFeeder } from '../../../src/aggregation/audit/audit-feeder.ts'
import { fraudText } from '../../../src/node/cli/asset-text.ts'
import { outputs } from '../../../src/node/cli/outputs.ts'
import { fraudAnswer } from '../../../src/node/fraud-rows.ts'
import { createFeeder } from '../../../topology/feeder.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { utcMs } from '../../../topology/units.ts'
import { readingsOf } from '../../aggregation/audit/worlds.ts'
import { docSample } from '../../doc-sample.ts'
import { commandLine } from '../../system/cli-in-process.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const text = readFileSync(join(ROOT, 'docs/billing.md'), 'utf8')

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feedermesh-samples-'))
  await symlink(join(ROOT, 'topology'), join(dir, 'topology'))
  // The document makes its files with one line each, which is run as it stands there.
  for (const file of ['july.csv', 'rate.json']) {
    const [, script = ''] = new RegExp(`\\n\\$ node -e '([^']*)' > ${file}\\n`).exec(text) ?? []
    await writeFile(join(dir, file), execFileSync(process.execPath, ['-e', script]))
  }
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('docs/billing.md', () => {
  it.each([
    'bill --readings july.csv --meter M7 --from 2026-07-01 --to 2026-08-01 --tariff topology/tariffs/tou-demand.yaml',
    'usage --readings july.csv --meter M7 --tariff topology/tariffs/flat.yaml',
    'tariff check topology/tariffs/tou-demand.yaml',
    'tariff import rate.json --zone America/Los_Angeles',
  ])('%s', async command => {
    const { code, stdout } = await commandLine(command.split(' '), dir)
    expect(code).toBe(0)
    expect(docSample('billing.md', `feedermesh ${command}`)).toBe(stdout)
  })
})

it('docs/assets.md: fraud --at utility-backend', () => {
  const file = parseFeeder(readFileSync(join(ROOT, 'topology/feeders/ieee13.yaml'), 'utf8'), 'ieee13.yaml')
  const theft = { meter: 'meter-671', registersShare: 0.5, fromHour: 5 * 24 }
  const start = Date.UTC(2026, 5, 1)
  const moved = [...readingsOf(file, { seed: 3, days: 9, theft })].map(([ied, all]) => {
    const later = all.map(each => ({
      ...each,
      startUtcMs: utcMs(each.startUtcMs + start),
      endUtcMs: utcMs(each.endUtcMs + start),
    }))
    return [ied, later] as const
  })
  const audit = auditFeeder(createFeeder(file), new Map(moved), [], { ...auditDefaults, classPercent: () => 0.5 })
  const asked = { from: start, to: start + 9 * 86_400_000, limit: 1000, timeZone: 'UTC' }
  const printed = fraudText(outputs.fraud.parse(fraudAnswer(audit, asked)))
  expect(docSample('assets.md', 'feedermesh fraud --at utility-backend --from 2026-06-01 --to 2026-06-10')).toBe(
    printed,
  )
  // The honest meter of another world falls silent at the third noon.
  const honest = [...readingsOf(file, { seed: 8, days: 4 })].map(
    ([ied, all]) => [ied, ied === 'meter-671' ? all.slice(0, 60) : all] as const,
  )
  const silent = auditFeeder(createFeeder(file), new Map(honest), [], { ...auditDefaults, classPercent: () => 0.5 })
  const told = fraudText(
    outputs.fraud.parse(fraudAnswer(silent, { from: 0, to: 4 * 86_400_000, limit: 1, timeZone: 'UTC' })),
  )
  expect(docSample('assets.md', 'feedermesh fraud --at utility-backend --from 1970-01-01 --to 1970-01-05')).toBe(told)
})

// `npm run fuzz:ledger`: histories of ledgers, aggregators and back ends, one for each seed.
//
//   node dist/sim/rollup/fuzz.js [--seeds N] [--from N]

import { parseArgs } from 'node:util'
import { checkSeed } from './check-seed.ts'

const USAGE = 'fuzz:ledger -- [--seeds N] [--from N]    whole numbers: how many seeds (1000), and the first of them (1)'

const options = { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } } as const
const [from, count] = given()

function given(): [number, number] {
  try {
    const { values } = parseArgs({ options })
    const numbers: [number, number] = [Number(values.from), Number(values.seeds)]
    if (!numbers.every(Number.isSafeInteger) || numbers[1] < 1) throw new Error('not whole numbers')
    return numbers
  } catch (error) {
    process.stderr.write(`${(error as Error).message}; want ${USAGE}\n`)
    return process.exit(2)
  }
}

let failed = 0
let records = 0
const settled: number[] = []
const began = performance.now()
for (let seed = from; seed < from + count; seed++) {
  const outcome = await checkSeed(seed)
  records += outcome.records
  if (outcome.settledMs !== undefined) settled.push(outcome.settledMs)
  if (outcome.violations.length === 0) continue
  failed++
  process.stdout.write(`seed ${seed}\n${outcome.violations.map(line => `  ${line}\n`).join('')}`)
}
settled.sort((one, other) => one - other)
const at = (share: number): string => `${(settled[Math.ceil(settled.length * share) - 1] ?? 0) / 1000} s`
process.stdout.write(
  `${count} seeds, ${failed} failed; ${records} records acknowledged; all receipted after the faults' end within ` +
    `${at(0.5)} (half of the seeds), ${at(0.99)} (99 of 100), ${at(1)} (all); ` +
    `${((performance.now() - began) / 1000).toFixed(1)} s\n`,
)
process.exitCode = failed === 0 ? 0 : 1

// `feedermesh sim verify`: the network solver beside published load flows and short-circuit currents.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { exitCodes } from '../node-error.ts'

export const simVerifyCommand = (): Command =>
  new Command('verify')
    .description('compares the network solver with the published solutions of IEEE 13, 34 and 37')
    .option('--summary', 'the largest deviation of each table alone', false)
    .option('--json', 'one JSON object with every figure', false)
    .addHelpText(
      'after',
      `
Load flows: IEEE PES Distribution Test Feeders, solutions of 2004, with regulators at the taps published there.
Short circuits: the published studies of IEEE 34 and 37; for IEEE 13 path impedances from published data.
Limits: 0.2 % of a voltage or current, 0.1 degrees, 1 % of losses and input, 2 % of a short-circuit current.
Exits with 1 when one is passed.`,
    )
    .action(run)

async function run({ summary, json }: { summary: boolean; json: boolean }): Promise<void> {
  const { verify } = await import('../../../sim/verify/verify.ts')
  const { report } = await import('../../../sim/verify/report.ts')
  const verification = verify(join(shippedDir(), 'topology/feeders'))
  process.stdout.write(json ? `${JSON.stringify(verification)}\n` : report(verification, { details: !summary }))
  process.exitCode = verification.ok ? exitCodes.done : exitCodes.expectationFailed
}

/** Where the shipped feeders are, whether this runs from the sources or from `dist`. */
function shippedDir(): string {
  const here = fileURLToPath(new URL('../../../', import.meta.url))
  return here.endsWith('/dist/') ? fileURLToPath(new URL('../../../../', import.meta.url)) : here
}

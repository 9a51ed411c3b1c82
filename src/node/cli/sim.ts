import { Command, Option } from 'commander'
import { simFuzzCommand } from './sim-fuzz.ts'
import { simReportCommand } from './sim-report.ts'
import { simRestorationCommand } from './sim-restoration.ts'
import { simSweepCommand } from './sim-sweep.ts'
import { simVerifyCommand } from './sim-verify.ts'

/** What the simulator can be asked for, each in a file of its own. */
export const simCommand = (): Command =>
  new Command('sim')
    .description('runs the agents of a feeder in virtual time: scenarios, random faults, reports, sweeps')
    .addCommand(runCommand())
    .addCommand(simFuzzCommand())
    .addCommand(simReportCommand())
    .addCommand(simSweepCommand())
    .addCommand(simRestorationCommand())
    .addCommand(simVerifyCommand())

interface RunArguments {
  readonly seed?: string
  readonly signatures: 'keyed-hash' | 'ed25519'
  readonly trace?: string
  readonly quiet: boolean
  readonly json: boolean
}

const runCommand = (): Command =>
  new Command('run')
    .description('plays a scenario and checks what it expects')
    .argument('<scenario>', 'scenario file (YAML), see docs/scenarios.md')
    .option('--seed <seed>', "decides all that is left to chance (default: the scenario's)")
    .option('--trace <file>', 'writes every event, one JSON object a line')
    .addOption(
      new Option('--signatures <kind>', 'real signatures, or keyed hashes in their place, which take less time')
        .choices(['keyed-hash', 'ed25519'])
        .default('keyed-hash'),
    )
    .option('--quiet', 'only what came of the expectations', false)
    .option('--json', 'one JSON object a line: every event, then the summary', false)
    .addHelpText(
      'after',
      `
The same scenario and seed give the same trace, byte for byte. Exit codes: 0 all expectations met, 1 one was not,
2 the scenario is wrong.

  feedermesh sim run sim/scenarios/sim/ieee13-day-of-trouble.yaml
  feedermesh sim run my.yaml --seed 7 --trace trace.jsonl`,
    )
    .action(run)

async function run(scenarioPath: string, options: RunArguments): Promise<void> {
  const { simRun } = await import('../../../sim/run/command.ts')
  const abort = new AbortController()
  process.on('SIGINT', () => abort.abort())
  process.exitCode = await simRun({
    scenarioPath,
    seed: options.seed,
    signatures: options.signatures,
    tracePath: options.trace,
    quiet: options.quiet,
    json: options.json,
    out: process.stdout,
    signal: abort.signal,
  })
}

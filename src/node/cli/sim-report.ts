// `feedermesh sim report`: one run as one page.

import { Command, Option } from 'commander'

interface ReportArguments {
  readonly output: string
  readonly seed?: string
  readonly signatures: 'keyed-hash' | 'ed25519'
}

export const simReportCommand = (): Command =>
  new Command('report')
    .description('plays a scenario and writes it as one HTML page: diagram, time line, voltages, customers, verdict')
    .argument('<scenario>', 'scenario file (YAML), see docs/sim-scenarios.md')
    .option('-o, --output <file>', 'the page', 'report.html')
    .option('--seed <seed>', "decides all that is left to chance (default: the scenario's)")
    .addOption(
      new Option('--signatures <kind>', 'real signatures, or keyed hashes in their place, which take less time')
        .choices(['keyed-hash', 'ed25519'])
        .default('keyed-hash'),
    )
    .addHelpText(
      'after',
      `
The page needs nothing besides itself: send it, print it, open it without a network. The same scenario and seed give
the same page, byte for byte. Exit codes as of "sim run": 0 all expectations met, 1 one was not, 2 bad input.

  feedermesh sim report sim/scenarios/sim/ieee13-day-of-trouble.yaml -o report.html`,
    )
    .action(run)

async function run(scenarioPath: string, { output, seed, signatures }: ReportArguments): Promise<void> {
  const { simReport } = await import('../../../sim/report/command.ts')
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort())
  process.exitCode = await simReport({
    scenarioPath,
    outputPath: output,
    seed,
    signatures,
    out: process.stdout,
    error: process.stderr,
    signal: abort.signal,
  })
}

import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'

interface FuzzArguments {
  readonly seeds: number
  readonly from: number
  readonly seed?: number
  readonly seconds: number
  readonly jobs: number
  readonly shrink: boolean
  readonly write?: string
  readonly json: boolean
}

export const simFuzzCommand = (): Command =>
  new Command('fuzz')
    .description('random faults and failures on a feeder, with invariants checked after every event')
    .argument('[feeder]', 'a shipped feeder by its name, or a feeder file', 'ieee13')
    .option('--seeds <n>', 'how many seeds', whole(1, 10_000_000), 100)
    .option('--from <seed>', 'the first of them', whole(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--seed <seed>', 'this seed alone', whole(0, Number.MAX_SAFE_INTEGER))
    .option('--seconds <t>', 'virtual seconds for each, 45 at least', whole(45, 86_400), 65)
    .option('--jobs <n>', 'worker processes', whole(1, 256), Math.max(1, availableParallelism() - 1))
    .option('--no-shrink', 'leave the first failing seed as it is')
    .option('--write <file>', 'where the smaller scenario goes (default: fuzz-FEEDER-SEED.yaml)')
    .option('--json', 'one JSON object a line', false)
    .addHelpText(
      'after',
      `
The first seed that fails is made smaller and written to a scenario that "feedermesh sim run" plays.
Exits with 1 when a seed failed. The invariants: docs/fuzzing.md.`,
    )
    .action(run)

async function run(feeder: string, options: FuzzArguments): Promise<void> {
  const { simFuzz } = await import('../../../sim/fuzz/command.ts')
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.exitCode = await simFuzz({
    feeder,
    from: options.seed ?? options.from,
    count: options.seed === undefined ? options.seeds : 1,
    seconds: options.seconds,
    jobs: options.jobs,
    shrinks: options.shrink,
    writeTo: options.write,
    json: options.json,
    out: process.stdout,
    signal: abort.signal,
  })
}

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`want a whole number from ${least} to ${most}`)
    }
    return number
  }

import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { exitCodes } from '../node-error.ts'

interface UpArguments {
  readonly scenario?: string
  readonly data?: string
  readonly fresh: boolean
  readonly json: boolean
  readonly processes: number | 'each'
  readonly for?: number
  readonly partial: boolean
  readonly config: string[]
}

export const upCommand = (): Command =>
  new Command('up')
    .description('runs a whole feeder on this machine: simulated field devices, real agents, back-end peers')
    .argument('<feeder>', 'feeder file (YAML)')
    .option('--scenario <file>', 'what happens, and what must follow (default: the shipped one for this feeder)')
    .option('--for <time>', 'end by itself so long after the mesh is ready, such as 60s or 2m', duration)
    .option('--partial', 'leave out the steps for which --for is too short', false)
    .option('--data <dir>', 'keys, credentials, ledgers and logs (default: .feedermesh/<feeder>)')
    .option('--fresh', 'begin anew: empties the data directory', false)
    .addOption(
      new Option(
        '--processes <n>',
        'worker processes for the agents that the scenario does not kill; "each": one per agent',
      )
        .default(2)
        .argParser(processes),
    )
    .option(
      '--config <ied=file>',
      "sections of that agent's configuration, such as another device (may be repeated)",
      (given: string, before: string[]) => [...before, given],
      [] as string[],
    )
    .option('--json', 'one JSON object a line', false)
    .addHelpText(
      'after',
      `
Ends on Ctrl-C within two seconds. With --for it exits with 0 and a summary, or with 1 and the reason when something
that the scenario expects did not happen. Stop and start again: identities and ledgers go on.`,
    )
    .action(run)

async function run(feeder: string, options: UpArguments): Promise<void> {
  const { up } = await import('../../../sim/up/run.ts')
  const abort = new AbortController()
  const stop = (): void => {
    if (abort.signal.aborted) process.exit(exitCodes.expectationFailed)
    abort.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.exitCode = await up({
    feederPath: feeder,
    scenarioPath: options.scenario,
    dataDir: options.data,
    fresh: options.fresh,
    json: options.json,
    processes: options.processes,
    forSeconds: options.for,
    partial: options.partial,
    configs: options.config,
    shippedDir: shippedDir(),
    out: process.stdout,
    signal: abort.signal,
  })
}

/** The project's own folder, from src/ or from dist/src/. */
function shippedDir(): string {
  const here = fileURLToPath(new URL('../../../', import.meta.url))
  return here.endsWith('/dist/') ? fileURLToPath(new URL('../../../../', import.meta.url)) : here
}

export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('want a time such as 60s, 2m or 1h')
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[(match[2] ?? 's') as 's' | 'm' | 'h']
}

function processes(text: string): number | 'each' {
  if (text === 'each') return 'each'
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 64) throw new InvalidArgumentError('want 1 to 64, or "each"')
  return count
}

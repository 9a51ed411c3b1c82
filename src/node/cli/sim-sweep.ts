// `feedermesh sim sweep`: a fault on every section, of every kind, with and without communications.

import { Command, InvalidArgumentError } from 'commander'

interface SweepArguments {
  readonly sections?: readonly string[]
  readonly from?: string
  readonly kinds: readonly Kind[]
  readonly resistance: number
  readonly comms: readonly (typeof COMMS)[number][]
  readonly for: number
  readonly seed: string
  readonly jobs?: number
  readonly allow: readonly string[]
  readonly alwaysAgents: boolean
  readonly energise: boolean
  readonly output?: string
  readonly json: boolean
}

const KINDS = ['line-ground', 'line-line', 'line-line-ground', 'three-phase'] as const
type Kind = (typeof KINDS)[number]
const COMMS = ['up', 'down', 'slow', 'lossy', 'partitioned', 'agent-dead', 'device-stuck'] as const

export const simSweepCommand = (): Command =>
  new Command('sweep')
    .description('faults every section in every way: which device cleared, in how many ms, and was it the right one')
    .argument('<feeder>', 'feeder file (YAML or OpenDSS)')
    .option('--sections <names>', 'only these, with commas between (default: all)', list)
    .option(
      '--from <section>',
      'go on from this section, in the order of the file: what the last line of an ended sweep names',
    )
    .option('--kinds <kinds>', `of ${KINDS.join(', ')}`, oneOf(KINDS), ['line-ground', 'line-line', 'three-phase'])
    .option('--resistance <ohm>', 'of the fault', number(0, 10_000), 0)
    .option('--comms <states>', `of ${COMMS.join(', ')}; or all`, commsOf, ['up', 'down'])
    .option('--for <seconds>', 'looks no longer than this after each fault', number(0.1, 3600), 60)
    .option('--seed <seed>', 'decides all that is left to chance', '1')
    .option('--jobs <n>', 'processes (default: as many as the machine runs at once)', jobs)
    .option(
      '--allow <outcome>',
      'SECTION[:KIND]=DEVICE,… or =not-cleared: known and accepted; may be repeated',
      collect,
      [],
    )
    .option(
      '--always-agents',
      'plays the agents also where no message passes, to see that it makes no difference',
      false,
    )
    .option(
      '--energise',
      'also opens and closes each switching device: inrush and cold load must trip nobody fast',
      false,
    )
    .option('-o, --output <file>', 'also writes the matrix: .html or .csv')
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
Right is the nearest device with a relay or fuse, on the way from the fault to its source, that sees the fault.
With agents the time by grading alone stands beside; later, or with more devices tripped, is never allowed.
Exit codes: 0 every fault was cleared by the right device alone, or as allowed; 1 one was not; 2 bad input.

  feedermesh sim sweep topology/feeders/ieee13.yaml -o matrix.html
  feedermesh sim sweep topology/feeders/ieee13.yaml --comms all --kinds three-phase
  feedermesh sim sweep my.yaml --sections s3,s4 --resistance 20 --allow s4=not-cleared`,
    )
    .action(run)

async function run(feederPath: string, options: SweepArguments): Promise<void> {
  const { simSweep } = await import('../../../sim/sweep/command.ts')
  const abort = new AbortController()
  const stop = (): void => abort.abort(new Error('ended by hand'))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.exitCode = await simSweep({
    feederPath,
    sections: options.sections,
    from: options.from,
    kinds: options.kinds,
    comms: options.comms,
    resistanceOhm: options.resistance,
    seed: options.seed,
    limitSeconds: options.for,
    jobs: options.jobs,
    alwaysWithAgents: options.alwaysAgents,
    energises: options.energise,
    allow: options.allow,
    output: options.output,
    json: options.json,
    replay: replayCommand(feederPath, options),
    out: process.stdout,
    error: process.stderr,
    signal: abort.signal,
  })
}

/** How the sweep is had again: all that decides its result. */
function replayCommand(feederPath: string, options: SweepArguments): string {
  const { sections, kinds, resistance, comms, seed, allow } = options
  return [
    `feedermesh sim sweep ${feederPath}`,
    ...(sections === undefined ? [] : [`--sections ${sections.join(',')}`]),
    ...(options.from === undefined ? [] : [`--from ${options.from}`]),
    `--kinds ${kinds.join(',')} --resistance ${resistance} --comms ${comms.join(',')} --for ${options.for} --seed ${seed}`,
    ...(options.energise ? ['--energise'] : []),
    ...allow.map(each => `--allow ${each}`),
  ].join(' ')
}

const commsOf = (text: string) => (text === 'all' ? [...COMMS] : oneOf(COMMS)(text))
const list = (text: string): string[] => text.split(',').filter(name => name !== '')
const collect = (text: string, before: readonly string[]): string[] => [...before, text]

function oneOf<T extends string>(known: readonly T[]) {
  return (text: string): T[] => {
    const names = list(text)
    const wrong = names.find(name => !known.some(each => each === name))
    if (wrong !== undefined || names.length === 0) throw new InvalidArgumentError(`want some of ${known.join(', ')}`)
    return known.filter(each => names.includes(each))
  }
}

function number(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new InvalidArgumentError(`want ${least} to ${most}`)
    return value
  }
}

function jobs(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 16) throw new InvalidArgumentError('want 1 to 16')
  return count
}

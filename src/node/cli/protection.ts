// `feedermesh protection …`: an engineer's view of the settings of a feeder.

import { Command, InvalidArgumentError } from 'commander'

export const protectionCommand = (): Command => {
  const command = new Command('protection').description('margins between protecting devices, and their curves')
  command
    .command('coordination')
    .description(
      'does each device wait for the next one below it? Margins at the largest and the least fault, and curves',
    )
    .argument('<feeder>', 'feeder file (YAML or OpenDSS)')
    .option('--open <device...>', 'with these devices open')
    .option('--close <device...>', 'with these devices closed')
    .option('--ties', 'also fed over each tie in turn, from either side', false)
    .option(
      '--interval <ms>',
      "wanted between relays (default: the lower breaker's time and 150 ms)",
      number(0, 10_000),
    )
    .option('--resistance <ohm>', 'of faults to ground', number(0, 10_000), 0)
    .option('--allow <pair>', 'DEVICE/DEVICE: known and accepted; may be repeated', collect, [])
    .option('--svg <file>', 'draws the time-current curves; "-" is the standard output')
    .option('--devices <names>', 'to draw, with commas between (default: the longest way from the source)', list)
    .option('--ground', 'draws the ground elements', false)
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
Each device that interrupts by itself is judged with the next one toward the source, at faults in its own stretch,
computed with the generators and without. Relays want their interval, a relay 200 ms above a fuse, and below a fuse 75 %
of its melting time.
Exit codes: 0 every margin is kept or allowed; 1 one is not; 2 bad input.

  feedermesh protection coordination topology/feeders/ieee13.yaml
  feedermesh protection coordination topology/feeders/loop-pair.yaml --ties --allow RC-N/TR
  feedermesh protection coordination my.yaml --svg curves.svg --devices CB1,R2,F7`,
    )
    .action(run)
  return command
}

interface Options {
  readonly open?: readonly string[]
  readonly close?: readonly string[]
  readonly ties: boolean
  readonly interval?: number
  readonly resistance: number
  readonly allow: readonly string[]
  readonly svg?: string
  readonly devices?: readonly string[]
  readonly ground: boolean
  readonly json: boolean
}

async function run(feederPath: string, options: Options): Promise<void> {
  const { coordination } = await import('../../../sim/coordination/command.ts')
  process.exitCode = coordination({
    feederPath,
    open: options.open ?? [],
    close: options.close ?? [],
    ties: options.ties,
    intervalMs: options.interval,
    groundOhm: options.resistance,
    allow: options.allow,
    svg: options.svg,
    devices: options.devices,
    ground: options.ground,
    json: options.json,
    out: process.stdout,
    error: process.stderr,
  })
}

const list = (text: string): string[] => text.split(',').filter(name => name !== '')
const collect = (text: string, before: readonly string[]): string[] => [...before, text]

function number(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new InvalidArgumentError(`want ${least} to ${most}`)
    return value
  }
}

// Read-outs with any number of rows: printed as they come, as a table, one JSON object, or CSV. Ctrl-C, and a reader of the
// output that goes away, end them at the peer too.

import { Command, Option } from 'commander'
import { NodeError } from '../node-error.ts'
import { moment } from './fraud.ts'
import { noteOnLast, showAsked } from './history-asked.ts'
import { print, untilEnded } from './long-output.ts'
import { outputs } from './outputs.ts'
import { phasorColumns } from './phasor-columns.ts'
import { addressOf, loginOf } from './readouts.ts'
import { csv, table } from './table.ts'

const descriptions = {
  readings: 'interval readings: its own, or those that a back-end peer collected',
  history: "the records of an IED's ledger, each with its content",
  phasors: 'phasors: its own, or those of many places on one time axis at a back-end peer',
} as const
/** `load-profile` is an option of `readings`. */
type What = keyof typeof descriptions | 'load-profile'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly json: boolean
  readonly csv?: boolean
  readonly ied?: string
  readonly after?: string
  /** Absent: 100, or no end when it follows. */
  readonly limit?: string
  readonly follow?: boolean
  readonly loadProfile?: boolean
  readonly from?: string
  readonly to?: string
  /** Of `history`. */
  readonly class?: string
  readonly ask?: boolean
  readonly asked?: boolean
}

type Row = Record<string, unknown>
type Blocks = AsyncIterable<{ readonly rows: readonly Row[]; readonly next: string }>

/** A table needs its rows to know its widths: so many have the same ones, and the next get a new head. */
const TABLE_ROWS = 500
/** What a listing gives at the most. */
const MOST_ROWS = 1_000_000

export const listingCommands = (): Command[] =>
  (Object.keys(descriptions) as (keyof typeof descriptions)[]).map(what => {
    const command = new Command(what)
      .description(descriptions[what])
      .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
      .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
      .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
      .option('--ied <name>', 'of this IED alone')
      .option('--limit <n>', 'at most so many rows: the latest ones, or with --after the next ones (default: 100)')
      .option('--after <place>', 'begin behind this place: 0, or the "next" of an earlier answer')
      .option('--json', 'one JSON object', false)
      .addOption(new Option('--csv', 'comma-separated values').conflicts('json'))
      .addHelpText(
        'after',
        `
  feedermesh ${what} --at recloser-675 --limit 100000 --csv > all.csv
  feedermesh ${what} --at recloser-675 --after 0 --limit 1000 --json    its "next" goes to the next --after`,
      )
      .action((options: Arguments) => run(options.loadProfile === true ? 'load-profile' : what, options))
    if (what !== 'phasors') {
      const of = what === 'history' ? 'records written' : 'intervals that start'
      command
        .option('--from <utc>', `${of} at or after it`)
        .option('--to <utc>', `${of} before it; in order from the first, not the latest ones`)
    }
    if (what === 'history') {
      command
        .option('--class <names>', 'of these classes alone, such as billing,event')
        .option('--ask', 'at a back-end peer, with --ied: first it asks the IED for what it lacks of them')
        .option('--asked', 'at a back-end peer: what it asked IEDs for so far, and what came of it')
    }
    if (what === 'readings') {
      command.option('--load-profile', 'what the meters showed beside their registers: power, volts, probes')
    }
    if (what === 'phasors') {
      command.option('--follow', 'go on with further ones as they come; with --json one object a line')
    }
    return command
  })

async function run(what: What, options: Arguments): Promise<void> {
  if (options.asked === true) return showAsked(options)
  const isFollowing = options.follow === true
  const limit = options.limit === undefined ? (isFollowing ? MOST_ROWS : 100) : Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1)
    throw new NodeError('BAD_INPUT', `--limit ${options.limit}: want 1 or more`)
  const { ied, after } = options
  const fromUtc = moment('--from', options.from)
  const toUtc = moment('--to', options.to)
  const parameters = {
    limit,
    ...(ied === undefined ? {} : { ied }),
    ...(after === undefined ? {} : { after }),
    ...(isFollowing ? { follow: true } : {}),
    ...(fromUtc === undefined ? {} : { fromUtc }),
    ...(toUtc === undefined ? {} : { toUtc }),
    ...(options.class === undefined ? {} : { classes: options.class.split(',') }),
    ...(options.ask === true ? { ask: true } : {}),
  }
  const login = loginOf(options)
  const address = addressOf(options)
  const { askRows } = await import('../readout-rows-client.ts') // libp2p takes its time to load

  await untilEnded(async signal => {
    const blocks = checked(what, askRows(address, login, what, parameters, signal))
    const page = after === undefined ? undefined : limit
    if (options.json) await (isFollowing ? asJsonLines(blocks) : asJson(what, blocks, page))
    else if (options.csv === true) await asCsv(shortened(what, blocks))
    else await asTable(shortened(what, blocks), page, isFollowing ? 1 : TABLE_ROWS)
  })
  if (options.ask === true && !options.json && options.csv !== true) await noteOnLast(options)
}

async function* checked(what: What, blocks: Blocks): Blocks {
  const schema = outputs[what].shape[what as never] as { parse(rows: unknown): Row[] }
  for await (const { rows, next } of blocks) yield { rows: schema.parse(rows), next }
}

/** @param page how many were asked for behind a place: when they came, there may be more, and `next` says where */
async function asJson(what: What, blocks: Blocks, page: number | undefined): Promise<void> {
  let count = 0
  let place = ''
  await print(`{"${what}":[`)
  for await (const { rows, next } of blocks) {
    await print(rows.map((row, index) => `${count + index === 0 ? '' : ','}${JSON.stringify(row)}`).join(''))
    count += rows.length
    place = next
  }
  await print(`]${count === page ? `,"next":${JSON.stringify(place)}` : ''}}\n`)
}

async function asJsonLines(blocks: Blocks): Promise<void> {
  for await (const { rows } of blocks) await print(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
}

/** Rows that hold objects have columns of their own for people. */
async function* shortened(what: What, blocks: Blocks): Blocks {
  for await (const { rows, next } of blocks) yield { rows: what === 'phasors' ? rows.map(phasorColumns) : rows, next }
}

async function asCsv(blocks: Blocks): Promise<void> {
  let isFirst = true
  for await (const { rows } of blocks) {
    const text = csv(rows)
    await print(isFirst ? text : text.slice(text.indexOf('\r\n') + 2))
    isFirst = false
  }
}

/** @param most rows that wait for their table */
async function asTable(blocks: Blocks, page: number | undefined, most: number): Promise<void> {
  let waiting: Row[] = []
  let count = 0
  let place = ''
  for await (const { rows, next } of blocks) {
    waiting.push(...rows)
    count += rows.length
    place = next
    if (waiting.length < most) continue
    await print(table(waiting))
    waiting = []
  }
  if (waiting.length > 0 || count === 0) await print(table(waiting))
  if (count === page) await print(`\nfurther ones: --after ${place}\n`)
}

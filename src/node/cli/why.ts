// `feedermesh why`: all that the IEDs of a feeder saw, heard, decided and did about one event, and what they did not do and
// why, on one axis of time.

import { join } from 'node:path'
import { Command, Option } from 'commander'
import { type Account, accountOf, type HeardFrom, type Recent } from '../../protection/account.ts'
import { isEventId } from '../../protection/event-ids.ts'
import type { Unanswered } from '../ask-around.ts'
import { NodeError } from '../node-error.ts'
import { print } from './long-output.ts'
import { outputs } from './outputs.ts'
import { addressOf, lastUsed } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at?: readonly string[]
  readonly as?: string
  readonly data?: string
  readonly run?: string
  readonly everything: boolean
  readonly scenario?: string
  readonly feeder?: string
  readonly json: boolean
}

const repeated = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value]

export const whyCommand = (): Command =>
  new Command('why')
    .description('what the IEDs of a feeder saw, heard, decided, did and did not do about one event, and why')
    .argument(
      '[event]',
      'id of a trip, a warning or an incident, such as recloser-675/1767225600/1; without: the latest',
    )
    .option('--at <address>', 'multiaddress, or the name of a peer that "up" runs; may be repeated', repeated)
    .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .addOption(new Option('--run <file>', 'in place of running IEDs: the trace of a "sim run"').conflicts('at'))
    .option('--everything', 'also what else was seen at the same time', false)
    .option('--scenario <file>', 'writes the event as a scenario that "sim run" plays again; wants --feeder')
    .option('--feeder <file>', 'the feeder file of the IEDs, or the name of a shipped feeder')
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
The IED that is asked names the others; each is asked with your own credential. Times are of one axis, measured with the
answers, so they need no clock but yours; ± says how far off a place may be, ? that only that IED's UTC is known.

  feedermesh why --at recloser-671                                   the latest events
  feedermesh why recloser-671/1767225600/1 --at recloser-671
  feedermesh why recloser-671/1767225600/1 --at recloser-671 --feeder ieee13 --scenario again.yaml
  feedermesh sim run my.yaml --trace t.jsonl && feedermesh why --run t.jsonl`,
    )
    .action(why)

/** What was gathered, from a running mesh or from a trace. */
interface Gathered {
  readonly ids: readonly string[]
  readonly heard: readonly HeardFrom[]
  readonly unanswered: readonly Unanswered[]
}

async function why(event: string | undefined, options: Arguments): Promise<void> {
  if (options.run !== undefined && options.scenario !== undefined) {
    const want = 'want --at of running IEDs: a run has a scenario already'
    throw new NodeError('BAD_INPUT', `--scenario: not of a --run, ${want}`)
  }
  if (event === undefined) {
    if (options.scenario !== undefined) throw new NodeError('BAD_INPUT', '--scenario: want an event too')
    return showRecent(await recent(options), options)
  }
  if (!isEventId(event)) {
    throw new NodeError('BAD_INPUT', `${event}: want the id of an event, such as recloser-675/1767225600/1`)
  }
  const gathered = await about(event, options)
  const account = accountOf(gathered.heard)
  if (!account.rows.some(({ linked }) => linked)) {
    const asked = gathered.heard.map(({ ied }) => ied).join(', ') || 'nobody'
    const list = options.run === undefined ? `--at ${options.at?.[0]}` : `--run ${options.run}`
    throw new NodeError('BAD_INPUT', `${event}: none of ${asked} has it; "feedermesh why ${list}" lists what they have`)
  }
  if (options.scenario !== undefined) return writeScenario(event, account, options.scenario, options)
  await (options.json
    ? print(`${JSON.stringify(asJson(event, gathered, account))}\n`)
    : show(event, gathered, account, options))
}

async function about(event: string, options: Arguments): Promise<Gathered> {
  if (options.run !== undefined) {
    const { heardInTrace } = await import('../../../sim/run/trace-account.ts')
    return { ...heardInTrace(options.run, [event]), unanswered: [] }
  }
  const { askAround } = await import('../ask-around.ts') // libp2p takes its time to load
  const { inquireAbout } = await import('../incident-inquiry.ts')
  return askAround(addresses(options), loginOf(options), round => inquireAbout(round, event))
}

async function recent(options: Arguments): Promise<{ recent: readonly Recent[]; unanswered: readonly Unanswered[] }> {
  if (options.run !== undefined) {
    const { recentInTrace } = await import('../../../sim/run/trace-account.ts')
    return { recent: recentInTrace(options.run), unanswered: [] }
  }
  const { askAround } = await import('../ask-around.ts')
  const { inquireRecent } = await import('../incident-inquiry.ts')
  return askAround(addresses(options), loginOf(options), inquireRecent)
}

function addresses({ at, data }: Arguments): string[] {
  if (at === undefined)
    throw new NodeError('BAD_INPUT', 'want --at ADDRESS of a running peer, or --run FILE of a trace')
  return at.map(each => addressOf({ at: each, ...(data === undefined ? {} : { data }) }))
}

const loginOf = ({ as, data }: Arguments): string =>
  as ?? process.env.FEEDERMESH_AS ?? join(data ?? lastUsed(), 'viewer.yaml')

async function writeScenario(event: string, account: Account, file: string, options: Arguments): Promise<void> {
  if (options.feeder === undefined) throw new NodeError('BAD_INPUT', `--scenario ${file}: want --feeder FILE too`)
  const { writeIncident } = await import('../../../sim/run/from-incident.ts')
  const { notes } = writeIncident(event, account, options.feeder, file)
  const value = outputs['why-scenario'].parse({ event, file, notes })
  await print(
    options.json
      ? `${JSON.stringify(value)}\n`
      : `${file}: play it with "feedermesh sim run ${file}"\n${notes.map(note => `- ${note}\n`).join('')}`,
  )
}

// What is printed ------------------------------------------------------------------------------------------------------------

const iso = (ms: number): string => new Date(ms).toISOString()

function asJson(event: string, { ids, unanswered }: Gathered, { rows, clocks, startUtcMs }: Account): unknown {
  return outputs.why.parse({
    event,
    ids,
    startUtc: iso(startUtcMs ?? 0),
    rows: rows.map(({ utcMs, ...row }) => ({ ...row, utc: iso(utcMs) })),
    clocks,
    unanswered,
  })
}

async function show(event: string, { ids, unanswered }: Gathered, account: Account, options: Arguments): Promise<void> {
  const { rows, clocks, startUtcMs } = account
  // In a trace, what really happened stands beside what was known of it.
  const concerned = new Set(['field', 'world', ...rows.filter(({ linked }) => linked).map(({ ied }) => ied)])
  const shown = rows.filter(({ linked, ied }) => options.everything || linked || concerned.has(ied))
  const others = ids.filter(id => id !== event)
  const head = `${event}${others.length === 0 ? '' : ` (and ${others.join(', ')})`}, ${iso(startUtcMs ?? 0)}\n\n`
  const lines = shown.map(row => ({
    ms: row.sinceStartMs.toFixed(1),
    '±': row.plusMinusMs === null ? '?' : row.plusMinusMs.toFixed(1),
    who: row.ied,
    '': row.role,
    what: row.words,
  }))
  const left = rows.length - shown.length
  const notes = [
    ...(left === 0 ? [] : [`${left} more entries of IEDs that have no part in it: --everything`]),
    ...clocks
      .filter(({ ied, utcQuality, offsetMs, plusMinusMs }) => {
        return concerned.has(ied) && (utcQuality !== 'good' || Math.abs(offsetMs) > plusMinusMs + 100)
      })
      .map(({ ied, utcQuality, offsetMs, plusMinusMs }) => {
        return `the clock of ${ied}: ${utcQuality}, ${offsetMs.toFixed(0)} ms ahead of yours (± ${plusMinusMs.toFixed(0)})`
      }),
    ...unanswered.map(({ ied, reason }) => `no answer from ${ied}: ${reason}`),
  ]
  await print(`${head}${table(lines)}${notes.length === 0 ? '' : `\n${notes.join('\n')}\n`}`)
}

async function showRecent(
  { recent, unanswered }: { recent: readonly Recent[]; unanswered: readonly Unanswered[] },
  { json }: Arguments,
): Promise<void> {
  const rows = recent.map(({ id, utcMs, ied, words, entries }) => ({ event: id, utc: iso(utcMs), ied, words, entries }))
  if (json) return print(`${JSON.stringify(outputs.why.parse({ recent: rows, unanswered }))}\n`)
  const notes = unanswered.map(({ ied, reason }) => `no answer from ${ied}: ${reason}\n`).join('')
  await print(`${table(rows)}${notes === '' ? '' : `\n${notes}`}`)
}

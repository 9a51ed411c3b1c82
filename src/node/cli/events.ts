// Recordings of an IED: which it has, and one of them as a COMTRADE file; and its sequence of events.

import { join } from 'node:path'
import { Command } from 'commander'
import { toldOf } from '../../protection/event-words.ts'
import { NodeError } from '../node-error.ts'
import { print, untilEnded } from './long-output.ts'
import { outputs } from './outputs.ts'
import { addressOf, lastUsed } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly limit: string
  readonly after?: string
  readonly waveform?: string
  readonly out?: string
  readonly sequence: boolean
  readonly json: boolean
}

export const eventsCommand = (): Command =>
  new Command('events')
    .description(
      'recordings around events that an IED keeps, --waveform fetches one; --sequence lists its sequence of events',
    )
    .requiredOption('--at <address>', 'multiaddress, or the name of an IED that "up" runs')
    .option(
      '--as <file>',
      'login: key, credential and whom to trust (default: FEEDERMESH_AS, then the viewer that "up" made, for --waveform the auditor)',
    )
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--limit <n>', 'at most so many: the latest ones, or with --after the next ones', '100')
    .option('--after <id>', 'those behind this one; 0 begins with the oldest')
    .option('--waveform <id>', 'fetch this recording (roles ENGINEER, SECADM, SECAUD)')
    .option('--sequence', 'what it saw, heard, decided and did, in order, to the millisecond', false)
    .option('--out <file>', 'where to, as a COMTRADE .cff')
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
  feedermesh events --at recloser-675
  feedermesh events --at recloser-675 --sequence --limit 20
  feedermesh events --at recloser-675 --waveform 17 --out 17.cff && feedermesh pq analyse 17.cff`,
    )
    .action((options: Arguments) => {
      if (options.waveform !== undefined) return fetch(options)
      return options.sequence ? sequence(options) : list(options)
    })

async function list(options: Arguments): Promise<void> {
  if (options.out !== undefined) throw new NodeError('BAD_INPUT', `--out ${options.out}: want --waveform ID too`)
  const limit = whole('--limit', options.limit, 1)
  const after = options.after === undefined ? undefined : whole('--after', options.after, 0)
  const rows: unknown[] = []
  let next = ''
  for await (const block of ask(options, 'events', { limit, ...(after === undefined ? {} : { after }) })) {
    rows.push(...block.rows)
    next = block.next
  }
  const { events } = outputs.events.parse({ events: rows })
  const more = after !== undefined && events.length === limit
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ events, ...(more ? { next } : {}) })}\n`
      : `${table(events.map(eventLine))}${more ? `\nfurther ones: --after ${next}\n` : ''}`,
  )
}

async function sequence(options: Arguments): Promise<void> {
  if (options.out !== undefined) throw new NodeError('BAD_INPUT', `--out ${options.out}: want --waveform ID too`)
  const limit = whole('--limit', options.limit, 1)
  const after = options.after === undefined ? undefined : whole('--after', options.after, 0)
  const rows: unknown[] = []
  let next = ''
  for await (const block of ask(options, 'sequence', { limit, ...(after === undefined ? {} : { after }) })) {
    rows.push(...block.rows)
    next = block.next
  }
  const { sequence } = outputs['events-sequence'].parse({ sequence: rows })
  const isMore = after !== undefined && sequence.length === limit
  if (options.json) return print(`${JSON.stringify({ sequence, ...(isMore ? { next } : {}) })}\n`)
  const lines = sequence.map(({ number, utc, utcQuality, event, fields }) => {
    const { role, words } = toldOf(event, fields)
    return { number, utc, quality: utcQuality, '': role, what: words.slice(0, 120) }
  })
  await print(`${table(lines)}${isMore ? `\nfurther ones: --after ${next}\n` : ''}`)
}

type Event = ReturnType<typeof outputs.events.parse>['events'][number]

const eventLine = ({
  id,
  startUtc,
  durationMs,
  triggers,
  moreTriggers,
  source,
  channels,
  samplesPerSecond,
  bytes,
}: Event) => ({
  id,
  startUtc,
  durationMs,
  triggers: [...new Set(triggers.map(({ kind, words }) => (kind === words ? kind : `${kind}: ${words}`)))]
    .concat(moreTriggers === 0 ? [] : [`and ${moreTriggers} more`])
    .join('; ')
    .slice(0, 80),
  source,
  channels: channels.join(' ').slice(0, 60),
  samplesPerSecond: Math.round(samplesPerSecond),
  bytes,
})

async function fetch(options: Arguments): Promise<void> {
  const id = whole('--waveform', options.waveform ?? '', 1)
  const { out } = options
  if (out === undefined) throw new NodeError('BAD_INPUT', `--waveform ${id}: want --out FILE.cff too`)
  await untilEnded(async signal => {
    const { fetchInto } = await import('../recording-fetch.ts')
    const fetched = await fetchInto(out, ask(options, 'waveform', { id }, signal))
    const value = outputs['events-waveform'].parse({ ied: options.at, id, file: out, ...fetched })
    await print(options.json ? `${JSON.stringify(value)}\n` : `${out}: recording ${id}, ${fetched.bytes} bytes\n`)
  })
}

async function* ask(
  options: Arguments,
  what: 'events' | 'sequence' | 'waveform',
  parameters: Record<string, unknown>,
  signal: AbortSignal = new AbortController().signal,
) {
  const { askRows } = await import('../readout-rows-client.ts') // libp2p takes its time to load
  const made = what === 'waveform' ? 'auditor.yaml' : 'viewer.yaml'
  const login = options.as ?? process.env.FEEDERMESH_AS ?? join(options.data ?? lastUsed(), made)
  yield* askRows(addressOf(options), login, what, parameters, signal)
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text)
  if (text !== '' && Number.isSafeInteger(value) && value >= least) return value
  throw new NodeError('BAD_INPUT', `${option} ${text}: want a whole number, ${least} or more`)
}

// Read-outs: ask a running agent or back-end peer, with a person's credential, and print a table, JSON or CSV.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { z } from 'zod'
import { NodeError } from '../node-error.ts'
import { inventoryText } from './asset-text.ts'
import { degradationText } from './degradation-text.ts'
import { loadsText } from './loads-text.ts'
import { outputs } from './outputs.ts'
import { peerRow } from './peer-row.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly json: boolean
  readonly limit: string
  /** Of `peers`: true for all of them. */
  readonly why?: string | true
  readonly after?: string
}

const descriptions = {
  peers: 'who is connected to a peer, and what it refused',
  alarms: 'warnings, trips, operations and alarms that it saw',
  totals: 'energy per IED at a back-end peer',
  readable: 'what a back-end peer can read, by IED and class, and what it cannot',
  receipts: "what each back-end peer has receipted of an IED's ledger",
  delivery: "when an IED's records go to the back ends, by class, and how many wait for that",
  'roll-up': 'who aggregates for its group, and for the feeder where that is large',
  'phasor-places': 'whose phasors a back-end peer follows, and what came of them',
  formulas: 'formulas and setpoints of the configuration, with their present values',
  peripherals: 'probes and contacts with limits: what they show, and what has latched',
  loads: 'its loads, generators and capacitors: whether they are on, who holds them so, until when and why',
  device: 'the metering device behind it: who it says it is, and what changed',
  degradation: 'what slowly grows worse on the feeder: the worst zones, how much, since when, and who sees it',
  inventory: 'what each IED is and where: identity, versions, registered and measured place',
  audit: 'its audit log: admissions, refusals, orders, read-outs, changes (role SECAUD or SECADM)',
} as const
export type Readout = keyof typeof descriptions

export const readoutCommands = (): Command[] =>
  (Object.keys(descriptions) as Readout[]).map(what => {
    const command = new Command(what)
      .description(descriptions[what])
      .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
      .option(
        '--as <file>',
        `login: key, credential and whom to trust (default: FEEDERMESH_AS, then the ${what === 'audit' ? 'auditor' : 'viewer'} that "up" made)`,
      )
      .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
      .option('--limit <n>', 'at most so many rows', '100')
      .option('--json', 'one JSON object', false)
    if (what === 'peers') {
      command.option('--why [name]', 'what each, or the named one, may do here, and why; and why others were refused')
    }
    if (what === 'audit') command.option('--after <n>', 'the records after this number, oldest first')
    return command.action(async (options: Arguments) => {
      if (options.why !== undefined)
        return void process.stdout.write(whyText(await askWhy(options, options.why), options))
      const answer = outputs[what].parse(await ask(what, options))
      process.stdout.write(render(what, answer, options))
    })
  })

/** Under which key an answer has its rows, where it is not its name. */
const listOf: Partial<Record<Readout, string>> = { 'phasor-places': 'places', 'roll-up': 'rollUp' }
export const rowsOf = (what: Readout): string => listOf[what] ?? what

function render(what: Readout, answer: Record<string, unknown>, options: Arguments): string {
  if (options.json) return `${JSON.stringify(answer)}\n`
  const rows = answer[rowsOf(what)] as Record<string, unknown>[]
  if (what === 'loads') return loadsText(answer as z.infer<typeof outputs.loads>)
  if (what === 'degradation') return degradationText(answer as z.infer<typeof outputs.degradation>)
  if (what === 'inventory') return inventoryText(answer as z.infer<typeof outputs.inventory>)
  if (what === 'device') return deviceTable(answer as z.infer<typeof outputs.device>)
  const note = what === 'peers' ? refusals(answer) : ''
  return `${table(what === 'alarms' ? rows.map(alarmRow) : what === 'peers' ? rows.map(peerRow) : rows)}${note}`
}

const askWhy = async (options: Arguments, name: string | true) =>
  outputs['peers-why'].parse(await ask('why', options, name === true ? {} : { name }))

function whyText(answer: ReturnType<(typeof outputs)['peers-why']['parse']>, { json, why }: Arguments): string {
  if (json) return `${JSON.stringify(answer)}\n`
  if (answer.peers.length === 0) return `${why === true ? 'nobody' : why} is connected or was refused lately\n`
  return answer.peers
    .map(({ name, organisation, roles, peerId, words, messages, protocols }) => {
      const rows = [
        ...messages.map(verdict => ({ kind: 'message', ...verdict })),
        ...protocols.map(verdict => ({ kind: 'protocol', ...verdict })),
      ].map(({ may, ...row }) => ({ may: may ? 'may' : 'may not', ...row }))
      const who = `${name || 'unknown'} ${organisation && `of ${organisation} `}${roles.join(', ')} ${peerId}`
      return `${who.replace(/ +/g, ' ')}\n${words}\n${rows.length === 0 ? '' : table(rows)}`
    })
    .join('\n')
}

function deviceTable({ device }: z.infer<typeof outputs.device>): string {
  const { accepted, shown, changes, answering, driver, readUtc } = device
  const rows = Object.keys({ ...accepted, ...shown }).map(key => {
    const field = key as keyof typeof accepted
    const isChanged = changes.some(change => change.field === field)
    return { field, accepted: accepted[field] ?? '', shown: shown[field] ?? '', changed: isChanged ? 'yes' : '' }
  })
  const state = answering === null ? 'not read yet' : answering ? 'answering' : 'silent'
  const head = `${driver}: ${state}${readUtc === undefined ? '' : `, identity read ${readUtc}`}\n`
  return `${head}${rows.length === 0 ? 'it says nothing of who it is\n' : table(rows)}`
}

/** Reports differ in their fields: the common ones first, the rest in words. */
function alarmRow({ utc, event, ...rest }: Record<string, unknown>): Record<string, unknown> {
  const { atMs: _, ...fields } = rest
  const words = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
  )
  return { utc, event, fields: words.join(' ') }
}

function refusals(answer: Record<string, unknown>): string {
  const kinds = { refusedPeers: 'peers', refusedDatagrams: 'datagrams', refusedMessages: 'messages' }
  const lines = Object.entries(kinds).flatMap(([key, what]) =>
    Object.entries(answer[key] as Record<string, number>).map(
      ([reason, count]) => `refused ${what}: ${count} × ${reason}`,
    ),
  )
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

/** Whose login a read-out uses when none is named. */
export const loginOf = ({ as, data }: Pick<Arguments, 'as' | 'data'>, file = 'viewer.yaml'): string =>
  as ?? process.env.FEEDERMESH_AS ?? join(data ?? lastUsed(), file)

async function ask(what: Readout | 'why', options: Arguments, more: Record<string, unknown> = {}): Promise<unknown> {
  const login = loginOf(options, defaultLogin[what])
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1)
    throw new NodeError('BAD_INPUT', `--limit ${options.limit}: want 1 or more`)
  const after = options.after === undefined ? undefined : Number(options.after)
  if (after !== undefined && !(Number.isInteger(after) && after >= 0))
    throw new NodeError('BAD_INPUT', `--after ${options.after}: want a record's number, or 0`)
  const parameters = {
    limit,
    ...(after === undefined ? {} : { after }),
    ...more,
  }
  const address = addressOf(options)
  const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
  return askReadout(address, login, what, parameters)
}

/** That `up` has made: who audits reads nothing else, and nobody else reads the audit log. */
const defaultLogin: Record<Readout | 'why', string> = {
  peers: 'viewer.yaml',
  why: 'viewer.yaml',
  alarms: 'viewer.yaml',
  totals: 'viewer.yaml',
  readable: 'viewer.yaml',
  receipts: 'viewer.yaml',
  delivery: 'viewer.yaml',
  'roll-up': 'viewer.yaml',
  'phasor-places': 'viewer.yaml',
  formulas: 'viewer.yaml',
  peripherals: 'viewer.yaml',
  loads: 'viewer.yaml',
  device: 'viewer.yaml',
  degradation: 'viewer.yaml',
  inventory: 'viewer.yaml',
  audit: 'auditor.yaml',
}

const DATA = '.feedermesh'

/** Of the data directories that `up` has made here, the one of the latest start. */
export function lastUsed(): string {
  const startedAt = (dir: string): number =>
    statSync(join(dir, 'addresses.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const dirs = existsSync(DATA) ? readdirSync(DATA).map(name => join(DATA, name)) : []
  return dirs.sort((a, b) => startedAt(b) - startedAt(a))[0] ?? DATA
}

export function addressOf({ at, data = lastUsed() }: Pick<Arguments, 'at' | 'data'>): string {
  if (at.startsWith('/')) return at
  const hostPort = /^([\d.]+):(\d+)$/.exec(at)
  if (hostPort !== null) return `/ip4/${hostPort[1]}/tcp/${hostPort[2]}`
  const file = join(data, 'addresses.json')
  let known: Record<string, string>
  try {
    known = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new NodeError(
      'BAD_INPUT',
      `--at ${at}: want a multiaddress, host:port, or a name and --data DIR of a running "up"`,
    )
  }
  const address = known[at]
  if (address === undefined)
    throw new NodeError('BAD_INPUT', `--at ${at}: not in ${file}, want one of ${Object.keys(known).join(', ')}`)
  return address
}

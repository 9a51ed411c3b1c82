// Orders: signs what a person wants of an IED, sends it, and says what became of it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { MAX_LIFETIME_MS, type Outcome, type What, wordsOf } from '../../protection/command.ts'
import { leadReturn } from '../lead-return.ts'
import { exitCodes, NodeError } from '../node-error.ts'
import { DEFAULT_INHIBIT_MINUTES, parseWhat } from '../order-words.ts'
import { checkSealable, parsePortion, parseReaders, type WantedPortions } from '../wanted-portions.ts'
import { outputs } from './outputs.ts'
import { addressOf, lastUsed } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at?: string
  readonly as?: string
  readonly with?: string
  readonly data?: string
  readonly cause?: string
  readonly sealed: boolean
  readonly alsoFor?: string
  readonly reason: string[]
  readonly commercial: string[]
  readonly save?: string
  readonly cosign?: string
  readonly send?: string
  readonly lifetime?: string
  readonly lead: boolean
  readonly timeout: string
  readonly json: boolean
}

export const commandCommand = (): Command =>
  new Command('command')
    .description('orders an IED to do something, and says what became of it')
    .argument('[ied]', 'whom')
    .argument('[verb...]', 'what; see below')
    .option('--at <address>', 'an agent that passes it on: multiaddress, or a name that "up" runs (default: the IED)')
    .option(
      '--as <file>',
      'login of the person who orders (default: FEEDERMESH_AS, then the operator that "up" made, if one)',
    )
    .option('--with <file>', 'login of a second person, who signs too')
    .option('--cause <text>', 'why, for the records')
    .option('--sealed', 'what is ordered is for the IED alone to read, and for those of --also-for', false)
    .option('--also-for <readers>', 'ORGANISATION or ORGANISATION/DEPARTMENT, with commas between; with --sealed')
    .option('--reason <readers=text>', 'a reason that only these readers can read', collect, [])
    .option('--commercial <readers=text>', 'contract, price and the like, for these readers alone', collect, [])
    .option('--save <file>', 'sign and keep it there for a second person; do not send it')
    .option('--cosign <file>', 'sign what was saved there as the second person, and send it')
    .option(
      '--send <file>',
      'send what was saved there, signed or not by a second person; it is never carried out twice',
    )
    .option('--lifetime <seconds>', 'how long it may be carried out (default: 60, with --save 900)')
    .option('--lead', 'with return-to-normal: order whom each answer names next, until all is as it was', false)
    .option('--timeout <seconds>', 'how long to wait for its outcome', '20')
    .option('--data <dir>', "data directory of 'up' (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
Verbs:
  open, trip, close               the switching device
  connect, disconnect [MINUTES]   the load, generator or capacitor of the IED; how long that goes before other wishes
  release                         leave it to the automatic functions again
  price PER-KWH MINUTES           what energy costs, for so long
  de-energise SECTION             open all that feeds a section, generators included
  inhibit [MINUTES|off]           block automatic operations and remote closing (default ${DEFAULT_INHIBIT_MINUTES} min)
  set KEY VALUE                   a setting of the agent
  reset-billing                   begin a new billing period
  reset-origin NAME               believe this IED's warnings again
  accept-device                   the metering device as it is now is the right one
  send-data                       forward readings now
  record                          keep a recording of the samples around now
  acknowledge ALERT               somebody has seen it ("feedermesh alerts acknowledge" does the same)
  reset NAME                      end what has latched: a peripheral's trip, a setpoint; "restoration": its grant and attempt
  tag WORDS, untag                a crew works at the switching device: nothing automatic operates it, nobody closes it
  note WORDS                      what was done at the device, for its maintenance history
  site-test SECTION[:KIND] [SECONDS], end-site-test   plays a fault; see "feedermesh site-test"
  return-to-normal                close what restoration opened here, or open what it closed; with --lead the whole feeder

Examples:
  feedermesh command recloser-675 open --cause "tree on the line"
  feedermesh command relay-650 de-energise s671-692 --at recloser-675
  feedermesh command recloser-675 close --save close.cbor --as ada.yaml   two people: one saves,
  feedermesh command --cosign close.cbor --as bob.yaml                    the other one signs and sends
  feedermesh command meter-675 disconnect --sealed --commercial "customer/accounting=contract 4711 is not paid"

Exit codes: 0 done, 2 bad input, 3 unreachable or outcome unknown, 4 refused or not done.`,
    )
    .action(async (ied: string | undefined, verb: string[], options: Arguments) => {
      const { giveOrder } = await import('../person-orders.ts') // libp2p takes its time to load
      const saved = options.cosign ?? options.send
      const order = saved === undefined ? { ied: wanted(ied), what: parseWhat(verb) } : undefined
      if (saved !== undefined && ied !== undefined) {
        throw new NodeError('BAD_INPUT', `${saved} says whom to order what, want no further words`)
      }
      const first = options.lead ? leadable(order, options) : undefined
      const way = {
        login: loginFile(options),
        ...(options.with === undefined ? {} : { second: options.with }),
        cosign: options.cosign !== undefined,
        ...(options.cause === undefined ? {} : { cause: options.cause }),
        ...(order === undefined ? {} : { portions: portionsOf(options, order.what) }),
        ...(options.save === undefined ? {} : { save: true }),
        lifetimeMs: milliseconds('--lifetime', options.lifetime ?? (options.save === undefined ? '60' : '900')),
        timeoutMs: milliseconds('--timeout', options.timeout),
        addressOf: (to: string) =>
          addressOf({ at: options.at ?? to, ...(options.data === undefined ? {} : { data: options.data }) }),
      }
      const tell = ({ sealed: _, ...outcome }: Outcome, words: string): void =>
        print(options, { ...outcome, order: words }, () => linesOf(outcome, words))
      if (first !== undefined) {
        const what: What = { verb: 'return-to-normal' }
        const ended = await leadReturn(
          first,
          async to => {
            const given = await giveOrder({ ...way, order: { ied: to, what } })
            if ('outcome' in given) return given.outcome
            throw new NodeError('BAD_INPUT', '--lead sends each order at once, want no --save')
          },
          outcome => tell(outcome, wordsOf(what)),
        )
        process.exitCode = CODES[ended.result]
        return
      }
      const done = await giveOrder({ ...way, order: order ?? { saved: readSaved(saved as string) } })
      if ('saved' in done) {
        const file = options.save as string
        await writeFile(file, done.saved, { mode: 0o600 })
        const lifetimeSeconds = done.lifetimeMs / 1000
        print(options, { saved: file, ied: done.to, order: done.words, lifetimeSeconds }, () => [
          `${file}: ${done.to}: ${done.words}, to be sent within ${lifetimeSeconds} s`,
        ])
        return
      }
      const { outcome, words } = done
      tell(outcome, words)
      process.exitCode = CODES[outcome.result]
    })

export const CODES: Record<Outcome['result'], number> = {
  done: exitCodes.done,
  refused: exitCodes.refused,
  failed: exitCodes.refused,
  unknown: exitCodes.unreachable,
}

function print(options: Arguments, value: unknown, lines: () => string[]): void {
  process.stdout.write(
    options.json ? `${JSON.stringify(outputs.command.parse(value))}\n` : `${lines().join('\n').trimEnd()}\n`,
  )
}

function linesOf({ ied, result, words, position, parts }: Outcome, order: string): string[] {
  const now = result === 'unknown' && position !== undefined ? `; position now: ${position}` : ''
  const line = `${ied}: ${order}: ${result === 'done' && words === 'done' ? '' : `${result}: `}${words}${now}`
  return parts === undefined || parts.length === 0 ? [line] : [line, table(parts)]
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value]

/** @throws NodeError BAD_INPUT */
function portionsOf({ sealed, alsoFor, reason, commercial }: Arguments, what: What): WantedPortions {
  if (!sealed && alsoFor !== undefined) throw new NodeError('BAD_INPUT', '--also-for goes with --sealed')
  if (sealed) checkSealable(what)
  return {
    ...(sealed ? { operationFor: alsoFor === undefined ? [] : parseReaders('--also-for', alsoFor) } : {}),
    words: [
      ...reason.map(text => parsePortion('reason', text)),
      ...commercial.map(text => parsePortion('commercial', text)),
    ],
  }
}

/** @returns where it begins */
function leadable(order: { readonly ied: string; readonly what: What } | undefined, options: Arguments): string {
  if (order?.what.verb === 'return-to-normal' && options.save === undefined) return order.ied
  throw new NodeError('BAD_INPUT', '--lead goes with "command IED return-to-normal", and without --save')
}

function wanted(ied: string | undefined): string {
  if (ied === undefined) throw new NodeError('BAD_INPUT', 'no IED named, want "command IED VERB" or --cosign FILE')
  return ied
}

function milliseconds(option: string, text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds * 1000 <= MAX_LIFETIME_MS)) {
    throw new NodeError(
      'BAD_INPUT',
      `${option} ${text}: want more than 0 and at most ${MAX_LIFETIME_MS / 1000} seconds`,
    )
  }
  return Math.round(seconds * 1000)
}

function readSaved(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: can't read this order: ${(cause as Error).message}`, { cause })
  }
}

/** The operator that `up` made, where there is one organisation. */
export function loginFile({ as, data = lastUsed() }: Pick<Arguments, 'as' | 'data'>): string {
  const given = as ?? process.env.FEEDERMESH_AS
  if (given !== undefined) return given
  const dir = join(data, 'operators')
  const [only, ...more] = (existsSync(dir) ? readdirSync(dir) : []).filter(file => /(?<!-2)\.yaml$/.test(file))
  if (only === undefined || more.length > 0) {
    throw new NodeError(
      'BAD_INPUT',
      `--as: whose order is it? Want the login file of a person${only ? `, as in ${dir}` : ''}`,
    )
  }
  return join(dir, only)
}

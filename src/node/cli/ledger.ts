// `feedermesh ledger`: shows how far ledgers go, verifies them whole, and writes them to files that anybody can verify.

import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import type { z } from 'zod'
import { checkLedger } from '../../aggregation/ledger-check.ts'
import { verifyPeer } from '../../mesh/identity.ts'
import { evidenceRows } from '../evidence-lines.ts'
import { headRow, type LedgerHeadLine, parseLine, readHeadRow, readRecordRow, recordRow } from '../ledger-lines.ts'
import { exitCodes, NodeError } from '../node-error.ts'
import { askReadout } from '../readout-client.ts'
import { type FoundLedger, withStoredLedgers } from '../stored-ledgers.ts'
import { showEvidence, verifyEvidence } from './ledger-evidence.ts'
import { print } from './long-output.ts'
import { outputs } from './outputs.ts'
import { addressOf, lastUsed } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at?: string
  readonly as?: string
  readonly data?: string
  readonly config?: string
  readonly ied?: string
  readonly peerId?: string
  readonly authority?: string
  readonly organisation?: string
  readonly evidence?: boolean
  readonly json: boolean
  readonly limit?: string
}

type Verified = z.infer<(typeof outputs)['ledger-verify']>['ledgers'][number]

export const ledgerCommand = (): Command => {
  const command = new Command('ledger').description(
    'ledgers: how far they go, whether they are whole, and copies of them',
  )
  const sub = (name: string, description: string, isDefault = false): Command =>
    command
      .command(name, { isDefault })
      .description(description)
      .option('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
      .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
      .option(
        '--data <dir>',
        "with --at: data directory of 'up'; without: that of one stopped agent, with its agent.yaml",
      )
      .option('--ied <name>', 'of this IED alone')
      .option('--json', 'one JSON object', false)
  sub('show', 'how far its ledger goes, or the ledgers that a back-end peer has', true)
    .option('--evidence', 'second histories that IEDs have told, and what they had no room for', false)
    .option('--limit <n>', 'at most so many rows', '100')
    .action(show)
  sub('verify', 'the whole chain, its bodies, its signature; exits with 2 when something is wrong')
    .argument('[file]', 'what "ledger export" wrote, instead of --at or --data')
    .option('--config <file>', "a stopped agent's configuration, wherever its data directory is")
    .option('--peer-id <id>', 'whose signature it must be: take it from the credential of the IED')
    .option(
      '--evidence',
      'the file is what "ledger export --evidence" wrote: whether the IED told two histories',
      false,
    )
    .option('--authority <key>', "with --evidence: public key of the IED owner's authority, instead of --peer-id")
    .option('--organisation <name>', 'with --evidence: whose authority it is')
    .action(verify)
  sub('export', 'as lines of JSON, one a record, to standard output')
    .option('--config <file>', "a stopped agent's configuration, wherever its data directory is")
    .option(
      '--evidence',
      'instead: the second histories that a back-end peer has of IEDs, and what they contradict',
      false,
    )
    .action(exported)
  return command
}

const loginOf = ({ as, data }: Arguments): string =>
  as ?? process.env.FEEDERMESH_AS ?? join(data ?? lastUsed(), 'viewer.yaml')

async function show(options: Arguments): Promise<void> {
  const at = needAt(options)
  const address = addressOf({ at, ...(options.data === undefined ? {} : { data: options.data }) })
  const more = options.ied === undefined ? {} : { ied: options.ied }
  if (options.evidence !== true) {
    const parameters = { limit: Number(options.limit ?? 100) }
    const { ledgers } = outputs.ledger.parse(await askReadout(address, loginOf(options), 'ledger', parameters))
    const shown = { ledgers: ledgers.filter(({ ied }) => options.ied === undefined || ied === options.ied) }
    return print(options.json ? `${JSON.stringify(shown)}\n` : table(shown.ledgers))
  }
  const answer = outputs['ledger-heads'].parse(await askReadout(address, loginOf(options), 'ledger-heads', more))
  if (options.json) return print(`${JSON.stringify(answer)}\n`)
  await showEvidence(answer)
}

async function verify(file: string | undefined, options: Arguments): Promise<void> {
  const { evidence: isEvidence = false, authority, organisation } = options
  if (isEvidence) {
    if (file === undefined)
      throw new NodeError('BAD_INPUT', 'ledger verify --evidence: want the file that "ledger export --evidence" wrote')
    if (!existsSync(file)) throw new NodeError('BAD_INPUT', `${file}: no such file`)
    return verifyEvidence(file, linesOf(file), options)
  }
  if (authority !== undefined || organisation !== undefined)
    throw new NodeError('BAD_INPUT', 'ledger verify: --authority and --organisation go with --evidence; want --peer-id')
  const ledgers: Verified[] = []
  await from(file, options, async (found, evidence) => {
    for (const ledger of found) {
      if (options.ied !== undefined && ledger.head.ied !== options.ied) continue
      ledgers.push(await verified(ledger, options.peerId, evidence(ledger.head)))
    }
  })
  if (ledgers.length === 0)
    throw new NodeError('BAD_INPUT', `no ledger${options.ied ? ` of ${options.ied}` : ''} there`)
  const ok = ledgers.every(each => each.ok)
  const answer = outputs['ledger-verify'].parse({ ok, ledgers })
  await print(options.json ? `${JSON.stringify(answer)}\n` : answer.ledgers.map(inWords).join(''))
  if (!ok) process.exitCode = exitCodes.badInput
}

async function verified(ledger: FoundLedger, wanted: string | undefined, evidence: number): Promise<Verified> {
  const { ied, ledgerId, number, chainHash, signed } = ledger.head
  const peerId = wanted ?? ledger.head.peerId
  const { isWhole, places } = ledger
  const verdict = await checkLedger(
    { ied, ledgerId, head: { number, chainHash }, isWhole, places, ...(signed ? { signed } : {}) },
    ledger.records(),
    peerId === undefined ? undefined : (bytes, signature) => verifyPeer(peerId, bytes, signature),
  )
  return {
    ...verdict,
    ied,
    ledgerId,
    // A key was asked for, so it must have signed.
    ok: verdict.ok && evidence === 0 && (wanted === undefined || verdict.signature === 'genuine'),
    chainHash: Buffer.from(verdict.chainHash).toString('base64url'),
    ...(peerId === undefined ? {} : { peerId }),
    drops: [...verdict.drops],
    faults: [...verdict.faults],
    evidence,
  }
}

const meanings: Record<string, string> = {
  missing: 'the records before it are missing',
  owner: 'it is of another ledger',
  previousHash: 'it does not follow the record before it',
  commitment: 'its body is another than was committed to',
  head: 'the chain does not end here, as the head says',
  signature: 'the head is not signed by that key',
  body: 'its body is gone, and the ledger does not say so',
  receipt: 'a back end has receipted another history',
}

function inWords(ledger: Verified): string {
  const { ied, ledgerId, ok, records, bodies, signature, peerId, drops, withoutBody, faults, evidence } = ledger
  const by = peerId === undefined ? '' : ` (${peerId})`
  return [
    `${ok ? 'whole' : 'WRONG'}  ${ied} ${ledgerId}: ${records} records, ${bodies} bodies, signature ${signature}${by}`,
    ...drops.map(
      each =>
        `  ${each.count} of ${each.class} from ${each.from} to ${each.to} gone: ${each.reason}, says record ${each.number}`,
    ),
    ...Object.entries(withoutBody).map(([of, count]) => `  ${count} of ${of} without their bodies`),
    ...faults.map(({ number, fault }) => `  record ${number}: ${meanings[fault] ?? fault}`),
    ...(evidence === 0 ? [] : [`  ${evidence} second histories of it: see "ledger show --evidence"`]),
    '',
  ].join('\n')
}

async function exported(options: Arguments): Promise<void> {
  if (options.evidence === true) return exportedEvidence(options)
  await from(undefined, options, async found => {
    for (const { head, records } of found) {
      if (options.ied !== undefined && head.ied !== options.ied) continue
      await print(`${JSON.stringify(headRow(head))}\n`)
      for await (const record of records()) await print(`${JSON.stringify(recordRow(record))}\n`)
    }
  })
}

async function exportedEvidence(options: Arguments): Promise<void> {
  const parameters = options.ied === undefined ? {} : { ied: options.ied }
  if (options.at !== undefined) {
    const { askRows } = await import('../readout-rows-client.ts')
    const [address, { signal }] = [addressOf({ ...options, at: options.at }), new AbortController()]
    for await (const { rows } of askRows(address, loginOf(options), 'ledger-evidence', parameters, signal))
      for (const row of rows) await print(`${JSON.stringify(row)}\n`)
    return
  }
  await withStoredLedgers(configFileOf(options), async (_, collector) => {
    for await (const { row } of evidenceRows(collector.evidence(options.ied))) await print(`${JSON.stringify(row)}\n`)
  })
}

type Use = (found: readonly FoundLedger[], evidence: (head: LedgerHeadLine) => number) => Promise<void>

/** @throws NodeError BAD_INPUT unless there is one place to take ledgers from */
async function from(file: string | undefined, options: Arguments, use: Use): Promise<void> {
  if (file !== undefined) return use(await inFile(file), () => 0)
  if (options.at !== undefined) return fromPeer(options.at, options, use)
  return withStoredLedgers(configFileOf(options), async (found, collector) => {
    const counts = new Map<string, number>()
    for await (const { ied, ledgerId } of collector.evidence(options.ied)) {
      counts.set(`${ied} ${ledgerId}`, (counts.get(`${ied} ${ledgerId}`) ?? 0) + 1)
    }
    await use(found, ({ ied, ledgerId }) => counts.get(`${ied} ${ledgerId}`) ?? 0)
  })
}

function configFileOf({ data, config }: Arguments): string {
  const configFile = config ?? (data === undefined ? undefined : join(data, 'agent.yaml'))
  if (configFile === undefined) throw needed()
  if (!existsSync(configFile))
    throw new NodeError('BAD_INPUT', `${configFile}: no such file, want an agent's configuration`)
  return configFile
}

function needAt({ at }: Arguments): string {
  if (at === undefined) throw needed()
  return at
}
const needed = () =>
  new NodeError('BAD_INPUT', 'ledger: want --at PEER, or for a stopped agent --data DIR or --config FILE')

async function fromPeer(at: string, options: Arguments, use: Use): Promise<void> {
  const address = addressOf({ at, ...(options.data === undefined ? {} : { data: options.data }) })
  const login = loginOf(options)
  const { askRows } = await import('../readout-rows-client.ts')
  const parameters = options.ied === undefined ? {} : { ied: options.ied }
  const { heads, evidence } = outputs['ledger-heads'].parse(
    await askReadout(address, login, 'ledger-heads', parameters),
  )
  const found = heads.map(readHeadRow).map(
    (head): FoundLedger => ({
      head,
      places: [],
      isWhole: false, // what may not be shown to whoever asks comes without its body
      async *records() {
        const { ied, ledgerId, number: upTo } = head
        const wanted = { ied, ledgerId, upTo }
        const signal = new AbortController().signal
        for await (const { rows } of askRows(address, login, 'ledger-records', wanted, signal)) {
          for (const row of rows) yield readRecordRow(row, head)
        }
      },
    }),
  )
  await use(
    found,
    head => evidence.filter(({ ledgerId, ied }) => ied === head.ied && ledgerId === head.ledgerId).length,
  )
}

/** One pass for where each ledger begins, and one for each ledger: no more than a line is in memory. */
async function inFile(file: string): Promise<FoundLedger[]> {
  if (!existsSync(file)) throw new NodeError('BAD_INPUT', `${file}: no such file`)
  const found: FoundLedger[] = []
  for await (const { text, line } of linesOf(file)) {
    if (!text.startsWith('{"feedermesh"')) continue
    const head = parseLine(file, line, text, readHeadRow)
    found.push({ head, places: [], isWhole: false, records: () => recordsBehind(file, line, head) })
  }
  if (found.length === 0) throw new NodeError('BAD_INPUT', `${file}: no ledger in it, want what "ledger export" wrote`)
  return found
}

async function* recordsBehind(file: string, headLine: number, head: LedgerHeadLine) {
  for await (const { text, line } of linesOf(file)) {
    if (line <= headLine || text === '') continue
    if (text.startsWith('{"feedermesh"')) return
    yield parseLine(file, line, text, row => readRecordRow(row, head))
  }
}

async function* linesOf(file: string): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  let line = 0
  for await (const text of createInterface({
    input: createReadStream(file, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    yield { text, line: ++line }
  }
}

// `feedermesh site-test`: plays a fault on the running agents of a feeder, and says what would have operated.

import { Command } from 'commander'
import type { z } from 'zod'
import type { Outcome, What } from '../../protection/command.ts'
import type { Answered, Unanswered } from '../ask-around.ts'
import { DEFAULT_TEST_SECONDS, siteTestOf } from '../order-words.ts'
import { CODES, loginFile } from './command.ts'
import { print } from './long-output.ts'
import { outputs } from './outputs.ts'
import { siteTestReport } from './outputs-watch.ts'
import { addressOf } from './readouts.ts'
import { siteTestText } from './site-test-text.ts'

interface Arguments {
  readonly at: string
  readonly via?: string
  readonly fault?: string
  readonly seconds: string
  readonly stuck?: string
  readonly end: boolean
  readonly as?: string
  readonly with?: string
  readonly data?: string
  readonly json: boolean
}

export type SiteTestAnswer = z.infer<(typeof outputs)['site-test']>

/** Of the last message, and of the ending. */
const AFTER_MS = 1000

export const siteTestCommand = (): Command =>
  new Command('site-test')
    .description('commissioning: plays a fault on the real agents and links, and says what would have operated')
    .requiredOption('--at <ied>', 'the IED that starts it, by its name')
    .option('--fault <section>', 'SECTION or SECTION:KIND (three-phase, line-line, line-line-ground, line-ground)')
    .option('--end', 'end the test that this IED takes part in', false)
    .option('--stuck <device>', 'play this device as one whose contacts do not part: who would clear it in its place')
    .option('--seconds <n>', 'it ends by itself after so long', String(DEFAULT_TEST_SECONDS))
    .option('--via <address>', 'an agent that passes the order on: multiaddress, or a name that "up" runs')
    .option('--as <file>', 'login of who orders it (default: FEEDERMESH_AS, then the operator that "up" made, if one)')
    .option('--with <file>', 'login of a second person, who signs too')
    .option('--data <dir>', "data directory of 'up' (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
Test values run in a second instance of the protection beside the live one, and test messages have types of their own.
Nothing is operated, nothing is run on attached computers. Real measurements trip as always, and a real pickup anywhere ends the test.

  feedermesh site-test --at relay-650 --fault s671-692 --as engineer.yaml
  feedermesh site-test --at relay-650 --fault s632-671:line-ground --seconds 15 --json
  feedermesh site-test --at relay-650 --fault s671-692 --stuck recloser-671 --seconds 30
  feedermesh site-test --at recloser-675 --end

Exit codes: 0 it ran its time, 2 bad input, 3 unreachable, 4 refused or ended before its time.`,
    )
    .action(run)

async function run(options: Arguments): Promise<void> {
  const { giveOrder } = await import('../person-orders.ts') // libp2p takes its time to load
  const what: What = options.end
    ? { verb: 'end-site-test' }
    : siteTestOf(options.fault ?? '', options.seconds, options.stuck)
  const login = loginFile(options)
  const address = (at: string): string =>
    addressOf({ at: options.via ?? at, ...(options.data === undefined ? {} : { data: options.data }) })
  const given = await giveOrder({
    order: { ied: options.at, what },
    login,
    ...(options.with === undefined ? {} : { second: options.with }),
    cosign: false,
    cause: 'site test',
    lifetimeMs: 60_000,
    timeoutMs: 20_000,
    addressOf: address,
  })
  if (!('outcome' in given)) throw new Error('invariant: an order that is not saved has an outcome')
  const { outcome } = given
  if (what.verb !== 'site-test' || outcome.result !== 'done') {
    process.exitCode = CODES[outcome.result]
    return show(options, answerOf(options.at, outcome, [], []))
  }
  await new Promise(wake => setTimeout(wake, what.seconds * 1000 + AFTER_MS))
  const { askAround } = await import('../ask-around.ts')
  const joined = (outcome.parts ?? []).filter(({ result }) => result === 'done').map(({ ied }) => ied)
  const test = outcome.command.split('/').at(-1) ?? ''
  const found = await askAround([address(options.at)], login, round =>
    round.ask([options.at, ...joined], 'site-test', { test }),
  )
  const answer = answerOf(options.at, outcome, found.answered, found.unanswered)
  if (answer.reports.some(({ ended }) => ended !== 'time')) process.exitCode = CODES.failed
  return show(options, answer)
}

function answerOf(
  ied: string,
  { result, words, parts = [] }: Outcome,
  answered: readonly Answered[],
  silent: readonly Unanswered[],
): SiteTestAnswer {
  const read = answered.map(({ ied: from, answer }) => ({ from, ...siteTestReport.safeParse(answer) }))
  const reports = read.flatMap(({ data }) => data?.tests ?? [])
  const unread = read.flatMap(({ from, data }) =>
    data === undefined || data.tests.length === 0 ? [{ ied: from, reason: 'it has no report of this test' }] : [],
  )
  return outputs['site-test'].parse({
    ied,
    result,
    words,
    notInTest: parts.filter(part => part.result !== 'done').map(part => ({ ied: part.ied, reason: part.words })),
    reports,
    unanswered: [...silent, ...unread],
  })
}

const show = (options: Arguments, answer: SiteTestAnswer): Promise<void> =>
  print(options.json ? `${JSON.stringify(answer)}\n` : siteTestText(answer))

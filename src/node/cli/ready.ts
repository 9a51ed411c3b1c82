// `feedermesh ready`: whether each IED would act now by each of its schemes, and if not, why.

import { Command } from 'commander'
import { z } from 'zod'
import type { Round, Unanswered } from '../ask-around.ts'
import { print } from './long-output.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly all: boolean
  readonly json: boolean
}

export const readyCommand = (): Command =>
  new Command('ready')
    .description('whether an IED would act now by each of its schemes, and if not, why')
    .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
    .option('--all', 'all IEDs of the feeder that this peer knows of', false)
    .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
Each IED is asked with your own credential. Local protection in the device stands whatever is said here.

  feedermesh ready --at recloser-671
  feedermesh ready --at recloser-671 --all`,
    )
    .action(ready)

/** Asked whole, a round at a time: who is named as a neighbour and not known yet is asked in the next. */
const MOST = 1024
const ROUNDS = 8

const answerSchema = outputs.ready.shape.ieds.element.extend({ near: z.array(z.string()).max(256) })
type Answer = z.infer<typeof answerSchema>

async function ready(options: Arguments): Promise<void> {
  const { askAround } = await import('../ask-around.ts') // libp2p takes its time to load
  const login = loginOf(options)
  const found = await askAround([addressOf(options)], login, round => gather(round, options.all))
  const value = outputs.ready.parse({
    ieds: found.answers.map(({ near: _, ...rest }) => rest),
    unanswered: found.unanswered,
  })
  if (options.json) return print(`${JSON.stringify(value)}\n`)
  await print(`${value.ieds.map(inWords).join('\n')}${notes(value.unanswered)}`)
}

async function gather(
  round: Round,
  all: boolean,
): Promise<{ readonly answers: readonly Answer[]; readonly unanswered: readonly Unanswered[] }> {
  const answers = new Map<string, Answer>()
  const silent = new Map<string, string>()
  const asked = new Set<string>()
  let wanted = new Set(all ? round.known() : round.known().slice(0, 1))
  for (let turn = 0; turn < ROUNDS && wanted.size > 0; turn++) {
    const { answered, unanswered } = await round.ask([...wanted].slice(0, MOST), 'ready', {})
    for (const ied of wanted) asked.add(ied)
    for (const { ied, reason } of unanswered) silent.set(ied, reason)
    for (const { ied, answer } of answered) {
      const { data } = answerSchema.safeParse(answer)
      if (data === undefined) silent.set(ied, 'its answer is none')
      else answers.set(ied, data)
    }
    const further = [...round.known(), ...[...answers.values()].flatMap(({ near }) => near)]
    wanted = new Set(all ? further.filter(ied => !asked.has(ied)) : [])
  }
  // A back-end peer that was joined at has no device, and nothing to be ready for.
  const [first] = round.known()
  if (first !== undefined && answers.size > 0 && silent.get(first)?.includes('no read-out') === true)
    silent.delete(first)
  return {
    answers: [...answers.values()].sort((one, other) => (one.ied < other.ied ? -1 : 1)),
    unanswered: [...silent].map(([ied, reason]) => ({ ied, reason })),
  }
}

function inWords({ ied, device, position, hindrances, schemes }: Omit<Answer, 'near'>): string {
  const head = `${ied}${device === undefined ? '' : `: ${device} ${position}`}`
  const stopped = hindrances.some(({ stops }) => stops === 'all')
  const rows = schemes.map(({ scheme, ready, why = '' }) => ({
    scheme,
    ready: ready && !stopped ? 'yes' : 'no',
    why: stopped && why === '' ? 'nothing can be operated from here' : why,
  }))
  const lines = hindrances.map(({ what, why, stops }) => `  ${stops === 'all' ? '!' : '-'} ${what}: ${why}\n`)
  return `${head}\n${lines.join('')}${rows.length === 0 ? '' : indented(table(rows))}`
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ')

const notes = (unanswered: readonly Unanswered[]): string =>
  unanswered.length === 0
    ? ''
    : `\n${unanswered.map(({ ied, reason }) => `no answer from ${ied}: ${reason}\n`).join('')}`

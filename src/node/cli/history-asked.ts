// `feedermesh history --asked`: the ranges that a back-end peer asks IEDs for, and what came of each.

import type { z } from 'zod'
import { print } from './long-output.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { table } from './table.ts'

type Asked = z.infer<(typeof outputs)['history-asked']>['asked'][number]

const columns = ({ fromUtc, toUtc, classes, state, upTo, lacking, gone, words, ied }: Asked) => ({
  ied,
  from: fromUtc,
  to: toUtc,
  classes: classes.length === 0 ? 'all' : classes.join(' '),
  state,
  upTo,
  lacking,
  gone,
  words,
})

interface Options {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly json: boolean
  readonly ied?: string
}

async function ask(options: Options): Promise<Asked[]> {
  const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
  const answer = await askReadout(addressOf(options), loginOf(options), 'history-asked', {})
  const { asked } = outputs['history-asked'].parse(answer)
  return asked.filter(({ ied }) => options.ied === undefined || ied === options.ied)
}

export async function showAsked(options: Options): Promise<void> {
  const asked = await ask(options)
  await print(options.json ? `${JSON.stringify({ asked })}\n` : table(asked.map(columns)))
}

/** Below the table of what was asked for: what of it is not there, and why. */
export async function noteOnLast(options: Options): Promise<void> {
  const last = (await ask(options)).filter(({ state }) => state !== 'going').at(-1)
  if (last === undefined || (last.words === '' && last.lacking === 0)) return
  const { lacking: count } = last
  const lacking = count === 0 ? '' : `${count} ${count === 1 ? 'body is' : 'bodies are'} lacking: `
  await print(`\n${lacking}${last.words}\n`)
}

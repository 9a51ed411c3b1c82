// `feedermesh pq show`: what the power-quality monitor of an IED measures now, and its last events.

import { Command } from 'commander'
import type { z } from 'zod'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly harmonics: boolean
  readonly json: boolean
}
type Shown = z.infer<(typeof outputs)['pq-show']>

export const pqShowCommand = (): Command =>
  new Command('show')
    .description('RMS, distortion, unbalance and frequency at an IED now; what goes on, and its last events')
    .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
    .option(
      '--as <file>',
      'login: key, credential and whom to trust (default: FEEDERMESH_AS, then the viewer that "up" made)',
    )
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--harmonics', 'the harmonics of each channel too', false)
    .option('--json', 'one JSON object', false)
    .action(async (options: Arguments) => {
      const login = loginOf(options)
      const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
      const answer = outputs['pq-show'].parse(await askReadout(addressOf(options), login, 'power-quality', {}))
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : pqText(answer, options))
    })

const RESOLUTIONS: Readonly<Record<Shown['resolution'], string>> = {
  samples: 'from waveforms',
  'half-cycle': 'from values of about a cycle',
  poll: 'from polled values: what is shorter than a poll is not seen',
  none: 'nothing was measured yet',
}
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

export function pqText(answer: Shown, { harmonics }: Pick<Arguments, 'harmonics'>): string {
  const { resolution, samplesPerSecond, lostSamples, channels, running, ended, notTold, tenMinutes } = answer
  const { hz, hzOverTenSeconds, u2, u0 } = answer
  const rate = samplesPerSecond === undefined ? '' : `, ${samplesPerSecond} samples a second, ${lostSamples} lost`
  const lines = [`${RESOLUTIONS[resolution]}${rate}`]
  const whole = [
    ...(hz === undefined ? [] : [`${hz.toFixed(3)} Hz`]),
    ...(hzOverTenSeconds === undefined ? [] : [`${hzOverTenSeconds.toFixed(3)} Hz over ten seconds`]),
    ...(u2 === undefined ? [] : [`negative sequence ${percent(u2)}`]),
    ...(u0 === undefined ? [] : [`zero sequence ${percent(u0)}`]),
  ]
  if (whole.length > 0) lines.push(whole.join(', '))
  const rows = channels.map(({ channel, rms, pu, thd }) => ({
    channel,
    rms: rms.toFixed(2),
    nominal: pu === undefined ? '' : percent(pu),
    thd: thd === undefined ? '' : percent(thd),
  }))
  const parts = [`${lines.join('\n')}\n`]
  if (rows.length > 0) parts.push(table(rows))
  if (harmonics) parts.push(...channels.flatMap(harmonicTable))
  if (tenMinutes !== undefined) {
    const { endUtc, windows, flagged } = tenMinutes
    parts.push(`last ten minutes, to ${endUtc}: ${windows} windows, ${flagged} flagged\n`)
  }
  if (running.length > 0) parts.push(`going on\n${table(running.map(eventRow))}`)
  if (ended.length > 0) parts.push(`over\n${table(ended.map(eventRow))}`)
  if (notTold > 0) parts.push(`${notTold} more were too many to be told of\n`)
  return parts.join('\n')
}

function harmonicTable({ channel, rms, harmonics = [] }: Shown['channels'][number]): string[] {
  const [first] = harmonics
  if (first === undefined || !(first > 0)) return []
  const rows = harmonics
    .slice(1)
    .map((value, n) => ({ harmonic: n + 2, rms: value.toFixed(3), share: percent(value / first) }))
  return [`${channel}, ${rms.toFixed(2)} RMS\n${table(rows)}`]
}

const eventRow = ({
  startedUtc,
  kind,
  cause,
  category,
  severity,
  extremePu,
  channels,
  durationMs,
  resolution,
}: Shown['ended'][number]) => ({
  started: startedUtc,
  kind: cause === undefined ? kind : `${kind}: ${cause}`,
  category: category ?? '',
  severity,
  extreme: extremePu === undefined ? '' : percent(extremePu),
  ms: durationMs === undefined ? '' : durationMs.toFixed(0),
  channels: channels.join(' '),
  resolution,
})

// `feedermesh reliability` and `feedermesh outages`: ask a running peer, who asks the others.

import { Command } from 'commander'
import type { z } from 'zod'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { table } from './table.ts'

interface Arguments {
  readonly at: string
  readonly as?: string
  readonly data?: string
  readonly from?: string
  readonly to?: string
  readonly json: boolean
}

const command = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
    .option('--as <file>', 'login: key, credential and whom to trust (default: the viewer that "up" made)')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .option('--json', 'one JSON object', false)

export const reliabilityCommands = (): Command[] => [
  command('reliability', 'nines and indices of each IED and of all, and the least reliable segment or source')
    .option(
      '--from <date>',
      "interruptions that began then or later: a date in the site's zone, or a time with its own",
    )
    .option('--to <date>', 'and before then (default: now; without --from all that is known)')
    .action(async (options: Arguments) => {
      const answer = outputs.reliability.parse(
        await ask('reliability', options, {
          ...(options.from === undefined ? {} : { from: options.from }),
          ...(options.to === undefined ? {} : { to: options.to }),
        }),
      )
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : reliabilityText(answer))
    }),
  command('outages', 'who is without supply, how far it reaches, and what explains it').action(
    async (options: Arguments) => {
      const answer = outputs.outages.parse(await ask('outages', options, {}))
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : outagesText(answer))
    },
  ),
]

async function ask(what: string, options: Arguments, parameters: Record<string, unknown>): Promise<unknown> {
  const login = loginOf(options)
  const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
  return askReadout(addressOf(options), login, what, parameters)
}

type Availability = z.infer<typeof outputs.reliability>['power']
const nines = ({ nines: n, isAtLeast }: Availability): string =>
  n === undefined ? '?' : `${isAtLeast ? '> ' : ''}${n.toFixed(2)}`
const minutes = (ms: number): string => (ms / 60_000).toFixed(1)
const shown = (value: number | undefined): string =>
  value === undefined ? 'undefined' : String(Number(value.toPrecision(6)))

export function reliabilityText(answer: z.infer<typeof outputs.reliability>): string {
  const { ieds, indices, planned, blamed, leastReliable, unanswered, majorEventDays, thresholds } = answer
  const rows = ieds.map(({ ied, customers, sustained, momentary, power, quality, plannedMs, unknownMs }) => ({
    ied,
    customers,
    sustained,
    momentary,
    downMin: minutes(power.downMs),
    powerNines: nines(power),
    qualityNines: nines(quality),
    plannedMin: minutes(plannedMs),
    unknownMin: minutes(unknownMs),
  }))
  const whose = blamed.map(({ name, kind, events, downMs, customerMinutes, unavailability, basis }) => ({
    name,
    kind,
    events,
    downMin: minutes(downMs),
    customerMin: customerMinutes.toFixed(1),
    unavailability: shown(unavailability),
    basis,
  }))
  const { saifi, saidiMinutes, caidiMinutes, asai, maifi, maifiE } = indices
  const begin = answer.fromUtcMs === 0 ? 'all that is known' : new Date(answer.fromUtcMs).toISOString()
  return [
    `${begin} to ${new Date(answer.toUtcMs).toISOString()}, days in ${answer.timeZone}\n`,
    table(rows),
    `of ${indices.customers} customers: SAIFI ${shown(saifi)}, SAIDI ${shown(saidiMinutes)} min, CAIDI ${shown(caidiMinutes)} min, `,
    `ASAI ${shown(asai)}, MAIFI ${shown(maifi)}, MAIFI_E ${shown(maifiE)}, CEMI3 (3 or more) ${shown(answer.cemi3)}, `,
    `CELID8 (8 h or more at once, together) ${shown(answer.celid8.single)}, ${shown(answer.celid8.total)}\n`,
    `planned, kept apart: SAIFI ${shown(planned.saifi)}, SAIDI ${shown(planned.saidiMinutes)} min\n`,
    thresholds.length === 0
      ? 'major event days: not told, no past year is known\n'
      : `major event days: ${majorEventDays.join(' ') || 'none'} (beyond ${thresholds
          .map(
            ({ year, thresholdMinutes, days }) => `${shown(thresholdMinutes)} min in ${year}, of ${days} days before`,
          )
          .join('; ')})\n`,
    `all together: power nines ${nines(answer.power)}, quality nines ${nines(answer.quality)}\n`,
    partsText(answer.parts),
    '\n',
    whose.length === 0 ? '' : table(whose),
    `least reliable: ${leastReliable ?? 'nothing was interrupted'}\n`,
    ...unanswered.map(({ ied, reason }) => `no answer of ${ied}: ${reason}\n`),
    ...answer.leftOut.map(
      ({ ied, generator = 'its supply', interruptions, of }) =>
        `not in the indices: ${interruptions} of the oldest interruptions of ${generator} at ${ied}, ${
          of === 'period' ? 'want a shorter time (--from)' : 'of the years before'
        }\n`,
    ),
  ].join('')
}

function partsText({ supply, withGenerators, importance }: z.infer<typeof outputs.reliability>['parts']): string {
  const [first] = importance
  const most = importance.filter(each => (first?.importance ?? 0) - each.importance < 1e-9)
  if (supply === undefined && withGenerators === undefined) return ''
  const words = [
    ...(supply === undefined ? [] : [`one behind the other, power nines ${supply.toFixed(2)}`]),
    ...(withGenerators === undefined ? [] : [`with generators beside them ${withGenerators.toFixed(2)}`]),
    ...(first === undefined ? [] : [`what matters most: ${most.map(({ part }) => part).join(', ')}`]),
  ]
  return `parts as if independent: ${words.join('; ')}\n`
}

export function outagesText({ outages, returned }: z.infer<typeof outputs.outages>): string {
  const rows = outages.map(({ top, above, devices, gasped, silent, customers, sinceUtc, confidence }) => ({
    below: above ?? 'the source',
    top,
    devices: devices.join(' '),
    lastGasps: gasped.join(' '),
    silent: silent.join(' '),
    customers,
    sinceUtc: sinceUtc ?? '',
    confidence,
  }))
  const back = returned.map(
    ({ ied, atUtc, lastedSeconds }) => `${atUtc} ${ied} has supply again, after ${lastedSeconds} s\n`,
  )
  return `${rows.length === 0 ? 'nobody is known to be without supply\n' : table(rows)}${back.join('')}`
}

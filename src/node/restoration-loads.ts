// The load that an IED sheds so that a restoration has room for the rest of its zone, and gives back when that is over.
//
// It sheds only what is dark by its own measurement, and through the load desk, where a person's word goes before it: the
// worst that a liar with a valid credential does here is to keep a part off that was dark, for the time of the hold. Who
// asked for it gives it back; when that is never heard, the hold ends by itself.

import { toCbor } from '../../topology/cbor.ts'
import type { RestorationAnswer, RestorationQuestion } from '../protection/restoration/questions.ts'
import type { ComponentContext } from './component.ts'
import { operable } from './operable.ts'
import { trusted } from './trusted-status.ts'

const BY = 'restoration'

type Asked = Extract<RestorationQuestion, { readonly load: string }>

export const isAboutLoad = (question: RestorationQuestion): question is Asked => 'load' in question

/** Answers what is asked about the load of this IED. @param from the IED that asks */
export function restorationLoads(
  context: ComponentContext,
): (question: Asked, from: string) => Promise<RestorationAnswer> {
  const { name, hal, loads, config, clock } = context
  const desk = loads?.of({ of: 'sheddable' })
  desk?.use(BY)

  return async function answer(question, from) {
    const { kind, load, incident } = question
    if (!incident.startsWith(`${from}/`)) return refused(`${incident} is not ${from}'s`)
    if (desk === undefined || desk.name !== load) return refused(`${name} has no part of ${load} that may be shed`)
    const why = `room for ${incident}`
    const own = desk.row().holds.find(({ rank, by }) => rank === 'protection' && by === BY)
    if (kind === 'unshed') {
      // That it is given back already is what was wanted: its answer was lost.
      if (own?.why === why) desk.release('protection', BY)
      return { kind: 'done' }
    }
    if (!config.restoration.automatic) return refused('automatic restoration is off here')
    if (own !== undefined && own.why !== why) return refused(`it is shed as ${own.why}`)
    const began = clock.now()
    try {
      if (trusted(await operable(hal).status()).dead !== true) return refused('it is not known to be dark')
      const said = { rank: 'protection', by: BY, wish: 'off', why, id: incident, minutes: question.minutes } as const
      await desk.order(said, `${incident}/${load}`)
    } catch (error) {
      return refused((error as Error).message)
    }
    const fields = { operation: 'shed', load, cause: BY, incident, leader: from }
    context.report('operated', fields)
    context.ledger.append('operation', toCbor({ event: 'load-operated', ...fields })).then(
      ({ number }) => context.bus.emit('appended', { number }),
      (error: Error) => context.log.error('operation-not-recorded', { load, reason: error.message }),
    )
    return { kind: 'done', travelMs: clock.now() - began }
  }
}

const refused = (why: string): RestorationAnswer => ({ kind: 'refused', why: why.slice(0, 200) })

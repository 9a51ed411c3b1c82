// The load that an IED may drop on a warning, as the warning path sees it. It goes through the load desk, which knows who
// else has something to say about it, and does not forget to restore it: not after a crash, a stop, or a device that does
// not answer for a while.

import { HalError } from '../hal/port.ts'
import type { ComponentContext } from './component.ts'

const BY = 'early-warning'

export function sheddableLoad({ loads, report }: Pick<ComponentContext, 'loads' | 'report'>) {
  const desk = loads.of({ of: 'sheddable' })
  desk?.use(BY)
  return {
    isShedByUs: () => desk?.holds('protection', BY) === true,
    /** Whose word keeps it on, whatever is warned of; in words. */
    refusal: () => desk?.refusal({ rank: 'protection', by: BY, wish: 'off' }),
    /** @param id of the power-system event that it is wanted for */
    want(operation: 'shed' | 'restore', id?: string): void {
      if (operation === 'restore') return desk?.release('protection', BY)
      const about = id === undefined ? {} : { id }
      if (desk !== undefined) return desk.say({ rank: 'protection', by: BY, wish: 'off', why: '', ...about })
      const { message } = new HalError('HAL_UNSUPPORTED', 'this IED meters no load that may be shed, or has no device')
      report('alarm', { alarm: 'operation-failed', operation, ...about, reason: message })
    },
  }
}

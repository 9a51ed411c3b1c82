import { describe, expect, it } from 'vitest'
import { type TripChannelAction, tripChannel, tripChannelStart } from '../../src/protection/trip-channel.ts'
import { duration, type Instant } from '../../topology/units.ts'
import { play } from './script.ts'

const step = (onLost: 'alarm' | 'trip') =>
  tripChannel({ onLost, grace: duration(2000), tripAfter: duration(5000), startGrace: duration(60_000) })
const write = (action: TripChannelAction): string => (action.kind === 'wake' ? `wake@${action.at}` : action.kind)
const run = (onLost: 'alarm' | 'trip', given: string): string => {
  const core = step(onLost)
  return play(
    (state: typeof tripChannelStart, silent: boolean, now: Instant) => core(state, silent, now),
    tripChannelStart,
    given,
    ([word = '']: readonly string[]) => word === 'silent',
    write,
  )
}

describe('the channel of the transfer trip', () => {
  const cases = [
    {
      it: 'is not lost before the grace is over',
      given: 'heard@0 silent@100 silent@2099',
      does: 'wake@2100 wake@2100',
    },
    {
      it: 'alarms once, and trips nothing',
      given: 'heard@0 silent@100 silent@2100 silent@9000',
      does: 'wake@2100 lost',
    },
    {
      it: 'is back with a word',
      given: 'heard@0 silent@100 silent@2100 heard@9000 heard@9001',
      does: 'wake@2100 lost back',
    },
    {
      it: 'is no alarm when it was short',
      given: 'heard@0 silent@100 heard@2000 silent@2200',
      does: 'wake@2100 wake@4200',
    },
    { it: 'has longer at the start', given: 'silent@0 silent@59999 silent@60000', does: 'wake@60000 wake@60000 lost' },
  ]
  for (const c of cases) it(c.it, () => expect(run('alarm', c.given)).toBe(c.does))

  it('trips after its time, once, where that is wanted', () => {
    expect(run('trip', 'heard@0 silent@100 silent@2100 silent@5099 silent@5100 silent@9000')).toBe(
      'wake@2100 lost wake@5100 wake@5100 trip',
    )
    expect(run('trip', 'heard@0 silent@100 silent@5100 heard@6000 silent@7000 silent@12000')).toBe(
      'wake@2100 lost trip back wake@9000 lost trip',
    )
  })
})

// What the IEDs in a site test say to each other beside the flagged messages of the protection itself.

import { type Fields, messageType, name, oneOf, whole } from './messages.ts'
import { type TestEnd, testEnds } from './site-test.ts'

export const testPhases = ['goes-on', 'opened', 'ended'] as const

export interface SiteTestSaid {
  /** The number of the order that started it. */
  readonly test: string
  /**
   * `goes-on`: the starter's, each half second. `opened`: the origin's own device would be open now, so that the played fault is
   * gone behind it. `ended`: for all.
   */
  readonly phase: (typeof testPhases)[number]
  /** Since the starter began it. */
  readonly elapsedMs: number
  /** Of `opened`. */
  readonly device?: string
  /** Of `ended`. */
  readonly why?: TestEnd
}

const TEST = /^[0-9a-f]{32}$/
const LONGEST_MS = 600_000

export const siteTestMessage = messageType<SiteTestSaid>(
  'site-test',
  3,
  fields => {
    const phase = oneOf(fields, 'phase', testPhases)
    if ('device' in fields !== (phase === 'opened')) throw new Error('device: want it with "opened", and only then')
    if ('why' in fields !== (phase === 'ended')) throw new Error('why: want it with "ended", and only then')
    return {
      test: testId(fields),
      phase,
      elapsedMs: whole(fields, 'elapsedMs', 0, LONGEST_MS),
      ...(phase === 'opened' ? { device: name(fields, 'device') } : {}),
      ...(phase === 'ended' ? { why: oneOf(fields, 'why', testEnds) } : {}),
    }
  },
  ['device', 'why'],
)

function testId({ test }: Fields): string {
  if (typeof test === 'string' && TEST.test(test)) return test
  throw new Error('test: want 32 hexadecimal digits')
}

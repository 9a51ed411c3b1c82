// What the IEDs in a site test say to each other beside the flagged messages of the protection itself.

import { type Fields, messageType, name, oneOf, whole } from './messages.ts'
import { type TestEnd, testEnds } from './site-test.ts'

export const testPhases = ['goes-on', 'opened', 'closed', 'ended'] as const
const POSITIONS: ReadonlySet<string> = new Set(['opened', 'closed'])

export interface SiteTestSaid {
  /** The number of the order that started it. */
  readonly test: string
  /**
   * `goes-on`: the starter's, each half second. `opened`, `closed`: the origin's own device would be so now, and what follows from
   * it is played. `ended`: for all.
   */
  readonly phase: (typeof testPhases)[number]
  /** Since the starter began it. */
  readonly elapsedMs: number
  /** Of `opened` and `closed`. */
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
    if ('device' in fields !== POSITIONS.has(phase))
      throw new Error('device: want it with "opened" and "closed", and only then')
    if ('why' in fields !== (phase === 'ended')) throw new Error('why: want it with "ended", and only then')
    return {
      test: testId(fields),
      phase,
      elapsedMs: whole(fields, 'elapsedMs', 0, LONGEST_MS),
      ...(POSITIONS.has(phase) ? { device: name(fields, 'device') } : {}),
      ...(phase === 'ended' ? { why: oneOf(fields, 'why', testEnds) } : {}),
    }
  },
  ['device', 'why'],
)

function testId({ test }: Fields): string {
  if (typeof test === 'string' && TEST.test(test)) return test
  throw new Error('test: want 32 hexadecimal digits')
}

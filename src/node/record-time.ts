import type { UtcTime } from '../aggregation/record.ts'
import type { Clock } from './clock.ts'

/** UTC as records carry it. */
export const recordTime = (clock: Clock): UtcTime => ({
  utcMs: clock.utc(),
  quality: clock.utcGood() ? 'good' : 'unset',
})

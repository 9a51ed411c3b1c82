// The last gasp and its opposite, as an IED says them: its supply is gone, or it is back. It names no place: whoever hears it
// looks the sender up in his own feeder file. Times are ages, so that no clock need agree with another.

import { messageType, name, oneOf, whole } from './messages.ts'

const what = ['lost', 'returned'] as const

export interface SupplyNotice {
  /** The same in each copy, and in the notice of the return. */
  readonly event: string
  readonly what: (typeof what)[number]
  /** Since the supply went, when this copy was said. */
  readonly lostMs: number
  /** 1 for the first. */
  readonly copy: number
}

/** What lasted longer is said as this. */
export const LONGEST_OUTAGE_MS = 366 * 86_400_000

export const supplyNoticeMessage = messageType<SupplyNotice>('supply-notice', 4, fields => ({
  event: name(fields, 'event'),
  what: oneOf(fields, 'what', what),
  lostMs: whole(fields, 'lostMs', 0, LONGEST_OUTAGE_MS),
  copy: whole(fields, 'copy', 1, 16),
}))

// A status by which protection may act: nothing in it is doubted. A device that lies is treated as one that is silent, since
// everything here knows what to do about that: a doubted pickup neither trips nor warns, and a doubted absence of one
// gives nobody below or above leave to.

import { HalError, type Status } from '../hal/port.ts'

/** @throws HalError HAL_BAD_FRAME, when what protection acts on is doubted; digital inputs beside it may be */
export function trusted(status: Status): Status {
  const doubted = Object.entries(status.doubts ?? {}).filter(([feed]) => !feed.startsWith('inputs.'))
  if (doubted.length === 0) return status
  const words = doubted.map(([feed, details]) => `${feed} (${details.join(', ')})`).join(', ')
  throw new HalError('HAL_BAD_FRAME', `the device answers, and cannot be believed: ${words}`)
}

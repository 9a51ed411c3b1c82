// What the two readers of data give, and how much they may.

import { ComtradeError } from './comtrade-error.ts'
import { limits } from './record.ts'

export interface SampleData {
  readonly rows: number
  /** As they are in the data; NaN where missing. */
  readonly stamps: Float64Array
  readonly analog: readonly Float64Array[]
  readonly digital: readonly Uint8Array[]
}

/** Before anything is allocated. @throws ComtradeError COMTRADE_TOO_LARGE */
export function checkSize(rows: number, analog: number, digital: number, file: string): void {
  const values = rows * (analog + 2)
  if (values <= limits.values && rows * digital <= limits.digitalValues) return
  throw new ComtradeError(
    'COMTRADE_TOO_LARGE',
    `${file}: up to ${rows} samples of ${analog} analog and ${digital} digital channels, ` +
      `want ${limits.values} analog and ${limits.digitalValues} digital values at most`,
  )
}

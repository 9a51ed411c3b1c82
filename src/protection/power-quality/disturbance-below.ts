// What the monitor's own measurements say of the sections that this IED observes, in the terms of line sensors: so that a
// disturbance that it sees warns those downstream by the one way that there is (`disturbance.ts`).
//
// A device measures at one place. That the disturbance is below that place shows in a current that rose with it, or in the
// own fault element; then it is in one of the observed sections, and which of several cannot be told from here. A voltage that
// falls while the current falls too comes from above, where somebody else observes. Where no current is measured nothing tells
// them apart, and everybody below the observed sections is warned: too many rather than none.

import type { SensorsSeen } from '../disturbance.ts'
import type { QualitySeverity } from './event.ts'

export interface SeenHere {
  /** The worst that runs here by own measurement. */
  readonly severity: QualitySeverity | undefined
  readonly residualPu: number
  /** Absent where no current is measured. */
  readonly currentsRose?: boolean
  /** Of the own fault element; absent where the device shows none. */
  readonly pickup?: boolean | undefined
  /** The own switching device is open: what is below has no voltage through here anyhow. */
  readonly isOpen: boolean
  /** How many sections are observed. */
  readonly sections: number
}

export function disturbanceBelow({
  severity,
  residualPu,
  currentsRose,
  pickup,
  isOpen,
  sections,
}: SeenHere): SensorsSeen {
  const isBad = severity === 'alert' || severity === 'alarm' || pickup === true
  const isBelow = pickup === true || currentsRose === true || currentsRose === undefined
  const isSeen = isBad && isBelow && !isOpen && Number.isFinite(residualPu)
  const all = sections >= 32 ? -1 : 2 ** sections - 1
  return { entered: isSeen ? all : 0, left: 0, residualPu }
}

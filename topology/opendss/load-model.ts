// How OpenDSS's load models follow the voltage, in shares of constant power, current and impedance.

import { type Element, setting } from './elements.ts'
import { fault } from './fault.ts'
import type { NoteList } from './note.ts'
import { numberOf, numbersOf } from './values.ts'

export interface Shares {
  readonly power: number
  readonly current: number
  readonly impedance: number
}

const POWER: Shares = { power: 1, current: 0, impedance: 0 }
const CURRENT: Shares = { power: 0, current: 1, impedance: 0 }
const IMPEDANCE: Shares = { power: 0, current: 0, impedance: 1 }

/** By model: shares, and what is lost where the model is not quite that. */
const MODELS: Readonly<Record<number, readonly [Shares, string?]>> = {
  1: [POWER],
  2: [IMPEDANCE],
  3: [POWER, 'its kvar would follow the square of the voltage'],
  4: [CURRENT, 'its kW would follow the voltage and its kvar the square of it'],
  5: [CURRENT],
  6: [POWER, 'its kvar would be fixed'],
  7: [POWER, 'its kvar would be a fixed impedance'],
}

/** @throws TopologyError for a model that does not exist, or shares that do not add up */
export function shareOf(load: Element, note: NoteList['note']): Shares {
  const model = setting(load, 'model', numberOf) ?? 1
  if (model === 8) return zip(load, note)
  const [shares, lost] = MODELS[model] ?? []
  if (!shares) throw fault(load.at, `${load.label}: model ${model}, want one from 1 to 8`)
  if (lost !== undefined) {
    const title = shares === CURRENT ? 'constant current' : 'constant power'
    note(load.at, `Load: model ${model} is taken as ${title}: ${lost}`)
  }
  return shares
}

/** ZIPV: shares of impedance, current and power of the kW, then of the kvar. */
function zip(load: Element, note: NoteList['note']): Shares {
  const [z = 0, i = 0, p = 0, zq = 0, iq = 0, pq = 0] = setting(load, 'zipv', numbersOf) ?? []
  const sum = z + i + p
  if (Math.abs(sum - 1) > 1e-3 || Math.min(z, i, p) < 0) {
    throw fault(
      load.at,
      `${load.label}: ZIPV shares ${z}, ${i}, ${p} of its kW, want three from 0 to 1 that add up to 1`,
    )
  }
  if (z !== zq || i !== iq || p !== pq)
    note(load.at, 'Load: its kvar is taken to follow the voltage as its kW does (ZIPV)')
  return { power: Math.max(0, 1 - (z + i) / sum), current: i / sum, impedance: z / sum }
}

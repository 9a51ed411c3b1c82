// The size of a feeder in a few numbers, as engineers compare files.

import type { FeederFile } from './feeder-file.ts'

export interface FeederCounts {
  readonly buses: number
  readonly lines: number
  readonly switchesClosed: number
  readonly switchesOpen: number
  readonly transformers: number
  readonly capacitors: number
  readonly loads: number
  readonly loadKw: number
  readonly radial: boolean
  readonly depth: number
  readonly deepestBus: string
}

export function feederCounts(_file: FeederFile): FeederCounts {
  throw new Error('not counted yet')
}

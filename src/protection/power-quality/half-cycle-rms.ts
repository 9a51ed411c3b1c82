// Urms(1/2) of IEC 61000-4-30: the RMS over exactly one cycle, beginning at a zero crossing of the fundamental and renewed
// each half cycle, for each channel by itself.
//
// The windows' ends are a grid of half cycles in fractions of samples, as long as the tracked frequency says. The grid is
// drawn to the channel's own zero crossings, as its phasor foretells them, by a part of the distance at a time, and only
// while the voltage is steady: in the middle of a sag a zero crossing says little, and the windows go on as they were.

import { meanSquare, type SampleRing } from './sample-ring.ts'

export interface HalfCycleGrid {
  /** End of the next window, in samples. */
  next: number
}

export interface HalfCycleWindow {
  /** In samples. */
  readonly from: number
  readonly to: number
  /** Over the whole cycle. Not a number when a sample within is not known. */
  readonly rms: number
  /** Over its second half alone: sooner, and wrong where the two half waves differ. */
  readonly halfRms: number
}

/** @param first number of the first sample there is */
export const halfCycleGrid = (first: number, samplesPerCycle: number): HalfCycleGrid => ({
  next: first + samplesPerCycle,
})

/** The window that ends at the grid's next mark. All its samples must be there: see `isDue`. */
export function takeWindow(ring: SampleRing, grid: HalfCycleGrid, samplesPerCycle: number): HalfCycleWindow {
  const to = grid.next
  const from = to - samplesPerCycle
  const middle = to - samplesPerCycle / 2
  const early = meanSquare(ring, from, middle)
  const late = meanSquare(ring, middle, to)
  grid.next = to + samplesPerCycle / 2
  return { from, to, rms: Math.sqrt((early + late) / 2), halfRms: Math.sqrt(late) }
}

export const isDue = (ring: SampleRing, grid: HalfCycleGrid): boolean => grid.next <= ring.end

/** Of the distance, each time: a quarter of a cycle off is a hundredth after eight half cycles. */
const DRAWN = 0.5

/** Draws the next mark towards the nearest zero crossing. @param crossing any one, in samples */
export function drawTo(grid: HalfCycleGrid, crossing: number, samplesPerCycle: number): void {
  const half = samplesPerCycle / 2
  const ahead = (crossing - grid.next) / half
  const distance = (ahead - Math.round(ahead)) * half
  grid.next += DRAWN * distance
}

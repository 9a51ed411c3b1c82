// What generators feed in: constant power as long as their current allows it.
//
// An inverter's current is limited by its electronics, `faultCurrentPu` times the rating. A synchronous machine runs at
// constant power in steady state, limited to its current at 0.8 pu; during a fault it is an electromotive force behind
// its reactance (supply.ts) and not in this list. Nearly without voltage an inverter keeps the angle of the voltage that
// was there before the fault.

import type { Complex } from './complex.ts'
import { IMPEDANCE_BELOW_PU } from './demand.ts'
import { slotOf } from './element.ts'
import { type Grid, generatorPhases } from './grid.ts'
import type { Network } from './network.ts'
import type { OperatingState } from './solver-port.ts'
import { ratedVa } from './supply.ts'

/** One phase of one generator. */
export interface Feed {
  readonly generator: number
  readonly slot: number
  readonly unknown: number
  /** Watts and vars. */
  readonly power: Complex
  readonly mostAmps: number
  /** Added to the voltage before its angle is taken. */
  readonly lean: Complex
}

/** The share of the voltage before the fault that an inverter's angle leans on. */
const LEAN = 0.05

/** @param before voltages by slot before the fault; absent in steady state */
export function productionOf(
  grid: Grid,
  network: Network,
  state: OperatingState,
  before?: (slot: number) => Complex,
): Feed[] {
  return grid.file.generators.flatMap((entry, generator): Feed[] => {
    const { name, kind, node, kw, kvar, faultCurrentPu } = entry
    const vertex = grid.nodeNumber.get(node)
    if (vertex === undefined || !state.isConnected(name)) return []
    if (kind === 'synchronous' && before !== undefined) return []
    const phases = generatorPhases(grid, entry)
    const share = (state.generationShare(name) * 1000) / phases.length
    const volts = grid.nominalVolts[vertex] as number
    const watts = kw * share
    const vars = kvar * share
    const mostAmps =
      kind === 'inverter'
        ? (faultCurrentPu * ratedVa(entry)) / phases.length / volts
        : Math.sqrt(watts * watts + vars * vars) / (IMPEDANCE_BELOW_PU * volts)
    return phases.flatMap(phase => {
      const slot = slotOf(vertex, phase)
      const unknown = network.unknownOf[slot] as number
      if (unknown < 0) return []
      const was = before?.(slot) ?? { re: 0, im: 0 }
      const lean = { re: LEAN * was.re, im: LEAN * was.im }
      return [{ generator, slot, unknown, power: { re: watts, im: vars }, mostAmps, lean }]
    })
  })
}

/** The current that a feed produces at a voltage: that of its power, or the most it can at the same power factor. */
export function producedAmps({ power, mostAmps, lean }: Feed, volts: Complex): Complex {
  const square = volts.re * volts.re + volts.im * volts.im
  // (S / V)* = S* × V / |V|²
  const re = power.re * volts.re + power.im * volts.im
  const im = power.re * volts.im - power.im * volts.re
  const limit = mostAmps * mostAmps * square * square
  if (square > 0 && re * re + im * im <= limit) return { re: re / square, im: im / square }
  const towards = { re: volts.re + lean.re, im: volts.im + lean.im }
  const fullRe = power.re * towards.re + power.im * towards.im
  const fullIm = power.re * towards.im - power.im * towards.re
  const size = Math.sqrt(fullRe * fullRe + fullIm * fullIm)
  return size === 0 ? { re: 0, im: 0 } : { re: (mostAmps * fullRe) / size, im: (mostAmps * fullIm) / size }
}

/** The currents of all feeds at these voltages, real and imaginary parts side by side. */
export function producedAt(feeds: readonly Feed[], volts: Float64Array, amps: Float64Array): void {
  feeds.forEach((feed, n) => {
    const at = 2 * feed.unknown
    const { re, im } = producedAmps(feed, { re: volts[at] as number, im: volts[at + 1] as number })
    amps[2 * n] = re
    amps[2 * n + 1] = im
  })
}

export function addProduction(feeds: readonly Feed[], amps: Float64Array, right: Float64Array): void {
  feeds.forEach(({ unknown }, n) => {
    right[2 * unknown] = (right[2 * unknown] as number) + (amps[2 * n] as number)
    right[2 * unknown + 1] = (right[2 * unknown + 1] as number) + (amps[2 * n + 1] as number)
  })
}

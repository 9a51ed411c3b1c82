// A 32-bit energy counter that begins again at 0 when it is full, as one that only grows.
//
// The counter counts in a power of ten of watt-hours, which may change; what is kept is exact, in 10^-10 Wh. It has begun
// again when it shows less than half of its range above the last look; any other fall is a meter that was exchanged or reset,
// and is shown as it is. How often it has begun again is not known after a restart: that, too, looks like an exchange.

export interface Acc32State {
  readonly raw: number
  readonly exponent: number
  /** What full rounds of the counter have added, in 10^-10 Wh. */
  readonly rounds: bigint
}

const RANGE = 2 ** 32
const FINEST = 10

export function followAcc32(
  before: Acc32State | undefined,
  { raw, exponent }: { readonly raw: number; readonly exponent: number },
): { readonly state: Acc32State; readonly wattHours: bigint } {
  const unit = 10n ** BigInt(exponent + FINEST)
  const state = { raw, exponent, rounds: roundsAfter(before, raw, exponent, unit) }
  return { state, wattHours: (state.rounds + BigInt(raw) * unit) / 10n ** BigInt(FINEST) }
}

function roundsAfter(before: Acc32State | undefined, raw: number, exponent: number, unit: bigint): bigint {
  if (before === undefined) return 0n
  if (exponent !== before.exponent || raw >= before.raw) return before.rounds
  return raw + RANGE - before.raw < RANGE / 2 ? before.rounds + BigInt(RANGE) * unit : 0n
}

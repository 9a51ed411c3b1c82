// How far what several meters showed may be from what passed them.

export interface UncertaintySettings {
  readonly lossUncertaintyShare: number
  /** Smallest step of a meter's register, on the primary side. */
  registerStepWh(ied: string): number
  /** Of a meter, in percent of what it shows. */
  classPercent(ied: string): number
}

/**
 * A meter of class c is within c percent of what it shows, and within a step of its register; the errors of several are
 * independent, so they add up as the root of the sum of squares, with a share of the loss.
 *
 * @param shown by IED, of the whole time
 */
export function uncertaintyWh(
  shown: Iterable<readonly [string, bigint]>,
  lossWh: bigint,
  { lossUncertaintyShare, registerStepWh, classPercent }: UncertaintySettings,
): number {
  let squares = (Number(lossWh) * lossUncertaintyShare) ** 2
  for (const [ied, wh] of shown) squares += ((Number(wh) * classPercent(ied)) / 100) ** 2 + registerStepWh(ied) ** 2
  return Math.sqrt(squares)
}
